//! Parameters of the default rule, with the reasons for their defaults.

use kinitro_core::seed::CycleSeed;

use crate::counting::Budget;
use crate::error::Error;
use crate::evidence::Threshold;
use crate::ratio::Ratio;
use crate::schemes::Scheme;

/// Largest denominator of [`Params::phi`]: balances of 64 environments then fit into 16 bits.
const MAX_PHI_DENOMINATOR: u32 = 256;
/// Largest numerator and denominator of [`Params::kappa`]: shares at 64 environments then fit into 128 bits.
const MAX_KAPPA_PART: u32 = 1_000_000;
/// Largest [`Params::n_max`]: uids are 16-bit numbers.
const MAX_MINERS: u32 = 1 << 16;

/// How strong a proof has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EvidenceLevel {
    /// `T = (E + 1)(n_max − 1)/alpha`: over its lifetime a digest which is better than nobody is declared better than
    /// somebody somewhere with probability at most `alpha`.
    #[default]
    Lifetime,
    /// This threshold, whatever the number of comparisons. For demonstrations with a handful of episodes.
    Fixed(Ratio),
}

/// Parameters of [`score`](crate::score).
///
/// Every parameter is exact, so no result depends on rounding. Start from [`Params::default`] or [`Params::demo`] and
/// change fields; [`score`](crate::score) validates them.
#[derive(Debug, Clone, PartialEq)]
pub struct Params {
    /// Bound on the lifetime probability of a false proof for one digest against all others in all environments;
    /// in (0, 1). Default 1/20.
    pub alpha: Ratio,
    /// Number of miners for which `alpha` is divided: the uids of the subnet, 256 by default, in `2..=65536`.
    /// Constant, so that sybils do not raise anybody's bar; a table with more miners is scored, but `alpha` is then
    /// exceeded in proportion.
    pub n_max: u32,
    /// Smallest difference of success rates that counts, in [0, 1). Default 1/50: less is not worth a change of leader.
    pub min_gap: Ratio,
    /// By how much every baseline must be beaten before an environment counts as solved, in [0, 1). Default 1/20.
    pub solve_gap: Ratio,
    /// Common episodes below which nothing is concluded, at least 1. Default 30.
    pub n_min: u64,
    /// A miner is outclassed when its mean rate is below `rho` times another's; in (1/2, 1]. Default 9/10: nobody is
    /// paid on a subset while somebody who solves it is proven to be 11 % better overall.
    pub rho: Ratio,
    /// Part of the contested environments that must be won to take a title, in [0, 1). Default 1/2: then an
    /// improvement on m ≤ E/2 environments over a copied leader earns at most m/E.
    pub phi: Ratio,
    /// Unawarded points are forgiven up to a factor of `kappa`, at least 1. Default 2: one unsolved environment costs
    /// half of all points and is forgiven once.
    pub kappa: Ratio,
    /// Points per subset. Default linear.
    pub scheme: Scheme,
    /// Sharpness of points → weights, greater than 0: 1 is proportional (default), smaller favours the leader.
    pub temperature: Ratio,
    /// Weight guaranteed to each miner *with points*, in [0, 1). Default 0; ignored where it cannot be paid.
    pub min_weight: Ratio,
    /// Strength of a proof.
    pub evidence: EvidenceLevel,
    /// Seed of the last round; decides the subsets drawn if counting them exactly is too expensive.
    pub cycle_seed: CycleSeed,
    /// Effort allowed for exact counting.
    pub budget: Budget,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            alpha: Ratio::of(1, 20),
            n_max: 256,
            min_gap: Ratio::of(1, 50),
            solve_gap: Ratio::of(1, 20),
            n_min: 30,
            rho: Ratio::of(9, 10),
            phi: Ratio::of(1, 2),
            kappa: Ratio::of(2, 1),
            scheme: Scheme::Linear,
            temperature: Ratio::ONE,
            min_weight: Ratio::ZERO,
            evidence: EvidenceLevel::Lifetime,
            cycle_seed: CycleSeed::from_local_seed(0),
            budget: Budget::default(),
        }
    }
}

impl Params {
    /// Thresholds lowered to the few episodes of a demonstration: nothing it shows is proven.
    ///
    /// Three episodes and an e-value of 3 suffice: three wins without a loss (e = 15/4), but not two (7/3).
    /// A follower needs 3² and so five wins without a loss (21/2). The result says so:
    /// [`Outcome::thresholds_lowered`](crate::Outcome::thresholds_lowered).
    pub fn demo() -> Self {
        Self {
            n_min: 3,
            evidence: EvidenceLevel::Fixed(Ratio::of(3, 1)),
            ..Self::default()
        }
    }

    /// Checks every range.
    ///
    /// # Errors
    /// [`Error::InvalidParam`] names the first parameter outside its range.
    pub fn validate(&self) -> Result<(), Error> {
        let two = Ratio::of(2, 1);
        let checks: [(&'static str, bool, &'static str); 11] = [
            (
                "alpha",
                self.alpha > Ratio::ZERO && self.alpha < Ratio::ONE,
                "it must be in (0, 1)",
            ),
            (
                "n_max",
                (2..=MAX_MINERS).contains(&self.n_max),
                "it must be in 2..=65536",
            ),
            ("min_gap", self.min_gap < Ratio::ONE, "it must be below 1"),
            (
                "solve_gap",
                self.solve_gap < Ratio::ONE,
                "it must be below 1",
            ),
            ("n_min", self.n_min >= 1, "it must be at least 1"),
            (
                "rho",
                self.rho > Ratio::of(1, 2) && self.rho <= Ratio::ONE,
                "it must be in (1/2, 1]",
            ),
            ("phi", self.phi < Ratio::ONE, "it must be below 1"),
            (
                "phi",
                self.phi.denominator() <= MAX_PHI_DENOMINATOR,
                "its denominator must be at most 256",
            ),
            (
                "kappa",
                self.kappa >= Ratio::ONE && parts_at_most(self.kappa, MAX_KAPPA_PART),
                "it must be at least 1, with parts up to 1000000",
            ),
            (
                "temperature",
                self.temperature > Ratio::ZERO,
                "it must be positive",
            ),
            (
                "min_weight",
                self.min_weight < Ratio::ONE,
                "it must be below 1",
            ),
        ];
        if let Some((name, _, reason)) = checks.into_iter().find(|check| !check.1) {
            return Err(Error::InvalidParam { name, reason });
        }
        match self.evidence {
            EvidenceLevel::Fixed(threshold) if threshold < two => Err(Error::InvalidParam {
                name: "evidence",
                reason: "a fixed threshold must be at least 2",
            }),
            _ => Ok(()),
        }
    }

    /// The e-value that proves a difference among `envs` environments.
    pub fn threshold(&self, envs: usize) -> Threshold {
        match self.evidence {
            EvidenceLevel::Fixed(level) => {
                Threshold::new(level.numerator().into(), level.denominator().into())
            }
            EvidenceLevel::Lifetime => {
                let comparisons = (envs as u64 + 1) * u64::from(self.n_max - 1);
                Threshold::new(
                    comparisons * u64::from(self.alpha.denominator()),
                    self.alpha.numerator().into(),
                )
            }
        }
    }

    /// Whether less evidence is asked for than by the default parameters.
    pub fn thresholds_lowered(&self, envs: usize) -> bool {
        let default = Self::default();
        self.n_min < default.n_min || self.threshold(envs) < default.threshold(envs)
    }
}

fn parts_at_most(ratio: Ratio, limit: u32) -> bool {
    ratio.numerator() <= limit && ratio.denominator() <= limit
}
