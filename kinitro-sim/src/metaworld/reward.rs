//! Shaping that several tasks share.
//!
//! Source of all formulas: Meta-World 3.1.1, `utils/reward_utils.py` and `sawyer_xyz_env.py`, `_gripper_caging_reward`.

use super::scene::StepView;
use super::vector::{distance, distance_xy, distance_xz};

/// How a [`tolerance`] falls off outside its bounds, as a function of the distance `d` in units of the margin.
/// Both are worth 0.1 at `d = 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FallOff {
    /// `1 / ((3 d)² + 1)`
    LongTail,
    /// `0.1^(d²)`
    Gaussian,
}

/// How well `x` keeps within `[low, high]`: 1 inside, falling towards 0 outside.
///
/// A margin of 0 makes the edge sharp; so does a negative one, which upstream refuses and only unusual scenes lead to.
pub fn tolerance(x: f64, (low, high): (f64, f64), margin: f64, fall_off: FallOff) -> f64 {
    if low <= x && x <= high {
        return 1.0;
    }
    if margin <= 0.0 {
        return 0.0;
    }
    let d = if x < low { low - x } else { x - high } / margin;
    match fall_off {
        FallOff::LongTail => 1.0 / ((3.0 * d) * (3.0 * d) + 1.0),
        FallOff::Gaussian => libm::exp(-std::f64::consts::LN_10 * (d * d)),
    }
}

/// [`tolerance`] with a long tail.
pub fn long_tail(x: f64, bounds: (f64, f64), margin: f64) -> f64 {
    tolerance(x, bounds, margin, FallOff::LongTail)
}

/// [`tolerance`] with a Gaussian edge.
pub fn gaussian(x: f64, bounds: (f64, f64), margin: f64) -> f64 {
    tolerance(x, bounds, margin, FallOff::Gaussian)
}

/// Hamacher product of two numbers in `[0, 1]`, in `[0, 1]`: `p q / (p + q − p q)`, 0 if both are 0.
/// A soft "and" that is more generous than the plain product.
pub fn hamacher(p: f64, q: f64) -> f64 {
    let denominator = p + q - p * q;
    if denominator > 0.0 {
        p * q / denominator
    } else {
        0.0
    }
}

/// Inside the box between two corners, how far `point` has come from `zero` to `one`, multiplied over the axes; 1 outside.
pub fn prism(point: [f64; 3], zero: [f64; 3], one: [f64; 3]) -> f64 {
    let mut product = 1.0;
    for axis in 0..3 {
        let (low, high) = (zero[axis].min(one[axis]), zero[axis].max(one[axis]));
        if !(low <= point[axis] && point[axis] <= high) {
            return 1.0;
        }
        product *= (point[axis] - zero[axis]) / (one[axis] - zero[axis]);
    }
    product
}

/// A funnel around the vertical line through a point: the hand is to keep above it, so that it comes down on the point instead
/// of running into it from the side.
#[derive(Debug, Clone, Copy)]
pub struct Funnel {
    /// Distance from the line within which the hand may be at any height, in meters.
    pub radius: f64,
    /// How fast the funnel rises with the logarithm of the distance, in meters.
    pub slope: f64,
    /// Height of the funnel 1 m outside its radius, in meters.
    pub rim: f64,
}

impl Funnel {
    /// Height of the funnel at `distance` from the line: `rim + slope ln(distance − radius)`, 0 within the radius.
    pub fn floor(&self, distance: f64) -> f64 {
        if distance <= self.radius {
            0.0
        } else {
            self.slope * libm::log(distance - self.radius) + self.rim
        }
    }

    /// How well `hand` keeps above the funnel around `center`: 1 there, falling off over half of the funnel's height.
    pub fn clearance(&self, hand: [f64; 3], center: [f64; 3]) -> f64 {
        let floor = self.floor(distance_xy(hand, center));
        keeps_above(floor, hand[2], floor / 2.0)
    }
}

/// How well a hand at `height` keeps above `floor`: 1 there, falling off over `margin` below it. All in meters.
pub fn keeps_above(floor: f64, height: f64, margin: f64) -> f64 {
    long_tail((floor - height).max(0.0), (0.0, 0.01), margin)
}

/// A quarter turn about z, `(w, x, y, z)`, to the precision that upstream uses.
pub const QUARTER_TURN: [f64; 4] = [0.707, 0.0, 0.0, 0.707];

/// How well the object keeps the orientation `ideal`: 1, falling linearly to 0 where its quaternion is `reach` away.
pub fn orientation_kept(step: &StepView<'_>, ideal: [f64; 4], reach: f64) -> f64 {
    let seen = step.quaternion();
    let square = |i: usize| (seen[i] - ideal[i]) * (seen[i] - ideal[i]);
    let error = (square(0) + square(1) + square(2) + square(3)).sqrt();
    (1.0 - error / reach).max(0.0)
}

/// Where a handle along x may be gripped best: at the hand's x if that is less than `half_length` from the object's.
pub fn handle_at_hand(step: &StepView<'_>, half_length: f64) -> [f64; 3] {
    let (object, hand) = (step.object(), step.hand());
    if (object[0] - hand[0]).abs() < half_length {
        [hand[0], object[1], object[2]]
    } else {
        object
    }
}

/// What is paid beside gripping while the hand approaches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Density {
    /// Nothing.
    None,
    /// Half of the reward is for closeness of the fingers, full within this radius in meters.
    Medium(f64),
    /// Half of the reward is for having the object between the fingers.
    High,
}

/// Reward for having an object between the fingers and closing them.
#[derive(Debug, Clone, Copy)]
pub struct Cage {
    /// Radius of the object, in meters.
    pub object_radius: f64,
    /// Distance of a finger pad from the object's center that is good enough, in meters.
    pub pad_reach: f64,
    /// Distance of the fingers from the object, seen along their axis, that is good enough, in meters.
    pub xz_reach: f64,
    /// Closing effort that earns the full reward, up to 1.
    pub effort: f64,
    /// What is paid beside gripping.
    pub density: Density,
}

impl Cage {
    /// The reward, in `[0, 1]`, for an object at `object` that started at `start`.
    pub fn reward(&self, step: &StepView<'_>, object: [f64; 3], start: [f64; 3]) -> f64 {
        let [left, right] = step.scene.pads_y().map(|pad| {
            // Quirk: the margin depends on where the pads are now, not on where they started.
            let margin = ((pad - start[1]).abs() - self.pad_reach).abs();
            long_tail(
                (pad - object[1]).abs(),
                (self.object_radius, self.pad_reach),
                margin,
            )
        });
        let caging = hamacher(
            hamacher(left, right),
            xz_caging(step, object, start, self.xz_reach),
        );
        let gripping = hamacher(caging, grip(caging, step.closing(self.effort)));
        match self.density {
            Density::None => gripping,
            Density::Medium(radius) => {
                let margin = (distance(start, step.tcp_start) - radius).abs();
                f64::midpoint(
                    gripping,
                    long_tail(distance(object, step.tcp()), (0.0, radius), margin),
                )
            }
            Density::High => f64::midpoint(gripping, caging),
        }
    }
}

/// Reward for having an object between the fingers, each pad on its own side of it: the variant of tasks in which the object
/// is pushed rather than lifted. How hard the fingers close does not matter.
///
/// Source: Meta-World 3.1.1, `_gripper_caging_reward` of `envs/sawyer_{push_back,soccer,sweep,sweep_into_goal}_v3.py`.
#[derive(Debug, Clone, Copy)]
pub struct SidedCage {
    /// Radius of the object, in meters.
    pub object_radius: f64,
    /// How much farther out than the object's radius a pad still grips, in meters.
    pub grip_margin: f64,
    /// Distance of the fingers from the object, seen along their axis, that is good enough, in meters.
    pub xz_reach: f64,
}

impl SidedCage {
    /// The reward, in `[0, 1]`, for an object at `object` that started at `start`.
    pub fn reward(&self, step: &StepView<'_>, object: [f64; 3], start: [f64; 3]) -> f64 {
        let radius = self.object_radius;
        let caging = hamacher(
            between_pads(step, object, (radius, PAD_REACH)),
            xz_caging(step, object, start, self.xz_reach),
        );
        let gripping = if caging > 0.95 {
            between_pads(step, object, (radius, radius + self.grip_margin))
        } else {
            0.0
        };
        f64::midpoint(caging, gripping)
    }
}

/// Distance of a pad on its own side of the object that is good enough, in meters.
const PAD_REACH: f64 = 0.05;

/// How well the pads are on their sides of the object, each at a distance within `bounds`.
pub fn between_pads(step: &StepView<'_>, object: [f64; 3], bounds: (f64, f64)) -> f64 {
    let [left, right] = step.scene.pads_y();
    // Quirk: the margin depends on where the pads are now, not on where they started.
    let side = |gap: f64| long_tail(gap, bounds, (gap.abs() - PAD_REACH).abs());
    hamacher(side(left - object[1]), side(object[1] - right))
}

/// How close the fingers are to the object, seen along the axis on which they close.
pub fn xz_caging(step: &StepView<'_>, object: [f64; 3], start: [f64; 3], reach: f64) -> f64 {
    let margin = distance_xz(start, step.tcp_start) - reach;
    long_tail(distance_xz(step.tcp(), object), (0.0, reach), margin)
}

/// Closing the fingers counts once the object is well between them.
pub fn grip(caging: f64, closing: f64) -> f64 {
    if caging > 0.97 { closing } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tolerance_is_one_inside_and_a_tenth_at_the_margin() {
        for fall_off in [FallOff::LongTail, FallOff::Gaussian] {
            for inside in [0.2, 0.35, 0.5] {
                assert_eq!(tolerance(inside, (0.2, 0.5), 0.1, fall_off), 1.0);
            }
            for at_margin in [0.1, 0.6] {
                let value = tolerance(at_margin, (0.2, 0.5), 0.1, fall_off);
                assert!((value - 0.1).abs() < 1e-15, "{fall_off:?}: {value}");
            }
        }
    }

    #[test]
    fn tolerance_falls_off_as_stated() {
        assert!((long_tail(2.0, (0.0, 0.0), 1.0) - 1.0 / 37.0).abs() < 1e-16);
        assert!((gaussian(2.0, (0.0, 0.0), 1.0) - 1e-4).abs() < 1e-18);
        assert_eq!(long_tail(0.1, (0.0, 0.05), 0.0), 0.0);
        assert_eq!(long_tail(0.1, (0.0, 0.05), -0.01), 0.0);
    }

    #[test]
    fn funnel_opens_upwards_outside_its_radius() {
        let funnel = Funnel {
            radius: 0.1,
            slope: 0.04,
            rim: 0.4,
        };
        assert_eq!(funnel.floor(0.1), 0.0);
        assert_eq!(funnel.floor(1.1), 0.4);
        assert!(funnel.floor(0.2) < funnel.floor(0.3));

        let center = [0.0, 0.6, 0.0];
        assert_eq!(funnel.clearance([0.0, 0.65, 0.0], center), 1.0);
        assert_eq!(funnel.clearance([0.0, 1.7, 0.4], center), 1.0);
        let half_way_down = funnel.clearance([0.0, 1.7, 0.2], center);
        assert!((half_way_down - 0.1).abs() < 0.02, "{half_way_down}");
    }

    #[test]
    fn hamacher_of_equal_halves_is_a_third() {
        assert_eq!(hamacher(0.0, 0.0), 0.0);
        assert_eq!(hamacher(1.0, 0.3), 0.3);
        assert!((hamacher(0.5, 0.5) - 1.0 / 3.0).abs() < 1e-16);
    }

    #[test]
    fn prism_rises_from_corner_to_corner_whatever_their_order() {
        let (zero, one) = ([0.0, 1.0, 0.0], [2.0, 0.0, 1.0]);
        assert_eq!(prism([1.0, 0.5, 0.5], zero, one), 0.125);
        assert_eq!(prism(zero, zero, one), 0.0);
        assert_eq!(prism(one, zero, one), 1.0);
        assert_eq!(prism([1.0, 1.5, 0.5], zero, one), 1.0);
    }

    proptest! {
        #[test]
        fn hamacher_is_a_soft_and(p in 0.0..=1.0_f64, q in 0.0..=1.0_f64, more in 0.0..=1.0_f64) {
            let value = hamacher(p, q);
            prop_assert!((0.0..=1.0).contains(&value));
            prop_assert_eq!(value, hamacher(q, p));
            prop_assert!(value >= p * q && value <= p.min(q) + 1e-15);
            let larger = p.max(more);
            prop_assert!(hamacher(larger, q) >= value - 1e-15);
        }

        #[test]
        fn tolerance_never_rises_with_distance(
            near in 0.0..10.0_f64, farther in 0.0..10.0_f64, width in 0.0..1.0_f64, margin in 1e-3..10.0_f64,
        ) {
            for fall_off in [FallOff::LongTail, FallOff::Gaussian] {
                let at = |x| tolerance(x, (-width, width), margin, fall_off);
                prop_assert!((0.0..=1.0).contains(&at(near)));
                prop_assert!(at(near + farther) <= at(near));
                prop_assert_eq!(at(near), at(-near));
            }
        }
    }
}
