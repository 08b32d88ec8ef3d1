//! Finished episodes as transcripts.

use kinitro_core::record::identity::Identity;
use kinitro_core::record::level::Profile;
use kinitro_core::record::transcript::{
    FORMAT, Frame, FrameFlags, Header, KeyRecord, Timing, Transcript,
};
use kinitro_sim::episode::TakenAction;

use crate::evaluate::run::{Finished, Unit};
use crate::evaluate::settings::Settings;
use crate::replay::EXTENSION;

/// The transcript of a finished episode.
///
/// Answers of in-process policies are not timed, so that two runs of one evaluation write equal bytes.
pub(super) fn transcript(
    settings: &Settings,
    identity: &Identity,
    finished: &Finished,
) -> Transcript {
    let Finished {
        unit,
        start,
        record,
        ..
    } = finished;
    let participants = settings.participants();
    let participant = &participants.list()[unit.participant];
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
        timing: Timing::default(),
        receipt: (),
    };
    let frame = |taken: &TakenAction| Frame {
        action: taken.action,
        flags: FrameFlags {
            clipped: taken.clipped,
            ..FrameFlags::default()
        },
        wire_ms: 0,
    };
    Transcript {
        header,
        frames: record.actions.iter().map(frame).collect(),
    }
}

/// Where a transcript lies in a result folder: `transcripts/<policy>/<environment>/<episode>.ktr`.
pub(super) fn path(settings: &Settings, unit: Unit) -> String {
    let participants = settings.participants();
    let policy = &participants.list()[unit.participant].name;
    format!(
        "transcripts/{policy}/{}/{:05}.{EXTENSION}",
        settings.envs[unit.env].name(),
        unit.episode.0
    )
}
