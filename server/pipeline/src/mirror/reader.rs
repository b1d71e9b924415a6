//! Reads changes and tells the ledger what each row says; deletions are only collected.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
    time::Duration,
};

use dataverse::{Error, RowChange};
use ledger::{ChangeCursor, MirroredRow, RowOutcome, RowSighting};
use model::{clock::Clock, record::Kind, tenant::TenantId, time::Timestamp};
use serde_json::Value as Json;
use tokio::time::sleep;
use uuid::Uuid;

use super::gone::{Gone, Missing};
use crate::{
    LedgerPort, Mapping, RemoteOrganisation, decode_row,
    lookup_rows::{Codes, LookupRows},
    mapping::TableMapping,
    pass_error::PassError,
    row_tally::RowTally,
};

/// What the ledger is told in one transaction, so that intake need not wait long for its turn.
const TOLD: usize = 1_000;
/// How many rows are asked for by their ids in one request, which must fit into an address.
pub(crate) const BY_ID: usize = 100;
/// A row that was written just now is looked at again after the first, and as often as the second says in one go.
const PAUSE: Duration = Duration::from_secs(3);
const LOOKS: usize = 5;

pub(crate) struct ChangeReader {
    pub(crate) ledger: Arc<dyn LedgerPort>,
    organisation: Arc<dyn RemoteOrganisation>,
    mapping: Arc<Mapping>,
    lookups: Arc<LookupRows>,
    pub(super) clock: Arc<dyn Clock>,
    /// Those whose rows belong here, the one of rows without a tenant first.
    pub(super) tenants: Vec<TenantId>,
}

/// Hears what became of rows while they are read.
pub(crate) type Listener<'a> = &'a mut (dyn FnMut(RowTally) + Send);

/// A cursor, and for how long it stays ours with each sign of life.
pub(crate) struct Loan<'a> {
    pub(crate) cursor: &'a ChangeCursor,
    pub(crate) hold: Duration,
}

/// What one reading came to.
pub(crate) struct Reading {
    /// Where the next one begins.
    pub(crate) link: String,
    pub(crate) rows: u64,
    /// The rows that it met.
    pub(super) met: HashSet<Uuid>,
    /// Those to be looked at again.
    pub(crate) again: BTreeSet<Uuid>,
    /// Those to which Dataverse's answer is on its way.
    pub(super) underway: Vec<Uuid>,
}

/// What is open of rows of which the ledger was told.
#[derive(Default)]
pub(crate) struct Told {
    /// To be asked for by their ids, since it cannot tell yet what they mean.
    pub(super) again: Vec<Uuid>,
    /// Nothing says why they are not there any more.
    pub(super) missing: Vec<Uuid>,
    /// Dataverse's answer to them is on its way.
    underway: Vec<Uuid>,
}

impl ChangeReader {
    pub(crate) fn new(
        ledger: Arc<dyn LedgerPort>,
        organisation: Arc<dyn RemoteOrganisation>,
        mapping: Arc<Mapping>,
        lookups: Arc<LookupRows>,
        clock: Arc<dyn Clock>,
        mut tenants: Vec<TenantId>,
    ) -> Self {
        if tenants.is_empty() {
            tenants.push(TenantId::FIRST);
        }
        Self { ledger, organisation, mapping, lookups, clock, tenants }
    }

    /// Reads on to the end.
    pub(crate) async fn read(
        &self,
        table: &TableMapping,
        since: Option<&str>,
        loan: &Loan<'_>,
        gone: &mut Gone,
        listener: Listener<'_>,
    ) -> Result<Reading, PassError> {
        let mut pages = self.organisation.changes(table, &decode_row::columns(table), since).await?;
        let (mut met, mut again, mut underway, mut rows) = (HashSet::new(), BTreeSet::new(), Vec::new(), 0);
        loop {
            let asked_at = self.clock.now();
            let Some(page) = pages.next_page().await? else { break };
            if !met.is_empty() {
                self.hold_on(loan).await?;
            }
            let codes = self.ask_for_lookups(table, &page).await?;
            let mut seen = Vec::with_capacity(page.len());
            for change in page {
                match change {
                    RowChange::Upserted(row) => {
                        let Some(mut reflection) = self.see(table, &row, &codes, asked_at).await? else {
                            continue;
                        };
                        reflection.is_whole = since.is_none();
                        met.insert(reflection.dataverse_id);
                        gone.find(reflection.dataverse_id);
                        seen.push(reflection);
                    }
                    RowChange::Deleted(id) if met.contains(&id) => gone.miss(id, Missing::Unclear),
                    RowChange::Deleted(id) => gone.miss(id, Missing::Deleted(asked_at)),
                }
            }
            rows += seen.len() as u64;
            let told = self.tell(loan.cursor, seen, asked_at, &mut *listener).await?;
            again.extend(told.again);
            underway.extend(told.underway);
        }
        let missing = || Error::Malformed("no link to further changes on the last page".to_owned());
        let link = pages.link().ok_or_else(missing)?;
        Ok(Reading { link, rows, met, again, underway })
    }

    async fn ask_for_lookups(&self, table: &TableMapping, page: &[RowChange]) -> Result<Arc<Codes>, Error> {
        let rows = page.iter().filter_map(|change| match change {
            RowChange::Upserted(row) => Some(row),
            RowChange::Deleted(_) => None,
        });
        self.lookups.ask(&*self.organisation, table, &rows.collect::<Vec<_>>()).await
    }

    /// Looks at rows by their ids until the ledger can tell what they mean; with each comes what it is told where the row is
    /// not there, if anything. Says what is still open after a while.
    pub(crate) async fn look_again(
        &self,
        cursor: &ChangeCursor,
        absent: &BTreeMap<Uuid, Option<RowSighting>>,
        listener: Listener<'_>,
    ) -> Result<Told, PassError> {
        let mut open = Told { again: absent.keys().copied().collect(), ..Told::default() };
        for look in 0..LOOKS {
            if open.again.is_empty() {
                break;
            }
            if look > 0 {
                sleep(PAUSE).await;
            }
            for some in std::mem::take(&mut open.again).chunks(BY_ID) {
                let (mut seen, asked_at) = self.by_ids(cursor.kind, some).await?;
                let met: BTreeSet<Uuid> = seen.iter().map(|seen| seen.dataverse_id).collect();
                let lacking = some.iter().filter(|id| !met.contains(id));
                let known = lacking.filter_map(|id| Some((*id, absent.get(id)?.as_ref()?)));
                seen.extend(known.flat_map(|(id, how)| self.absent(id, how)));
                let told = self.tell(cursor, seen, asked_at, &mut *listener).await?;
                open.again.extend(told.again);
                open.missing.extend(told.missing);
            }
        }
        Ok(open)
    }

    /// Looks once at rows to which Dataverse's answer was on its way, a moment later. Says which have to be looked at again.
    pub(super) async fn look_at_underway(
        &self,
        cursor: &ChangeCursor,
        ids: &[Uuid],
        listener: Listener<'_>,
    ) -> Result<Vec<Uuid>, PassError> {
        let mut open = Vec::new();
        sleep(PAUSE).await;
        for some in ids.chunks(BY_ID) {
            let (seen, asked_at) = self.by_ids(cursor.kind, some).await?;
            open.extend(self.tell(cursor, seen, asked_at, &mut *listener).await?.again);
        }
        Ok(open)
    }

    /// Takes rows as they stand, of which no echo can be on its way any more. Those that are not there are passed over.
    /// Says which are still open.
    pub(crate) async fn look_at_standing(
        &self,
        cursor: &ChangeCursor,
        ids: &[Uuid],
        listener: Listener<'_>,
    ) -> Result<BTreeSet<Uuid>, PassError> {
        let mut open = BTreeSet::new();
        for some in ids.chunks(BY_ID) {
            let (mut seen, asked_at) = self.by_ids(cursor.kind, some).await?;
            seen.iter_mut().for_each(|reflection| reflection.stands = true);
            open.extend(self.tell(cursor, seen, asked_at, &mut *listener).await?.again);
        }
        Ok(open)
    }

    /// Rows as they are now, and when they were asked for.
    async fn by_ids(
        &self,
        kind: &'static Kind,
        ids: &[Uuid],
    ) -> Result<(Vec<MirroredRow>, Timestamp), PassError> {
        let asked_at = self.clock.now();
        let Some(table) = self.mapping.of(kind) else { return Ok((Vec::new(), asked_at)) };
        let rows = self.organisation.rows(table, &decode_row::columns(table), ids).await?;
        let codes = self.lookups.ask(&*self.organisation, table, &rows.iter().collect::<Vec<_>>()).await?;
        let mut seen = Vec::with_capacity(ids.len());
        for row in &rows {
            seen.extend(self.see(table, row, &codes, asked_at).await?);
        }
        Ok((seen, asked_at))
    }

    /// A deletion does not say whose the row was.
    pub(super) fn absent(&self, id: Uuid, how: &RowSighting) -> impl Iterator<Item = MirroredRow> {
        self.tenants.iter().map(move |tenant| MirroredRow::absent(*tenant, id, how.clone()))
    }

    /// Tells the ledger, as long as the cursor is ours. Says what is open of it.
    pub(super) async fn tell(
        &self,
        cursor: &ChangeCursor,
        seen: Vec<MirroredRow>,
        asked_at: Timestamp,
        listener: Listener<'_>,
    ) -> Result<Told, PassError> {
        let mut told = Told::default();
        for some in seen.chunks(TOLD) {
            let became =
                self.ledger.reconcile(cursor, some.to_vec(), asked_at).await?.ok_or(PassError::Lost)?;
            for (row, became) in some.iter().zip(&became) {
                match became {
                    RowOutcome::Again => told.again.push(row.dataverse_id),
                    RowOutcome::Missing => told.missing.push(row.dataverse_id),
                    RowOutcome::Underway => told.underway.push(row.dataverse_id),
                    _ => {}
                }
            }
            listener(RowTally::of(some, &became));
        }
        Ok(told)
    }

    /// Rows of tenants that are not ours are refused, unless a record of ours went there under that tenant.
    async fn see(
        &self,
        table: &TableMapping,
        row: &Json,
        codes: &Codes,
        now: Timestamp,
    ) -> Result<Option<MirroredRow>, PassError> {
        let first = self.tenants[0];
        let decoded = decode_row::decode(table, row, codes, first, now);
        let Some(seen) = decoded else { return Ok(None) };
        let tenant = seen.tenant;
        if self.tenants.contains(&tenant) {
            return Ok(Some(seen));
        }
        if let RowSighting::Row(record) = &seen.seen
            && let id = record.own_id(tenant).unwrap_or(seen.dataverse_id)
            && self.ledger.read(tenant, table.kind, id).await?.is_some()
        {
            return Ok(Some(seen));
        }
        let reason = format!("belongs to the tenant {tenant}, which has no place here");
        Ok(Some(MirroredRow { tenant: first, seen: decode_row::refused(reason, row), ..seen }))
    }

    /// A whole table takes long to read, and so does all that waits.
    pub(crate) async fn hold_on(&self, loan: &Loan<'_>) -> Result<(), PassError> {
        let is_ours = self.ledger.hold_cursor(loan.cursor, loan.hold).await?;
        if is_ours { Ok(()) } else { Err(PassError::Lost) }
    }
}
