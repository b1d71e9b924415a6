//! The ledger's face: what the server and the relay may ask of it, whichever store stands behind.

use std::{path::PathBuf, sync::Arc, time::Duration};

use model::{
    calendar::Window,
    clock::Clock,
    history::{Filter, History},
    record::{Kind, Record},
    tenant::TenantId,
    time::Instant,
};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    Change, DeadLetter, Held, LedgerError, ListAsk, OpenError, Outcome, Page, Parcel, Standing, Unconfirmed,
    chance::Chance,
    sqlite::{Settlement, Sqlite, Target, Ticket},
};

/// Where the ledger lives.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Holds `ledger.sqlite` and its lock; made when it is missing.
    pub folder: PathBuf,
}

/// Durable records of every kind. Cheap to clone; every clone is the same ledger.
///
/// Every question may be answered by a `LedgerError`, which says why there is no answer now; then nothing was kept.
#[derive(Clone)]
pub struct Ledger {
    store: Arc<Sqlite>,
    changes: watch::Sender<u64>,
}

impl Ledger {
    /// Opens the folder's ledger, brings its schema up to date, and takes back the leases of the process before.
    ///
    /// # Errors
    /// Each says what to do about it.
    pub async fn open(
        settings: Settings,
        clock: Arc<dyn Clock>,
        chance: impl Chance,
    ) -> Result<Self, OpenError> {
        let changes = watch::Sender::new(0);
        let store = Sqlite::open(settings.folder, clock, Arc::new(chance), changes.clone()).await?;
        Ok(Self { store: Arc::new(store), changes })
    }

    /// Finishes what was taken on, folds the file together and frees the folder. Whoever asks later gets `Closed`.
    pub async fn close(&self) {
        self.store.close().await;
    }

    /// Takes records in. One call is one request: its records are decided in order, as if sent one after another, and
    /// it is answered when all that is new is on disk.
    pub async fn store(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        records: Vec<Record>,
    ) -> Result<Vec<Outcome>, LedgerError> {
        self.store.store(tenant, kind, records).await
    }

    /// Puts `record` in the place of what `id` says now. A time that was left out counts as the stored one.
    pub async fn correct(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        id: Uuid,
        record: Record,
        expected_revision: Option<i64>,
    ) -> Result<Change, LedgerError> {
        self.store.correct(Target { tenant, kind, id, expected_revision }, record).await
    }

    /// Takes a record out of every list and figure. What it was stays in the ledger.
    pub async fn withdraw(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        id: Uuid,
        expected_revision: Option<i64>,
    ) -> Result<Change, LedgerError> {
        self.store.withdraw(Target { tenant, kind, id, expected_revision }).await
    }

    /// One record, withdrawn or not.
    pub async fn read(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        id: Uuid,
    ) -> Result<Option<Held>, LedgerError> {
        self.store.read(tenant, kind, id).await
    }

    /// Records, newest first.
    pub async fn list(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        ask: &ListAsk,
    ) -> Result<Page, LedgerError> {
        self.store.list(tenant, kind, ask).await
    }

    /// The campaign runs of a window and of the stretch before it, added up by bucket.
    pub async fn history(
        &self,
        tenant: TenantId,
        window: &Window,
        filter: &Filter,
    ) -> Result<History, LedgerError> {
        self.store.history(tenant, window, filter).await
    }

    /// What the kind's naming field points at, as far as there are records of it: id and name, by id.
    pub async fn names(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
    ) -> Result<Vec<(String, Option<String>)>, LedgerError> {
        self.store.names(tenant, kind).await
    }

    /// Moves with every committed change that can change a figure, a list or the balance.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Where a tenant's records stand, all figures of one moment.
    pub async fn standing(&self, tenant: TenantId) -> Result<Standing, LedgerError> {
        self.store.standing(tenant).await
    }

    /// Whether the ledger reads and writes now.
    pub async fn healthy(&self) -> Result<(), LedgerError> {
        self.store.healthy().await
    }

    /// Lends out up to `most` parcels, oldest first, fairly between tenants, for so long.
    pub async fn lease(&self, most: usize, hold: Duration) -> Result<Vec<Parcel>, LedgerError> {
        self.store.lease(most, hold).await
    }

    /// Dataverse acknowledged these. Those whose lease is no longer theirs are passed over, here and below.
    pub async fn delivered(&self, parcels: &[Parcel], at: Instant) -> Result<(), LedgerError> {
        self.store.settle(tickets(parcels), Settlement::Delivered { at }).await
    }

    /// These are tried again from `until` on. `counted` when it was an attempt of theirs that failed, and not the lane.
    pub async fn postponed(
        &self,
        parcels: &[Parcel],
        until: Instant,
        counted: bool,
    ) -> Result<(), LedgerError> {
        self.store.settle(tickets(parcels), Settlement::Postponed { until, counted }).await
    }

    /// Dataverse refuses these for good, each for its reason.
    pub async fn dead(&self, parcels: &[(Parcel, String)]) -> Result<(), LedgerError> {
        let tickets = parcels
            .iter()
            .map(|(parcel, reason)| Ticket { reason: Some(reason.clone()), ..Ticket::of(parcel) })
            .collect();
        self.store.settle(tickets, Settlement::Dead).await
    }

    /// What Dataverse refused, newest first.
    pub async fn dead_letters(&self, tenant: TenantId, most: usize) -> Result<Vec<DeadLetter>, LedgerError> {
        self.store.dead_letters(tenant, most).await
    }

    /// Sends a dead letter once more. Says whether there was one.
    pub async fn resend(&self, tenant: TenantId, kind: &'static Kind, id: Uuid) -> Result<bool, LedgerError> {
        self.store.resend(Target { tenant, kind, id, expected_revision: None }).await
    }

    /// What Dataverse acknowledged up to then and what was not read back yet, oldest first.
    pub async fn unconfirmed(&self, until: Instant, most: usize) -> Result<Vec<Unconfirmed>, LedgerError> {
        self.store.unconfirmed(until, most).await
    }

    /// These were read back as they should be. Says how many were news: what was corrected meanwhile is passed over.
    pub async fn confirmed(&self, read: &[Unconfirmed]) -> Result<u64, LedgerError> {
        self.store.confirmed(read).await
    }
}

fn tickets(parcels: &[Parcel]) -> Vec<Ticket> {
    parcels.iter().map(Ticket::of).collect()
}
