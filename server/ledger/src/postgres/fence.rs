//! Who may write: no process while a ledger is being carried over into the schema, and none that goes by an organisation
//! of before. The schema's own function says so at the beginning of every transaction that writes.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// The generation of a process that did not claim the ledger: it is let through.
pub(crate) const ANY: i64 = -1;

/// What a ledger that is being carried over into answers.
pub(crate) const CARRIED: &str = "ST001";
/// What a ledger answers that went to another organisation.
pub(crate) const GIVEN_AWAY: &str = "ST002";

/// Waits until no other is within, and keeps all others out to the transaction's end.
pub(crate) const CLOSE: &str =
    "SELECT pg_advisory_xact_lock(hashtextextended('fence of studio.identity', 0))";

/// The same of a step of upkeep, after which others go on: it gives up where it would keep them waiting for long.
pub(crate) const CLOSE_SOON: &str = "SET LOCAL lock_timeout = 500; \
     SELECT pg_advisory_xact_lock(hashtextextended('fence of studio.identity', 0)); SELECT studio.let_write(-1)";

/// A statement that goes through as any process that did not claim the ledger.
pub(crate) const PASS: &str = "SELECT studio.let_write(-1)";
/// A statement for the command that built the fence.
pub(crate) const AROUND: &str = "SELECT NULL";

/// A statement that goes through as what the ledger was claimed for.
pub(crate) fn pass(generation: &AtomicI64) -> String {
    format!("SELECT studio.let_write({})", generation.load(Relaxed))
}
