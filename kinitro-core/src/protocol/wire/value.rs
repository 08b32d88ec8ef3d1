//! The bounded tree that every answer is read into, from JSON and msgpack alike, before anything is taken from it.
//!
//! Size, depth and number of values are checked while reading, before memory is taken: what a length prefix claims is never believed.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::error::{Error, QUOTE_LIMIT, quote};

use super::Encoding;
use super::limits::{MAX_ANSWER_LEN, MAX_DEPTH, MAX_VALUES};
use super::rule::AnswerRule;

/// One value of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// Finite.
    Number(f64),
    Text(String),
    /// msgpack's bytes: nothing in an answer is, so their content is dropped.
    Binary,
    List(Vec<Value>),
    Map(BTreeMap<String, Value>),
}

/// A value and where in which answer it stands, so that a refusal can say it.
#[derive(Debug, Clone)]
pub(super) struct Place<'a> {
    answer: &'static str,
    path: String,
    value: &'a Value,
}

impl Value {
    /// Reads a whole answer; `answer` names it in errors.
    pub(super) fn read(
        answer: &'static str,
        encoding: Encoding,
        body: &[u8],
    ) -> Result<Self, Error> {
        let refuse = |rule, at, found| Error::Answer {
            answer,
            rule,
            at,
            found,
        };
        if body.len() > MAX_ANSWER_LEN {
            let found = format!("{} bytes", body.len());
            return Err(refuse(AnswerRule::TooLong, "body".to_owned(), found));
        }
        let budget = Budget::default();
        let result = match encoding {
            Encoding::Json => read_json(&budget, body),
            Encoding::Msgpack => read_msgpack(&budget, body),
        };
        result.map_err(|at| match budget.fault.into_inner() {
            Some((rule, found)) => refuse(rule, at, found),
            None => refuse(AnswerRule::Malformed, at, quote_bytes(body)),
        })
    }

    /// What it is, in few words; texts quoted and shortened.
    fn describe(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            // With an exponent where that is shorter.
            Self::Number(value) => format!("{value:?}"),
            Self::Text(text) => quote(text),
            Self::Binary => "binary data".to_owned(),
            Self::List(items) => format!("a list of {}", items.len()),
            Self::Map(members) => format!("a map of {}", members.len()),
        }
    }
}

/// The beginning of a body as text, shortened and escaped.
pub(super) fn quote_bytes(body: &[u8]) -> String {
    // Four bytes per character at most, and one character more to see that it goes on.
    let beginning = &body[..body.len().min(4 * (QUOTE_LIMIT + 1))];
    quote(&String::from_utf8_lossy(beginning))
}

fn read_json(budget: &Budget, body: &[u8]) -> Result<Value, String> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let node = Node { budget, depth: 0 };
    node.deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| {
            let (line, column) = (error.line(), error.column());
            if let Some(name) = not_finite_at(body, line, column) {
                *budget.fault.borrow_mut() = Some((AnswerRule::NotFinite, name.to_owned()));
            }
            format!("line {line} column {column}")
        })
}

/// The name of a number that JSON does not have, where reading stopped at one; both count from 1.
///
/// Python's writer says such numbers so, hence a policy that has computed one is told what is wrong with it.
fn not_finite_at(body: &[u8], line: usize, column: usize) -> Option<&'static str> {
    let line = body
        .split(|byte| *byte == b'\n')
        .nth(line.checked_sub(1)?)?;
    let rest = line.get(column.checked_sub(1)?..)?;
    ["NaN", "Infinity"]
        .into_iter()
        .find(|name| rest.starts_with(name.as_bytes()))
}

fn read_msgpack(budget: &Budget, body: &[u8]) -> Result<Value, String> {
    let mut rest = body;
    let node = Node { budget, depth: 0 };
    let value = node.deserialize(&mut rmp_serde::Deserializer::new(&mut rest));
    match value {
        Ok(value) if rest.is_empty() => Ok(value),
        _ => Err(format!("byte {}", body.len() - rest.len())),
    }
}

impl<'a> Place<'a> {
    pub(super) fn root(answer: &'static str, value: &'a Value) -> Self {
        Self {
            answer,
            path: String::new(),
            value,
        }
    }

    /// The error that this value breaks a rule.
    pub(super) fn refuse(&self, rule: AnswerRule) -> Error {
        self.refuse_with(rule, self.value.describe())
    }

    fn refuse_with(&self, rule: AnswerRule, found: String) -> Error {
        let at = if self.path.is_empty() {
            "body".to_owned()
        } else {
            self.path.clone()
        };
        Error::Answer {
            answer: self.answer,
            rule,
            at,
            found,
        }
    }

    fn inner(&self, step: &str, value: &'a Value) -> Self {
        let dot = if self.path.is_empty() || step.starts_with('[') {
            ""
        } else {
            "."
        };
        Self {
            answer: self.answer,
            path: format!("{}{dot}{step}", self.path),
            value,
        }
    }

    pub(super) fn map(&self) -> Result<&'a BTreeMap<String, Value>, Error> {
        match self.value {
            Value::Map(members) => Ok(members),
            _ => Err(self.refuse(AnswerRule::Type)),
        }
    }

    /// A member of a map; null counts as absent.
    pub(super) fn member(&self, name: &str) -> Result<Option<Self>, Error> {
        let member = self.map()?.get(name);
        Ok(member
            .filter(|value| **value != Value::Null)
            .map(|value| self.inner(name, value)))
    }

    /// A member that must be there.
    pub(super) fn required(&self, name: &str) -> Result<Self, Error> {
        self.member(name)?
            .ok_or_else(|| self.inner(name, &Value::Null).refuse(AnswerRule::Missing))
    }

    /// Refuses a map that has a member of another name.
    pub(super) fn only(&self, names: &[&str]) -> Result<(), Error> {
        match self
            .map()?
            .keys()
            .find(|key| !names.contains(&key.as_str()))
        {
            None => Ok(()),
            Some(key) => Err(self.refuse_with(AnswerRule::UnknownChannel, quote(key))),
        }
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self.value, Value::List(_))
    }

    /// The elements of a list that has at most `limit`.
    pub(super) fn list(
        &self,
        limit: usize,
    ) -> Result<impl ExactSizeIterator<Item = Self> + use<'a, '_>, Error> {
        match self.value {
            Value::List(items) if items.len() <= limit => Ok(items
                .iter()
                .enumerate()
                .map(|(index, item)| self.inner(&format!("[{index}]"), item))),
            Value::List(_) => Err(self.refuse(AnswerRule::Length)),
            _ => Err(self.refuse(AnswerRule::Type)),
        }
    }

    /// The numbers of a list that has exactly `N`.
    pub(super) fn numbers<const N: usize>(&self) -> Result<[f64; N], Error> {
        let mut numbers = [0.0; N];
        let items = self.list(usize::MAX)?;
        if items.len() != N {
            return Err(self.refuse(AnswerRule::Length));
        }
        for (number, item) in numbers.iter_mut().zip(items) {
            *number = item.number()?;
        }
        Ok(numbers)
    }

    pub(super) fn number(&self) -> Result<f64, Error> {
        match self.value {
            Value::Number(number) => Ok(*number),
            _ => Err(self.refuse(AnswerRule::Type)),
        }
    }

    pub(super) fn boolean(&self) -> Result<bool, Error> {
        match self.value {
            Value::Bool(value) => Ok(*value),
            _ => Err(self.refuse(AnswerRule::Type)),
        }
    }

    pub(super) fn text(&self) -> Result<&'a str, Error> {
        match self.value {
            Value::Text(text) => Ok(text),
            _ => Err(self.refuse(AnswerRule::Type)),
        }
    }
}

/// What is left to read, and the first rule that was broken: the readers' own errors carry neither.
#[derive(Default)]
struct Budget {
    values: Cell<usize>,
    fault: RefCell<Option<(AnswerRule, String)>>,
}

impl Budget {
    fn fault<E: serde::de::Error>(&self, rule: AnswerRule, found: String) -> E {
        *self.fault.borrow_mut() = Some((rule, found));
        E::custom("a limit is exceeded")
    }

    fn spend<E: serde::de::Error>(&self) -> Result<(), E> {
        let values = self.values.get() + 1;
        self.values.set(values);
        if values > MAX_VALUES {
            return Err(self.fault(AnswerRule::TooManyValues, format!("{values} values")));
        }
        Ok(())
    }
}

/// Reads one value that stands below `depth` lists and maps.
#[derive(Clone, Copy)]
struct Node<'b> {
    budget: &'b Budget,
    depth: usize,
}

impl Node<'_> {
    fn below<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            let found = format!("level {}", self.depth + 1);
            return Err(self.budget.fault(AnswerRule::TooDeep, found));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        self.budget.spend()?;
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value as f64))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        if value.is_finite() {
            return Ok(Value::Number(value));
        }
        Err(self.budget.fault(AnswerRule::NotFinite, value.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Value, E> {
        Ok(Value::Binary)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(below)? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let below = self.below()?;
        let mut members = BTreeMap::new();
        while let Some(key) = access.next_key_seed(Key)? {
            let value = access.next_value_seed(below)?;
            if members.contains_key(&key) {
                return Err(self.budget.fault(AnswerRule::DuplicateKey, quote(&key)));
            }
            members.insert(key, value);
        }
        Ok(Value::Map(members))
    }
}

/// Reads a map's key, which must be text.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<String, D::Error> {
        reader.deserialize_any(self)
    }
}

impl Visitor<'_> for Key {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text as key")
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}
