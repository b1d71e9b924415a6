//! Reads back by their ids the few that the mirror did not confirm in time, and says of each how it is not as it should
//! be. The mirror sees to it.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt::{self, Display, Formatter},
    sync::Arc,
    time::Duration,
};

use dataverse::Error;
use ledger::{LedgerError, Unconfirmed};
use model::{
    record::Kind,
    tenant::TenantId,
    time::{SECOND, Timestamp},
};
use serde_json::Value as Json;
use tokio::time::sleep;
use uuid::Uuid;

use crate::{
    encode_row::{self, EncodedRow},
    lookup_rows::{Codes, LookupRows},
    mapping::TableMapping,
    mirror::Findings,
    pass_error::PassError,
    worker_context::WorkerContext,
};

/// How many rows are asked for by their ids in one request, which must fit into an address.
const BY_ID: usize = 100;
/// How many records of those that wait are looked at in one pass, so that a flood does not lie in memory as a whole.
const PASS: usize = 4_000;
/// What was otherwise than it should be is looked at again after this time: by then the mirror or a person has seen to it.
const AGAIN: i64 = 300 * SECOND;

pub(crate) struct ReadBack {
    context: WorkerContext,
    findings: Findings,
    /// What is there otherwise than it should be.
    differing: HashMap<Uuid, RowDifference>,
    /// What this pass found for the first time.
    news: News,
    /// What was looked at last, where more may wait; and up to when what is looked at was delivered, the same for all pages of
    /// one round.
    after: Option<(Timestamp, Unconfirmed)>,
    /// Those of what differed that still wait, as far as was looked since the beginning.
    met: HashSet<Uuid>,
}

/// How many rows are not as they should be, and one of them.
#[derive(Default)]
struct News {
    missing: u64,
    otherwise: u64,
    one: Option<(Uuid, String)>,
}

/// Of which revision, and when it was seen.
struct RowDifference {
    revision: i64,
    seen_at: Timestamp,
}

impl ReadBack {
    pub(crate) fn new(context: WorkerContext, findings: Findings) -> Self {
        let (differing, news) = (HashMap::new(), News::default());
        Self { context, findings, differing, news, after: None, met: HashSet::new() }
    }

    pub(crate) async fn run(mut self) {
        let stop = self.context.stop.clone();
        let mut wait = self.context.settings.read_back_every;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = sleep(wait) => {}
            }
            wait = self.context.settings.read_back_every;
            let passed = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                passed = self.pass() => passed,
            };
            self.say_what_is_new();
            let fault = passed.as_ref().err().map(ToString::to_string);
            self.context.status_handle.update(|status| status.read_back_fault = fault);
            match passed {
                Ok(true) => wait = Duration::ZERO,
                Ok(false) | Err(PassError::Lost | PassError::Spent(_)) => {}
                Err(PassError::Ledger(LedgerError::Closed)) => return,
                Err(PassError::Ledger(error)) => {
                    tracing::warn!(%error, "the read-back cannot use the ledger");
                }
                Err(PassError::Dataverse(error)) => {
                    // The relay says the same louder.
                    tracing::debug!(%error, "the read-back got no answer");
                    wait = wait.max(error.retry_after().unwrap_or_default());
                }
            }
        }
    }

    /// One look at what has waited longest to be confirmed; whether more of it may wait than was looked at.
    async fn pass(&mut self) -> Result<bool, PassError> {
        let now = self.context.clock.now();
        let patience = i64::try_from(self.context.settings.unconfirmed_after.as_micros()).unwrap_or(i64::MAX);
        let (until, after) = match self.after.take() {
            Some((until, after)) => (until, Some(after)),
            None => (now.plus(-patience), None),
        };
        let waiting = self.context.ledger.unconfirmed(until, after.as_ref(), PASS).await?;
        let last = waiting.last().cloned();
        let ids: Vec<Uuid> = waiting.iter().map(|item| item.held.stored.id).collect();
        let mut kinds: BTreeMap<&str, Vec<Unconfirmed>> = BTreeMap::new();
        for item in waiting {
            if !self.was_just_seen(&item, now) {
                kinds.entry(item.kind.name).or_default().push(item);
            }
        }
        let mut trouble = None;
        if !kinds.is_empty() {
            self.context.budget.left().await?;
            let asked = self.ask_for_all(&kinds).await;
            self.context.budget.book().await;
            trouble = asked?;
            self.context.status_handle.update(|status| status.last_read_back = Some(now));
        }
        if after.is_none() {
            self.met.clear();
        }
        self.meet(ids, last.is_none());
        self.after = last.map(|last| (until, last));
        trouble.map_or(Ok(self.after.is_some()), |error| Err(error.into()))
    }

    /// Says what is wrong with one of the tables, if anything: the others are asked all the same.
    async fn ask_for_all(
        &mut self,
        kinds: &BTreeMap<&str, Vec<Unconfirmed>>,
    ) -> Result<Option<Error>, PassError> {
        let mut trouble = None;
        for waiting in kinds.values() {
            for some in waiting.chunks(BY_ID) {
                match self.ask_for(some[0].kind, some).await {
                    Err(PassError::Dataverse(error)) if !error.is_lane_fault() => trouble = Some(error),
                    asked => asked?,
                }
            }
        }
        Ok(trouble)
    }

    async fn ask_for(&mut self, kind: &'static Kind, waiting: &[Unconfirmed]) -> Result<(), PassError> {
        let ids: Vec<Uuid> = waiting.iter().map(|item| item.dataverse_id).collect();
        let mapping = Arc::clone(&self.context.settings.mapping);
        let Some(table) = mapping.of(kind) else { return Ok(()) };
        let asked_at = self.context.clock.now();
        let rows = self.context.organisation.rows(table, &encode_row::columns(table), &ids).await?;
        let lookups = &self.context.lookups;
        let asked: Vec<&Json> = rows.iter().collect();
        let codes = lookups.ask(&*self.context.organisation, table, &asked).await?;
        let first = self.context.settings.tenants.first().map_or(TenantId::FIRST, |tenant| tenant.id);
        let rows: HashMap<Uuid, EncodedRow> = rows
            .into_iter()
            .filter_map(|row| {
                let (tenant, id) = encode_row::identity(table, &row, first)?;
                Some((id, EncodedRow { tenant, row }))
            })
            .collect();
        let mut confirmed = Vec::with_capacity(waiting.len());
        for item in waiting {
            match fault(table, item, rows.get(&item.dataverse_id), &(&self.context.lookups, &codes)) {
                None => confirmed.push(item.clone()),
                Some(fault) => self.report(item, &fault, asked_at),
            }
        }
        if !confirmed.is_empty() {
            let news = self.context.ledger.confirmed(&confirmed).await?;
            self.context.status_handle.update(|status| status.confirmed += news);
        }
        Ok(())
    }

    /// Each is said once, however often it is looked at.
    fn report(&mut self, item: &Unconfirmed, fault: &RowFault, asked_at: Timestamp) {
        let (id, revision) = (item.held.stored.id, item.held.stored.revision);
        match fault {
            RowFault::Missing => self.findings.missing(item.kind, item.dataverse_id, asked_at),
            RowFault::Undeleted | RowFault::Other(_) => self.findings.differing(item.kind, item.dataverse_id),
        }
        let seen = RowDifference { revision, seen_at: self.context.clock.now() };
        let before = self.differing.insert(id, seen);
        if before.is_none_or(|before| before.revision != revision) {
            match fault {
                RowFault::Missing => self.news.missing += 1,
                RowFault::Undeleted | RowFault::Other(_) => self.news.otherwise += 1,
            }
            self.news.one.get_or_insert_with(|| (id, fault.to_string()));
        }
        self.show();
    }

    /// One line a pass: a table that vanished is no reason to fill the disk.
    fn say_what_is_new(&mut self) {
        let News { missing, otherwise, one } = std::mem::take(&mut self.news);
        if let Some((id, fault)) = one {
            tracing::warn!(rows.gone = missing, rows.otherwise = otherwise, record.id = %id, fault, "dataverse does not hold what it acknowledged; one of them is named");
        }
    }

    fn was_just_seen(&self, item: &Unconfirmed, now: Timestamp) -> bool {
        let stored = &item.held.stored;
        let seen = self.differing.get(&stored.id);
        seen.is_some_and(|seen| {
            seen.revision == stored.revision && (0..AGAIN).contains(&now.since(seen.seen_at))
        })
    }

    /// What does not wait any more once all was looked at was confirmed, changed or withdrawn.
    fn meet(&mut self, waiting: Vec<Uuid>, is_all: bool) {
        self.met.extend(waiting.into_iter().filter(|id| self.differing.contains_key(id)));
        if is_all {
            let met = std::mem::take(&mut self.met);
            self.differing.retain(|id, _| met.contains(id));
            self.show();
        }
    }

    fn show(&self) {
        self.context.status_handle.update(|status| status.differing = self.differing.len() as u64);
    }
}

/// How a row is not as it should be.
#[derive(Debug, PartialEq, Eq)]
enum RowFault {
    Missing,
    Undeleted,
    Other(Vec<String>),
}

impl Display for RowFault {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => to.write_str("the row is not there"),
            Self::Undeleted => to.write_str("the row was deleted and is there"),
            Self::Other(columns) => write!(to, "other content in {}", columns.join(", ")),
        }
    }
}

/// What is wrong with a row, if anything.
fn fault(
    table: &TableMapping,
    item: &Unconfirmed,
    found: Option<&EncodedRow>,
    lookups: &(&LookupRows, &Codes),
) -> Option<RowFault> {
    match (item.held.withdrawn_at, found) {
        (None, None) => Some(RowFault::Missing),
        (Some(_), Some(_)) => Some(RowFault::Undeleted),
        (Some(_), None) => None,
        (None, Some(found)) => {
            let record = &item.held.stored.record;
            let columns = encode_row::differences(table, item.tenant, record, found, lookups);
            (!columns.is_empty()).then_some(RowFault::Other(columns))
        }
    }
}
