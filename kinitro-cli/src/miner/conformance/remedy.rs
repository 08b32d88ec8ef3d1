//! What to do about a request that failed.

use kinitro_core::Error;
use kinitro_core::protocol::wire::AnswerRule;

use crate::policy_server::Fault;

/// A sentence for whoever runs the server.
pub(super) fn remedy(fault: &Fault) -> String {
    let text = match fault {
        Fault::Name { .. } => "check the name in the URL; it must resolve for everybody",
        Fault::NotPublic => {
            "evaluations connect to public addresses only; for a server of your own add --allow-private-endpoints"
        }
        Fault::Connect { .. } => {
            "start the server, check host and port, and let it listen on the address in the URL (0.0.0.0 for all)"
        }
        Fault::Timeout { limit_ms } => {
            return format!(
                "answer within {limit_ms} ms, and load the weights before /health says that it is ready"
            );
        }
        Fault::Lost { .. } => {
            "the server closed the connection without an answer: look for a crash in its log"
        }
        Fault::Head { .. } => "speak HTTP/1.1, with at most 16 KiB of headers",
        Fault::Body => "answer with the action alone: at most 64 KiB are read",
        Fault::Status { status, .. } => match status {
            300..400 => "answer at this URL itself: redirects are not followed",
            404 | 405 => {
                "serve GET /health, POST /reset and POST /act below the URL that you give here"
            }
            415 => "read the media types that /health announces in `encodings`",
            400 | 422 => {
                "accept the request as docs/protocol.md shows it, or do not announce this protocol"
            }
            502..=504 => "the proxy before the server does not reach it: start the server",
            _ => "look for the error in the server's log",
        },
        Fault::MediaType { .. } => {
            "answer in the encoding of the request, and say so in Content-Type"
        }
        Fault::Answer {
            source: Error::Answer { rule, .. },
        } => broken_rule(*rule),
        Fault::NotReady => {
            "wait until the policy is loaded; an evaluation asks three times within a minute"
        }
        _ => "answer as docs/protocol.md shows it",
    };
    text.to_owned()
}

fn broken_rule(rule: AnswerRule) -> &'static str {
    match rule {
        AnswerRule::NotFinite => {
            "never answer NaN or infinities: look for a division by zero, or inputs on another scale than in training"
        }
        // What Python's `json` makes of NaN is not JSON.
        AnswerRule::Malformed => {
            "answer one JSON document (msgpack where asked so), without NaN or Infinity, which JSON does not have"
        }
        AnswerRule::Length => "answer four numbers: dx, dy, dz, gripper",
        AnswerRule::UnknownChannel => "answer the channels `ee_twist` and `gripper` only",
        AnswerRule::Chunk => "answer one action, since this evaluation announces no `max_chunk`",
        AnswerRule::Missing => "answer {\"action\": …} as docs/protocol.md shows it",
        AnswerRule::Reported => {
            "answer errors with a status other than 200, and look into the server's log"
        }
        _ => "answer as docs/protocol.md shows it",
    }
}
