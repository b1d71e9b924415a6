//! Reads back what was delivered, compares it with the ledger, and confirms what is there as it should be.
//!
//! Rows are asked for in the order in which Dataverse changed them, from where the last pass ended: a page of many rows
//! for one request, and none at all while nothing waits to be confirmed.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use dataverse::{Client, Error, Filter, Literal, Query};
use ledger::{Ledger, LedgerError, Unconfirmed};
use model::{
    clock::Clock,
    record::{KINDS, Kind},
    tenant::TenantId,
    time::{Instant, MINUTE, SECOND},
};
use serde_json::Value as Json;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{Settings, handle::Board, row};

const PAGE: u32 = 1_000;
/// How many rows are asked for by their ids in one request, which must fit into an address.
const BY_ID: usize = 100;
/// Dataverse's clock may be so far behind ours when the first pass begins.
const SKEW: i64 = 10 * MINUTE;
/// How many records of those that wait are looked at in one pass, so that a flood does not lie in memory as a whole.
const PASS: usize = 4_000;
const MODIFIED: &str = "modifiedon";

pub(crate) struct ReadBack {
    ledger: Ledger,
    client: Client,
    settings: Arc<Settings>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    board: Board,
    /// Up to where each table was read, by Dataverse's own clock.
    read_up_to: HashMap<&'static str, Instant>,
    /// What is there otherwise than it should be, and was said once: record and revision.
    differing: HashMap<Uuid, i64>,
}

/// Why a pass ended early. The next one begins where it began.
enum Broken {
    Ledger(LedgerError),
    Dataverse(Error),
}

impl From<LedgerError> for Broken {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self::Dataverse(error)
    }
}

impl ReadBack {
    pub(crate) fn new(
        ledger: Ledger,
        client: Client,
        settings: Arc<Settings>,
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
        board: Board,
    ) -> Self {
        let (read_up_to, differing) = (HashMap::new(), HashMap::new());
        Self { ledger, client, settings, clock, stop, board, read_up_to, differing }
    }

    pub(crate) async fn run(mut self) {
        let mut changes = self.ledger.changes();
        let stop = self.stop.clone();
        let mut wait = self.settings.read_back_every;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = sleep(wait) => {}
            }
            wait = self.settings.read_back_every;
            changes.mark_unchanged();
            let passed = tokio::select! {
                () = stop.cancelled() => return,
                passed = self.pass() => passed,
            };
            match passed {
                Ok(true) => wait = Duration::ZERO,
                Ok(false) => {}
                Err(Broken::Ledger(LedgerError::Closed)) => return,
                Err(Broken::Ledger(error)) => tracing::warn!(%error, "the read-back cannot use the ledger"),
                // The relay says the same louder.
                Err(Broken::Dataverse(error)) => tracing::debug!(%error, "the read-back got no answer"),
            }
        }
    }

    /// One look at what has waited longest to be confirmed; whether more of it waits than was looked at.
    async fn pass(&mut self) -> Result<bool, Broken> {
        let now = self.clock.now();
        let waiting = self.ledger.unconfirmed(now, PASS).await?;
        let is_full = waiting.len() == PASS;
        let waiting: Vec<Unconfirmed> =
            waiting.into_iter().filter(|item| !self.is_known_to_differ(item)).collect();
        if waiting.is_empty() {
            return Ok(false);
        }
        for kind in KINDS {
            let waiting: Vec<Unconfirmed> =
                waiting.iter().filter(|item| item.kind == *kind).cloned().collect();
            if !waiting.is_empty() {
                self.pass_over(kind, waiting).await?;
            }
        }
        self.board.update(|status| status.last_read_back = Some(now));
        Ok(is_full)
    }

    async fn pass_over(&mut self, kind: &'static Kind, waiting: Vec<Unconfirmed>) -> Result<(), Broken> {
        let since = self.read_up_to.get(kind.name).copied().unwrap_or_else(|| beginning(&waiting));
        let mut waiting: BTreeMap<(TenantId, Uuid), Unconfirmed> =
            waiting.into_iter().map(|item| ((item.tenant, item.held.stored.id), item)).collect();
        let query = Query::of(kind.destination.entity_set)
            .select(row::columns(kind).chain([MODIFIED]))
            .filter(Filter::ge(MODIFIED, literal(since)))
            .order_by(MODIFIED)
            .order_by(kind.destination.primary_key)
            .page_size(PAGE);
        let mut pages = self.client.query(query);
        while let Some(rows) = pages.next_page().await? {
            let found =
                rows.iter().filter_map(|row| Some((waiting.remove(&row::identity(kind, row)?)?, Some(row))));
            let found: Vec<_> = found.collect();
            self.judge(found).await?;
            let last = rows.last().and_then(|row| row.get(MODIFIED)).and_then(Json::as_str);
            if let Some(at) = last.and_then(Instant::parse) {
                self.read_up_to.insert(kind.name, at);
            }
            if waiting.is_empty() {
                break;
            }
        }
        self.ask_for(kind, waiting.into_values().collect()).await
    }

    /// What was changed before the watermark, or is not there at all, is asked for by its id.
    async fn ask_for(&mut self, kind: &'static Kind, waiting: Vec<Unconfirmed>) -> Result<(), Broken> {
        for items in waiting.chunks(BY_ID) {
            let ids = items.iter().map(|item| item.held.stored.id);
            let query = Query::of(kind.destination.entity_set)
                .select(row::columns(kind))
                .filter(Filter::any_of(kind.destination.primary_key, ids));
            let rows = self.client.query(query).all().await?;
            let rows: HashMap<(TenantId, Uuid), &Json> =
                rows.iter().filter_map(|row| Some((row::identity(kind, row)?, row))).collect();
            let found = items
                .iter()
                .map(|item| (item.clone(), rows.get(&(item.tenant, item.held.stored.id)).copied()));
            self.judge(found.collect()).await?;
        }
        Ok(())
    }

    /// Confirms what is as it should be, and says of the rest how it is not.
    async fn judge(&mut self, found: Vec<(Unconfirmed, Option<&Json>)>) -> Result<(), Broken> {
        let mut confirmed = Vec::with_capacity(found.len());
        for (item, row) in found {
            match fault(&item, row) {
                None => confirmed.push(item),
                Some(fault) => self.report(&item, &fault),
            }
        }
        if !confirmed.is_empty() {
            let news = self.ledger.confirmed(&confirmed).await?;
            self.board.update(|status| status.confirmed += news);
        }
        Ok(())
    }

    fn report(&mut self, item: &Unconfirmed, fault: &str) {
        let stored = &item.held.stored;
        tracing::warn!(kind = item.kind.name, id = %stored.id, fault, "dataverse does not hold what it acknowledged");
        self.differing.insert(stored.id, stored.revision);
        self.board.update(|status| status.differing += 1);
    }

    fn is_known_to_differ(&self, item: &Unconfirmed) -> bool {
        self.differing.get(&item.held.stored.id) == Some(&item.held.stored.revision)
    }
}

/// What is wrong with a row, if anything.
fn fault(item: &Unconfirmed, row: Option<&Json>) -> Option<String> {
    match (item.held.withdrawn_at, row) {
        (None, None) => Some("the row is not there".to_owned()),
        (Some(_), Some(_)) => Some("the row was deleted and is there".to_owned()),
        (Some(_), None) => None,
        (None, Some(row)) => {
            let columns = row::differences(item, row);
            (!columns.is_empty()).then(|| format!("other content in {}", columns.join(", ")))
        }
    }
}

/// From when on the first pass asks.
fn beginning(waiting: &[Unconfirmed]) -> Instant {
    let oldest = waiting.iter().filter_map(|item| item.held.stored.exported_at).min();
    oldest.unwrap_or(Instant::EARLIEST).plus(-SKEW)
}

/// Dataverse's times are whole seconds.
fn literal(at: Instant) -> Literal {
    let second = at.micros().div_euclid(SECOND);
    Literal::Time(jiff::Timestamp::from_second(second).unwrap_or(jiff::Timestamp::UNIX_EPOCH))
}
