//! Estimates from random subsets, for tables whose exact count would take too long.
//!
//! Draws are spread over the sizes k in proportion to k·C(E, k), the points at stake under linear awards; a size with
//! few subsets gets at least one draw. Within a size every subset is equally likely. The stream is `ChaCha20` keyed by
//! SHA-256(`"kinitro/subsets/v1"` ‖ cycle seed), so anybody can repeat the estimate.

use kinitro_core::seed::{CycleSeed, Draws};
use sha2::{Digest as _, Sha256};

use super::{Count, Method, Winner};
use crate::schemes::{Scheme, binomial};

/// Domain of the sampling key.
const DOMAIN: &[u8] = b"kinitro/subsets/v1";
/// The only stream of the sampling key.
const STREAM: u64 = 0;

/// Estimates the number of subsets of each size won by each miner.
pub(crate) fn count(
    envs: usize,
    smallest: usize,
    miners: usize,
    draws: u32,
    seed: &CycleSeed,
    winner: &mut Winner<'_>,
) -> Count {
    let key = Sha256::new()
        .chain_update(DOMAIN)
        .chain_update(seed.as_bytes())
        .finalize();
    let mut stream = Draws::from_key(key.into(), STREAM);
    let total = Scheme::Linear.total(envs, smallest);
    let mut sizes = vec![vec![0; envs + 1]; miners];
    let mut spent = 0;
    for size in smallest.max(1)..=envs {
        let subsets = binomial(envs, size);
        let stake = subsets * Scheme::Linear.award(size);
        // Stakes are below 2^70 and draws below 2^32.
        let share = (stake * u128::from(draws) / total).max(1);
        let mut won = vec![0_u128; miners];
        for _ in 0..share {
            if let Some(miner) = winner(random_subset(&mut stream, envs, size)) {
                won[miner] += 1;
            }
        }
        spent += share;
        for (row, won) in sizes.iter_mut().zip(won) {
            row[size] = subsets * won / share;
        }
    }
    Count {
        sizes,
        method: Method::Sampled {
            draws: u64::try_from(spent).expect("a 32-bit number and one per size"),
        },
    }
}

/// A subset of `size` out of `envs` environments, all equally likely: Floyd's algorithm on the smaller of the subset
/// and its complement.
fn random_subset(stream: &mut Draws, envs: usize, size: usize) -> u64 {
    let picked = size.min(envs - size);
    let mut mask = 0_u64;
    for last in envs - picked..envs {
        let candidate = stream.below(last as u64 + 1);
        let taken = mask >> candidate & 1 == 1;
        mask |= if taken { 1 << last } else { 1 << candidate };
    }
    if picked == size {
        mask
    } else {
        !mask & crate::mask::all_of(envs)
    }
}
