//! The only place where what a policy may see is taken from the simulation.
//!
//! | index | content | unit, range |
//! |---|---|---|
//! | 0–2 | position of the hand (body `hand`, about 4.5 cm above the finger tips), world frame | m |
//! | 3 | gripper opening | 0 closed … 1 open |
//!
//! One protocol generation also shows how the same body is turned and moves ([`hand`]), which follows from the robot alone.
//!
//! Computed in f64 and rounded once. No object pose, goal, seed or drawn value leaves through here.

use kinitro_core::protocol::wire::p2::HandState;
use kinitro_core::units::QuatXyzw;

use super::env::SawyerEnv;
use crate::physics::Velocity;

/// The four numbers of proprioception.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the one documented rounding of an observation"
)]
pub(super) fn proprioception(env: &SawyerEnv) -> [f32; 4] {
    let [x, y, z] = env.arm.hand(env.physics());
    [x, y, z, env.arm.opening(env.physics())].map(|number| number as f32)
}

/// Orientation and velocities of the same body, in the world frame.
pub(super) fn hand(env: &SawyerEnv) -> HandState {
    let body = env.arm.hand_body();
    let [w, x, y, z] = env.physics().body_quaternion(body);
    let Velocity { linear, angular } = env.physics().body_velocity(body);
    HandState {
        orientation: QuatXyzw([x, y, z, w]),
        linear_velocity: linear,
        angular_velocity: angular,
    }
}
