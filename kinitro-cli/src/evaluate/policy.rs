//! What `NAME=SPEC` says: who takes part in an evaluation, how it acts and what it sees.

use std::fmt;
use std::str::FromStr;

use kinitro_core::ids::{EnvId, PolicyName};
use kinitro_core::protocol::view::ViewChoice;
use kinitro_core::protocol::wire::{Protocol, p1, p2};
use kinitro_sim::metaworld::experts;
use kinitro_sim::rollout::{Driver, ExpertTeacher, Policy, RandomPolicy, Teacher, ZeroPolicy};

use super::Error;
use crate::policy_server::Endpoint;

/// The forms of a built-in policy's specification, for messages.
pub const BUILT_IN_FORMS: &str = "`expert`, `expert:noise=SIGMA`, `random`, `zero`";
/// The form of a server's address, for messages.
pub const SERVER_FORM: &str = "`http(s)://HOST[:PORT][/BASE][#v3|p2|p1]`";
/// How the choice of what a policy sees begins, behind its specification.
const VIEW_PARTS: [&str; 2] = [",cameras=", ",size="];

/// Largest noise that still is one: beyond, every command is clipped to a corner of the action space.
const MAX_NOISE: f64 = 10.0;

/// How a policy acts.
#[derive(Debug, Clone, PartialEq)]
pub enum PolicySpec {
    /// As the evaluator itself knows how to.
    BuiltIn(BuiltIn),
    /// As the server there answers.
    Server(Endpoint),
}

/// How a policy inside the evaluator acts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BuiltIn {
    /// The task's scripted expert, which reads the privileged state.
    Expert {
        /// Standard deviation of the normal noise on each entry of its command, in command units; `0` for none.
        noise: f64,
    },
    /// Commands uniform in `[-1, 1]`, from the policy seed.
    Random,
    /// No motion at all.
    Zero,
}

/// A participant: a name for tables and files, how it acts, and what it sees.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedPolicy {
    /// Unique among the participants.
    pub name: PolicyName,
    /// How it acts.
    pub spec: PolicySpec,
    /// What it chooses to see.
    pub view: ViewChoice,
}

impl NamedPolicy {
    /// Whether it may choose what it chooses: servers of the earlier protocols have cameras of their own.
    ///
    /// # Errors
    /// [`Error::Setting`] if it pins such a protocol and chooses cameras.
    pub(super) fn check_view(&self) -> Result<(), Error> {
        let PolicySpec::Server(endpoint) = &self.spec else {
            return Ok(());
        };
        let cameras = match endpoint.pin() {
            Some(Protocol::P2) => &p2::CAMERAS,
            Some(Protocol::P1) => &p1::CAMERAS,
            Some(Protocol::V3) | None => return Ok(()),
        };
        if self.view.cameras().is_none() {
            return Ok(());
        }
        let [first, second] = cameras;
        Err(Error::Setting {
            setting: "cameras",
            reason: format!(
                "policy `{}` cannot choose: its protocol has {first} and {second}",
                self.name
            ),
        })
    }
}

/// A policy ready to act in one episode, whichever of the two kinds it is.
#[expect(missing_debug_implementations, reason = "trait objects of user code")]
pub enum Actor {
    /// Acts on observations.
    Policy(Box<dyn Policy>),
    /// Acts on the privileged state.
    Teacher(Box<dyn Teacher>),
}

impl Actor {
    /// The driver that a rollout takes.
    pub fn driver(&mut self) -> Driver<'_> {
        match self {
            Self::Policy(policy) => Driver::Policy(policy.as_mut()),
            Self::Teacher(teacher) => Driver::Teacher(teacher.as_mut()),
        }
    }
}

impl BuiltIn {
    /// A fresh actor for one episode in `env`; nothing is carried over from another episode.
    ///
    /// # Errors
    /// [`Error::NoExpert`] for an expert where the environment has none.
    pub fn actor(self, env: &EnvId) -> Result<Actor, Error> {
        Ok(match self {
            Self::Expert { noise } => {
                let expert = experts::expert(env.name())
                    .ok_or_else(|| Error::NoExpert { env: env.clone() })?;
                Actor::Teacher(Box::new(ExpertTeacher::new(expert, noise)))
            }
            Self::Random => Actor::Policy(Box::new(RandomPolicy::default())),
            Self::Zero => Actor::Policy(Box::new(ZeroPolicy)),
        })
    }
}

impl fmt::Display for PolicySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn(policy) => policy.fmt(f),
            Self::Server(endpoint) => endpoint.fmt(f),
        }
    }
}

impl fmt::Display for BuiltIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expert { noise } if *noise == 0.0 => f.write_str("expert"),
            Self::Expert { noise } => write!(f, "expert:noise={noise}"),
            Self::Random => f.write_str("random"),
            Self::Zero => f.write_str("zero"),
        }
    }
}

impl FromStr for PolicySpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if !(text.starts_with("http://") || text.starts_with("https://")) {
            return text.parse().map(Self::BuiltIn);
        }
        let endpoint = text.parse();
        // The text is not repeated: it may hold a password.
        endpoint
            .map(Self::Server)
            .map_err(|error| Error::PolicySpec {
                text: "http…".to_owned(),
                reason: format!("{error}; expected {SERVER_FORM}"),
            })
    }
}

impl FromStr for BuiltIn {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |reason: &str| Error::PolicySpec {
            text: text.to_owned(),
            reason: reason.to_owned(),
        };
        let (kind, options) = match text.split_once(':') {
            Some((kind, options)) => (kind, Some(options)),
            None => (text, None),
        };
        match (kind, options) {
            ("expert", None) => Ok(Self::Expert { noise: 0.0 }),
            ("expert", Some(options)) => {
                let sigma = options
                    .strip_prefix("noise=")
                    .ok_or_else(|| refuse("the only option of `expert` is `noise=SIGMA`"))?;
                let noise: f64 = sigma.parse().map_err(|_| refuse("SIGMA is not a number"))?;
                if !(0.0..=MAX_NOISE).contains(&noise) {
                    return Err(refuse("SIGMA must be in [0, 10]"));
                }
                Ok(Self::Expert { noise })
            }
            ("random", None) => Ok(Self::Random),
            ("zero", None) => Ok(Self::Zero),
            ("random" | "zero", Some(_)) => Err(refuse("it takes no options")),
            _ => Err(refuse(&format!("expected one of {BUILT_IN_FORMS}"))),
        }
    }
}

impl FromStr for NamedPolicy {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |text: &str, reason: String| Error::PolicySpec {
            text: text.to_owned(),
            reason,
        };
        let (name, spec) = match text.split_once('=') {
            // `expert:noise=0.1` alone also has an equals sign, but no name before it.
            Some((name, spec)) if !name.contains(':') => (name, spec),
            _ => {
                let reason = format!(
                    "expected `NAME=SPEC` with SPEC one of {BUILT_IN_FORMS}, {SERVER_FORM}"
                );
                // What stands before a server's address is shown, the address is not.
                return Err(refuse(text.split("//").next().unwrap_or_default(), reason));
            }
        };
        let name = name
            .parse()
            .map_err(|error| refuse(name, format!("{error}")))?;
        let chosen = VIEW_PARTS.iter().filter_map(|part| spec.find(part)).min();
        let (spec, view) = match chosen {
            Some(comma) => {
                let view = spec[comma + 1..].parse();
                // The specification is not repeated: it may hold a password.
                let view = view.map_err(|error| refuse(&spec[comma..], format!("{error}")))?;
                (&spec[..comma], view)
            }
            None => (spec, ViewChoice::default()),
        };
        Ok(Self {
            name,
            spec: spec.parse()?,
            view,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_back() {
        for text in [
            "expert",
            "expert:noise=0.1",
            "random",
            "zero",
            "http://localhost:8001",
            "https://policy.example/base#p2",
        ] {
            assert_eq!(text.parse::<PolicySpec>().unwrap().to_string(), text);
        }
        let named: NamedPolicy = "shaky=expert:noise=0.5".parse().unwrap();
        assert_eq!(named.name.to_string(), "shaky");
        assert_eq!(
            named.spec,
            PolicySpec::BuiltIn(BuiltIn::Expert { noise: 0.5 })
        );
        assert!(named.view.is_open());
    }

    #[test]
    fn what_a_policy_sees_stands_behind_how_it_acts() {
        for (spec, view) in [
            ("expert:noise=0.5", "cameras=corner4+gripper,size=128"),
            ("zero", "size=224"),
            ("http://localhost:8001/a,b#v3", "cameras=none"),
        ] {
            let named: NamedPolicy = format!("a={spec},{view}").parse().unwrap();
            assert_eq!(named.spec.to_string(), spec);
            assert_eq!(named.view.to_string(), view);
        }
    }

    #[test]
    fn the_earlier_protocols_have_cameras_of_their_own() {
        let check = |text: &str| text.parse::<NamedPolicy>().unwrap().check_view();
        let message = check("a=http://localhost#p2,cameras=corner").unwrap_err();
        let told = "cameras: policy `a` cannot choose: its protocol has corner and corner2";
        assert_eq!(message.to_string(), told);
        assert!(check("a=http://localhost#p1,cameras=corner").is_err());
        assert!(check("a=http://localhost#p1,size=128").is_ok());
        assert!(check("a=http://localhost,cameras=corner").is_ok());
    }

    #[test]
    fn what_is_wrong_is_said() {
        let message = |text: &str| text.parse::<NamedPolicy>().unwrap_err().to_string();
        assert!(message("expert").contains("NAME=SPEC"));
        assert!(message("expert:noise=0.1").contains("NAME=SPEC"));
        assert!(message("a=export").contains("`expert:noise=SIGMA`"));
        assert!(message("a=expert:noise=loud").contains("not a number"));
        assert!(message("a=expert:noise=NaN").contains("[0, 10]"));
        assert!(message("a=zero:noise=1").contains("no options"));
        assert!(message("a=http://").contains("no host"));
        assert!(message("a=http://localhost:8001#v4").contains("`v3`, `p2` or `p1`"));
        assert!(message("a=zero,cameras=corner,size=90").contains("84, 128, 224"));
        assert!(message("a=zero,size=84,cameras=front").contains("behind_gripper"));
        for secret in [
            "a=http://me:secret@localhost",
            "a=http://me:secret@localhost,cameras=front",
            "http://me:secret@localhost",
            "http://localhost/?key=secret",
            "a=https://localhost/?key=secret",
        ] {
            assert!(!message(secret).contains("secret"), "{}", message(secret));
        }
    }
}
