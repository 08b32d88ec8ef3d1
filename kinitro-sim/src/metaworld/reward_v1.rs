//! Shaping of reward version 1 that several tasks share.
//!
//! Source: Meta-World 3.1.1, the branches for other versions than "v2" in `envs/*.py`.

use super::scene::StepView;
use super::vector::{distance, distance_xy};

/// Within this distance of the fingers an object counts as reached, in meters.
pub const REACHED: f64 = 0.05;

/// What is paid for a distance becoming small.
#[derive(Debug, Clone, Copy)]
pub struct Approach {
    /// Weight of the two bonuses near 0.
    pub weight: f64,
    /// The squares, in m², at which the wide and the narrow bonus have fallen to 1/e.
    pub widths: [f64; 2],
}

impl Approach {
    /// The one that nearly all tasks use.
    pub const USUAL: Self = Self {
        weight: 1000.0,
        widths: [0.01, 0.001],
    };

    /// `1000 (travel − d) + weight (exp(−d² / wide) + exp(−d² / narrow))`.
    pub fn paid(&self, travel: f64, d: f64) -> f64 {
        let [wide, narrow] = self.widths.map(|width| libm::exp(-(d * d) / width));
        1000.0 * (travel - d) + self.weight * (wide + narrow)
    }

    /// `−ρ`, and [`paid`](Self::paid), at least 0, once the fingers are within 5 cm of the object.
    /// `fingers` is where the task measures `ρ` from, `remaining` how far the object still has to go.
    pub fn drive(&self, step: &StepView<'_>, fingers: [f64; 3], remaining: f64) -> f64 {
        let reach = distance(step.object(), fingers);
        let paid = if reach < REACHED {
            self.paid(step.placement.travel, remaining).max(0.0)
        } else {
            0.0
        };
        paid - reach
    }
}

/// The usual [`Approach`], at least 0.
pub fn arrival(travel: f64, d: f64) -> f64 {
    Approach::USUAL.paid(travel, d).max(0.0)
}

/// Pulled, pushed and pressed objects, as most tasks pay for them: [`Approach::drive`] with the usual [`Approach`].
pub fn drive(step: &StepView<'_>, fingers: [f64; 3], remaining: f64) -> f64 {
    Approach::USUAL.drive(step, fingers, remaining)
}

/// Objects that are picked up and put somewhere.
///
/// A task that deviates in one part only uses the others: [`reach`](Self::reach), [`is_picked`](Self::is_picked),
/// [`is_dropped`](Self::is_dropped), [`pick`](Self::pick) and [`travel`](Self::travel) make up [`reward`](Self::reward).
#[derive(Debug, Clone, Copy)]
pub struct PickUp {
    /// How much it costs to be at another height than at the start while the fingers are not above the object.
    pub rise_weight: f64,
    /// How high the object must be lifted, in meters.
    pub lift: f64,
    /// Distances of the fingers from the object, in meters.
    pub near: Near,
}

/// From where on the fingers are near enough to the object, in meters.
#[derive(Debug, Clone, Copy)]
pub struct Near {
    /// Seen from above, to go straight to the object.
    pub above: f64,
    /// To be paid for closing the fingers.
    pub close: f64,
    /// To be paid for the object's height.
    pub lift: f64,
    /// To be paid for the object's place.
    pub carry: f64,
}

impl Near {
    /// The distances that most tasks use.
    pub const USUAL: Self = Self {
        above: REACHED,
        close: REACHED,
        lift: 0.1,
        carry: 0.1,
    };

    /// Those of long objects, which the fingers go straight to from wherever they are.
    pub const ANYWHERE: Self = Self {
        above: f64::INFINITY,
        ..Self::USUAL
    };
}

impl PickUp {
    /// Height at which the object counts as lifted, in meters.
    pub fn lifted_height(&self, step: &StepView<'_>) -> f64 {
        step.placement.object_height + self.lift
    }

    /// The farthest way that the object can be from its place: up, then over.
    pub fn travel(&self, step: &StepView<'_>) -> f64 {
        let (start, height) = (step.object_start(), self.lifted_height(step));
        distance([start[0], start[1], height], step.target()) + height
    }

    /// Paid for the way of the fingers to the object, and for closing them there.
    pub fn reach(&self, step: &StepView<'_>) -> f64 {
        let (object, tcp) = (step.object(), step.tcp());
        let (reach, reach_xy) = (distance(object, tcp), distance_xy(object, tcp));
        if reach < self.near.close {
            f64::from(step.action[3]).max(0.0) / 50.0 - reach
        } else if reach_xy < self.near.above {
            -reach
        } else {
            -reach_xy - self.rise_weight * (tcp[2] - step.tcp_start[2]).abs()
        }
    }

    /// Whether an object at `height` has been lifted.
    pub fn is_picked(&self, step: &StepView<'_>, height: f64) -> bool {
        height >= self.lifted_height(step) - 0.01
    }

    /// Whether an object at `height` lies there although it is neither at its place nor at the fingers.
    pub fn is_dropped(&self, step: &StepView<'_>, height: f64, remaining: f64) -> bool {
        let reach = distance(step.object(), step.tcp());
        height < step.placement.object_height + 0.005 && remaining > 0.02 && reach > 0.02
    }

    /// Paid for an object at `height`: all of it once it is `held`, else a part while the fingers are near.
    pub fn pick(&self, step: &StepView<'_>, height: f64, held: bool) -> f64 {
        let reach = distance(step.object(), step.tcp());
        if held {
            100.0 * self.lifted_height(step)
        } else if reach < self.near.lift && height > step.placement.object_height + 0.005 {
            100.0 * self.lifted_height(step).min(height)
        } else {
            0.0
        }
    }

    /// `reach + pick + place`. `remaining` is the distance of the object from the target, `to_place` the one that pays.
    pub fn reward(&self, step: &StepView<'_>, remaining: f64, to_place: f64) -> f64 {
        let height = step.object()[2];
        let held = self.is_picked(step, height) && !self.is_dropped(step, height, remaining);
        let place = if held && distance(step.object(), step.tcp()) < self.near.carry {
            arrival(self.travel(step), to_place)
        } else {
            0.0
        };
        self.reach(step) + self.pick(step, height, held) + place
    }
}
