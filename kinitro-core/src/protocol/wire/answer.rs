//! What is common to the generations' answers.

use serde::Serialize;

use crate::error::{Error, quote};
use crate::protocol::policy::Action;

use super::gripper::{GripperConvention, command_from_closedness};
use super::rule::AnswerRule;
use super::task::EpisodeId;
use super::value::{Place, Value, quote_bytes};
use super::{Encoding, write};

const RESET_ANSWER: &str = "reset answer";
pub(super) const ACT_ANSWER: &str = "act answer";

/// An action as answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Command {
    /// What is applied.
    pub action: Action,
    /// Whether a number was outside `[-1, 1]` and was clipped.
    pub clipped: bool,
}

/// What an act request was answered with.
#[derive(Debug, Clone, PartialEq)]
pub struct ActAnswer {
    /// For the step that was asked about.
    pub now: Command,
    /// For the steps after it, applied without asking; empty unless the evaluation announced chunks.
    pub next: Vec<Command>,
}

impl From<Command> for ActAnswer {
    fn from(now: Command) -> Self {
        Self {
            now,
            next: Vec::new(),
        }
    }
}

/// A server's answer to a reset request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResetAnswer<'a> {
    status: &'static str,
    episode_id: &'a str,
}

impl<'a> ResetAnswer<'a> {
    /// V3 servers repeat the request's id, others make one up.
    pub const fn new(episode_id: &'a str) -> Self {
        Self {
            status: "ok",
            episode_id,
        }
    }

    /// Appends the answer to a buffer.
    pub fn write(&self, encoding: Encoding, out: &mut Vec<u8>) {
        write(self, encoding, out);
    }
}

/// A server's answer when it fails, with a status other than 200.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorAnswer<'a> {
    error: ErrorBody<'a>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct ErrorBody<'a> {
    code: &'a str,
    message: &'a str,
}

impl<'a> ErrorAnswer<'a> {
    /// A stable code in snake case, and a sentence for people.
    pub const fn new(code: &'a str, message: &'a str) -> Self {
        Self {
            error: ErrorBody { code, message },
        }
    }

    /// Appends the answer to a buffer.
    pub fn write(&self, encoding: Encoding, out: &mut Vec<u8>) {
        write(self, encoding, out);
    }
}

/// What the body of a failed request says, for a log: at most 80 characters, escaped.
///
/// Understood are `{"error": {"code", "message"}}`, `{"error": "…"}` and `{"detail": "…"}`; of anything else the beginning is quoted.
pub fn reported_error(encoding: Encoding, body: &[u8]) -> String {
    Value::read("error answer", encoding, body)
        .ok()
        .and_then(|value| told(&value))
        .map_or_else(|| quote_bytes(body), |text| quote(&text))
}

/// The error that an answer tells of, if it does.
fn told(value: &Value) -> Option<String> {
    let Value::Map(members) = value else {
        return None;
    };
    match members.get("error").or_else(|| members.get("detail"))? {
        Value::Text(text) => Some(text.clone()),
        Value::Map(error) => match (error.get("code"), error.get("message")) {
            (Some(Value::Text(code)), Some(Value::Text(message))) => {
                Some(format!("{code}: {message}"))
            }
            (None, Some(Value::Text(text))) | (Some(Value::Text(text)), None) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// Reads a reset answer: a map whose `status`, if it has one, is `ok`, and whose `episode_id`, if it must and does name one, is ours.
pub(super) fn read_reset(
    encoding: Encoding,
    body: &[u8],
    expected_id: Option<&EpisodeId>,
) -> Result<(), Error> {
    let value = Value::read(RESET_ANSWER, encoding, body)?;
    let answer = Place::root(RESET_ANSWER, &value);
    if let Some(status) = answer.member("status")? {
        if status.text()? != "ok" {
            return Err(status.refuse(AnswerRule::Value));
        }
    } else if let Some(error) = answer.member("error")? {
        return Err(error.refuse(AnswerRule::Reported));
    }
    if let (Some(expected), Some(id)) = (expected_id, answer.member("episode_id")?)
        && id.text()? != expected.as_str()
    {
        return Err(id.refuse(AnswerRule::Value));
    }
    Ok(())
}

/// The `action` of an act answer.
pub(super) fn action<'a>(answer: &Place<'a>) -> Result<Place<'a>, Error> {
    if answer.member("action")?.is_none()
        && let Some(error) = answer.member("error")?
    {
        return Err(error.refuse(AnswerRule::Reported));
    }
    answer.required("action")
}

/// Four numbers: motion, and the gripper in the chosen convention.
pub(super) fn listed(action: &Place<'_>, convention: GripperConvention) -> Result<Command, Error> {
    let [dx, dy, dz, grip] = action.numbers()?;
    command([dx, dy, dz, convention.command_from_wire(grip)])
}

/// Named channels: `ee_twist`, of which the first three numbers move the hand, and `gripper`, 0 open … 1 closed.
///
/// An absent channel is neutral, an action without any is refused. The robot keeps its orientation, so the angular part has no effect.
pub(super) fn named(action: &Place<'_>) -> Result<Command, Error> {
    action.only(&["continuous", "discrete", "extra"])?;
    if let Some(discrete) = action.member("discrete")? {
        discrete.only(&[])?;
    }
    let channels = action.required("continuous")?;
    channels.only(&["ee_twist", "gripper"])?;
    let (twist, gripper) = (channels.member("ee_twist")?, channels.member("gripper")?);
    if twist.is_none() && gripper.is_none() {
        return Err(channels.refuse(AnswerRule::Missing));
    }
    let [dx, dy, dz, ..] = twist.map_or(Ok([0.0; 6]), |twist| twist.numbers())?;
    let grip = gripper.map_or(Ok(0.0), |gripper| {
        let closedness = if gripper.is_list() {
            gripper.numbers().map(|[number]: [f64; 1]| number)
        } else {
            gripper.number()
        };
        closedness.map(command_from_closedness)
    })?;
    command([dx, dy, dz, grip])
}

fn command(wire: [f64; 4]) -> Result<Command, Error> {
    let (action, clipped) = Action::from_wire(wire)?;
    Ok(Command { action, clipped })
}
