//! Medians and means.

/// The middle of some numbers, or the mean of the two in the middle; none of none.
pub(super) fn median(numbers: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = numbers.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    Some(if sorted.len().is_multiple_of(2) {
        f64::midpoint(sorted[middle - 1], upper)
    } else {
        upper
    })
}

/// The mean; none of none, and none if one of the numbers is missing: a mean over fewer tasks is another figure.
pub(super) fn mean(numbers: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    let numbers: Vec<f64> = numbers.into_iter().collect::<Option<_>>()?;
    let count = numbers.len() as f64;
    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / count)
}

/// The smallest; none as for [`mean`].
pub(super) fn smallest(numbers: impl IntoIterator<Item = Option<f64>>) -> Option<f64> {
    let numbers: Vec<f64> = numbers.into_iter().collect::<Option<_>>()?;
    numbers.into_iter().min_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median([]), None);
    }

    #[test]
    fn a_missing_number_leaves_no_figure() {
        assert_eq!(mean([Some(1.0), Some(2.0)]), Some(1.5));
        assert_eq!(mean([Some(1.0), None]), None);
        assert_eq!(mean([]), None);
        assert_eq!(smallest([Some(2.0), Some(1.0)]), Some(1.0));
        assert_eq!(smallest([Some(2.0), None]), None);
        assert_eq!(smallest([]), None);
    }
}
