//! Numbers counted by value: exact percentiles in bounded memory, whatever the order of counting.

use std::collections::BTreeMap;

/// How often each value occurred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram<V>(BTreeMap<V, u64>);

impl<V> Default for Histogram<V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<V: Ord + Copy + Default> Histogram<V> {
    /// Counts one more of a value.
    pub fn count(&mut self, value: V) {
        *self.0.entry(value).or_default() += 1;
    }

    /// How many were counted.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// The smallest value that `percent` of all do not exceed (nearest rank); the default value if nothing was counted.
    pub fn percentile(&self, percent: u64) -> V {
        let rank = (self.total() * percent).div_ceil(100);
        let within = self.cumulative().find(|(_, within)| *within >= rank);
        within.map_or(V::default(), |(value, _)| value)
    }

    /// The values in ascending order, each with how many do not exceed it.
    pub fn cumulative(&self) -> impl Iterator<Item = (V, u64)> {
        self.0.iter().scan(0, |within, (value, count)| {
            *within += count;
            Some((*value, *within))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let mut histogram = Histogram::default();
        for (value, times) in [(500, 1), (1, 50), (9, 4), (4, 45)] {
            (0..times).for_each(|_| histogram.count(value));
        }
        let at = |percent| histogram.percentile(percent);
        assert_eq!([at(50), at(51), at(95), at(99), at(100)], [1, 4, 4, 9, 500]);
        assert_eq!(histogram.total(), 100);
        assert_eq!(Histogram::<u16>::default().percentile(99), 0);
    }
}
