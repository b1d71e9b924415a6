//! The one writer. A group is everything that waited while the flush before it ran: one transaction, one flush, and
//! only then the answers.

use std::{sync::Arc, time::Duration};

use model::{clock::Clock, record::Kinds, rng::Random, time::Timestamp};
use sqlx::{Error, SqliteConnection};
use tokio::{sync::watch, time::Instant};
use tracing::Instrument as _;

use super::{
    backlog, change,
    clock::{follow, set_back},
    confirm, delivery, fault, identity, intake,
    known::Known,
    lease,
    log::{self, Log},
    marks, mirror,
    open::{self, Files},
    spending,
};
use crate::{
    LedgerError,
    command::{Command, Request, Work},
    health::{Notes, Sort},
    letters, meters,
    queue::Queue,
};

/// Nothing to write for so long: there was no flood, or it is over.
const RESTS_AFTER: Duration = Duration::from_secs(2);

pub(super) struct Writer {
    pub(super) files: Files,
    pub(super) kinds: Kinds,
    /// None after the disk failed or another writer broke off, until there is something to write.
    pub(super) connection: Option<SqliteConnection>,
    pub(super) known: Known,
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

/// What the steps of a transaction work with.
pub(super) struct Step<'a> {
    files: &'a Files,
    pub(super) kinds: Kinds,
    pub(super) connection: &'a mut SqliteConnection,
    pub(super) known: &'a mut Known,
    pub(super) random: &'a dyn Random,
    pub(super) now: Timestamp,
    epoch: &'a mut i64,
    /// Whether anything changed that others can see.
    pub(super) changed: bool,
}

/// What is written in one go: requests that follow each other and are of one kind, or anything else by itself.
enum Stretch {
    Requests(Vec<Request>),
    Other(Box<Work>),
}

impl Step<'_> {
    /// An epoch that no lease had before: entries leave the outbox and come back.
    pub(super) fn new_epoch(&mut self) -> i64 {
        *self.epoch = self.now.micros().max(*self.epoch + 1);
        *self.epoch
    }
}

impl Writer {
    /// Writes until the queue is closed and empty.
    pub(super) async fn run(mut self, queue: Arc<Queue>) {
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

    async fn next(&mut self, queue: &Queue) -> Option<Vec<Command>> {
        if let Ok(group) = tokio::time::timeout(RESTS_AFTER, queue.take()).await {
            return group;
        }
        if let Some(connection) = &mut self.connection {
            open::rest(connection).await;
        }
        queue.take().await
    }

    async fn write(&mut self, stretches: Vec<Stretch>) {
        let span = meters::group(stretches.iter().map(Stretch::weight).sum());
        self.write_all(stretches).instrument(span).await;
    }

    async fn write_all(&mut self, mut stretches: Vec<Stretch>) {
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
    fn finish(&self, stretches: Vec<Stretch>, committed: &Result<(), LedgerError>) {
        if let Some(sort) = stretches.iter().map(Stretch::sort).reduce(Sort::and) {
            self.notes.note(sort, stretches.iter().map(Stretch::weight).sum(), committed);
        }
        stretches.into_iter().for_each(|stretch| stretch.finish(committed));
    }

    async fn commit(&mut self, stretches: &mut [Stretch]) -> Result<(), LedgerError> {
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
                self.known = Known::default();
                self.recover(connection, &error).await;
                let error = fault::of(error);
                if !matches!(stretches, [Stretch::Other(work)] if matches!(**work, Work::Trial(_))) {
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
        stretches: &mut [Stretch],
    ) -> Result<bool, Error> {
        let now = self.clock.now();
        let (files, known, random, epoch) = (&self.files, &mut self.known, &*self.random, &mut self.epoch);
        let mut step =
            Step { files, kinds: self.kinds, connection, known, random, now, epoch, changed: false };
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut *step.connection).await?;
        if let Some(by) = self.seen.and_then(|seen| set_back(seen, now)) {
            follow(step.connection, now, by).await?;
        }
        for stretch in stretches {
            match stretch {
                Stretch::Requests(requests) => intake::store(&mut step, requests).await?,
                Stretch::Other(work) => perform(&mut step, work).await?,
            }
        }
        sqlx::raw_sql("COMMIT").execute(&mut *step.connection).await?;
        self.seen = Some(now);
        Ok(step.changed)
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

async fn perform(step: &mut Step<'_>, work: &mut Work) -> Result<(), Error> {
    match work {
        Work::Store(request) => intake::store(step, std::slice::from_mut(request)).await,
        Work::Correct { target, record, answer } => {
            answer.fill(change::correct(step, target, record).await?);
            Ok(())
        }
        Work::Withdraw { target, fetched, answer } => {
            answer.fill(change::withdraw(step, target, *fetched).await?);
            Ok(())
        }
        Work::Lease { most, hold, answer } => {
            answer.fill(lease::lease(step, *most, *hold).await?);
            Ok(())
        }
        Work::Settle { tickets, how, answer } => {
            answer.fill(delivery::settle(step, tickets, *how).await?);
            Ok(())
        }
        Work::Confirm { kind, tenant, read, answer } => {
            answer.fill(confirm::confirm(step, kind, *tenant, read).await?);
            Ok(())
        }
        Work::Resend { target, by, answer } => {
            answer.fill(letters::resend(step, target, by).await?);
            Ok(())
        }
        Work::ResendAll { tenant, most, by, answer } => {
            answer.fill(super::letters::resend_all(step, *tenant, *most, by).await?);
            Ok(())
        }
        Work::Drop { target, by, answer } => {
            answer.fill(letters::drop_letter(step, target, by).await?);
            Ok(())
        }
        Work::Mend { target, record, by, answer } => {
            answer.fill(letters::mend(step, target, record, by).await?);
            Ok(())
        }
        Work::Reflect { page, answer } => {
            answer.fill(mirror::reflect(step, page).await?);
            Ok(())
        }
        Work::Mark { kind, errand, answer } => {
            answer.fill(marks::run(step, kind, errand).await?);
            Ok(())
        }
        Work::Tend { mends, answer } => {
            answer.fill(backlog::tend(step, *mends).await?);
            Ok(())
        }
        Work::Claim { asked, answer } => {
            answer.fill(identity::claim(step, asked).await?);
            Ok(())
        }
        Work::Looked(answer) => {
            answer.fill(());
            identity::looked(step).await
        }
        Work::Spend { cost, answer } => {
            answer.fill(());
            spending::spend(step, *cost).await
        }
        Work::Probe(answer) => {
            answer.fill(());
            open::probe(step.connection).await
        }
        Work::Trial(answer) => {
            answer.fill(());
            open::trial(step.files, step.connection).await
        }
        #[cfg(test)]
        Work::Spoil(sql, answer) => {
            answer.fill(());
            sqlx::raw_sql(*sql).execute(&mut *step.connection).await.map(|_| ())
        }
        #[cfg(test)]
        Work::BreakOff(_) => panic!("asked for by a test"),
    }
}

fn stretches(group: Vec<Command>) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    for command in group {
        match (command.work, stretches.last_mut()) {
            (Work::Store(request), Some(Stretch::Requests(requests)))
                if requests.first().is_some_and(|first| first.kind == request.kind) =>
            {
                requests.push(request);
            }
            (Work::Store(request), _) => stretches.push(Stretch::Requests(vec![request])),
            (other, _) => stretches.push(Stretch::Other(Box::new(other))),
        }
    }
    stretches
}

/// The one asker of a group, if it has but one.
fn alone(stretches: &[Stretch]) -> Option<()> {
    match stretches {
        [Stretch::Other(_)] => Some(()),
        [Stretch::Requests(requests)] if requests.len() == 1 => Some(()),
        _ => None,
    }
}

fn apart(stretches: Vec<Stretch>) -> impl Iterator<Item = Stretch> {
    stretches.into_iter().flat_map(|stretch| match stretch {
        Stretch::Requests(requests) => {
            requests.into_iter().map(|request| Stretch::Requests(vec![request])).collect()
        }
        other @ Stretch::Other(_) => vec![other],
    })
}

impl Stretch {
    fn weight(&self) -> usize {
        match self {
            Self::Requests(requests) => requests.iter().map(|request| request.weight).sum(),
            Self::Other(work) => work.weight(),
        }
    }

    const fn sort(&self) -> Sort {
        match self {
            Self::Requests(_) => Sort::Intake,
            Self::Other(work) => work.sort(),
        }
    }

    fn finish(self, committed: &Result<(), LedgerError>) {
        match self {
            Self::Requests(requests) => {
                requests.into_iter().for_each(|request| Work::Store(request).finish(committed));
            }
            Self::Other(work) => work.finish(committed),
        }
    }
}
