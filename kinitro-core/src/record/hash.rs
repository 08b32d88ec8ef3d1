//! Running hashes of an episode: its states, its images, and what the policy saw and did.

use sha2::{Digest as _, Sha256};

use crate::digest::{Digest, kind, sha256};
use crate::protocol::policy::{Action, Image, Observation};

/// Hash of an episode's physical states, made by [`StateHasher`].
pub type StateHash = Digest<kind::State>;
/// Hash of an episode's images, made by [`ImageHasher`].
pub type ImageHash = Digest<kind::Image>;
/// Hash of what a policy saw and did, made by [`ObservationHasher`].
pub type ObservationHash = Digest<kind::Observation>;

/// The part of a simulator's state that the state hash covers.
#[derive(Debug, Clone, Copy)]
pub struct StateView<'a> {
    /// Generalized positions, length nq.
    pub qpos: &'a [f64],
    /// Generalized velocities, length nv.
    pub qvel: &'a [f64],
    /// Positions of the mocap bodies in meters, 3 each.
    pub mocap_pos: &'a [f64],
    /// Orientations of the mocap bodies, 4 each, real part first.
    pub mocap_quat: &'a [f64],
    /// Simulated time in seconds.
    pub time: f64,
}

/// SHA-256 over `qpos ‖ qvel ‖ mocap_pos ‖ mocap_quat ‖ time` as little-endian f64, for step 0 and after every control step.
#[derive(Debug, Clone, Default)]
pub struct StateHasher {
    sha: Sha256,
    bytes: Vec<u8>,
}

impl StateHasher {
    /// A hasher that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one state.
    pub fn update(&mut self, state: &StateView<'_>) {
        self.bytes.clear();
        for numbers in [
            state.qpos,
            state.qvel,
            state.mocap_pos,
            state.mocap_quat,
            &[state.time],
        ] {
            self.bytes
                .extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        }
        self.sha.update(&self.bytes);
    }

    /// The hash of all states so far.
    pub fn finish(self) -> StateHash {
        StateHash::from_bytes(self.sha.finalize().into())
    }
}

/// SHA-256 over the RGB bytes of all images, observation by observation, in the declared order of the cameras.
#[derive(Debug, Clone, Default)]
pub struct ImageHasher {
    sha: Sha256,
    has_images: bool,
}

impl ImageHasher {
    /// A hasher that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the images of one observation.
    pub fn update(&mut self, observation: &Observation) {
        for image in &observation.images {
            self.sha.update(image.rgb());
            self.has_images = true;
        }
    }

    /// The hash of all images so far; `None` if there was none.
    pub fn finish(self) -> Option<ImageHash> {
        self.has_images
            .then(|| ImageHash::from_bytes(self.sha.finalize().into()))
    }
}

/// The chain h₀ = 0³², h₍t+1₎ = SHA-256(hₜ ‖ obsₜ ‖ actionₜ), where obs is the proprioception as f32 LE followed by the image bytes and
/// action the four numbers as f32 LE.
///
/// A chain, so that either side can prove what it saw up to any step.
#[derive(Debug, Clone)]
pub struct ObservationHasher {
    last: [u8; 32],
}

impl Default for ObservationHasher {
    fn default() -> Self {
        Self::new()
    }
}

impl ObservationHasher {
    /// The beginning of a chain: 32 zero bytes.
    pub const fn new() -> Self {
        Self { last: [0; 32] }
    }

    /// Adds one observation and the action applied to it.
    pub fn update(&mut self, observation: &Observation, action: &Action) {
        let (proprio, action) = (observation.proprio_le_bytes(), action.to_le_bytes());
        let mut parts: Vec<&[u8]> = vec![&self.last, &proprio];
        parts.extend(observation.images.iter().map(Image::rgb));
        parts.push(&action);
        self.last = sha256(&parts);
    }

    /// The last value of the chain.
    pub const fn finish(self) -> ObservationHash {
        ObservationHash::from_bytes(self.last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::policy::CameraName;
    use crate::units::ImageSize;

    fn observation(pixels: &[u8]) -> Observation {
        let size = ImageSize::new(1, 1).unwrap();
        let image = |rgb: &[u8]| Image::new(CameraName::Corner, size, rgb.to_vec()).unwrap();
        Observation {
            proprio: [0.0, 0.6, 0.2, 1.0],
            images: pixels.chunks(3).map(image).collect(),
        }
    }

    #[test]
    fn state_hash_is_sha256_over_the_numbers_in_order() {
        let mut hasher = StateHasher::new();
        let mut bytes = Vec::new();
        for time in [0.0, 0.0125] {
            let state = StateView {
                qpos: &[1.0, -0.0],
                qvel: &[2.0],
                mocap_pos: &[3.0; 3],
                mocap_quat: &[4.0; 4],
                time,
            };
            hasher.update(&state);
            for number in [1.0, -0.0, 2.0, 3.0, 3.0, 3.0, 4.0, 4.0, 4.0, 4.0, time] {
                bytes.extend(f64::to_le_bytes(number));
            }
        }
        assert_eq!(hasher.finish(), StateHash::of(&[&bytes]));
    }

    #[test]
    fn image_hash_covers_all_bytes_and_is_absent_without_images() {
        let mut hasher = ImageHasher::new();
        hasher.update(&observation(&[1, 2, 3, 4, 5, 6]));
        hasher.update(&observation(&[7, 8, 9]));
        assert_eq!(
            hasher.finish(),
            Some(ImageHash::of(&[&[1, 2, 3, 4, 5, 6, 7, 8, 9]]))
        );

        let mut blind = ImageHasher::new();
        blind.update(&observation(&[]));
        assert_eq!(blind.finish(), None);
    }

    #[test]
    fn observation_hash_is_a_chain() {
        let seen = observation(&[1, 2, 3]);
        let (action, _) = Action::from_wire([0.5, 0.0, 0.0, 1.0]).unwrap();
        let mut hasher = ObservationHasher::new();
        let mut expected = [0; 32];
        for _ in 0..2 {
            hasher.update(&seen, &action);
            expected = sha256(&[
                &expected,
                &seen.proprio_le_bytes(),
                &[1, 2, 3],
                &action.to_le_bytes(),
            ]);
        }
        assert_eq!(hasher.finish(), ObservationHash::from_bytes(expected));
    }
}
