//! This process's one writer. A group is everything that waited while the commit before it ran: one transaction, one
//! flush, and only then the answers.

use std::{
    collections::VecDeque,
    io::ErrorKind,
    sync::{Arc, atomic::AtomicI64},
    time::Duration,
};

use model::{clock::Clock, rng::Random};
use sqlx::{Error, PgConnection, PgPool, Postgres, pool::PoolConnection};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};
use tracing::Instrument as _;

use super::{
    InDatabase, Step,
    fault::{self, ErrorClass},
    fence, group,
    reach::{self, Reach},
    schema::PostgresSchema,
    step::{Closing, WritingBegun},
};
use crate::{
    LedgerError,
    command::Work,
    health::{Notes, Sort},
    meters,
    queue::Queue,
};

/// How often the same is tried while others are in the way.
const TRIES: u32 = 5;
const PAUSE_MOST: Duration = Duration::from_millis(200);
/// After this many that took too long it is the database that is slow, and not what was asked of it.
const SLOW: u32 = 3;

pub(super) struct Writer {
    pub(super) pool: PgPool,
    pub(super) reach: Reach,
    /// Kept between groups; none after it broke.
    pub(super) connection: Option<PoolConnection<Postgres>>,
    pub(super) schema: PostgresSchema,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) changes: watch::Sender<u64>,
    pub(super) notes: Notes,
    /// Whose rows in the hours are ours.
    pub(super) number: i64,
    /// As which the ledger was claimed.
    pub(super) generation: Arc<AtomicI64>,
    pub(super) patience: Duration,
}

/// How a transaction failed.
enum TransactionFailure {
    /// Nothing of it was kept.
    Nothing(Error),
    /// Nothing of it was kept, and it took too long.
    TooLong,
    /// Nothing was tried.
    Away(Error),
    /// It is not known whether it was kept.
    Unknown(Error),
}

impl Writer {
    /// Writes until the queue is closed and empty.
    pub(super) async fn run(mut self, queue: Arc<Queue<InDatabase>>) {
        while let Some(group) = queue.take().await {
            let away = self.write(group.into_iter().map(|command| command.work).collect()).await;
            if let Some(error) = away {
                // What came meanwhile would each have to wait for the same.
                queue.refuse(&error);
                queue.go_on();
            }
        }
        drop(self.connection);
        self.pool.close().await;
    }

    /// Writes what waited together in one transaction, and what may take long in transactions of its own: it fails by
    /// itself alone. Where one of many may be at fault, they are taken apart. Says why when the database is away.
    async fn write(&mut self, works: Vec<Work<InDatabase>>) -> Option<LedgerError> {
        let span = meters::group(works.iter().map(Work::weight).sum());
        self.write_all(works).instrument(span).await
    }

    async fn write_all(&mut self, works: Vec<Work<InDatabase>>) -> Option<LedgerError> {
        let (long, short): (Vec<Work<InDatabase>>, Vec<Work<InDatabase>>) =
            works.into_iter().partition(may_take_long);
        let mut parts: VecDeque<Vec<Work<InDatabase>>> =
            std::iter::once(short).chain(long.into_iter().map(one)).collect();
        let (mut slow, mut away): (u32, Option<(ErrorClass, LedgerError)>) = (0, None);
        while let Some(mut part) = parts.pop_front() {
            let committed = match &away {
                Some(ended) => Err(ended.clone()),
                None if part.is_empty() => continue,
                None => self.commit(&mut part).await,
            };
            slow += u32::from(matches!(committed, Err((ErrorClass::TooLong, _))));
            match committed {
                // One bad statement, or one record that another holds, must not take down its neighbours.
                Err((nature, said)) if part.len() > 1 && slow < SLOW && concerns_one(nature, &said) => {
                    take_apart(nature, part).into_iter().rev().for_each(|part| parts.push_front(part));
                }
                committed => {
                    away = committed.as_ref().err().filter(|(nature, _)| ends_all(*nature, slow)).cloned();
                    self.finish(part, committed);
                }
            }
        }
        away.filter(|(nature, _)| *nature == ErrorClass::Away).map(|(_, said)| said)
    }

    /// Noted first: who hears that nothing was kept finds it said everywhere. That others are in the way of one record
    /// says nothing of the database.
    fn finish(&self, works: Vec<Work<InDatabase>>, committed: Result<(), (ErrorClass, LedgerError)>) {
        let in_the_way = matches!(committed, Err((ErrorClass::InTheWay, _)));
        let committed = committed.map_err(|(_, error)| error);
        if let Some(sort) = works.iter().map(Work::sort).reduce(Sort::and).filter(|_| !in_the_way) {
            self.notes.note(sort, works.iter().map(Work::weight).sum(), &committed);
        }
        works.into_iter().for_each(|work| work.finish(&committed));
    }

    /// Tries again where nothing can have been kept and another try may mend it: once on another connection, and a few
    /// times after those who were in the way.
    async fn commit(&mut self, works: &mut [Work<InDatabase>]) -> Result<(), (ErrorClass, LedgerError)> {
        let mut lost = false;
        for tries in 1.. {
            let began = Instant::now();
            let transacted = self.transact(works).await;
            meters::committed(transacted.is_ok(), began.elapsed());
            let error = match transacted {
                Ok(changed) => {
                    if changed {
                        self.moved();
                    }
                    return Ok(());
                }
                Err(TransactionFailure::Unknown(error)) => {
                    tracing::error!(%error, "the ledger's database broke off in a commit; it is not known what was kept");
                    // It may go on for a while, with rows that bear the old number.
                    self.number = number(&*self.random);
                    self.moved();
                    return Err((ErrorClass::Lost, fault::unknown()));
                }
                Err(TransactionFailure::TooLong) => {
                    return Err(refusal(works, ErrorClass::TooLong, &Error::PoolTimedOut));
                }
                Err(TransactionFailure::Away(error)) => return Err(refusal(works, ErrorClass::Away, &error)),
                Err(TransactionFailure::Nothing(error)) => error,
            };
            let nature = fault::nature(&error);
            match nature {
                ErrorClass::Lost if !lost => lost = true,
                ErrorClass::InTheWay if tries < TRIES && fault::is_deadlock_or_serialization(&error) => {
                    sleep(PAUSE_MOST.mul_f64(self.random.fraction())).await;
                }
                _ => return Err(refusal(works, nature, &error)),
            }
            meters::tried_again();
            tracing::debug!(%error, "the ledger's database broke off before the commit; once more");
        }
        Err((ErrorClass::Refused, LedgerError::Closed))
    }

    fn moved(&self) {
        self.changes.send_modify(|moves| *moves += 1);
    }

    /// All of it or nothing. Says whether anything changed that others can see.
    async fn transact(&mut self, works: &mut [Work<InDatabase>]) -> Result<bool, TransactionFailure> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let mut connection =
                    reach::acquire(&self.pool, &self.reach).await.map_err(TransactionFailure::Away)?;
                connection.close_on_drop();
                connection
            }
        };
        let performed = tokio::select! {
            biased;
            performed = timeout(self.patience, self.perform(&mut connection, works)) => {
                performed.map_err(|_| TransactionFailure::TooLong)
            }
            error = self.reach.silence(&self.pool, 1) => Err(TransactionFailure::Away(error)),
        };
        let changed = match performed {
            Ok(Ok(changed)) => changed,
            Ok(Err(error)) => {
                self.give_up(connection, &error).await;
                return Err(TransactionFailure::Nothing(error));
            }
            Err(failure) => {
                // Its transaction ends with the connection.
                drop(connection.detach());
                return Err(failure);
            }
        };
        self.end(connection).await.map(|()| changed)
    }

    /// The transaction's end, of which it is not always known how it came out.
    async fn end(&mut self, mut connection: PoolConnection<Postgres>) -> Result<(), TransactionFailure> {
        let commit = self.schema.script("COMMIT");
        let committed = tokio::select! {
            biased;
            committed = timeout(self.patience, commit.execute(&mut *connection)) => {
                committed.unwrap_or(Err(Error::PoolTimedOut))
            }
            // What is not known then is known to many: it is looked twice.
            error = self.reach.silence(&self.pool, 2) => Err(error),
        };
        match committed {
            Ok(_) => {
                self.connection = Some(connection);
                Ok(())
            }
            Err(error @ Error::Database(_)) if fault::nature(&error) != ErrorClass::Lost => {
                self.give_up(connection, &error).await;
                Err(TransactionFailure::Nothing(error))
            }
            Err(error) => {
                drop(connection.detach());
                Err(TransactionFailure::Unknown(error))
            }
        }
    }

    async fn perform(
        &self,
        connection: &mut PgConnection,
        works: &mut [Work<InDatabase>],
    ) -> Result<bool, Error> {
        let asked_at = self.clock.now();
        // A connection that was idle may be dead without a word; nothing was sent yet, so that another one may do.
        let begun = timeout(
            self.patience / 3,
            self.schema.begin_writing(&fence::pass(&self.generation)).fetch_all(&mut *connection),
        )
        .await;
        let told = begun.unwrap_or_else(|_| Err(Error::Io(ErrorKind::TimedOut.into())))?;
        let begun = WritingBegun::of(&self.schema, &told)?;
        let mut step = Step {
            connection,
            schema: &self.schema,
            random: &*self.random,
            now: begun.now,
            asked_at,
            writer: self.number,
            changed: false,
            closing: Closing::of(begun.generations),
        };
        group::perform(&mut step, works).await?;
        Ok(step.changed)
    }

    /// Leaves no half of a transaction behind.
    async fn give_up(&mut self, mut connection: PoolConnection<Postgres>, error: &Error) {
        let ended = if fault::nature(error) == ErrorClass::Lost {
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

/// As which a process writes rows of its own.
pub(crate) fn number(random: &dyn Random) -> i64 {
    (random.next() >> 1).cast_signed().max(1)
}

fn refusal(works: &[Work<InDatabase>], nature: ErrorClass, error: &Error) -> (ErrorClass, LedgerError) {
    let said = fault::of(error);
    if !matches!(works, [work] if work.sort() == Sort::Trial) {
        tracing::error!(error = %said, "the ledger could not write; nothing of this group was kept");
    }
    (nature, said)
}

fn may_take_long(work: &Work<InDatabase>) -> bool {
    matches!(work, Work::Write(job) if job.takes_long())
}

fn one(work: Work<InDatabase>) -> Vec<Work<InDatabase>> {
    vec![work]
}

/// Whether it may be the fault of one of many who were written together.
fn concerns_one(nature: ErrorClass, said: &LedgerError) -> bool {
    matches!(nature, ErrorClass::InTheWay | ErrorClass::TooLong) || matches!(said, LedgerError::Fault(_))
}

/// Whether the others need not be tried: the database is away, or it is too slow for whatever is asked of it.
const fn ends_all(nature: ErrorClass, slow: u32) -> bool {
    matches!(nature, ErrorClass::Away) || matches!(nature, ErrorClass::TooLong) && slow >= SLOW
}

/// Each by itself; but requests once more together where time was short: each alone would take as long as all of them.
fn take_apart(nature: ErrorClass, works: Vec<Work<InDatabase>>) -> Vec<Vec<Work<InDatabase>>> {
    let (requests, others): (Vec<Work<InDatabase>>, Vec<Work<InDatabase>>) =
        works.into_iter().partition(|work| matches!(work, Work::Store(_)));
    let together = nature == ErrorClass::TooLong && !others.is_empty();
    let requests = if together { vec![requests] } else { requests.into_iter().map(one).collect() };
    requests.into_iter().chain(others.into_iter().map(one)).collect()
}
