//! How many deadlines a policy may miss.

/// Misses that are forgiven within [`WINDOW`] consecutive steps.
const FORGIVEN: usize = 2;
/// Steps over which misses are counted.
const WINDOW: u32 = 100;

/// Counts the misses of one episode: in any 100 consecutive steps two are forgiven, a third ends the episode.
#[derive(Debug, Clone, Default)]
pub(crate) struct Grace {
    /// The latest forgiven misses, oldest first.
    forgiven: [Option<u32>; FORGIVEN],
}

impl Grace {
    /// Notes a miss at a step later than all before it; says whether it is forgiven.
    pub(crate) fn forgives(&mut self, step: u32) -> bool {
        let [oldest, latest] = self.forgiven;
        if oldest.is_some_and(|oldest| step - oldest < WINDOW) {
            return false;
        }
        self.forgiven = [latest, Some(step)];
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn verdicts(steps: &[u32]) -> Vec<bool> {
        let mut grace = Grace::default();
        steps.iter().map(|step| grace.forgives(*step)).collect()
    }

    #[test]
    fn the_third_miss_within_a_hundred_steps_is_one_too_many() {
        assert_eq!(verdicts(&[0, 1, 2]), [true, true, false]);
        assert_eq!(verdicts(&[0, 50, 99]), [true, true, false]);
        assert_eq!(verdicts(&[0, 50, 100]), [true, true, true]);
        assert_eq!(verdicts(&[0, 50, 100, 149]), [true, true, true, false]);
        assert_eq!(verdicts(&[0, 50, 100, 150]), [true, true, true, true]);
        assert_eq!(verdicts(&[7]), [true]);
    }

    proptest! {
        #[test]
        fn forgiven_are_exactly_those_with_at_most_one_before(
            misses in proptest::collection::btree_set(0_u32..500, 0..40)
        ) {
            let mut grace = Grace::default();
            let mut before: Vec<u32> = Vec::new();
            for step in misses {
                let recent = before.iter().filter(|miss| **miss + WINDOW > step).count();
                let forgiven = grace.forgives(step);
                prop_assert_eq!(forgiven, recent < FORGIVEN, "step {} after {:?}", step, before);
                if !forgiven {
                    break;
                }
                before.push(step);
            }
        }
    }
}
