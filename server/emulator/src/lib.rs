#![doc = include_str!("../README.md")]

mod address;
mod answer;
mod batch;
mod changes;
mod dispatch;
mod emulator;
mod fault;
mod identity;
mod limits;
mod metadata;
mod organisation;
mod query;
mod rows;
mod schema;
mod store;
mod surroundings;
mod value;

pub use emulator::{Emulator, Error, Options};
pub use limits::Limits;
