//! Answers as they leave, good or spoiled.

use std::convert::Infallible;
use std::fmt;
use std::future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body::{Frame, SizeHint};
use kinitro_core::protocol::wire::{Encoding, ErrorAnswer, Protocol};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::behaviour::Refusal;
use super::fault::Kind;
use super::form::Form;

/// Length of the header that is too long: evaluators take 16 KiB of headers at most.
const HUGE_HEADER_LEN: usize = 20 * 1024;
/// What an endless body consists of. JSON may begin with any number of spaces.
static ENDLESS: [u8; 16 * 1024] = [b' '; 16 * 1024];
/// Neither JSON nor msgpack, which has no type 0xc1, nor UTF-8.
const GARBAGE: &[u8] = b"\xc1\xff{\"action\": [0, 0,";

/// An answer before it is sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) encoding: Encoding,
    pub(super) body: Vec<u8>,
    /// What happens to it.
    pub(super) fault: Option<Kind>,
    /// How long after its request it is sent at the earliest.
    pub(super) delay: Duration,
}

impl Reply {
    /// A good answer.
    pub(super) fn new(encoding: Encoding, body: Vec<u8>) -> Self {
        Self {
            status: StatusCode::OK,
            encoding,
            body,
            fault: None,
            delay: Duration::ZERO,
        }
    }

    /// An error answer.
    pub(super) fn refusal(refusal: &Refusal, encoding: Encoding) -> Self {
        let mut body = Vec::new();
        ErrorAnswer::new(refusal.code, &refusal.message).write(encoding, &mut body);
        Self {
            status: StatusCode::from_u16(refusal.status)
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            ..Self::new(encoding, body)
        }
    }

    /// An answer that a fault takes the place of; `form` is that of the action which would have stood in it.
    pub(super) fn spoiled(kind: &Kind, form: Form) -> Self {
        let reply = match kind {
            Kind::Status(status) => {
                let refusal = Refusal::new(*status, "mock_fault", "this server was told to fail");
                Self::refusal(&refusal, form.encoding)
            }
            Kind::Nan => Self::new(form.encoding, bad_action(form, f64::NAN, 4)),
            Kind::WrongLength => Self::new(form.encoding, bad_action(form, 0.0, 5)),
            Kind::Garbage => Self::new(form.encoding, GARBAGE.to_vec()),
            _ => Self::new(form.encoding, Vec::new()),
        };
        Self {
            fault: Some(kind.clone()),
            ..reply
        }
    }

    /// Waits and becomes a response; never returns where no answer is to come.
    pub(super) async fn send(self, received: Instant) -> Response<Body> {
        tokio::time::sleep_until(received + self.delay).await;
        let bytes = Bytes::from(self.body);
        let (body, header) = match self.fault {
            Some(Kind::Hang) => future::pending().await,
            Some(Kind::SlowBody(interval)) => (Body::new(Drip::new(bytes, interval)), None),
            Some(Kind::EndlessBody) => (Body::new(Endless), None),
            Some(Kind::Disconnect) => (Body::new(Abort), None),
            Some(Kind::HugeHeader) => {
                let value = HeaderValue::try_from("a".repeat(HUGE_HEADER_LEN));
                let value = value.expect("letters may stand in a header");
                (
                    Body::from(bytes),
                    Some((HeaderName::from_static("x-padding"), value)),
                )
            }
            Some(Kind::Redirect(target)) => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
                response.headers_mut().insert(LOCATION, target);
                return response;
            }
            _ => (Body::from(bytes), None),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let content_type = HeaderValue::from_static(self.encoding.content_type());
        response.headers_mut().insert(CONTENT_TYPE, content_type);
        response.headers_mut().extend(header);
        response
    }
}

/// The body of an action that has `len` numbers where four (in P2, six) belong, the first being `first`.
fn bad_action(form: Form, first: f64, len: usize) -> Vec<u8> {
    let list = |len: usize| -> Vec<f64> {
        (0..len)
            .map(|index| if index == 0 { first } else { 0.0 })
            .collect()
    };
    match (form.protocol, form.encoding) {
        (Protocol::P2, _) => {
            let twist = json_list(&list(len + 2));
            format!(
                r#"{{"action":{{"continuous":{{"ee_twist":{twist},"gripper":[0.5]}},"discrete":{{}},"extra":{{}}}}}}"#
            )
            .into_bytes()
        }
        (_, Encoding::Json) => format!(r#"{{"action":{}}}"#, json_list(&list(len))).into_bytes(),
        (_, Encoding::Msgpack) => {
            // A map of one, the text "action" of six bytes, a list of `len`, each 64 bits.
            let count = u8::try_from(len).expect("four or five numbers");
            let mut body = b"\x81\xa6action".to_vec();
            body.push(0x90 | count);
            for number in list(len) {
                body.push(0xcb);
                body.extend(number.to_be_bytes());
            }
            body
        }
    }
}

/// Numbers as Python's `json` writes them, which has `NaN`.
fn json_list(numbers: &[f64]) -> String {
    let texts: Vec<String> = numbers.iter().map(|number| format!("{number:?}")).collect();
    format!("[{}]", texts.join(","))
}

/// Why [`Abort`] ends a connection.
#[derive(Debug)]
struct Aborted;

impl fmt::Display for Aborted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this server was told to disconnect")
    }
}

impl std::error::Error for Aborted {}

/// A body that fails before its first byte, so that the connection ends before the head is sent.
struct Abort;

impl HttpBody for Abort {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        Poll::Ready(Some(Err(Aborted)))
    }
}

/// A body that does not end.
struct Endless;

impl HttpBody for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&ENDLESS)))))
    }
}

/// A body of known length that comes byte by byte.
struct Drip {
    rest: Bytes,
    ticks: Interval,
}

impl Drip {
    fn new(body: Bytes, interval: Duration) -> Self {
        let mut ticks = interval_at(Instant::now() + interval, interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { rest: body, ticks }
    }
}

impl HttpBody for Drip {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let tick = self.ticks.poll_tick(context);
        tick.map(|_| Some(Ok(Frame::data(self.rest.split_to(1)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
