//! What waits to be delivered, as the relay sees it.

use std::time::Duration;

use model::{
    record::{Kind, Stored},
    tenant::TenantId,
    time::Timestamp,
};
use uuid::Uuid;

/// One record's newest state, on loan to a relay until its lease runs out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Whose record it is.
    pub tenant: TenantId,
    /// Of which kind.
    pub kind: &'static Kind,
    /// The record's id.
    pub id: Uuid,
    /// The row's primary key in Dataverse: `id`, unless another program made the row.
    pub dataverse_id: Uuid,
    /// The revision that is carried. A newer one stays in the outbox when this one is delivered.
    pub revision: i64,
    /// What to do with its row.
    pub operation: OutboxOperation,
    /// Dataverse has acknowledged no state of it so far.
    pub is_first: bool,
    /// How often it was sent in vain.
    pub attempts: i64,
    /// For how long it has been sent in vain.
    pub failing_for: Duration,
    /// Since when the record waits.
    pub enqueued_at: Timestamp,
    /// Fences off a relay that comes back after its lease ran out.
    pub(crate) epoch: i64,
    pub(crate) position: i64,
    /// When it came due, so that it gets back to its place in the line.
    pub(crate) due_at: i64,
}

impl Parcel {
    /// Handed back, it stands behind everything that waits.
    #[must_use]
    pub fn last_in_line(self) -> Self {
        // The store takes what lies ahead for now.
        Self { due_at: i64::MAX, ..self }
    }
}

/// For how long something fails that has failed since then.
pub(crate) fn failing_for(since: Option<i64>, now: Timestamp) -> Duration {
    let micros = since.map_or(0, |since| now.since(Timestamp::from_micros(since)));
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

/// What a parcel asks Dataverse to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutboxOperation {
    Upsert(Box<Stored>),
    Delete,
}
