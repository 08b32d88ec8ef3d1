//! The only place where what a policy may see is taken from the simulation.
//!
//! | index | content | unit, range |
//! |---|---|---|
//! | 0–2 | position of the hand (body `hand`, about 4.5 cm above the finger tips), world frame | m |
//! | 3 | gripper opening | 0 closed … 1 open |
//!
//! Computed in f64 and rounded once. No object pose, goal, seed or drawn value leaves through here.

use super::env::SawyerEnv;

/// The four numbers of proprioception.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the one documented rounding of an observation"
)]
pub(super) fn proprioception(env: &SawyerEnv) -> [f32; 4] {
    let [x, y, z] = env.arm.hand(env.physics());
    [x, y, z, env.arm.opening(env.physics())].map(|number| number as f32)
}
