//! Receipts in answers: `{"receipt": {…}}` beside whatever else is answered.

use std::str::FromStr;

use serde::Serialize;

use crate::error::Error;
use crate::record::receipt::{Delegation, Receipt};
use crate::signature::UnixMillis;

use super::super::rule::AnswerRule;
use super::super::task::EpisodeId;
use super::super::value::{Place, Value};
use super::super::{Encoding, write};

const RECEIPT: &str = "receipt";

/// A server's answer to a close request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CloseBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<Receipt>,
}

impl CloseBody {
    /// With a receipt over the whole episode, if the server gives any.
    pub const fn new(receipt: Option<Receipt>) -> Self {
        Self { receipt }
    }

    /// Appends the body to a buffer.
    pub fn write(&self, encoding: Encoding, out: &mut Vec<u8>) {
        write(self, encoding, out);
    }
}

/// Takes the receipt out of the answer to a close or act request; `None` if the answer offers none, or cannot be read at all.
///
/// Nothing is verified here but the form, and that it is this episode's; see [`Receipt::check`].
///
/// # Errors
/// [`Error::Answer`] if a receipt is offered and malformed. No episode may fail for it.
pub fn read_receipt(
    encoding: Encoding,
    body: &[u8],
    episode_id: &EpisodeId,
) -> Result<Option<Receipt>, Error> {
    let Ok(value) = Value::read(RECEIPT, encoding, body) else {
        return Ok(None);
    };
    let Ok(Some(receipt)) = Place::root(RECEIPT, &value).member("receipt") else {
        return Ok(None);
    };
    let id = receipt.required("episode_id")?;
    if id.text()? != episode_id.as_str() {
        return Err(id.refuse(AnswerRule::Value));
    }
    let delegation = receipt.required("delegation")?;
    Ok(Some(Receipt {
        episode_id: episode_id.clone(),
        delegation: Delegation {
            hotkey: parsed(&delegation, "hotkey")?,
            session_key: parsed(&delegation, "session_key")?,
            expires: time(&delegation.required("expires")?)?,
            signature: parsed(&delegation, "signature")?,
        },
        signature: parsed(&receipt, "signature")?,
    }))
}

fn parsed<T: FromStr>(place: &Place<'_>, field: &str) -> Result<T, Error> {
    let member = place.required(field)?;
    member
        .text()?
        .parse()
        .map_err(|_| member.refuse(AnswerRule::Value))
}

fn time(place: &Place<'_>) -> Result<UnixMillis, Error> {
    let number = place.number()?;
    if number.fract() != 0.0 || !(0.0..=UnixMillis::MAX.get() as f64).contains(&number) {
        return Err(place.refuse(AnswerRule::Value));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number of at most 15 digits, checked above"
    )]
    UnixMillis::new(number as u64)
}
