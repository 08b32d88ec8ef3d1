//! Where the fuzz corpus begins: for each border messages that it accepts, and hostile ones that it refuses.
//!
//! They are written to `tests/fuzz/corpus` by `cargo xtask gen`, as `ok-…` and `bad-…`. What fuzzing adds there has other names.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use kinitro_core::protocol::policy::Action;
use kinitro_core::protocol::wire::{
    Encoding, ErrorAnswer, GripperConvention, Health, ImageEncoding, Protocol, ResetAnswer, v3,
};

use kinitro_core::record::Receipt;
use kinitro_core::record::receipt::Delegation;
use kinitro_core::signature::UnixMillis;

use crate::borders::Verdict;
use crate::places;

/// One file of the corpus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// The border that it is for.
    pub border: &'static str,
    /// What the border has to make of it.
    pub verdict: Verdict,
    /// What it is, in a word or two.
    pub name: &'static str,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl Seed {
    /// Its path below the corpus.
    pub fn path(&self) -> PathBuf {
        let prefix = match self.verdict {
            Verdict::Accepted => "ok",
            Verdict::Refused => "bad",
        };
        Path::new(self.border).join(format!("{prefix}-{}", self.name))
    }
}

/// The folder of the corpus.
pub fn corpus() -> PathBuf {
    places::workspace().join("tests/fuzz/corpus")
}

/// Writes every seed.
///
/// # Errors
/// If the corpus cannot be written.
pub fn write() -> anyhow::Result<()> {
    for seed in seeds() {
        let path = corpus().join(seed.path());
        let folder = path.parent().expect("a seed lies in its border's folder");
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, &seed.bytes))
            .with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(())
}

/// Every seed.
pub fn seeds() -> Vec<Seed> {
    let texts = TEXTS.iter().flat_map(|&(border, rows)| {
        rows.iter().map(move |&(verdict, name, text)| Seed {
            border,
            verdict,
            name,
            bytes: text.as_bytes().to_vec(),
        })
    });
    let hostile = JSON_BORDERS.iter().flat_map(|&border| {
        hostile_json().into_iter().map(move |(name, bytes)| Seed {
            border,
            verdict: Verdict::Refused,
            name,
            bytes,
        })
    });
    let packed = MSGPACK.iter().map(|&(verdict, name, bytes)| Seed {
        border: "v3_act_msgpack",
        verdict,
        name,
        bytes: bytes.to_vec(),
    });
    texts
        .chain(hostile)
        .chain(packed)
        .chain(written())
        .chain(errors())
        .chain(transcripts())
        .collect()
}

const OK: Verdict = Verdict::Accepted;
const BAD: Verdict = Verdict::Refused;

/// Verdict, name and content of a seed.
type Row = (Verdict, &'static str, &'static str);

/// Answers that no writer of ours makes, and commitments.
const TEXTS: &[(&str, &[Row])] = &[
    (
        "v3_act_json",
        &[
            (
                OK,
                "named",
                r#"{"action":{"continuous":{"ee_twist":[0.5,0,-1,0,0,0],"gripper":[1]}}}"#,
            ),
            (
                OK,
                "named-chunk",
                r#"{"action":{"continuous":{"gripper":0.25}},"chunk":[[0,0,0,1],{"continuous":{"ee_twist":[9,0,0,1,1,1]}}]}"#,
            ),
            (
                OK,
                "beside",
                r#" {"latency":[{"ms":3}],"action":[-0,1e-400,2E+3,0.1e1],"chunk":null,"note":"\ud83e\udd16\u0000"}"#,
            ),
            (
                BAD,
                "long-chunk",
                r#"{"action":[0,0,0,0],"chunk":[[0,0,0,0],[0,0,0,0],[0,0,0,0],[0,0,0,0],[0,0,0,0],[0,0,0,0],[0,0,0,0],[0,0,0,0],[0,0,0,0]]}"#,
            ),
            (
                BAD,
                "short-in-chunk",
                r#"{"action":[0,0,0,0],"chunk":[[0,0,0]]}"#,
            ),
        ],
    ),
    (
        "p1_act",
        &[
            (
                OK,
                "integers",
                r#"{"action":[0,18446744073709551615,-9223372036854775808,1]}"#,
            ),
            (
                OK,
                "tiny",
                r#"{"action":[5e-324,-0.0,1.7976931348623157e308,1e-45]}"#,
            ),
            (BAD, "three", r#"{"action":[0,0,0]}"#),
            (BAD, "five", r#"{"action":[0,0,0,0,0]}"#),
            (BAD, "text", r#"{"action":[0,0,0,"1"]}"#),
            (BAD, "nested", r#"{"action":[[0,0,0,1]]}"#),
        ],
    ),
    (
        "p2_act",
        &[
            (
                OK,
                "full",
                r#"{"action":{"continuous":{"ee_twist":[0.5,0.0,-1.0,0.0,0.0,0.0],"gripper":[1.0]},"discrete":{},"extra":{}}}"#,
            ),
            (
                OK,
                "far-gripper",
                r#"{"action":{"continuous":{"gripper":-1.7976931348623157e308},"extra":{"a":[null,true]}}}"#,
            ),
            (
                OK,
                "tiny-gripper",
                r#"{"action":{"continuous":{"gripper":[0.50000000001]}}}"#,
            ),
            (
                BAD,
                "channel",
                r#"{"action":{"continuous":{"ee_twist":[0,0,0,0,0,0],"joint_vel":[1]}}}"#,
            ),
            (
                BAD,
                "discrete",
                r#"{"action":{"continuous":{"gripper":[1]},"discrete":{"nav":0}}}"#,
            ),
            (BAD, "no-channel", r#"{"action":{"continuous":{}}}"#),
            (
                BAD,
                "escape",
                r#"{"action":{"continuous":{"\u001b[2J\u202e":1}}}"#,
            ),
        ],
    ),
    (
        "reset",
        &[
            (OK, "empty", "{}"),
            (OK, "other-id", r#"{"episode_id":"another"}"#),
            (BAD, "status", r#"{"status":"\u001b]0;mine\u0007"}"#),
            (BAD, "error", r#"{"error":{"code":"busy"}}"#),
        ],
    ),
    (
        "receipt",
        &[
            (BAD, "none", "{}"),
            (BAD, "null", r#"{"receipt":null}"#),
            (BAD, "empty", r#"{"receipt":{}}"#),
            (BAD, "other-id", r#"{"receipt":{"episode_id":"another"}}"#),
            (
                BAD,
                "escape",
                r#"{"receipt":{"episode_id":"7c1e0b94","delegation":{"hotkey":"\u001b[2J\u202e"}}}"#,
            ),
            (
                BAD,
                "number",
                r#"{"receipt":{"episode_id":"7c1e0b94","delegation":{"hotkey":5}}}"#,
            ),
        ],
    ),
    (
        "health",
        &[
            (
                OK,
                "old",
                r#"{"status":"healthy","model_loaded":true,"uptime_seconds":123.45}"#,
            ),
            (
                OK,
                "unknown",
                r#"{"protocols":["kinitro/9","kinitro/1","kinitro/3","kinitro/1"],"encodings":["cbor"],"images":[],"max_batch":1.0,"wants_depth":true}"#,
            ),
            (BAD, "batch", r#"{"max_batch":4097}"#),
            (BAD, "half-batch", r#"{"max_batch":1.5}"#),
            (BAD, "convention", r#"{"gripper_convention":"inverted"}"#),
            (BAD, "protocols", r#"{"protocols":"kinitro/3"}"#),
        ],
    ),
    (
        "commitment",
        &[
            (
                OK,
                "json",
                r#"{"m":"ada/reacher","r":"0123456789abcdef0123456789abcdef01234567","d":"reacher-1"}"#,
            ),
            (
                OK,
                "long-keys",
                r#"{"model":"user/repo","revision":"01234567","deployment_id":"95edf2b6-e18b-400a-8398-5573df10e5e4"}"#,
            ),
            (
                OK,
                "escaped",
                r#"{"m":"user\/repo","r":"\u0030123456","d":"My-Policy"}"#,
            ),
            (
                OK,
                "colon",
                "user/repo:01234567:95edf2b6-e18b-400a-8398-5573df10e5e4",
            ),
            (OK, "label", "user/repo:ABCDEF0:my-policy-2\n"),
            (
                OK,
                "sealed",
                "user/repo:01234567:e:009C61O)~M2nh-c3=Iws5D^j+6crX17#SKH9337XAR!_nBqb&%C@Cr{EG;fCFflSSG&MFiI5|2yJUu=?",
            ),
            (
                OK,
                "oldest",
                "user/repo:01234567:95edf2b6-e18b-400a-8398-5573df10e5e4:registry.example:5000/user/image:v1.2",
            ),
            (
                OK,
                "compact",
                "k10RbaLXNjxL?*Su4XNjxL?*Su4XO->pw&9CF3WJzcbKel<<aKjpaxZdaaBl",
            ),
            (
                OK,
                "operator",
                r#"{"t":"pk","k":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}"#,
            ),
            (BAD, "host", "ada/reacher:0123456:169.254.169.254/x"),
            (BAD, "url", "ada/reacher:0123456:https://evil.example/x"),
            (BAD, "dots", "../..:0123456:label"),
            (
                BAD,
                "two-keys",
                r#"{"m":"a/b","model":"c/d","r":"0123456","d":"x"}"#,
            ),
            (
                BAD,
                "two-ends",
                r#"{"m":"a/b","r":"0123456","d":"x","e":"y"}"#,
            ),
            (BAD, "key", r#"{"\u001b[2J\u202e\ud83e\udd16":"x"}"#),
            (BAD, "number", "12345"),
            (BAD, "control", "user/repo\u{1b}:0123456:label"),
            (
                BAD,
                "deep",
                r#"{"m":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["#,
            ),
            (BAD, "overflow", "k1~~~~~~~~~~"),
        ],
    ),
];

/// The borders that read JSON answers and refuse whatever is not one.
const JSON_BORDERS: [&str; 5] = ["v3_act_json", "p2_act", "p1_act", "reset", "health"];

/// What no reader of JSON answers accepts.
fn hostile_json() -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let action = r#"{"action":[0,0,0,1]}"#;
    vec![
        ("deep", format!("{}{}", r#"{"a":"#.repeat(9), "[").into()),
        (
            "wide",
            format!(r#"{{"a":[{}0]}}"#, "0,".repeat(4096)).into(),
        ),
        ("nan", text(r#"{"action":[0,0,0,NaN]}"#)),
        ("infinity", text(r#"{"action":[0,0,0,-Infinity]}"#)),
        ("exponent", text(r#"{"action":[0,0,0,1e999]}"#)),
        (
            "exponents",
            text(r#"{"action":[1e-99999999999999999999,0,0,1e99999999999999999999]}"#),
        ),
        (
            "digits",
            format!(r#"{{"action":[0,0,0,{}.5]}}"#, "9".repeat(400)).into(),
        ),
        ("twice", text(r#"{"a":[0,0,0,0],"\u0061":[1,1,1,1]}"#)),
        ("tail", format!("{action}{action}").into()),
        ("truncated", text(r#"{"action":[0,0,0"#)),
        ("comma", text(r#"{"action":[0,0,0,1,],}"#)),
        ("comment", text(r#"{"action":[0,0,0,1]} // done"#)),
        ("hexadecimal", text(r#"{"action":[0,0,0,0x1]}"#)),
        ("zeros", text(r#"{"action":[00,0,0,01]}"#)),
        ("mark", [b"\xef\xbb\xbf", action.as_bytes()].concat()),
        ("utf16", action.bytes().flat_map(|byte| [byte, 0]).collect()),
        (
            "not-utf8",
            b"{\"status\":\"\xff\xc0\x80\xed\xa0\x80\"}".to_vec(),
        ),
        ("surrogate", text(r#"{"status":"\ud800"}"#)),
        ("zero-byte", b"{\"status\":\0}".to_vec()),
        ("list", text("[0,0,0,1]")),
        ("nothing", Vec::new()),
    ]
}

/// Act answers in msgpack: `\x81` is a map of one, `\xa6` a text of six bytes, `\x94` a list of four.
const MSGPACK: &[(Verdict, &str, &[u8])] = &[
    (
        OK,
        "integers",
        b"\x81\xa6action\x94\x00\xff\xcc\x80\xd3\x80\0\0\0\0\0\0\0",
    ),
    (
        OK,
        "half-width",
        b"\x81\xa6action\x94\xca\x3f\0\0\0\0\0\xca\xbf\x80\0\0",
    ),
    (
        OK,
        "named",
        b"\x81\xa6action\x81\xaacontinuous\x81\xa7gripper\xca\x3e\x80\0\0",
    ),
    (
        OK,
        "long-forms",
        b"\xdf\0\0\0\x02\xd9\x06action\xdd\0\0\0\x04\0\0\0\x01\xdb\0\0\0\x05chunk\xdc\0\0",
    ),
    (
        OK,
        "binary-beside",
        b"\x82\xa6action\x94\0\0\0\x01\xa1a\xc4\x02\xff\xff",
    ),
    (BAD, "nan", b"\x81\xa6action\x94\0\0\0\xca\x7f\xc0\0\0"),
    (
        BAD,
        "infinity",
        b"\x81\xa6action\x94\0\0\0\xcb\xff\xf0\0\0\0\0\0\0",
    ),
    (
        BAD,
        "twice",
        b"\x82\xa6action\x94\0\0\0\x01\xa6action\x94\0\0\0\x01",
    ),
    (BAD, "tail", b"\x81\xa6action\x94\0\0\0\x01\xc0"),
    (BAD, "truncated", b"\x81\xa6action\x94\0\0\0\xcb\x3f"),
    (BAD, "lying-list", b"\x81\xa6action\xdd\xff\xff\xff\xff\0"),
    (BAD, "lying-map", b"\xdf\xff\xff\xff\xff\xa6action"),
    (BAD, "lying-text", b"\x81\xdb\xff\xff\xff\xffaction"),
    (BAD, "lying-binary", b"\x81\xa6action\xc6\xff\xff\xff\xff\0"),
    (
        BAD,
        "lying-extension",
        b"\x81\xa6action\xc9\xff\xff\xff\xff\x01\0",
    ),
    (BAD, "timestamp", b"\x81\xa6action\xd6\xff\0\0\0\0"),
    (BAD, "binary", b"\x81\xa6action\xc4\x04\0\0\0\x01"),
    (BAD, "not-utf8", b"\x81\xa6actio\xff\x94\0\0\0\x01"),
    (BAD, "number-key", b"\x81\x00\x94\0\0\0\x01"),
    (BAD, "reserved", b"\x81\xa6action\xc1"),
    (
        BAD,
        "deep",
        b"\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x00",
    ),
    (BAD, "escape", b"\x81\xa6action\xa5\x1b[2J\x07"),
    (BAD, "nothing", b""),
];

/// What our own servers answer.
fn written() -> Vec<Seed> {
    let action = |numbers| Action::from_wire(numbers).expect("finite").0;
    let (now, next) = (
        action([0.5, 0.0, -1.0, 1.0]),
        action([0.1, -0.2, 0.0, -1.0]),
    );
    let act = |next: &[Action], encoding| {
        written_by(|out| {
            v3::ActBody::new(&now, next, GripperConvention::Simulator).write(encoding, out);
        })
    };
    let reset = |encoding| written_by(|out| ResetAnswer::new("7c1e0b94").write(encoding, out));
    let closed =
        |encoding| written_by(|out| v3::CloseBody::new(Some(receipt())).write(encoding, out));
    let health = Health {
        ready: true,
        protocols: Some(vec![Protocol::V3, Protocol::P1]),
        encodings: vec![Encoding::Json, Encoding::Msgpack],
        images: vec![ImageEncoding::Png, ImageEncoding::Raw],
        max_batch: Some(16),
        gripper_convention: Some(GripperConvention::Documented),
    };
    let ok = |border, name, bytes| Seed {
        border,
        verdict: OK,
        name,
        bytes,
    };
    vec![
        ok("v3_act_json", "list", act(&[], Encoding::Json)),
        ok("v3_act_json", "chunk", act(&[next; 8], Encoding::Json)),
        ok("v3_act_msgpack", "list", act(&[], Encoding::Msgpack)),
        ok(
            "v3_act_msgpack",
            "chunk",
            act(&[next; 8], Encoding::Msgpack),
        ),
        ok("p1_act", "list", act(&[], Encoding::Json)),
        ok("p1_act", "chunk-beside", act(&[next; 9], Encoding::Json)),
        ok("reset", "json", reset(Encoding::Json)),
        ok("reset", "msgpack", reset(Encoding::Msgpack)),
        ok("receipt", "json", closed(Encoding::Json)),
        ok("receipt", "msgpack", closed(Encoding::Msgpack)),
        ok(
            "health",
            "full",
            written_by(|out| health.write(123.45, out)),
        ),
    ]
}

/// A receipt that is well formed; nothing of it is signed by anybody.
fn receipt() -> Receipt {
    let signature = || "5a".repeat(64).parse().expect("128 hexadecimal digits");
    Receipt {
        episode_id: "7c1e0b94".parse().expect("a plain id"),
        delegation: Delegation {
            hotkey: "5HL6qg9oDS525SzH5sETeAErEvbzX5ij52UqA6z3C9fRLWmh"
                .parse()
                .expect("an address"),
            session_key: "8e".repeat(32).parse().expect("64 hexadecimal digits"),
            expires: UnixMillis::new(1_769_817_600_000).expect("13 digits"),
            signature: signature(),
        },
        signature: signature(),
    }
}

/// Bodies of failed requests: whatever they are, their beginning is told.
fn errors() -> Vec<Seed> {
    let answer = |encoding| {
        written_by(|out| {
            ErrorAnswer::new("unknown_episode", "no episode `7c1e0b94`").write(encoding, out);
        })
    };
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        ("json", answer(Encoding::Json)),
        ("msgpack", answer(Encoding::Msgpack)),
        ("text", br#"{"error":"out of memory"}"#.to_vec()),
        ("detail", br#"{"detail":"Method Not Allowed"}"#.to_vec()),
        (
            "list",
            br#"{"detail":[{"loc":["body"],"msg":"field required"}]}"#.to_vec(),
        ),
        (
            "page",
            b"<html><h1>502 Bad Gateway</h1></html>\r\n".to_vec(),
        ),
        ("escapes", b"\x1b]0;mine\x07\x1b[2J\r\n\0".to_vec()),
        (
            "directions",
            "\u{202e}\u{2066}\u{200b}\u{feff}e\u{301}".into(),
        ),
        ("planes", "\u{10ffff}".repeat(90).into()),
        (
            "not-utf8",
            b"\xff\xfe\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80".to_vec(),
        ),
        ("cut", [vec![b'a'; 323], "\u{1f916}".into()].concat()),
        ("nothing", Vec::new()),
    ];
    let seed = |(name, bytes)| Seed {
        border: "reported_error",
        verdict: OK,
        name,
        bytes,
    };
    bodies.into_iter().map(seed).collect()
}

/// The header of a transcript of two steps.
const HEADER: &str = r#"{"format":"kinitro-transcript/1","identity":{"kinitro":"0.1.0","engine":{"version":"3.17.0","library":"b718f1354f7247312eca086d9a024afe5fa717ddea5adeddd6f12bcf945b2e8c"},"libm":{"pinned":"0.2.16"},"assets":"8bf729ffe074caee622c02928173467e658e19e28233cff8a445819e3cae4d50","generator":1,"render_spec":1,"meshes":"3b2e0f8ac6a4b1f0c9d27c0d8f9b6a5e4d3c2b1a09f8e7d6c5b4a39281706f5e","protocol":3,"scoring":{"rule":"standing_pareto","version":1}},"env":"metaworld/reach-v3","episode":3,"key":{"revealed":"08cbc3a47875923988ccda2f9a022ef418ba3c160793f1c8379c831815350444"},"policy":"expert","hotkey":null,"profile":"evaluation","level":"seed","cameras":["corner","gripper"],"image_size":{"width":84,"height":84},"scene":"4f48f7207cebf92638debb5694e4a8677350cf88a9e98e73c6c466b6b1d43890","outcome":"success","success":true,"steps":2,"total_reward":12.25,"state_hash":"4ba69735ca53765ed6a709edb56c6ea236b7193a3b29a6b390c346f0f4340e4e","image_hash":"6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d","observation_hash":"772c6953848bf5b19aedf9a34ccb066f31eacca29bdbfcb1b9821765f1060149","timing":{"wall_ms":5.5,"act_mean_ms":0.375,"act_p50_ms":0.25,"act_p95_ms":0.5,"act_p99_ms":0.5,"act_max_ms":0.5},"receipt":null}"#;
/// Its steps: number, flags, four times 0.5, milliseconds; then the same with all flags.
const FRAMES: &[u8] = b"\0\0\0\0\0\0\0\x3f\0\0\0\x3f\0\0\0\x3f\0\0\0\x3f\x02\x01\x01\0\x07\0\0\0\0\x3f\0\0\0\xbf\0\0\0\0\0\0\x80\xbf\xff\xff";

fn transcripts() -> Vec<Seed> {
    let whole = |header: &str, frames: &[u8]| [header.as_bytes(), b"\n", frames].concat();
    let edited = |from: &str, to: &str| {
        assert!(HEADER.contains(from), "nothing to edit");
        whole(&HEADER.replacen(from, to, 1), FRAMES)
    };
    let framed = |position: usize, bytes: &[u8]| {
        let mut frames = FRAMES.to_vec();
        frames[position..position + bytes.len()].copy_from_slice(bytes);
        whole(HEADER, &frames)
    };
    let seeds: Vec<(Verdict, &str, Vec<u8>)> = vec![
        (OK, "revealed", whole(HEADER, FRAMES)),
        (
            OK,
            "sealed",
            edited(
                r#"{"revealed":"08cbc3a47875923988ccda2f9a022ef418ba3c160793f1c8379c831815350444"}"#,
                r#"{"sealed":{"cycle":7,"round":2}}"#,
            ),
        ),
        (
            OK,
            "blind",
            whole(
                &HEADER
                    .replacen(r#"["corner","gripper"]"#, "[]", 1)
                    .replacen(
                        r#""6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d""#,
                        "null",
                        1,
                    )
                    .replacen(r#""steps":2"#, r#""steps":0"#, 1),
                b"",
            ),
        ),
        (
            OK,
            "escapes",
            edited(r#""0.1.0""#, r#""\u001b[2J\u202e\n""#),
        ),
        (OK, "integers", edited("12.25", "-1e5")),
        (BAD, "field", edited(r#""receipt""#, r#""\u001b[2J\u202e""#)),
        (
            BAD,
            "variant",
            edited(
                r#""evaluation""#,
                &format!(r#""{}""#, "\u{10ffff}".repeat(700)),
            ),
        ),
        (BAD, "type", edited(r#""steps":2"#, r#""steps":"\u0007""#)),
        (BAD, "format", edited("transcript/1", "transcript/2")),
        (
            BAD,
            "steps",
            edited(r#""steps":2"#, r#""steps":4294967295"#),
        ),
        (BAD, "reward", edited("12.25", "1e999")),
        (BAD, "camera-twice", edited(r#""gripper"]"#, r#""corner"]"#)),
        (
            BAD,
            "outcome",
            edited(r#""success":true"#, r#""success":false"#),
        ),
        (
            BAD,
            "key-twice",
            edited(r#""steps":2"#, r#""steps":2,"steps":2"#),
        ),
        (BAD, "no-line", HEADER.into()),
        (BAD, "no-frame", whole(HEADER, b"")),
        (BAD, "part", whole(HEADER, &FRAMES[..30])),
        (BAD, "order", framed(22, b"\0")),
        (BAD, "flags", framed(2, b"\x08")),
        (BAD, "nan", framed(4, b"\0\0\xc0\x7f")),
        (BAD, "range", framed(4, b"\x01\0\x80\x3f")),
        (BAD, "nothing", Vec::new()),
    ];
    let seed = |(verdict, name, bytes)| Seed {
        border: "transcript",
        verdict,
        name,
        bytes,
    };
    seeds.into_iter().map(seed).collect()
}

fn written_by(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}
