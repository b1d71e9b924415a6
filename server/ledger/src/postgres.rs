//! The ledger in a PostgreSQL database that any number of processes share: one writer here that groups requests, a few
//! readers beside it, and nothing kept in a session, so that it works through a transaction pooler.

mod change;
mod clock;
mod confirm;
mod counted;
mod fault;
mod fence;
mod group;
mod handlings;
mod history;
mod hours;
mod identity;
mod importer;
mod intake;
mod lease;
mod letters;
mod list;
mod marks;
mod migrate;
mod mirror;
mod origin;
mod outbox;
mod reach;
mod row;
mod schema;
mod settle;
mod spending;
mod standing;
mod statements;
mod step;
mod target;
mod upkeep;
mod writer;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
    time::Duration,
};

use model::{
    calendar::Window,
    clock::Clock,
    history::{Filter, History},
    record::Kind,
    tenant::TenantId,
    time::Timestamp,
};
use sqlx::{Connection, Error, PgConnection, PgPool, postgres::PgPoolOptions};
use tokio::time::timeout;
use uuid::Uuid;

use self::{counted::Counted, fault::Nature, reach::Reach, schema::Schema, standing::Asked, writer::Writer};
pub(crate) use self::{
    importer::Importer,
    origin::{Foreign, Origin},
    target::Target,
};
use crate::{
    Answer, Database, DeadLetter, Handling, Held, HourBalance, Identity, LedgerError, ListAsk, OpenError,
    Page, Question, Reject, Standing, There, Unconfirmed, desk::Desk, health::Notes, opening::Opening,
};

/// Who probes asks again soon, and gives up soon.
const PROBE: Duration = Duration::from_secs(2);

/// One process's way to the ledger in a database.
pub(crate) struct Postgres {
    schema: Schema,
    readers: PgPool,
    reach: Reach,
    pub(crate) desk: Desk,
    clock: Arc<dyn Clock>,
    counted: Counted,
    hours: hours::Counted,
    patience: Duration,
    /// As which the ledger was claimed by this process.
    generation: Arc<AtomicI64>,
}

/// Asks within one transaction that only reads, all of it from one moment. A connection that turns out to be gone is
/// replaced once: nothing is changed by asking twice.
macro_rules! reading {
    ($store:ident, $connection:ident => $question:expr) => {
        'asked: {
            for last in [false, true] {
                let mut taken = reach::acquire(&$store.readers, &$store.reach)
                    .await
                    .map_err(|error| fault::of(&error))?;
                let answer = timeout($store.patience, async {
                    let mut transaction = taken.begin_with($store.schema.begin_reading()).await?;
                    let $connection = &mut *transaction;
                    $question.await
                });
                match answer.await {
                    Ok(Err(error)) if !last && fault::nature(&error) == Nature::Lost => {}
                    Ok(answer) => break 'asked answer.map_err(|error| fault::of(&error)),
                    Err(_) => {
                        // It hangs, and whoever takes it next would hang with it.
                        taken.close_on_drop();
                        break 'asked Err(fault::of(&Error::PoolTimedOut));
                    }
                }
            }
            Err(LedgerError::Closed)
        }
    };
}

impl Postgres {
    pub(crate) async fn open(database: Database, opening: Opening) -> Result<Self, OpenError> {
        Self::open_to(database, opening, true).await
    }

    /// Opens a ledger that may be carried over just now, to read in it.
    pub(crate) async fn look_into(database: Database, opening: Opening) -> Result<Self, OpenError> {
        Self::open_to(database, opening, false).await
    }

    async fn open_to(
        database: Database,
        Opening { kinds, clock, random, changes }: Opening,
        is_whole: bool,
    ) -> Result<Self, OpenError> {
        let place = database.place();
        let Database { options, schema, readers, patience } = database;
        let schema = Schema::new(&schema, patience, kinds);
        let pool = |most: u32| {
            PgPoolOptions::new()
                .max_connections(most)
                .acquire_timeout(patience)
                .connect_lazy_with((*options).clone())
        };
        let (readers, writers) = (pool(readers), pool(1));
        let mut connection = reach::acquire(&writers, &Reach::default())
            .await
            .map_err(|error| migrate::refusal(&place, &error))?;
        migrate::migrate(&mut connection, &schema, &place).await?;
        if is_whole {
            target::refuse_unfinished(&mut connection, &schema, &place).await?;
        }
        let generation = Arc::new(AtomicI64::new(fence::ANY));
        // The transaction of a writer that broke off ends with its connection.
        connection.close_on_drop();
        let notes = Notes::new(Arc::clone(&clock), changes.clone());
        let desk = Desk::open(notes.clone(), {
            let (schema, clock, mut connection) = (schema.clone(), Arc::clone(&clock), Some(connection));
            let number = (random.next() >> 1).cast_signed().max(1);
            let generation = Arc::clone(&generation);
            move |queue| {
                let writer = Writer {
                    generation: Arc::clone(&generation),
                    pool: writers.clone(),
                    reach: Reach::default(),
                    connection: connection.take(),
                    schema: schema.clone(),
                    clock: Arc::clone(&clock),
                    number,
                    random: Arc::clone(&random),
                    changes: changes.clone(),
                    notes: notes.clone(),
                    patience,
                };
                writer.run(queue)
            }
        });
        Ok(Self {
            schema,
            readers,
            reach: Reach::default(),
            desk,
            clock,
            counted: Counted::default(),
            hours: hours::Counted::default(),
            patience,
            generation,
        })
    }

    pub(crate) async fn close(&self) {
        self.desk.close().await;
        self.readers.close().await;
    }

    /// Whether it reads, and whether it writes.
    pub(crate) async fn healthy(&self) -> Result<(), LedgerError> {
        let schema = &self.schema;
        let reads = async {
            reading!(self, connection => schema.query("SELECT count(*) FROM studio.tenants").execute(connection))
                .map(|_| ())
        };
        self.desk.probed(reads, PROBE).await
    }

    pub(crate) async fn identity(&self) -> Result<Identity, LedgerError> {
        reading!(self, connection => identity::read(connection, &self.schema))
    }

    /// From now on nothing is written once the ledger has gone to another organisation.
    pub(crate) fn keep_to(&self, generation: i64) {
        self.generation.store(generation, Relaxed);
    }

    pub(crate) async fn unconfirmed(
        &self,
        until: Timestamp,
        after: Option<&Unconfirmed>,
        most: usize,
    ) -> Result<Vec<Unconfirmed>, LedgerError> {
        let now = self.clock.now();
        reading!(self, connection => confirm::waiting(connection, &self.schema, (until, now), after, most))
    }

    pub(crate) async fn read(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        id: Uuid,
    ) -> Result<Option<Held>, LedgerError> {
        reading!(self, connection => list::read(connection, &self.schema, tenant, kind, id))
    }

    pub(crate) async fn list(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        ask: &ListAsk,
    ) -> Result<Page, LedgerError> {
        reading!(self, connection => list::list(connection, &self.schema, tenant, kind, ask))
    }

    pub(crate) async fn names(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        pointer: usize,
        text: Option<&str>,
        most: usize,
    ) -> Result<Vec<(String, Option<String>)>, LedgerError> {
        reading!(self, connection => {
            list::names(Asked { connection, schema: &self.schema, tenant }, kind, pointer, text, most)
        })
    }

    pub(crate) async fn history(
        &self,
        tenant: TenantId,
        window: &Window,
        filter: &Filter,
    ) -> Result<History, LedgerError> {
        reading!(self, connection => history::history(connection, &self.schema, tenant, window, filter))
    }

    pub(crate) async fn standing(&self, tenant: TenantId) -> Result<Standing, LedgerError> {
        let (times, counts) = self.counted.recent(tenant);
        let mut counted = counts.clone();
        let standing = reading!(self, connection => {
            counted.clone_from(&counts);
            standing::standing(Asked { connection, schema: &self.schema, tenant }, &mut counted)
        })?;
        self.counted.keep(tenant, times, counted);
        Ok(standing)
    }

    /// Counts anew what is counted as it changes, adds up old hours and lets old receipts go. Says of how many hours the
    /// backlog was counted wrong; it is right afterwards.
    pub(crate) async fn tend(&self) -> Result<usize, LedgerError> {
        let mut taken =
            reach::acquire(&self.readers, &self.reach).await.map_err(|error| fault::of(&error))?;
        let tended = self.tend_on(&mut taken).await;
        if tended.is_err() {
            // A transaction may be open in it.
            taken.close_on_drop();
        }
        tended.map_err(|error| fault::of(&error))
    }

    async fn tend_on(&self, connection: &mut PgConnection) -> Result<usize, Error> {
        let begin = format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {}", upkeep::LIMITS);
        self.schema.script(&begin).execute(&mut *connection).await?;
        let counted = counted::recount(connection, &self.schema).await?;
        self.schema.script("COMMIT").execute(&mut *connection).await?;
        self.counted.renew(counted);
        upkeep::tend(connection, &self.schema).await
    }

    pub(crate) async fn dead_letters(
        &self,
        tenant: TenantId,
        most: usize,
    ) -> Result<Vec<DeadLetter>, LedgerError> {
        reading!(self, connection => {
            letters::dead_letters(Asked { connection, schema: &self.schema, tenant }, most)
        })
    }

    pub(crate) async fn dead_letter(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        id: Uuid,
    ) -> Result<Option<DeadLetter>, LedgerError> {
        reading!(self, connection => {
            letters::dead_letter(Asked { connection, schema: &self.schema, tenant }, kind, id)
        })
    }

    pub(crate) async fn handlings(
        &self,
        tenant: TenantId,
        most: usize,
    ) -> Result<Vec<Handling>, LedgerError> {
        reading!(self, connection => {
            handlings::handlings(Asked { connection, schema: &self.schema, tenant }, most)
        })
    }

    pub(crate) async fn questions(&self) -> Result<Vec<(&'static Kind, Question)>, LedgerError> {
        let marks = reading!(self, connection => marks::all(connection, &self.schema))?;
        Ok(marks.into_iter().filter_map(|(kind, mark)| Some((kind, mark.question?))).collect())
    }

    pub(crate) async fn policies(&self) -> Result<Vec<(&'static Kind, Answer)>, LedgerError> {
        let marks = reading!(self, connection => marks::all(connection, &self.schema))?;
        Ok(marks.into_iter().filter_map(|(kind, mark)| Some((kind, mark.policy?))).collect())
    }

    pub(crate) async fn removed_unasked(
        &self,
        kind: &'static Kind,
        since: Timestamp,
    ) -> Result<i64, LedgerError> {
        reading!(self, connection => mirror::removed_unasked(connection, &self.schema, kind, since))
    }

    pub(crate) async fn standing_there(
        &self,
        kind: &'static Kind,
        after: i64,
        before: Timestamp,
        most: usize,
    ) -> Result<Vec<There>, LedgerError> {
        let now = self.clock.now();
        reading!(self, connection => async move {
            let before = clock::there(connection, &self.schema, before, now).await?;
            mirror::standing_there(connection, &self.schema, kind, (after, before), most).await
        })
    }

    pub(crate) async fn in_line(
        &self,
        kind: &'static Kind,
        after: i64,
        most: usize,
    ) -> Result<Vec<There>, LedgerError> {
        reading!(self, connection => mirror::in_line(connection, &self.schema, kind, after, most))
    }

    pub(crate) async fn hours(
        &self,
        tenant: TenantId,
        from: Timestamp,
    ) -> Result<Vec<HourBalance>, LedgerError> {
        let now = self.clock.now();
        let (hours, stretch, kept) = reading!(self, connection => {
            hours::hours(Asked { connection, schema: &self.schema, tenant }, &self.hours, (from, now))
        })?;
        for (kind, tally) in kept {
            self.hours.keep((kind.name, Some(tenant)), &stretch, tally);
        }
        Ok(hours)
    }

    pub(crate) async fn spent(&self, since: Timestamp) -> Result<Vec<(Timestamp, i64)>, LedgerError> {
        reading!(self, connection => spending::spent(connection, &self.schema, since))
    }

    pub(crate) async fn rejects(
        &self,
        tenant: TenantId,
        kind: Option<&'static Kind>,
        most: usize,
    ) -> Result<Vec<Reject>, LedgerError> {
        reading!(self, connection => {
            mirror::rejects(Asked { connection, schema: &self.schema, tenant }, kind, most)
        })
    }
}

#[cfg(test)]
mod tests;
