//! The ledger's face: what the server and the relay may ask of it.

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
    Change, DeadLetter, Held, LedgerError, ListAsk, OpenError, Outcome, Page, Parcel, Standing, chance::Chance,
};

/// Where the ledger lives.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Holds `ledger.sqlite` and its lock; made when it is missing.
    pub folder: PathBuf,
}

/// Durable records of every kind. Cheap to clone; every clone is the same ledger.
#[derive(Clone)]
pub struct Ledger {
    changes: watch::Sender<u64>,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
}

const SOON: &str = "not there yet";

impl Ledger {
    /// Opens the folder's ledger, bringing its schema up to date, and takes back every lease of the process before.
    ///
    /// # Errors
    /// Each says what to do about it.
    pub async fn open(
        _settings: Settings,
        clock: Arc<dyn Clock>,
        chance: impl Chance,
    ) -> Result<Self, OpenError> {
        Ok(Self { changes: watch::Sender::new(0), clock, chance: Arc::new(chance) })
    }

    /// Ends the writer after what it has taken on, and frees the folder. Whoever asks later gets `Closed`.
    pub async fn close(&self) {}

    /// Takes records in. One call is one request: its records are decided in order, as if sent one after another, and
    /// it is answered when all that is new is on disk.
    ///
    /// # Errors
    /// Nothing of the request was kept.
    pub async fn store(
        &self,
        _tenant: TenantId,
        _kind: &'static Kind,
        _records: Vec<Record>,
    ) -> Result<Vec<Outcome>, LedgerError> {
        Err(LedgerError::Unavailable(SOON.to_owned()))
    }

    /// Puts `record` in the place of what `id` says now. A time that was left out counts as the stored one.
    pub async fn correct(
        &self,
        _tenant: TenantId,
        _kind: &'static Kind,
        _id: Uuid,
        _record: Record,
        _expected_revision: Option<i64>,
    ) -> Result<Change, LedgerError> {
        Err(LedgerError::Unavailable(SOON.to_owned()))
    }

    /// Takes a record out of every list and figure. What it was stays in the ledger.
    pub async fn withdraw(
        &self,
        _tenant: TenantId,
        _kind: &'static Kind,
        _id: Uuid,
        _expected_revision: Option<i64>,
    ) -> Result<Change, LedgerError> {
        Err(LedgerError::Unavailable(SOON.to_owned()))
    }

    pub async fn read(
        &self,
        _tenant: TenantId,
        _kind: &'static Kind,
        _id: Uuid,
    ) -> Result<Option<Held>, LedgerError> {
        Err(LedgerError::Unavailable(SOON.to_owned()))
    }

    pub async fn list(
        &self,
        _tenant: TenantId,
        _kind: &'static Kind,
        _ask: &ListAsk,
    ) -> Result<Page, LedgerError> {
        Err(LedgerError::Unavailable(SOON.to_owned()))
    }

    /// The campaign runs of a window and of the stretch before it, added up by bucket.
    pub async fn history(
        &self,
        _tenant: TenantId,
        _window: &Window,
        _filter: &Filter,
    ) -> Result<History, LedgerError> {
        Err(LedgerError::Unavailable(SOON.to_owned()))
    }

    /// What the kind's naming field points at, as far as there are records of it: id and name, by id.
    pub async fn names(
        &self,
        _tenant: TenantId,
        _kind: &'static Kind,
    ) -> Result<Vec<(String, Option<String>)>, LedgerError> {
        Err(LedgerError::Unavailable(SOON.to_owned()))
    }

    /// Moves with every committed change that can change a figure, a list or the balance.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub async fn standing(&self, _tenant: TenantId) -> Result<Standing, LedgerError> {
        Err(LedgerError::Unavailable(SOON.to_owned()))
    }

    /// Whether the ledger would answer and write now.
    pub async fn healthy(&self) -> Result<(), LedgerError> {
        let _ = (self.clock.now(), self.chance.next());
        Err(LedgerError::Unavailable(SOON.to_owned()))
    }

    /// Lends out up to `most` parcels, oldest first, fairly between tenants, for so long.
    pub async fn lease(&self, _most: usize, _hold: Duration) -> Result<Vec<Parcel>, LedgerError> {
        Err(LedgerError::Unavailable(SOON.to_owned()))
    }

    /// Dataverse acknowledged these. Those whose lease is no longer theirs are passed over.
    pub async fn delivered(&self, _parcels: &[Parcel], _at: Instant) -> Result<(), LedgerError> {
        Err(LedgerError::Unavailable(SOON.to_owned()))
    }

    /// These are tried again from `until` on; `counted` as an attempt of theirs, or the lane's fault.
    pub async fn postponed(
        &self,
        _parcels: &[Parcel],
        _until: Instant,
        _counted: bool,
    ) -> Result<(), LedgerError> {
        Err(LedgerError::Unavailable(SOON.to_owned()))
    }

    /// Dataverse refuses these for good, each for its reason.
    pub async fn dead(&self, _parcels: &[(Parcel, String)]) -> Result<(), LedgerError> {
        Err(LedgerError::Unavailable(SOON.to_owned()))
    }

    pub async fn dead_letters(&self, _tenant: TenantId, _most: usize) -> Result<Vec<DeadLetter>, LedgerError> {
        Err(LedgerError::Unavailable(SOON.to_owned()))
    }
}
