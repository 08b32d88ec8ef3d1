//! What the cameras of an environment see.

use kinitro_core::protocol::policy::Image;

use super::BatchOptions;
use crate::Error;
use crate::env::Environment;
use crate::episode::Eyes;
use crate::looks::Dressed;
use crate::render::cache::Cache;

/// Images, distances and objects, camera by camera; empty where they are not wanted.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    pub(super) images: Vec<Image>,
    /// `[cameras, height, width]`.
    pub(super) depth: Vec<f32>,
    /// `[cameras, height, width]`.
    pub(super) segmentation: Vec<[i32; 2]>,
}

impl Sight {
    /// Memory for everything that is wanted.
    pub(super) fn blank(eyes: Option<&Eyes>, options: &BatchOptions) -> Self {
        Self {
            images: eyes.map_or_else(Vec::new, Eyes::blank),
            depth: vec![0.0; options.row_depth()],
            segmentation: vec![[0; 2]; options.row_segmentation()],
        }
    }

    /// Looks at the state that `environment` has come to in `step` control steps; `cache` is that environment's own.
    pub(super) fn take(
        &mut self,
        eyes: &mut Eyes,
        environment: &dyn Environment,
        seen: (&Dressed, &mut Cache),
        step: u32,
    ) -> Result<(), Error> {
        let Self {
            images,
            depth,
            segmentation,
        } = self;
        eyes.look(environment, seen, step, images, depth, segmentation)
    }
}
