//! States of an exact count: keys with a polynomial in the size of the subset.

use super::OverBudget;

/// Position of a free slot.
const FREE: u32 = u32::MAX;

/// A set of states in order of their first appearance.
///
/// Coefficient k of a state's polynomial counts the subsets of size k which lead to it. All states together count every
/// subset once, so no coefficient exceeds C(64, 32) < 2^61 and 64 bits suffice. Keys and coefficients lie in two flat
/// arrays; an open-addressing index finds a key. Nothing depends on the order of the index.
#[derive(Debug)]
pub(crate) struct States {
    key_words: usize,
    coefficients: usize,
    keys: Vec<u64>,
    polynomials: Vec<u64>,
    slots: Vec<u32>,
}

impl States {
    /// No states; keys have `key_words` > 0 words, polynomials reach up to `degree`.
    pub(crate) fn new(key_words: usize, degree: usize) -> Self {
        Self {
            key_words,
            coefficients: degree + 1,
            keys: Vec::new(),
            polynomials: Vec::new(),
            slots: vec![FREE; 16],
        }
    }

    /// One state, reached by the empty subset.
    pub(crate) fn start(key: &[u64]) -> Self {
        let mut states = Self::new(key.len(), 0);
        states.entry(key).expect("one state fits")[0] = 1;
        states
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len() / self.key_words
    }

    /// Keys and polynomials in order of appearance.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u64], &[u64])> {
        self.keys
            .chunks_exact(self.key_words)
            .zip(self.polynomials.chunks_exact(self.coefficients))
    }

    /// Adds `ways` times another polynomial, shifted by `shift`, to the one of `key`.
    pub(crate) fn add(
        &mut self,
        key: &[u64],
        polynomial: &[u64],
        shift: usize,
        ways: u64,
    ) -> Result<(), OverBudget> {
        let target = self.entry(key)?;
        for (coefficient, &more) in target[shift..].iter_mut().zip(polynomial) {
            *coefficient += more * ways;
        }
        Ok(())
    }

    fn entry(&mut self, key: &[u64]) -> Result<&mut [u64], OverBudget> {
        if (self.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let mut slot = self.slot_of(key);
        let state = loop {
            match self.slots[slot] {
                FREE => {
                    let state = u32::try_from(self.len()).map_err(|_| OverBudget)?;
                    self.slots[slot] = state;
                    self.keys.extend_from_slice(key);
                    self.polynomials
                        .resize(self.polynomials.len() + self.coefficients, 0);
                    break state as usize;
                }
                state if self.key(state as usize) == key => break state as usize,
                _ => slot = (slot + 1) % self.slots.len(),
            }
        };
        Ok(&mut self.polynomials[state * self.coefficients..][..self.coefficients])
    }

    fn key(&self, state: usize) -> &[u64] {
        &self.keys[state * self.key_words..][..self.key_words]
    }

    fn grow(&mut self) {
        self.slots = vec![FREE; self.slots.len() * 4];
        for state in 0..self.len() {
            let mut slot = self.slot_of(self.key(state));
            while self.slots[slot] != FREE {
                slot = (slot + 1) % self.slots.len();
            }
            self.slots[slot] = u32::try_from(state).expect("`entry` checked it");
        }
    }

    /// First slot to look at. The mixing is splitmix64's finaliser, word by word.
    fn slot_of(&self, key: &[u64]) -> usize {
        let mix = |hash: u64, &word: &u64| {
            let mut z = (hash ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        };
        let hash = key.iter().fold(0, mix);
        (hash % self.slots.len() as u64)
            .try_into()
            .expect("below the number of slots")
    }
}
