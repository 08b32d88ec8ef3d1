//! Names and numbers that identify things: environments, miners, blocks, episodes, policies.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, quote};

/// An environment: `family/name`, for example `metaworld/reach-v3`, `dm_control/walker-walk` or `maniskill/PickCube-v1`.
///
/// Grammar: family `[a-z][a-z0-9_]*`, one slash, name of letters, digits and single hyphens between them; at most [`EnvId::MAX_LEN`] bytes.
/// A version suffix `-vN` belongs to the name and is optional, since not every family has versions.
///
/// The alias `metaworld/peg-insert-v3` is resolved while parsing, so two spellings of one environment compare equal.
/// Whether the environment exists is not known here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EnvId(String);

/// Other spellings of environments, and what they stand for.
///
/// The benchmark's own name is `peg-insert-side`; the short one is in use in older guides.
const ENV_ALIASES: &[(&str, &str)] = &[("metaworld/peg-insert-v3", "metaworld/peg-insert-side-v3")];

impl EnvId {
    /// Longest id, in bytes.
    pub const MAX_LEN: usize = 64;

    /// The family: environments that share robot and simulator.
    pub fn family(&self) -> &str {
        self.split().0
    }

    /// The name within the family, version included.
    pub fn name(&self) -> &str {
        self.split().1
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn split(&self) -> (&str, &str) {
        self.0
            .split_once('/')
            .expect("the grammar demands one slash")
    }
}

impl FromStr for EnvId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if let Some(reason) = env_id_fault(text) {
            return Err(Error::Grammar {
                what: "environment id",
                text: quote(text),
                reason,
            });
        }
        let canonical = ENV_ALIASES
            .iter()
            .find(|(alias, _)| *alias == text)
            .map_or(text, |(_, id)| id);
        Ok(Self(canonical.to_owned()))
    }
}

/// The first rule that a text breaks, if it is no environment id.
fn env_id_fault(text: &str) -> Option<&'static str> {
    if text.len() > EnvId::MAX_LEN {
        return Some("longer than 64 bytes");
    }
    let Some((family, name)) = text.split_once('/') else {
        return Some("expected `family/name`, for example `metaworld/reach-v3`");
    };
    if !family.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Some("the family must begin with a lower-case letter");
    }
    if !family
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    {
        return Some("the family may hold lower-case letters, digits and `_` only");
    }
    if name.is_empty() {
        return Some("the name after the slash is empty");
    }
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Some("the name may hold letters, digits and `-` only");
    }
    if name.split('-').any(str::is_empty) {
        return Some("hyphens must stand singly between letters or digits");
    }
    None
}

/// A miner's public identity: the SS58 text of its hotkey.
///
/// Accepted: 1 to [`Hotkey::MAX_LEN`] characters of the base58 alphabet (no `0`, `O`, `I`, `l`).
/// The checksum is the chain client's business, so that local tests may use short made-up names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hotkey(String);

impl Hotkey {
    /// Longest hotkey, in characters; an SS58 address of 32 bytes has 46 to 49.
    pub const MAX_LEN: usize = 64;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Hotkey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let is_base58 =
            |b: u8| b.is_ascii_alphanumeric() && !matches!(b, b'0' | b'O' | b'I' | b'l');
        let reason = if text.is_empty() || text.len() > Self::MAX_LEN {
            "expected 1 to 64 characters"
        } else if !text.bytes().all(is_base58) {
            "a character is not in the base58 alphabet"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(Error::Grammar {
            what: "hotkey",
            text: quote(text),
            reason,
        })
    }
}

/// What a user calls a policy.
///
/// 1 to [`PolicyName::MAX_LEN`] of the characters `A-Z a-z 0-9 . _ -`, the first one a letter, a digit or `_`.
/// So it is a safe file name: no separator, no hidden file, nothing that reads as an option.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PolicyName(String);

impl PolicyName {
    /// Longest name, in characters.
    pub const MAX_LEN: usize = 64;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PolicyName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let reason = if text.is_empty() || text.len() > Self::MAX_LEN {
            "expected 1 to 64 characters"
        } else if !text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        {
            "only letters, digits, `.`, `_` and `-` are allowed"
        } else if text.starts_with(['.', '-']) {
            "must begin with a letter, a digit or `_`"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(Error::Grammar {
            what: "policy name",
            text: quote(text),
            reason,
        })
    }
}

/// Position of a miner in the subnet's metagraph; reused by the chain after deregistration, so never a primary key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MinerUid(pub u16);

/// Height of a block of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BlockNumber(pub u64);

/// Number of an episode within its cycle and environment, from 0; equal numbers are equal scenes for every policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EpisodeIndex(pub u64);

impl fmt::Display for EnvId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for Hotkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for MinerUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Display for BlockNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Display for EpisodeIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl TryFrom<String> for EnvId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<EnvId> for String {
    fn from(id: EnvId) -> Self {
        id.0
    }
}

impl TryFrom<String> for Hotkey {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Hotkey> for String {
    fn from(hotkey: Hotkey) -> Self {
        hotkey.0
    }
}

impl TryFrom<String> for PolicyName {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<PolicyName> for String {
    fn from(name: PolicyName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_of_all_families_parse_and_print() {
        for (id, family, name) in [
            ("metaworld/reach-v3", "metaworld", "reach-v3"),
            ("dm_control/walker-walk", "dm_control", "walker-walk"),
            ("maniskill/PickCube-v1", "maniskill", "PickCube-v1"),
            ("genesis/g1-v0", "genesis", "g1-v0"),
        ] {
            let parsed: EnvId = id.parse().unwrap();
            assert_eq!(
                (parsed.family(), parsed.name(), parsed.to_string().as_str()),
                (family, name, id)
            );
        }
    }

    #[test]
    fn the_alias_is_resolved_while_parsing() {
        let alias: EnvId = "metaworld/peg-insert-v3".parse().unwrap();
        assert_eq!(alias.as_str(), "metaworld/peg-insert-side-v3");
        let from_json: EnvId = serde_json::from_str("\"metaworld/peg-insert-v3\"").unwrap();
        assert_eq!(from_json, alias);
    }

    #[test]
    fn malformed_ids_say_what_is_wrong() {
        for (id, reason) in [
            ("reach-v3", "expected `family/name`"),
            ("", "expected `family/name`"),
            ("Metaworld/reach-v3", "begin with a lower-case letter"),
            ("/reach-v3", "begin with a lower-case letter"),
            ("meta-world/reach-v3", "lower-case letters, digits and `_`"),
            ("metaworld/", "empty"),
            ("metaworld/a/b", "letters, digits and `-`"),
            ("metaworld/reach_v3", "letters, digits and `-`"),
            ("metaworld/../etc", "letters, digits and `-`"),
            ("metaworld/-reach", "hyphens"),
            ("metaworld/reach--v3", "hyphens"),
            ("metaworld/reäch", "letters, digits and `-`"),
        ] {
            let message = id.parse::<EnvId>().unwrap_err().to_string();
            assert!(message.contains(reason), "{id}: {message}");
        }
        let long = format!("metaworld/{}", "a".repeat(EnvId::MAX_LEN));
        assert!(
            long.parse::<EnvId>()
                .unwrap_err()
                .to_string()
                .contains("64 bytes")
        );
    }

    #[test]
    fn hotkeys_are_base58() {
        assert!(
            "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
                .parse::<Hotkey>()
                .is_ok()
        );
        for bad in ["", "5Grw0", "5GrwO", "a b", "ä", &"a".repeat(65)] {
            assert!(bad.parse::<Hotkey>().is_err(), "{bad}");
        }
    }

    #[test]
    fn policy_names_are_safe_file_names() {
        for good in ["a", "expert", "noise-0.1", "_x", &"a".repeat(64)] {
            assert!(good.parse::<PolicyName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            ".hidden",
            "-rf",
            "a/b",
            "a\\b",
            "a b",
            "a\0",
            &"a".repeat(65),
        ] {
            assert!(bad.parse::<PolicyName>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn well_formed_ids_print_as_they_were_written(
            family in "[a-z][a-z0-9_]{0,20}",
            name in "[A-Za-z0-9]{1,8}(-[A-Za-z0-9]{1,8}){0,3}",
        ) {
            let text = format!("{family}/{name}");
            let id: EnvId = text.parse().unwrap();
            prop_assert_eq!((id.family(), id.name()), (&*family, &*name));
            prop_assert_eq!(&id.to_string(), &text);
            prop_assert_eq!(serde_json::from_str::<EnvId>(&serde_json::to_string(&id).unwrap()).unwrap(), id);
        }

        #[test]
        fn whatever_parses_prints_something_that_parses_to_the_same(text in "[a-z_]{0,6}/?[A-Za-z0-9-]{0,6}|.*") {
            if let Ok(id) = text.parse::<EnvId>() {
                prop_assert_eq!(id.to_string().parse::<EnvId>().unwrap(), id);
            }
            if let Ok(name) = text.parse::<PolicyName>() {
                prop_assert_eq!(name.as_str(), text);
            }
        }
    }
}
