//! Observations of real episodes, recorded once and shown to servers again and again.
//!
//! They are those of the task's scripted expert. A policy is shown what it is meant to see, whatever it answers,
//! and the same to the bit each time; a server that mirrors the expert stays in step, because its own actions are the recorded ones.

use kinitro_core::protocol::policy::{Action, CameraName, Observation};
use kinitro_core::protocol::wire::p2::HandState;
use kinitro_sim::Error;
use kinitro_sim::episode::{EpisodeStart, Simulator, Status, TakenAction};
use kinitro_sim::metaworld::experts::Expert;
use kinitro_sim::rollout::{PolicyStart, Seen};

/// What a policy is shown in one episode.
#[derive(Debug, Clone)]
pub(super) struct Tape {
    pub(super) start: PolicyStart,
    frames: Vec<Frame>,
}

#[derive(Debug, Clone)]
struct Frame {
    step: u16,
    observation: Observation,
    hand: HandState,
}

impl Tape {
    /// Records the expert's episode up to its end or to `most` steps.
    pub(super) fn record(
        simulator: &mut Simulator,
        start: &EpisodeStart,
        expert: Expert,
        most: usize,
    ) -> Result<Self, Error> {
        let told = PolicyStart::new(simulator.spec(), start);
        let mut episode = simulator.begin(start)?;
        let mut frames = Vec::new();
        while episode.status() == Status::Running && frames.len() < most {
            frames.push(Frame {
                step: episode.steps(),
                observation: episode.observation().clone(),
                hand: episode.hand(),
            });
            let (action, clipped) = command(expert, &episode.privileged().0);
            episode.apply(TakenAction { action, clipped })?;
        }
        Ok(Self {
            start: told,
            frames,
        })
    }

    /// The same with the images of these cameras only.
    pub(super) fn seen_by(&self, cameras: &[CameraName]) -> Self {
        let shown = |observation: &Observation| Observation {
            proprio: observation.proprio,
            images: observation
                .images
                .iter()
                .filter(|image| cameras.contains(&image.camera()))
                .cloned()
                .collect(),
        };
        let frames = self.frames.iter().map(|frame| Frame {
            observation: shown(&frame.observation),
            ..*frame
        });
        Self {
            start: self.start.clone(),
            frames: frames.collect(),
        }
    }

    /// What is seen, step by step; at least one.
    pub(super) fn frames(&self) -> impl Iterator<Item = Seen<'_>> {
        self.frames.iter().map(|frame| Seen {
            step: frame.step,
            observation: &frame.observation,
            hand: &frame.hand,
        })
    }
}

/// What the expert does in a state, as it is applied, and whether it was clipped.
pub(super) fn command(expert: Expert, state: &[f64; 39]) -> (Action, bool) {
    Action::from_wire(expert(state).map(f64::from)).expect("experts answer finite numbers")
}
