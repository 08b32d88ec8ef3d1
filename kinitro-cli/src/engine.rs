//! This process as an engine: its mathematics, its models, and what its results depend on.

use kinitro_core::digest::FileDigest;
use kinitro_core::protocol::wire::v3;
use kinitro_core::record::Identity;
use kinitro_core::record::identity::{EngineIdentity, LibmIdentity, ScoringIdentity};
use kinitro_sim::Error;
use kinitro_sim::assets::{Asset, AssetPlaces, LIBRARY_SHA256, MODELS_DIGEST, MUJOCO_VERSION};
use kinitro_sim::metaworld::randomize::GENERATOR;
use kinitro_sim::models::Models;
use kinitro_sim::physics::libm::{self, LibmMode, LibmStatus};
use kinitro_sim::physics::library;
use kinitro_sim::render::RENDER_SPEC;
use kinitro_sim::render::store::meshes_digest;

use crate::scoreboard::Rule;

/// A process ready to simulate.
#[derive(Debug, Clone)]
pub struct Engine {
    /// The verified models; their prepared meshes are kept in the per-user cache.
    pub models: Models,
    /// What results depend on besides policies and settings; the rule is the default one.
    pub identity: Identity,
}

impl Engine {
    /// Checks the loaded library, fixes the mathematics of this process and finds the models.
    ///
    /// # Errors
    /// [`Error::AssetMismatch`] if another library was loaded than the pinned one; those of [`libm::init`] and
    /// [`Models::find`].
    pub fn start(mode: LibmMode, models: &AssetPlaces) -> Result<Self, Error> {
        // Whoever started this process has checked a file as well, but not that the loader took it.
        Asset::Library.verify(&library::loaded_file().unwrap_or_default())?;
        let libm = libm::init(mode)?;
        let models = Models::find(models)?;
        Ok(Self {
            models,
            identity: identity(&libm),
        })
    }
}

/// The identity of this process. Library and models were compared with their pinned digests before they were used.
fn identity(libm: &LibmStatus) -> Identity {
    let digest = |text: &str| {
        text.parse::<FileDigest>()
            .expect("pinned digests are digests")
    };
    let rule = Rule::default();
    Identity {
        kinitro: env!("CARGO_PKG_VERSION").to_owned(),
        engine: EngineIdentity {
            version: MUJOCO_VERSION.to_owned(),
            library: digest(LIBRARY_SHA256),
        },
        libm: match libm.mode {
            LibmMode::Pinned => LibmIdentity::Pinned(libm.crate_version.to_owned()),
            LibmMode::Host => LibmIdentity::Host(libm.fingerprint),
        },
        assets: digest(MODELS_DIGEST),
        generator: GENERATOR,
        render_spec: RENDER_SPEC,
        meshes: meshes_digest(),
        protocol: v3::VERSION,
        scoring: ScoringIdentity {
            rule: rule.to_string(),
            version: rule.version(),
        },
    }
}
