//! Round trips, every refusal, and arbitrary bytes.

use proptest::prelude::*;

use super::*;
use crate::protocol::policy::Action;
use crate::record::identity::tests::identity;
use crate::record::receipt::tests::receipt;
use crate::seed::CycleSeed;

fn frame(action: [f64; 4], bits: u16, wire_ms: u16) -> Frame {
    let (action, _) = Action::from_wire(action).unwrap();
    Frame {
        action,
        flags: FrameFlags::from_bits(0, bits).unwrap(),
        wire_ms,
    }
}

fn transcript(frames: Vec<Frame>) -> Transcript {
    let env: EnvId = "metaworld/reach-v3".parse().unwrap();
    let header = Header {
        format: FORMAT.to_owned(),
        identity: identity(),
        episode: EpisodeIndex(3),
        key: KeyRecord::Revealed(EpisodeKey::derive(
            &CycleSeed::from_local_seed(0),
            &env,
            EpisodeIndex(3),
        )),
        env,
        policy: "expert".parse().unwrap(),
        hotkey: None,
        profile: Profile::Evaluation,
        level: Level::Seed,
        cameras: vec![CameraName::Corner, CameraName::Gripper],
        image_size: ImageSize::DEFAULT,
        scene: SceneDigest::of(&[b"scene"]),
        outcome: Outcome::Success,
        success: true,
        steps: u32::try_from(frames.len()).unwrap(),
        total_reward: 12.25,
        state_hash: StateHash::of(&[b"state"]),
        image_hash: Some(ImageHash::of(&[b"image"])),
        observation_hash: ObservationHash::of(&[b"observation"]),
        timing: Timing::from_answers(5.5, vec![0.25, 0.5]),
        receipt: None,
    };
    Transcript { header, frames }
}

fn written(transcript: &Transcript) -> Vec<u8> {
    let mut bytes = Vec::new();
    transcript.write(&mut bytes).unwrap();
    bytes
}

/// The bytes of a transcript whose JSON was edited, and its error message.
fn refusal_of_header(from: &str, to: &str) -> String {
    let bytes = written(&transcript(vec![]));
    let edited = String::from_utf8(bytes).unwrap().replacen(from, to, 1);
    assert!(edited.contains(to), "nothing to edit");
    with_cause(&Transcript::from_bytes(edited.as_bytes()).unwrap_err())
}

fn with_cause(error: &Error) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    format!("{error}: {}", cause.unwrap_or_default())
}

/// The message for a transcript of two frames whose bytes were edited; `edit` gets the position of the first frame.
fn refusal_of_bytes(edit: impl Fn(&mut Vec<u8>, usize)) -> String {
    let mut bytes = written(&transcript(vec![frame([0.0; 4], 0, 0); 2]));
    let first_frame = bytes.len() - 2 * FRAME_LEN;
    edit(&mut bytes, first_frame);
    with_cause(&Transcript::read(&bytes[..]).unwrap_err())
}

#[test]
fn frames_have_the_documented_layout() {
    let bytes = written(&transcript(vec![
        frame([0.0; 4], 0, 0),
        frame([1.0, -2.0, 0.5, 0.0], 0b101, 258),
    ]));
    let expected = [
        1, 0, 5, 0, 0, 0, 128, 63, 0, 0, 128, 191, 0, 0, 0, 63, 0, 0, 0, 0, 2, 1,
    ];
    assert_eq!(bytes[bytes.len() - FRAME_LEN..], expected);
}

#[test]
fn a_sealed_key_names_cycle_and_round() {
    let mut sealed = transcript(vec![]);
    sealed.header.key = KeyRecord::Sealed { cycle: 7, round: 2 };
    let bytes = written(&sealed);
    assert!(
        String::from_utf8(bytes.clone())
            .unwrap()
            .contains(r#""key":{"sealed":{"cycle":7,"round":2}}"#)
    );
    assert_eq!(Transcript::from_bytes(&bytes).unwrap(), sealed);
}

#[test]
fn other_versions_and_shapes_are_refused() {
    for (from, to, message) in [
        (
            "kinitro-transcript/1",
            "kinitro-transcript/2",
            "unsupported format `kinitro-transcript/2`",
        ),
        (
            "kinitro-transcript/1",
            "kinitro-transcript/10",
            "unsupported format",
        ),
        (
            "\"episode\":3",
            "\"episode\":3,\"weather\":1",
            "unknown field `weather`",
        ),
        ("\"episode\":3", "\"episode\":-3", "invalid value"),
        ("metaworld/reach-v3", "reach-v3", "invalid environment id"),
        ("\"steps\":0", "\"steps\":1", "1 steps, 0 frames"),
        (
            "\"steps\":0",
            "\"steps\":4294967295",
            "4294967295 steps, 0 frames",
        ),
        (
            "\"success\":true",
            "\"success\":false",
            "outcome `success`, success false",
        ),
        (
            "\"outcome\":\"success\"",
            "\"outcome\":\"unsolved\"",
            "outcome `unsolved`, success true",
        ),
        ("\"gripper\"", "\"corner\"", "camera `corner` occurs twice"),
        ("[\"corner\",\"gripper\"]", "[]", "no camera"),
        (
            "\"wall_ms\":5.5",
            "\"wall_ms\":-1.0",
            "timing.wall_ms is `-1`",
        ),
        (
            "\"receipt\":null",
            "\"receipt\":\"x\"",
            "expected struct Receipt",
        ),
        ("\"receipt\":null", "\"receipt\":{}", "missing field"),
        ("12.25", "1e999", "number out of range"),
    ] {
        let found = refusal_of_header(from, to);
        assert!(found.contains(message), "{to}: {found}");
    }
}

#[test]
fn receipts_are_kept_as_they_were_offered() {
    let mut signed = transcript(vec![]);
    signed.header.receipt = Some(receipt());
    let bytes = written(&signed);
    assert_eq!(Transcript::from_bytes(&bytes).unwrap(), signed);

    let text = String::from_utf8(bytes).unwrap();
    for (from, to, message) in [
        ("\"expires\":2000", "\"expires\":-1", "invalid value"),
        ("\"expires\":2000", "\"expires\":1e3", "invalid type"),
        (
            "\"expires\":2000",
            "\"expires\":1000000000000000",
            "at most 15 digits",
        ),
        (
            "\"expires\":2000",
            "\"expires\":2000,\"valid\":true",
            "unknown field `valid`",
        ),
        (
            "\"episode_id\":\"7c",
            "\"episode_id\":\"7/",
            "invalid episode id",
        ),
        (
            "\"hotkey\":\"5miner",
            "\"hotkey\":\"0miner",
            "invalid hotkey",
        ),
        (
            "\"session_key\":\"07",
            "\"session_key\":\"7",
            "invalid session key",
        ),
        ("\"signature\":\"", "\"signature\":\"A", "invalid signature"),
    ] {
        let edited = text.replacen(from, to, 1);
        assert_ne!(edited, text, "nothing to edit");
        let found = with_cause(&Transcript::from_bytes(edited.as_bytes()).unwrap_err());
        assert!(found.contains(message), "{to}: {found}");
    }
}

#[test]
fn damaged_frames_are_refused() {
    assert!(
        refusal_of_bytes(|bytes, _| bytes.truncate(bytes.len() - 1))
            .contains("21 bytes of a frame")
    );
    assert!(refusal_of_bytes(|bytes, _| bytes.push(0)).contains("1 bytes of a frame"));
    assert!(
        refusal_of_bytes(|bytes, first| bytes.truncate(first + FRAME_LEN))
            .contains("2 steps, 1 frames")
    );
    assert!(
        refusal_of_bytes(|bytes, first| bytes[first] = 1)
            .contains("frame 0 of the transcript is numbered 1")
    );
    assert!(
        refusal_of_bytes(|bytes, first| bytes[first + 2] = 8)
            .contains("unknown flag bits `0x0008`")
    );
    let not_a_number = f32::NAN.to_le_bytes();
    let message = refusal_of_bytes(|bytes, first| {
        bytes[first + 26..first + 30].copy_from_slice(&not_a_number);
    });
    assert!(
        message.contains("frame 1 of the transcript holds no action: action[0] is `NaN`"),
        "{message}"
    );
    let two = 2_f32.to_le_bytes();
    let message =
        refusal_of_bytes(|bytes, first| bytes[first + 8..first + 12].copy_from_slice(&two));
    assert!(
        message.contains("frame 0 of the transcript holds no action: action[1] is `2`"),
        "{message}"
    );
}

#[test]
fn limits_hold_for_header_and_frames() {
    assert!(matches!(
        Transcript::from_bytes(b"{}"),
        Err(Error::TruncatedHeader)
    ));
    let endless = vec![b' '; MAX_HEADER_LEN];
    assert!(matches!(
        Transcript::from_bytes(&endless),
        Err(Error::TooLarge {
            limit: MAX_HEADER_LEN,
            ..
        })
    ));

    let full = transcript(vec![frame([0.0; 4], 0, 0); MAX_FRAMES]);
    let mut bytes = written(&full);
    assert_eq!(Transcript::read(&bytes[..]).unwrap(), full);
    bytes.extend([0; FRAME_LEN]);
    assert!(matches!(
        Transcript::read(&bytes[..]),
        Err(Error::TooLarge {
            limit: MAX_FRAMES,
            ..
        })
    ));
    let over = transcript(vec![frame([0.0; 4], 0, 0); MAX_FRAMES + 1]);
    assert!(matches!(
        over.write(std::io::sink()),
        Err(Error::TooLarge {
            limit: MAX_FRAMES,
            ..
        })
    ));
    // A source without end is read no further than the limit.
    assert!(Transcript::read(std::io::repeat(b' ')).is_err());
}

#[test]
fn what_nobody_could_read_is_not_written() {
    let mut broken = transcript(vec![]);
    broken.header.total_reward = f64::NAN;
    assert!(matches!(
        broken.write(std::io::sink()),
        Err(Error::OutOfRange { .. })
    ));
    let mut broken = transcript(vec![]);
    broken.header.steps = 1;
    assert!(matches!(
        broken.write(std::io::sink()),
        Err(Error::Inconsistent { .. })
    ));
}

#[test]
fn parity_latches_success() {
    let mut latched = transcript(vec![]);
    latched.header.profile = Profile::Parity;
    latched.header.outcome = Outcome::SimDiverged;
    assert_eq!(Transcript::from_bytes(&written(&latched)).unwrap(), latched);
}

#[test]
fn percentiles_are_nearest_ranks() {
    let timing = Timing::from_answers(1.0, (1..=200).rev().map(f64::from).collect());
    let found = [
        timing.act_mean_ms,
        timing.act_p50_ms,
        timing.act_p95_ms,
        timing.act_p99_ms,
        timing.act_max_ms,
    ];
    assert_eq!(found, [100.5, 100.0, 190.0, 198.0, 200.0]);
    assert_eq!(Timing::from_answers(0.0, vec![]), Timing::default());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_written_is_read(
        steps in prop::collection::vec((prop::array::uniform4(-2.0_f64..2.0), 0_u16..8, any::<u16>()), 0..20),
        total_reward in any::<f64>().prop_filter("finite", |number| number.is_finite()),
        has_receipt: bool,
    ) {
        let mut original = transcript(steps.into_iter().map(|(action, bits, ms)| frame(action, bits, ms)).collect());
        original.header.total_reward = total_reward;
        original.header.receipt = has_receipt.then(receipt);
        prop_assert_eq!(Transcript::read(&written(&original)[..]).unwrap(), original);
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes: Vec<u8>) {
        prop_assert!(Transcript::from_bytes(&bytes).is_err());
    }

    #[test]
    fn damaged_transcripts_do_no_harm(position: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let mut original = transcript(vec![frame([0.5; 4], 1, 9); 3]);
        original.header.receipt = Some(receipt());
        let mut bytes = written(&original);
        let position = position.index(bytes.len());
        bytes[position] = byte;
        bytes.truncate(cut.index(bytes.len() + 1));
        // Some damage is not visible, for example in a reward; what is read must be writable again.
        if let Ok(read) = Transcript::from_bytes(&bytes) {
            prop_assert_eq!(Transcript::from_bytes(&written(&read)).unwrap(), read);
        }
    }
}
