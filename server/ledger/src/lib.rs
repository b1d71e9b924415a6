//! Durable records, outbox, balance, in either of two stores.
//!
//! A record is answered when it is on disk. Everything here knows records through `model::record::Kind` alone: another
//! kind is a descriptor there and a migration here.

mod access_store;
mod affected;
mod breakdown;
mod campaigns;
mod change;
mod change_cursor;
mod command;
mod confirm;
mod cover;
mod database;
mod dead_letters;
mod decision;
pub mod delivery_counts;
mod error;
mod flow_counts;
mod health;
mod history;
mod hours;
mod identity;
mod import;
pub mod lease;
mod ledger;
pub mod list;
pub mod meters;
mod migrations;
mod mirror;
mod move_to_postgres;
mod opening;
pub mod outbox;
mod panel;
mod people;
mod per_kind;
mod postgres;
mod probe;
mod queue;
mod reconcile;
mod record_status;
mod recount;
mod rollups;
mod row;
mod service_keys;
mod settlement;
mod share_links;
mod spending;
mod sqlite;
#[cfg(test)]
mod test_records;
mod upkeep;
mod verdict;
mod view;
mod write;
mod writer_handle;

pub use access_store::{AccessStore, AccessStoreError};
pub use campaigns::{CampaignCursor, CampaignPage, CampaignRow, CampaignsAsk};
pub use confirm::Unconfirmed;
pub use database::{BadDatabase, Database};
pub use dead_letters::{DeadLetter, Handled, Handling, PermanentRefusal};
pub use delivery_counts::{DeliveryCounts, HourBalance, MirrorCounts};
pub use error::{LedgerError, LedgerLocation, OpenError};
pub use health::{Stop, WriteHealth};
pub use identity::{Claim, ClaimError, LedgerIdentity, Owner, Stranger, Traces};
pub use import::{ImportError, ImportProgress, Imported, Tell, import};
pub use ledger::{Ledger, StoreSettings};
pub use list::{BadCursor, ListAsk, ListOrder, PageCursor, RecordPage};
pub use mirror::{
    ChangeCursor, DeliveredRecord, MassDeletion, MassDeletionAnswer, MirroredRow, Reject, RowOutcome,
    RowSighting,
};
pub use move_to_postgres::{
    ComparedTable, CopyProgress, MoveError, MovedRecords, ToldCopy, move_to_postgres,
};
pub use outbox::{OutboxOperation, Parcel};
pub use panel::{NotesFull, PanelSettings};
pub use people::{Account, Person, PersonRole, Session};
pub use record_status::{PastRevision, RecordStatus, WaitingRecord};
pub use recount::RecountedFigures;
pub use rollups::{RollupProgress, RollupState};
pub use service_keys::{KeyScope, KeyTable, KeyUse, ServiceKey};
pub use share_links::ShareLink;
pub use sqlite::{BackupError, back_up, restore, whose};
pub use verdict::{ChangeOutcome, HeldRecord, Outcome, Verdict};
pub use view::{LedgerView, ViewError, wish_rollups};
