//! The evaluator's side, in small: requests in every form, answers read by the protocol's readers.

use std::time::Duration;

use kinitro_cli::miner::mock::{Form, MockServer, Running, Settings};
use kinitro_core::ids::{EnvId, EpisodeIndex};
use kinitro_core::protocol::policy::Observation;
use kinitro_core::protocol::wire::p2::HandState;
use kinitro_core::protocol::wire::v3::Task;
use kinitro_core::protocol::wire::{
    ActAnswer, ChunkLimit, Encoding, EpisodeId, GripperConvention, Pixels, Protocol, p1, p2, v3,
};
use kinitro_core::record::Level;
use kinitro_core::seed::{CycleSeed, EpisodeKey, MinerKey, PolicySeed};
use kinitro_core::units::{ImageSize, QuatXyzw};
use kinitro_sim::episode::EpisodeStart;
use kinitro_tests::http::{Answer, call};

/// Longer than any good answer takes, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// The seed of the scenes here.
pub(super) const SEED: u64 = 5;

/// One episode, as the evaluator speaks of it.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) server: std::net::SocketAddr,
    pub(super) form: Form,
    pub(super) env: EnvId,
    pub(super) id: EpisodeId,
    pub(super) max_chunk: ChunkLimit,
    pub(super) patience: Duration,
}

/// Every way to write requests, V3 in both conventions.
pub(super) fn forms(convention: GripperConvention) -> [Form; 4] {
    [
        (Protocol::V3, Encoding::Msgpack),
        (Protocol::V3, Encoding::Json),
        (Protocol::P2, Encoding::Json),
        (Protocol::P1, Encoding::Json),
    ]
    .map(|(protocol, encoding)| Form {
        protocol,
        encoding,
        convention,
    })
}

/// A server with these settings.
pub(super) fn serve(settings: Settings) -> Running {
    MockServer::start(settings).unwrap()
}

/// An episode of the scenes here.
pub(super) fn start_of(env: &EnvId, episode: u64) -> EpisodeStart {
    let cycle = CycleSeed::from_local_seed(SEED);
    let key = EpisodeKey::derive(&cycle, env, EpisodeIndex(episode));
    EpisodeStart {
        miner_key: MinerKey::derive(&key, None),
        key,
        level: Level::Seed,
    }
}

/// An observation without images.
pub(super) fn seen(proprio: [f32; 4]) -> Observation {
    Observation {
        proprio,
        images: Vec::new(),
    }
}

impl Caller {
    pub(super) fn new(server: &Running, form: Form, env: &str, id: &str) -> Self {
        Self {
            server: server.address(),
            form,
            env: env.parse().unwrap(),
            id: id.parse().unwrap(),
            max_chunk: ChunkLimit::NONE,
            patience: PATIENCE,
        }
    }

    pub(super) fn post(&self, path: &str, body: &[u8]) -> Answer {
        let content_type = ("Content-Type", self.form.encoding.content_type());
        let version = (v3::PROTOCOL_HEADER, "3");
        let headers = match self.form.protocol {
            Protocol::V3 => &[content_type, version][..],
            Protocol::P1 | Protocol::P2 => &[content_type],
        };
        let line = format!("POST {path}");
        call(self.server, &line, headers, body, self.patience)
    }

    pub(super) fn reset(&self, seed: PolicySeed) -> Answer {
        let mut body = Vec::new();
        if self.form.protocol == Protocol::V3 {
            let task = Task {
                env: &self.env,
                seed,
                prompt: None,
                cameras: &[],
                image_size: ImageSize::DEFAULT,
                control_hz: 80.0,
                max_steps: 500,
                max_chunk: self.max_chunk,
                gripper_convention: self.form.convention,
            };
            let request = v3::ResetRequest::new(self.id.clone(), &task).unwrap();
            request.write(self.form.encoding, &mut body);
        } else {
            let task_config = kinitro_core::protocol::wire::TaskConfig::new(&self.env, seed);
            p1::ResetRequest { task_config }.write(&mut body);
        }
        self.post("/reset", &body)
    }

    /// Resets and expects it to work.
    #[track_caller]
    pub(super) fn begin(&self, seed: PolicySeed) {
        let answer = self.reset(seed);
        let body = answer.body();
        let read = match self.form.protocol {
            Protocol::V3 => v3::read_reset(self.form.encoding, body, &self.id),
            Protocol::P1 | Protocol::P2 => p1::read_reset(body),
        };
        assert_eq!(answer.status(), 200, "{}", String::from_utf8_lossy(body));
        read.unwrap();
    }

    pub(super) fn act_body(&self, step: u32, observation: &Observation) -> Vec<u8> {
        let mut body = Vec::new();
        match self.form.protocol {
            Protocol::V3 => {
                let id = self.id.clone();
                v3::ActRequest::new(id, step, observation, Pixels::Raw, None)
                    .unwrap()
                    .write(self.form.encoding, &mut body);
            }
            Protocol::P2 => {
                let hand = HandState {
                    orientation: QuatXyzw([0.0, 1.0, 0.0, 0.0]),
                    linear_velocity: [0.0; 3],
                    angular_velocity: [0.0; 3],
                };
                let request = p2::ActRequest::new(observation, &hand).unwrap();
                request.write(&mut body);
            }
            Protocol::P1 => p1::ActRequest::new(observation).unwrap().write(&mut body),
        }
        body
    }

    pub(super) fn act(&self, step: u32, observation: &Observation) -> Answer {
        self.post("/act", &self.act_body(step, observation))
    }

    /// Asks and reads the answer as an evaluator does.
    pub(super) fn read(&self, answer: &Answer) -> Result<ActAnswer, kinitro_core::Error> {
        let body = answer.body();
        match self.form.protocol {
            Protocol::V3 => v3::read_act(
                self.form.encoding,
                body,
                self.form.convention,
                self.max_chunk,
            ),
            Protocol::P2 => p2::read_act(body),
            Protocol::P1 => p1::read_act(body, self.form.convention),
        }
    }

    /// Asks and expects a good answer.
    #[track_caller]
    pub(super) fn ask(&self, step: u32, observation: &Observation) -> ActAnswer {
        let answer = self.act(step, observation);
        let body = String::from_utf8_lossy(answer.body());
        assert_eq!(answer.status(), 200, "step {step}: {body}");
        self.read(&answer).unwrap()
    }
}
