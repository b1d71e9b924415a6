//! One look at one table: what changed, what is gone, and whether a person has to be asked about that.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use dataverse::Error;
use ledger::{Answer, Reflection, Seen};
use model::{record::Kind, time::Instant};
use uuid::Uuid;

use super::{
    Loan, Reader, Table, Tally,
    gone::{FEW, Gone, Missing, is_too_many},
    reader::Reading,
};
use crate::{MirrorState, broken::Broken, handle::Board};

/// After so many rows there may be more by now.
const MANY: u64 = 5_000;
/// How many records are looked through at once.
const SOME: usize = 5_000;

pub(super) struct Pass<'a> {
    pub(super) reader: &'a Reader,
    pub(super) board: &'a Board,
    pub(super) hold: Duration,
    pub(super) kind: &'static Kind,
    pub(super) table: &'a mut Table,
}

/// What to do about rows that are gone there.
enum Decision {
    Tell(Seen),
    /// A person has been asked.
    Wait,
}

impl Pass<'_> {
    /// Says whether there was much.
    pub(super) async fn run(mut self) -> Result<bool, Broken> {
        let reading = match self.read_on().await {
            Err(Broken::Dataverse(Error::DeltaExpired(_))) => {
                tracing::info!(
                    kind = self.kind.name,
                    "the link to changes has expired; the whole table is read"
                );
                self.table.start_over();
                self.read_on().await?
            }
            read => read?,
        };
        let much = reading.rows >= MANY;
        // Of those the ledger has just been told.
        self.table.differing.retain(|id| !reading.met.contains(id));
        self.table.link = Some(reading.link);
        self.table.again.extend(reading.again);
        let send_again = self.answer() == Some(Answer::SendAgain);
        self.look_again(if send_again { &Seen::Lost } else { &Seen::Gone }).await?;
        self.take_as_they_stand().await?;
        match self.decide().await? {
            Decision::Wait => return Ok(much),
            Decision::Tell(how) => self.let_go(&how).await?,
        }
        if self.table.again.is_empty() {
            self.keep().await?;
        }
        Ok(much)
    }

    async fn read_on(&mut self) -> Result<Reading, Broken> {
        match self.table.link.clone() {
            Some(link) => self.read(Some(&link)).await,
            None => self.read_all().await,
        }
    }

    /// The whole table, and what changed meanwhile. What should have turned up and did not, is gone.
    async fn read_all(&mut self) -> Result<Reading, Broken> {
        let began = self.reader.clock.now();
        self.board.update(|status| {
            status.mirror.state = MirrorState::Reading;
            status.mirror.rows_read = 0;
            status.mirror.full_read_since = Some(began);
        });
        let all = self.read(None).await?;
        let mut rest = self.read(Some(&all.link)).await?;
        rest.rows += all.rows;
        rest.met.extend(all.met);
        rest.again.extend(all.again);
        self.miss(&rest, began).await?;
        self.board.update(|status| status.mirror.full_read_since = None);
        tracing::info!(kind = self.kind.name, rows = rest.rows, "the whole table was read");
        Ok(rest)
    }

    async fn read(&mut self, since: Option<&str>) -> Result<Reading, Broken> {
        let loan = Loan { mark: &self.table.mark, hold: self.hold };
        let board = self.board;
        let mut listener = |tally: Tally| {
            write_down(board, tally);
            if since.is_none() {
                board.update(|status| status.mirror.rows_read += tally.rows);
            }
        };
        self.reader.read(self.kind, since, &loan, &mut self.table.gone, &mut listener).await
    }

    /// Records, and rejects, that a reading of the whole table did not meet.
    async fn miss(&mut self, met: &Reading, began: Instant) -> Result<(), Broken> {
        for id in self.rejects().await?.difference(&met.met) {
            self.table.gone.miss(*id, Missing::Unseen);
        }
        let mut after = 0;
        loop {
            let there = self.reader.books.standing_there(self.kind, after, began, SOME).await?;
            for there in &there {
                if !met.met.contains(&there.dataverse_id) && !self.table.gone.contains(there.dataverse_id) {
                    self.table.gone.miss(there.dataverse_id, Missing::Unseen);
                }
            }
            match there.last() {
                Some(last) if there.len() == SOME => after = last.position,
                _ => return Ok(()),
            }
        }
    }

    /// The rows that are no records of ours, as far as they are known.
    async fn rejects(&self) -> Result<HashSet<Uuid>, Broken> {
        let mut ids = HashSet::new();
        for tenant in &self.reader.tenants {
            let rejects = self.reader.books.rejects(*tenant, SOME).await?;
            let of_kind = rejects.iter().filter(|reject| reject.kind == self.kind);
            ids.extend(of_kind.map(|reject| reject.dataverse_id));
        }
        Ok(ids)
    }

    /// No echo of ours comes so late. The ledger says whether what stands there is taken, or ours is sent again.
    async fn take_as_they_stand(&mut self) -> Result<(), Broken> {
        if self.table.differing.is_empty() {
            return Ok(());
        }
        // What breaks a rule is shown already.
        let shown = self.rejects().await?;
        let ids: Vec<Uuid> = self.table.differing.iter().copied().filter(|id| !shown.contains(id)).collect();
        let mut listener = |tally| write_down(self.board, tally);
        self.table.differing = self.reader.look_at_standing(self.kind, &ids, &mut listener).await?;
        Ok(())
    }

    /// Few rows are taken out here too. Where many are gone at once, somebody has to say that it was meant.
    async fn decide(&mut self) -> Result<Decision, Broken> {
        let gone = self.table.gone.len();
        let question = self.table.mark.question;
        let answer = self.answer();
        if self.table.asked == Some(gone) && answer.is_none() {
            return Ok(Decision::Wait);
        }
        self.table.asked = None;
        if gone <= FEW || !is_too_many(gone, self.live().await?) {
            return Ok(Decision::Tell(Seen::Gone));
        }
        // Most may be rows that we deleted ourselves.
        let (would_go, of) = self.would_go().await?;
        if !is_too_many(would_go, of) {
            return Ok(Decision::Tell(Seen::Gone));
        }
        let answered = question.map_or(0, |question| usize::try_from(question.gone).unwrap_or(0));
        match answer {
            // Many more than those that the answer is about.
            Some(_) if is_too_many(would_go.saturating_sub(answered), of) => {
                self.forget_the_question().await?;
            }
            Some(Answer::Withdraw) => return Ok(Decision::Tell(Seen::Gone)),
            Some(Answer::SendAgain) => return Ok(Decision::Tell(Seen::Lost)),
            None => {}
        }
        if question.is_none() {
            tracing::warn!(kind = self.kind.name, gone = would_go, of, "many rows vanished at once; asking");
        }
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.reader.books.ask(&self.table.mark, number(would_go), number(of)).await?;
        self.table.asked = Some(gone);
        Ok(Decision::Wait)
    }

    fn answer(&self) -> Option<Answer> {
        self.table.mark.question.and_then(|question| question.answer)
    }

    async fn forget_the_question(&self) -> Result<(), Broken> {
        let mark = &self.table.mark;
        let is_ours = self.reader.books.keep_mark(mark, mark.link.as_deref(), self.hold).await?;
        if is_ours { Ok(()) } else { Err(Broken::Lost) }
    }

    /// How many records there are, about.
    async fn live(&self) -> Result<usize, Broken> {
        let mut live = 0;
        for tenant in &self.reader.tenants {
            let standing = self.reader.books.standing(*tenant).await?;
            let of_kind = |table: &str| table == self.kind.destination.logical_name;
            let balances = standing.balance.iter().filter(|balance| of_kind(balance.table));
            live += balances.map(|balance| balance.durable - balance.deleted).sum::<i64>();
        }
        Ok(usize::try_from(live).unwrap_or(0))
    }

    /// How many records stand there as far as we know, and how many of them are gone.
    async fn would_go(&self) -> Result<(usize, usize), Broken> {
        let (mut would_go, mut of, mut after) = (0, 0, 0);
        let now = self.reader.clock.now();
        loop {
            let there = self.reader.books.standing_there(self.kind, after, now, SOME).await?;
            would_go += there.iter().filter(|there| self.table.gone.contains(there.dataverse_id)).count();
            of += there.len();
            match there.last() {
                Some(last) if there.len() == SOME => after = last.position,
                _ => return Ok((would_go, of)),
            }
        }
    }

    /// Tells the ledger of everything that is gone.
    async fn let_go(&mut self, how: &Seen) -> Result<(), Broken> {
        let mut deleted: BTreeMap<Instant, Vec<Reflection>> = BTreeMap::new();
        for (id, missing) in self.table.gone.iter() {
            match missing {
                Missing::Deleted(asked_at) => {
                    deleted.entry(asked_at).or_default().extend(self.reader.absent(id, how));
                }
                Missing::Unseen => {
                    self.table.again.insert(id);
                }
            }
        }
        for (asked_at, seen) in deleted {
            let mut listener = |tally| write_down(self.board, tally);
            self.table.again.extend(self.reader.tell(self.kind, seen, asked_at, &mut listener).await?);
        }
        self.table.gone = Gone::default();
        self.table.asked = None;
        self.look_again(how).await
    }

    async fn look_again(&mut self, absent: &Seen) -> Result<(), Broken> {
        let ids = self.table.again.clone();
        let mut listener = |tally| write_down(self.board, tally);
        self.table.again = self.reader.look_again(self.kind, ids, absent, &mut listener).await?;
        Ok(())
    }

    /// Where to go on from next time, and nothing open.
    async fn keep(&mut self) -> Result<(), Broken> {
        let link = self.table.link.as_deref();
        if !self.reader.books.keep_mark(&self.table.mark, link, self.hold).await? {
            return Err(Broken::Lost);
        }
        self.table.mark.link = self.table.link.clone();
        self.table.mark.question = None;
        Ok(())
    }
}

pub(super) fn write_down(board: &Board, tally: Tally) {
    board.update(|status| {
        status.confirmed += tally.confirmed;
        status.mirror.added += tally.added;
        status.mirror.changed += tally.changed;
        status.mirror.withdrawn += tally.withdrawn;
        status.mirror.kept_out += tally.kept_out;
        status.mirror.refused += tally.refused;
    });
}
