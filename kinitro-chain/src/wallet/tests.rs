//! Files of every form, every refusal, signatures of other tools, and the vectors of the protocol page.

#[cfg(unix)]
use std::path::PathBuf;

use kinitro_core::protocol::wire::signed::{Guard, NonceMemory, Operation, SignedHeaders};
use kinitro_core::protocol::wire::v3::read_receipt;
use kinitro_core::protocol::wire::{Encoding, EpisodeId};
use kinitro_core::record::{Delegation, ObservationHash, Receipt};
use kinitro_core::signature::UnixMillis;
use serde_json::{Value, json};

use super::*;

/// The development accounts //Alice and //Bob, known to everybody, by their seeds.
const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
const ALICE_SEED: &str = "0xe5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a";

/// A throw-away mnemonic with its address, as a wallet tool wrote them.
const MNEMONIC: &str = "champion father kidney quiz glad scout foam scan salad mail grace exist";
const SEED: &str = "0xd8a37d8eea3443aae5b559eb0579d915ca4587d4491650a5e759994133a92c9f";
const EXPANDED: &str = "0x9647b8db4688d0c98dbc8784a7288488d8692396ff3ce018943885d1111d8f0a5a2806d6d7a3d2b325a2bade7de6e30a440b48912e96616a2da5de5785fe1087";
const ADDRESS: &str = "5FefKdpU5PbUyVDHR8UDwtdEHu4P97L4dNAhAHkXjCRawZJv";

fn parse(content: &str) -> Result<HotkeyPair, Error> {
    HotkeyPair::from_file_bytes(content.as_bytes())
}

fn refusal(content: &str) -> String {
    parse(content).unwrap_err().to_string()
}

fn check_signs_as(pair: &HotkeyPair, address: &str) {
    assert_eq!(pair.hotkey().as_str(), address);
    let signature = pair.sign(b"message");
    assert!(Sr25519.by_hotkey(pair.hotkey(), b"message", &signature));
    assert!(!Sr25519.by_hotkey(pair.hotkey(), b"massage", &signature));
}

#[test]
fn all_forms_of_a_hotkey_give_the_same_key() {
    for content in [
        MNEMONIC.to_owned(),
        format!("  {MNEMONIC}\n"),
        SEED.to_owned(),
        SEED[2..].to_uppercase(),
        json!({ "secretPhrase": MNEMONIC, "ss58Address": ADDRESS, "cryptoType": 1 }).to_string(),
        json!({ "secretSeed": SEED, " ss58Address": ADDRESS, "cryptoType": "1" }).to_string(),
        json!({ "secretSeed": &SEED[2..], "secretPhrase": null }).to_string(),
        json!({ "privateKey": EXPANDED, "ss58Address": ADDRESS, "more": [1] }).to_string(),
    ] {
        check_signs_as(&parse(&content).unwrap(), ADDRESS);
    }
    check_signs_as(&parse(ALICE_SEED).unwrap(), ALICE);
}

#[test]
fn what_cannot_sign_is_refused_and_told_the_way_out() {
    let typed = |crypto_type: Value| {
        refusal(&json!({ "secretSeed": SEED, "cryptoType": crypto_type }).to_string())
    };
    for (found, message) in [
        (refusal("$NACL\u{1}\u{2}"), "--no-use-password"),
        (refusal("$ANSIBLE_VAULT;1.1"), "Ansible vault"),
        (refusal("gAAAAABh"), "Fernet"),
        (typed(json!(0)), "cryptoType is `0`; only 1 (sr25519)"),
        (typed(json!("0")), "btcli wallet new-hotkey"),
        (typed(json!(2)), "cryptoType is `2`"),
        (typed(json!("x".repeat(99))), "is `xxxxxxxxxxxxxxxxxxxx`;"),
        (
            refusal(&json!({ "encoded": "x", "encoding": {} }).to_string()),
            "polkadot.js",
        ),
        (
            refusal(&json!({ "ss58Address": ADDRESS, "cryptoType": 1 }).to_string()),
            "pub.txt",
        ),
        (
            refusal(&json!({ "secretSeed": SEED, "ss58Address": ALICE }).to_string()),
            &format!("belongs to `{ADDRESS}`, but it says `{ALICE}`"),
        ),
        (
            refusal(&json!({ "secretPhrase": "a b c" }).to_string()),
            "mnemonic is malformed",
        ),
        (
            refusal(&MNEMONIC.replace("exist", "grace")),
            "mnemonic is malformed",
        ),
        (
            refusal(&json!({ "secretSeed": "0x12" }).to_string()),
            "seed is malformed",
        ),
        (
            refusal(&json!({ "privateKey": SEED }).to_string()),
            "private key is malformed",
        ),
        (refusal(""), "neither the JSON"),
        (refusal("{\"secretSeed\": 5}"), "neither the JSON"),
        (refusal(&SEED[1..]), "neither the JSON"),
        (refusal(&format!("{SEED}0")), "neither the JSON"),
    ] {
        assert!(found.contains(message), "{message}: {found}");
    }
    let not_text = HotkeyPair::from_file_bytes(b"\xff\xfe").unwrap_err();
    assert!(not_text.to_string().contains("neither the JSON"));
}

#[test]
fn secrets_show_nowhere() {
    let pair = parse(MNEMONIC).unwrap();
    assert_eq!(format!("{pair:?}"), format!("HotkeyPair({ADDRESS})"));
    let session = SessionPair::from_seed(&hex(SEED).unwrap());
    assert_eq!(
        format!("{session:?}"),
        format!("SessionPair({})", session.key())
    );
    for secret in ["secret", "champion"] {
        let mistyped = json!({ "secretPhrase": [secret], "secretSeed": secret }).to_string();
        for content in [mistyped, format!("{secret} {MNEMONIC}")] {
            let error = parse(&content).unwrap_err();
            assert!(!format!("{error} {error:?}").contains(secret), "{error:?}");
        }
    }
}

#[cfg(unix)]
struct Folder(tempfile::TempDir);

#[cfg(unix)]
impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, content: &[u8], mode: u32) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;

        let path = self.0.path().join("hotkey");
        let _ = std::fs::remove_file(&path);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        path
    }
}

#[cfg(unix)]
fn file_refusal(path: &Path) -> String {
    let error = HotkeyPair::read(path).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("cannot use the hotkey file `")
    );
    std::error::Error::source(&error).unwrap().to_string()
}

#[test]
#[cfg(unix)]
fn files_that_others_can_read_or_change_are_refused() {
    let folder = Folder::new();
    for mode in [0o600, 0o400, 0o440, 0o640] {
        let path = folder.file(MNEMONIC.as_bytes(), mode);
        check_signs_as(&HotkeyPair::read(&path).unwrap(), ADDRESS);
    }
    for mode in [0o644, 0o604, 0o602, 0o620, 0o666] {
        let told = file_refusal(&folder.file(MNEMONIC.as_bytes(), mode));
        assert!(
            told.contains(&format!("`{mode:03o}`")) && told.contains("chmod 600"),
            "{told}"
        );
    }
}

#[test]
#[cfg(unix)]
fn only_short_regular_files_are_read() {
    let folder = Folder::new();
    let mut long = MNEMONIC.as_bytes().to_vec();
    long.resize(MAX_FILE_LEN, b' ');
    assert!(HotkeyPair::read(&folder.file(&long, 0o600)).is_ok());
    long.push(b' ');
    assert!(file_refusal(&folder.file(&long, 0o600)).contains("8192"));
    assert!(file_refusal(folder.0.path()).contains("not a regular file"));
    assert!(file_refusal(Path::new("/dev/zero")).contains("not a regular file"));
    assert!(file_refusal(&folder.0.path().join("absent")).contains("cannot read it"));
}

/// Files and signatures that other tools made.
fn recorded() -> Option<Value> {
    let Some(data) = std::env::var_os("KINITRO_TEST_DATA") else {
        println!("skipped: KINITRO_TEST_DATA is not set, so there are no recorded wallets");
        return None;
    };
    let text = std::fs::read_to_string(Path::new(&data).join("chain/wallet-vectors.json")).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

#[test]
fn keys_and_signatures_of_other_tools_are_understood() {
    let Some(recorded) = recorded() else { return };
    let mut signatures = 0;
    for vector in recorded["vectors"].as_array().unwrap() {
        let ss58 = vector["ss58"].as_str().unwrap();
        let key = hex(vector["public_key"].as_str().unwrap()).unwrap();
        assert_eq!(address(&key).as_str(), ss58);
        if let Some(mnemonic) = vector["mnemonic"].as_str() {
            check_signs_as(&parse(mnemonic).unwrap(), ss58);
        }
        if let Some(signature) = vector["sample_signature_over_kinitro-test"].as_str() {
            let signature = Signature::from_bytes(*hex(signature).unwrap());
            let hotkey = ss58.parse().unwrap();
            assert!(Sr25519.by_hotkey(&hotkey, b"kinitro-test", &signature));
            signatures += 1;
        }
    }
    assert!(signatures > 0);
}

#[test]
fn a_recorded_wallet_is_read_except_for_its_coldkey() {
    let Some(recorded) = recorded() else { return };
    let files = &recorded["wallet_files"];
    let hotkey = &files["hotkey_json"];
    let expected = hotkey["ss58Address"].as_str().unwrap();
    let secrets = ["secretPhrase", "secretSeed", "privateKey"];
    for kept in secrets {
        let mut one = hotkey.clone();
        for secret in secrets.into_iter().filter(|secret| *secret != kept) {
            one.as_object_mut().unwrap().remove(secret);
        }
        check_signs_as(&parse(&one.to_string()).unwrap(), expected);
    }
    check_signs_as(&parse(&hotkey.to_string()).unwrap(), expected);
    assert!(refusal(&files["hotkeypub_json"].to_string()).contains("pub.txt"));

    let coldkey = files["coldkey_encrypted_hex"].as_str().unwrap().as_bytes();
    let digits = coldkey.as_chunks::<2>().0.iter();
    let coldkey: Vec<u8> = digits
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    let refused = HotkeyPair::from_file_bytes(&coldkey).unwrap_err();
    assert!(matches!(refused, Error::HotkeyEncrypted { .. }));
}

/// The text of the code block after the mark `<!-- example: NAME -->` of the protocol page.
fn documented(name: &str) -> &'static str {
    const PAGE: &str = include_str!("../../../docs/protocol.md");

    let mark = format!("<!-- example: {name} -->\n```");
    let (_, after) = PAGE.split_once(&mark).unwrap();
    let (_, after) = after.split_once('\n').unwrap();
    after.split_once("\n```").unwrap().0
}

#[test]
fn documented_signatures_hold() {
    let lines = documented("signed-headers").lines();
    let pairs = lines.map(|line| line.split_once(": ").unwrap());
    let headers = SignedHeaders::read(pairs.map(|(name, value)| (name, value.as_bytes())));
    let headers = headers.unwrap().unwrap();
    let close = documented("v3-close").as_bytes();
    let message = headers.stamp.signed_bytes(Operation::Close, close);
    assert_eq!(
        message,
        format!("{}\n", documented("signed-bytes")).as_bytes()
    );

    let (alice, time) = (headers.stamp.signed_by.clone(), headers.stamp.timestamp);
    let bob = headers.stamp.signed_for.clone();
    let mut guard = Guard::new(bob.clone(), vec![alice], NonceMemory::new(1));
    let admitted = guard.admit(&headers, Operation::Close, close, time, &Sr25519);
    admitted.unwrap();
    let changed = guard.admit(&headers, Operation::Reset, close, time, &Sr25519);
    assert!(changed.is_err());

    let answer = documented("v3-receipt").as_bytes();
    let episode = "7c1e0b94".parse().unwrap();
    let receipt = read_receipt(Encoding::Json, answer, &episode);
    let receipt = receipt.unwrap().unwrap();
    let hashes: Vec<ObservationHash> = documented("observation-chain")
        .lines()
        .map(|line| line.parse().unwrap())
        .collect();
    let check = |hash| receipt.check(hash, Some(&bob), time, &Sr25519);
    check(&hashes[1]).unwrap();
    assert!(check(&hashes[0]).is_err());
}

#[test]
fn a_session_key_signs_for_its_hotkey() {
    let hotkey = parse(SEED).unwrap();
    let session = SessionPair::from_seed(&[7; 32]);
    let time = |millis| UnixMillis::new(millis).unwrap();
    let delegation = Delegation::sign(&hotkey, session.key(), time(10));
    let episode: EpisodeId = "e".parse().unwrap();
    let hash = ObservationHash::of(&[b"seen"]);
    let message = Receipt::signed_bytes(hotkey.hotkey(), &episode, &hash);
    let receipt = Receipt {
        episode_id: episode,
        delegation,
        signature: session.sign(&message),
    };
    let check = |at| receipt.check(&hash, Some(hotkey.hotkey()), time(at), &Sr25519);
    check(10).unwrap();
    assert!(check(11).is_err());
}
