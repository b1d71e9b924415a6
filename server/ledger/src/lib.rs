//! Durable records, outbox, balance, in either of two stores.
//!
//! A record is answered when it is on disk. Everything here knows records through `model::record::Kind` alone: another
//! kind is a descriptor there and a migration here.

mod affected;
mod carry;
mod change;
mod command;
mod confirm;
mod database;
mod decision;
mod error;
mod health;
mod history;
mod hours;
mod identity;
mod import;
pub mod lease;
mod ledger;
mod letters;
pub mod list;
mod made;
mod marks;
pub mod meters;
mod mirror;
mod opening;
pub mod outbox;
mod passage;
mod postgres;
mod probe;
mod queue;
mod reflection;
mod row;
mod settlement;
mod spending;
mod sqlite;
pub mod standing;
#[cfg(test)]
mod trial;
mod upkeep;
mod verdict;
mod write;
mod writer_handle;

pub use carry::{Carried, CarryError, Compared, Progress, carry};
pub use confirm::Unconfirmed;
pub use database::{BadDatabase, Database};
pub use error::{LedgerError, OpenError, Place};
pub use health::{Health, Stop};
pub use identity::{Claim, ClaimError, Identity, Owner, Stranger, Traces};
pub use import::{ImportError, Imported, Word, import};
pub use ledger::{Ledger, Settings};
pub use letters::{DeadLetter, Handled, Handling, Refusal};
pub use list::{BadCursor, Cursor, ListAsk, Page};
pub use mirror::{Answer, Mark, Question, Reflected, Reflection, Reject, Seen, There};
pub use outbox::{Operation, Parcel};
pub use sqlite::{BackupError, back_up, restore, whose};
pub use standing::{HourBalance, ReflectedCounts, Standing};
pub use verdict::{Change, Held, Outcome, Verdict};
