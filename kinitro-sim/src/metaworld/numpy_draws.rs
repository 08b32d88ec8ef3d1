//! The random numbers of NumPy, bit for bit, as far as Meta-World uses them.
//!
//! Meta-World places objects by drawing a vector uniformly within a box and throwing it away while it violates the task's rule.
//! Its benchmarks do so with the legacy generator ([`Mt19937`]); an environment with `seeded_rand_vec`, like every
//! `np.random.default_rng`, uses [`Pcg64`]. Both are needed only to reproduce published set-ups (the parity profile); scored
//! episodes draw from the keys of `kinitro_core`.
//!
//! Sources: M. Matsumoto and T. Nishimura, "Mersenne Twister" (1998); M. O'Neill, "PCG" (HMC-CS-2014-0905), variant
//! `setseq-xsl-rr-128-64`; NumPy 2.4 for seeding and for the conversion to doubles. Checked against NumPy in the tests.

/// A generator of NumPy's uniform doubles.
pub trait NumpyUniform {
    /// The next double in `[0, 1)`, a multiple of 2⁻⁵³.
    fn unit(&mut self) -> f64;

    /// One draw of `uniform(low, high)` with vector bounds: one double per dimension, in order, also where `low == high`.
    ///
    /// # Panics
    /// When `low` and `high` differ in length.
    fn vector(&mut self, low: &[f64], high: &[f64]) -> Vec<f64> {
        assert_eq!(low.len(), high.len(), "both bounds have the same dimension");
        low.iter()
            .zip(high)
            .map(|(&low, &high)| low + (high - low) * self.unit())
            .collect()
    }

    /// The next vector within the box that `accept` takes; the whole vector is drawn again until then.
    ///
    /// Never returns when `accept` takes no vector of the box.
    fn accepted_vector(
        &mut self,
        low: &[f64],
        high: &[f64],
        accept: impl Fn(&[f64]) -> bool,
    ) -> Vec<f64> {
        loop {
            let vector = self.vector(low, high);
            if accept(&vector) {
                return vector;
            }
        }
    }
}

/// NumPy's legacy generator, `np.random.seed(seed)` or `np.random.RandomState(seed)`.
#[derive(Debug, Clone)]
pub struct Mt19937 {
    state: [u32; Self::SIZE],
    next: usize,
}

impl Mt19937 {
    const SIZE: usize = 624;
    const SHIFT: usize = 397;

    /// Seeds like `np.random.seed(seed)`: Knuth's recurrence, not the array seeding of `init_by_array`.
    pub fn new(seed: u32) -> Self {
        let mut state = [seed; Self::SIZE];
        let mut word = seed;
        for (position, slot) in (1..).zip(&mut state[1..]) {
            word = 1_812_433_253_u32
                .wrapping_mul(word ^ (word >> 30))
                .wrapping_add(position);
            *slot = word;
        }
        Self {
            state,
            next: Self::SIZE,
        }
    }

    fn next_u32(&mut self) -> u32 {
        if self.next == Self::SIZE {
            self.refill();
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    fn refill(&mut self) {
        for i in 0..Self::SIZE {
            let y =
                (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % Self::SIZE] & 0x7fff_ffff);
            let twist = if y & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + Self::SHIFT) % Self::SIZE] ^ (y >> 1) ^ twist;
        }
        self.next = 0;
    }
}

impl NumpyUniform for Mt19937 {
    fn unit(&mut self) -> f64 {
        let high = f64::from(self.next_u32() >> 5);
        let low = f64::from(self.next_u32() >> 6);
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0 // 2²⁶ and 2⁵³
    }
}

/// NumPy's default generator, `np.random.Generator(np.random.PCG64(seed))` or `np.random.default_rng(seed)`.
#[derive(Debug, Clone)]
pub struct Pcg64 {
    state: u128,
    increment: u128,
}

impl Pcg64 {
    const MULTIPLIER: u128 = 0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645;

    /// Seeds through `np.random.SeedSequence(seed)`.
    pub fn new(seed: u64) -> Self {
        let [state_high, state_low, stream_high, stream_low] = seed_sequence(seed);
        let join = |high: u64, low: u64| (u128::from(high) << 64) | u128::from(low);
        let mut generator = Self {
            state: 0,
            increment: (join(stream_high, stream_low) << 1) | 1,
        };
        generator.advance();
        generator.state = generator.state.wrapping_add(join(state_high, state_low));
        generator.advance();
        generator
    }

    /// The next 64 random bits.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the halves of 128 bits are folded into 64 on purpose"
    )]
    pub fn next_u64(&mut self) -> u64 {
        self.advance();
        let folded = (self.state >> 64) as u64 ^ self.state as u64;
        folded.rotate_right((self.state >> 122) as u32)
    }

    fn advance(&mut self) {
        self.state = self
            .state
            .wrapping_mul(Self::MULTIPLIER)
            .wrapping_add(self.increment);
    }
}

impl NumpyUniform for Pcg64 {
    fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / 9_007_199_254_740_992.0 // 2⁵³
    }
}

/// `np.random.SeedSequence(seed).generate_state(4, np.uint64)`.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a 64-bit seed is two 32-bit words of entropy"
)]
fn seed_sequence(seed: u64) -> [u64; 4] {
    let mut hash = Hash::new(0x43b0_d7e5, 0x931e_8875);
    // Entropy fills the pool of four words from the left; missing words are zeros.
    let mut pool = [seed as u32, (seed >> 32) as u32, 0, 0].map(|word| hash.word(word));
    for source in 0..pool.len() {
        for target in 0..pool.len() {
            if source != target {
                pool[target] = mix(pool[target], hash.word(pool[source]));
            }
        }
    }
    let mut hash = Hash::new(0x8b51_f9dd, 0x58f3_8ded);
    let words: [u32; 8] = std::array::from_fn(|i| hash.word(pool[i % pool.len()]));
    std::array::from_fn(|i| u64::from(words[2 * i]) | (u64::from(words[2 * i + 1]) << 32))
}

/// The word hash of `SeedSequence`: its constant changes with every word.
struct Hash {
    constant: u32,
    multiplier: u32,
}

impl Hash {
    fn new(constant: u32, multiplier: u32) -> Self {
        Self {
            constant,
            multiplier,
        }
    }

    fn word(&mut self, word: u32) -> u32 {
        let word = word ^ self.constant;
        self.constant = self.constant.wrapping_mul(self.multiplier);
        let word = word.wrapping_mul(self.constant);
        word ^ (word >> 16)
    }
}

/// How `SeedSequence` stirs one pool word into another.
fn mix(x: u32, y: u32) -> u32 {
    let mixed = 0xca01_f9dd_u32
        .wrapping_mul(x)
        .wrapping_sub(0x4973_f715_u32.wrapping_mul(y));
    mixed ^ (mixed >> 16)
}

#[cfg(test)]
mod tests;
