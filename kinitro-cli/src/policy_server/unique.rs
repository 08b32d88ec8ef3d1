//! Values that do not occur twice.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use kinitro_core::protocol::wire::EpisodeId;

/// Makes 16 bytes that occur in no other place and time, and that tell nothing to whoever compares some of them.
///
/// A count, hashed under a random key of this value's own.
#[derive(Debug, Default)]
pub(super) struct Unique {
    key: RandomState,
    count: AtomicU64,
}

impl Unique {
    pub(super) fn next(&self) -> [u8; 16] {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let half = |half: u8| self.key.hash_one((number, half)).to_be_bytes();
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&half(0));
        bytes[8..].copy_from_slice(&half(1));
        bytes
    }

    /// The bytes as the name of an episode.
    pub(super) fn next_episode(&self) -> EpisodeId {
        format!("{:032x}", u128::from_be_bytes(self.next()))
            .parse()
            .expect("32 hexadecimal digits are an episode id")
    }
}
