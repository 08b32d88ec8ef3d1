//! Shaping that several tasks share.
//!
//! Source of all formulas: Meta-World 3.1.1, `utils/reward_utils.py` and `sawyer_xyz_env.py`, `_gripper_caging_reward`.

use super::scene::StepView;
use super::vector::{distance, distance_xz};

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
