//! What can go wrong in the simulator.

use std::io;
use std::path::PathBuf;

use kinitro_core::digest::FileDigest;
use kinitro_core::ids::EnvId;
use kinitro_core::protocol::policy::CameraName;
use kinitro_core::record::outcome::Outcome;

use crate::assets::Asset;
use crate::physics::CompileError;
use crate::physics::handles::ElementKind;
use crate::physics::libm::LibmMode;

/// Why an operation of the simulator failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// MuJoCo refused a model file.
    #[error("cannot compile model `{path}`")]
    CompileModel {
        /// The MJCF file.
        path: PathBuf,
        /// What MuJoCo said.
        #[source]
        source: CompileError,
    },
    /// A compiled model has no element of that name.
    #[error("the model has no {kind} named `{name}`")]
    UnknownElement {
        /// Body, site, geom or joint.
        kind: ElementKind,
        /// The name that was asked for.
        name: String,
    },
    /// A compiled model is not the Sawyer scene that an environment needs.
    #[error("the model has {found} {what}, but the environment needs {expected}")]
    UnsuitableModel {
        /// What was counted, for example `mocap bodies`.
        what: &'static str,
        /// How many the model has.
        found: usize,
        /// How many are needed.
        expected: usize,
    },
    /// A snapshot was taken from a model of another size.
    #[error("the snapshot holds {found} numbers, but a state of this model has {expected}")]
    ForeignSnapshot {
        /// Length of the snapshot.
        found: usize,
        /// Length of a state of the model.
        expected: usize,
    },
    /// A placement vector has the wrong length for its task.
    #[error("task `{task}` is placed by {expected} numbers, not {found}")]
    DrawLength {
        /// The task, for example `drawer-open-v3`.
        task: &'static str,
        /// Length of the vector that was given.
        found: usize,
        /// Length of the vectors that the task takes.
        expected: usize,
    },
    /// A placement vector holds an infinite number or one that is none.
    #[error("number {index} of the placement of task `{task}` is `{value}`")]
    DrawNotFinite {
        /// The task, for example `drawer-open-v3`.
        task: &'static str,
        /// Position in the vector.
        index: usize,
        /// The offending number.
        value: f64,
    },
    /// A placement or a copy was given to an environment of another task.
    #[error("what is of task `{task}` has no place in an environment of `{environment}`")]
    ForeignTask {
        /// The task of the placement or of the copy, for example `drawer-open-v3`.
        task: &'static str,
        /// The task of the environment.
        environment: &'static str,
    },
    /// An action holds an infinite number or one that is none.
    #[error("component {index} of the action is `{value}`")]
    ActionNotFinite {
        /// Position in the action.
        index: usize,
        /// The offending number.
        value: f32,
    },
    /// The time limit of the episode has been reached; reset first.
    #[error("the episode is over after {limit} steps")]
    EpisodeOver {
        /// The time limit, in control steps.
        limit: u32,
    },
    /// No family has the environment.
    #[error("unknown environment `{id}`")]
    UnknownEnv {
        /// The id that was asked for.
        id: EnvId,
    },
    /// A scene left the numbers before anybody acted in it; no policy answers for that.
    #[error("the simulation of `{env}` diverged while its scene came to rest")]
    SceneDiverged {
        /// The environment.
        env: EnvId,
    },
    /// Every placement that was tried touches the robot; the task's box is at fault.
    #[error("no placement of `{env}` leaves the robot free")]
    SceneObstructed {
        /// The environment.
        env: EnvId,
    },
    /// An action was given to an evaluated episode that has ended.
    #[error("the episode has ended with outcome `{outcome}`")]
    EpisodeFinished {
        /// How it ended.
        outcome: Outcome,
    },
    /// The record of an evaluated episode was asked for before its end.
    #[error("the episode is still running after {steps} steps")]
    EpisodeRunning {
        /// Control steps taken.
        steps: u16,
    },
    /// An action was given before the first reset.
    #[error("the environment has not been reset yet")]
    NotReset,
    /// An action was given to an environment of a batch whose episode has ended, and which resets only when it is told to.
    #[error("the episode has ended, and the environment has not been reset since")]
    AwaitsReset,
    /// An environment of a batch could not do what it was asked for.
    #[error("environment {index} of the batch failed")]
    InMember {
        /// Which one.
        index: usize,
        /// Why.
        source: Box<Error>,
    },
    /// A batch was asked for without environments.
    #[error("a batch needs at least one environment")]
    EmptyBatch,
    /// A batch has no environment of that number.
    #[error("no environment {index} in a batch of {len}")]
    UnknownMember {
        /// What was asked for.
        index: usize,
        /// How many there are.
        len: usize,
    },
    /// A buffer of a batch does not have the length that its rows need.
    #[error("the buffer of {what} holds {found} numbers, not {expected}")]
    BufferLength {
        /// What the buffer is for.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length that is needed.
        expected: usize,
    },
    /// An environment of a batch was sent an action before its last one had been received.
    #[error("environment {index} of the batch has not been received since it was last sent")]
    MemberBusy {
        /// Which one.
        index: usize,
    },
    /// The placements of a member of a batch are an empty list.
    #[error("environment {index} of the batch has no placements to start from")]
    NoPlacements {
        /// Which one.
        index: usize,
    },
    /// The system started no further thread.
    #[error("cannot start a thread")]
    StartThread {
        /// What the system said.
        source: std::io::Error,
    },
    /// MuJoCo raised an error in the middle of a call.
    #[error("engine error: {message}")]
    Engine {
        /// What MuJoCo said.
        message: String,
    },
    /// The mathematical functions cannot be pinned on this platform.
    #[error(
        "the mathematics of libmujoco can be pinned on x86-64 Linux only, this is `{platform}`"
    )]
    LibmUnsupported {
        /// Architecture and operating system, for example `aarch64-macos`.
        platform: String,
    },
    /// The mode was fixed by an earlier call in this process.
    #[error(
        "libm mode `{requested}` was requested, but this process already runs in mode `{fixed}`"
    )]
    LibmModeFixed {
        /// The mode of this process.
        fixed: LibmMode,
        /// The mode that was asked for.
        requested: LibmMode,
    },
    /// An operation that counts needs the pinned functions.
    #[error("the mathematics of libmujoco is not pinned in this process")]
    LibmNotPinned,
    /// The loaded library is not built as the pinned release is.
    #[error("cannot bind the mathematics of libmujoco: {reason}")]
    LibmBinding {
        /// What was found.
        reason: String,
    },
    /// A bound function gave other bits than it must.
    #[error("libmujoco computes `{function}` as {found:#018x} where it must be {expected:#018x}")]
    LibmSelfCheck {
        /// The function, or the engine function that calls it.
        function: &'static str,
        /// Bits of the right result.
        expected: u64,
        /// Bits of the result.
        found: u64,
    },
    /// The library or a model file is not on this machine.
    #[error("the {} cannot be found on this machine{}; run `kinitro assets install`", .asset.name(), places(.searched))]
    AssetMissing {
        /// What was looked for.
        asset: Asset,
        /// Where it could have been.
        searched: Vec<PathBuf>,
    },
    /// A file has other contents than the pinned release.
    #[error("`{}` is not a file of the {}; run `kinitro assets install`", .path.display(), .asset.name())]
    AssetMismatch {
        /// What it should belong to.
        asset: Asset,
        /// The file.
        path: PathBuf,
    },
    /// A file is there, but cannot be read.
    #[error("cannot read `{}`; make it readable or run `kinitro assets install`", .path.display())]
    AssetUnreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A mesh or a scene cannot be drawn.
    #[error("the scene cannot be drawn: it has {reason}")]
    UnsuitableMesh {
        /// What is wrong, for example `a coordinate that is not finite`.
        reason: &'static str,
    },
    /// This machine computes something else than the machine on which the image specification was written.
    #[error("mesh `{mesh}` comes out differently here than the image specification says")]
    MeshMismatch {
        /// Digest of the mesh in the model.
        mesh: FileDigest,
    },
    /// A scene lacks a camera.
    #[error("the model has no camera for the view `{name}`")]
    UnknownCamera {
        /// The public name that was asked for.
        name: CameraName,
    },
    /// A picture is too small or too large to be drawn.
    #[error("a picture of `{width}` × `{height}` pixels cannot be drawn: sides must be 16 to 1024")]
    UnsupportedImageSize {
        /// Pixels per row.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// The buffer for a picture has the wrong length.
    #[error("the buffer for the picture has {found} bytes, but the picture has {expected}")]
    ImageLength {
        /// Length of the buffer.
        found: usize,
        /// Length of the picture.
        expected: usize,
    },
    /// MuJoCo's OpenGL renderer has nothing to draw with.
    #[error("cannot draw with OpenGL: {reason}")]
    GlUnavailable {
        /// What is missing, and how to get it.
        reason: String,
    },
    /// EGL lists no device of that number.
    #[error("there is no OpenGL device {device}; this machine has {}", list_devices(.devices))]
    UnknownGlDevice {
        /// The number that was asked for.
        device: usize,
        /// The names of those there are.
        devices: Vec<String>,
    },
    /// Poses or view were made for another scene.
    #[error("the poses or the view belong to another scene")]
    ForeignPoses,
}

fn list_devices(devices: &[String]) -> String {
    let numbered = devices.iter().enumerate();
    let list: Vec<String> = numbered
        .map(|(number, name)| format!("{number} (`{name}`)"))
        .collect();
    match &list[..] {
        [] => "none".to_owned(),
        _ => list.join(", "),
    }
}

fn places(searched: &[PathBuf]) -> String {
    let names: Vec<String> = searched
        .iter()
        .map(|path| format!("`{}`", path.display()))
        .collect();
    if names.is_empty() {
        String::new()
    } else {
        format!(" (looked for {})", names.join(", "))
    }
}
