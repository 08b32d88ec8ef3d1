//! The error type of the crate.

use std::path::PathBuf;

/// Why a commitment was rejected or cannot be written, or a key cannot be used.
///
/// A value taken from the chain is shown escaped, so that a message is always one line of printable ASCII.
/// What stands in a hotkey file is never shown, addresses excepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing but white space is published.
    #[error("the commitment is empty")]
    Empty,
    /// The chain stores at most 128 bytes in a plain field.
    #[error("the commitment has `{len}` bytes, more than the `{max}` allowed")]
    TooLong {
        /// Bytes found.
        len: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// Every format is printable ASCII.
    #[error("byte `{byte:#04x}` at offset `{offset}` is not printable ASCII")]
    NotPrintable {
        /// The byte.
        byte: u8,
        /// Its place in the commitment.
        offset: usize,
    },
    /// The text is in none of the known formats.
    #[error("the commitment is neither a JSON object nor colon-separated nor compact")]
    UnknownFormat,
    /// The text names where the policy runs, and not which policy it is.
    #[error("the commitment has an endpoint, but neither repository nor revision")]
    EndpointOnly,

    /// The text is JSON, but not an object.
    #[error("the commitment is JSON, but not an object")]
    NotAnObject,
    /// The text begins as a JSON object and breaks the grammar.
    #[error("the commitment is malformed JSON")]
    MalformedJson {
        /// What the JSON parser says.
        source: serde_json::Error,
    },
    /// A key that no format has.
    #[error("unknown key `{key}`")]
    UnknownKey {
        /// The key, escaped.
        key: String,
    },
    /// A key, or its short and its long spelling, given twice.
    #[error("key `{key}` is given twice")]
    DuplicateKey {
        /// The second spelling.
        key: String,
    },
    /// A key that the format requires.
    #[error("key `{key}` is missing")]
    MissingKey {
        /// The short spelling.
        key: &'static str,
    },
    /// All values are strings.
    #[error("the value of key `{key}` is not a string")]
    NotAString {
        /// The key.
        key: String,
    },
    /// A public and a sealed endpoint at once.
    #[error("the commitment has a public and a sealed endpoint")]
    TwoEndpoints,
    /// Keys of an operator's record beside those of a miner's.
    #[error("the commitment mixes an operator key record with a miner's commitment")]
    MixedRecords,
    /// A record that announces a type other than an operator key.
    #[error("unknown record type `{value}`")]
    UnknownRecordType {
        /// The type, escaped.
        value: String,
    },

    /// The colon form begins with repository, revision and endpoint.
    #[error("a colon-separated commitment has fewer than three fields")]
    TooFewFields,
    /// The fourth field of the oldest colon form names a container image.
    #[error("`{value}` is not a container image reference")]
    InvalidImage {
        /// The field, escaped.
        value: String,
    },

    /// A repository is `owner/name`.
    #[error("`{value}` is not a repository (`owner/name`, each 1 to 96 of `A-Z a-z 0-9 . _ -`)")]
    InvalidRepo {
        /// The field, escaped.
        value: String,
    },
    /// A revision is a Git commit hash.
    #[error("`{value}` is not a revision (7 to 40 hexadecimal digits)")]
    InvalidRevision {
        /// The field, escaped.
        value: String,
    },
    /// A public endpoint is a UUID or a DNS label, never a host name or an URL.
    #[error("`{value}` is not an endpoint (a UUID or one DNS label)")]
    InvalidEndpoint {
        /// The field, escaped.
        value: String,
    },
    /// A deployment is a UUID.
    #[error("`{value}` is not a deployment UUID")]
    InvalidDeployment {
        /// The field, escaped.
        value: String,
    },
    /// A sealed endpoint has a fixed length.
    #[error("a sealed endpoint has `{len}` base85 characters instead of `{expected}`")]
    SealedLength {
        /// Characters found.
        len: usize,
        /// Characters required.
        expected: usize,
    },
    /// An operator key is 32 bytes in hexadecimal.
    #[error("`{value}` is not an operator key (64 hexadecimal digits)")]
    InvalidOperatorKey {
        /// The field, escaped.
        value: String,
    },

    /// A character outside the base85 alphabet.
    #[error("byte `{byte:#04x}` at offset `{offset}` is not a base85 digit")]
    Base85Character {
        /// The byte.
        byte: u8,
        /// Its place in the base85 text.
        offset: usize,
    },
    /// Base85 digits that no encoder writes: a group of one digit, a group over 32 bits, or stray low digits.
    #[error("the base85 text is not canonical")]
    Base85NotCanonical,
    /// The compact form ends before its repository begins.
    #[error("the compact form has `{len}` bytes, fewer than its fixed part")]
    CompactLength {
        /// Bytes decoded.
        len: usize,
    },
    /// A compact form of another version.
    #[error("unknown version `{version}` of the compact form")]
    CompactVersion {
        /// The first byte.
        version: u8,
    },

    /// No form of this commitment fits into the 128 bytes of a plain field.
    #[error(
        "the commitment needs `{len}` bytes in its shortest form, more than the `{max}` allowed"
    )]
    DoesNotFit {
        /// Bytes of the shortest form.
        len: usize,
        /// Bytes allowed.
        max: usize,
    },

    /// A text is no address of this chain.
    #[error("`{value}` is not an SS58 address of the Bittensor network: {reason}")]
    InvalidAddress {
        /// The text.
        value: String,
        /// The rule it breaks.
        reason: &'static str,
    },
    /// A hotkey file cannot be used.
    #[error("cannot use the hotkey file `{path}`", path = path.display())]
    HotkeyFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: Box<Error>,
    },
    /// A hotkey file cannot be read.
    #[error("cannot read it")]
    HotkeyIo {
        /// The system's reason.
        #[from]
        source: std::io::Error,
    },
    /// A folder, a device or a pipe.
    #[error("it is not a regular file")]
    HotkeyNotAFile,
    /// A hotkey file is a few hundred bytes long.
    #[error("it is longer than the `{max}` bytes of a hotkey file")]
    HotkeyTooLong {
        /// Bytes allowed.
        max: usize,
    },
    /// Others can read the secret, or exchange it.
    #[error(
        "its permissions `{mode:03o}` let others read it or the group write to it; run `chmod 600` on it"
    )]
    HotkeyPermissions {
        /// The permission bits.
        mode: u32,
    },
    /// An encrypted file cannot be opened by a program that nobody sits in front of.
    #[error(
        "it is encrypted ({format}); write it again without a password, with `btcli wallet regen-hotkey --no-use-password`, \
         and check that it is not a coldkey, which is never needed here"
    )]
    HotkeyEncrypted {
        /// The kind of encryption.
        format: &'static str,
    },
    /// An account exported by polkadot.js.
    #[error(
        "it is an account export of polkadot.js (`encoded`); create a hotkey file from its mnemonic with `btcli wallet regen-hotkey`"
    )]
    HotkeyExport,
    /// A key of another kind than sr25519.
    #[error(
        "its cryptoType is `{found}`; only 1 (sr25519) can sign here, so create a new hotkey with `btcli wallet new-hotkey`"
    )]
    HotkeyType {
        /// The type, shortened.
        found: String,
    },
    /// None of the known forms.
    #[error(
        "it is neither the JSON of a hotkey, nor a mnemonic, nor a seed of 64 hexadecimal digits"
    )]
    HotkeyUnknownForm,
    /// The public half of a hotkey.
    #[error(
        "it holds no secret (`secretPhrase`, `secretSeed` or `privateKey`); name the file `hotkeys/NAME`, not `hotkeys/NAMEpub.txt`"
    )]
    HotkeyPublic,
    /// A secret that gives no key.
    #[error("its {what} is malformed")]
    HotkeySecret {
        /// Which secret.
        what: &'static str,
    },
    /// The secret is another key's than the file says.
    #[error("its secret belongs to `{derived}`, but it says `{stated}`")]
    HotkeyMismatch {
        /// The address that the file states, escaped and shortened.
        stated: String,
        /// The address of the secret.
        derived: String,
    },
}

/// Text from the chain as an error may show it.
pub(crate) fn escaped(text: &str) -> String {
    text.escape_default().to_string()
}
