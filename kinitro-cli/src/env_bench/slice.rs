//! A slice: what one system does before the next one has its turn.

use std::time::Duration;

use super::statistics::median;

/// How long a slice is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Length {
    /// Control steps of every environment between two resets.
    pub(super) steps: usize,
    /// Passes follow each other until their steps took so long.
    pub(super) at_least: Duration,
}

/// What was done, and how long it took.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Slice {
    /// Control steps of all environments together.
    pub(super) steps: usize,
    /// What these took, in seconds, without resets.
    pub(super) seconds: f64,
    /// What each reset of all environments took, in seconds.
    pub(super) resets: Vec<f64>,
}

impl Slice {
    /// Plays passes until they took long enough. A pass says how long its reset and its steps took.
    pub(super) fn of_passes<E>(
        environments: usize,
        length: Length,
        mut pass: impl FnMut(usize) -> Result<(Duration, Duration), E>,
    ) -> Result<Self, E> {
        let mut slice = Self::default();
        while slice.seconds < length.at_least.as_secs_f64() || slice.steps == 0 {
            let (reset, steps) = pass(length.steps)?;
            slice.steps += length.steps * environments;
            slice.seconds += steps.as_secs_f64();
            slice.resets.push(reset.as_secs_f64());
        }
        Ok(slice)
    }

    /// Control steps of all environments together, per second.
    pub(super) fn rate(&self) -> f64 {
        self.steps as f64 / self.seconds
    }
}

/// Median over the rounds of one rate over another; none unless every round has both.
pub(super) fn ratio(ours: &[Slice], theirs: &[Slice]) -> Option<f64> {
    if ours.len() != theirs.len() {
        return None;
    }
    let ratios = ours.iter().zip(theirs);
    median(ratios.map(|(ours, theirs)| ours.rate() / theirs.rate()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_go_on_until_their_steps_took_long_enough() {
        let length = Length {
            steps: 100,
            at_least: Duration::from_millis(300),
        };
        let mut passes = 0;
        let slice = Slice::of_passes(16, length, |steps| {
            assert_eq!(steps, 100);
            passes += 1;
            Ok::<_, ()>((Duration::from_secs(1), Duration::from_millis(125)))
        })
        .unwrap();
        assert_eq!((passes, slice.steps, slice.seconds), (3, 4800, 0.375));
        assert_eq!((slice.rate(), slice.resets.len()), (12_800.0, 3));
    }
}
