//! The calls that go through recorded exchanges, by the exchanges' titles (of several, the last one's).

mod batches;
mod changes;
mod errors;
mod fetch_xml;
mod keys;
mod lookups;
mod metadata;
mod queries;
mod roles;
mod rows;
mod tokens;

use dataverse::Client;
use futures::future::BoxFuture;
use uuid::Uuid;

use crate::read::Values;

/// Makes a call and tells what it came to.
pub type CallFn = for<'a> fn(&'a Client, &'a Values) -> BoxFuture<'a, String>;

pub fn all() -> Vec<(&'static str, CallFn)> {
    let mut all = Vec::new();
    all.extend(tokens::CALLS);
    all.extend(rows::CALLS);
    all.extend(keys::CALLS);
    all.extend(lookups::CALLS);
    all.extend(queries::CALLS);
    all.extend(fetch_xml::CALLS);
    all.extend(batches::CALLS);
    all.extend(changes::CALLS);
    all.extend(metadata::CALLS);
    all.extend(roles::CALLS);
    all.extend(errors::CALLS);
    all
}

/// The id that a variable stands for.
fn id(values: &Values, name: &str) -> Uuid {
    values.get(name).parse().unwrap()
}

/// An id that stands in the files as it is.
fn fixed(last: u128) -> Uuid {
    Uuid::from_u128(0x5a3b_1e00_0000_4000_8000_0000_0000_0000 | last)
}

/// An id that no row has.
const NOBODY: Uuid = Uuid::from_u128(10);
