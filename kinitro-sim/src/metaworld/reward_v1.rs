//! Shaping of reward version 1 that several tasks share.
//!
//! Source: Meta-World 3.1.1, the branches for other versions than "v2" in `envs/*.py`.

use super::scene::StepView;
use super::vector::{distance, distance_xy};

/// Within this distance of the fingers an object counts as reached.
const REACHED: f64 = 0.05;

/// `1000 (travel − d) + 1000 (exp(−d² / 0.01) + exp(−d² / 0.001))`, at least 0: paid for `d` becoming small.
pub fn arrival(travel: f64, d: f64) -> f64 {
    let bonus = libm::exp(-(d * d) / 0.01) + libm::exp(-(d * d) / 0.001);
    (1000.0 * (travel - d) + 1000.0 * bonus).max(0.0)
}

/// Pulled, pushed and pressed objects: `−ρ`, and [`arrival`] once the fingers are within 5 cm of the object.
/// `fingers` is where the task measures `ρ` from, `remaining` how far the object still has to go.
pub fn drive(step: &StepView<'_>, fingers: [f64; 3], remaining: f64) -> f64 {
    let reach = distance(step.object(), fingers);
    let paid = if reach < REACHED {
        arrival(step.placement.travel, remaining)
    } else {
        0.0
    };
    paid - reach
}

/// Objects that are picked up and put somewhere.
#[derive(Debug, Clone, Copy)]
pub struct PickUp {
    /// How much it costs to be at another height than at the start while the fingers are not above the object.
    pub rise_weight: f64,
    /// How high the object must be lifted, in meters.
    pub lift: f64,
}

impl PickUp {
    /// `reach + pick + place`. `remaining` is the distance of the object from the target, `to_place` the one that pays.
    pub fn reward(&self, step: &StepView<'_>, remaining: f64, to_place: f64) -> f64 {
        let (object, tcp, height) = (step.object(), step.tcp(), step.placement.object_height);
        let reach = distance(object, tcp);
        let reach_xy = distance_xy(object, tcp);
        let reached = if reach < REACHED {
            f64::from(step.action[3]).max(0.0) / 50.0 - reach
        } else if reach_xy < REACHED {
            -reach
        } else {
            -reach_xy - self.rise_weight * (tcp[2] - step.tcp_start[2]).abs()
        };

        let lifted_height = height + self.lift;
        let on_table = object[2] < height + 0.005;
        let picked = object[2] >= lifted_height - 0.01;
        let held = picked && !(on_table && remaining > 0.02 && reach > 0.02);
        let pick = if held {
            100.0 * lifted_height
        } else if reach < 0.1 && object[2] > height + 0.005 {
            100.0 * lifted_height.min(object[2])
        } else {
            0.0
        };

        let start = step.object_start();
        let travel = distance([start[0], start[1], lifted_height], step.target()) + lifted_height;
        let place = if held && reach < 0.1 {
            arrival(travel, to_place)
        } else {
            0.0
        };
        reached + pick + place
    }
}
