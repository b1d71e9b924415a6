//! Writing rows: one at a time, or many of a table at once.

mod bulk;
mod currency;
mod payload;
mod resolve;
mod write;

pub(crate) use bulk::multiple;
pub(crate) use payload::Payload;
pub(crate) use resolve::{existing, find_row};
pub(crate) use write::{Guard, delete, write};
