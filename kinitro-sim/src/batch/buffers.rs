//! Memory for what a batch returns.

use super::{Batch, INFO_LEN, Outputs};
use crate::env::STATE_LEN;
use crate::episode::View;

/// Buffers for all outputs of a batch, for callers that have none of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Buffers {
    /// `[n, 39]`.
    pub observations: Vec<f64>,
    /// `[n]`.
    pub rewards: Vec<f64>,
    /// `[n]`.
    pub terminated: Vec<bool>,
    /// `[n]`.
    pub truncated: Vec<bool>,
    /// `[n, 6]`.
    pub info: Vec<f64>,
    /// `[n, cameras, height, width, 3]`.
    pub images: Vec<u8>,
    /// `[n, 39]`.
    pub last_observations: Vec<f64>,
    /// As `images`.
    pub last_images: Vec<u8>,
    /// Bytes of the images of a row.
    row_images: usize,
}

impl Buffers {
    /// Memory for all environments of a batch.
    pub fn of(batch: &Batch) -> Self {
        Self::new(batch.len(), &batch.options().view)
    }

    /// Memory for `rows` environments.
    pub fn new(rows: usize, view: &View) -> Self {
        let row_images = view.cameras.len() * view.size.rgb_len();
        Self {
            observations: vec![0.0; rows * STATE_LEN],
            rewards: vec![0.0; rows],
            terminated: vec![false; rows],
            truncated: vec![false; rows],
            info: vec![0.0; rows * INFO_LEN],
            images: vec![0; rows * row_images],
            last_observations: vec![0.0; rows * STATE_LEN],
            last_images: vec![0; rows * row_images],
            row_images,
        }
    }

    /// All of it.
    pub fn outputs(&mut self) -> Outputs<'_> {
        self.first(self.rewards.len())
    }

    /// The first `rows` rows.
    ///
    /// # Panics
    /// If there are not so many.
    pub fn first(&mut self, rows: usize) -> Outputs<'_> {
        Outputs {
            observations: &mut self.observations[..rows * STATE_LEN],
            rewards: Some(&mut self.rewards[..rows]),
            terminated: Some(&mut self.terminated[..rows]),
            truncated: Some(&mut self.truncated[..rows]),
            info: Some(&mut self.info[..rows * INFO_LEN]),
            images: Some(&mut self.images[..rows * self.row_images]),
            last_observations: Some(&mut self.last_observations[..rows * STATE_LEN]),
            last_images: Some(&mut self.last_images[..rows * self.row_images]),
        }
    }

    /// The observation of a row.
    pub fn observation(&self, row: usize) -> &[f64] {
        &self.observations[row * STATE_LEN..][..STATE_LEN]
    }

    /// The last observation of the episode that has ended in a row.
    pub fn last_observation(&self, row: usize) -> &[f64] {
        &self.last_observations[row * STATE_LEN..][..STATE_LEN]
    }

    /// The measures of a row.
    pub fn row_info(&self, row: usize) -> &[f64] {
        &self.info[row * INFO_LEN..][..INFO_LEN]
    }

    /// The images of a row, one after the other.
    pub fn row_images(&self, row: usize) -> &[u8] {
        &self.images[row * self.row_images..][..self.row_images]
    }
}
