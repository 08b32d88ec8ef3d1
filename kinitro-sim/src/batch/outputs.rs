//! The caller's buffers: how long they must be, and how rows get into them.

use kinitro_core::protocol::policy::Image;

use super::member::Row;
use super::sight::Sight;
use super::{BatchOptions, INFO_LEN};
use crate::Error;
use crate::env::STATE_LEN;

/// The caller's buffers, a row per environment; `n` is the number of rows of the call. What is `None` is not written.
#[derive(Debug)]
pub struct Outputs<'a> {
    /// `[n, 39]`, as [`SawyerEnv`](crate::metaworld::env::SawyerEnv) describes.
    pub observations: &'a mut [f64],
    /// `[n]`, reward version 2; 0 after a reset.
    pub rewards: Option<&'a mut [f64]>,
    /// `[n]`, whether the episode has ended by success.
    pub terminated: Option<&'a mut [bool]>,
    /// `[n]`, whether it has ended by its time limit or by divergence.
    pub truncated: Option<&'a mut [bool]>,
    /// `[n, 6]`: success, near object, grasp success, grasp reward, in-place reward, distance from object to target.
    pub info: Option<&'a mut [f64]>,
    /// `[n, cameras, height, width, 3]`, row 0 at the top.
    pub images: Option<&'a mut [u8]>,
    /// `[n, cameras, height, width]`, meters along the view, infinite where nothing is; empty without [`BatchOptions::depth`].
    pub depth: Option<&'a mut [f32]>,
    /// `[n, cameras, height, width, 2]`: the number of what is seen and its kind (5 a geom, 6 a site, 100 a distractor), both −1
    /// where nothing is; empty without [`BatchOptions::segmentation`].
    pub segmentation: Option<&'a mut [[i32; 2]]>,
    /// `[n, 39]`, written in rows whose episode has ended under [`Autoreset::SameStep`](super::Autoreset::SameStep); other rows are
    /// left alone.
    pub last_observations: Option<&'a mut [f64]>,
    /// As `images`, written like `last_observations`.
    pub last_images: Option<&'a mut [u8]>,
    /// As `depth`, written like `last_observations`.
    pub last_depth: Option<&'a mut [f32]>,
    /// As `segmentation`, written like `last_observations`.
    pub last_segmentation: Option<&'a mut [[i32; 2]]>,
}

impl<'a> Outputs<'a> {
    /// Observations only; the rest of a struct literal.
    pub fn observations(observations: &'a mut [f64]) -> Self {
        Self {
            observations,
            rewards: None,
            terminated: None,
            truncated: None,
            info: None,
            images: None,
            depth: None,
            segmentation: None,
            last_observations: None,
            last_images: None,
            last_depth: None,
            last_segmentation: None,
        }
    }

    /// Whether every buffer is as long as so many rows need.
    pub(super) fn check(&self, rows: usize, options: &BatchOptions) -> Result<(), Error> {
        let states = rows * STATE_LEN;
        let bytes = rows * 3 * options.row_pixels();
        let (depths, segments) = (
            rows * options.row_depth(),
            rows * options.row_segmentation(),
        );
        let optional = [
            ("rewards", length(self.rewards.as_deref()), rows),
            ("terminated", length(self.terminated.as_deref()), rows),
            ("truncated", length(self.truncated.as_deref()), rows),
            ("info", length(self.info.as_deref()), rows * INFO_LEN),
            ("images", length(self.images.as_deref()), bytes),
            ("depth", length(self.depth.as_deref()), depths),
            (
                "segmentation",
                length(self.segmentation.as_deref()),
                segments,
            ),
            (
                "last observations",
                length(self.last_observations.as_deref()),
                states,
            ),
            ("last images", length(self.last_images.as_deref()), bytes),
            ("last depth", length(self.last_depth.as_deref()), depths),
            (
                "last segmentation",
                length(self.last_segmentation.as_deref()),
                segments,
            ),
        ];
        check("observations", self.observations.len(), states)?;
        for (what, found, expected) in optional {
            check(what, found.unwrap_or(expected), expected)?;
        }
        Ok(())
    }

    pub(super) fn write(&mut self, row: usize, result: &Row, began_another: bool) {
        put(Some(&mut *self.observations), row, &result.observation);
        put(self.rewards.as_deref_mut(), row, &[result.reward]);
        put(self.terminated.as_deref_mut(), row, &[result.terminated]);
        put(self.truncated.as_deref_mut(), row, &[result.truncated]);
        put(self.info.as_deref_mut(), row, &result.info);
        let Sight {
            images,
            depth,
            segmentation,
        } = &result.sight;
        put_images(self.images.as_deref_mut(), row, images);
        put(self.depth.as_deref_mut(), row, depth);
        put(self.segmentation.as_deref_mut(), row, segmentation);
        if began_another {
            let last = self.last_observations.as_deref_mut();
            put(last, row, &result.last_observation);
            let Sight {
                images,
                depth,
                segmentation,
            } = &result.last_sight;
            put_images(self.last_images.as_deref_mut(), row, images);
            put(self.last_depth.as_deref_mut(), row, depth);
            put(self.last_segmentation.as_deref_mut(), row, segmentation);
        }
    }
}

fn put<T: Copy>(buffer: Option<&mut [T]>, row: usize, values: &[T]) {
    if let Some(buffer) = buffer {
        buffer[row * values.len()..][..values.len()].copy_from_slice(values);
    }
}

fn put_images(buffer: Option<&mut [u8]>, row: usize, images: &[Image]) {
    if let Some(buffer) = buffer {
        let mut at = row * images.iter().map(|image| image.rgb().len()).sum::<usize>();
        for image in images {
            buffer[at..][..image.rgb().len()].copy_from_slice(image.rgb());
            at += image.rgb().len();
        }
    }
}

fn length<T>(buffer: Option<&[T]>) -> Option<usize> {
    buffer.map(<[T]>::len)
}

/// Whether a buffer has the length that is needed.
pub(super) fn check(what: &'static str, found: usize, expected: usize) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(Error::BufferLength {
        what,
        found,
        expected,
    })
}
