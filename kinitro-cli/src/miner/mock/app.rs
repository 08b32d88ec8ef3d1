//! What a server answers, apart from how it is carried.

use std::convert::Infallible;
use std::time::Instant;

use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use kinitro_core::ids::EnvId;
use kinitro_core::protocol::policy::{CameraName, Observation};
use kinitro_core::protocol::wire::{
    ChunkLimit, Encoding, EpisodeId, Health, Protocol, ResetAnswer, p1, p2, v3,
};
use kinitro_core::seed::PolicySeed;
use kinitro_core::units::ImageSize;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::behaviour::{Refusal, Start};
use super::episodes::{Episodes, Live, lock};
use super::fault::{Endpoint, Fate, Kind, Moment};
use super::form::Form;
use super::reply::Reply;
use super::server::{Settings, Speaks};
use super::totals::Counters;
use super::trust::{self, Door};

/// A server's settings and state.
pub(super) struct App {
    settings: Settings,
    episodes: Episodes,
    door: Door,
    started: Instant,
    pub(super) counters: Counters,
}

/// A request, its body read to the end.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// What a request begins.
struct Beginning {
    id: Option<EpisodeId>,
    env: EnvId,
    seed: u32,
    max_chunk: ChunkLimit,
}

/// What a request asks.
struct Question {
    id: Option<EpisodeId>,
    step: Option<u32>,
    /// Without images unless they are wanted.
    view: Observation,
}

/// The fields that tell the generations of JSON requests apart.
#[derive(Deserialize)]
struct Probe {
    v: Option<IgnoredAny>,
    obs: Option<IgnoredAny>,
}

/// What servers before V3 say.
#[derive(Serialize)]
struct OldHealth {
    status: &'static str,
    model_loaded: bool,
    uptime_seconds: f64,
}

/// How a server before V3 says what is wrong.
#[derive(Serialize)]
struct Detail<'a> {
    detail: &'a str,
}

impl App {
    pub(super) fn new(settings: Settings) -> Self {
        let episodes = Episodes::new(settings.max_episodes.get());
        Self {
            door: Door::new(settings.admission.as_ref()),
            settings,
            episodes,
            started: Instant::now(),
            counters: Counters::default(),
        }
    }

    /// Answers a request; takes as long as the behaviour needs.
    pub(super) fn answer(&self, endpoint: Endpoint, request: &Request) -> Reply {
        let number = self.counters.request(endpoint);
        let reply = self.door.admit(endpoint, request);
        let reply = reply.and_then(|()| match endpoint {
            Endpoint::Health => Ok(self.health(number)),
            Endpoint::Reset => self.reset(request),
            Endpoint::Act => self.act(request),
            Endpoint::Close => self.close(request),
        });
        let reply = reply.unwrap_or_else(|refusal| {
            self.counters.refused.count();
            self.refuse(&refusal, request)
        });
        if reply.fault.is_some() {
            self.counters.faulty.count();
        }
        reply
    }

    fn health(&self, number: u64) -> Reply {
        let moment = Moment {
            endpoint: Endpoint::Health,
            seed: 0,
            step: number,
            attempt: 0,
        };
        let fate = self.settings.faults.fate(moment);
        let ready = !matches!(fate.fault, Some(Kind::Unready(_)));
        let uptime = self.started.elapsed().as_secs_f64();
        let mut body = Vec::new();
        match self.settings.speaks {
            Speaks::Only(Protocol::P1 | Protocol::P2) => {
                let status = if ready { "healthy" } else { "starting" };
                let health = OldHealth {
                    status,
                    model_loaded: ready,
                    uptime_seconds: uptime,
                };
                body = serde_json::to_vec(&health).expect("texts and finite numbers are JSON");
            }
            speaks => Health {
                ready,
                protocols: Some(speaks.protocols()),
                encodings: self.settings.encodings.clone(),
                images: self.settings.images.clone(),
                max_batch: None,
                gripper_convention: Some(self.settings.gripper_convention),
            }
            .write(uptime, &mut body),
        }
        let form = self.form(Protocol::P1, Encoding::Json);
        let Ok(reply) = finish(fate, form, || Ok::<_, Infallible>(body));
        reply
    }

    fn reset(&self, request: &Request) -> Result<Reply, Refusal> {
        let form = self.form_of(Endpoint::Reset, request)?;
        let Beginning {
            id,
            env,
            seed,
            max_chunk,
        } = self.beginning(form, &request.body)?;
        let seed = PolicySeed::from_wire(seed).map_err(unreadable)?;
        let player = self.settings.behaviour.begin(&Start { env: &env, seed });
        if let (Err(refusal), Protocol::V3) = (&player, form.protocol) {
            return Err(refusal.clone());
        }
        let chunk_limit = max_chunk.get().min(self.settings.chunk.get());
        let live = Live::new(player, env, seed, chunk_limit);
        let attempt = self.episodes.begin(id.as_ref(), live);
        let moment = Moment::of(Endpoint::Reset, seed, 0, attempt);
        finish(self.settings.faults.fate(moment), form, || {
            // V3 names the episode; servers before made a name up, which nobody uses.
            let made_up = format!("{:08x}", seed.value());
            let name = id.as_ref().map_or(made_up.as_str(), EpisodeId::as_str);
            let mut body = Vec::new();
            ResetAnswer::new(name).write(form.encoding, &mut body);
            Ok(body)
        })
    }

    fn act(&self, request: &Request) -> Result<Reply, Refusal> {
        let form = self.form_of(Endpoint::Act, request)?;
        let Question { id, step, view } = self.question(form, &request.body)?;
        let live = self
            .episodes
            .find(id.as_ref())
            .ok_or_else(|| no_episode(id.as_ref()))?;
        let mut live = lock(&live);
        let (step, attempt) = live.turn(step);
        let moment = Moment::of(Endpoint::Act, live.seed, step.value(), attempt);
        finish(self.settings.faults.fate(moment), form, || {
            let actions = live.act(step, &view, form)?;
            let (now, next) = actions
                .split_first()
                .expect("players answer at least one action");
            Ok(form.write(now, next))
        })
    }

    fn close(&self, request: &Request) -> Result<Reply, Refusal> {
        let form = self.form_of(Endpoint::Close, request)?;
        if form.protocol != Protocol::V3 {
            return Err(Refusal::new(404, "not_found", "only V3 closes episodes"));
        }
        let id = v3::CloseRequest::read(form.encoding, &request.body)
            .map_err(unreadable)?
            .episode_id;
        let live = self
            .episodes
            .take(&id)
            .ok_or_else(|| no_episode(Some(&id)))?;
        let live = lock(&live);
        let moment = Moment::of(Endpoint::Close, live.seed, 0, 0);
        finish(self.settings.faults.fate(moment), form, || {
            let session = self.settings.session.as_ref();
            let receipt = session.map(|session| session.receipt(id, &live.hash()));
            let mut body = Vec::new();
            v3::CloseBody::new(receipt).write(form.encoding, &mut body);
            Ok(body)
        })
    }

    fn form(&self, protocol: Protocol, encoding: Encoding) -> Form {
        Form {
            protocol,
            encoding,
            convention: self.settings.gripper_convention,
        }
    }

    /// In which form a request comes, which is the form of its answer.
    fn form_of(&self, endpoint: Endpoint, request: &Request) -> Result<Form, Refusal> {
        let encoding = self.encoding_of(request)?;
        let protocol = match self.settings.speaks {
            Speaks::Only(protocol) => protocol,
            Speaks::All if names_v3(request) || encoding == Encoding::Msgpack => Protocol::V3,
            Speaks::All => {
                let probe: Probe = serde_json::from_slice(&request.body).map_err(unreadable)?;
                match (endpoint, probe) {
                    (_, Probe { v: Some(_), .. }) | (Endpoint::Close, _) => Protocol::V3,
                    (Endpoint::Act, Probe { obs: None, .. }) => Protocol::P1,
                    // The two older generations begin alike.
                    _ => Protocol::P2,
                }
            }
        };
        if encoding == Encoding::Msgpack && protocol != Protocol::V3 {
            return Err(unsupported("msgpack"));
        }
        Ok(self.form(protocol, encoding))
    }

    fn encoding_of(&self, request: &Request) -> Result<Encoding, Refusal> {
        let Some(header) = request.headers.get(CONTENT_TYPE) else {
            return Ok(Encoding::Json);
        };
        let name = header.to_str().unwrap_or_default();
        Encoding::from_content_type(name)
            .filter(|encoding| self.settings.encodings.contains(encoding))
            .ok_or_else(|| unsupported(name))
    }

    fn beginning(&self, form: Form, body: &[u8]) -> Result<Beginning, Refusal> {
        if form.protocol == Protocol::V3 {
            let request = v3::ResetRequest::read(form.encoding, body).map_err(unreadable)?;
            let task = request.task_config;
            self.check_view(
                task.observation_space
                    .rgb
                    .iter()
                    .map(|(&name, &shape)| (name, shape)),
            )?;
            return Ok(Beginning {
                id: Some(request.episode_id),
                env: task.env().clone(),
                seed: task.seed(),
                max_chunk: task.max_chunk,
            });
        }
        let task = p1::ResetRequest::read(body)
            .map_err(unreadable)?
            .task_config;
        Ok(Beginning {
            id: None,
            env: task.env().clone(),
            seed: task.seed(),
            max_chunk: ChunkLimit::NONE,
        })
    }

    /// Images are looked at in V3 only: they play no part in the older generations.
    fn question(&self, form: Form, body: &[u8]) -> Result<Question, Refusal> {
        let blind = |proprio| Observation {
            proprio,
            images: Vec::new(),
        };
        match form.protocol {
            Protocol::V3 => {
                let request = v3::ActRequest::read(form.encoding, body).map_err(unreadable)?;
                let images = &request.obs.rgb;
                self.check_view(images.iter().map(|(&name, image)| (name, image.shape)))?;
                let ([x, y, z], [opening]) =
                    (request.obs.proprio.ee_pos, request.obs.proprio.gripper_open);
                let view = if self.settings.session.is_some() {
                    trust::view(&request)?
                } else {
                    blind([x, y, z, opening])
                };
                Ok(Question {
                    id: Some(request.episode_id),
                    step: Some(request.step),
                    view,
                })
            }
            Protocol::P2 => {
                let obs = p2::ActRequest::read(body).map_err(unreadable)?.obs;
                let [x, y, z] = obs.proprio.ee_pos;
                Ok(Question {
                    id: None,
                    step: None,
                    // Closedness is rounded; the opening itself stands beside it.
                    view: blind([x, y, z, obs.extra.gripper_open]),
                })
            }
            Protocol::P1 => {
                let request = p1::ActRequest::read(body).map_err(unreadable)?;
                Ok(Question {
                    id: None,
                    step: None,
                    view: blind(request.observation),
                })
            }
        }
    }

    /// Whether images of these cameras and shapes are what this server wants to see.
    fn check_view(
        &self,
        images: impl Iterator<Item = (CameraName, [u32; 3])>,
    ) -> Result<(), Refusal> {
        let wanted = &self.settings.view;
        let (cameras, shapes): (Vec<_>, Vec<_>) = images.unzip();
        let same = |chosen: &[CameraName]| {
            chosen.len() == cameras.len() && chosen.iter().all(|name| cameras.contains(name))
        };
        let fits = |size: ImageSize| [size.height(), size.width(), 3];
        if wanted.cameras().is_none_or(same)
            && wanted
                .size()
                .is_none_or(|size| shapes.iter().all(|shape| *shape == fits(size)))
        {
            return Ok(());
        }
        let message = format!("this policy sees `{wanted}`");
        Err(Refusal::new(422, "other_view", message))
    }

    /// An error answer in the form of the request, as far as it has one.
    fn refuse(&self, refusal: &Refusal, request: &Request) -> Reply {
        let encoding = self.encoding_of(request).unwrap_or_default();
        let reply = Reply::refusal(refusal, encoding);
        if let Speaks::Only(Protocol::P1 | Protocol::P2) = self.settings.speaks {
            let detail = Detail {
                detail: &refusal.message,
            };
            return Reply {
                body: serde_json::to_vec(&detail).expect("a text is JSON"),
                ..reply
            };
        }
        reply
    }
}

impl Speaks {
    /// The generations, newest first.
    pub fn protocols(self) -> Vec<Protocol> {
        match self {
            Self::All => Protocol::NAMES.map(|(protocol, _)| protocol).to_vec(),
            Self::Only(protocol) => vec![protocol],
        }
    }
}

/// The answer, unless a fault takes its place; then it is not even made.
fn finish<E>(
    fate: Fate,
    form: Form,
    answer: impl FnOnce() -> Result<Vec<u8>, E>,
) -> Result<Reply, E> {
    let reply = match &fate.fault {
        Some(kind) if !kind.keeps_answer() => Reply::spoiled(kind, form),
        _ => Reply::new(form.encoding, answer()?),
    };
    Ok(Reply {
        fault: fate.fault,
        delay: fate.delay,
        ..reply
    })
}

fn names_v3(request: &Request) -> bool {
    let header = request.headers.get(v3::PROTOCOL_HEADER);
    header.is_some_and(|version| version.as_bytes() == v3::VERSION.to_string().as_bytes())
}

fn unreadable(error: impl std::error::Error) -> Refusal {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    let message = causes.fold(error.to_string(), |message, cause| {
        format!("{message}: {cause}")
    });
    Refusal::new(422, "bad_request", message)
}

fn unsupported(name: &str) -> Refusal {
    Refusal::new(
        415,
        "unsupported_encoding",
        format!("this server does not read `{name}`"),
    )
}

fn no_episode(id: Option<&EpisodeId>) -> Refusal {
    let message = match id {
        Some(id) => format!("no episode `{id}`"),
        None => "no episode has begun".to_owned(),
    };
    Refusal::new(404, "unknown_episode", message)
}
