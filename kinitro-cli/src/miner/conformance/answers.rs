//! What is answered to each kind of request, regular or not, besides acts.

use std::fmt::Write as _;

use kinitro_core::protocol::wire::{Command, Encoding, Offer};

use super::check::{Check, Subject};
use super::remedy::remedy;
use super::repeat::Likeness;
use super::trial::{PATIENCE, Trial};
use crate::policy_server::Fault;

/// Steps that are enough to see whether an encoding is understood.
const GLIMPSE: usize = 3;

impl Trial<'_> {
    /// Whether episodes begin.
    pub(super) fn reset(&self) -> Check {
        let mut caller = self.caller();
        let id = self.probe.new_id();
        let asked = caller.reset(&self.tapes[0].start, &id);
        let milliseconds = asked.wire.as_secs_f64() * 1000.0;
        let check = match asked.result {
            Ok(()) => Check::pass(Subject::Reset, format!("accepted in {milliseconds:.1} ms")),
            Err(fault) => Check::fail(Subject::Reset, fault.line(), remedy(&fault)),
        };
        check.number("wire_ms", milliseconds)
    }

    /// Whether every announced way to write a request is understood, and alike; `alone` are the actions in the best way.
    pub(super) fn encodings(&self, alone: Option<&[Vec<Command>; 2]>) -> Check {
        let subject = Subject::Encodings;
        let mut understood = String::new();
        for encoding in &self.health.encodings {
            for image in &self.health.images {
                let offer = Offer {
                    encoding: *encoding,
                    image: *image,
                    ..self.offer
                };
                let name = format!("{} with {}", encoding.as_str(), image.as_str());
                let mut caller = self.probe.caller(offer, self.gripper);
                let actions = match self.play(&mut caller, &self.tapes[0], GLIMPSE) {
                    Ok(actions) => actions,
                    Err(stopped) => {
                        return Check::fail(
                            subject,
                            format!("{name}: {}", stopped.line()),
                            format!(
                                "read {name}, or do not announce it in /health: {}",
                                remedy(&stopped.fault)
                            ),
                        );
                    }
                };
                if let Some([alone, _]) = alone
                    && let Likeness::Different(by) = Likeness::of(&alone[..actions.len()], &actions)
                {
                    return Check::fail(
                        subject,
                        format!("{name}: other actions than otherwise, by up to {by:.3}"),
                        format!(
                            "decode {name} to the same pixels: RGB, row by row from the top left"
                        ),
                    );
                }
                let separator = if understood.is_empty() { "" } else { ", " };
                let _ = write!(understood, "{separator}{name}");
            }
        }
        Check::pass(subject, understood)
    }

    /// Whether an episode can be closed. Servers need not have the request, and nothing may come of it.
    ///
    /// Here and below, `playable` is how many steps the server was able to play before.
    pub(super) fn close(&self, playable: usize) -> Check {
        let subject = Subject::Close;
        let mut caller = self.caller();
        let id = match self.begin(&mut caller, &self.tapes[0].start) {
            Ok(id) => id,
            Err(stopped) => return Check::skipped(subject, stopped.line()),
        };
        let Some(closed) = caller.close(&id) else {
            return Check::skipped(subject, "the protocol does not have it");
        };
        if let Some(check) = self.after(subject, playable) {
            return check;
        }
        match closed.result {
            Ok(200..300) => Check::pass(subject, "answered"),
            Ok(status @ (404 | 405 | 501)) => Check::warn(
                subject,
                format!("status {status}: the server does not have it"),
                "optional: POST /close tells when an episode's memory can be freed",
            ),
            Ok(status) => Check::warn(
                subject,
                format!("status {status}"),
                "answer 200 to the end of an episode that began; what else happens changes no result",
            ),
            Err(fault) => Check::warn(
                subject,
                fault.line(),
                "answer at once, with 200 or 404: every episode waits for it up to a second",
            ),
        }
    }

    /// What happens at a step of an episode that the server does not know, as after its restart.
    pub(super) fn unknown_episode(&self, playable: usize) -> Check {
        let subject = Subject::UnknownEpisode;
        let (tape, id) = (&self.tapes[0], self.probe.new_id());
        let mut caller = self.caller();
        let seen = tape.frames().next();
        let Some(seen) = seen else {
            return Check::skipped(subject, "the environment shows nothing");
        };
        let asked = caller.act(&seen, &id, tape.start.seed, PATIENCE);
        if let Some(check) = self.after(subject, playable) {
            return check;
        }
        match asked.result {
            Ok(_) => Check::pass(subject, "answered with an action"),
            Err(Fault::Status { status, .. }) if status >= 400 => {
                Check::pass(subject, format!("refused with status {status}"))
            }
            Err(fault) => Check::warn(
                subject,
                fault.line(),
                "answer status 404 and {\"error\": {\"code\": \"unknown_episode\", …}}",
            ),
        }
    }

    /// What happens with a body that is no request.
    pub(super) fn bad_request(&self, playable: usize) -> Check {
        let subject = Subject::BadRequest;
        let mut caller = self.caller();
        let id = match self.begin(&mut caller, &self.tapes[0].start) {
            Ok(id) => id,
            Err(stopped) => return Check::skipped(subject, stopped.line()),
        };
        // A request that is cut off; the first byte says "map of three" in msgpack.
        let body: &[u8] = match self.offer.encoding {
            Encoding::Json => b"{\"v\":3,\"observation\":[0.1,",
            Encoding::Msgpack => b"\x83\xa1v",
        };
        let asked = caller.act_with(body, &id, PATIENCE);
        if let Some(check) = self.after(subject, playable) {
            return check;
        }
        match asked.result {
            Ok(status @ 400..) => Check::pass(subject, format!("refused with status {status}")),
            Ok(status) => Check::warn(
                subject,
                format!("status {status} for half a request"),
                "answer status 400 or 422 to what cannot be read: otherwise faults look like actions",
            ),
            Err(fault) => Check::warn(
                subject,
                fault.line(),
                "answer status 400 or 422 to what cannot be read, instead of hanging up",
            ),
        }
    }

    /// A failed check if the server does not play so many steps any more after the last request.
    fn after(&self, subject: Subject, playable: usize) -> Option<Check> {
        let stopped = self
            .play(&mut self.caller(), &self.tapes[0], playable)
            .err()?;
        let is_gone = matches!(
            stopped.fault,
            Fault::Connect { .. } | Fault::Lost { .. } | Fault::Timeout { .. }
        );
        is_gone.then(|| {
            Check::fail(
                subject,
                format!("the server does not answer any more: {}", stopped.line()),
                "one bad request must not end or block the server: catch errors, answer them with a status",
            )
        })
    }
}
