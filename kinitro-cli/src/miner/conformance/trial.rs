//! One protocol of one server.

use std::time::Duration;

use kinitro_core::protocol::wire::{
    Command, EpisodeId, GripperConvention, Health, Offer, Protocol,
};
use kinitro_sim::models::Models;
use kinitro_sim::rollout::{PolicyStart, Seen};

use super::check::{Check, Subject, Verdict};
use super::latency::Pace;
use super::meeting::Meeting;
use super::tape::Tape;
use super::{Settings, actions};
use crate::bench::Bench;
use crate::evaluate::Error;
use crate::policy_server::{Caller, Fault, Probe};

/// How long an answer is waited for where its time is not what is checked.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Steps of the short episodes that are compared with one another.
pub(super) const SHORT: usize = 12;

/// What cannot be told without actions.
const ON_ACTIONS: [Subject; 9] = [
    Subject::Latency,
    Subject::Payload,
    Subject::Actions,
    Subject::Determinism,
    Subject::Independence,
    Subject::TwoEpisodes,
    Subject::ParallelLatency,
    Subject::Encodings,
    Subject::Gripper,
];
/// What can.
const ON_EPISODES: [Subject; 3] = [Subject::Close, Subject::UnknownEpisode, Subject::BadRequest];
/// Why actions are not compared.
const DIFFER: &str = "actions differ in any case";
/// What the older protocols do not have.
const ONLY_V3: [Subject; 5] = [
    Subject::ParallelLatency,
    Subject::TwoEpisodes,
    Subject::Encodings,
    Subject::Close,
    Subject::UnknownEpisode,
];

/// What the checks of one protocol have in common.
pub(super) struct Trial<'a> {
    pub(super) settings: &'a Settings,
    pub(super) probe: &'a Probe,
    pub(super) health: &'a Health,
    pub(super) offer: Offer,
    pub(super) gripper: GripperConvention,
    /// Two episodes, with the images of this protocol.
    pub(super) tapes: [Tape; 2],
    /// Whether an evaluation would choose this protocol.
    pub(super) is_best: bool,
}

/// Why an episode was not played to its end.
pub(super) struct Stopped {
    pub(super) request: Subject,
    pub(super) step: usize,
    pub(super) fault: Fault,
}

impl Stopped {
    /// What happened, in one line.
    pub(super) fn line(&self) -> String {
        match self.request {
            Subject::Act => format!("step {}: {}", self.step, self.fault.line()),
            _ => format!("{}: {}", self.request, self.fault.line()),
        }
    }
}

impl<'a> Trial<'a> {
    pub(super) fn new(
        settings: &'a Settings,
        meeting: &'a Meeting,
        offer: Offer,
        tapes: &[Tape; 2],
    ) -> Self {
        let (probe, health) = (&meeting.probe, &meeting.health);
        let gripper = health.gripper_convention.unwrap_or(settings.rules.gripper);
        let caller = probe.caller(offer, gripper);
        let offered = health.offer().map(|offer| offer.protocol);
        let chosen = settings.endpoint.pin().or(offered);
        Self {
            settings,
            probe,
            health,
            offer,
            gripper,
            tapes: tapes.each_ref().map(|tape| tape.seen_by(caller.cameras())),
            is_best: chosen.is_none_or(|protocol| protocol == offer.protocol),
        }
    }

    /// Makes all checks; those that build on one that failed are skipped.
    pub(super) fn run(
        &self,
        bench: &mut Bench,
        models: &Models,
        found: &mut dyn FnMut(Check),
    ) -> Result<(), Error> {
        let reset = self.reset();
        let begins = reset.verdict != Verdict::Fail;
        found(reset);
        if !begins {
            for subjects in [&[Subject::Act][..], &ON_ACTIONS, &ON_EPISODES] {
                self.skip(subjects, "no episode begins", found);
            }
            return Ok(());
        }
        let pace = self.pace();
        let act = pace.act();
        let acts = act.verdict != Verdict::Fail;
        found(act);
        if acts {
            self.look_at_actions(&pace, bench, models, found)?;
        } else {
            self.skip(&ON_ACTIONS, "acts fail", found);
        }
        // What a server can still do after a strange request is no more than what it could before.
        let playable = usize::from(acts);
        if self.offer.protocol == Protocol::V3 {
            found(self.close(playable));
            found(self.unknown_episode(playable));
        }
        found(self.bad_request(playable));
        Ok(())
    }

    fn look_at_actions(
        &self,
        pace: &Pace,
        bench: &mut Bench,
        models: &Models,
        found: &mut dyn FnMut(Check),
    ) -> Result<(), Error> {
        let is_v3 = self.offer.protocol == Protocol::V3;
        let latency = self.latency(pace);
        let is_slow = latency.verdict == Verdict::Fail;
        found(latency);
        found(self.payload(pace));
        found(actions::look(pace));
        let (determinism, alone) = self.determinism();
        found(determinism);
        let mut steady = None;
        if let Some(alone) = &alone {
            let independence = self.independence(alone);
            steady = (independence.verdict == Verdict::Pass).then_some(alone);
            found(independence);
        } else {
            self.skip(&[Subject::Independence], DIFFER, found);
        }
        match steady {
            Some(alone) if is_v3 => found(self.two_episodes(alone)),
            Some(_) => {}
            None => self.skip(&[Subject::TwoEpisodes], DIFFER, found),
        }
        if is_v3 {
            found(if is_slow {
                Check::skipped(
                    Subject::ParallelLatency,
                    "a single episode is too slow already",
                )
            } else {
                self.parallel_latency(steady)
            });
            found(self.encodings(steady));
        }
        found(if is_slow {
            Check::skipped(Subject::Gripper, "answers are too slow to play episodes")
        } else {
            self.grasps(bench, models)?
        });
        Ok(())
    }

    /// Says of each of these that the protocol has that it was not checked.
    fn skip(&self, subjects: &[Subject], why: &str, found: &mut dyn FnMut(Check)) {
        let is_v3 = self.offer.protocol == Protocol::V3;
        for subject in subjects {
            if is_v3 || !ONLY_V3.contains(subject) {
                found(Check::skipped(*subject, why));
            }
        }
    }

    /// A connection to speak on.
    pub(super) fn caller(&self) -> Caller<'a> {
        self.probe.caller(self.offer, self.gripper)
    }

    /// Shows the first steps of an episode; tells the actions.
    pub(super) fn play(
        &self,
        caller: &mut Caller<'_>,
        tape: &Tape,
        steps: usize,
    ) -> Result<Vec<Command>, Stopped> {
        let id = self.begin(caller, &tape.start)?;
        let mut actions = Vec::new();
        for seen in tape.frames().take(steps) {
            actions.push(ask(caller, &tape.start, &id, &seen)?);
        }
        caller.close(&id);
        Ok(actions)
    }

    /// A new episode.
    pub(super) fn begin(
        &self,
        caller: &mut Caller<'_>,
        start: &PolicyStart,
    ) -> Result<EpisodeId, Stopped> {
        let id = self.probe.new_id();
        let stopped = |fault| Stopped {
            request: Subject::Reset,
            step: 0,
            fault,
        };
        caller.reset(start, &id).result.map_err(stopped)?;
        Ok(id)
    }
}

/// The action at a step of an episode that has begun.
pub(super) fn ask(
    caller: &mut Caller<'_>,
    start: &PolicyStart,
    id: &EpisodeId,
    seen: &Seen<'_>,
) -> Result<Command, Stopped> {
    let asked = caller.act(seen, id, start.seed, PATIENCE);
    let answer = asked.result.map_err(|fault| Stopped {
        request: Subject::Act,
        step: seen.step.into(),
        fault,
    })?;
    Ok(answer.now)
}
