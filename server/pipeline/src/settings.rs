//! How fast to go, how long to wait, when to give up.

use std::{sync::Arc, time::Duration};

use model::{record::KINDS, tenant::TenantId};

use crate::mapping::Mapping;

/// A tenant's row in Dataverse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// The tenant.
    pub id: TenantId,
    /// What to call it there.
    pub name: String,
}

/// Pace and patience of relay and mirror. An organisation usually allows 6,000 requests in five minutes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the organisation calls what it is sent.
    pub mapping: Arc<Mapping>,
    /// What to call tenants whose row is missing in Dataverse; any other is called by its id.
    pub tenants: Vec<Tenant>,
    /// Records in a request: at first, at least, at most.
    pub batch: usize,
    /// See `batch`.
    pub batch_min: usize,
    /// See `batch`.
    pub batch_max: usize,
    /// Requests under way at once, at most.
    pub lanes_max: usize,
    /// Requests in five minutes, at most. The rest of the organisation's allowance is for others.
    pub requests_max: u32,
    /// How long records wait for company when there are few.
    pub linger: Duration,
    /// How long a lease holds. What is sent under it must have had its effect within it.
    pub hold: Duration,
    /// How often a record is tried that fails beside others that arrive.
    pub attempts_max: i64,
    /// For how long at least, where the reason may pass by itself.
    pub attempts_for: Duration,
    /// What requests to Dataverse may cost on one day (UTC): one for each row written, one for each request that reads.
    pub budget: Option<u64>,
    /// Records that wait for longer are said to be behind.
    pub behind_after: Duration,
    /// How often Dataverse is asked what changed there. What comes back is confirmed by that as well.
    pub mirror_every: Duration,
    /// What the mirror did not confirm within this time of its delivery is asked for by its id.
    pub unconfirmed_after: Duration,
    /// How often it is looked for such records; nothing is asked while there are none.
    pub read_back_every: Duration,
    /// How long open requests may take to end when everything is to stop.
    pub drain: Duration,
}

impl Settings {
    /// For an organisation with the usual limits, asked for changes `mirror_every`, with leases that hold for `hold`.
    #[must_use]
    pub fn new(mirror_every: Duration, hold: Duration) -> Self {
        Self {
            mapping: Arc::new(Mapping::standard(KINDS)),
            tenants: Vec::new(),
            batch: 100,
            batch_min: 10,
            batch_max: 500,
            lanes_max: 4,
            requests_max: 4_500,
            linger: Duration::from_millis(200),
            hold,
            attempts_max: 8,
            attempts_for: Duration::from_secs(3600),
            budget: None,
            behind_after: Duration::from_secs(60),
            mirror_every,
            unconfirmed_after: Duration::from_secs(60),
            read_back_every: Duration::from_secs(30),
            drain: Duration::from_secs(5),
        }
    }

    /// What writing one record may cost: itself, its tenant, and what it points at, which is looked for and made.
    pub(crate) fn record_cost(&self) -> usize {
        2 + 2 * self.mapping.tables().map(|table| table.kind.pointers.len()).max().unwrap_or(0)
    }
}
