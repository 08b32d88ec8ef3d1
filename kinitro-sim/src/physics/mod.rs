//! The only door to MuJoCo.
//!
//! [`Physics`] is one compiled model with its state. Lengths are meters, angles radians, times seconds, masses kilograms;
//! positions and rotations are in the world frame unless they are called local. Nothing here knows of tasks or rewards.

#![expect(
    unsafe_code,
    reason = "the border to the C library; no other module may cross it"
)]

pub mod errors;
mod fields;
pub mod float_mode;
pub mod handles;
pub mod libm;
pub mod library;
mod locale;
pub mod visual;

use std::path::Path;

use mujoco_rs::wrappers::mj_data::{MjData, MjtState};
use mujoco_rs::wrappers::mj_model::{MjModel, MjtJoint, MjtObjBase};

use crate::Error;
use errors::Warnings;
use fields::Pristine;
use handles::{BodyId, ElementKind, GeomId, JointId, SiteId};

/// What MuJoCo said when it refused a model.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct CompileError {
    message: String,
}

/// A compiled model, its present state, and the compiled values of every model field that can be changed.
///
/// Not shared between threads while it is used: one environment owns one `Physics`.
///
/// An error that the engine raises is kept: everything that would simulate does nothing from then on, until
/// [`check`](Self::check) hands the error out. So a sequence of calls needs one check at its end.
#[derive(Debug)]
pub struct Physics {
    pub(super) data: MjData<Box<MjModel>>,
    pristine: Pristine,
    /// Whether derived constants may differ from the compiled ones.
    constants_recomputed: bool,
    /// The first engine error since [`Physics::check`] was last called.
    fault: Option<Error>,
}

/// A copy of everything that decides how a simulation goes on (`mjSTATE_INTEGRATION`), solver warm start included.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot(Box<[f64]>);

/// How a body moves, in the world frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Velocity {
    /// m/s.
    pub linear: [f64; 3],
    /// rad/s.
    pub angular: [f64; 3],
}

const INTEGRATION_STATE: u32 = MjtState::mjSTATE_INTEGRATION as u32;

impl Physics {
    /// Compiles a model and computes its first forward pass.
    ///
    /// Numbers in the file are read with a decimal point whatever the locale of the process. The engine's mathematics is
    /// pinned first, unless [`libm::init`] has chosen a mode for this process before.
    ///
    /// # Errors
    /// [`Error::CompileModel`] if MuJoCo refuses the file; those of [`libm::init`].
    pub fn load(xml: &Path) -> Result<Self, Error> {
        errors::install();
        if libm::status().is_none() {
            libm::init(libm::LibmMode::Pinned)?;
        }
        let compiled = locale::with_c_numbers(|| MjModel::from_xml(xml));
        let model = compiled.map_err(|reason| Error::CompileModel {
            path: xml.to_owned(),
            source: CompileError {
                message: reason.to_string(),
            },
        })?;
        let pristine = Pristine::of(&model);
        let mut physics = Self {
            data: MjData::new(Box::new(model)),
            pristine,
            constants_recomputed: false,
            fault: None,
        };
        physics.forward();
        physics.check()?;
        Ok(physics)
    }

    /// Another simulation of the same model with every field that can be changed at its compiled value, at the state after loading:
    /// as good as [`load`](Self::load)ed again, in a tenth of the time. Only what [`set_weld_pose`](Self::set_weld_pose) wrote is kept.
    ///
    /// Takes as much memory as the model, since its numbers change from episode to episode: about 20 MB with Meta-World's meshes.
    ///
    /// # Errors
    /// [`Error::Engine`].
    pub fn duplicate(&self) -> Result<Self, Error> {
        let mut physics = Self {
            data: MjData::new(Box::new(self.model().clone())),
            pristine: self.pristine.clone(),
            constants_recomputed: self.constants_recomputed,
            fault: None,
        };
        physics.restore_pristine();
        physics.reset_data();
        physics.forward();
        physics.check()?;
        Ok(physics)
    }

    /// Whether everything since the last check was computed.
    ///
    /// # Errors
    /// [`Error::Engine`] if not; the state has been reset then, as by [`reset_data`](Self::reset_data).
    pub fn check(&mut self) -> Result<(), Error> {
        match self.fault.take() {
            None => Ok(()),
            Some(fault) => {
                self.reset_data();
                Err(fault)
            }
        }
    }

    /// Runs engine calls, unless earlier ones have failed.
    fn drive(&mut self, calls: impl FnOnce(&mut MjData<Box<MjModel>>) + Copy) {
        if self.fault.is_none() {
            let data = &mut self.data;
            // SAFETY: the closures below call one method each of `MjData`, which passes two pointers to the engine and has
            // nothing to drop; `check` resets the data before it is used again.
            self.fault = unsafe { errors::guard(|| calls(data)) }.err();
        }
    }

    /// Looks up a body.
    ///
    /// # Errors
    /// [`Error::UnknownElement`] if there is none of that name.
    pub fn body(&self, name: &str) -> Result<BodyId, Error> {
        self.find(ElementKind::Body, name).map(BodyId)
    }

    /// Looks up a site.
    ///
    /// # Errors
    /// [`Error::UnknownElement`] if there is none of that name.
    pub fn site(&self, name: &str) -> Result<SiteId, Error> {
        self.find(ElementKind::Site, name).map(SiteId)
    }

    /// Looks up a geom.
    ///
    /// # Errors
    /// [`Error::UnknownElement`] if there is none of that name.
    pub fn geom(&self, name: &str) -> Result<GeomId, Error> {
        self.find(ElementKind::Geom, name).map(GeomId)
    }

    /// Looks up a joint.
    ///
    /// # Errors
    /// [`Error::UnknownElement`] if there is none of that name.
    pub fn joint(&self, name: &str) -> Result<JointId, Error> {
        self.find(ElementKind::Joint, name).map(JointId)
    }

    /// All bodies, the world first.
    pub fn bodies(&self) -> impl Iterator<Item = BodyId> + use<> {
        (0..self.model().body_mass().len()).map(BodyId)
    }

    /// All geoms.
    pub fn geoms(&self) -> impl Iterator<Item = GeomId> + use<> {
        (0..self.model().geom_rgba().len()).map(GeomId)
    }

    /// All sites.
    pub fn sites(&self) -> impl Iterator<Item = SiteId> + use<> {
        (0..self.model().site_rgba().len()).map(SiteId)
    }

    /// All joints.
    pub fn joints(&self) -> impl Iterator<Item = JointId> + use<> {
        (0..self.model().jnt_qposadr().len()).map(JointId)
    }

    fn find(&self, kind: ElementKind, name: &str) -> Result<usize, Error> {
        let object = match kind {
            ElementKind::Body => MjtObjBase::mjOBJ_BODY,
            ElementKind::Site => MjtObjBase::mjOBJ_SITE,
            ElementKind::Geom => MjtObjBase::mjOBJ_GEOM,
            ElementKind::Joint => MjtObjBase::mjOBJ_JOINT,
        };
        // A name with a zero byte cannot be in a model, and the look-up would panic on it.
        let found = if name.contains('\0') {
            None
        } else {
            self.model().name_to_id(object, name)
        };
        found.ok_or_else(|| Error::UnknownElement {
            kind,
            name: name.to_owned(),
        })
    }
}

/// Poses and contacts, as the last computation left them.
impl Physics {
    /// Position of a body frame.
    pub fn body_position(&self, body: BodyId) -> [f64; 3] {
        self.data.xpos()[body.0]
    }

    /// Orientation of a body frame, `(w, x, y, z)`.
    pub fn body_quaternion(&self, body: BodyId) -> [f64; 4] {
        self.data.xquat()[body.0]
    }

    /// Orientation of a body frame, row-major.
    pub fn body_rotation(&self, body: BodyId) -> [f64; 9] {
        self.data.xmat()[body.0]
    }

    /// Velocity of the origin of a body frame.
    ///
    /// Of the present generalized velocities and the last kinematics; nothing is changed by asking.
    pub fn body_velocity(&self, body: BodyId) -> Velocity {
        // Row-major, `[3, nv]` each: what a unit of each generalized velocity does to the body.
        let (linear, angular) = self.data.jac_body(true, true, body.0);
        let speeds = self.qvel();
        let times_speeds = |jacobian: &[f64]| {
            let mut velocity = [0.0; 3];
            for (component, row) in velocity
                .iter_mut()
                .zip(jacobian.chunks_exact(speeds.len().max(1)))
            {
                *component = row
                    .iter()
                    .zip(speeds)
                    .map(|(entry, speed)| entry * speed)
                    .sum();
            }
            velocity
        };
        Velocity {
            linear: times_speeds(&linear),
            angular: times_speeds(&angular),
        }
    }

    /// Position of a site.
    pub fn site_position(&self, site: SiteId) -> [f64; 3] {
        self.data.site_xpos()[site.0]
    }

    /// Orientation of a site, row-major.
    pub fn site_rotation(&self, site: SiteId) -> [f64; 9] {
        self.data.site_xmat()[site.0]
    }

    /// Position of a geom.
    pub fn geom_position(&self, geom: GeomId) -> [f64; 3] {
        self.data.geom_xpos()[geom.0]
    }

    /// Orientation of a geom, row-major.
    pub fn geom_rotation(&self, geom: GeomId) -> [f64; 9] {
        self.data.geom_xmat()[geom.0]
    }

    /// Sum of the first constraint forces of all contacts between two geoms, in newtons. With elliptic friction cones that is
    /// the normal force.
    ///
    /// Contacts that carry no constraint (inside the detection gap) count for nothing.
    pub fn first_row_contact_force(&self, first: GeomId, second: GeomId) -> f64 {
        // SAFETY: `efc_force` is initialized wherever `nefc` says that there are rows, since every public method that
        // builds constraints (`step`, `forward`) also solves them.
        let forces = unsafe { self.data.efc_force() };
        let touches =
            |geom: GeomId, pair: [i32; 2]| pair.iter().any(|&id| usize::try_from(id) == Ok(geom.0));
        let mut sum = 0.0;
        for contact in self.data.contact() {
            if touches(first, contact.geom) && touches(second, contact.geom) {
                let row = usize::try_from(contact.efc_address).ok();
                sum += row.and_then(|row| forces.get(row)).copied().unwrap_or(0.0);
            }
        }
        sum
    }
}

/// The state of the simulation.
impl Physics {
    /// Generalized positions, `[nq]`.
    pub fn qpos(&self) -> &[f64] {
        self.data.qpos()
    }

    /// Generalized velocities, `[nv]`.
    pub fn qvel(&self) -> &[f64] {
        self.data.qvel()
    }

    /// Overwrites generalized positions from index `start` on. Kinematics follow at the next [`forward`](Self::forward).
    pub fn set_qpos(&mut self, start: usize, values: &[f64]) {
        self.data.qpos_mut()[start..start + values.len()].copy_from_slice(values);
    }

    /// Overwrites generalized velocities from index `start` on.
    pub fn set_qvel(&mut self, start: usize, values: &[f64]) {
        self.data.qvel_mut()[start..start + values.len()].copy_from_slice(values);
    }

    /// Where the positions of a joint begin in [`qpos`](Self::qpos).
    pub fn joint_qpos_address(&self, joint: JointId) -> usize {
        address(self.model().jnt_qposadr()[joint.0])
    }

    /// Where the velocities of a joint begin in [`qvel`](Self::qvel).
    pub fn joint_dof_address(&self, joint: JointId) -> usize {
        address(self.model().jnt_dofadr()[joint.0])
    }

    /// Where the positions of the first free joint begin in [`qpos`](Self::qpos), if the model has one.
    pub fn free_joint_qpos_address(&self) -> Option<usize> {
        let model = self.model();
        let free = model
            .jnt_type()
            .iter()
            .position(|&kind| kind == MjtJoint::mjJNT_FREE)?;
        Some(address(model.jnt_qposadr()[free]))
    }

    /// Simulated seconds since the data was last reset.
    pub fn time(&self) -> f64 {
        self.data.time()
    }

    /// Number of bodies that are moved from outside.
    pub fn mocap_count(&self) -> usize {
        self.data.mocap_pos().len()
    }

    /// Number of controls.
    pub fn control_count(&self) -> usize {
        self.data.ctrl().len()
    }

    /// Commanded position of the first mocap body.
    pub fn mocap_position(&self) -> [f64; 3] {
        self.data.mocap_pos()[0]
    }

    /// Commands the position of the first mocap body.
    pub fn set_mocap_position(&mut self, position: [f64; 3]) {
        self.data.mocap_pos_mut()[0] = position;
    }

    /// Commanded orientation of the first mocap body, `(w, x, y, z)`, as it was set.
    pub fn mocap_quaternion(&self) -> [f64; 4] {
        self.data.mocap_quat()[0]
    }

    /// Commands the orientation of the first mocap body, `(w, x, y, z)`; MuJoCo normalizes it.
    pub fn set_mocap_quaternion(&mut self, quaternion: [f64; 4]) {
        self.data.mocap_quat_mut()[0] = quaternion;
    }

    /// Sets the first two controls; MuJoCo clamps them to their ranges.
    pub fn set_ctrl(&mut self, controls: [f64; 2]) {
        self.data.ctrl_mut()[..2].copy_from_slice(&controls);
    }

    /// Copies everything that decides how the simulation goes on.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot(self.data.state(INTEGRATION_STATE))
    }

    /// Goes back to a state taken from the same model, and brings everything that follows from it up to date.
    ///
    /// # Errors
    /// [`Error::ForeignSnapshot`] if the snapshot is of a model of another size; nothing is changed then.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<(), Error> {
        let expected = self.model().state_size(INTEGRATION_STATE);
        let found = snapshot.0.len();
        let foreign = Error::ForeignSnapshot { found, expected };
        if found != expected || self.data.set_state(&snapshot.0, INTEGRATION_STATE).is_err() {
            return Err(foreign);
        }
        self.forward();
        self.check()
    }

    /// How often the engine has warned since the data was last reset.
    pub fn warnings(&self) -> Warnings {
        Warnings::of(self.data.ffi())
    }
}

/// Time.
impl Physics {
    /// Advances the simulation by `count` time steps of the model.
    ///
    /// The kinematics afterwards belong to the start of the last time step; [`forward`](Self::forward) refreshes them.
    pub fn step(&mut self, count: usize) {
        self.drive(|data| {
            for _ in 0..count {
                data.step();
            }
        });
    }

    /// Computes kinematics, contacts and forces of the present state without advancing it.
    pub fn forward(&mut self) {
        self.drive(MjData::forward);
    }

    /// Computes poses (bodies, sites, geoms, cameras, lights) of the present state, without contacts and forces:
    /// a fiftieth of the cost of [`forward`](Self::forward), bit for bit the same poses.
    pub fn forward_kinematics(&mut self) {
        self.drive(MjData::forward_kinematics);
    }

    /// Puts the state (not the model) back to what it was after loading, time 0. Kinematics become stale.
    pub fn reset_data(&mut self) {
        self.drive(MjData::reset);
    }

    pub(super) fn model(&self) -> &MjModel {
        self.data.model()
    }

    /// The model, for writing numbers. Callers must not exchange it or touch sizes, indices or addresses.
    fn model_mut(&mut self) -> &mut MjModel {
        // SAFETY: private, and every caller writes numbers into arrays of fixed length only.
        unsafe { self.data.model_mut() }
    }
}

fn address(value: i32) -> usize {
    usize::try_from(value).expect("every joint has an address in the state")
}

#[cfg(test)]
mod tests;
