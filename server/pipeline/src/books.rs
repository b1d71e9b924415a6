//! What the pipeline asks of the ledger. A simulation puts itself between, to hold time still while the ledger writes.

use std::time::Duration;

use async_trait::async_trait;
use ledger::{
    Held, Ledger, LedgerError, Mark, Parcel, Reflected, Reflection, Refusal, Reject, Standing, There,
    Unconfirmed,
};
use model::{record::Kind, tenant::TenantId, time::Timestamp};
use tokio::sync::watch;
use uuid::Uuid;

/// The ledger's face, as far as the pipeline knows it; each question means what it means there.
#[async_trait]
pub trait Books: Send + Sync + 'static {
    fn changes(&self) -> watch::Receiver<u64>;

    async fn lease(&self, most: usize, hold: Duration) -> Result<Vec<Parcel>, LedgerError>;
    async fn delivered(&self, parcels: &[Parcel], at: Timestamp) -> Result<(), LedgerError>;
    async fn postponed(&self, parcels: &[Parcel], until: Timestamp) -> Result<(), LedgerError>;
    async fn handed_back(&self, parcels: &[Parcel]) -> Result<(), LedgerError>;
    async fn dead(&self, parcels: &[(Parcel, Refusal)]) -> Result<(), LedgerError>;

    async fn unconfirmed(
        &self,
        until: Timestamp,
        after: Option<&Unconfirmed>,
        most: usize,
    ) -> Result<Vec<Unconfirmed>, LedgerError>;
    async fn confirmed(&self, read: &[Unconfirmed]) -> Result<u64, LedgerError>;

    async fn read(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        id: Uuid,
    ) -> Result<Option<Held>, LedgerError>;
    async fn standing(&self, tenant: TenantId) -> Result<Standing, LedgerError>;

    async fn take_mark(&self, kind: &'static Kind, hold: Duration) -> Result<Option<Mark>, LedgerError>;
    async fn hold_mark(&self, mark: &Mark, hold: Duration) -> Result<bool, LedgerError>;
    async fn keep_mark(&self, mark: &Mark, link: Option<&str>, hold: Duration) -> Result<bool, LedgerError>;
    async fn free_mark(&self, mark: &Mark) -> Result<(), LedgerError>;
    async fn ask(&self, mark: &Mark, gone: (i64, i64), of: i64) -> Result<(), LedgerError>;
    async fn removed_unasked(&self, kind: &'static Kind, since: Timestamp) -> Result<i64, LedgerError>;
    async fn reflect(
        &self,
        mark: &Mark,
        rows: Vec<Reflection>,
        asked_at: Timestamp,
    ) -> Result<Option<Vec<Reflected>>, LedgerError>;
    async fn standing_there(
        &self,
        kind: &'static Kind,
        after: i64,
        before: Timestamp,
        most: usize,
    ) -> Result<Vec<There>, LedgerError>;
    async fn rejects(
        &self,
        tenant: TenantId,
        kind: Option<&'static Kind>,
        most: usize,
    ) -> Result<Vec<Reject>, LedgerError>;

    /// Since when Dataverse may hold newer states than the ledger, if it may.
    async fn copied_at(&self) -> Result<Option<Timestamp>, LedgerError> {
        Ok(None)
    }
    /// What waits to be sent; asked of a ledger that may be behind alone.
    async fn in_line(
        &self,
        _kind: &'static Kind,
        _after: i64,
        _most: usize,
    ) -> Result<Vec<There>, LedgerError> {
        Ok(Vec::new())
    }
    /// What stands in Dataverse was looked at.
    async fn looked(&self) -> Result<(), LedgerError> {
        Ok(())
    }

    async fn spend(&self, cost: i64) -> Result<(), LedgerError>;
    async fn spent(&self, since: Timestamp) -> Result<Vec<(Timestamp, i64)>, LedgerError>;
}

#[async_trait]
impl Books for Ledger {
    fn changes(&self) -> watch::Receiver<u64> {
        Self::changes(self)
    }

    async fn lease(&self, most: usize, hold: Duration) -> Result<Vec<Parcel>, LedgerError> {
        Self::lease(self, most, hold).await
    }

    async fn delivered(&self, parcels: &[Parcel], at: Timestamp) -> Result<(), LedgerError> {
        Self::delivered(self, parcels, at).await
    }

    async fn postponed(&self, parcels: &[Parcel], until: Timestamp) -> Result<(), LedgerError> {
        Self::postponed(self, parcels, until).await
    }

    async fn handed_back(&self, parcels: &[Parcel]) -> Result<(), LedgerError> {
        Self::handed_back(self, parcels).await
    }

    async fn dead(&self, parcels: &[(Parcel, Refusal)]) -> Result<(), LedgerError> {
        Self::dead(self, parcels).await
    }

    async fn unconfirmed(
        &self,
        until: Timestamp,
        after: Option<&Unconfirmed>,
        most: usize,
    ) -> Result<Vec<Unconfirmed>, LedgerError> {
        Self::unconfirmed(self, until, after, most).await
    }

    async fn confirmed(&self, read: &[Unconfirmed]) -> Result<u64, LedgerError> {
        Self::confirmed(self, read).await
    }

    async fn read(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        id: Uuid,
    ) -> Result<Option<Held>, LedgerError> {
        Self::read(self, tenant, kind, id).await
    }

    async fn standing(&self, tenant: TenantId) -> Result<Standing, LedgerError> {
        Self::standing(self, tenant).await
    }

    async fn take_mark(&self, kind: &'static Kind, hold: Duration) -> Result<Option<Mark>, LedgerError> {
        Self::take_mark(self, kind, hold).await
    }

    async fn hold_mark(&self, mark: &Mark, hold: Duration) -> Result<bool, LedgerError> {
        Self::hold_mark(self, mark, hold).await
    }

    async fn keep_mark(&self, mark: &Mark, link: Option<&str>, hold: Duration) -> Result<bool, LedgerError> {
        Self::keep_mark(self, mark, link, hold).await
    }

    async fn free_mark(&self, mark: &Mark) -> Result<(), LedgerError> {
        Self::free_mark(self, mark).await
    }

    async fn ask(&self, mark: &Mark, gone: (i64, i64), of: i64) -> Result<(), LedgerError> {
        Self::ask(self, mark, gone, of).await
    }

    async fn removed_unasked(&self, kind: &'static Kind, since: Timestamp) -> Result<i64, LedgerError> {
        Self::removed_unasked(self, kind, since).await
    }

    async fn reflect(
        &self,
        mark: &Mark,
        rows: Vec<Reflection>,
        asked_at: Timestamp,
    ) -> Result<Option<Vec<Reflected>>, LedgerError> {
        Self::reflect(self, mark, rows, asked_at).await
    }

    async fn standing_there(
        &self,
        kind: &'static Kind,
        after: i64,
        before: Timestamp,
        most: usize,
    ) -> Result<Vec<There>, LedgerError> {
        Self::standing_there(self, kind, after, before, most).await
    }

    async fn rejects(
        &self,
        tenant: TenantId,
        kind: Option<&'static Kind>,
        most: usize,
    ) -> Result<Vec<Reject>, LedgerError> {
        Self::rejects(self, tenant, kind, most).await
    }

    async fn copied_at(&self) -> Result<Option<Timestamp>, LedgerError> {
        Ok(Self::identity(self).await?.copied_at)
    }

    async fn in_line(&self, kind: &'static Kind, after: i64, most: usize) -> Result<Vec<There>, LedgerError> {
        Self::in_line(self, kind, after, most).await
    }

    async fn looked(&self) -> Result<(), LedgerError> {
        Self::looked(self).await
    }

    async fn spend(&self, cost: i64) -> Result<(), LedgerError> {
        Self::spend(self, cost).await
    }

    async fn spent(&self, since: Timestamp) -> Result<Vec<(Timestamp, i64)>, LedgerError> {
        Self::spent(self, since).await
    }
}
