//! What goes wrong: `[health/|reset/|act/|close/]NAME[=VALUE][@RATE]`.
//!
//! | name | what happens | value | of |
//! |---|---|---|---|
//! | `status` | an error answer | the status, 500 by default | all |
//! | `slow-body` | the answer comes byte by byte | milliseconds between bytes, 100 by default | all |
//! | `endless-body` | a body that does not end | | all |
//! | `huge-header` | the answer, with a header of 20 KiB | | all |
//! | `redirect` | an answer with status 307 | where to | all |
//! | `disconnect` | the connection ends before a byte of the answer | | all |
//! | `garbage` | bytes that are neither JSON nor msgpack | | all |
//! | `hang` | no answer | | all |
//! | `nan` | an action with a number that is not one | | act |
//! | `wrong-length` | an action with a number too many | | act |
//! | `unready` | the server says that it is not ready | the first so many times, always by default | health |
//!
//! Faults are those of act requests unless the text says otherwise, `unready` of health requests.
//! `@RATE` is the probability per request, 1 by default. Of several faults the first that strikes is applied.
//!
//! Whether a fault strikes follows from the fault seed, the policy seed, the step and how often the step was asked about,
//! so a run repeats whatever else the server does at the same time.

use std::str::FromStr;
use std::time::Duration;

use axum::http::HeaderValue;
use kinitro_core::seed::{Draws, PolicySeed};

use super::Error;

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Endpoint {
    /// `GET /health`.
    Health,
    /// `POST /reset`.
    Reset,
    /// `POST /act`.
    Act,
    /// `POST /close`.
    Close,
}

impl Endpoint {
    /// Every kind with its name.
    pub const NAMES: [(Self, &'static str); 4] = [
        (Self::Health, "health"),
        (Self::Reset, "reset"),
        (Self::Act, "act"),
        (Self::Close, "close"),
    ];
}

/// Something that goes wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// Which requests it concerns.
    pub endpoint: Endpoint,
    /// What happens.
    pub kind: Kind,
    /// Probability per request, in `[0, 1]`.
    pub rate: f64,
}

/// What happens instead of a good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// An error answer with this status.
    Status(u16),
    /// The answer byte by byte, with this time between two.
    SlowBody(Duration),
    /// A body that does not end.
    EndlessBody,
    /// The answer, with a header of 20 KiB.
    HugeHeader,
    /// Status 307, with this place to go.
    Redirect(HeaderValue),
    /// The connection ends before a byte of the answer.
    Disconnect,
    /// Bytes that are neither JSON nor msgpack.
    Garbage,
    /// No answer.
    Hang,
    /// An action with a number that is not one.
    Nan,
    /// An action with a number too many.
    WrongLength,
    /// Not ready, for the first so many health requests.
    Unready(u64),
}

impl Kind {
    /// Whether the answer is made all the same, and only what surrounds or fills it is bad.
    pub(super) const fn keeps_answer(&self) -> bool {
        matches!(
            self,
            Self::SlowBody(_) | Self::HugeHeader | Self::Unready(_)
        )
    }
}

/// Everything that goes wrong with a server.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Faults {
    /// In the order in which they are tried.
    pub list: Vec<Fault>,
    /// Decides when faults strike and how long answers are delayed.
    pub seed: u64,
    /// An act request is answered this long after it came at the earliest.
    pub latency: Duration,
    /// Up to so much is added to the latency, uniformly.
    pub jitter: Duration,
}

/// What is decided about one request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Fate {
    pub(super) fault: Option<Kind>,
    pub(super) delay: Duration,
}

/// A request, as far as its fate depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) endpoint: Endpoint,
    /// Zero for health requests, which belong to no episode.
    pub(super) seed: u32,
    /// The step; for health requests their number.
    pub(super) step: u64,
    /// How often the same was asked before.
    pub(super) attempt: u32,
}

impl Moment {
    pub(super) fn of(endpoint: Endpoint, seed: PolicySeed, step: u32, attempt: u32) -> Self {
        Self {
            endpoint,
            seed: seed.value(),
            step: step.into(),
            attempt,
        }
    }
}

impl Faults {
    /// What happens to a request. Every request draws the same numbers whatever the faults are.
    pub(super) fn fate(&self, moment: Moment) -> Fate {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.seed.to_le_bytes());
        key[8..12].copy_from_slice(&moment.seed.to_le_bytes());
        key[12..16].copy_from_slice(&moment.attempt.to_le_bytes());
        key[16] = moment.endpoint as u8;
        let mut draws = Draws::from_key(key, moment.step);
        let jitter = self.jitter.mul_f64(draws.unit());
        let mut fault = None;
        for candidate in &self.list {
            let strikes = draws.unit() < candidate.rate
                && candidate.endpoint == moment.endpoint
                && !matches!(candidate.kind, Kind::Unready(first) if moment.step >= first);
            if strikes && fault.is_none() {
                fault = Some(candidate.kind.clone());
            }
        }
        let delay = match moment.endpoint {
            Endpoint::Act => self.latency + jitter,
            _ => Duration::ZERO,
        };
        Fate { fault, delay }
    }
}

impl FromStr for Fault {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |reason| Error::Fault {
            text: text.to_owned(),
            reason,
        };
        // What follows the last `@` is a rate only if it is a number: the target of a redirect may hold one.
        let (rest, rate) = match text
            .rsplit_once('@')
            .map(|(rest, rate)| (rest, rate.parse()))
        {
            Some((rest, Ok(rate))) => (rest, rate),
            _ => (text, 1.0),
        };
        if !(0.0..=1.0).contains(&rate) {
            return Err(refuse("the rate must be in [0, 1]"));
        }
        let named = rest.split_once('/').and_then(|(first, rest)| {
            let (endpoint, _) = Endpoint::NAMES.iter().find(|(_, name)| *name == first)?;
            Some((*endpoint, rest))
        });
        let (endpoint, rest) =
            named.map_or((None, rest), |(endpoint, rest)| (Some(endpoint), rest));
        let (name, value) = match rest.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (rest, None),
        };
        let kind = kind(name, value).map_err(refuse)?;
        let usual = match kind {
            Kind::Unready(_) => Endpoint::Health,
            _ => Endpoint::Act,
        };
        let endpoint = endpoint.unwrap_or(usual);
        match kind {
            Kind::Unready(_) if endpoint != usual => {
                Err(refuse("`unready` concerns health requests only"))
            }
            Kind::Nan | Kind::WrongLength if endpoint != usual => {
                Err(refuse("`nan` and `wrong-length` concern act requests only"))
            }
            kind => Ok(Self {
                endpoint,
                kind,
                rate,
            }),
        }
    }
}

fn kind(name: &str, value: Option<&str>) -> Result<Kind, &'static str> {
    let kind = match (name, value) {
        ("status", None) => Kind::Status(500),
        ("status", Some(status)) => match status.parse() {
            Ok(status @ 400..=599) => Kind::Status(status),
            _ => return Err("a status is 400 to 599"),
        },
        ("slow-body", None) => Kind::SlowBody(Duration::from_millis(100)),
        ("slow-body", Some(interval)) => match interval.parse() {
            Ok(interval @ 1..=60_000) => Kind::SlowBody(Duration::from_millis(interval)),
            _ => return Err("the time between bytes is 1 to 60000 milliseconds"),
        },
        ("redirect", Some(target)) => match HeaderValue::from_str(target) {
            Ok(target) => Kind::Redirect(target),
            Err(_) => return Err("a redirect's target must be visible ASCII"),
        },
        ("redirect", None) => return Err("a redirect needs a target: `redirect=URL`"),
        ("unready", None) => Kind::Unready(u64::MAX),
        ("unready", Some(count)) => match count.parse() {
            Ok(count) => Kind::Unready(count),
            Err(_) => return Err("`unready=N` takes a whole number"),
        },
        ("endless-body", None) => Kind::EndlessBody,
        ("huge-header", None) => Kind::HugeHeader,
        ("disconnect", None) => Kind::Disconnect,
        ("garbage", None) => Kind::Garbage,
        ("hang", None) => Kind::Hang,
        ("nan", None) => Kind::Nan,
        ("wrong-length", None) => Kind::WrongLength,
        (
            "endless-body" | "huge-header" | "disconnect" | "garbage" | "hang" | "nan"
            | "wrong-length",
            Some(_),
        ) => return Err("this fault takes no value"),
        _ => {
            return Err(
                "known are status, slow-body, endless-body, huge-header, redirect, disconnect, garbage, hang, nan, \
                 wrong-length and unready",
            );
        }
    };
    Ok(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Fault {
        text.parse().unwrap()
    }

    #[test]
    fn every_form_is_read() {
        let millis = Duration::from_millis;
        for (text, endpoint, kind, rate) in [
            ("nan", Endpoint::Act, Kind::Nan, 1.0),
            ("status@0.25", Endpoint::Act, Kind::Status(500), 0.25),
            (
                "reset/status=503@0",
                Endpoint::Reset,
                Kind::Status(503),
                0.0,
            ),
            ("slow-body=7", Endpoint::Act, Kind::SlowBody(millis(7)), 1.0),
            ("unready=3", Endpoint::Health, Kind::Unready(3), 1.0),
            (
                "health/unready",
                Endpoint::Health,
                Kind::Unready(u64::MAX),
                1.0,
            ),
            ("close/hang@1", Endpoint::Close, Kind::Hang, 1.0),
        ] {
            let expected = Fault {
                endpoint,
                kind,
                rate,
            };
            assert_eq!(fault(text), expected, "{text}");
        }
        for target in ["http://user@host/reset/x", "http://[::1]:80/"] {
            let expected = Kind::Redirect(HeaderValue::from_static(target));
            assert_eq!(fault(&format!("redirect={target}")).kind, expected);
            let rated = fault(&format!("redirect={target}@0.5"));
            assert_eq!((rated.kind, rated.rate), (expected, 0.5));
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, part) in [
            ("nonsense", "known are"),
            ("nan=1", "takes no value"),
            ("nan@1.5", "[0, 1]"),
            ("nan@NaN", "[0, 1]"),
            ("reset/nan", "act requests only"),
            ("act/unready", "health requests only"),
            ("status=200", "400 to 599"),
            ("slow-body=0", "1 to 60000"),
            ("redirect", "needs a target"),
            ("redirect=a\nb", "visible ASCII"),
        ] {
            let message = text.parse::<Fault>().unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    fn moment(step: u64, attempt: u32) -> Moment {
        Moment {
            endpoint: Endpoint::Act,
            seed: 7,
            step,
            attempt,
        }
    }

    #[test]
    fn fates_repeat_and_strike_at_their_rate() {
        let faults = Faults {
            list: vec![fault("reset/hang"), fault("garbage@0.25"), fault("nan@0.5")],
            seed: 1,
            latency: Duration::from_millis(10),
            jitter: Duration::from_millis(10),
        };
        let fates: Vec<Fate> = (0..4000).map(|step| faults.fate(moment(step, 0))).collect();
        let again: Vec<Fate> = (0..4000).map(|step| faults.fate(moment(step, 0))).collect();
        assert_eq!(fates, again);
        let share = |kind: &Kind| {
            let struck = fates
                .iter()
                .filter(|fate| fate.fault.as_ref() == Some(kind));
            struck.count() as f64 / 4000.0
        };
        // Three standard deviations of 4000 trials are below 0.024.
        assert!((share(&Kind::Garbage) - 0.25).abs() < 0.024);
        assert!((share(&Kind::Nan) - 0.75 * 0.5).abs() < 0.024);
        assert_eq!(share(&Kind::Hang), 0.0);
        let millis = Duration::from_millis(10)..Duration::from_millis(20);
        assert!(fates.iter().all(|fate| millis.contains(&fate.delay)));
        assert_ne!(fates[0].delay, fates[1].delay);

        let other_seed = Faults {
            seed: 2,
            ..faults.clone()
        };
        assert!(
            (0..4000).any(|step| other_seed.fate(moment(step, 0)) != faults.fate(moment(step, 0)))
        );
        assert!((0..4000).any(|step| faults.fate(moment(step, 1)) != faults.fate(moment(step, 0))));
    }

    #[test]
    fn a_server_becomes_ready() {
        let faults = Faults {
            list: vec![fault("unready=2")],
            ..Faults::default()
        };
        let health = |step| Moment {
            endpoint: Endpoint::Health,
            seed: 0,
            step,
            attempt: 0,
        };
        let struck: Vec<bool> = (0..4)
            .map(|step| faults.fate(health(step)).fault.is_some())
            .collect();
        assert_eq!(struck, [true, true, false, false]);
    }
}
