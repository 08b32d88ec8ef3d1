//! An evaluation as the published document.

use std::collections::BTreeMap;

use kinitro_core::digest::BlockHash;
use kinitro_core::ids::{EnvId, PolicyName};
use kinitro_core::protocol::results::{
    EnvResult, EpisodeEntry, Explanation, FORMAT, PolicyResult, PolicyScore, Results, SeedRecord,
    ServerRules, Settings as SettingsRecord, Title, Totals, WireResult, failures, mean_rate, tally,
};
use kinitro_core::record::identity::{Identity, ScoringIdentity};
use kinitro_core::record::level::Profile;
use kinitro_core::units::{BigCount, UnitInterval};

use super::transcripts;
use crate::evaluate::lineup::{Lineup, Participant, Reach, Role};
use crate::evaluate::run::{Played, Verdict};
use crate::evaluate::servers::WireTally;
use crate::evaluate::settings::{SeedSource, Settings};
use crate::policy_server::Addresses;
use crate::scoreboard::{Row, Rule, Scoreboard};

/// What results and transcripts of this evaluation depend on: the program's identity with the rule that scores here.
pub fn identity(program: &Identity, rule: Rule) -> Identity {
    let scoring = ScoringIdentity {
        rule: rule.to_string(),
        version: rule.version(),
    };
    Identity {
        scoring,
        ..program.clone()
    }
}

/// Puts an evaluation together: settings, what every policy achieved, what it earns and why, and every episode.
pub fn results(
    lineup: &Lineup<'_>,
    identity: &Identity,
    played: &Played,
    scoreboard: &Scoreboard,
) -> Results {
    let settings = lineup.settings();
    let participants = lineup.participants();
    let episodes: Vec<EpisodeEntry> = played
        .verdicts
        .iter()
        .map(|verdict| entry(lineup, verdict))
        .collect();
    let tallies = tally(&episodes);
    let policies = participants.iter().zip(&played.wire).enumerate();
    let policies = policies.map(|(position, (participant, wire))| {
        let row = match participant.role {
            Role::Policy => scoreboard
                .rows
                .iter()
                .find(|row| usize::from(row.uid) == position),
            Role::Baseline => None,
        };
        let wire = wire.as_ref().map(|wire| WireResult {
            failures: failures(&episodes, &participant.name),
            ..wire_result(participant, wire)
        });
        policy_result(settings, participant, &tallies, row, wire)
    });
    let policies = policies.collect();
    let (burn, burn_weight_u16) = scoreboard.burn;
    Results {
        format: FORMAT.to_owned(),
        identity: identity.clone(),
        settings: settings_record(settings, scoreboard),
        policies,
        totals: Totals {
            awarded: BigCount(scoreboard.awarded),
            available: BigCount(scoreboard.available),
            burn_weight: fraction(burn),
            burn_weight_u16,
            approximate: scoreboard.is_approximate,
        },
        explanation: explanation(settings, participants, scoreboard),
        episodes,
    }
}

fn entry(lineup: &Lineup<'_>, verdict: &Verdict) -> EpisodeEntry {
    let Verdict {
        unit,
        record,
        failure,
    } = verdict;
    EpisodeEntry {
        env: lineup.settings().envs[unit.env].clone(),
        episode: unit.episode,
        policy: lineup.participants()[unit.participant].name.clone(),
        outcome: record.outcome,
        success: record.success,
        failure: failure.clone(),
        steps: u32::from(record.steps),
        total_reward: record.total_reward,
        state_hash: record.state_hash,
        image_hash: record.image_hash,
        transcript: Some(transcripts::path(lineup, *unit)),
    }
}

fn wire_result(participant: &Participant, tally: &WireTally) -> WireResult {
    let offer = match &participant.reach {
        Reach::Server(server) => Some(server.offer()),
        Reach::Inside(_) | Reach::Nowhere { .. } => None,
    };
    tally.result(offer)
}

fn policy_result(
    settings: &Settings,
    participant: &Participant,
    tallies: &BTreeMap<(&PolicyName, &EnvId), EnvResult>,
    row: Option<&Row>,
    wire: Option<WireResult>,
) -> PolicyResult {
    let name = &participant.name;
    let envs: Vec<EnvResult> = settings
        .envs
        .iter()
        .map(|env| tallies[&(name, env)].clone())
        .collect();
    let score = row.map(|row| PolicyScore {
        frontier: row.on_frontier,
        points: BigCount(row.points),
        subsets: BigCount(row.subsets),
        weight: fraction(row.share),
        weight_u16: row.weight,
    });
    let mean_rate = mean_rate(&envs);
    PolicyResult {
        name: name.clone(),
        spec: participant.written(),
        hotkey: None,
        cameras: participant.view.cameras.clone(),
        image_size: participant.view.size,
        envs,
        mean_rate,
        score,
        wire,
    }
}

fn settings_record(settings: &Settings, scoreboard: &Scoreboard) -> SettingsRecord {
    SettingsRecord {
        envs: settings.envs.clone(),
        episodes: u64::from(settings.episodes),
        profile: Profile::Evaluation,
        level: settings.level,
        seed: match &settings.seed {
            SeedSource::Local { seed } => SeedRecord::Local(*seed),
            SeedSource::Block { block, hash, .. } => SeedRecord::Block {
                number: *block,
                hash: BlockHash::from_bytes(*hash),
            },
        },
        cameras: settings.view.cameras.clone(),
        image_size: settings.view.size,
        servers: settings.endpoints().next().map(|_| {
            let rules = &settings.servers.rules;
            ServerRules {
                act_deadline_ms: rules.latency.deadline().as_secs_f64() * 1000.0,
                gripper_convention: rules.gripper,
                p1_images: rules.p1_images,
                private_endpoints: rules.addresses == Addresses::AllowPrivate,
            }
        }),
        rule_parameters: scoreboard.parameters.clone(),
        scheme: settings.scoring.scheme.to_string(),
        temperature: settings.scoring.temperature.to_f64(),
        thresholds_lowered: scoreboard.thresholds_lowered,
    }
}

fn explanation(
    settings: &Settings,
    participants: &[Participant],
    scoreboard: &Scoreboard,
) -> Explanation {
    let name = |uid: u16| participants[usize::from(uid)].name.clone();
    let title = |title: &crate::scoreboard::Title| Title {
        envs: settings
            .envs
            .iter()
            .filter(|env| title.envs.iter().any(|held| held == env.as_str()))
            .cloned()
            .collect(),
        holders: title.holders.iter().map(|&uid| name(uid)).collect(),
    };
    let reasons = scoreboard
        .rows
        .iter()
        .map(|row| format!("`{}`: {}.", name(row.uid), row.why));
    Explanation {
        sentences: reasons
            .chain(scoreboard.explanation.iter().cloned())
            .collect(),
        titles: scoreboard.titles.iter().map(title).collect(),
    }
}

/// Shares may leave `[0, 1]` by rounding only.
fn fraction(share: f64) -> UnitInterval {
    UnitInterval::new(share.clamp(0.0, 1.0)).expect("clamped, and shares are numbers")
}
