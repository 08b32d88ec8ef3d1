//! What an evaluation demands of servers.

use std::time::Duration;

use kinitro_core::protocol::policy::CameraName;
use kinitro_core::protocol::wire::limits::{
    ACT_DEADLINE, HEALTH_DEADLINE, RESET_DEADLINE, STRICT_ACT_DEADLINE,
};
use kinitro_core::protocol::wire::{ChunkLimit, GripperConvention, v3};
use kinitro_core::units::ImageSize;

use super::Addresses;

/// What an evaluation demands of servers, the same for all that take part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Which addresses are connected to.
    pub addresses: Addresses,
    /// How long an action may take.
    pub latency: LatencyProfile,
    /// The gripper's sign in actions of four numbers, where a server does not say.
    pub gripper: GripperConvention,
    /// Whether P1 servers get images.
    pub p1_images: bool,
    /// How many further actions a V3 server may send with one.
    pub max_chunk: ChunkLimit,
    /// How many connections to one server are open at a time, and so how many episodes a V3 server plays at once; 0 counts as 1.
    pub max_connections: usize,
    /// Whose images V3 servers get, in this order; the earlier generations have cameras of their own.
    pub cameras: Vec<CameraName>,
    /// Size of every image that servers get.
    pub image_size: ImageSize,
    /// How long everything else may take.
    pub deadlines: Deadlines,
}

impl Default for Rules {
    /// Public addresses, 500 ms per action, the simulator's gripper sign, images for P1, no chunks, 8 connections, the cameras of V3.
    fn default() -> Self {
        Self {
            addresses: Addresses::default(),
            latency: LatencyProfile::default(),
            gripper: GripperConvention::default(),
            p1_images: true,
            max_chunk: ChunkLimit::NONE,
            max_connections: 8,
            cameras: v3::CAMERAS.to_vec(),
            image_size: ImageSize::DEFAULT,
            deadlines: Deadlines::default(),
        }
    }
}

/// How long a server may take for an action, its second attempt included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LatencyProfile {
    /// 500 ms.
    #[default]
    Standard,
    /// 100 ms.
    Strict,
    /// What an environment demands for itself.
    Within(Duration),
}

impl LatencyProfile {
    /// From the first byte of an act request sent to the last byte of its answer received.
    pub const fn deadline(self) -> Duration {
        match self {
            Self::Standard => ACT_DEADLINE,
            Self::Strict => STRICT_ACT_DEADLINE,
            Self::Within(deadline) => deadline,
        }
    }
}

/// How long everything but an action may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Deadlines {
    /// Looking a name up; and again opening a connection, encryption included.
    pub connect: Duration,
    /// A health request.
    pub health: Duration,
    /// Between two health requests to a server that is not ready yet.
    pub health_pause: Duration,
    /// A reset request; also the act request by which the protocol is found out.
    pub reset: Duration,
    /// A close request, whose answer changes nothing.
    pub close: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            health: HEALTH_DEADLINE,
            // Three requests within 60 s: a policy that is started on demand has to load its weights.
            health_pause: Duration::from_secs(30),
            reset: RESET_DEADLINE,
            close: Duration::from_secs(1),
        }
    }
}
