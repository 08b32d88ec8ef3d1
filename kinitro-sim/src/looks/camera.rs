//! How cameras stand a little elsewhere than in the model.
//!
//! A camera is moved along its own axes (right, up, back) and then turned so that it looks at a point which is moved too: the one
//! straight ahead in the model, at the distance of what it is there to show. Then it is rolled about its new view axis.
//! Cameras of the hand keep doing what they do, from their new place.

use std::f64::consts::PI;

use kinitro_core::protocol::policy::CameraName;
use kinitro_core::record::scene::SceneGroup;
use kinitro_core::seed::Draws;

use super::Insert;
use crate::render::camera::View;
use crate::render::scene::{Pose, SceneModel};
use crate::render::vector::{add, cross, dot, normalized, scale, sub};

/// Field of view, as a multiple of the model's.
const FOV_SCALE: [f64; 2] = [0.9, 1.1];
/// Half-width of the shift of the point looked at along each axis, meters.
const AIM: f64 = 0.02;
/// Largest roll in either direction: two degrees, in radians.
const ROLL: f64 = 2.0 * PI / 180.0;

/// What is peculiar to a camera.
#[derive(Debug, PartialEq)]
struct Mount {
    camera: CameraName,
    /// Half-width of the shift along each axis, meters.
    shift: f64,
    /// How far ahead the point is that it looks at, meters.
    focus: f64,
}

const fn mount(camera: CameraName, shift: f64, focus: f64) -> Mount {
    Mount {
        camera,
        shift,
        focus,
    }
}

/// All cameras, in the order in which they are drawn. Public names that are not listed mean a camera that is.
///
/// The fixed ones look at the middle of the work space. The gripper's looks at the table beneath, the one behind it at the hand;
/// both are moved less than the others: they sit between parts of the robot that two centimeters on would fill the picture.
static MOUNTS: [Mount; 7] = [
    mount(CameraName::Corner, 0.02, 1.5),
    mount(CameraName::Corner2, 0.02, 1.8),
    mount(CameraName::Corner3, 0.02, 1.8),
    mount(CameraName::Corner4, 0.02, 1.0),
    mount(CameraName::Topview, 0.02, 1.5),
    mount(CameraName::Gripper, 0.005, 0.25),
    mount(CameraName::BehindGripper, 0.005, 0.5),
];

/// One drawn camera.
///
/// | order | value |
/// |---|---|
/// | 1 | scale of the field of view |
/// | 2–4 | shift to the right, up, back |
/// | 5–7 | shift of the point looked at, along the same axes |
/// | 8 | roll, radians, counterclockwise seen from behind the camera |
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CameraLook {
    mount: &'static Mount,
    fov_scale: f64,
    shift: [f64; 3],
    aim: [f64; 3],
    roll: f64,
}

impl CameraLook {
    /// All cameras, whether the model has them or not and whether anybody looks through them.
    pub(super) fn draw_all(draws: &mut Draws) -> Vec<Self> {
        let all = MOUNTS.iter();
        all.map(|mount| Self::draw(mount, draws)).collect()
    }

    fn draw(mount: &'static Mount, draws: &mut Draws) -> Self {
        let three = |draws: &mut Draws, half: f64| [(); 3].map(|()| draws.uniform(-half, half));
        Self {
            mount,
            fov_scale: draws.uniform(FOV_SCALE[0], FOV_SCALE[1]),
            shift: three(draws, mount.shift),
            aim: three(draws, AIM),
            roll: draws.uniform(-ROLL, ROLL),
        }
    }

    pub(super) fn record(&self, insert: &mut Insert<'_>) {
        let Self {
            fov_scale,
            shift: [right, up, back],
            aim: [aim_right, aim_up, aim_back],
            roll,
            ..
        } = *self;
        let numbers = [
            fov_scale, right, up, back, aim_right, aim_up, aim_back, roll,
        ];
        insert(
            SceneGroup::Visual,
            &format!("camera_{}", self.mount.camera),
            &numbers,
        );
    }

    /// Where the camera is in a scene; none if the scene has no such camera.
    pub(super) fn index(&self, scene: &SceneModel) -> Option<usize> {
        View::of(scene, self.mount.camera)
            .ok()
            .map(|view| view.camera)
    }

    /// `index` is that of the camera in the scene.
    pub(super) fn set_field_of_view(&self, scene: &mut SceneModel, index: usize) {
        scene.cameras[index].fovy *= self.fov_scale;
    }

    /// How the camera stands in the frame of the model's.
    pub(super) fn pose(&self) -> Pose {
        let target = add([0.0, 0.0, -self.mount.focus], self.aim);
        let back = normalized(sub(self.shift, target));
        let right = normalized(cross([0.0, 1.0, 0.0], back));
        let up = cross(back, right);
        let (sin, cos) = (libm::sin(self.roll), libm::cos(self.roll));
        let rolled_right = add(scale(right, cos), scale(up, sin));
        let rolled_up = sub(scale(up, cos), scale(right, sin));
        let [x, y, z] = [rolled_right, rolled_up, back];
        Pose {
            position: self.shift,
            rotation: [x[0], y[0], z[0], x[1], y[1], z[1], x[2], y[2], z[2]],
        }
    }
}

/// A pose that is given in the frame of another.
pub(super) fn within(frame: &Pose, local: &Pose) -> Pose {
    let row = |r: usize| [0, 1, 2].map(|k| frame.rotation[3 * r + k]);
    let column = |c: usize| [0, 1, 2].map(|k| local.rotation[3 * k + c]);
    let turned = [0, 1, 2].map(|r| dot(row(r), local.position));
    Pose {
        position: add(frame.position, turned),
        rotation: std::array::from_fn(|entry| dot(row(entry / 3), column(entry % 3))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn still(mount: &'static Mount) -> CameraLook {
        CameraLook {
            mount,
            fov_scale: 1.0,
            shift: [0.0; 3],
            aim: [0.0; 3],
            roll: 0.0,
        }
    }

    #[test]
    fn a_camera_that_is_not_moved_stays() {
        for mount in &MOUNTS {
            assert_eq!(still(mount).pose(), Pose::default());
        }
    }

    #[test]
    fn a_shifted_camera_looks_at_the_same_point() {
        for mount in &MOUNTS {
            let look = CameraLook {
                shift: [0.02, -0.01, 0.015],
                ..still(mount)
            };
            let pose = look.pose();
            let ahead = [0, 1, 2].map(|axis| -pose.rotation[3 * axis + 2]);
            let toward = normalized(sub([0.0, 0.0, -mount.focus], pose.position));
            assert!((0..3).all(|axis| (ahead[axis] - toward[axis]).abs() < 1e-12));
        }
    }

    #[test]
    fn frames_are_right_handed_and_of_unit_length() {
        let mut draws = Draws::from_key([3; 32], 2);
        for look in CameraLook::draw_all(&mut draws) {
            let r = within(&look.pose(), &look.pose()).rotation;
            let column = |c: usize| [r[c], r[3 + c], r[6 + c]];
            let (x, y, z) = (column(0), column(1), column(2));
            assert!((dot(x, x) - 1.0).abs() < 1e-12 && dot(x, y).abs() < 1e-12);
            let third = cross(x, y);
            assert!((0..3).all(|axis| (third[axis] - z[axis]).abs() < 1e-12));
        }
    }
}
