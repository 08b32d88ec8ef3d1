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
#[cfg(feature = "gl")]
pub mod gl;
pub mod handles;
pub mod libm;
pub mod library;
mod locale;
mod shared;
pub mod surfaces;
pub mod visual;

use std::path::Path;
use std::sync::Arc;

use mujoco_rs::wrappers::fun::utility::mju_axis_angle_2_quat;
use mujoco_rs::wrappers::mj_data::{MjData, MjtState};
use mujoco_rs::wrappers::mj_model::{MjModel, MjtJoint, MjtObjBase};

use crate::Error;
use errors::Warnings;
pub use fields::ModelNumbers;
use fields::Pristine;
use handles::{BodyId, ElementKind, GeomId, JointId, SiteId};
use shared::SharedModel;

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
    pub(super) data: MjData<SharedModel>,
    /// The model as the engine has compiled it, with the meshes that duplicates share.
    compiled: Arc<MjModel>,
    pristine: Pristine,
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

/// Two geoms that touch or nearly do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contact {
    /// The geoms, in the engine's order.
    pub geoms: [GeomId; 2],
    /// How deep they are in each other, meters; negative for a gap inside the engine's detection margin.
    pub depth: f64,
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
        let mut model = compiled.map_err(|reason| Error::CompileModel {
            path: xml.to_owned(),
            source: CompileError {
                message: reason.to_string(),
            },
        })?;
        let pristine = Pristine::of(&mut model);
        let compiled = Arc::new(model);
        let mut physics = Self {
            data: MjData::new(SharedModel::of(Arc::clone(&compiled))),
            compiled,
            pristine,
            fault: None,
        };
        physics.forward();
        physics.check()?;
        Ok(physics)
    }

    /// Another simulation of the same model with every field that can be changed at its compiled value, at the state after loading:
    /// as good as [`load`](Self::load)ed again, without compiling anything. What [`set_weld_pose`](Self::set_weld_pose) wrote is
    /// not kept.
    ///
    /// Meshes are shared with the original: it takes half a megabyte with Meta-World's models, not twenty.
    ///
    /// # Errors
    /// [`Error::Engine`].
    pub fn duplicate(&self) -> Result<Self, Error> {
        let mut physics = Self {
            data: MjData::new(SharedModel::of(Arc::clone(&self.compiled))),
            compiled: Arc::clone(&self.compiled),
            pristine: self.pristine.clone(),
            fault: None,
        };
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
    fn drive(&mut self, calls: impl FnOnce(&mut MjData<SharedModel>) + Copy) {
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

    /// A body and all that hang on it.
    pub fn subtree(&self, root: BodyId) -> impl Iterator<Item = BodyId> {
        let parents = self.model().body_parentid();
        // Bodies are numbered depth first: a subtree ends at the first body whose parent comes before the root.
        let below = (root.0 + 1..parents.len()).take_while(move |&body| {
            usize::try_from(parents[body]).is_ok_and(|parent| parent >= root.0)
        });
        std::iter::once(root).chain(below.map(BodyId))
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

    /// The smallest box along the axes of the world that holds the bounding box of a geom, which is aligned with the geom:
    /// lower and upper corner.
    pub fn geom_bounds(&self, geom: GeomId) -> [[f64; 3]; 2] {
        // Center and half-widths in the frame of the geom.
        let local = self.model().geom_aabb()[geom.0];
        let (position, rotation) = (self.geom_position(geom), self.geom_rotation(geom));
        let mut bounds = [position; 2];
        for axis in 0..3 {
            let row = &rotation[3 * axis..][..3];
            let center = row[0] * local[0] + row[1] * local[1] + row[2] * local[2];
            let half = row[0].abs() * local[3] + row[1].abs() * local[4] + row[2].abs() * local[5];
            bounds[0][axis] += center - half;
            bounds[1][axis] += center + half;
        }
        bounds
    }

    /// Contact points of the last computation that saw contacts; a pair of geoms may have several.
    pub fn contacts(&self) -> impl Iterator<Item = Contact> {
        self.data.contact().iter().filter_map(|contact| {
            let geom = |id: i32| usize::try_from(id).ok().map(GeomId);
            Some(Contact {
                geoms: [geom(contact.geom[0])?, geom(contact.geom[1])?],
                depth: -contact.dist,
            })
        })
    }

    /// The body without parent that a body hangs on: the same for all parts of a robot.
    pub fn root_of_body(&self, body: BodyId) -> BodyId {
        BodyId(address(self.model().body_rootid()[body.0]))
    }

    /// The body without parent that a geom hangs on.
    pub fn root_of_geom(&self, geom: GeomId) -> BodyId {
        self.root_of_body(BodyId(address(self.model().geom_bodyid()[geom.0])))
    }

    /// Name of the body that a geom is a part of; empty if it has none.
    pub fn body_name_of(&self, geom: GeomId) -> &str {
        let body = address(self.model().geom_bodyid()[geom.0]);
        let name = self.model().id_to_name(MjtObjBase::mjOBJ_BODY, body);
        name.unwrap_or_default()
    }

    /// Whether the bounding spheres of two bounded geoms (all but planes) are near enough for a contact, whatever its margin:
    /// `false` says for sure that there is none. Needs poses only.
    pub fn may_touch(&self, first: GeomId, second: GeomId) -> bool {
        let model = self.model();
        let reach = |geom: GeomId| model.geom_rbound()[geom.0] + model.geom_margin()[geom.0];
        let [a, b] = [first, second].map(|geom| self.geom_position(geom));
        let square: f64 = (0..3)
            .map(|axis| (a[axis] - b[axis]) * (a[axis] - b[axis]))
            .sum();
        // A hundredth more than the engine's own bound, which rounds in another order.
        let limit = 1.01 * (reach(first) + reach(second));
        square <= limit * limit
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

    /// Cosine and sine of the angle of a hinge, as the engine itself computes them ([`libm`]).
    pub fn hinge_cos_sin(&self, joint: JointId) -> [f64; 2] {
        let angle = self.qpos()[self.joint_qpos_address(joint)];
        let mut quaternion = [0.0; 4];
        // A quaternion holds cosine and sine of half the angle; doubling and halving are exact.
        mju_axis_angle_2_quat(&mut quaternion, &[1.0, 0.0, 0.0], 2.0 * angle);
        [quaternion[0], quaternion[1]]
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

    /// Overwrites `snapshot`, taken from the same model before, with the present state. Allocates nothing.
    ///
    /// # Panics
    /// If the snapshot is of a model with a larger state.
    pub fn save(&self, snapshot: &mut Snapshot) {
        self.data
            .read_state_into(INTEGRATION_STATE, &mut snapshot.0);
    }

    /// Goes back to a state taken from the same model, and brings everything that follows from it up to date.
    ///
    /// # Errors
    /// [`Error::ForeignSnapshot`] if the snapshot is of a model of another size; nothing is changed then.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<(), Error> {
        self.resume(snapshot)?;
        self.forward();
        self.check()
    }

    /// Goes back to a state taken from the same model. What follows from it comes at the next computation; stepping goes on
    /// to the bit as it would have from there.
    ///
    /// # Errors
    /// [`Error::ForeignSnapshot`] if the snapshot is of a model of another size; nothing is changed then.
    pub fn resume(&mut self, snapshot: &Snapshot) -> Result<(), Error> {
        let expected = self.model().state_size(INTEGRATION_STATE);
        let found = snapshot.0.len();
        if found != expected || self.data.set_state(&snapshot.0, INTEGRATION_STATE).is_err() {
            return Err(Error::ForeignSnapshot { found, expected });
        }
        Ok(())
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
    usize::try_from(value).expect("every joint has an address in the state, every geom a body")
}

#[cfg(test)]
mod tests;
