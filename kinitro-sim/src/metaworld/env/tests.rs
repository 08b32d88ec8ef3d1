//! The loop of [`SawyerEnv`] on a hand without an arm: what holds for every task, without Meta-World's files.

use super::super::scene::Objects;
use super::super::spec::{
    BodyMark, Difficulty, DrawSpace, HandStart, Marks, MinDistance, SiteMark, point,
};
use super::*;

/// A hand on a weld, two fingers that close on a post, and the names that the arm is known by.
const MODEL: &str = r#"
<mujoco>
  <option timestep="0.0025" gravity="0 0 0"/>
  <worldbody>
    <body name="mocap" mocap="true"/>
    <body name="hand" pos="0 0.6 0.3">
      <freejoint/>
      <geom type="sphere" size="0.02" mass="1"/>
      <body name="rightclaw" pos="0 -0.05 0">
        <joint name="r_close" type="slide" axis="0 1 0" range="0 0.04" limited="true" damping="10"/>
        <geom size="0.005" mass="0.1"/>
        <body name="rightpad"><geom name="rightpad_geom" type="box" size="0.01 0.005 0.01" mass="0.01"/></body>
        <site name="rightEndEffector"/>
      </body>
      <body name="leftclaw" pos="0 0.05 0">
        <joint name="l_close" type="slide" axis="0 1 0" range="-0.04 0" limited="true" damping="10"/>
        <geom size="0.005" mass="0.1"/>
        <body name="leftpad"><geom name="leftpad_geom" type="box" size="0.01 0.005 0.01" mass="0.01"/></body>
        <site name="leftEndEffector"/>
      </body>
    </body>
    <body name="post"><geom name="post" type="box" size="0.01 0.02 0.01"/></body>
    <site name="goal" pos="0 0 1"/>
  </worldbody>
  <equality><weld body1="mocap" body2="hand" solref="0.02 1"/></equality>
  <actuator>
    <position joint="r_close" kp="100" ctrlrange="-1 1"/>
    <position joint="l_close" kp="100" ctrlrange="-1 1"/>
  </actuator>
</mujoco>"#;

const MARKS: Marks = Marks {
    bodies: &["post"],
    sites: &["goal"],
    geoms: &["post"],
    joints: &[],
};
const POST: BodyMark = MARKS.body("post");
const GOAL: SiteMark = MARKS.site("goal");

static HOLD: TaskSpec = TaskSpec {
    name: "hold-v0",
    summary: "Hold a post.",
    instruction: "Hold the post.",
    difficulty: Difficulty::Easy,
    model: "model.xml",
    hand_init: [0.0, 0.6, 0.2],
    hand_start: HandStart::Simulated,
    mocap_low: [-0.5, 0.4, 0.05],
    mocap_high: [0.5, 1.2, 0.5],
    draw: DrawSpace {
        low: &[-0.1, 0.6, 0.2, -0.1, 0.6, 0.2],
        high: &[0.1, 0.8, 0.2, 0.1, 0.8, 0.2],
        min_distance: MinDistance::BetweenPlaces(0.05),
    },
    goal_space_low: [-0.05, 0.6, 0.2],
    goal_space_high: [0.05, 0.8, 0.2],
    marks: MARKS,
    manipulated: &[POST],
    goal_marker: None,
    misleading_markers: &[],
    objects: |scene| Objects::one(scene.body(POST), scene.body_quaternion(POST)),
    place: |stage, draw| {
        stage.move_body(POST, point(draw, 0));
        stage.move_site(GOAL, point(draw, 1));
        Placement::new(point(draw, 0), point(draw, 1))
    },
    reward: |step| Evaluation {
        reward: f64::from(step.action[0]),
        success: false,
        near_object: 0.0,
        grasp: Grasp::pinched(step.closing(1.0) > 0.0, MARKS.geom("post")),
        grasp_reward: 0.0,
        in_place_reward: 0.0,
        obj_to_target: 0.0,
    },
    reward_v1: |step| RewardV1 {
        reward: step.opening(),
        success: false,
        obj_to_target: 0.0,
    },
};

/// The same post, held for its own sake: nothing else is asked for.
static HOLD_ONLY: TaskSpec = TaskSpec {
    reward: |step| Evaluation {
        success: true,
        grasp: Grasp::pinched_for_success(step.closing(1.0) > 0.0, MARKS.geom("post")),
        ..(HOLD.reward)(step)
    },
    ..HOLD
};

/// The post away from the hand, the goal outside the box that goals are clipped to.
const ASIDE: [f64; 6] = [0.3, 0.6, 0.2, 0.08, 0.9, 0.2];

fn env() -> SawyerEnv {
    with_model(MODEL, &HOLD).expect("the model has all that the arm and the task need")
}

fn with_model(xml: &str, task: &'static TaskSpec) -> Result<SawyerEnv, Error> {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    std::fs::write(dir.path().join(task.model), xml).expect("the folder is writable");
    SawyerEnv::new(dir.path(), task)
}

#[test]
fn what_the_model_lacks_is_an_error_when_it_is_loaded() {
    let lacks = |what: &str| {
        with_model(&MODEL.replace(what, "other"), &HOLD)
            .expect_err(what)
            .to_string()
    };
    assert_eq!(
        lacks("leftpad_geom"),
        "the model has no geom named `leftpad_geom`"
    );
    assert_eq!(lacks("goal"), "the model has no site named `goal`");
    let fixed = MODEL.replace(r#" mocap="true""#, "");
    assert_eq!(
        with_model(&fixed, &HOLD)
            .expect_err("nothing to command")
            .to_string(),
        "the model has 0 mocap bodies, but the environment needs 1",
    );
}

#[test]
fn nothing_happens_before_a_reset_or_after_the_time_limit() {
    let mut env = env();
    assert!(matches!(env.step([0.0; 4]), Err(Error::NotReset)));
    assert!(env.memory().is_none());

    env.reset_parity(&ASIDE).unwrap();
    assert!(env.reward_v1().is_none());
    for step in 1..=TIME_LIMIT {
        assert_eq!(env.step([0.0; 4]).unwrap().truncated, step == TIME_LIMIT);
    }
    let before = env.physics().snapshot();
    assert!(matches!(
        env.step([1.0; 4]),
        Err(Error::EpisodeOver { limit: TIME_LIMIT })
    ));
    assert_eq!(env.physics().snapshot(), before);
    env.reset_parity(&ASIDE).unwrap();
    assert_eq!(env.steps(), 0);
}

#[test]
fn numbers_that_are_none_are_refused() {
    let mut env = env();
    let mut draw = ASIDE;
    draw[4] = f64::NAN;
    assert!(matches!(
        env.reset_parity(&draw),
        Err(Error::DrawNotFinite { index: 4, .. })
    ));
    assert!(matches!(
        env.reset_parity(&ASIDE[..3]),
        Err(Error::DrawLength {
            found: 3,
            expected: 6,
            ..
        })
    ));

    env.reset_parity(&ASIDE).unwrap();
    let error = env
        .step([0.0, f32::INFINITY, 0.0, 0.0])
        .expect_err("no motion is infinite");
    assert_eq!(error.to_string(), "component 1 of the action is `inf`");
    assert_eq!(env.steps(), 0);
}

#[test]
fn equal_draws_and_actions_give_equal_bits_whatever_came_before() {
    let run = |env: &mut SawyerEnv| {
        let mut bits: Vec<u64> = env.reset_parity(&ASIDE).unwrap().map(f64::to_bits).to_vec();
        for step in 0..40_u8 {
            let push = f32::from(step % 7) / 3.0 - 1.0;
            let outcome = env.step([push, -push, 0.5, push]).unwrap();
            bits.extend(outcome.observation.map(f64::to_bits));
        }
        bits
    };
    let mut used = env();
    let first = run(&mut used);
    used.reset_parity(&[-0.1, 0.7, 0.2, 0.0, 0.6, 0.2]).unwrap();
    used.step([1.0; 4]).unwrap();
    assert_eq!(run(&mut used), first);
    assert_eq!(run(&mut env()), first);
}

#[test]
fn motion_is_clipped_and_rewards_see_the_action_as_it_came() {
    let mut env = env();
    env.reset_parity(&ASIDE).unwrap();
    let start = env.physics().mocap_position();
    let outcome = env.step([3.0, 0.5, 0.0, 0.0]).unwrap();
    assert_eq!(outcome.reward, 3.0);
    let moved = env.physics().mocap_position();
    assert_eq!(moved[0] - start[0], f64::from(0.01_f32));
    assert_eq!(moved[1], start[1] + f64::from(0.005_f32));

    for _ in 0..100 {
        env.step([0.0, 1.0, 0.0, 0.0]).unwrap();
    }
    assert_eq!(env.physics().mocap_position()[1], HOLD.mocap_high[1]);
    let seen = env.step([0.0; 4]).unwrap().observation[1];
    let real = env
        .physics()
        .body_position(env.physics().body("hand").unwrap())[1];
    assert!(
        real > HAND_HIGH[1],
        "the hand has left the observed box: {real}"
    );
    assert_eq!(seen, HAND_HIGH[1]);
}

#[test]
fn the_goal_is_clipped_in_steps_only_and_hidden_on_demand() {
    let mut env = env();
    let first = env.reset_parity(&ASIDE).unwrap();
    assert_eq!(first[36..], [0.08, 0.9, 0.2]);
    assert_eq!(first[18..36], first[..18]);
    let second = env.step([0.0; 4]).unwrap().observation;
    assert_eq!(second[36..], [0.05, 0.8, 0.2]);
    assert_eq!(env.target(), Some([0.08, 0.9, 0.2]));

    env.set_goal_visibility(GoalVisibility::Hidden);
    let third = env.step([0.0; 4]).unwrap().observation;
    assert_eq!(third[36..], [0.0; 3]);
    assert_eq!(third[18..36], second[..18]);
    assert_eq!(env.reset_parity(&ASIDE).unwrap()[36..], [0.0; 3]);
}

#[test]
fn a_grasp_needs_both_pads() {
    let mut env = env();
    let close = |env: &mut SawyerEnv, post: [f64; 3]| {
        env.reset_parity(&[post[0], post[1], post[2], 0.0, 0.6, 0.2])
            .unwrap();
        let steps = (0..60).map(|_| env.step([0.0, 0.0, 0.0, 1.0]).unwrap().info.grasp_success);
        steps.fold(0.0, f64::max)
    };
    assert_eq!(close(&mut env, [0.0, 0.6, 0.2]), 1.0);
    assert_eq!(close(&mut env, [0.3, 0.6, 0.2]), 0.0);
    // Beside one pad.
    assert_eq!(close(&mut env, [0.0, 0.672, 0.2]), 0.0);

    // Between the pads, but the hand is told to open: the task does not ask.
    env.reset_parity(&[0.0, 0.6, 0.2, 0.0, 0.6, 0.2]).unwrap();
    assert_eq!(
        env.step([0.0, 0.0, 0.0, -1.0]).unwrap().info.grasp_success,
        0.0
    );
}

#[test]
fn where_holding_decides_success_needs_both_pads() {
    let mut env = with_model(MODEL, &HOLD_ONLY).unwrap();
    let mut successes = |post: [f64; 3]| {
        env.reset_parity(&[post[0], post[1], post[2], 0.0, 0.6, 0.2])
            .unwrap();
        let infos = (0..60).map(|_| env.step([0.0, 0.0, 0.0, 1.0]).unwrap().info);
        infos
            .filter(|info| {
                assert_eq!(f64::from(info.success), info.grasp_success);
                info.success
            })
            .count()
    };
    assert!(successes([0.0, 0.6, 0.2]) > 0);
    assert_eq!(successes([0.0, 0.672, 0.2]), 0);
}
