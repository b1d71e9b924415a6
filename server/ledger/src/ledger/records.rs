//! Records: corrected, withdrawn, read and listed, and their figures.

use model::{
    breakdown::{Breakdown, Dimension, PartShapes},
    calendar::Window,
    history::{History, RunFilter},
    record::{Kind, Record},
    tenant::TenantId,
};
use uuid::Uuid;

use super::Ledger;
use crate::{
    CampaignPage, CampaignsAsk, ChangeOutcome, HeldRecord, LedgerError, ListAsk, RecordPage, RecordStatus,
    RecountedFigures,
    change::{ChangeTarget, Correct, Withdraw},
    history::HistoryAsk,
    meters,
};

impl Ledger {
    /// Puts `record` in the place of what `id` says now. A time that was left out counts as the stored one.
    pub async fn correct(
        &self,
        tenant: TenantId,
        id: Uuid,
        record: Record,
        expected_revision: Option<i64>,
    ) -> Result<ChangeOutcome, LedgerError> {
        let target = ChangeTarget { tenant, kind: record.kind(), id, expected_revision };
        self.write(Correct { target, record: Box::new(record) }).await
    }

    /// Takes a record out of every list and figure. What it was stays in the ledger.
    pub async fn withdraw(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        id: Uuid,
        expected_revision: Option<i64>,
    ) -> Result<ChangeOutcome, LedgerError> {
        let target = ChangeTarget { tenant, kind, id, expected_revision };
        self.write(Withdraw { target, fetched: self.fetched }).await
    }

    /// One record, withdrawn or not.
    pub async fn read(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        id: Uuid,
    ) -> Result<Option<HeldRecord>, LedgerError> {
        read!(self, list::read(tenant, kind, id))
    }

    /// One record with what it was before and how far it is with Dataverse.
    pub async fn record_status(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        id: Uuid,
    ) -> Result<Option<RecordStatus>, LedgerError> {
        read!(self, record_status::status(tenant, kind, id))
    }

    /// Records, a page of them.
    pub async fn list(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        ask: &ListAsk,
    ) -> Result<RecordPage, LedgerError> {
        read!(self, list::list(tenant, kind, ask))
    }

    /// What the kind's `pointer` points at, as far as there are records of it: ids and names, `most` of them. For a
    /// text the one whose id it is; else those that contain it, first those that are called just that. Latin capitals and
    /// small letters are the same then. Without a text all, and those first that were named last.
    pub async fn names(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        pointer: usize,
        text: Option<&str>,
        most: usize,
    ) -> Result<Vec<(String, Option<String>)>, LedgerError> {
        read!(self, list::names(tenant, kind, pointer, text, most))
    }

    /// The campaign runs of a window and of the stretch before it, added up by bucket.
    pub async fn history(
        &self,
        tenant: TenantId,
        window: &Window,
        filter: &RunFilter,
    ) -> Result<History, LedgerError> {
        Ok(self.history_by(tenant, window, filter, &[], PartShapes::Untold).await?.0)
    }

    /// The same, and both stretches once more by each of these dimensions, all of one moment.
    pub async fn history_by(
        &self,
        tenant: TenantId,
        window: &Window,
        filter: &RunFilter,
        by: &[Dimension],
        shapes: PartShapes,
    ) -> Result<(History, Vec<Breakdown>), LedgerError> {
        let ask = HistoryAsk { tenant, window, filter, by, shapes };
        meters::figures(async { read!(self, history::history(ask)) }).await
    }

    /// The campaigns that have runs, a page of them, with what their runs come to over a stretch.
    pub async fn campaigns(&self, tenant: TenantId, ask: &CampaignsAsk) -> Result<CampaignPage, LedgerError> {
        meters::figures(async { read!(self, campaigns::campaigns(tenant, ask)) }).await
    }

    /// The figures of a window out of the rollups, and out of a plain count of the records, both of one moment.
    pub async fn recount(&self, tenant: TenantId, window: &Window) -> Result<RecountedFigures, LedgerError> {
        read!(self, recount::recount(tenant, window))
    }
}
