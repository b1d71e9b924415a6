//! Reads back by their ids the few that the mirror did not confirm in time, and says of each how it is not as it should
//! be.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use ledger::{LedgerError, Unconfirmed};
use model::{record::Kind, tenant::TenantId};
use serde_json::Value as Json;
use tokio::time::sleep;
use uuid::Uuid;

use crate::{broken::Broken, handle::Station, row};

/// How many rows are asked for by their ids in one request, which must fit into an address.
const BY_ID: usize = 100;
/// How many records of those that wait are looked at in one pass, so that a flood does not lie in memory as a whole.
const PASS: usize = 4_000;

pub(crate) struct ReadBack {
    pub(crate) station: Station,
    /// What is there otherwise than it should be, and was said once: record and revision.
    pub(crate) differing: HashMap<Uuid, i64>,
}

impl ReadBack {
    pub(crate) async fn run(mut self) {
        let stop = self.station.stop.clone();
        let mut wait = self.station.settings.read_back_every;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = sleep(wait) => {}
            }
            wait = self.station.settings.read_back_every;
            let passed = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                passed = self.pass() => passed,
            };
            match passed {
                Ok(true) => wait = Duration::ZERO,
                Ok(false) | Err(Broken::Lost | Broken::Spent(_)) => {}
                Err(Broken::Ledger(LedgerError::Closed)) => return,
                Err(Broken::Ledger(error)) => tracing::warn!(%error, "the read-back cannot use the ledger"),
                // The relay says the same louder.
                Err(Broken::Dataverse(error)) => tracing::debug!(%error, "the read-back got no answer"),
            }
        }
    }

    /// One look at what has waited longest to be confirmed; whether more of it waits than was looked at.
    async fn pass(&mut self) -> Result<bool, Broken> {
        let now = self.station.clock.now();
        let patience = i64::try_from(self.station.settings.unconfirmed_after.as_micros()).unwrap_or(i64::MAX);
        let waiting = self.station.books.unconfirmed(now.plus(-patience), PASS).await?;
        let is_full = waiting.len() == PASS;
        let mut kinds: BTreeMap<&str, Vec<Unconfirmed>> = BTreeMap::new();
        for item in waiting {
            if !self.is_known_to_differ(&item) {
                kinds.entry(item.kind.name).or_default().push(item);
            }
        }
        if kinds.is_empty() {
            return Ok(false);
        }
        self.station.budget.left().await?;
        let asked = self.ask_for_all(&kinds).await;
        self.station.budget.book().await;
        asked?;
        self.station.board.update(|status| status.last_read_back = Some(now));
        Ok(is_full)
    }

    async fn ask_for_all(&mut self, kinds: &BTreeMap<&str, Vec<Unconfirmed>>) -> Result<(), Broken> {
        for waiting in kinds.values() {
            for some in waiting.chunks(BY_ID) {
                self.ask_for(some[0].kind, some).await?;
            }
        }
        Ok(())
    }

    async fn ask_for(&mut self, kind: &'static Kind, waiting: &[Unconfirmed]) -> Result<(), Broken> {
        let ids: Vec<Uuid> = waiting.iter().map(|item| item.dataverse_id).collect();
        let columns: Vec<&'static str> = row::columns(kind).collect();
        let rows = self.station.organisation.rows(&kind.destination, &columns, &ids).await?;
        let first = self.station.settings.tenants.first().map_or(TenantId::FIRST, |tenant| tenant.id);
        let rows: HashMap<(TenantId, Uuid), Json> =
            rows.into_iter().filter_map(|row| Some((row::identity(kind, &row, first)?, row))).collect();
        let mut confirmed = Vec::with_capacity(waiting.len());
        for item in waiting {
            match fault(item, rows.get(&(item.tenant, item.dataverse_id))) {
                None => confirmed.push(item.clone()),
                Some(fault) => self.report(item, &fault),
            }
        }
        if !confirmed.is_empty() {
            let news = self.station.books.confirmed(&confirmed).await?;
            self.station.board.update(|status| status.confirmed += news);
        }
        Ok(())
    }

    fn report(&mut self, item: &Unconfirmed, fault: &str) {
        let stored = &item.held.stored;
        tracing::warn!(kind = item.kind.name, id = %stored.id, fault, "dataverse does not hold what it acknowledged");
        self.differing.insert(stored.id, stored.revision);
        self.station.board.update(|status| status.differing += 1);
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
