//! This process's one writer. A group is everything that waited while the commit before it ran: one transaction, one
//! flush, and only then the answers.

use std::{io::ErrorKind, sync::Arc, time::Duration};

use model::{clock::Clock, time::Instant};
use sqlx::{Error, PgConnection, PgPool, Postgres, Row, pool::PoolConnection};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    fault::{self, Nature},
    group,
    schema::Schema,
    step::{Closing, Step},
};
use crate::{
    LedgerError,
    chance::Chance,
    command::Work,
    health::{Notes, Sort},
    queue::Queue,
};

/// How often the same is tried while others are in the way.
const TRIES: u32 = 5;
const PAUSE_MOST: Duration = Duration::from_millis(200);

pub(super) struct Writer {
    pub(super) pool: PgPool,
    /// Kept between groups; none after it broke.
    pub(super) connection: Option<PoolConnection<Postgres>>,
    pub(super) schema: Schema,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) chance: Arc<dyn Chance>,
    pub(super) changes: watch::Sender<u64>,
    pub(super) notes: Notes,
    /// Whose rows in the hours are ours.
    pub(super) number: i64,
    pub(super) patience: Duration,
}

/// How a transaction failed.
enum Failure {
    /// Nothing of it was kept.
    Nothing(Error),
    /// Nobody knows whether it was kept.
    Unknown(Error),
}

impl Writer {
    /// Writes until the queue is closed and empty.
    pub(super) async fn run(mut self, queue: Arc<Queue>) {
        while let Some(group) = queue.take().await {
            self.write(group.into_iter().map(|command| command.work).collect()).await;
        }
        drop(self.connection);
        self.pool.close().await;
    }

    async fn write(&mut self, mut works: Vec<Work>) {
        match self.commit(&mut works).await {
            // One bad statement, or one record that somebody holds, must not take down its neighbours.
            Err((nature, said)) if works.len() > 1 && concerns_one(nature, &said) => {
                for mut work in works {
                    let committed = self.commit(std::slice::from_mut(&mut work)).await;
                    self.finish(vec![work], committed);
                }
            }
            committed => self.finish(works, committed),
        }
    }

    /// Noted first: who hears that nothing was kept finds it said everywhere. That others are in the way of one record
    /// says nothing of the database.
    fn finish(&self, works: Vec<Work>, committed: Result<(), (Nature, LedgerError)>) {
        let in_the_way = matches!(committed, Err((Nature::InTheWay, _)));
        let committed = committed.map_err(|(_, error)| error);
        if let Some(sort) = works.iter().map(Work::sort).reduce(Sort::and).filter(|_| !in_the_way) {
            self.notes.note(sort, works.iter().map(Work::weight).sum(), &committed);
        }
        works.into_iter().for_each(|work| work.finish(&committed));
    }

    /// Tries again where nothing can have been kept and another try may mend it: once on another connection, and a few
    /// times after those who were in the way.
    async fn commit(&mut self, works: &mut [Work]) -> Result<(), (Nature, LedgerError)> {
        let mut lost = false;
        for tries in 1.. {
            let error = match self.transact(works).await {
                Ok(changed) => {
                    if changed {
                        self.moved();
                    }
                    return Ok(());
                }
                Err(Failure::Unknown(error)) => {
                    tracing::error!(%error, "the ledger's database broke off in a commit; it is not known what was kept");
                    self.moved();
                    return Err((Nature::Lost, fault::unknown()));
                }
                Err(Failure::Nothing(error)) => error,
            };
            let nature = fault::nature(&error);
            match nature {
                Nature::Lost if !lost => lost = true,
                Nature::InTheWay if tries < TRIES && fault::is_a_knot(&error) => {
                    sleep(PAUSE_MOST.mul_f64(self.chance.fraction())).await;
                }
                _ => {
                    let said = fault::of(&error);
                    if !matches!(works, [Work::Trial(_)]) {
                        tracing::error!(error = %said, "the ledger could not write; nothing of this group was kept");
                    }
                    return Err((nature, said));
                }
            }
            tracing::debug!(%error, "the ledger's database broke off before the commit; once more");
        }
        Err((Nature::Refused, LedgerError::Closed))
    }

    fn moved(&self) {
        self.changes.send_modify(|moves| *moves += 1);
    }

    /// All of it or nothing. Says whether anything changed that others can see.
    async fn transact(&mut self, works: &mut [Work]) -> Result<bool, Failure> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let mut connection = self.pool.acquire().await.map_err(Failure::Nothing)?;
                connection.close_on_drop();
                connection
            }
        };
        let performed = timeout(self.patience, self.perform(&mut connection, works)).await;
        let changed = match performed {
            Ok(Ok(changed)) => changed,
            Ok(Err(error)) => {
                self.give_up(connection, &error).await;
                return Err(Failure::Nothing(error));
            }
            Err(_) => {
                // Its transaction ends with the connection.
                drop(connection.detach());
                return Err(Failure::Nothing(Error::PoolTimedOut));
            }
        };
        match timeout(self.patience, self.schema.script("COMMIT").execute(&mut *connection)).await {
            Ok(Ok(_)) => {
                self.connection = Some(connection);
                Ok(changed)
            }
            Ok(Err(error)) if fault::nature(&error) != Nature::Lost => {
                self.give_up(connection, &error).await;
                Err(Failure::Nothing(error))
            }
            Ok(Err(error)) => {
                drop(connection.detach());
                Err(Failure::Unknown(error))
            }
            Err(_) => {
                drop(connection.detach());
                Err(Failure::Unknown(Error::PoolTimedOut))
            }
        }
    }

    async fn perform(&self, connection: &mut PgConnection, works: &mut [Work]) -> Result<bool, Error> {
        let asked_at = self.clock.now();
        // A connection that was idle may be dead without a word; nothing was sent yet, so that another one may do.
        let begun = timeout(self.patience / 3, self.schema.begin_writing().fetch_all(&mut *connection)).await;
        let told = begun.unwrap_or_else(|_| Err(Error::Io(ErrorKind::TimedOut.into())))?;
        let now: i64 = told.last().ok_or(Error::RowNotFound)?.try_get(0)?;
        let mut step = Step {
            connection,
            schema: &self.schema,
            chance: &*self.chance,
            now: Instant::from_micros(now),
            writer: self.number,
            changed: false,
            closing: Closing::default(),
        };
        group::perform(&mut step, works, asked_at).await?;
        Ok(step.changed)
    }

    /// Leaves no half of a transaction behind.
    async fn give_up(&mut self, mut connection: PoolConnection<Postgres>, error: &Error) {
        let ended = if fault::nature(error) == Nature::Lost {
            None
        } else {
            timeout(self.patience, self.schema.script("ROLLBACK").execute(&mut *connection)).await.ok()
        };
        if matches!(ended, Some(Ok(_))) {
            self.connection = Some(connection);
        } else {
            drop(connection.detach());
        }
    }
}

/// Whether it may be the fault of one of many who were written together.
fn concerns_one(nature: Nature, said: &LedgerError) -> bool {
    nature == Nature::InTheWay || matches!(said, LedgerError::Fault(_))
}
