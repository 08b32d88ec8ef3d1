use proptest::prelude::*;

use super::*;

const UUID: &str = "95edf2b6-e18b-400a-8398-5573df10e5e4";
const HASH: &str = "0123456789abcdef0123456789abcdef01234567";
const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
/// `base64.b85encode(bytes(range(64)))` of Python 3.11.
const SEALED: &str =
    "009C61O)~M2nh-c3=Iws5D^j+6crX17#SKH9337XAR!_nBqb&%C@Cr{EG;fCFflSSG&MFiI5|2yJUu=?";
/// `"k1" + base64.b85encode(b"\x01" + hash + uuid + b"user/repo")` of Python 3.11.
const COMPACT: &str = "k10RbaLXNjxL?*Su4XNjxL?*Su4XO->pw&9CF3WJzcbKel<<aKjpaxZdaaBl";

fn sealed() -> SealedEndpoint {
    SealedEndpoint::from_bytes(std::array::from_fn(|i| u8::try_from(i).unwrap()))
}

fn commitment(repo: &str, revision: &str, endpoint: &str) -> Commitment {
    Commitment {
        repo: repo.parse().unwrap(),
        revision: revision.parse().unwrap(),
        endpoint: endpoint.parse().unwrap(),
    }
}

fn parse(text: &str) -> Result<Record, Error> {
    Record::parse(text.as_bytes())
}

#[track_caller]
fn check_parses(text: &str, expected: &Commitment) {
    assert_eq!(
        parse(text).unwrap_or_else(|e| panic!("{text}: {e}")),
        Record::Miner(expected.clone()),
        "{text}"
    );
}

#[test]
fn every_form_is_read() {
    let full = commitment("user/repo", HASH, UUID);
    let short = commitment("user/repo", "01234567", UUID);
    let slug = commitment("user/repo", "0123456", "my-policy-2");
    let sealed = Commitment {
        endpoint: Endpoint::Sealed(sealed()),
        ..short.clone()
    };

    // JSON: short keys, long keys, both, any order, white space, escapes.
    check_parses(
        &format!(r#"{{"m":"user/repo","r":"{HASH}","d":"{UUID}"}}"#),
        &full,
    );
    check_parses(
        &format!(r#"{{"model":"user/repo","revision":"01234567","deployment_id":"{UUID}"}}"#),
        &short,
    );
    check_parses(
        r#"{"m":"user/repo","revision":"0123456","d":"my-policy-2"}"#,
        &slug,
    );
    check_parses(
        "\n{ \"d\": \"my-policy-2\",\r\n\t\"r\": \"0123456\", \"m\": \"user/repo\" } ",
        &slug,
    );
    check_parses(
        r#"{"m":"user\/repo","r":"\u0030123456","d":"my-policy-2"}"#,
        &slug,
    );
    check_parses(
        &format!(r#"{{"m":"user/repo","r":"01234567","e":"{SEALED}"}}"#),
        &sealed,
    );

    // Colon: compact, label, sealed, oldest with and without an image.
    check_parses(&format!("user/repo:01234567:{UUID}"), &short);
    check_parses(&format!(" user/repo:01234567:{UUID}\n"), &short);
    check_parses("user/repo:0123456:my-policy-2", &slug);
    check_parses(&format!("user/repo:01234567:e:{SEALED}"), &sealed);
    check_parses(&format!("user/repo:01234567:{UUID}:user/image"), &short);
    check_parses(
        &format!("user/repo:01234567:{UUID}:registry.example:5000/user/image:v1.2"),
        &short,
    );

    check_parses(COMPACT, &full);
}

#[test]
fn operator_keys_are_not_miners() {
    let expected = Record::OperatorKey(std::array::from_fn(|i| u8::try_from(i).unwrap()));
    let written = format!(r#"{{"t":"pk","k":"{KEY}"}}"#);
    assert_eq!(parse(&written).unwrap(), expected);
    assert_eq!(expected.write().unwrap(), written);
    assert_eq!(
        parse(&format!(r#"{{"type":"backend_pubkey","key":"{KEY}"}}"#)).unwrap(),
        expected
    );
    assert_eq!(
        parse(&format!(r#"{{"k":"{}","t":"pk"}}"#, KEY.to_uppercase())).unwrap(),
        expected
    );
}

#[test]
fn hexadecimal_and_labels_become_lower_case() {
    let upper = format!("User/Repo:{}:{}", HASH.to_uppercase(), UUID.to_uppercase());
    check_parses(&upper, &commitment("User/Repo", HASH, UUID));
    let Ok(Record::Miner(read)) = parse(&upper) else {
        panic!()
    };
    assert_eq!(read.revision.as_str(), HASH);
    assert_eq!(read.endpoint, Endpoint::Deployment(UUID.parse().unwrap()));
    check_parses(
        "user/repo:ABCDEF0:My-Policy",
        &commitment("user/repo", "abcdef0", "my-policy"),
    );
}

#[test]
fn a_prefix_of_a_revision_is_not_full() {
    assert!(HASH.parse::<Revision>().unwrap().is_full());
    assert!(!HASH[..39].parse::<Revision>().unwrap().is_full());
    assert!(!"01234567".parse::<Revision>().unwrap().is_full());
}

#[test]
fn a_uuid_is_never_a_label() {
    assert!(matches!(UUID.parse(), Ok(Endpoint::Deployment(id)) if id.to_string() == UUID));
    // Without its hyphens it is a valid label, and no UUID.
    assert!(matches!(
        UUID.replace('-', "").parse(),
        Ok(Endpoint::Slug(_))
    ));
}

#[track_caller]
fn check_rejected(text: &str, reason: &str) {
    match parse(text) {
        Ok(record) => panic!("{text:?} was read as {record:?}"),
        Err(error) => assert_eq!(error.to_string(), reason, "{text:?}"),
    }
}

#[test]
fn what_is_no_commitment_at_all_is_rejected() {
    check_rejected("", "the commitment is empty");
    check_rejected(" \n", "the commitment is empty");
    check_rejected(
        &"x".repeat(129),
        "the commitment has `129` bytes, more than the `128` allowed",
    );
    check_rejected(
        "a/b:0123456:pölicy",
        "byte `0xc3` at offset `13` is not printable ASCII",
    );
    check_rejected(
        "a/b:0123456:x\0",
        "byte `0x00` at offset `13` is not printable ASCII",
    );
    check_rejected(
        "\u{feff}{}",
        "byte `0xef` at offset `0` is not printable ASCII",
    );
    for text in ["hello", "user/repo", "169.254.169.254/x"] {
        check_rejected(
            text,
            "the commitment is neither a JSON object nor colon-separated nor compact",
        );
    }
    for text in [UUID, &format!("e:{SEALED}")] {
        check_rejected(
            text,
            "the commitment has an endpoint, but neither repository nor revision",
        );
    }
    for text in ["a:b", "a/b:0123456"] {
        check_rejected(
            text,
            "a colon-separated commitment has fewer than three fields",
        );
    }
}

#[test]
fn two_colons_do_not_make_a_commitment() {
    let texts = [
        ("a:b:c", "a"),
        ("::", ""),
        ("12:30:00", "12"),
        ("see https://x.example: nice", "see https"),
    ];
    for (text, repo) in texts {
        check_rejected(text, &not_a_repo(repo));
    }
}

fn not_a_repo(value: &str) -> String {
    format!("`{value}` is not a repository (`owner/name`, each 1 to 96 of `A-Z a-z 0-9 . _ -`)")
}

#[test]
fn repositories_outside_their_grammar_are_rejected() {
    let long_name = format!("a/{}", "b".repeat(97));
    for repo in [
        "a", "a/b/c", "/b", "a/", "../b", "a/..", "./b", "a/b@main", "a/b?x=1", &long_name,
    ] {
        check_rejected(&format!("{repo}:0123456:x"), &not_a_repo(repo));
    }
    check_rejected(r"a\b:0123456:x", &not_a_repo(r"a\\b"));
}

#[test]
fn revisions_outside_their_grammar_are_rejected() {
    let overlong = format!("{HASH}0");
    for revision in [
        "", "012345", &overlong, "main", "0x12345", "+1234567", " 0123456",
    ] {
        let reason = format!("`{revision}` is not a revision (7 to 40 hexadecimal digits)");
        check_rejected(&format!("a/b:{revision}:x"), &reason);
    }
}

/// Whatever would become another host, path, port, user or scheme of the operator's request.
#[test]
fn endpoints_that_are_more_than_a_label_are_rejected() {
    let not_an_endpoint =
        |value: &str| format!("`{value}` is not an endpoint (a UUID or one DNS label)");
    let long_label = "x".repeat(64);
    for value in [
        "",
        "-x",
        "x-",
        "x_y",
        &long_label,
        "169.254.169.254",
        "169.254.169.254/x",
        "evil.example/x",
        "user@evil",
        "evil#",
        "evil?",
        "evil%2f",
        " x",
    ] {
        check_rejected(&format!("a/b:0123456:{value}"), &not_an_endpoint(value));
        check_rejected(&json(&format!(r#""d":"{value}""#)), &not_an_endpoint(value));
    }
    // With a colon or an escape they fit into JSON only.
    for value in ["https://evil.example", "evil.example:80", "[::1]"] {
        check_rejected(&json(&format!(r#""d":"{value}""#)), &not_an_endpoint(value));
    }
    for (written, shown) in [
        (r"evil\\", r"evil\\"),
        (r"a\u0000b", r"a\u{0}b"),
        (r"a\r\nb", r"a\r\nb"),
        (r"\u00e9vil", r"\u{e9}vil"),
    ] {
        check_rejected(
            &json(&format!(r#""d":"{written}""#)),
            &not_an_endpoint(shown),
        );
    }
}

/// A JSON commitment with these entries in the place of its endpoint.
fn json(endpoint: &str) -> String {
    format!(r#"{{"m":"a/b","r":"0123456",{endpoint}}}"#)
}

#[test]
fn the_oldest_form_takes_a_uuid_and_an_image() {
    check_rejected(
        "a/b:0123456:https://evil.example",
        "`https` is not a deployment UUID",
    );
    check_rejected(
        "a/b:0123456:policy:user/image",
        "`policy` is not a deployment UUID",
    );
    for image in ["", "//x", "a b", "-x"] {
        let reason = format!("`{image}` is not a container image reference");
        check_rejected(&format!("a/b:0123456:{UUID}:{image}"), &reason);
    }
}

#[test]
fn sealed_endpoints_have_one_length_and_spelling() {
    for (sealed, len) in [
        ("", 0),
        ("abc", 3),
        (&SEALED[1..], 79),
        (&format!("{SEALED}0"), 81),
    ] {
        let reason = format!("a sealed endpoint has `{len}` base85 characters instead of `80`");
        check_rejected(&format!("a/b:0123456:e:{sealed}"), &reason);
        check_rejected(&json(&format!(r#""e":"{sealed}""#)), &reason);
    }
    let foreign = format!("a/b:0123456:e:,{}", &SEALED[1..]);
    check_rejected(&foreign, "byte `0x2c` at offset `0` is not a base85 digit");
    let too_large = format!("a/b:0123456:e:~~~~~{}", &SEALED[5..]);
    check_rejected(&too_large, "the base85 text is not canonical");
}

#[test]
fn json_that_is_no_object_is_rejected() {
    for text in [
        r#"["a/b","0123456","x"]"#,
        r#""a/b:0123456:x""#,
        "42",
        "null",
        "true",
    ] {
        check_rejected(text, "the commitment is JSON, but not an object");
    }
    for text in [
        "{",
        r#"{"m":"a/b","r":"0123456","d":"x",}"#,
        r#"{"m":"a/b","r":"0123456","d":"x"} a:b:c"#,
        r"{'m':'a/b','r':'0123456','d':'x'}",
        "{a/b:0123456:x",
        &format!(r#"{{"m":{}"#, "[".repeat(120)),
    ] {
        check_rejected(text, "the commitment is malformed JSON");
    }
}

#[test]
fn keys_are_known_given_once_and_hold_strings() {
    check_rejected("{}", "key `m` is missing");
    check_rejected(r#"{"m":"a/b"}"#, "key `r` is missing");
    check_rejected(r#"{"m":"a/b","r":"0123456"}"#, "key `d` is missing");
    check_rejected(&json(r#""d":"x","v":"1""#), "unknown key `v`");
    check_rejected(&json(r#""D":"x""#), "unknown key `D`");
    check_rejected(&json(r#""\u001b[2J":"x""#), r"unknown key `\u{1b}[2J`");
    check_rejected(&json(r#""d":"x","d":"x""#), "key `d` is given twice");
    check_rejected(
        &json(r#""d":"x","deployment_id":"y""#),
        "key `deployment_id` is given twice",
    );
    check_rejected(&json(r#""d":null"#), "the value of key `d` is not a string");
    check_rejected(
        &json(r#""d":["x"]"#),
        "the value of key `d` is not a string",
    );
    check_rejected(
        r#"{"m":"a/b","r":1234567,"d":"x"}"#,
        "the value of key `r` is not a string",
    );
    check_rejected(
        &json(r#""d":"x","e":"y""#),
        "the commitment has a public and a sealed endpoint",
    );
}

#[test]
fn malformed_operator_keys_are_rejected() {
    check_rejected(r#"{"t":"pk"}"#, "key `k` is missing");
    check_rejected(&format!(r#"{{"k":"{KEY}"}}"#), "key `t` is missing");
    check_rejected(
        &format!(r#"{{"t":"sk","k":"{KEY}"}}"#),
        "unknown record type `sk`",
    );
    for key in ["", "00", &format!("{}g", &KEY[..63]), &format!("{KEY}0")] {
        let reason = format!("`{key}` is not an operator key (64 hexadecimal digits)");
        check_rejected(&format!(r#"{{"t":"pk","k":"{key}"}}"#), &reason);
    }
    for text in [
        format!(r#"{{"t":"pk","k":"{KEY}","m":"a/b"}}"#),
        json(r#""d":"x","t":"pk""#),
    ] {
        check_rejected(
            &text,
            "the commitment mixes an operator key record with a miner's commitment",
        );
    }
}

#[test]
fn malformed_compact_forms_are_rejected() {
    let too_short = |len| format!("the compact form has `{len}` bytes, fewer than its fixed part");
    check_rejected(COMPACT_PREFIX, &too_short(0));
    check_rejected(&compact(&[1; 20]), &too_short(20));
    check_rejected(&compact(&[1; 36]), &too_short(36));
    check_rejected(
        &compact(&[2; 60]),
        "unknown version `2` of the compact form",
    );
    check_rejected(&compact(&[1; 37]), &not_a_repo(""));
    check_rejected(
        &compact(&[&[1; 37], &b"a/b\xff"[..]].concat()),
        &not_a_repo(r"a/b\u{fffd}"),
    );
    check_rejected("k1\"", "byte `0x22` at offset `0` is not a base85 digit");
    check_rejected("k1000000", "the base85 text is not canonical");
}

fn compact(bytes: &[u8]) -> String {
    format!("{COMPACT_PREFIX}{}", base85::encode(bytes))
}

#[test]
fn the_writer_takes_the_first_form_that_fits() {
    let of_len = |len: usize| format!("a/{}", "b".repeat(len - 2));
    let json = |len| {
        (
            len,
            format!(r#"{{"m":"{}","r":"{HASH}","d":"{UUID}"}}"#, of_len(len)),
        )
    };
    let colon = |len| (len, format!("{}:{HASH}:{UUID}", of_len(len)));
    // JSON has 98 bytes besides the repository, the colon form 78.
    for (len, text) in [json(3), json(30), colon(31), colon(50)] {
        assert_eq!(commitment(&of_len(len), HASH, UUID).write().unwrap(), text);
    }
    for (len, text_len) in [(51, 112), (63, 127)] {
        let text = commitment(&of_len(len), HASH, UUID).write().unwrap();
        assert!(text.starts_with(COMPACT_PREFIX), "{text}");
        assert_eq!(text.len(), text_len);
    }
    let error = commitment(&of_len(64), HASH, UUID).write().unwrap_err();
    assert!(
        matches!(error, Error::DoesNotFit { len: 129, max: 128 }),
        "{error}"
    );

    // The compact form has no room for a short revision or a label.
    for (revision, endpoint) in [("01234567", UUID), (HASH, "x")] {
        let fixed = revision.len() + endpoint.len() + 2;
        let longest = commitment(&of_len(128 - fixed), revision, endpoint);
        assert_eq!(longest.write().unwrap().len(), 128);
        let error = commitment(&of_len(129 - fixed), revision, endpoint)
            .write()
            .unwrap_err();
        assert!(
            matches!(error, Error::DoesNotFit { len: 129, max: 128 }),
            "{error}"
        );
    }
    assert_eq!(
        commitment("user/repo", HASH, UUID).to_compact().unwrap(),
        COMPACT
    );
}

#[test]
fn sealed_endpoints_fit_beside_a_short_revision() {
    let sealed = |repo: &str, revision| Commitment {
        endpoint: Endpoint::Sealed(sealed()),
        ..commitment(repo, revision, "x")
    };
    let json = format!(r#"{{"m":"user/repo","r":"01234567","e":"{SEALED}"}}"#);
    assert_eq!(sealed("user/repo", "01234567").write().unwrap(), json);
    let long_repo = format!("user/{}", "r".repeat(23));
    let colon = format!("{long_repo}:01234567:e:{SEALED}");
    assert_eq!(sealed(&long_repo, "01234567").write().unwrap(), colon);
    // A full revision would need the compact form, which carries UUIDs only; it is not cut behind the caller's back.
    let error = sealed("user/repo", HASH).write().unwrap_err();
    assert!(
        matches!(error, Error::DoesNotFit { len: 133, max: 128 }),
        "{error}"
    );
}

fn any_endpoint() -> impl Strategy<Value = Endpoint> {
    prop_oneof![
        any::<[u8; 16]>().prop_map(|bytes| Endpoint::Deployment(DeploymentId::from_bytes(bytes))),
        "e|[A-Za-z0-9]([A-Za-z0-9-]{0,40}[A-Za-z0-9])?".prop_map(|label| label.parse().unwrap()),
        prop::collection::vec(any::<u8>(), 64).prop_map(|bytes| Endpoint::Sealed(
            SealedEndpoint::from_bytes(bytes.try_into().unwrap())
        )),
    ]
}

fn any_commitment() -> impl Strategy<Value = Commitment> {
    let repo = "[A-Za-z0-9_-][A-Za-z0-9._-]{0,30}/[A-Za-z0-9._-]{0,30}[A-Za-z0-9_-]";
    let revision = prop_oneof!["[0-9a-fA-F]{40}", "[0-9a-fA-F]{7,39}"];
    (repo, revision, any_endpoint()).prop_map(|(repo, revision, endpoint)| Commitment {
        repo: repo.parse().unwrap(),
        revision: revision.parse().unwrap(),
        endpoint,
    })
}

/// Whatever is read can be written, and means the same when read again.
fn check_stable(payload: &[u8]) {
    if let Ok(record) = Record::parse(payload) {
        let written = record.write().unwrap();
        assert_eq!(
            Record::parse(written.as_bytes()).unwrap(),
            record,
            "{written}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn what_is_written_is_read_back(commitment in any_commitment()) {
        for text in [Some(commitment.to_json()), Some(commitment.to_colon()), commitment.to_compact()] {
            if let Some(text) = text.filter(|text| text.len() <= MAX_LEN) {
                prop_assert_eq!(parse(&text).unwrap(), Record::Miner(commitment.clone()));
            }
        }
        match commitment.write() {
            Ok(text) => {
                prop_assert!(text.len() <= MAX_LEN);
                prop_assert_eq!(parse(&text).unwrap(), Record::Miner(commitment));
            }
            Err(error) => prop_assert!(commitment.to_colon().len() > MAX_LEN, "{}", error),
        }
    }

    #[test]
    fn operator_keys_survive(key in any::<[u8; 32]>()) {
        let record = Record::OperatorKey(key);
        prop_assert_eq!(parse(&record.write().unwrap()).unwrap(), record);
    }

    #[test]
    fn no_bytes_panic(payload in prop::collection::vec(any::<u8>(), 0..200)) {
        check_stable(&payload);
    }

    #[test]
    fn no_text_panics(text in "[ -~\\n]{0,130}", prefix in prop::sample::select(vec!["", "k1", "{\"m\":", "a/b:0123456:"])) {
        check_stable(format!("{prefix}{text}").as_bytes());
    }

    #[test]
    fn damaged_payloads_do_not_panic(
        commitment in any_commitment(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        if let Ok(text) = commitment.write() {
            let mut payload = text.into_bytes();
            let at = at.index(payload.len());
            payload[at] = byte;
            check_stable(&payload);
            payload.truncate(at);
            check_stable(&payload);
        }
    }

    #[test]
    fn messages_are_one_line_of_printable_ascii(payload in prop::collection::vec(any::<u8>(), 0..130)) {
        if let Err(error) = Record::parse(&payload) {
            let message = error.to_string();
            prop_assert!(message.bytes().all(|b| (b' '..=b'~').contains(&b)), "{}", message);
        }
    }
}
