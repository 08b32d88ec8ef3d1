//! How large requests and answers are.

use kinitro_core::protocol::wire::{Encoding, ImageEncoding, Offer, Protocol};

use super::check::{Check, Subject};
use super::latency::Pace;
use super::trial::Trial;

/// A link on which payloads are told as time, in bits per second.
const LINK: f64 = 100e6;

impl Trial<'_> {
    /// Bytes per act, and what would be cheaper.
    pub(super) fn payload(&self, pace: &Pace) -> Check {
        let subject = Subject::Payload;
        let count = pace.len().max(1);
        let (request, answer) = (pace.request_len / count, pace.answer_len / count);
        let milliseconds = request as f64 * 8.0 / LINK * 1000.0;
        let forms = self.v3_forms();
        let others = forms
            .map(|(name, len)| format!("{name} {:.1}", len as f64 / 1000.0))
            .join(", ");
        let text = format!(
            "{:.1} kB per request ({milliseconds:.1} ms at 100 Mbit/s), {answer} B per answer; in v3, kB: {others}",
            request as f64 / 1000.0
        );
        let [_, _, (_, msgpack), _] = forms;
        let is_cheap =
            self.offer.protocol == Protocol::V3 && self.offer.encoding == Encoding::Msgpack;
        let check = if is_cheap || !self.is_best {
            Check::pass(subject, text)
        } else if self.offer.protocol == Protocol::V3 {
            Check::warn(
                subject,
                text,
                "announce \"msgpack\" in `encodings` of /health, which is used if offered",
            )
        } else {
            Check::warn(
                subject,
                text,
                format!(
                    "speak v3 with msgpack: {:.0} % of the bytes at every step",
                    100.0 * msgpack as f64 / request.max(1) as f64
                ),
            )
        };
        check
            .number("request_bytes", request as f64)
            .number("answer_bytes", answer as f64)
    }

    /// What the first observation takes in each form of V3.
    fn v3_forms(&self) -> [(&'static str, usize); 4] {
        let tape = &self.tapes[0];
        let id = self.probe.new_id();
        [
            ("json raw", Encoding::Json, ImageEncoding::Raw),
            ("json png", Encoding::Json, ImageEncoding::Png),
            ("msgpack raw", Encoding::Msgpack, ImageEncoding::Raw),
            ("msgpack png", Encoding::Msgpack, ImageEncoding::Png),
        ]
        .map(|(name, encoding, image)| {
            let offer = Offer {
                protocol: Protocol::V3,
                encoding,
                image,
            };
            let caller = self.probe.caller(offer, self.gripper);
            let seen = tape.frames().next();
            let len = seen.map_or(0, |seen| caller.act_len(&seen, &id, tape.start.seed));
            (name, len)
        })
    }
}
