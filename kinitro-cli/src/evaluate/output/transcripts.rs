//! Finished episodes as transcripts.

use kinitro_core::record::identity::Identity;
use kinitro_core::record::level::Profile;
use kinitro_core::record::transcript::{
    FORMAT, Frame, FrameFlags, Header, KeyRecord, Timing, Transcript,
};
use kinitro_sim::episode::TakenAction;

use crate::evaluate::lineup::Lineup;
use crate::evaluate::run::{Finished, Unit};
use crate::policy_server::AnswerNote;
use crate::replay::EXTENSION;

/// The transcript of a finished episode.
///
/// Answers of policies inside the evaluator are not timed, so that two runs of one evaluation write equal bytes.
pub(super) fn transcript(
    lineup: &Lineup<'_>,
    identity: &Identity,
    finished: &Finished,
) -> Transcript {
    let Finished {
        unit,
        start,
        record,
        exchange,
        ..
    } = finished;
    let settings = lineup.settings();
    let participant = &lineup.participants()[unit.participant];
    let answers = exchange
        .as_ref()
        .map_or(&[][..], |exchange| &exchange.answers);
    let timing = exchange.as_ref().map_or_else(Timing::default, |exchange| {
        let times = answers.iter().map(|answer| answer.wire_ms).collect();
        Timing::from_answers(exchange.wall_ms, times)
    });
    let header = Header {
        format: FORMAT.to_owned(),
        identity: identity.clone(),
        env: settings.envs[unit.env].clone(),
        episode: unit.episode,
        key: KeyRecord::Revealed(start.key.clone()),
        policy: participant.name.clone(),
        hotkey: None,
        profile: Profile::Evaluation,
        level: settings.level,
        cameras: participant.view.cameras.clone(),
        image_size: participant.view.size,
        scene: record.scene.digest(),
        outcome: record.outcome,
        success: record.success,
        steps: u32::from(record.steps),
        total_reward: record.total_reward,
        state_hash: record.state_hash,
        image_hash: record.image_hash,
        observation_hash: record.observation_hash,
        timing,
        receipt: exchange
            .as_ref()
            .and_then(|exchange| exchange.receipt.offered().cloned()),
    };
    let frames = record.actions.iter().enumerate();
    let frames = frames.map(|(step, taken)| frame(taken, answers.get(step).copied()));
    Transcript {
        header,
        frames: frames.collect(),
    }
}

fn frame(taken: &TakenAction, answer: Option<AnswerNote>) -> Frame {
    let AnswerNote {
        wire_ms,
        held,
        retried,
    } = answer.unwrap_or_default();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "times are not negative, and the format saturates as this cast does"
    )]
    let wire_ms = wire_ms.round() as u16;
    Frame {
        action: taken.action,
        flags: FrameFlags {
            clipped: taken.clipped,
            held,
            retried,
        },
        wire_ms,
    }
}

/// Where a transcript lies in a result folder: `transcripts/<policy>/<environment>/<episode>.ktr`.
pub(super) fn path(lineup: &Lineup<'_>, unit: Unit) -> String {
    let policy = &lineup.participants()[unit.participant].name;
    format!(
        "transcripts/{policy}/{}/{:05}.{EXTENSION}",
        lineup.settings().envs[unit.env].name(),
        unit.episode.0
    )
}
