//! Memory for what a batch returns.

use super::{Batch, BatchOptions, INFO_LEN, Outputs};
use crate::env::STATE_LEN;

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
    /// `[n, cameras, height, width]`.
    pub depth: Vec<f32>,
    /// `[n, cameras, height, width, 2]`.
    pub segmentation: Vec<[i32; 2]>,
    /// `[n, 39]`.
    pub last_observations: Vec<f64>,
    /// As `images`.
    pub last_images: Vec<u8>,
    /// As `depth`.
    pub last_depth: Vec<f32>,
    /// As `segmentation`.
    pub last_segmentation: Vec<[i32; 2]>,
    /// Bytes of the images of a row.
    row_images: usize,
    /// Distances of a row.
    row_depth: usize,
    /// Segments of a row.
    row_segmentation: usize,
}

impl Buffers {
    /// Memory for all environments of a batch.
    pub fn of(batch: &Batch) -> Self {
        Self::new(batch.len(), batch.options())
    }

    /// Memory for `rows` environments of a batch with these options.
    pub fn new(rows: usize, options: &BatchOptions) -> Self {
        let row_images = 3 * options.row_pixels();
        let (row_depth, row_segmentation) = (options.row_depth(), options.row_segmentation());
        Self {
            observations: vec![0.0; rows * STATE_LEN],
            rewards: vec![0.0; rows],
            terminated: vec![false; rows],
            truncated: vec![false; rows],
            info: vec![0.0; rows * INFO_LEN],
            images: vec![0; rows * row_images],
            depth: vec![0.0; rows * row_depth],
            segmentation: vec![[0; 2]; rows * row_segmentation],
            last_observations: vec![0.0; rows * STATE_LEN],
            last_images: vec![0; rows * row_images],
            last_depth: vec![0.0; rows * row_depth],
            last_segmentation: vec![[0; 2]; rows * row_segmentation],
            row_images,
            row_depth,
            row_segmentation,
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
            depth: Some(&mut self.depth[..rows * self.row_depth]),
            segmentation: Some(&mut self.segmentation[..rows * self.row_segmentation]),
            last_observations: Some(&mut self.last_observations[..rows * STATE_LEN]),
            last_images: Some(&mut self.last_images[..rows * self.row_images]),
            last_depth: Some(&mut self.last_depth[..rows * self.row_depth]),
            last_segmentation: Some(&mut self.last_segmentation[..rows * self.row_segmentation]),
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

    /// The distances of a row, image after image.
    pub fn row_depth(&self, row: usize) -> &[f32] {
        &self.depth[row * self.row_depth..][..self.row_depth]
    }

    /// What the pixels of a row show, image after image.
    pub fn row_segmentation(&self, row: usize) -> &[[i32; 2]] {
        &self.segmentation[row * self.row_segmentation..][..self.row_segmentation]
    }

    /// The images of a row, one after the other.
    pub fn row_images(&self, row: usize) -> &[u8] {
        &self.images[row * self.row_images..][..self.row_images]
    }
}
