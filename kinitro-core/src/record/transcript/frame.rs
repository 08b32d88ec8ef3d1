//! One control step of a transcript, and its bytes; the layout is on the page of the parent module.

use crate::error::Error;
use crate::protocol::policy::Action;

/// Bytes of one frame.
pub const FRAME_LEN: usize = 22;

/// One control step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// The action as applied.
    pub action: Action,
    /// How it came about.
    pub flags: FrameFlags,
    /// Milliseconds that the policy's answer took, at most 65 535.
    pub wire_ms: u16,
}

/// How an action came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FrameFlags {
    /// A number of the policy's answer was outside `[-1, 1]`.
    pub clipped: bool,
    /// The policy missed its deadline and the previous action was repeated.
    pub held: bool,
    /// The policy answered at the second attempt.
    pub retried: bool,
}

impl Frame {
    pub(super) fn to_bytes(self, step: u16) -> [u8; FRAME_LEN] {
        let mut bytes = [0; FRAME_LEN];
        bytes[0..2].copy_from_slice(&step.to_le_bytes());
        bytes[2..4].copy_from_slice(&self.flags.to_bits().to_le_bytes());
        bytes[4..20].copy_from_slice(&self.action.to_le_bytes());
        bytes[20..22].copy_from_slice(&self.wire_ms.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(index: usize, bytes: &[u8; FRAME_LEN]) -> Result<Self, Error> {
        let u16_at = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let f32_at = |at: usize| {
            f32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let step = u16_at(0);
        if usize::from(step) != index {
            return Err(Error::StepOrder { index, step });
        }
        let flags = FrameFlags::from_bits(index, u16_at(2))?;
        let applied = [f32_at(4), f32_at(8), f32_at(12), f32_at(16)];
        let action = Action::from_recorded(applied).map_err(|source| Error::FrameAction {
            index,
            source: Box::new(source),
        })?;
        Ok(Self {
            action,
            flags,
            wire_ms: u16_at(20),
        })
    }
}

impl FrameFlags {
    const CLIPPED: u16 = 1;
    const HELD: u16 = 2;
    const RETRIED: u16 = 4;

    fn to_bits(self) -> u16 {
        let bit = |set: bool, bit: u16| if set { bit } else { 0 };
        bit(self.clipped, Self::CLIPPED)
            | bit(self.held, Self::HELD)
            | bit(self.retried, Self::RETRIED)
    }

    pub(super) fn from_bits(index: usize, flags: u16) -> Result<Self, Error> {
        if flags & !(Self::CLIPPED | Self::HELD | Self::RETRIED) != 0 {
            return Err(Error::UnknownFlags { index, flags });
        }
        let has = |bit: u16| flags & bit != 0;
        Ok(Self {
            clipped: has(Self::CLIPPED),
            held: has(Self::HELD),
            retried: has(Self::RETRIED),
        })
    }
}
