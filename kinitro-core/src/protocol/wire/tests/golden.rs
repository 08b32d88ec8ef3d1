//! Every documented message, as exact text, and every rule broken once.

use super::super::signed::{Operation, SignedHeaders, Stamp};
use super::*;
use crate::record::hash::{ObservationHash, ObservationHasher};
use crate::record::receipt::tests::receipt;
use crate::record::receipt::{Delegation, Receipt};
use crate::signature::UnixMillis;

/// The development accounts //Alice and //Bob.
const OPERATOR: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
const MINER: &str = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";

/// Name in `docs/protocol.md`, and the text that is sent or answered.
pub(super) const EXAMPLES: &[(&str, &str)] = &[
    (
        "p1-reset",
        r#"{"task_config":{"env_id":"metaworld/pick-place-v3","env_name":"metaworld","task_name":"pick-place-v3","seed":1352607454,"task_id":1352607454}}"#,
    ),
    (
        "p1-act",
        r#"{"observation":[0.1,0.6,0.2,0.75],"images":{"corner":[[[0,1,2],[3,4,5]]],"gripper":[[[249,250,251],[252,253,254]]]}}"#,
    ),
    (
        "p1-act-without-images",
        r#"{"observation":[0.1,0.6,0.2,0.75],"images":null}"#,
    ),
    ("p1-answer", r#"{"action":[0.5,0.0,-1.0,1.0]}"#),
    (
        "p2-act",
        r#"{"obs":{"rgb":{"corner":{"data":"AAECAwQF","shape":[1,2,3],"dtype":"uint8"},"corner2":{"data":"+fr7/P3+","shape":[1,2,3],"dtype":"uint8"}},"depth":{},"proprio":{"ee_pos":[0.1,0.6,0.2],"ee_quat":[0.0,1.0,0.0,0.0],"ee_vel_ang":[0.0,0.0,0.0],"ee_vel_lin":[0.25,0.0,-0.5],"gripper":[0.25]},"cam_intrinsics":{},"cam_extrinsics":{},"extra":{"gripper_open":0.75}}}"#,
    ),
    (
        "p2-answer",
        r#"{"action":{"continuous":{"ee_twist":[0.5,0.0,-1.0,0.0,0.0,0.0],"gripper":[1.0]},"discrete":{},"extra":{}}}"#,
    ),
    (
        "v3-reset",
        r#"{"v":3,"episode_id":"7c1e0b94","task_config":{"env_id":"metaworld/pick-place-v3","env_name":"metaworld","task_name":"pick-place-v3","seed":1352607454,"task_id":1352607454,"task_prompt":"pick up the puck and move it to the goal","action_space":{"shape":[4],"low":-1.0,"high":1.0,"names":["dx","dy","dz","grip"],"gripper_convention":"simulator"},"observation_space":{"proprio":{"ee_pos":[3],"gripper_open":[1]},"rgb":{"corner":[84,84,3],"gripper":[84,84,3]}},"control_hz":80.0,"max_steps":500}}"#,
    ),
    (
        "v3-act",
        r#"{"v":3,"episode_id":"7c1e0b94","step":0,"obs":{"rgb":{"corner":{"enc":"raw","shape":[1,2,3],"dtype":"uint8","data":"AAECAwQF"},"gripper":{"enc":"raw","shape":[1,2,3],"dtype":"uint8","data":"+fr7/P3+"}},"proprio":{"ee_pos":[0.1,0.6,0.2],"gripper_open":[0.75]}},"policy_seed":1352607454}"#,
    ),
    ("v3-close", r#"{"v":3,"episode_id":"7c1e0b94"}"#),
    ("v3-answer", r#"{"action":[0.5,0.0,-1.0,1.0]}"#),
    (
        "v3-answer-msgpack",
        "81 a6 61 63 74 69 6f 6e 94 cb 3f e0 00 00 00 00 00 00 cb 00 00 00 00 00 00 00 00 cb bf f0 00 00 00 00 00 00 cb 3f f0 00 00 00 00 00 00",
    ),
    (
        "v3-chunk",
        r#"{"action":[0.5,0.0,-1.0,1.0],"chunk":[[0.0,0.0,-1.0,1.0]]}"#,
    ),
    ("reset-answer", r#"{"status":"ok","episode_id":"7c1e0b94"}"#),
    (
        "health-v3",
        r#"{"status":"healthy","model_loaded":true,"uptime_seconds":123.45,"protocols":["kinitro/3","kinitro/2","kinitro/1"],"encodings":["json","msgpack"],"images":["raw","png"],"max_batch":16,"gripper_convention":"simulator"}"#,
    ),
    (
        "error",
        r#"{"error":{"code":"unknown_episode","message":"no episode `7c1e0b94`"}}"#,
    ),
    (
        "signed-headers",
        "Kinitro-Timestamp: 1767225600000\n\
         Kinitro-Nonce: 00112233445566778899aabbccddeeff\n\
         Kinitro-Signed-By: 5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY\n\
         Kinitro-Signed-For: 5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty\n\
         Kinitro-Signature: 467d3385ed24e241b6428d60154d702ac4f8772fe346fb03c9cd6dcdab3f8575679da2afb9b4ba55aa1d1c8bc0ca1b9619dbf570c3cf6063e0591595b56c7380",
    ),
    (
        "signed-bytes",
        "kinitro/request/1\n\
         POST\n\
         /close\n\
         dd6b88192c1c3f2bef01317a6698f92886961ad07b31fa944acd3634e954ca99\n\
         1767225600000\n\
         00112233445566778899aabbccddeeff\n\
         5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY\n\
         5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty",
    ),
    (
        "observation-chain",
        "ac277d13658430dc4bbc312d3ae6efb63f5b203fa7faca1d6a532f0f88fa00bf\n\
         0e4eafc5922d9c61a98da66bef2798971423b675d882643f289ddcdf29c5bb7e",
    ),
    (
        "session-bytes",
        "kinitro/session/1\n\
         5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty\n\
         7c0f469d3bd340bae718203fa30ca071a5e37c751e891dbded837b213d45d91d\n\
         1769817600000",
    ),
    (
        "receipt-bytes",
        "kinitro/receipt/1\n\
         5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty\n\
         7c1e0b94\n\
         0e4eafc5922d9c61a98da66bef2798971423b675d882643f289ddcdf29c5bb7e",
    ),
    (
        "v3-receipt",
        r#"{"receipt":{"episode_id":"7c1e0b94","delegation":{"hotkey":"5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty","session_key":"7c0f469d3bd340bae718203fa30ca071a5e37c751e891dbded837b213d45d91d","expires":1769817600000,"signature":"54a8fb36944d4871efff95cb670a6f5eb52d34424bdf6baafefc8ba7f99a81158001ab1c3cdd3435a01d2b3eb46acb1307ce67552ffe061b4610cd77111c1e88"},"signature":"ea2743ec2962668725a253a8e38f90553cb294ab20fa5ae220495910e38df0316cea6390835566fc134d9a4ad95f66b3c588ea85a2d241009caa319c5b931180"}}"#,
    ),
];

/// Read but never written by us.
pub(super) const NAMED_CHANNELS: &str =
    r#"{"action":{"continuous":{"ee_twist":[0.5,0,-1,0,0,0],"gripper":[1]}}}"#;
pub(super) const HEALTH_P1: &str =
    r#"{"status":"healthy","model_loaded":true,"uptime_seconds":123.45}"#;

/// What the encoders make of an example.
fn emitted(name: &str) -> String {
    let sent = action([0.5, 0.0, -1.0, 1.0]);
    let (p1_view, p2_view) = (observation(p1::CAMERAS), observation(p2::CAMERAS));
    let (env, simulator) = (env(), GripperConvention::Simulator);
    let json = Encoding::Json;
    let task_config = TaskConfig::new(&env, seed());
    let v3_act = || {
        let view = &p1_view;
        v3::ActRequest::new(episode(), 0, view, Pixels::Raw, Some(seed())).unwrap()
    };
    text(|out| match name {
        "p1-reset" => p1::ResetRequest { task_config }.write(out),
        "p1-act" => p1::ActRequest::new(&p1_view).unwrap().write(out),
        "p1-act-without-images" => {
            let images = Vec::new();
            let blind = Observation { images, ..p1_view };
            p1::ActRequest::new(&blind).unwrap().write(out);
        }
        "p1-answer" => p1::ActBody::new(&sent, simulator).write(out),
        "p2-act" => p2::ActRequest::new(&p2_view, &hand()).unwrap().write(out),
        "p2-answer" => p2::ActBody::new(&sent).write(out),
        "v3-reset" => v3::ResetRequest::new(episode(), &task(&env))
            .unwrap()
            .write(json, out),
        "v3-act" => v3_act().write(json, out),
        "v3-close" => v3::CloseRequest::new(episode()).write(json, out),
        "v3-answer" => v3::ActBody::new(&sent, &[], simulator).write(json, out),
        "v3-answer-msgpack" => {
            let body = v3::ActBody::new(&sent, &[], simulator);
            let packed = bytes(|packed| body.write(Encoding::Msgpack, packed));
            let hex: Vec<String> = packed.iter().map(|byte| format!("{byte:02x}")).collect();
            out.extend_from_slice(hex.join(" ").as_bytes());
        }
        "v3-chunk" => {
            let next = [action([0.0, 0.0, -1.0, 1.0])];
            v3::ActBody::new(&sent, &next, simulator).write(json, out);
        }
        "reset-answer" => ResetAnswer::new("7c1e0b94").write(json, out),
        "health-v3" => health().write(123.45, out),
        "error" => {
            ErrorAnswer::new("unknown_episode", "no episode `7c1e0b94`").write(json, out);
        }
        "signed-headers" => {
            let headers = signed_close().pairs();
            let lines = headers.map(|(name, value)| format!("{name}: {value}"));
            out.extend_from_slice(lines.join("\n").as_bytes());
        }
        "signed-bytes" => {
            let close = bytes(|close| v3::CloseRequest::new(episode()).write(json, close));
            let stamp = signed_close().stamp;
            out.extend(stamp.signed_bytes(Operation::Close, &close));
            out.truncate(out.trim_ascii_end().len());
        }
        "observation-chain" => {
            let lines = observation_chain().map(|hash| hash.to_string());
            out.extend_from_slice(lines.join("\n").as_bytes());
        }
        "session-bytes" => {
            let Delegation {
                hotkey,
                session_key,
                expires,
                ..
            } = documented_receipt().delegation;
            out.extend(Delegation::signed_bytes(&hotkey, &session_key, expires));
            out.truncate(out.trim_ascii_end().len());
        }
        "receipt-bytes" => {
            let hotkey = documented_receipt().delegation.hotkey;
            let [_, last] = observation_chain();
            out.extend(Receipt::signed_bytes(&hotkey, &episode(), &last));
            out.truncate(out.trim_ascii_end().len());
        }
        "v3-receipt" => v3::CloseBody::new(Some(documented_receipt())).write(json, out),
        _ => panic!("no such example: {name}"),
    })
}

/// Signatures cannot be made here; those of the examples are verified where they can.
fn signed_close() -> SignedHeaders {
    SignedHeaders {
        stamp: Stamp {
            timestamp: UnixMillis::new(1_767_225_600_000).unwrap(),
            nonce: "00112233445566778899aabbccddeeff".parse().unwrap(),
            signed_by: OPERATOR.parse().unwrap(),
            signed_for: MINER.parse().unwrap(),
        },
        signature: "467d3385ed24e241b6428d60154d702ac4f8772fe346fb03c9cd6dcdab3f8575679da2afb9b4ba55aa1d1c8bc0ca1b9619dbf570c3cf6063e0591595b56c7380".parse().unwrap(),
    }
}

fn documented_receipt() -> Receipt {
    Receipt {
        episode_id: episode(),
        delegation: Delegation {
            hotkey: MINER.parse().unwrap(),
            session_key: "7c0f469d3bd340bae718203fa30ca071a5e37c751e891dbded837b213d45d91d".parse().unwrap(),
            expires: UnixMillis::new(1_769_817_600_000).unwrap(),
            signature: "54a8fb36944d4871efff95cb670a6f5eb52d34424bdf6baafefc8ba7f99a81158001ab1c3cdd3435a01d2b3eb46acb1307ce67552ffe061b4610cd77111c1e88".parse().unwrap(),
        },
        signature: "ea2743ec2962668725a253a8e38f90553cb294ab20fa5ae220495910e38df0316cea6390835566fc134d9a4ad95f66b3c588ea85a2d241009caa319c5b931180".parse().unwrap(),
    }
}

/// After each of two steps that see the same and do different things.
fn observation_chain() -> [ObservationHash; 2] {
    let mut hasher = ObservationHasher::new();
    [[0.5, 0.0, -1.0, 1.0], [0.0, 0.0, -1.5, 1.0]].map(|wire| {
        let (applied, _) = Action::from_wire(wire).unwrap();
        hasher.update(&observation(v3::CAMERAS), &applied);
        hasher.clone().finish()
    })
}

fn health() -> Health {
    Health {
        ready: true,
        protocols: Some(vec![Protocol::V3, Protocol::P2, Protocol::P1]),
        encodings: vec![Encoding::Json, Encoding::Msgpack],
        images: vec![ImageEncoding::Raw, ImageEncoding::Png],
        max_batch: Some(16),
        gripper_convention: Some(GripperConvention::Simulator),
    }
}

fn example(name: &str) -> &'static [u8] {
    let (_, text) = EXAMPLES.iter().find(|(key, _)| *key == name).unwrap();
    text.as_bytes()
}

#[test]
fn encoders_emit_the_documented_messages() {
    for (name, text) in EXAMPLES {
        assert_eq!(emitted(name), *text, "{name}");
    }
}

#[test]
fn documented_answers_are_understood() {
    let sent = Command {
        action: action([0.5, 0.0, -1.0, 1.0]),
        clipped: false,
    };
    let (json, simulator) = (Encoding::Json, GripperConvention::Simulator);
    assert_eq!(
        p1::read_act(example("p1-answer"), simulator).unwrap(),
        sent.into()
    );
    assert_eq!(p2::read_act(example("p2-answer")).unwrap(), sent.into());
    let read_v3 =
        |body, limit| v3::read_act(json, body, simulator, ChunkLimit::new(limit).unwrap());
    assert_eq!(read_v3(example("v3-answer"), 0).unwrap(), sent.into());
    assert_eq!(read_v3(NAMED_CHANNELS.as_bytes(), 0).unwrap(), sent.into());
    let chunk = read_v3(example("v3-chunk"), 1).unwrap();
    assert_eq!(chunk.now, sent);
    assert_eq!(chunk.next[0].action, action([0.0, 0.0, -1.0, 1.0]));
    p1::read_reset(example("reset-answer")).unwrap();
    v3::read_reset(json, example("reset-answer"), &episode()).unwrap();
    assert_eq!(Health::read(example("health-v3")).unwrap(), health());
    let offered = v3::read_receipt(json, example("v3-receipt"), &episode());
    assert_eq!(offered.unwrap(), Some(documented_receipt()));
    let headers = str::from_utf8(example("signed-headers")).unwrap().lines();
    let pairs = headers.map(|line| line.split_once(": ").unwrap());
    let read = SignedHeaders::read(pairs.map(|(name, value)| (name, value.as_bytes())));
    assert_eq!(read.unwrap(), Some(signed_close()));
    assert_eq!(
        reported_error(json, example("error")),
        "unknown_episode: no episode `7c1e0b94`"
    );
}

#[test]
fn the_documented_sign_turns_the_gripper_around() {
    let closes = p1::read_act(br#"{"action":[0,0,0,-1]}"#, GripperConvention::Documented).unwrap();
    assert_eq!(closes.now.action, action([0.0, 0.0, 0.0, 1.0]));
    // A named channel says what it means and has no sign to choose.
    let body = br#"{"action":{"continuous":{"gripper":1}}}"#;
    let named = v3::read_act(
        Encoding::Json,
        body,
        GripperConvention::Documented,
        ChunkLimit::NONE,
    );
    assert_eq!(named.unwrap().now.action, action([0.0, 0.0, 0.0, 1.0]));
}

#[test]
fn absent_channels_are_neutral() {
    let twist_only = br#"{"action":{"continuous":{"ee_twist":[1,0,0,9,9,9]},"discrete":{},"extra":{"any":[1]}}}"#;
    let answer = p2::read_act(twist_only).unwrap();
    assert_eq!(answer.now.action, action([1.0, 0.0, 0.0, 0.0]));
    assert!(!answer.now.clipped);
}

#[test]
fn health_says_what_a_server_speaks() {
    let old = Health::read(HEALTH_P1.as_bytes()).unwrap();
    assert!(old.ready);
    assert_eq!((old.protocols.as_ref(), old.offer()), (None, None));

    let offer = |body: &str| Health::read(body.as_bytes()).unwrap().offer().unwrap();
    let newest = Offer {
        protocol: Protocol::V3,
        encoding: Encoding::Msgpack,
        image: ImageEncoding::Png,
    };
    let body = r#"{"protocols":["kinitro/9","kinitro/1","kinitro/3"],"encodings":["cbor","msgpack"],"images":["png","raw"],"wants_depth":true}"#;
    assert_eq!(offer(body), newest);
    let old_way = Offer {
        protocol: Protocol::P2,
        encoding: Encoding::Json,
        image: ImageEncoding::Raw,
    };
    let body = r#"{"protocols":["kinitro/2"],"encodings":["msgpack"],"images":["png"]}"#;
    assert_eq!(offer(body), old_way);

    for not_ready in [r#"{"status":"starting"}"#, r#"{"model_loaded":false}"#] {
        assert!(!Health::read(not_ready.as_bytes()).unwrap().ready);
    }
    assert_eq!(Health::read(br#"{"protocols":[]}"#).unwrap().offer(), None);
}

fn check_refused<T: std::fmt::Debug>(
    result: Result<T, Error>,
    expected: AnswerRule,
    expected_at: &str,
) {
    match result {
        Err(Error::Answer { rule, at, .. }) => {
            assert_eq!((rule, at.as_str()), (expected, expected_at));
        }
        other => panic!("expected {expected:?} at {expected_at}, got {other:?}"),
    }
}

#[test]
fn broken_rules_are_named() {
    use AnswerRule as R;
    let p1 = |body: &str| p1::read_act(body.as_bytes(), GripperConvention::Simulator);
    let p2 = |body: &str| p2::read_act(body.as_bytes());
    let v3 = |body: &[u8], limit| {
        let limit = ChunkLimit::new(limit).unwrap();
        v3::read_act(Encoding::Msgpack, body, GripperConvention::Simulator, limit)
    };
    check_refused(p1(""), R::Malformed, "line 1 column 0");
    check_refused(
        p1(r#"{"action":[0,0,0,NaN]}"#),
        R::NotFinite,
        "line 1 column 18",
    );
    check_refused(
        p1("{\"action\":\n[0,0,-Infinity,0]}"),
        R::NotFinite,
        "line 2 column 7",
    );
    check_refused(
        p1(r#"{"action":[0,0,0,nan]}"#),
        R::Malformed,
        "line 1 column 19",
    );
    check_refused(
        p1(r#"{"action":[0,0,0,1]}{}"#),
        R::Malformed,
        "line 1 column 21",
    );
    check_refused(
        p1(r#"{"action":[0,0,0,1e999]}"#),
        R::Malformed,
        "line 1 column 22",
    );
    check_refused(p1("[0,0,0,1]"), R::Type, "body");
    check_refused(p1("{}"), R::Missing, "action");
    check_refused(p1(r#"{"action":null}"#), R::Missing, "action");
    check_refused(p1(r#"{"error":"out of memory"}"#), R::Reported, "error");
    check_refused(p1(r#"{"action":[0,0,0]}"#), R::Length, "action");
    check_refused(p1(r#"{"action":[0,0,0,0,0]}"#), R::Length, "action");
    check_refused(p1(r#"{"action":[0,0,0,"1"]}"#), R::Type, "action[3]");
    check_refused(
        p1(r#"{"action":{"continuous":{"gripper":[1]}}}"#),
        R::Type,
        "action",
    );
    check_refused(
        p1(r#"{"action":[0,0,0,0],"action":[1,1,1,1]}"#),
        R::DuplicateKey,
        "line 1 column 39",
    );
    let deep = format!("{}{}", "[".repeat(9), "]".repeat(9));
    check_refused(p1(&deep), R::TooDeep, "line 1 column 10");
    let wide = format!("[{}0]", "0,".repeat(5000));
    assert!(matches!(
        p1(&wide),
        Err(Error::Answer {
            rule: R::TooManyValues,
            ..
        })
    ));
    check_refused(
        p1(&" ".repeat(limits::MAX_ANSWER_LEN + 1)),
        R::TooLong,
        "body",
    );

    let unknown = r#"{"action":{"continuous":{"ee_twist":[0,0,0,0,0,0],"joint_vel":[1]}}}"#;
    check_refused(p2(unknown), R::UnknownChannel, "action.continuous");
    let discrete = r#"{"action":{"continuous":{"gripper":[1]},"discrete":{"nav":0}}}"#;
    check_refused(p2(discrete), R::UnknownChannel, "action.discrete");
    check_refused(
        p2(r#"{"action":{"continuous":{}}}"#),
        R::Missing,
        "action.continuous",
    );
    check_refused(
        p2(r#"{"action":{"discrete":{}}}"#),
        R::Missing,
        "action.continuous",
    );
    let short = r#"{"action":{"continuous":{"ee_twist":[0,0,0]}}}"#;
    check_refused(p2(short), R::Length, "action.continuous.ee_twist");
    check_refused(p2(r#"{"action":[0,0,0,1]}"#), R::Type, "action");

    let packed = |value: &serde_json::Value| rmp_serde::to_vec(value).unwrap();
    let chunk = packed(&serde_json::json!({"action": [0, 0, 0, 1], "chunk": [[0, 0, 0, 1]]}));
    check_refused(v3(&chunk, 0), R::Chunk, "chunk");
    assert_eq!(v3(&chunk, 1).unwrap().next.len(), 1);
    let infinite = rmp_serde::to_vec(&[f32::INFINITY]).unwrap();
    check_refused(v3(&infinite, 0), R::NotFinite, "byte 6");
    // A list of 2³² − 1 elements, of which none follows.
    check_refused(
        v3(&[0xdd, 0xff, 0xff, 0xff, 0xff], 0),
        R::Malformed,
        "byte 5",
    );
    // A number as key; an extension type.
    check_refused(v3(&[0x81, 0x01, 0x01], 0), R::Malformed, "byte 2");
    check_refused(v3(&[0xd4, 0x00, 0x00], 0), R::Malformed, "byte 1");
}

#[test]
fn resets_and_health_are_checked() {
    use AnswerRule as R;
    check_refused(p1::read_reset(br#"{"status":"busy"}"#), R::Value, "status");
    check_refused(p1::read_reset(b"null"), R::Type, "body");
    p1::read_reset(b"{}").unwrap();
    let other = br#"{"status":"ok","episode_id":"another"}"#;
    p1::read_reset(other).unwrap();
    let v3 = v3::read_reset(Encoding::Json, other, &episode());
    check_refused(v3, R::Value, "episode_id");

    let health = |body: &str| Health::read(body.as_bytes());
    check_refused(health(r#"{"max_batch":0}"#), R::Value, "max_batch");
    check_refused(health(r#"{"max_batch":1.5}"#), R::Value, "max_batch");
    check_refused(
        health(r#"{"gripper_convention":"up"}"#),
        R::Value,
        "gripper_convention",
    );
    check_refused(health(r#"{"protocols":"kinitro/3"}"#), R::Type, "protocols");
    check_refused(health(r#"{"encodings":[1]}"#), R::Type, "encodings[0]");
    let long = format!(r#"{{"images":["{}"]}}"#, "x".repeat(65));
    check_refused(health(&long), R::Length, "images[0]");
    let many = format!(r#"{{"images":[{}"raw"]}}"#, r#""raw","#.repeat(32));
    check_refused(health(&many), R::Length, "images");
}

#[test]
fn malformed_receipts_are_told_from_none() {
    use AnswerRule as R;
    let read = |value: &serde_json::Value| {
        let body = serde_json::to_vec(value).unwrap();
        v3::read_receipt(Encoding::Json, &body, &episode())
    };
    for none in ["", "<html>", "null", "[]", "{}", r#"{"receipt":null}"#] {
        let read = v3::read_receipt(Encoding::Json, none.as_bytes(), &episode());
        assert_eq!(read.unwrap(), None, "{none}");
    }
    let good = serde_json::json!({ "receipt": receipt(), "status": "ok" });
    assert_eq!(read(&good).unwrap(), Some(receipt()));
    for (path, value, rule, at) in [
        ("", 1.into(), R::Type, "receipt"),
        (
            "/episode_id",
            "7c1e0b95".into(),
            R::Value,
            "receipt.episode_id",
        ),
        ("/signature", "00".into(), R::Value, "receipt.signature"),
        ("/signature", ().into(), R::Missing, "receipt.signature"),
        ("/delegation", "x".into(), R::Type, "receipt.delegation"),
        (
            "/delegation/hotkey",
            "0".into(),
            R::Value,
            "receipt.delegation.hotkey",
        ),
        (
            "/delegation/session_key",
            7.into(),
            R::Type,
            "receipt.delegation.session_key",
        ),
        (
            "/delegation/expires",
            "1".into(),
            R::Type,
            "receipt.delegation.expires",
        ),
        (
            "/delegation/expires",
            0.5.into(),
            R::Value,
            "receipt.delegation.expires",
        ),
        (
            "/delegation/expires",
            (-1).into(),
            R::Value,
            "receipt.delegation.expires",
        ),
        (
            "/delegation/expires",
            1e15.into(),
            R::Value,
            "receipt.delegation.expires",
        ),
    ] {
        let value: serde_json::Value = value;
        let mut bad = good.clone();
        *bad.pointer_mut(&format!("/receipt{path}")).unwrap() = value;
        check_refused(read(&bad), rule, at);
    }
}

#[test]
fn errors_quote_little_and_escape_it() {
    let hostile = format!(r#"{{"action":"\u001b[2J{}"}}"#, "x".repeat(500));
    let error = p1::read_act(hostile.as_bytes(), GripperConvention::Simulator).unwrap_err();
    let told = error.to_string();
    assert!(told.starts_with("act answer refused: of the wrong type, at `action`: `\\u{1b}[2Jxxx"));
    assert!(told.chars().count() < 160 && told.ends_with("x…`"));

    let page = "<html>\n".repeat(100);
    let told = reported_error(Encoding::Json, page.as_bytes());
    assert!(told.starts_with("<html>\\n<html>") && told.ends_with('…'));
    for (body, expected) in [
        (r#"{"detail":"field required"}"#, "field required"),
        (r#"{"error":"boom"}"#, "boom"),
        (r#"{"error":{"message":"boom"}}"#, "boom"),
        (r#"{"error":[]}"#, r#"{\"error\":[]}"#),
        ("", ""),
    ] {
        assert_eq!(reported_error(Encoding::Json, body.as_bytes()), expected);
    }
}

#[test]
fn requests_refuse_what_json_cannot_say() {
    let mut blind = observation(p1::CAMERAS);
    blind.proprio[2] = f32::NAN;
    assert!(p1::ActRequest::new(&blind).is_err());
    assert!(p2::ActRequest::new(&blind, &hand()).is_err());
    assert!(v3::ActRequest::new(episode(), 0, &blind, Pixels::Raw, None).is_err());
    let fast = p2::HandState {
        linear_velocity: [f64::MAX, 0.0, 0.0],
        ..hand()
    };
    assert!(p2::ActRequest::new(&observation(p2::CAMERAS), &fast).is_err());
    let twice = observation([CameraName::Corner; 2]);
    assert!(p1::ActRequest::new(&twice).is_err());
    let no_files = Pixels::Png(&[]);
    let view = observation(v3::CAMERAS);
    assert!(v3::ActRequest::new(episode(), 0, &view, no_files, None).is_err());
    let env = env();
    let still = v3::Task {
        control_hz: 0.0,
        ..task(&env)
    };
    assert!(v3::ResetRequest::new(episode(), &still).is_err());
    assert!("../x".parse::<EpisodeId>().is_err());
    assert!(ChunkLimit::new(9).is_err());
}
