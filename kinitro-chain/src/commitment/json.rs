//! The JSON forms: an operator's key and a miner's commitment, with short and long keys.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::fields::hex_bytes;
use super::{Commitment, Endpoint, Record};
use crate::error::{Error, escaped};

/// Reads a text whose first character is `{`.
pub(super) fn parse(text: &str) -> Result<Record, Error> {
    let Entries(entries) =
        serde_json::from_str(text).map_err(|source| Error::MalformedJson { source })?;
    let mut fields = Fields::default();
    for (key, value) in entries {
        let slot = match key.as_str() {
            "t" | "type" => &mut fields.record_type,
            "k" | "key" => &mut fields.operator_key,
            "m" | "model" => &mut fields.repo,
            "r" | "revision" => &mut fields.revision,
            "d" | "deployment_id" => &mut fields.public_endpoint,
            "e" => &mut fields.sealed_endpoint,
            _ => return Err(Error::UnknownKey { key: escaped(&key) }),
        };
        let Value::String(value) = value else {
            return Err(Error::NotAString { key });
        };
        if slot.replace(value).is_some() {
            return Err(Error::DuplicateKey { key });
        }
    }
    if fields.record_type.is_some() || fields.operator_key.is_some() {
        fields.operator_record()
    } else {
        fields.commitment().map(Record::Miner)
    }
}

/// The values by meaning, whichever spelling their keys had.
#[derive(Default)]
struct Fields {
    record_type: Option<String>,
    operator_key: Option<String>,
    repo: Option<String>,
    revision: Option<String>,
    public_endpoint: Option<String>,
    sealed_endpoint: Option<String>,
}

impl Fields {
    fn operator_record(self) -> Result<Record, Error> {
        if [
            self.repo,
            self.revision,
            self.public_endpoint,
            self.sealed_endpoint,
        ]
        .iter()
        .any(Option::is_some)
        {
            return Err(Error::MixedRecords);
        }
        let record_type = required(self.record_type, "t")?;
        // The second is the older spelling. Source: threetau/kinitro, kinitro/cli/crypto_commands.py.
        if !["pk", "backend_pubkey"].contains(&record_type.as_str()) {
            return Err(Error::UnknownRecordType {
                value: escaped(&record_type),
            });
        }
        let key = required(self.operator_key, "k")?;
        hex_bytes(&key)
            .map(Record::OperatorKey)
            .ok_or_else(|| Error::InvalidOperatorKey {
                value: escaped(&key),
            })
    }

    fn commitment(self) -> Result<Commitment, Error> {
        Ok(Commitment {
            repo: required(self.repo, "m")?.parse()?,
            revision: required(self.revision, "r")?.parse()?,
            endpoint: match (self.public_endpoint, self.sealed_endpoint) {
                (Some(_), Some(_)) => return Err(Error::TwoEndpoints),
                (public, None) => required(public, "d")?.parse()?,
                (None, Some(sealed)) => Endpoint::Sealed(sealed.parse()?),
            },
        })
    }
}

fn required(field: Option<String>, key: &'static str) -> Result<String, Error> {
    field.ok_or(Error::MissingKey { key })
}

/// The entries of an object in their order, repeated keys included, which a map would hide.
struct Entries(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;

        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(ObjectVisitor)
    }
}
