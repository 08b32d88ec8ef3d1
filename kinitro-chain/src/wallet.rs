//! Hotkey files, and signatures by hotkeys and session keys.
//!
//! Read are the files that the usual wallet tools write to `~/.bittensor/wallets/<wallet>/hotkeys/<name>`: JSON with the secret as
//! mnemonic, seed or expanded key, the first of them that is there being used; and a bare mnemonic or seed, as people write by hand.
//! Signatures are sr25519 in the context `substrate`, as everywhere on the chain.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use kinitro_core::ids::Hotkey;
use kinitro_core::signature::{SessionKey, Sign, Signature, Verify};
use schnorrkel::{MiniSecretKey, SecretKey, signing_context};
use serde::Deserialize;
use serde::de::IgnoredAny;
use subxt_signer::bip39::Mnemonic;
use subxt_signer::sr25519;
use zeroize::Zeroizing;

use crate::address::{address, public_key};
use crate::error::{Error, escaped};

/// Longest hotkey file, in bytes; the wallet tools write some 600.
pub const MAX_FILE_LEN: usize = 8 * 1024;

/// A hotkey with its secret. The secret never shows and is wiped from memory in the end.
#[derive(Clone)]
pub struct HotkeyPair {
    hotkey: Hotkey,
    secret: Secret,
}

#[derive(Clone)]
enum Secret {
    /// From a mnemonic or a seed.
    Seeded(sr25519::Keypair),
    /// From an expanded key, of which no seed is known.
    Expanded(schnorrkel::Keypair),
}

impl HotkeyPair {
    /// Reads a hotkey file.
    ///
    /// On Unix a file that others can read, or that the group can write to, is refused; the group may read it, since mounted secrets are
    /// commonly made so.
    ///
    /// # Errors
    /// [`Error::HotkeyFile`] with the reason: permissions, an encrypted file, a key that is not sr25519, a secret that does not belong to
    /// the address beside it, or something that is no hotkey file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        read_file(path)
            .and_then(|bytes| Self::from_file_bytes(&bytes))
            .map_err(|source| Error::HotkeyFile {
                path: path.to_owned(),
                source: Box::new(source),
            })
    }

    /// The key of a seed: 32 secret bytes, the *mini secret* of sr25519.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self::new(Secret::Seeded(keypair(seed)))
    }

    /// The key of a hotkey file's content.
    ///
    /// # Errors
    /// As [`HotkeyPair::read`], without what concerns the file itself.
    pub fn from_file_bytes(bytes: &[u8]) -> Result<Self, Error> {
        for (prefix, format) in [
            ("$NACL", "by a wallet password"),
            ("$ANSIBLE_VAULT", "an Ansible vault"),
            ("gAAAAA", "Fernet"),
        ] {
            if bytes.starts_with(prefix.as_bytes()) {
                return Err(Error::HotkeyEncrypted { format });
            }
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Error::HotkeyUnknownForm)?;
        let text = text.trim();
        if text.starts_with('{') {
            // What the parser says could quote a secret, so it is dropped.
            let file: HotkeyJson<'_> =
                serde_json::from_str(text).map_err(|_| Error::HotkeyUnknownForm)?;
            return file.pair();
        }
        if let Some(seed) = hex(text) {
            return Ok(Self::from_seed(&seed));
        }
        if text.split_whitespace().count() < MIN_WORDS {
            return Err(Error::HotkeyUnknownForm);
        }
        Self::from_mnemonic(text)
    }

    fn from_mnemonic(words: &str) -> Result<Self, Error> {
        let malformed = || Error::HotkeySecret { what: "mnemonic" };
        let mnemonic: Mnemonic = words.parse().map_err(|_| malformed())?;
        let pair = sr25519::Keypair::from_phrase(&mnemonic, None).map_err(|_| malformed())?;
        Ok(Self::new(Secret::Seeded(pair)))
    }

    fn from_expanded(bytes: &[u8; 64]) -> Result<Self, Error> {
        let malformed = |_| Error::HotkeySecret {
            what: "private key",
        };
        let secret = SecretKey::from_bytes(bytes).map_err(malformed)?;
        Ok(Self::new(Secret::Expanded(secret.to_keypair())))
    }

    fn new(secret: Secret) -> Self {
        let public_key = match &secret {
            Secret::Seeded(pair) => pair.public_key().0,
            Secret::Expanded(pair) => pair.public.to_bytes(),
        };
        Self {
            hotkey: address(&public_key),
            secret,
        }
    }
}

impl Sign for HotkeyPair {
    fn hotkey(&self) -> &Hotkey {
        &self.hotkey
    }

    fn sign(&self, message: &[u8]) -> Signature {
        Signature::from_bytes(match &self.secret {
            Secret::Seeded(pair) => pair.sign(message).0,
            Secret::Expanded(pair) => pair
                .sign(signing_context(CONTEXT).bytes(message))
                .to_bytes(),
        })
    }
}

impl fmt::Debug for HotkeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HotkeyPair({})", self.hotkey)
    }
}

/// A session key with its secret, which never shows.
#[derive(Clone)]
pub struct SessionPair(sr25519::Keypair);

impl SessionPair {
    /// The key of 32 secret bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(keypair(seed))
    }

    /// A new key, which nobody has had before.
    pub fn generate() -> Self {
        let seed = MiniSecretKey::generate();
        Self(keypair(seed.as_bytes()))
    }

    /// The public half.
    pub fn key(&self) -> SessionKey {
        SessionKey::from_bytes(self.0.public_key().0)
    }

    /// Signs these bytes; two signatures over the same bytes differ.
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature::from_bytes(self.0.sign(message).0)
    }
}

impl fmt::Debug for SessionPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionPair({})", self.key())
    }
}

/// Checks the signatures that hotkeys and session keys make.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sr25519;

impl Sr25519 {
    fn holds(public_key: [u8; 32], message: &[u8], signature: &Signature) -> bool {
        sr25519::verify(
            &sr25519::Signature(*signature.as_bytes()),
            message,
            &sr25519::PublicKey(public_key),
        )
    }
}

impl Verify for Sr25519 {
    fn by_hotkey(&self, hotkey: &Hotkey, message: &[u8], signature: &Signature) -> bool {
        public_key(hotkey).is_ok_and(|key| Self::holds(key, message, signature))
    }

    fn by_session_key(&self, key: &SessionKey, message: &[u8], signature: &Signature) -> bool {
        Self::holds(*key.as_bytes(), message, signature)
    }
}

/// The signing context of every sr25519 signature on Substrate chains.
const CONTEXT: &[u8] = b"substrate";
/// Words of the shortest mnemonic.
const MIN_WORDS: usize = 12;
/// The kind of key that is meant where a file does not say.
const SR25519: &str = "1";

/// A hotkey file. Texts are borrowed, so that no copy of a secret stays behind in memory.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HotkeyJson<'f> {
    secret_phrase: Option<&'f str>,
    secret_seed: Option<&'f str>,
    private_key: Option<&'f str>,
    // One tool wrote the key with a space before it.
    #[serde(alias = " ss58Address")]
    ss58_address: Option<&'f str>,
    crypto_type: Option<serde_json::Value>,
    /// What accounts exported by polkadot.js hold instead of a secret.
    encoded: Option<IgnoredAny>,
}

impl HotkeyJson<'_> {
    fn pair(&self) -> Result<HotkeyPair, Error> {
        if self.encoded.is_some() {
            return Err(Error::HotkeyExport);
        }
        let crypto_type = match &self.crypto_type {
            None => SR25519.to_owned(),
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        if crypto_type != SR25519 {
            let found = escaped(&crypto_type).chars().take(20).collect();
            return Err(Error::HotkeyType { found });
        }
        let pair = if let Some(words) = self.secret_phrase {
            HotkeyPair::from_mnemonic(words)?
        } else if let Some(seed) = self.secret_seed {
            let seed = hex(seed).ok_or(Error::HotkeySecret { what: "seed" })?;
            HotkeyPair::from_seed(&seed)
        } else if let Some(expanded) = self.private_key {
            let expanded = hex(expanded).ok_or(Error::HotkeySecret {
                what: "private key",
            })?;
            HotkeyPair::from_expanded(&expanded)?
        } else {
            return Err(Error::HotkeyPublic);
        };
        match self.ss58_address {
            Some(stated) if stated != pair.hotkey.as_str() => Err(Error::HotkeyMismatch {
                stated: escaped(stated).chars().take(Hotkey::MAX_LEN).collect(),
                derived: pair.hotkey.to_string(),
            }),
            _ => Ok(pair),
        }
    }
}

fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    // Asked before opening, since opening a pipe waits for somebody to write.
    if !std::fs::metadata(path)?.is_file() {
        return Err(Error::HotkeyNotAFile);
    }
    let file = File::open(path)?;
    check_permissions(&file)?;
    // All at once, so that no buffer is given up half-filled with a secret.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE_LEN + 1));
    file.take(MAX_FILE_LEN as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_FILE_LEN {
        return Err(Error::HotkeyTooLong { max: MAX_FILE_LEN });
    }
    Ok(bytes)
}

#[cfg(unix)]
fn check_permissions(file: &File) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt as _;

    /// Writing by the group; anything by others.
    const FORBIDDEN: u32 = 0o027;

    let mode = file.metadata()?.permissions().mode() & 0o777;
    if mode & FORBIDDEN == 0 {
        return Ok(());
    }
    Err(Error::HotkeyPermissions { mode })
}

#[cfg(not(unix))]
fn check_permissions(_: &File) -> Result<(), Error> {
    Ok(())
}

fn keypair(seed: &[u8; 32]) -> sr25519::Keypair {
    sr25519::Keypair::from_secret_key(*seed).expect("any 32 bytes are a seed")
}

/// Exactly `N` bytes in hexadecimal, with or without `0x`.
fn hex<const N: usize>(text: &str) -> Option<Zeroizing<[u8; N]>> {
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let value = |digit: u8| char::from(digit).to_digit(16);
    let mut bytes = Zeroizing::new([0; N]);
    for (byte, [high, low]) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
        *byte = u8::try_from(value(*high)? << 4 | value(*low)?).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
