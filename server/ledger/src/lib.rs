//! Durable records, outbox, balance: one face over the stores.
//!
//! A record is answered when it is on disk. Everything here knows records through `model::record::Kind` alone: another
//! kind is a descriptor there and a migration here.

pub mod chance;
mod error;
mod face;
pub mod list;
pub mod outbox;
mod sqlite;
pub mod standing;
mod verdict;

pub use error::{LedgerError, OpenError};
pub use face::{Ledger, Settings};
pub use list::{BadCursor, Cursor, ListAsk, Page};
pub use outbox::{DeadLetter, Operation, Parcel, Unconfirmed};
pub use standing::Standing;
pub use verdict::{Change, Held, Outcome, Verdict};
