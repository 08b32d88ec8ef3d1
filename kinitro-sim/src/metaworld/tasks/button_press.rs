//! Buttons: a button in the side or on top of a box, pressed in. In two of the tasks a wall stands before the box.
//!
//! Source: Meta-World 3.1.1, `envs/sawyer_button_press{,_wall,_topdown,_topdown_wall}_v3.py`.

use crate::metaworld::reward::{hamacher, long_tail};
use crate::metaworld::reward_v1::drive;
use crate::metaworld::scene::{
    Evaluation, Grasp, Objects, Placement, RewardV1, Scene, Stage, StepView,
};
use crate::metaworld::spec::{
    BodyMark, Difficulty, DrawSpace, HandStart, JointMark, Marks, MinDistance, SiteMark, TaskSpec,
    from_f32, point,
};
use crate::metaworld::vector::{add, distance};

const MARKS: Marks = Marks {
    bodies: &["box", "button"],
    sites: &["hole", "buttonStart"],
    geoms: &[],
    joints: &["btnbox_joint"],
};
const BOX: BodyMark = MARKS.body("box");
const BUTTON: BodyMark = MARKS.body("button");
const HOLE: SiteMark = MARKS.site("hole");
const BUTTON_START: SiteMark = MARKS.site("buttonStart");
const SLIDE: JointMark = MARKS.joint("btnbox_joint");

/// `button-press-v3`
pub(super) static SIDE: TaskSpec = TaskSpec {
    name: "button-press-v3",
    summary: "Press a button in the side of a box.",
    instruction: "Press the button.",
    difficulty: Difficulty::Easy,
    model: "sawyer_button_press.xml",
    hand_init: from_f32([0.0, 0.4, 0.2]),
    hand_start: HandStart::Remembered,
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.0, 0.5],
    draw: DrawSpace {
        low: &[-0.1, 0.85, 0.115],
        high: &[0.1, 0.9, 0.115],
        min_distance: MinDistance::None,
    },
    goal_space_low: [-0.5, 0.4, 0.05],
    goal_space_high: [0.5, 1.0, 0.5],
    marks: MARKS,
    manipulated: &[BUTTON],
    goal_marker: Some(HOLE),
    misleading_markers: &[],
    objects: |scene| IN_SIDE.objects(scene),
    place: |stage, draw| IN_SIDE.place(stage, draw),
    reward: |step| IN_SIDE.reward(step),
    reward_v1: |step| IN_SIDE.reward_v1(step),
};

/// `button-press-wall-v3`
pub(super) static SIDE_WALL: TaskSpec = TaskSpec {
    name: "button-press-wall-v3",
    summary: "Reach over a wall and press a button in the side of a box.",
    instruction: "Reach over the wall and press the button in the side of the box.",
    model: "sawyer_button_press_wall.xml",
    draw: DrawSpace {
        low: &[-0.05, 0.85, 0.1149],
        high: &[0.05, 0.9, 0.1151],
        min_distance: MinDistance::None,
    },
    place: |stage, draw| IN_SIDE_WALL.place(stage, draw),
    reward: |step| IN_SIDE_WALL.reward(step),
    reward_v1: |step| IN_SIDE_WALL.reward_v1(step),
    ..SIDE
};

/// `button-press-topdown-v3`
pub(super) static TOP: TaskSpec = TaskSpec {
    name: "button-press-topdown-v3",
    summary: "Press a button on top of a box.",
    instruction: "Press down the button on top of the box.",
    model: "sawyer_button_press_topdown.xml",
    draw: DrawSpace {
        low: &[-0.1, 0.8, 0.115],
        high: &[0.1, 0.9, 0.115],
        min_distance: MinDistance::None,
    },
    objects: |scene| ON_TOP.objects(scene),
    place: |stage, draw| ON_TOP.place(stage, draw),
    reward: |step| ON_TOP.reward(step),
    reward_v1: |step| ON_TOP.reward_v1(step),
    ..SIDE
};

/// `button-press-topdown-wall-v3`
pub(super) static TOP_WALL: TaskSpec = TaskSpec {
    name: "button-press-topdown-wall-v3",
    summary: "Reach over a wall and press a button on top of a box.",
    instruction: "Reach over the wall and press down the button on top of the box.",
    model: "sawyer_button_press_topdown_wall.xml",
    reward: |step| ON_TOP_WALL.reward(step),
    ..TOP
};

/// The axes along which buttons move.
const Y: usize = 1;
const Z: usize = 2;

/// What differs between the tasks.
pub(super) struct Button {
    /// The axis along which it moves.
    axis: usize,
    /// Its face as seen from the origin of its body, in meters.
    face: [f64; 3],
    /// Within this distance of the hole, along the axis, it counts as pressed, in meters.
    pressed: f64,
    /// Distance of the fingers that is near enough, in meters.
    near: f64,
    /// Reward version 2, from its parts.
    shape: fn(&Parts) -> f64,
    /// Where reward version 1 takes the fingers to be.
    fingers_v1: fn(&Scene<'_>) -> [f64; 3],
    /// The axis along which reward version 1 measures how far the button had to go.
    travel_axis_v1: usize,
}

/// The parts of reward version 2.
struct Parts {
    /// Opening of the gripper, from 0 (closed) to 1.
    opening: f64,
    /// Distance of the fingers from the button, in meters.
    reach: f64,
    /// How well `reach` is done, from 0 to 1.
    near: f64,
    /// How far the button is pressed, from 0 to 1.
    pressed: f64,
}

/// Open fingers at the button, then its way in.
pub(super) const IN_SIDE: Button = Button {
    axis: Y,
    face: [0.0, -0.193, 0.0],
    pressed: 0.02,
    near: 0.05,
    shape: |parts| 2.0 * hamacher(parts.opening, parts.near) + parts.pressing(8.0, 0.05),
    fingers_v1: |scene| scene.left_fingertip(),
    travel_axis_v1: Y,
};

/// Fingers that come closed, and open at the button.
const IN_SIDE_WALL: Button = Button {
    pressed: 0.03,
    near: 0.01,
    shape: |parts| {
        if parts.reach > 0.07 {
            2.0 * hamacher((1.0 - parts.opening) / 2.0, parts.near)
        } else {
            2.0 + 2.0 * (1.0 + parts.opening) + 4.0 * (parts.pressed * parts.pressed)
        }
    },
    // Quirk: the button moves along y, so that it seems to have had no way to go.
    travel_axis_v1: Z,
    ..IN_SIDE
};

/// Closed fingers at the button, then its way down.
const ON_TOP: Button = Button {
    axis: Z,
    face: [0.0, 0.0, 0.193],
    pressed: 0.024,
    near: 0.01,
    shape: |parts| 5.0 * hamacher(1.0 - parts.opening, parts.near) + parts.pressing(5.0, 0.03),
    fingers_v1: |scene| scene.tcp(),
    travel_axis_v1: Z,
};

/// Open fingers at the button, then its way down.
const ON_TOP_WALL: Button = Button {
    shape: |parts| 5.0 * hamacher(parts.opening, parts.near) + parts.pressing(5.0, 0.03),
    ..ON_TOP
};

impl Button {
    fn objects(&self, scene: &Scene<'_>) -> Objects {
        Objects::one(
            add(scene.body(BUTTON), self.face),
            scene.body_quaternion(BUTTON),
        )
    }

    fn place(&self, stage: &mut Stage<'_>, draw: &[f64]) -> Placement {
        let base = point(draw, 0);
        stage.move_body(BOX, base);
        if self.axis == Y {
            stage.rest_joint(SLIDE, 0.0);
        } else {
            // Quirk: a button on top stays where spring and weight have brought it while the hand settled.
            stage.forward();
        }
        let (hole, start) = (stage.scene().site(HOLE), stage.scene().site(BUTTON_START));
        Placement {
            part_start: start,
            travel: (start[self.travel_axis_v1] - hole[self.travel_axis_v1]).abs(),
            ..Placement::new(base, hole)
        }
    }

    pub(super) fn reward(&self, step: &StepView<'_>) -> Evaluation {
        let button = step.object();
        let reach = distance(button, step.tcp());
        // Quirk: the margin follows the button, and any distance from the hole counts, also of a button that is pulled.
        let margin = distance(button, step.tcp_start);
        let travel = (step.target()[self.axis] - step.placement.part_start[self.axis]).abs();
        let remaining = self.remaining(step);
        let parts = Parts {
            opening: step.opening(),
            reach,
            near: long_tail(reach, (0.0, self.near), margin),
            pressed: long_tail(remaining, (0.0, 0.005), travel),
        };
        Evaluation {
            reward: (self.shape)(&parts),
            success: remaining <= self.pressed,
            near_object: f64::from(reach <= 0.05),
            grasp: Grasp::Known(f64::from(parts.opening > 0.0)),
            grasp_reward: parts.near,
            in_place_reward: parts.pressed,
            obj_to_target: remaining,
        }
    }

    pub(super) fn reward_v1(&self, step: &StepView<'_>) -> RewardV1 {
        let remaining = self.remaining(step);
        RewardV1 {
            reward: drive(step, (self.fingers_v1)(&step.scene), remaining),
            success: remaining <= self.pressed,
            obj_to_target: remaining,
        }
    }

    /// How far the button still has to go, in meters.
    fn remaining(&self, step: &StepView<'_>) -> f64 {
        (step.target()[self.axis] - step.object()[self.axis]).abs()
    }
}

impl Parts {
    /// Up to `weight` for a pressed button, once the fingers are within `reach` of it.
    fn pressing(&self, weight: f64, reach: f64) -> f64 {
        if self.reach <= reach {
            weight * self.pressed
        } else {
            0.0
        }
    }
}
