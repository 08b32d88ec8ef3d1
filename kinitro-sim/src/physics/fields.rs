//! Model fields that may be changed after compilation, and the way back.

use mujoco_rs::wrappers::mj_data::MjData;
use mujoco_rs::wrappers::mj_model::{MjModel, MjtEq};

use super::Physics;
use super::handles::{BodyId, GeomId, JointId, SiteId};

/// Width of one row of `eq_data` that describes a weld: anchor (3), relative position (3), relative quaternion (4),
/// torque scale (1), and whether `mj_setConst` may recompute the relative pose (1).
const WELD_ROW: usize = 12;

impl Physics {
    /// Position of a body in the frame of its parent.
    pub fn model_body_position(&self, body: BodyId) -> [f64; 3] {
        self.model().body_pos()[body.0]
    }

    /// Moves a body in the frame of its parent.
    pub fn set_model_body_position(&mut self, body: BodyId, position: [f64; 3]) {
        self.model_mut().body_pos_mut()[body.0] = position;
    }

    /// Position of a site in the frame of its body.
    pub fn model_site_position(&self, site: SiteId) -> [f64; 3] {
        self.model().site_pos()[site.0]
    }

    /// Moves a site in the frame of its body. MuJoCo ignores this where the site was compiled at the origin of its body.
    pub fn set_model_site_position(&mut self, site: SiteId, position: [f64; 3]) {
        self.model_mut().site_pos_mut()[site.0] = position;
    }

    /// Sliding, torsional and rolling friction of a geom.
    pub fn friction(&self, geom: GeomId) -> [f64; 3] {
        self.model().geom_friction()[geom.0]
    }

    /// Sets sliding, torsional and rolling friction of a geom.
    pub fn set_friction(&mut self, geom: GeomId, friction: [f64; 3]) {
        self.model_mut().geom_friction_mut()[geom.0] = friction;
    }

    /// Damping of the first degree of freedom of a joint, in N·s/m or N·m·s.
    pub fn dof_damping(&self, joint: JointId) -> f64 {
        self.model().dof_damping()[self.joint_dof_address(joint)]
    }

    /// Sets the damping of the first degree of freedom of a joint, in N·s/m or N·m·s.
    pub fn set_dof_damping(&mut self, joint: JointId, damping: f64) {
        let dof = self.joint_dof_address(joint);
        self.model_mut().dof_damping_mut()[dof] = damping;
    }

    /// Sets sliding, torsional and rolling friction of every geom to `factor` times their compiled values.
    pub fn scale_friction(&mut self, factor: f64) {
        let scale = |friction: &[f64; 3]| friction.map(|coefficient| coefficient * factor);
        let scaled: Box<[_]> = self.pristine.geom_friction.iter().map(scale).collect();
        self.model_mut()
            .geom_friction_mut()
            .copy_from_slice(&scaled);
    }

    /// Sets the damping of every degree of freedom to `factor` times its compiled value.
    pub fn scale_damping(&mut self, factor: f64) {
        let scale = |damping: &f64| damping * factor;
        let scaled: Box<[_]> = self.pristine.dof_damping.iter().map(scale).collect();
        self.model_mut().dof_damping_mut().copy_from_slice(&scaled);
    }

    /// Acceleration by gravity, world frame, m/s².
    pub fn gravity(&self) -> [f64; 3] {
        self.model().opt().gravity
    }

    /// Tilts the compiled gravity, which points straight down: `angle` from the vertical, toward `azimuth` as seen from above,
    /// counted from x toward y. Radians.
    pub fn tilt_gravity(&mut self, angle: f64, azimuth: f64) {
        let strength = -self.pristine.gravity[2];
        let sideways = strength * libm::sin(angle);
        self.model_mut().opt_mut().gravity = [
            sideways * libm::cos(azimuth),
            sideways * libm::sin(azimuth),
            -strength * libm::cos(angle),
        ];
    }

    /// Time constant with which a contact of two geoms like this one pushes them apart, seconds.
    pub fn contact_time(&self, geom: GeomId) -> f64 {
        self.model().geom_solref()[geom.0][0]
    }

    /// Sets the time constant of contacts of every geom to `factor` times its compiled value: contacts become harder below 1,
    /// softer above. Geoms that give stiffness and damping instead (negative numbers in MuJoCo's `solref`) are left as they are.
    pub fn scale_contact_time(&mut self, factor: f64) {
        let scale =
            |&[time, ratio]: &[f64; 2]| [if time > 0.0 { time * factor } else { time }, ratio];
        let scaled: Box<[_]> = self.pristine.geom_solref.iter().map(scale).collect();
        self.model_mut().geom_solref_mut().copy_from_slice(&scaled);
    }

    /// Mass of a body without its children, in kg.
    pub fn body_mass(&self, body: BodyId) -> f64 {
        self.model().body_mass()[body.0]
    }

    /// Sets mass and inertia of a body to `factor` times their compiled values.
    /// [`set_constants`](Self::set_constants) must follow before the next step.
    pub fn scale_body_mass(&mut self, body: BodyId, factor: f64) {
        let mass = self.pristine.body_mass[body.0] * factor;
        let inertia = self.pristine.body_inertia[body.0].map(|moment| moment * factor);
        let model = self.model_mut();
        model.body_mass_mut()[body.0] = mass;
        model.body_inertia_mut()[body.0] = inertia;
    }

    /// Color of a geom without material, red, green, blue, opacity in `[0, 1]`.
    pub fn geom_color(&self, geom: GeomId) -> [f32; 4] {
        self.model().geom_rgba()[geom.0]
    }

    /// Sets the color of a geom without material.
    pub fn set_geom_color(&mut self, geom: GeomId, rgba: [f32; 4]) {
        self.model_mut().geom_rgba_mut()[geom.0] = rgba;
    }

    /// Recomputes what follows from masses and from the default pose (`mj_setConst`).
    /// The state is left in the default pose: [`reset_data`](Self::reset_data) must follow.
    ///
    /// Bodies must stand where they were compiled: what follows from their places is not put back.
    pub fn set_constants(&mut self) {
        self.drive(MjData::set_const);
    }

    /// The model's numbers as they are.
    pub fn model_numbers(&mut self) -> ModelNumbers {
        ModelNumbers::of(self.model_mut())
    }

    /// Overwrites `numbers`, taken from the same model before, with the model's numbers as they are. Allocates nothing.
    pub fn read_model_numbers(&mut self, numbers: &mut ModelNumbers) {
        numbers.read(self.model_mut());
    }

    /// Puts numbers that were taken from the same model, or a duplicate, back in force. Allocates nothing.
    pub fn write_model_numbers(&mut self, numbers: &ModelNumbers) {
        numbers.write_to(self.model_mut());
    }

    /// Puts every model field that can be changed back to its compiled value, derived constants included.
    /// After that, and [`reset_data`](Self::reset_data), the object is as good as newly loaded.
    pub fn restore_pristine(&mut self) {
        // SAFETY: only numbers in arrays of fixed length are written.
        let model = unsafe { self.data.model_mut() };
        self.pristine.numbers.write_to(model);
        model
            .geom_rgba_mut()
            .copy_from_slice(&self.pristine.geom_rgba);
    }

    /// Fixes the pose that every weld keeps between its two bodies: no offset, `quaternion` `(w, x, y, z)` between them,
    /// and the weight of rotation against translation. The last slot of the row is cleared, so that
    /// [`set_constants`](Self::set_constants) leaves the pose alone.
    pub fn set_weld_pose(&mut self, quaternion: [f64; 4], torque_scale: f64) {
        let mut row = [0.0; WELD_ROW];
        row[6..10].copy_from_slice(&quaternion);
        row[10] = torque_scale;
        let model = self.model_mut();
        for index in 0..model.eq_type().len() {
            if model.eq_type()[index] == MjtEq::mjEQ_WELD {
                // SAFETY: the row of a weld holds numbers only, no index or address.
                let rows = unsafe { model.eq_data_mut() };
                rows[index][..WELD_ROW].copy_from_slice(&row);
            }
        }
    }
}

/// The compiled model: the way back, and what factors apply to.
#[derive(Debug, Clone)]
pub(super) struct Pristine {
    numbers: ModelNumbers,
    body_mass: Box<[f64]>,
    body_inertia: Box<[[f64; 3]]>,
    geom_friction: Box<[[f64; 3]]>,
    geom_solref: Box<[[f64; 2]]>,
    geom_rgba: Box<[[f32; 4]]>,
    dof_damping: Box<[f64]>,
    gravity: [f64; 3],
}

impl Pristine {
    pub(super) fn of(model: &mut MjModel) -> Self {
        Self {
            numbers: ModelNumbers::of(model),
            body_mass: model.body_mass().into(),
            body_inertia: model.body_inertia().into(),
            geom_friction: model.geom_friction().into(),
            geom_solref: model.geom_solref().into(),
            geom_rgba: model.geom_rgba().into(),
            dof_damping: model.dof_damping().into(),
            gravity: model.opt().gravity,
        }
    }
}

/// The model's numbers that episodes change, and those that follow from them: a few kilobytes. Meshes and textures, which
/// make up the rest of a model, are never changed.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelNumbers(Box<[f64]>);

/// One array of a model.
type Array = fn(&mut MjModel) -> &mut [f64];

/// Where furniture and markers stand, and what a level of randomization varies.
const CHOSEN: [Array; 8] = [
    |model| model.body_pos_mut().as_flattened_mut(),
    |model| model.site_pos_mut().as_flattened_mut(),
    |model| model.geom_friction_mut().as_flattened_mut(),
    |model| model.geom_solref_mut().as_flattened_mut(),
    |model| &mut model.opt_mut().gravity,
    |model| model.dof_damping_mut(),
    |model| model.body_mass_mut(),
    |model| model.body_inertia_mut().as_flattened_mut(),
];

/// What `mj_setConst` computes from them.
const DERIVED: [Array; 7] = [
    |model| model.body_subtreemass_mut(),
    |model| model.body_invweight0_mut().as_flattened_mut(),
    |model| model.dof_invweight0_mut(),
    |model| model.dof_m0_mut(),
    |model| model.actuator_acc0_mut(),
    |model| model.cam_poscom0_mut().as_flattened_mut(),
    |model| model.light_poscom0_mut().as_flattened_mut(),
];

impl ModelNumbers {
    fn of(model: &mut MjModel) -> Self {
        let arrays = CHOSEN.iter().chain(&DERIVED);
        Self(arrays.flat_map(|array| array(model).to_vec()).collect())
    }

    fn read(&mut self, model: &mut MjModel) {
        let mut rest = &mut *self.0;
        for array in CHOSEN.iter().chain(&DERIVED) {
            let array = array(model);
            let numbers = rest
                .split_off_mut(..array.len())
                .expect("models of one kind have arrays of one length");
            numbers.copy_from_slice(array);
        }
    }

    fn write_to(&self, model: &mut MjModel) {
        let mut rest = &*self.0;
        for array in CHOSEN.iter().chain(&DERIVED) {
            let array = array(model);
            let numbers = rest
                .split_off(..array.len())
                .expect("models of one kind have arrays of one length");
            array.copy_from_slice(numbers);
        }
    }
}
