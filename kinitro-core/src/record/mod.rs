//! What an episode was, written down so that anybody can check it.
//!
//! [`scene`] what was drawn · [`hash`] what happened, step by step · [`outcome`] how it ended · [`identity`] what it depends on besides the
//! policy · [`level`] how the scene was made · [`receipt`] the miner's word for it · [`transcript`] all of it in one file.

pub mod hash;
pub mod identity;
pub mod level;
pub mod outcome;
pub mod receipt;
pub mod scene;
pub mod transcript;

pub use hash::{
    ImageHash, ImageHasher, ObservationHash, ObservationHasher, StateHash, StateHasher, StateView,
};
pub use identity::Identity;
pub use level::{Level, Profile};
pub use outcome::{Charge, Outcome};
pub use receipt::{Delegation, Receipt};
pub use scene::{SceneDigest, SceneGroup, SceneRecord};
pub use transcript::{Frame, Transcript};
