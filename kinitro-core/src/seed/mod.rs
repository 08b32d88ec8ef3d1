//! Keys and the random numbers drawn from them.
//!
//! ```text
//! cycle_seed  = SHA-256("kinitro/cycle/v1" ‖ u64le(block) ‖ block_hash ‖ operator_secret)      on a network
//!             = SHA-256("kinitro/seed/v1"  ‖ u64le(N))                                         locally, `--seed N`
//! episode_key = SHA-256("kinitro/episode/v1" ‖ cycle_seed ‖ u32le(len env) ‖ env ‖ u64le(episode))
//! miner_key   = SHA-256("kinitro/miner/v1" ‖ episode_key ‖ u32le(len hotkey) ‖ hotkey)
//! stream      = ChaCha20(key, IV = u64le(0) ‖ u64le(stream number))
//! ```
//!
//! An episode key decides what makes an episode easy or hard and holds no miner's identity: all policies face the same scenes.
//! A miner key decides what may differ between miners, so that nobody's recording is a lookup table for another.
//! Streams are numbered; a new draw in one never shifts another.
//!
//! Keys tell the scene. They are not `Display` and their `Debug` hides them; [`EpisodeKey::to_hex`] is the deliberate way to write one down.

use std::fmt;
use std::str::FromStr;

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::{ConfigDigest, HEX_RULE, SecretCommitment, decode_hex, encode_hex, sha256};
use crate::error::Error;
use crate::ids::{BlockNumber, EnvId, EpisodeIndex, Hotkey};

/// What an operator keeps to himself until a cycle is over: 32 random bytes, one set per cycle.
///
/// Never printed, by `Debug` neither, and overwritten when dropped (best effort: safe Rust cannot reach copies made by moves).
pub struct OperatorSecret([u8; 32]);

impl OperatorSecret {
    /// Wraps 32 bytes from a source of true randomness.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What is published before the cycle's first block is known:
    /// SHA-256("kinitro/commit/v1" ‖ secret ‖ u64le(first block) ‖ config digest).
    pub fn commitment(&self, first_block: BlockNumber, config: &ConfigDigest) -> SecretCommitment {
        SecretCommitment::of(&[
            b"kinitro/commit/v1",
            &self.0,
            &first_block.0.to_le_bytes(),
            config.as_bytes(),
        ])
    }
}

impl FromStr for OperatorSecret {
    type Err = Error;

    /// Reads 64 hexadecimal digits. The error does not repeat the text.
    fn from_str(text: &str) -> Result<Self, Error> {
        decode_hex(text)
            .map(Self)
            .ok_or_else(|| hidden("operator secret"))
    }
}

impl fmt::Debug for OperatorSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OperatorSecret(hidden)")
    }
}

impl Drop for OperatorSecret {
    fn drop(&mut self) {
        self.0.fill(0);
        // Keeps the compiler from dropping a store that nobody reads.
        std::hint::black_box(&self.0);
    }
}

/// The seed of one round of a cycle, or of a local run.
#[derive(Clone, PartialEq, Eq)]
pub struct CycleSeed([u8; 32]);

impl CycleSeed {
    /// The seed of a local run: `--seed N`, `Env.reset(seed=N)` and `evaluate(seed=N)` all mean this.
    pub fn from_local_seed(seed: u64) -> Self {
        Self(sha256(&[b"kinitro/seed/v1", &seed.to_le_bytes()]))
    }

    /// The seed of a round on a network, from its block and that block's finalized hash.
    pub fn from_block(block: BlockNumber, hash: &[u8; 32], secret: &OperatorSecret) -> Self {
        Self(sha256(&[
            b"kinitro/cycle/v1",
            &block.0.to_le_bytes(),
            hash,
            &secret.0,
        ]))
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for CycleSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CycleSeed(hidden)")
    }
}

/// The key of one scene: what decides an episode's difficulty, equal for all policies.
///
/// Serialized as 64 hexadecimal digits, for transcripts of scenes that are no secret anymore.
#[derive(Clone, PartialEq, Eq)]
pub struct EpisodeKey([u8; 32]);

impl EpisodeKey {
    /// The key of episode `episode` of environment `env`.
    pub fn derive(cycle: &CycleSeed, env: &EnvId, episode: EpisodeIndex) -> Self {
        Self::derive_from_text(cycle, env.as_str(), episode)
    }

    fn derive_from_text(cycle: &CycleSeed, env: &str, episode: EpisodeIndex) -> Self {
        let env_len = text_len(env);
        Self(sha256(&[
            b"kinitro/episode/v1",
            &cycle.0,
            &env_len,
            env.as_bytes(),
            &episode.0.to_le_bytes(),
        ]))
    }

    /// The random numbers of one stream, from its beginning.
    pub fn draws(&self, stream: EpisodeStream) -> Draws {
        Draws::from_key(self.0, stream as u64)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key as 64 hexadecimal digits. Whoever reads them knows the scene.
    pub fn to_hex(&self) -> String {
        encode_hex(&self.0)
    }
}

impl FromStr for EpisodeKey {
    type Err = Error;

    /// Reads 64 hexadecimal digits. The error does not repeat the text.
    fn from_str(text: &str) -> Result<Self, Error> {
        decode_hex(text)
            .map(Self)
            .ok_or_else(|| hidden("episode key"))
    }
}

impl fmt::Debug for EpisodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EpisodeKey(hidden)")
    }
}

impl Serialize for EpisodeKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_hex())
    }
}

impl<'de> Deserialize<'de> for EpisodeKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

/// The key of what may differ between miners in one scene: looks, noise, the policy's own seed.
#[derive(Clone, PartialEq, Eq)]
pub struct MinerKey([u8; 32]);

impl MinerKey {
    /// The key of one miner; `None` is a local run, where all policies share it.
    pub fn derive(episode: &EpisodeKey, hotkey: Option<&Hotkey>) -> Self {
        let hotkey = hotkey.map_or("", Hotkey::as_str);
        Self(sha256(&[
            b"kinitro/miner/v1",
            &episode.0,
            &text_len(hotkey),
            hotkey.as_bytes(),
        ]))
    }

    /// The random numbers of one stream, from its beginning.
    pub fn draws(&self, stream: MinerStream) -> Draws {
        Draws::from_key(self.0, stream as u64)
    }

    /// The seed that the policy is told: the first number of [`MinerStream::Policy`], its low 31 bits.
    pub fn policy_seed(&self) -> PolicySeed {
        let [a, b, c, d, ..] = self.draws(MinerStream::Policy).next_u64().to_le_bytes();
        PolicySeed(u32::from_le_bytes([a, b, c, d]) & 0x7FFF_FFFF)
    }
}

impl fmt::Debug for MinerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MinerKey(hidden)")
    }
}

/// A seed that a policy may see: below 2³¹, and no way back to the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PolicySeed(u32);

impl PolicySeed {
    /// A seed as a policy server was told it.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] from 2³¹ on: no miner key has such a seed.
    pub fn from_wire(number: u32) -> Result<Self, Error> {
        if number >> 31 == 0 {
            return Ok(Self(number));
        }
        Err(Error::OutOfRange {
            what: "policy seed".to_owned(),
            value: number.into(),
            expected: "a number below 2147483648",
        })
    }

    /// The number.
    pub const fn value(self) -> u32 {
        self.0
    }
}

/// The streams of an [`EpisodeKey`]; the numbers are part of the results' identity. From 16 on they belong to single environments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u64)]
pub enum EpisodeStream {
    /// Positions, goal, task choice.
    Scene = 0,
    /// Friction, damping, masses, gains.
    Physics = 1,
    /// Noise on the robot's first pose.
    ResetNoise = 7,
    /// Which episodes are verified.
    Verification = 8,
}

/// The streams of a [`MinerKey`]; the numbers are part of the results' identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u64)]
pub enum MinerStream {
    /// Lights, colors, camera poses.
    Visuals = 2,
    /// Sensor noise and latency.
    Sensor = 3,
    /// The seed that the policy is told.
    Policy = 4,
    /// Objects that have nothing to do with the task.
    Distractors = 5,
    /// The wording of the instruction.
    Language = 6,
}

/// A stream of random numbers: ChaCha20 with a fixed rule from its output to every kind of number.
///
/// The rules are our own, since libraries change theirs between releases.
///
/// | draw | rule | numbers used |
/// |---|---|---|
/// | [`next_u64`](Draws::next_u64) | two consecutive 32-bit words, low one first | 1 |
/// | [`unit`](Draws::unit) | `(u64 >> 11) · 2⁻⁵³` | 1 |
/// | [`uniform`](Draws::uniform) | `a + (b − a) · unit` | 1 |
/// | [`below`](Draws::below) | high half of the 128-bit product with `n`, rejecting the biased low halves (Lemire 2019) | ≥ 1 |
/// | [`normal`](Draws::normal) | `√(−2 ln(1 − u₁)) · cos(2π u₂)` (Box–Muller) | 2 |
/// | [`shuffle`](Draws::shuffle) | Fisher–Yates from the end, `below(i + 1)` for i = len − 1 … 1 | ≥ len − 1 |
#[derive(Clone)]
pub struct Draws(ChaCha20Rng);

impl fmt::Debug for Draws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Draws(hidden)")
    }
}

impl Draws {
    /// Stream number `stream` of a key, from its beginning.
    pub fn from_key(key: [u8; 32], stream: u64) -> Self {
        let mut generator = ChaCha20Rng::from_seed(key);
        generator.set_stream(stream);
        Self(generator)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number in `[0, 1)`, a multiple of 2⁻⁵³.
    pub fn unit(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
        (self.next_u64() >> 11) as f64 * STEP
    }

    /// A number in `[a, b)` for finite `a` < `b`.
    ///
    /// The formula is the definition and is not clamped: where `b − a` rounds up, the result may reach `b` or pass it by that rounding.
    pub fn uniform(&mut self, a: f64, b: f64) -> f64 {
        a + (b - a) * self.unit()
    }

    /// An integer in `[0, n)`, each equally likely.
    ///
    /// # Panics
    /// If `n` is 0: there is no such integer, so the caller is wrong.
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "no integer is below 0");
        let (mut low, mut high) = self.next_u64().carrying_mul(n, 0);
        if low < n {
            // 2⁶⁴ mod n: so many low halves occur once too often.
            let biased = n.wrapping_neg() % n;
            while low < biased {
                (low, high) = self.next_u64().carrying_mul(n, 0);
            }
        }
        high
    }

    /// A number from the standard normal distribution; |x| < 8.6.
    pub fn normal(&mut self) -> f64 {
        // 1 − u lies in (0, 1], where the logarithm is finite.
        let radius = (-2.0 * libm::log(1.0 - self.unit())).sqrt();
        radius * libm::cos(std::f64::consts::TAU * self.unit())
    }

    /// Puts the items in random order, each order equally likely.
    #[expect(clippy::missing_panics_doc, reason = "the conversion cannot fail")]
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let chosen = self.below(last as u64 + 1);
            let chosen = usize::try_from(chosen).expect("not above `last`, which is a usize");
            items.swap(last, chosen);
        }
    }
}

/// The length of a text of ours, as it enters a digest.
fn text_len(text: &str) -> [u8; 4] {
    u32::try_from(text.len())
        .expect("ids are at most 64 bytes long")
        .to_le_bytes()
}

fn hidden(what: &'static str) -> Error {
    Error::Grammar {
        what,
        text: "hidden".to_owned(),
        reason: HEX_RULE,
    }
}

#[cfg(test)]
mod tests;
