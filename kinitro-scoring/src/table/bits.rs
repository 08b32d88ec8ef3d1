//! Outcomes of one policy in one environment, one bit per episode.

use std::str::FromStr;

use crate::error::Error;

/// Successes and episodes are multiplied by parts per million and by 32-bit parameters without overflow up to here.
const MAX_EPISODES: usize = 1 << 24;

/// What one episode tells about one policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpisodeOutcome {
    /// The policy was not yet known when the episode was planned.
    Absent,
    /// Not solved, or no valid answer in time: nothing a miner does can delete an episode.
    Failure,
    /// Solved.
    Success,
}

/// Outcomes of one policy over all episodes of one environment, in the order of the episodes.
///
/// Absent episodes come first, if there are any: from its arrival on a policy is present in every episode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvOutcomes {
    episodes: usize,
    arrival: usize,
    successes: u64,
    /// Bit `i % 64` of word `i / 64` is set when episode `i` is a success.
    words: Box<[u64]>,
}

/// Paired outcomes of two policies, a and b, over the episodes both have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PairCounts {
    /// Common episodes, n.
    pub episodes: u64,
    /// Episodes where a succeeded and b failed, u.
    pub wins: u64,
    /// Episodes where b succeeded and a failed, d.
    pub losses: u64,
    /// Successes of a, w.
    pub successes: u64,
}

impl PairCounts {
    /// The same episodes seen from the other side.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self {
            episodes: self.episodes,
            wins: self.losses,
            losses: self.wins,
            successes: self.successes + self.losses - self.wins,
        }
    }
}

impl EnvOutcomes {
    /// Collects outcomes in the order of the episodes.
    ///
    /// # Errors
    /// [`Error::AbsentAfterArrival`] for an absence after the first present episode, [`Error::TooManyEpisodes`] beyond
    /// 2^24 episodes.
    pub fn new(outcomes: impl IntoIterator<Item = EpisodeOutcome>) -> Result<Self, Error> {
        let mut words = Vec::new();
        let (mut episodes, mut arrival, mut successes) = (0, 0, 0);
        for outcome in outcomes {
            if episodes % 64 == 0 {
                words.push(0_u64);
            }
            match outcome {
                EpisodeOutcome::Absent if arrival < episodes => {
                    return Err(Error::AbsentAfterArrival { episode: episodes });
                }
                EpisodeOutcome::Absent => arrival += 1,
                EpisodeOutcome::Failure => {}
                EpisodeOutcome::Success => {
                    words[episodes / 64] |= 1 << (episodes % 64);
                    successes += 1;
                }
            }
            episodes += 1;
        }
        if episodes > MAX_EPISODES {
            return Err(Error::TooManyEpisodes {
                found: episodes,
                max: MAX_EPISODES,
            });
        }
        Ok(Self {
            episodes,
            arrival,
            successes,
            words: words.into(),
        })
    }

    /// Episodes of the environment, absent ones included.
    pub fn episodes(&self) -> usize {
        self.episodes
    }

    /// Number of leading episodes from before the policy was known.
    pub fn arrival(&self) -> usize {
        self.arrival
    }

    /// Successful episodes.
    pub fn successes(&self) -> u64 {
        self.successes
    }

    /// Success rate over the present episodes, 0 without any.
    pub fn rate(&self) -> f64 {
        match self.episodes - self.arrival {
            0 => 0.0,
            present => self.successes as f64 / present as f64,
        }
    }

    /// Outcome of one episode; absent beyond the last.
    pub fn outcome(&self, episode: usize) -> EpisodeOutcome {
        if episode < self.arrival || episode >= self.episodes {
            EpisodeOutcome::Absent
        } else if self.words[episode / 64] >> (episode % 64) & 1 == 1 {
            EpisodeOutcome::Success
        } else {
            EpisodeOutcome::Failure
        }
    }

    /// Paired counts against another policy on the same episodes.
    pub fn paired_with(&self, other: &Self) -> PairCounts {
        let common = self.arrival.max(other.arrival);
        let both: u64 = self
            .words
            .iter()
            .zip(&other.words)
            .map(|(a, b)| u64::from((a & b).count_ones()))
            .sum();
        let successes = self.successes_from(common);
        PairCounts {
            episodes: (self.episodes - common) as u64,
            wins: successes - both,
            losses: other.successes_from(common) - both,
            successes,
        }
    }

    /// Successes at or after `episode`; the total is kept, since most policies are present from the start.
    fn successes_from(&self, episode: usize) -> u64 {
        if episode <= self.arrival {
            return self.successes;
        }
        let Some((first, rest)) = self.words[(episode / 64).min(self.words.len())..].split_first()
        else {
            return 0;
        };
        let partial = u64::from((first >> (episode % 64)).count_ones());
        partial
            + rest
                .iter()
                .map(|word| u64::from(word.count_ones()))
                .sum::<u64>()
    }
}

impl FromStr for EnvOutcomes {
    type Err = Error;

    /// Reads `1` for a success, `0` for a failure and `.` for an absence.
    fn from_str(text: &str) -> Result<Self, Error> {
        let read = |(episode, found)| match found {
            '1' => Ok(EpisodeOutcome::Success),
            '0' => Ok(EpisodeOutcome::Failure),
            '.' => Ok(EpisodeOutcome::Absent),
            _ => Err(Error::UnknownOutcome { found, episode }),
        };
        let outcomes: Vec<_> = text
            .chars()
            .enumerate()
            .map(read)
            .collect::<Result<_, _>>()?;
        Self::new(outcomes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(a: &str, b: &str) -> PairCounts {
        let pairs = a
            .chars()
            .zip(b.chars())
            .filter(|pair| pair.0 != '.' && pair.1 != '.');
        let count = |wanted: fn((char, char)) -> bool| {
            pairs.clone().filter(|&pair| wanted(pair)).count() as u64
        };
        PairCounts {
            episodes: count(|_| true),
            wins: count(|pair| pair == ('1', '0')),
            losses: count(|pair| pair == ('0', '1')),
            successes: count(|pair| pair.0 == '1'),
        }
    }

    proptest::proptest! {
        #[test]
        fn words_count_like_characters(
            outcomes in proptest::collection::vec((proptest::bool::ANY, proptest::bool::ANY), 0..300),
            arrivals in (0..300_usize, 0..300_usize),
        ) {
            let text = |side: fn(&(bool, bool)) -> bool, arrival: usize| -> String {
                let digit = |(i, pair)| if i < arrival { '.' } else if side(pair) { '1' } else { '0' };
                outcomes.iter().enumerate().map(digit).collect()
            };
            let (a, b) = (text(|p| p.0, arrivals.0), text(|p| p.1, arrivals.1));
            let parsed: (EnvOutcomes, EnvOutcomes) = (a.parse().unwrap(), b.parse().unwrap());
            let counts = parsed.0.paired_with(&parsed.1);
            proptest::prop_assert_eq!(counts, counted(&a, &b));
            proptest::prop_assert_eq!(counts.reversed(), counted(&b, &a));
        }
    }

    #[test]
    fn an_unanswered_episode_cannot_be_deleted() {
        assert_eq!(
            "..10.1".parse::<EnvOutcomes>(),
            Err(Error::AbsentAfterArrival { episode: 4 })
        );
        assert_eq!(
            "10x".parse::<EnvOutcomes>(),
            Err(Error::UnknownOutcome {
                found: 'x',
                episode: 2
            })
        );
    }
}
