//! How an answer is written, and what is read from it.

use kinitro_core::protocol::policy::Action;
use kinitro_core::protocol::wire::{ChunkLimit, Encoding, GripperConvention, Protocol, p1, p2, v3};

/// How actions are written to one evaluator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// The generation.
    pub protocol: Protocol,
    /// The encoding; JSON unless V3.
    pub encoding: Encoding,
    /// The gripper's sign in lists of four numbers; P2 has none.
    pub convention: GripperConvention,
}

impl Form {
    /// The body that says these actions; only V3 has room for further ones.
    pub fn write(self, now: &Action, next: &[Action]) -> Vec<u8> {
        let mut body = Vec::with_capacity(256);
        match self.protocol {
            Protocol::V3 => {
                v3::ActBody::new(now, next, self.convention).write(self.encoding, &mut body);
            }
            Protocol::P2 => p2::ActBody::new(now).write(&mut body),
            Protocol::P1 => p1::ActBody::new(now, self.convention).write(&mut body),
        }
        body
    }

    /// The action that an evaluator reads from an answer that says `action`.
    ///
    /// Found by writing and reading the answer, so that rounding and the gripper's sign are the protocol's own.
    pub fn decoded(self, action: &Action) -> Action {
        let body = self.write(action, &[]);
        let answer = match self.protocol {
            Protocol::V3 => v3::read_act(self.encoding, &body, self.convention, ChunkLimit::NONE),
            Protocol::P2 => p2::read_act(&body),
            Protocol::P1 => p1::read_act(&body, self.convention),
        };
        answer.expect("our own answers break no rule").now.action
    }
}
