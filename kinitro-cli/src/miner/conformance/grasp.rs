//! The gripper's sign, by playing it both ways.
//!
//! On scenes of pick-place, the hand is moved by the task's scripted expert, who sees the evaluator's own simulation; the gripper alone
//! is the server's, asked with what the hand and the cameras show. Each scene is played twice: with the server's number
//! as its convention says, and turned around. Whoever closes at the puck and is open before lifts it in exactly one of the two.
//!
//! | lifted as announced | lifted turned around | where it was lifted, the announced number closes | verdict |
//! |---|---|---|---|
//! | in most scenes | never | at the puck | pass |
//! | never | in most scenes | on the way | fail: the sign is inverted |
//! | otherwise | | | no telling: a warning |
//!
//! The third column is there for grippers that move at random: they grasp by chance now and then.
//!
//! The expert waits at the puck until the fingers have closed and carries on only then, so a gripper that opens there leaves it waiting;
//! one that was closed on the way down has nothing between its fingers. Only scenes that the expert alone can lift count,
//! so it is never the scene's fault.
//!
//! A server that mirrors the expert by simulating a copy of the scene stays in step with this as long as its sign is right: its answer would have moved
//! the hand exactly as the expert here does. With the wrong sign its copy parts from the scene with the first closing,
//! and it stays in step when its number is turned around, which is what fails it.

use kinitro_core::ids::EnvId;
use kinitro_core::protocol::policy::Action;
use kinitro_core::protocol::wire::{Command, GripperConvention, Protocol};
use kinitro_sim::episode::{Episode, EpisodeStart, Simulator, Status, TakenAction, View};
use kinitro_sim::metaworld::experts::Expert;
use kinitro_sim::models::Models;
use kinitro_sim::rollout::{PolicyStart, Seen};

use super::check::{Check, Subject};
use super::tape::command;
use super::trial::{Stopped, Trial, ask};
use super::{Settings, simulation};
use crate::bench::Bench;
use crate::evaluate::Error;

/// The task that cannot be solved without the gripper.
const ENV: &str = "metaworld/pick-place-v3";

/// A puck this far above its start was lifted, in meters; one that is pushed or tilted stays below its own height.
const LIFTED: f64 = 0.05;

/// Further control steps that a server gets beyond those in which the expert lifts the puck.
const SLACK: u16 = 60;

/// How much more the gripper closes at the puck than on the way if it means to, of the 2 between fully open and fully closed.
/// For numbers at random in [-1, 1] the difference has a standard deviation of about 0.1 in one scene.
const CLEAR: f64 = 0.5;

/// Scenes that are looked at for each one that is wanted: the expert cannot lift every puck.
const LOOKED_AT: u32 = 4;

/// How the server's number is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Announced,
    Inverted,
}

/// A scene that the expert can lift.
struct Scene {
    start: EpisodeStart,
    /// Control steps in which it lifts the puck.
    steps: u16,
}

/// What came of all scenes in one reading.
#[derive(Default)]
struct Tally {
    lifted: usize,
    /// The gripper's commands, always as announced, while the expert does not close.
    away: Mean,
    /// The same while it does.
    at_puck: Mean,
    /// The first time that the server did not answer.
    stopped: Option<Stopped>,
}

impl Tally {
    /// How much more the gripper closes at the puck, as announced.
    fn closing(&self) -> f64 {
        self.at_puck.value() - self.away.value()
    }
}

#[derive(Default, Clone, Copy)]
struct Mean {
    sum: f64,
    count: u32,
}

impl Mean {
    fn add(&mut self, number: f64) {
        self.sum += number;
        self.count += 1;
    }

    fn value(self) -> f64 {
        self.sum / f64::from(self.count.max(1))
    }
}

impl Trial<'_> {
    /// Plays the scenes and tells whether the sign is right.
    pub(super) fn grasps(&self, bench: &mut Bench, models: &Models) -> Result<Check, Error> {
        let subject = Subject::Gripper;
        if self.settings.grasps == 0 {
            return Ok(Check::skipped(subject, "not asked for"));
        }
        let env: EnvId = ENV.parse().expect("a well-formed constant");
        let expert = Settings::expert(&env)?;
        let mut blind = |episode| {
            let start = self.settings.start(&env, episode);
            bench
                .simulator(&env, models, &View::state_only())
                .and_then(|simulator| lifts(simulator, start, expert))
                .map_err(|source| simulation(&env, episode, source))
        };
        let mut scenes: Vec<Scene> = Vec::new();
        let wanted = self.settings.grasps;
        for episode in 0..u64::from(wanted * LOOKED_AT) {
            if scenes.len() < wanted as usize {
                scenes.extend(blind(episode)?);
            }
        }
        if scenes.is_empty() {
            return Ok(Check::skipped(subject, "no scene to try it on"));
        }
        let view = View {
            cameras: self.caller().cameras().to_vec(),
            size: self.settings.rules.image_size,
        };
        let mut tallies = [Tally::default(), Tally::default()];
        let simulator = bench
            .simulator(&env, models, &view)
            .map_err(|source| simulation(&env, 0, source))?;
        for scene in &scenes {
            for (reading, tally) in [Reading::Announced, Reading::Inverted]
                .into_iter()
                .zip(&mut tallies)
            {
                self.grasp(simulator, scene, expert, reading, tally)
                    .map_err(|source| simulation(&env, 0, source))?;
            }
        }
        let [announced, inverted] = &tallies;
        Ok(self.judge_sign(scenes.len(), announced, inverted))
    }

    /// Plays one scene with the server's gripper.
    fn grasp(
        &self,
        simulator: &mut Simulator,
        scene: &Scene,
        expert: Expert,
        reading: Reading,
        tally: &mut Tally,
    ) -> Result<(), kinitro_sim::Error> {
        let told = PolicyStart::new(simulator.spec(), &scene.start);
        let mut episode = simulator.begin(&scene.start)?;
        let mut caller = self.caller();
        let id = match self.begin(&mut caller, &told) {
            Ok(id) => id,
            Err(stopped) => {
                tally.stopped.get_or_insert(stopped);
                return Ok(());
            }
        };
        let floor = height(&episode);
        while episode.status() == Status::Running && episode.steps() < scene.steps + SLACK {
            let hand = episode.hand();
            let seen = Seen {
                step: episode.steps(),
                observation: episode.observation(),
                hand: &hand,
            };
            let answered = match ask(&mut caller, &told, &id, &seen) {
                Ok(answered) => answered,
                Err(stopped) => {
                    tally.stopped.get_or_insert(stopped);
                    break;
                }
            };
            let (motion, _) = command(expert, &episode.privileged().0);
            let [dx, dy, dz, closes] = *motion.as_array();
            let grip = gripper(&answered);
            let mean = if closes > 0.0 {
                &mut tally.at_puck
            } else {
                &mut tally.away
            };
            mean.add(grip.into());
            let grip = match reading {
                Reading::Announced => grip,
                Reading::Inverted => -grip,
            };
            let action = Action::from_recorded([dx, dy, dz, grip])
                .expect("all four were clipped to [-1, 1] before");
            episode.apply(TakenAction {
                action,
                clipped: false,
            })?;
            if height(&episode) - floor > LIFTED {
                tally.lifted += 1;
                break;
            }
        }
        caller.close(&id);
        Ok(())
    }

    fn judge_sign(&self, scenes: usize, announced: &Tally, inverted: &Tally) -> Check {
        let subject = Subject::Gripper;
        let most = scenes / 2 + 1;
        let (right, wrong) = (announced.lifted, inverted.lifted);
        // Where the sign is wrong, only turned around does the hand come to a grasp.
        let telling = if wrong > right { inverted } else { announced };
        let (away, at_puck) = (telling.away.value(), telling.at_puck.value());
        let is_p2 = self.offer.protocol == Protocol::P2;
        let text =
            format!("lifted in {right} of {scenes} scenes as announced, in {wrong} turned around");
        let check = if right >= most && wrong == 0 && announced.closing() > CLEAR {
            Check::pass(subject, text)
        } else if wrong >= most && right == 0 && inverted.closing() < -CLEAR {
            let hint = if is_p2 {
                "the channel `gripper` is 0 open, 1 closed: answer 1 minus what you answer now"
                    .to_owned()
            } else {
                let other = match self.gripper {
                    GripperConvention::Simulator => GripperConvention::Documented,
                    GripperConvention::Documented => GripperConvention::Simulator,
                };
                format!(
                    "announce \"gripper_convention\": \"{other}\" in /health, or flip the sign of the fourth number; \
                     as a channel, `gripper` is 0 open and 1 closed"
                )
            };
            Check::fail(subject, format!("the sign is inverted: {text}"), hint)
        } else if let (Some(stopped), Some(_)) = (&announced.stopped, &inverted.stopped) {
            Check::warn(
                subject,
                format!(
                    "no telling, the server does not play pick-place along: {}",
                    stopped.line()
                ),
                "this check shows scenes of pick-place while a scripted expert moves the hand; a mock expert has to know the same --seed and --level",
            )
        } else if right + wrong > 0 {
            Check::warn(
                subject,
                format!("no telling: {text}"),
                "try more scenes with --grasps; a gripper that moves at random grasps by chance",
            )
        } else {
            let closes = if is_p2 {
                1.0
            } else {
                self.gripper.wire_from_command(1.0)
            };
            Check::warn(
                subject,
                format!(
                    "no telling: {text}; the gripper's mean is {away:+.2} on the way, {at_puck:+.2} at the puck (+1 closes)"
                ),
                format!(
                    "a policy that can pick up closes at the puck; make sure that your {closes:+} closes"
                ),
            )
        };
        check
            .number("lifted_as_announced", right as f64)
            .number("lifted_turned_around", wrong as f64)
            .number("scenes", scenes as f64)
            .number("gripper_on_the_way", away)
            .number("gripper_at_the_puck", at_puck)
    }
}

/// The scene, if the expert alone lifts its puck.
fn lifts(
    simulator: &mut Simulator,
    start: EpisodeStart,
    expert: Expert,
) -> Result<Option<Scene>, kinitro_sim::Error> {
    let mut episode = simulator.begin(&start)?;
    let floor = height(&episode);
    while episode.status() == Status::Running {
        let (action, clipped) = command(expert, &episode.privileged().0);
        episode.apply(TakenAction { action, clipped })?;
        if height(&episode) - floor > LIFTED {
            let steps = episode.steps();
            return Ok(Some(Scene { start, steps }));
        }
    }
    Ok(None)
}

/// Height of the puck in meters.
fn height(episode: &Episode<'_>) -> f64 {
    // Of the privileged state, 4 to 6 is the object's position.
    episode.privileged().0[6]
}

/// The gripper's command as the server means it, +1 closes.
fn gripper(answered: &Command) -> f32 {
    answered.action.as_array()[3]
}
