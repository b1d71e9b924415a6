//! The one writer. A group is everything that waited while the flush before it ran: one transaction, one flush, and
//! only then the answers.

use std::{sync::Arc, time::Duration};

use model::{clock::Clock, record::Kinds, rng::Random, time::Timestamp};
use sqlx::{Error, SqliteConnection};
use tokio::{sync::watch, time::Instant};
use tracing::Instrument as _;

use super::{
    InFile, Step,
    clock::{follow, set_back},
    fault,
    files::LedgerFiles,
    intake,
    log::{self, Log},
    open,
    rollups::{self, making},
    writer_cache::WriterCache,
};
use crate::{
    LedgerError,
    command::{Command, RecordsRequest, Work},
    health::{Notes, Sort},
    meters,
    queue::Queue,
    rollups::RollupChanges,
    write::Job,
};

/// After this time without anything to write there was no flood, or it is over.
const RESTS_AFTER: Duration = Duration::from_secs(2);

pub(super) struct Writer {
    pub(super) files: LedgerFiles,
    pub(super) kinds: Kinds,
    /// None after the disk failed or another writer broke off, until there is something to write.
    pub(super) connection: Option<SqliteConnection>,
    pub(super) cache: WriterCache,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) changes: watch::Sender<u64>,
    pub(super) log: Log,
    pub(super) notes: Notes,
    /// The time of the last commit.
    pub(super) seen: Option<Timestamp>,
    /// The last epoch that a lease was given.
    pub(super) epoch: i64,
}

/// What is written in one go: requests that follow each other and are of one kind, or anything else by itself.
enum WriteRun {
    Requests(Vec<RecordsRequest>),
    Other(Box<dyn Job<InFile>>),
}

impl Writer {
    /// Writes until the queue is closed and empty.
    pub(super) async fn run(mut self, queue: Arc<Queue<InFile>>) {
        while let Some(group) = self.next(&queue).await {
            self.write(stretches(group)).await;
            if let Some(connection) = &mut self.connection {
                self.log.bound(&self.files, connection).await;
            }
        }
        if let Some(mut connection) = self.connection {
            self.log.end(&mut connection).await;
            open::disconnect(connection).await;
        }
    }

    async fn next(&mut self, queue: &Queue<InFile>) -> Option<Vec<Command<InFile>>> {
        if let Ok(group) = tokio::time::timeout(RESTS_AFTER, queue.take()).await {
            return group;
        }
        if let Some(connection) = &mut self.connection {
            open::rest(connection).await;
        }
        queue.take().await
    }

    async fn write(&mut self, stretches: Vec<WriteRun>) {
        let span = meters::group(stretches.iter().map(WriteRun::weight).sum());
        self.write_all(stretches).instrument(span).await;
    }

    async fn write_all(&mut self, mut stretches: Vec<WriteRun>) {
        match self.commit(&mut stretches).await {
            // One bad statement must not take down its neighbours.
            Err(LedgerError::Fault(_)) if alone(&stretches).is_none() => {
                for mut stretch in apart(stretches) {
                    let committed = self.commit(std::slice::from_mut(&mut stretch)).await;
                    self.finish(vec![stretch], &committed);
                }
            }
            committed => self.finish(stretches, &committed),
        }
    }

    /// Noted first: who hears that nothing was kept finds it said everywhere.
    fn finish(&self, stretches: Vec<WriteRun>, committed: &Result<(), LedgerError>) {
        if let Some(sort) = stretches.iter().map(WriteRun::sort).reduce(Sort::and) {
            self.notes.note(sort, stretches.iter().map(WriteRun::weight).sum(), committed);
        }
        stretches.into_iter().for_each(|stretch| stretch.finish(committed));
    }

    async fn commit(&mut self, stretches: &mut [WriteRun]) -> Result<(), LedgerError> {
        let mut connection = self.ready().await?;
        let began = Instant::now();
        let transacted = self.transact(&mut connection, stretches).await;
        meters::committed(transacted.is_ok(), began.elapsed());
        match transacted {
            Ok(changed) => {
                self.connection = Some(connection);
                if changed {
                    self.changes.send_modify(|moves| *moves += 1);
                }
                Ok(())
            }
            Err(error) => {
                self.cache = WriterCache::default();
                self.recover(connection, &error).await;
                let error = fault::of(error);
                if !matches!(stretches, [stretch] if stretch.sort() == Sort::Trial) {
                    tracing::error!(%error, "the ledger could not write; nothing of this group was kept");
                }
                Err(error)
            }
        }
    }

    /// A connection to a file that is where it should be.
    async fn ready(&mut self) -> Result<SqliteConnection, LedgerError> {
        if self.connection.is_none() {
            // With the last connection the log may have gone in order.
            self.files.forget_log();
        }
        if let Err(gone) = self.files.are_there() {
            if let Some(connection) = self.connection.as_mut().filter(|_| !self.files.has_log()) {
                log::fold(connection).await;
            }
            return Err(gone);
        }
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => open::connect(&self.files).await.map_err(fault::of),
        }
    }

    /// All of it or nothing. Says whether anything changed that others can see.
    async fn transact(
        &mut self,
        connection: &mut SqliteConnection,
        stretches: &mut [WriteRun],
    ) -> Result<bool, Error> {
        let now = self.clock.now();
        let (kinds, changed) = (self.kinds, false);
        let generations = match self.cache.generations.take() {
            Some(generations) => generations,
            None => making::generations(connection, kinds).await?,
        };
        let rollups = RollupChanges::of(generations);
        let (files, cache, random, epoch) = (&self.files, &mut self.cache, &*self.random, &mut self.epoch);
        let mut step = Step { files, kinds, connection, cache, random, now, epoch, changed, rollups };
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut *step.connection).await?;
        if let Some(by) = self.seen.and_then(|seen| set_back(seen, now)) {
            follow(step.connection, now, by).await?;
        }
        for stretch in stretches {
            match stretch {
                WriteRun::Requests(requests) => intake::store(&mut step, requests).await?,
                WriteRun::Other(job) => job.perform(&mut step).await?,
            }
        }
        rollups::write(step.connection, step.cache, &step.rollups).await?;
        sqlx::raw_sql("COMMIT").execute(&mut *step.connection).await?;
        let changed = step.changed;
        let generations = step.rollups.into_generations();
        self.cache.generations = Some(generations);
        self.seen = Some(now);
        Ok(changed)
    }

    /// Leaves no half of a transaction behind. A connection that saw the disk fail is not trusted again.
    async fn recover(&mut self, mut connection: SqliteConnection, error: &Error) {
        // SQLite may have rolled back already, and says so with an error that means nothing here.
        let _ = sqlx::raw_sql("ROLLBACK").execute(&mut connection).await;
        if fault::is_of_surroundings(error) {
            open::disconnect(connection).await;
            self.files.forget_log();
        } else {
            self.connection = Some(connection);
        }
    }
}

fn stretches(group: Vec<Command<InFile>>) -> Vec<WriteRun> {
    let mut stretches: Vec<WriteRun> = Vec::new();
    for command in group {
        match (command.work, stretches.last_mut()) {
            (Work::Store(request), Some(WriteRun::Requests(requests)))
                if requests.first().is_some_and(|first| first.kind == request.kind) =>
            {
                requests.push(request);
            }
            (Work::Store(request), _) => stretches.push(WriteRun::Requests(vec![request])),
            (Work::Write(job), _) => stretches.push(WriteRun::Other(job)),
        }
    }
    stretches
}

/// The one asker of a group, if it has but one.
fn alone(stretches: &[WriteRun]) -> Option<()> {
    match stretches {
        [WriteRun::Other(_)] => Some(()),
        [WriteRun::Requests(requests)] if requests.len() == 1 => Some(()),
        _ => None,
    }
}

fn apart(stretches: Vec<WriteRun>) -> impl Iterator<Item = WriteRun> {
    stretches.into_iter().flat_map(|stretch| match stretch {
        WriteRun::Requests(requests) => {
            requests.into_iter().map(|request| WriteRun::Requests(vec![request])).collect()
        }
        other @ WriteRun::Other(_) => vec![other],
    })
}

impl WriteRun {
    fn weight(&self) -> usize {
        match self {
            Self::Requests(requests) => requests.iter().map(|request| request.weight).sum(),
            Self::Other(job) => job.weight(),
        }
    }

    fn sort(&self) -> Sort {
        match self {
            Self::Requests(_) => Sort::Intake,
            Self::Other(job) => job.sort(),
        }
    }

    fn finish(self, committed: &Result<(), LedgerError>) {
        match self {
            Self::Requests(requests) => {
                requests.into_iter().for_each(|request| request.reply.send(committed));
            }
            Self::Other(job) => job.finish(committed),
        }
    }
}
