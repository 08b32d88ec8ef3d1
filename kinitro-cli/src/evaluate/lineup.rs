//! Who takes part in an evaluation, what each of them sees, and how each is reached.

use std::error::Error as _;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

use kinitro_core::ids::PolicyName;
use kinitro_core::protocol::view::ViewChoice;
use kinitro_sim::episode::View;

use super::Error;
use super::policy::{BuiltIn, NamedPolicy, PolicySpec};
use super::servers::{Server, shares};
use super::settings::{BASELINES, Settings};
use crate::parallel::Queue;
use crate::policy_server::{self, Endpoint, Network, PolicyServer};

/// Settings together with everybody who runs, by index: the policies, then those baselines that are not among them.
///
/// Local runs use no hotkey, so a baseline that is entered as a policy acts exactly alike and runs once.
#[derive(Debug)]
pub struct Lineup<'a> {
    settings: &'a Settings,
    participants: Vec<Participant>,
    baselines: [usize; 2],
}

/// One of a [`Lineup`].
#[derive(Debug)]
pub struct Participant {
    /// Its name, no two are equal.
    pub name: PolicyName,
    /// How it acts.
    pub spec: PolicySpec,
    /// What it chose to see.
    pub choice: ViewChoice,
    /// Why it takes part.
    pub role: Role,
    /// What it sees; baselines look at nothing, so nothing is drawn for them, nor for those who are not there.
    pub view: View,
    /// How it is reached.
    pub reach: Reach,
}

impl Participant {
    /// How it acts and what it chose to see, as it is written behind `NAME=`.
    pub fn written(&self) -> String {
        if self.choice.is_open() {
            return self.spec.to_string();
        }
        format!("{},{}", self.spec, self.choice)
    }
}

/// Why a participant takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Entered by the user.
    Policy,
    /// Needed by the rule, and not among the policies.
    Baseline,
}

/// How a participant is reached.
#[derive(Debug)]
pub enum Reach {
    /// It runs inside the evaluator.
    Inside(BuiltIn),
    /// Its server has been met.
    Server(Box<dyn Server>),
    /// Its server could not be met: all its episodes end as `miner_unreachable`.
    Nowhere {
        /// Why, in one line.
        reason: String,
    },
}

impl<'a> Lineup<'a> {
    /// Checks the settings and meets all servers at once; a server that is not there in time is out of reach for the whole evaluation.
    ///
    /// Waits for as long as the slowest server is given to become ready.
    ///
    /// # Errors
    /// Those of [`Settings::validate`]; [`Error::Network`]; [`Error::NobodyThere`] if every policy is behind a server and none is reached.
    pub fn meet(settings: &'a Settings) -> Result<Self, Error> {
        settings.validate()?;
        if settings.endpoints().next().is_none() {
            return Ok(Self::of(settings, Vec::new()));
        }
        let network = Network::new().map_err(|source| Error::Network { source })?;
        let reached = thread::scope(|scope| {
            let connect = |(policy, endpoint): (&NamedPolicy, &Endpoint)| {
                let (endpoint, network) = (endpoint.clone(), &network);
                let parties = settings.servers.parties(&policy.name);
                let rules = settings.rules_of(policy);
                scope.spawn(move || PolicyServer::connect_as(network, endpoint, rules, parties))
            };
            let meetings: Vec<_> = settings.endpoints().map(connect).collect();
            let reached = meetings.into_iter().map(|meeting| match meeting.join() {
                Ok(server) => reach(server),
                Err(panic) => resume_unwind(panic),
            });
            reached.collect::<Result<Vec<Reach>, Error>>()
        })?;
        let lineup = Self::of(settings, reached);
        if lineup.unreachable().count() == settings.policies.len() {
            let missing = lineup.unreachable();
            let reasons = missing.map(|(name, reason)| format!("`{name}`: {reason}"));
            return Err(Error::NobodyThere {
                reasons: reasons.collect::<Vec<_>>().join("; "),
            });
        }
        Ok(lineup)
    }

    /// With servers that were met by other means: `met` is how each policy behind a server is reached, in their order.
    ///
    /// The settings must be [valid](Settings::validate).
    ///
    /// # Panics
    /// If `met` is shorter than the list of these policies.
    pub fn of(settings: &'a Settings, met: Vec<Reach>) -> Self {
        let mut met = met.into_iter();
        let policy = |policy: &NamedPolicy| {
            let reach = match policy.spec {
                PolicySpec::BuiltIn(policy) => Reach::Inside(policy),
                PolicySpec::Server(_) => met.next().expect("one for each server"),
            };
            let view = match &reach {
                Reach::Inside(_) => settings.view_of(policy),
                // The earlier protocols have cameras of their own.
                Reach::Server(server) => View {
                    cameras: server.cameras().to_vec(),
                    ..settings.view_of(policy)
                },
                Reach::Nowhere { .. } => View::state_only(),
            };
            Participant {
                name: policy.name.clone(),
                spec: policy.spec.clone(),
                choice: policy.view.clone(),
                role: Role::Policy,
                view,
                reach,
            }
        };
        let mut participants: Vec<Participant> = settings.policies.iter().map(policy).collect();
        let baselines = BASELINES.map(|(name, policy)| {
            let spec = PolicySpec::BuiltIn(policy);
            participants
                .iter()
                .position(|participant| participant.spec == spec)
                .unwrap_or_else(|| {
                    let name = name.parse().expect("names of baselines are policy names");
                    participants.push(Participant {
                        name,
                        spec,
                        choice: ViewChoice::default(),
                        role: Role::Baseline,
                        view: View::state_only(),
                        reach: Reach::Inside(policy),
                    });
                    participants.len() - 1
                })
        });
        Self {
            settings,
            participants,
            baselines,
        }
    }

    /// What is evaluated.
    pub fn settings(&self) -> &'a Settings {
        self.settings
    }

    /// Everybody.
    pub fn participants(&self) -> &[Participant] {
        &self.participants
    }

    /// Which participant stands for each of [`BASELINES`].
    pub fn baselines(&self) -> [usize; 2] {
        self.baselines
    }

    /// Whether anybody is reached through the network.
    pub fn has_servers(&self) -> bool {
        let is_server = |participant: &Participant| matches!(participant.reach, Reach::Server(_));
        self.participants.iter().any(is_server)
    }

    /// Who is out of reach, and why.
    pub fn unreachable(&self) -> impl Iterator<Item = (&PolicyName, &str)> {
        self.participants
            .iter()
            .filter_map(|participant| match &participant.reach {
                Reach::Nowhere { reason } => Some((&participant.name, reason.as_str())),
                Reach::Inside(_) | Reach::Server(_) => None,
            })
    }

    /// Who shares threads: first everybody inside the evaluator and out of reach, then each server's policies.
    ///
    /// A server has threads of its own, so that whatever it does, it delays its own policies only. Policies behind one address share them:
    /// it may be one program that keeps one episode.
    pub(super) fn lanes(&self) -> Vec<Lane> {
        let mut home = Vec::new();
        let mut servers: Vec<(&Endpoint, usize, Vec<usize>)> = Vec::new();
        for (index, participant) in self.participants.iter().enumerate() {
            match (&participant.reach, &participant.spec) {
                (Reach::Server(server), PolicySpec::Server(endpoint)) => {
                    let most = server.max_episodes();
                    match servers
                        .iter_mut()
                        .find(|(known, ..)| known.is_same_server(endpoint))
                    {
                        Some((_, fewest, members)) => {
                            *fewest = most.min(*fewest);
                            members.push(index);
                        }
                        None => servers.push((endpoint, most, vec![index])),
                    }
                }
                _ => home.push(index),
            }
        }
        let wanted: Vec<usize> = servers.iter().map(|(_, most, _)| *most).collect();
        let shares = shares(&wanted, self.settings.servers.max_concurrent.get());
        let servers = servers.into_iter().zip(shares);
        let servers = servers.map(|((_, _, members), threads)| Lane { members, threads });
        let home = Lane {
            members: home,
            threads: self.settings.jobs,
        };
        [home].into_iter().chain(servers).collect()
    }
}

/// Participants that take turns, and how many of their episodes run at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lane {
    /// Indices of participants; a server's lane has at least one.
    pub(super) members: Vec<usize>,
    pub(super) threads: NonZeroUsize,
}

impl Lane {
    /// The lane as a queue, when each member plays so many scenes.
    pub(super) fn queue(&self, scenes: usize) -> Queue {
        Queue {
            count: scenes * self.members.len(),
            threads: self.threads,
        }
    }
}

fn reach(server: Result<Arc<PolicyServer>, policy_server::Error>) -> Result<Reach, Error> {
    match server {
        Ok(server) => Ok(Reach::Server(Box::new(server))),
        Err(error @ policy_server::Error::Unusable { .. }) => Ok(Reach::Nowhere {
            reason: in_one_line(&error),
        }),
        Err(source) => Err(Error::Network { source }),
    }
}

/// An error with its causes, at most 500 characters.
fn in_one_line(error: &policy_server::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text.chars().take(500).collect()
}

#[cfg(test)]
mod tests {
    use kinitro_core::protocol::policy::CameraName;
    use kinitro_core::protocol::wire::{Encoding, ImageEncoding, Offer, Protocol};
    use kinitro_core::record::level::Level;

    use super::super::servers::{ServerEpisode, ServerSettings};
    use super::super::settings::SeedSource;
    use super::*;
    use crate::policy_server::Pause;
    use crate::scoreboard::ScoringSettings;

    /// Takes so many episodes at once.
    #[derive(Debug)]
    struct Taking(usize);

    impl Server for Taking {
        fn offer(&self) -> Offer {
            Offer {
                protocol: Protocol::V3,
                encoding: Encoding::Json,
                image: ImageEncoding::Raw,
            }
        }

        fn cameras(&self) -> &[CameraName] {
            &[CameraName::Corner2]
        }

        fn max_episodes(&self) -> usize {
            self.0
        }

        fn episode<'a>(&'a self, _pause: &'a dyn Pause) -> Box<dyn ServerEpisode + 'a> {
            unreachable!("nothing is played here")
        }
    }

    fn settings(policies: &[&str]) -> Settings {
        Settings {
            policies: policies.iter().map(|text| text.parse().unwrap()).collect(),
            envs: Vec::new(),
            episodes: 1,
            level: Level::None,
            seed: SeedSource::Local { seed: 0 },
            view: View::standard(),
            servers: ServerSettings::default(),
            scoring: ScoringSettings::default(),
            jobs: NonZeroUsize::new(3).unwrap(),
        }
    }

    #[test]
    fn every_server_has_threads_of_its_own_and_one_program_only_one_set() {
        let mut settings = settings(&[
            "a=http://one.example#v3,size=128",
            "b=expert,cameras=topview",
            "c=http://two.example",
            "d=http://one.example/#p1",
            "e=http://three.example",
            "zero=zero",
        ]);
        let taking = |episodes| Reach::Server(Box::new(Taking(episodes)));
        let gone = || Reach::Nowhere {
            reason: "gone".to_owned(),
        };
        let lanes = |settings: &Settings| {
            let lineup = Lineup::of(settings, vec![taking(8), taking(8), taking(1), gone()]);
            let unreachable: Vec<_> = lineup.unreachable().collect();
            assert_eq!(unreachable, [(&"e".parse().unwrap(), "gone")]);
            // The baseline `zero` is a policy here, `random` is added.
            assert_eq!(lineup.baselines(), [5, 6]);
            let cameras = |index: usize| lineup.participants()[index].view.cameras.clone();
            assert_eq!(cameras(0), [CameraName::Corner2]);
            assert_eq!(cameras(1), [CameraName::Topview]);
            assert_eq!(lineup.participants()[0].view.size.width(), 128);
            assert!(cameras(4).is_empty() && cameras(6).is_empty());
            let lanes = lineup.lanes().into_iter();
            lanes
                .map(|lane| (lane.members, lane.threads.get()))
                .collect::<Vec<_>>()
        };
        let home = (vec![1, 4, 5, 6], 3);
        assert_eq!(
            lanes(&settings),
            [home.clone(), (vec![0, 3], 1), (vec![2], 8)]
        );
        settings.servers.max_concurrent = NonZeroUsize::new(4).unwrap();
        assert_eq!(lanes(&settings), [home, (vec![0, 3], 1), (vec![2], 3)]);
    }
}
