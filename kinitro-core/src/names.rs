//! Fixed lists of names: one table per enum serves printing, parsing and error messages.

use crate::error::{Error, quote};

/// Looks a name up in an enum's table.
pub(crate) fn parse<T: Copy>(
    what: &'static str,
    table: &[(T, &str)],
    text: &str,
) -> Result<T, Error> {
    if let Some((value, _)) = table.iter().find(|(_, name)| *name == text) {
        return Ok(*value);
    }
    let known = table
        .iter()
        .map(|(_, name)| *name)
        .collect::<Vec<_>>()
        .join(", ");
    Err(Error::UnknownName {
        what,
        text: quote(text),
        known,
    })
}

/// The name of an enum's value.
pub(crate) fn name<T: PartialEq>(table: &[(T, &'static str)], value: &T) -> &'static str {
    table
        .iter()
        .find(|(entry, _)| entry == value)
        .expect("every value has a row in its table")
        .1
}
