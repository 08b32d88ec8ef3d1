//! Sets as bit masks: of environments in one word, of miners in several.

/// Mask of the first `count` ≤ 64 elements.
pub(crate) fn all_of(count: usize) -> u64 {
    let unused = 64 - u32::try_from(count).expect("at most 64 environments");
    u64::MAX.checked_shr(unused).unwrap_or(0)
}

/// The elements of a set in ascending order.
pub(crate) fn elements(words: &[u64]) -> impl Iterator<Item = usize> {
    words.iter().enumerate().flat_map(|(index, &word)| {
        let rest = std::iter::successors(Some(word), |word| Some(word & word.wrapping_sub(1)));
        rest.take_while(|&word| word != 0)
            .map(move |word| index * 64 + word.trailing_zeros() as usize)
    })
}

/// Whether a set holds an element.
pub(crate) fn contains(words: &[u64], element: usize) -> bool {
    words[element / 64] >> (element % 64) & 1 == 1
}

/// Keeps the elements that `other` has too.
pub(crate) fn intersect(words: &mut [u64], other: &[u64]) {
    for (word, other) in words.iter_mut().zip(other) {
        *word &= other;
    }
}

/// For each of `envs` environments, the set of rows whose mask has it.
pub(crate) fn transposed(masks: &[u64], envs: usize) -> Vec<Vec<u64>> {
    let column = |env: usize| {
        let mut words = vec![0; masks.len().div_ceil(64)];
        for (row, mask) in masks.iter().enumerate() {
            words[row / 64] |= (mask >> env & 1) << (row % 64);
        }
        words
    };
    (0..envs).map(column).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_list_their_elements() {
        let words = [1 << 63 | 0b101, 0, 0b10];
        assert_eq!(elements(&words).collect::<Vec<_>>(), [0, 2, 63, 129]);
        assert!(contains(&words, 129) && !contains(&words, 64));
        assert_eq!([all_of(0), all_of(3), all_of(64)], [0, 7, u64::MAX]);
        assert_eq!(transposed(&[0b01, 0b11, 0b10], 2), [[0b011], [0b110]]);
    }
}
