//! The ledger in a PostgreSQL database that any number of processes share: one writer here that groups requests, a few
//! readers beside it, and nothing kept in a session, so that it works through a transaction pooler.

pub(crate) mod campaigns;
mod change;
pub(crate) mod change_cursor;
mod clock;
pub(crate) mod confirm;
pub(crate) mod connect;
mod counted;
pub(crate) mod dead_letters;
pub(crate) mod delivery_counts;
pub(crate) mod fault;
pub(crate) mod fence;
mod group;
pub(crate) mod handlings;
pub(crate) mod history;
pub(crate) mod hours;
pub(crate) mod identity;
pub(crate) mod intake;
mod lease;
pub(crate) mod list;
mod migrate;
pub(crate) mod mirror;
mod outbox;
pub(crate) mod panel;
pub(crate) mod people;
mod probe;
mod reach;
mod reader;
pub(crate) mod record_status;
pub(crate) mod recount;
pub(crate) mod rollups;
pub(crate) mod row;
pub(crate) mod schema;
pub(crate) mod service_keys;
mod settle;
pub(crate) mod share_links;
pub(crate) mod spending;
mod statements;
pub(crate) mod step;
mod tenant_reader;
mod upkeep;
pub(crate) mod writer;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering::Relaxed},
    },
    time::Duration,
};

use model::{clock::Clock, rng::Random};
use sqlx::{AssertSqlSafe, Error, PgConnection, PgPool, pool::PoolConnection, postgres::PgPoolOptions};

use self::{counted::Counted, fault::ErrorClass, reach::Reach, schema::PostgresSchema, writer::Writer};
pub(crate) use self::{
    reader::Reader,
    step::{InDatabase, Step, StepIn},
};
use crate::{
    Database, LedgerError, OpenError, health::Notes, opening::Opening, rollups::RollupTurn,
    writer_handle::WriterHandle,
};

/// An asker asks again soon, and gives up soon.
const PROBE: Duration = Duration::from_secs(2);

/// One process's way to the ledger in a database.
pub(crate) struct Postgres {
    schema: PostgresSchema,
    readers: PgPool,
    reach: Reach,
    pub(crate) writer: WriterHandle<InDatabase>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    counted: Counted,
    hours: hours::CountedUpTo,
    /// Whether rollups that are neither read nor under way may be left.
    sweeps: AtomicBool,
    pub(crate) patience: Duration,
    /// As which the ledger was claimed by this process.
    generation: Arc<AtomicI64>,
}

/// Asks within one transaction that only reads, all of it from one moment. A connection that turns out to be gone is
/// replaced once: nothing is changed by asking twice.
macro_rules! reading {
    ($store:ident, $reader:ident => $question:expr) => {
        'asked: {
            for last in [false, true] {
                let mut taken = match $store.acquire().await {
                    Ok(taken) => taken,
                    Err(error) => break 'asked Err(error),
                };
                let answer = $store.answer(async {
                    let mut transaction =
                        sqlx::Connection::begin_with(&mut *taken, $store.begin_reading()).await?;
                    let $reader = $store.reader(&mut transaction);
                    $question.await
                });
                match answer.await {
                    Ok(Err(error)) if !last && $crate::postgres::fault::is_lost(&error) => {}
                    Ok(answer) => break 'asked answer.map_err(|error| $crate::postgres::fault::of(&error)),
                    Err(error) => {
                        // It hangs, and what takes it next would hang with it.
                        taken.close_on_drop();
                        break 'asked Err($crate::postgres::fault::of(&error));
                    }
                }
            }
            Err($crate::LedgerError::Closed)
        }
    };
}
pub(crate) use reading;

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
        let schema = PostgresSchema::new(&schema, patience, kinds);
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
            connect::refuse_unfinished(&mut connection, &schema, &place).await?;
            rollups::making::begin_missing(&mut connection, &schema)
                .await
                .map_err(|error| migrate::refusal(&place, &error))?;
        }
        let generation = Arc::new(AtomicI64::new(fence::ANY));
        // The transaction of a writer that broke off ends with its connection.
        connection.close_on_drop();
        let notes = Notes::new(Arc::clone(&clock), changes.clone());
        let writer = WriterHandle::open(notes.clone(), {
            let (schema, clock, mut connection) = (schema.clone(), Arc::clone(&clock), Some(connection));
            let (generation, random) = (Arc::clone(&generation), Arc::clone(&random));
            move |queue| {
                let writer = Writer {
                    generation: Arc::clone(&generation),
                    pool: writers.clone(),
                    reach: Reach::default(),
                    connection: connection.take(),
                    schema: schema.clone(),
                    clock: Arc::clone(&clock),
                    number: writer::number(&*random),
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
            writer,
            clock,
            random,
            counted: Counted::default(),
            hours: hours::CountedUpTo::default(),
            sweeps: AtomicBool::new(true),
            patience,
            generation,
        })
    }

    pub(crate) async fn acquire(&self) -> Result<PoolConnection<sqlx::Postgres>, LedgerError> {
        reach::acquire(&self.readers, &self.reach).await.map_err(|error| fault::of(&error))
    }

    /// What a question comes to; an error of its own when it takes too long, or the database is silent.
    pub(crate) async fn answer<T>(&self, question: impl Future<Output = T>) -> Result<T, Error> {
        tokio::select! {
            biased;
            answer = tokio::time::timeout(self.patience, question) => answer.map_err(|_| Error::PoolTimedOut),
            error = self.reach.silence(&self.readers, 1) => Err(error),
        }
    }

    pub(crate) fn begin_reading(&self) -> AssertSqlSafe<String> {
        self.schema.begin_reading()
    }

    /// What a question is answered with.
    pub(crate) fn reader<'a>(&'a self, connection: &'a mut PgConnection) -> Reader<'a> {
        let now = self.clock.now();
        Reader { connection, schema: &self.schema, counted: &self.counted, hours: &self.hours, now }
    }

    pub(crate) async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }

    /// Whether it reads, and whether it writes.
    pub(crate) async fn healthy(&self) -> Result<(), LedgerError> {
        let schema = &self.schema;
        let reads = async {
            reading!(self, reader => {
                schema.query("SELECT count(*) FROM studio.tenants").execute(reader.connection)
            })
            .map(|_| ())
        };
        self.writer.probed(reads, PROBE).await
    }

    /// From now on nothing is written once the ledger has gone to another organisation.
    pub(crate) fn keep_to(&self, generation: i64) {
        self.generation.store(generation, Relaxed);
    }

    /// Counts anew what is counted as it changes, adds up old hours and lets old receipts go. Says of how many hours the
    /// backlog was counted wrong; it is right afterwards.
    pub(crate) async fn tend(&self) -> Result<usize, LedgerError> {
        let mut taken = Upkeeping(Some(self.acquire().await?));
        let tended = self.tend_on(taken.connection()?).await;
        taken.ended(tended)
    }

    /// Asks for rollups anew.
    pub(crate) async fn wish_rollups(&self) -> Result<(), LedgerError> {
        let mut taken = Upkeeping(Some(self.acquire().await?));
        let wished = rollups::making::wish(taken.connection()?, &self.schema).await;
        taken.ended(wished)
    }

    /// One step towards rollups that are wanted or under way; says whether another one follows at once. None does where another
    /// process is at it just now, or others would wait for it.
    pub(crate) async fn make_rollups(&self, most: i64) -> Result<bool, LedgerError> {
        let mut taken = Upkeeping(Some(self.acquire().await?));
        let asked = (most, self.sweeps.load(Relaxed));
        let turn = rollups::making::turn(taken.connection()?, &self.schema, &*self.random, asked).await;
        if turn.as_ref().is_err_and(|error| fault::nature(error) == ErrorClass::InTheWay) {
            return Ok(false);
        }
        let Some(turn) = taken.ended(turn)? else { return Ok(false) };
        turn.tell(most);
        self.sweeps.store(turn != RollupTurn::Idle, Relaxed);
        Ok(true)
    }

    async fn tend_on(&self, connection: &mut PgConnection) -> Result<usize, Error> {
        let begin = format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {}", upkeep::LIMITS);
        self.schema.script(&begin).execute(&mut *connection).await?;
        let counted = counted::recount(connection, &self.schema).await?;
        self.schema.script("COMMIT").execute(&mut *connection).await?;
        self.counted.renew(counted);
        upkeep::tend(connection, &self.schema).await
    }
}

/// A connection for transactions of upkeep. It is not used again unless they came to their end: one may be open in it.
struct Upkeeping(Option<PoolConnection<sqlx::Postgres>>);

impl Upkeeping {
    fn connection(&mut self) -> Result<&mut PgConnection, LedgerError> {
        self.0.as_deref_mut().ok_or(LedgerError::Closed)
    }

    fn ended<T>(mut self, came_to: Result<T, Error>) -> Result<T, LedgerError> {
        let came_to = came_to.map_err(|error| fault::of(&error))?;
        self.0 = None;
        Ok(came_to)
    }
}

impl Drop for Upkeeping {
    fn drop(&mut self) {
        if let Some(taken) = &mut self.0 {
            taken.close_on_drop();
        }
    }
}

#[cfg(test)]
mod tests;
