//! Brings in what others do in Dataverse, and confirms what the relay brought there: every table's changes since the last
//! look, or the whole table where there was none or its link has expired.
//!
//! Whatever a row says is told the ledger, which decides what it means beside its own state. Being told twice is no harm,
//! so that a reading that broke off is simply read once more.

mod findings;
mod gone;
mod pass;
mod question;
mod reader;
mod restored;
mod table;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use dataverse::Error;
use ledger::{ChangeCursor, LedgerError};
use model::tenant::TenantId;
use tokio::time::sleep;
use tracing::Instrument as _;

use crate::{
    MirrorState, meters,
    mirror::pass::Pass,
    pass_error::{self, PassError},
    worker_context::WorkerContext,
};

pub(crate) use findings::Findings;
pub(crate) use gone::Gone;
pub(crate) use reader::{ChangeReader, Loan};
pub(crate) use table::MirroredTable;

/// For how long beyond a few looks a process holds a table's cursor without being heard of: as long as the longest answer takes.
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) struct Mirror {
    context: WorkerContext,
    reader: ChangeReader,
    /// What the read-back did not find as it should be.
    findings: Findings,
    /// The tables whose cursor is ours, by their kind's name.
    tables: BTreeMap<&'static str, MirroredTable>,
    /// What stands there is known to be no newer than what waits here.
    is_newest: bool,
}

impl Mirror {
    pub(crate) fn new(context: WorkerContext, findings: Findings) -> Self {
        let tenants: Vec<TenantId> = context.settings.tenants.iter().map(|tenant| tenant.id).collect();
        let (ledger, organisation) = (Arc::clone(&context.ledger), Arc::clone(&context.organisation));
        let (mapping, clock) = (Arc::clone(&context.settings.mapping), Arc::clone(&context.clock));
        let lookups = Arc::clone(&context.lookups);
        let reader = ChangeReader::new(ledger, organisation, mapping, lookups, clock, tenants);
        Self { context, reader, findings, tables: BTreeMap::new(), is_newest: false }
    }

    pub(crate) async fn run(mut self) {
        let stop = self.context.stop.clone();
        loop {
            let looked = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                looked = self.look() => looked,
            };
            if matches!(looked, Err(PassError::Ledger(LedgerError::Closed))) {
                return;
            }
            let wait = self.show(looked);
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = sleep(wait) => {}
            }
        }
        // Another process need not wait for the cursors to run out.
        for table in self.tables.values() {
            if let Err(error) = self.reader.ledger.free_cursor(&table.cursor).await {
                tracing::debug!(%error, "the cursor of a table was not handed back");
            }
        }
    }

    /// One look at every table. Says whether there was so much that there may be more by now.
    async fn look(&mut self) -> Result<bool, PassError> {
        self.context.budget.left().await?;
        let looked = self.look_at_all().await;
        self.context.budget.book().await;
        looked
    }

    /// Tables are claimed in their order, and none by a process that does not have all before it: in the end one process
    /// has them all, and can tell what the ledger as a whole has seen.
    async fn look_at_all(&mut self) -> Result<bool, PassError> {
        let (mut more, mut trouble, mut has_all) = (false, None, true);
        let hold = self.context.settings.mirror_every * 2 + PATIENCE;
        let mapping = Arc::clone(&self.context.settings.mapping);
        for of_kind in mapping.tables() {
            let kind = of_kind.kind;
            let known = self.tables.remove(kind.name);
            // A process that has the cursor instead of this one finds them too.
            let found = self.findings.take(kind);
            if !has_all {
                if let Some(table) = known {
                    self.reader.ledger.free_cursor(&table.cursor).await?;
                }
                continue;
            }
            let Some(table) = MirroredTable::claim(known, kind, &self.reader, hold).await? else {
                has_all = false;
                continue;
            };
            let table = self.tables.entry(kind.name).or_insert(table);
            table.look_into(found);
            let pass = Pass {
                reader: &self.reader,
                status_handle: &self.context.status_handle,
                hold,
                mapping: of_kind,
                table,
            };
            match pass.run().instrument(meters::look(kind.name)).await {
                Ok(full) => more |= full,
                Err(PassError::Lost) => {
                    self.tables.remove(kind.name);
                }
                // A fault of this table only: the others are read all the same.
                Err(PassError::Dataverse(error)) if !error.is_lane_fault() => trouble = Some(error),
                Err(broken) => return Err(broken),
            }
        }
        if let Some(error) = trouble {
            return Err(error.into());
        }
        let has_all = mapping.tables().all(|of_kind| self.tables.contains_key(of_kind.kind.name));
        if !self.is_newest && has_all {
            let status_handle = &self.context.status_handle;
            let mut listener = |tally| pass::write_down(status_handle, tally);
            let cursors: Vec<&ChangeCursor> = self.tables.values().map(|table| &table.cursor).collect();
            self.is_newest = restored::look(&self.reader, &cursors, hold, &mut listener).await?;
        }
        Ok(more)
    }

    /// Writes on the status_handle how it went. Says how long to wait.
    fn show(&self, looked: Result<bool, PassError>) -> Duration {
        let every = self.context.settings.mirror_every;
        let now = self.context.clock.now();
        let (state, wait) = match looked {
            Ok(_) if self.tables.values().any(MirroredTable::is_asking) => (MirrorState::Asking, every),
            Ok(more) => (MirrorState::Watching, if more { Duration::ZERO } else { every }),
            Err(PassError::Lost) => (MirrorState::Watching, every),
            Err(PassError::Spent(spent)) => (MirrorState::Paused(spent.reason), every),
            Err(PassError::Ledger(error)) => {
                tracing::warn!(%error, "the mirror cannot use the ledger");
                (MirrorState::Paused(error.to_string()), every)
            }
            Err(PassError::Dataverse(error)) => {
                // The relay says the same louder.
                tracing::debug!(%error, "the mirror got no answer");
                let asked = error.retry_after().unwrap_or_default();
                (MirrorState::Paused(reason(&error)), every.max(asked))
            }
        };
        self.context.status_handle.update(|status| {
            if matches!(state, MirrorState::Paused(_)) {
                status.mirror.paused_since.get_or_insert(now);
            } else {
                status.mirror.last_pass = Some(now);
                status.mirror.paused_since = None;
            }
            status.mirror.state = state;
        });
        wait
    }
}

fn reason(error: &Error) -> String {
    pass_error::reason(error, error.retry_after().unwrap_or_default())
}
