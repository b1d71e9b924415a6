//! Addresses taken apart: segments with keys, options with their values. Nothing here panics, whatever is sent.

mod escape;
mod key;
mod path;

pub(crate) use escape::{decode, encode, form};
pub(crate) use key::RowAddress;
pub(crate) use path::{Segment, segments};

/// The options of an address, names without their `$` where they have one.
#[derive(Clone, Debug, Default)]
pub(crate) struct QueryOptions {
    pairs: Vec<(String, String)>,
}

impl QueryOptions {
    /// Reads what follows the `?`. Names may be encoded as well as values, spaces may be `+`, `%20` or raw.
    pub(crate) fn parse(query: &str) -> Self {
        Self { pairs: form(query) }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.pairs.iter().map(|(name, _)| name.as_str())
    }

    pub(crate) fn push(&mut self, name: &str, value: &str) {
        self.pairs.push((name.to_owned(), value.to_owned()));
    }
}

/// Splits an address at its `?`.
pub(crate) fn path_and_query(target: &str) -> (&str, &str) {
    target.split_once('?').unwrap_or((target, ""))
}
