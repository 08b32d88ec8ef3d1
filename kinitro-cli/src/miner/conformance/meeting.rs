//! What can be told before the first episode: address, health, and what the server announces.

use kinitro_core::protocol::wire::{
    Encoding, GripperConvention, Health, ImageEncoding, Offer, Protocol,
};

use super::Settings;
use super::check::{Check, Subject};
use super::remedy::remedy;
use crate::evaluate::Error;
use crate::policy_server::{Addresses, Fault, Network, Probe, Rules};

/// A server that is there and ready.
pub(super) struct Meeting {
    pub(super) probe: Probe,
    pub(super) health: Health,
    /// The best way to speak each protocol that is checked; what an evaluation would choose comes first.
    pub(super) offers: Vec<Offer>,
}

/// Meets the server; `None` if it cannot be spoken to.
pub(super) fn meet(
    network: &Network,
    settings: &Settings,
    found: &mut dyn FnMut(Check),
) -> Result<Option<Meeting>, Error> {
    let probe = |addresses| {
        let rules = Rules {
            addresses,
            ..settings.rules.clone()
        };
        Probe::new(network, &settings.endpoint, rules, &settings.parties)
            .map_err(|source| Error::Network { source })
    };
    let mut met = probe(Addresses::PublicOnly)?;
    let mut asked = met.health();
    let is_private = matches!(asked.result, Err(Fault::NotPublic));
    if is_private && settings.rules.addresses == Addresses::AllowPrivate {
        met = probe(Addresses::AllowPrivate)?;
        asked = met.health();
    }
    found(address(settings, is_private));
    let health = match asked.result {
        Ok(health) if health.ready => health,
        other => {
            if !matches!(other, Err(Fault::NotPublic)) {
                found(unhealthy(&other.err().unwrap_or(Fault::NotReady)));
            }
            return Ok(None);
        }
    };
    let milliseconds = asked.wire.as_secs_f64() * 1000.0;
    found(
        Check::pass(
            Subject::Health,
            format!("ready, answered in {milliseconds:.1} ms"),
        )
        .number("wire_ms", milliseconds),
    );
    let pinned = settings.protocol.or(settings.endpoint.pin());
    let Some(offers) = offers(&met, &health, pinned, found) else {
        return Ok(None);
    };
    found(convention(&health, settings.rules.gripper, &offers));
    Ok(Some(Meeting {
        probe: met,
        health,
        offers,
    }))
}

/// Whether a commitment may name this address.
fn address(settings: &Settings, is_private: bool) -> Check {
    let endpoint = &settings.endpoint;
    let (measured, hint) = match (is_private, endpoint.is_https()) {
        (false, true) => {
            return Check::pass(Subject::Address, "https, and not a private address");
        }
        (false, false) => (
            "http: whoever carries the messages can read and change them",
            "commit to an https:// address",
        ),
        (true, is_https) => (
            if is_https {
                "a private address"
            } else {
                "http, and a private address"
            },
            "good for trying out; commit to a public https:// address, since evaluations on a network connect to no other",
        ),
    };
    match settings.rules.addresses {
        Addresses::AllowPrivate => Check::warn(Subject::Address, measured, hint),
        Addresses::PublicOnly if is_private => {
            Check::fail(Subject::Address, measured, remedy(&Fault::NotPublic))
        }
        Addresses::PublicOnly => Check::fail(Subject::Address, measured, hint),
    }
}

fn unhealthy(fault: &Fault) -> Check {
    let hint = match fault {
        Fault::Answer { .. } | Fault::Body => {
            "answer GET /health with {\"status\": \"healthy\", \"model_loaded\": true, …} as docs/protocol.md shows it"
                .to_owned()
        }
        _ => remedy(fault),
    };
    Check::fail(Subject::Health, fault.line(), hint)
}

/// The best way to speak each protocol, newest first. `None` if that cannot be found out.
fn offers(
    probe: &Probe,
    health: &Health,
    pinned: Option<Protocol>,
    found: &mut dyn FnMut(Check),
) -> Option<Vec<Offer>> {
    let announced = health.protocols.clone().unwrap_or_default();
    let (mut protocols, check) = if let Some(pinned) = pinned {
        let list = names(&announced);
        let check = if announced.contains(&pinned) {
            Check::pass(Subject::Protocols, format!("{list}; {pinned} is checked"))
        } else {
            Check::warn(
                Subject::Protocols,
                format!("announces {list}; {pinned} is checked as asked"),
                format!(
                    "add \"{}\" to `protocols` in /health, or pin it: URL#{pinned}",
                    pinned.wire_name()
                ),
            )
        };
        (vec![pinned], check)
    } else if announced.is_empty() {
        match probe.detect() {
            Ok(protocol) => {
                let check = Check::warn(
                    Subject::Protocols,
                    format!("announces none; found to speak {protocol} by asking"),
                    format!(
                        "announce \"protocols\": [\"{}\"] in /health, so that nothing is guessed",
                        protocol.wire_name()
                    ),
                );
                (vec![protocol], check)
            }
            Err(fault) => {
                found(Check::fail(
                    Subject::Protocols,
                    format!(
                        "announces none, and /reset is not answered: {}",
                        fault.line()
                    ),
                    remedy(&fault),
                ));
                return None;
            }
        }
    } else {
        let forms = if announced.contains(&Protocol::V3) {
            format!(
                "; v3 as {}, images {}",
                listed(health.encodings.iter().map(|encoding| encoding.as_str())),
                listed(health.images.iter().map(|image| image.as_str()))
            )
        } else {
            String::new()
        };
        let check = Check::pass(Subject::Protocols, format!("{}{forms}", names(&announced)));
        (announced, check)
    };
    found(check);
    protocols.sort_unstable();
    Some(
        protocols
            .into_iter()
            .map(|protocol| offer(health, protocol))
            .collect(),
    )
}

/// How an evaluation would speak this protocol.
fn offer(health: &Health, protocol: Protocol) -> Offer {
    let only = Health {
        protocols: Some(vec![protocol]),
        ..health.clone()
    };
    only.offer().unwrap_or(Offer {
        protocol,
        encoding: Encoding::Json,
        image: ImageEncoding::Raw,
    })
}

/// Whether the sign of the gripper is known, where it can be asked.
fn convention(health: &Health, default: GripperConvention, offers: &[Offer]) -> Check {
    let closes = |convention: GripperConvention| {
        format!(
            "{convention}: {:+} closes",
            convention.wire_from_command(1.0)
        )
    };
    if let Some(convention) = health.gripper_convention {
        return Check::pass(Subject::Convention, closes(convention));
    }
    if offers.iter().all(|offer| offer.protocol == Protocol::P2) {
        return Check::pass(Subject::Convention, "channel `gripper`: 1 closes");
    }
    Check::warn(
        Subject::Convention,
        format!("not announced; taken for {}", closes(default)),
        "announce \"gripper_convention\": \"simulator\" (+1 closes) or \"documented\" (+1 opens) in /health",
    )
}

fn names(protocols: &[Protocol]) -> String {
    if protocols.is_empty() {
        return "none".to_owned();
    }
    listed(protocols.iter().map(|protocol| protocol.as_str()))
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
