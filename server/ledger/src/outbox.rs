//! What waits to be delivered, as the relay sees it.

use model::{
    record::{Kind, Stored},
    tenant::TenantId,
    time::Instant,
};
use uuid::Uuid;

use crate::Held;

/// One record's newest state, on loan to a relay until its lease runs out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    pub tenant: TenantId,
    pub kind: &'static Kind,
    pub id: Uuid,
    /// The row's primary key in Dataverse: `id`, unless somebody else made the row.
    pub dataverse_id: Uuid,
    /// The revision that is carried. A newer one stays in the outbox when this one is delivered.
    pub revision: i64,
    pub operation: Operation,
    /// How often it was sent in vain.
    pub attempts: i64,
    /// Since when the record waits.
    pub enqueued_at: Instant,
    /// Fences off whoever comes back after its lease ran out.
    pub(crate) epoch: i64,
    pub(crate) position: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    Upsert(Box<Stored>),
    Delete,
}

/// A record that Dataverse acknowledged and that was not read back yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unconfirmed {
    pub tenant: TenantId,
    pub kind: &'static Kind,
    /// The row's primary key in Dataverse.
    pub dataverse_id: Uuid,
    /// What Dataverse should hold; nothing when it was withdrawn.
    pub held: Held,
    pub(crate) position: i64,
}
