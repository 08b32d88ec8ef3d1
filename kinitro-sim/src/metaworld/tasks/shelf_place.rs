//! Shelf: a block is lifted and placed on a shelf.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_shelf_place_v3.py`.

use super::pick_place::PICK_UP;
use super::puck::{ARRIVED, DONE, Paid, has_arrived, picking_v1, way};
use crate::metaworld::reward::{Cage, Density, hamacher};
use crate::metaworld::scene::{Evaluation, Objects, Placement, Scene, Stage, StepView};
use crate::metaworld::spec::{
    BodyMark, Difficulty, DrawSpace, GeomMark, HandStart, Marks, MinDistance, SiteMark, TaskSpec,
    from_f32, point,
};
use crate::metaworld::vector::{add, distance, sub};

/// Height of the board over the foot of the shelf, in meters.
const BOARD_HEIGHT: f64 = 0.3;

const CAGE: Cage = Cage {
    object_radius: 0.02,
    pad_reach: 0.05,
    xz_reach: 0.01,
    effort: 1.0,
    density: Density::None,
};

const MARKS: Marks = Marks {
    bodies: &["obj", "shelf"],
    sites: &["goal"],
    geoms: &["objGeom"],
    joints: &[],
};
const BLOCK: BodyMark = MARKS.body("obj");
const BLOCK_GEOM: GeomMark = MARKS.geom("objGeom");
const SHELF: BodyMark = MARKS.body("shelf");
const BOARD: SiteMark = MARKS.site("goal");

/// `shelf-place-v3`
pub(super) static SHELF_PLACE: TaskSpec = TaskSpec {
    name: "shelf-place-v3",
    summary: "Pick up a block and place it on a shelf.",
    instruction: "Pick up the block and put it on the shelf.",
    difficulty: Difficulty::VeryHard,
    model: "sawyer_shelf_placing.xml",
    hand_init: from_f32([0.0, 0.6, 0.2]),
    hand_start: HandStart::Remembered,
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[-0.1, 0.5, 0.019, -0.1, 0.8, 0.299],
        high: &[0.1, 0.6, 0.021, 0.1, 0.9, 0.301],
        min_distance: MinDistance::BetweenPlaces(0.1),
    },
    goal_space_low: [-0.1, 0.8, 0.299],
    goal_space_high: [0.1, 0.9, 0.301],
    marks: MARKS,
    manipulated: &[BLOCK],
    goal_marker: Some(BOARD),
    misleading_markers: &[],
    objects,
    place,
    reward,
    reward_v1: |step| picking_v1(step, &PICK_UP, DONE),
};

fn objects(scene: &Scene<'_>) -> Objects {
    Objects::one(scene.body(BLOCK), scene.geom_quaternion_xyzw(BLOCK_GEOM))
}

fn place(stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
    // The drawn height of the block is not used: it is as high as it lies before it is moved.
    let start = [draw[0], draw[1], stage.scene().body(BLOCK)[2]];
    stage.move_body(SHELF, sub(point(draw, 1), [0.0, 0.0, BOARD_HEIGHT]));
    stage.forward();
    stage.put_free_object(start);
    let scene = stage.scene();
    Placement {
        object_height: scene.geom(BLOCK_GEOM)[2],
        ..Placement::new(start, add(scene.model_site(BOARD), scene.model_body(SHELF)))
    }
}

/// Rewards a firm grip on the block, then its way to the board, which must not lead through the space under it.
fn reward(step: &StepView<'_>) -> Evaluation {
    let block = step.object();
    let way = way(step, ARRIVED);
    let in_place = way_around(way, block, step.target());
    let grasp = CAGE.reward(step, block, step.object_start());

    let mut reward = hamacher(grasp, way);
    let reach = distance(block, step.tcp());
    if reach < 0.025 && step.opening() > 0.0 && step.lifted(0.01) {
        reward += 1.0 + 5.0 * in_place;
    }
    if has_arrived(step) {
        reward = 10.0;
    }
    let paid = Paid {
        reward,
        grasp,
        in_place,
    };
    paid.evaluation(step, BLOCK_GEOM, DONE)
}

/// What remains of the reward for the `way` of a block: less the farther it is below the board, nothing behind the shelf.
fn way_around(way: f64, block: [f64; 3], target: [f64; 3]) -> f64 {
    /// The board is thought to be a little lower than it is, so that a block on it is not under it.
    const UNDERSIDE: f64 = 0.24;
    /// How far the forbidden space extends in front of the target, and to either side, in meters.
    const EXTENT: f64 = 3.0 * 0.05;
    let [x, y, z] = block;
    let is_below = 0.0 < z && z < UNDERSIDE;
    let is_between_sides = target[0] - 0.15 < x && x < target[0] + 0.15;
    if !(is_below && is_between_sides) {
        return way;
    }
    let front = target[1] - EXTENT;
    if y > target[1] {
        0.0
    } else if front < y && y < target[1] {
        let depth = (y - front) / EXTENT;
        (way - hamacher(depth, (UNDERSIDE - z) / UNDERSIDE)).clamp(0.0, 1.0)
    } else {
        way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_space_under_the_board_lowers_the_reward() {
        let target = [0.0, 0.85, 0.3];
        let paid = |block| way_around(0.5, block, target);
        for outside in [
            [0.0, 0.8, 0.25],
            [0.16, 0.8, 0.1],
            [0.0, 0.69, 0.1],
            [0.0, 0.8, -0.1],
        ] {
            assert_eq!(paid(outside), 0.5, "{outside:?}");
        }
        assert_eq!(paid([0.0, 0.86, 0.1]), 0.0, "behind the target");

        // Half as deep as the board and half as high: a third is lost.
        assert!((paid([0.0, 0.775, 0.12]) - (0.5 - 1.0 / 3.0)).abs() < 1e-12);
        assert_eq!(paid([0.0, 0.849, 0.01]), 0.0);
    }
}
