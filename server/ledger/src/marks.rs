//! What may be done with the mark of a table, whatever the store: lent to one process at a time, and fenced.

use std::time::Duration;

use model::{
    record::Kind,
    time::{HOUR, Timestamp},
};

use crate::{Answer, Ledger, LedgerError, Mark, Question, write::Write};

/// What is wanted of a mark. An epoch is the one of the loan under which it is asked.
#[derive(Clone, Debug)]
pub(crate) enum Errand {
    Take {
        hold: Duration,
    },
    Hold {
        epoch: i64,
        hold: Duration,
    },
    Keep {
        epoch: i64,
        link: Option<String>,
        hold: Duration,
    },
    Free {
        epoch: i64,
    },
    Ask {
        epoch: i64,
        gone: i64,
        unseen: i64,
        of: i64,
    },
    /// `keep`: deletions are taken that way from now on.
    Answer {
        answer: Answer,
        keep: bool,
        by: String,
    },
    /// What was to be kept is not any more.
    AskAgain {
        by: String,
    },
}

/// Does something with a table's mark; answers the mark as it is afterwards, or none where that may not be done now.
pub(crate) struct RunErrand {
    pub(crate) kind: &'static Kind,
    pub(crate) errand: Errand,
}

impl Write for RunErrand {
    type Answer = Option<Mark>;
}

impl Ledger {
    /// Takes the mark of a table's changes until `hold` has passed; none while another process holds it.
    pub async fn take_mark(&self, kind: &'static Kind, hold: Duration) -> Result<Option<Mark>, LedgerError> {
        self.write(RunErrand { kind, errand: Errand::Take { hold } }).await
    }

    /// Holds a mark until `hold` has passed from now on. Says whether it is still on loan to the asker, here and below.
    pub async fn hold_mark(&self, mark: &Mark, hold: Duration) -> Result<bool, LedgerError> {
        self.run(mark.kind, Errand::Hold { epoch: mark.epoch, hold }).await
    }

    /// Stores `link`, where the reading of changes goes on, extends the loan by `hold`, and settles what was asked. Without
    /// a link the reading starts over.
    pub async fn keep_mark(
        &self,
        mark: &Mark,
        link: Option<&str>,
        hold: Duration,
    ) -> Result<bool, LedgerError> {
        let link = link.map(str::to_owned);
        self.run(mark.kind, Errand::Keep { epoch: mark.epoch, link, hold }).await
    }

    /// Gives a mark back.
    pub async fn free_mark(&self, mark: &Mark) -> Result<(), LedgerError> {
        self.run(mark.kind, Errand::Free { epoch: mark.epoch }).await.map(|_| ())
    }

    /// Asks people whether `gone` of `of` records are to go, `unseen` of which Dataverse never said to be deleted. What was
    /// asked already stays as it was.
    pub async fn ask(&self, mark: &Mark, (gone, unseen): (i64, i64), of: i64) -> Result<(), LedgerError> {
        self.run(mark.kind, Errand::Ask { epoch: mark.epoch, gone, unseen, of }).await.map(|_| ())
    }

    /// Answers what was asked about a table, and notes who did; `keep`: deletions are taken that way from now on, without
    /// asking. Says whether anything was asked.
    pub async fn answer(
        &self,
        kind: &'static Kind,
        answer: Answer,
        keep: bool,
        by: &str,
    ) -> Result<bool, LedgerError> {
        self.run(kind, Errand::Answer { answer, keep, by: by.to_owned() }).await
    }

    /// Asks about many deletions of a table again, and notes who wanted that. Says whether an answer had been kept.
    pub async fn ask_again(&self, kind: &'static Kind, by: &str) -> Result<bool, LedgerError> {
        self.run(kind, Errand::AskAgain { by: by.to_owned() }).await
    }

    /// The answers that were kept for good.
    pub async fn policies(&self) -> Result<Vec<(&'static Kind, Answer)>, LedgerError> {
        let marks = self.marks().await?;
        Ok(marks.into_iter().filter_map(|(kind, mark)| Some((kind, mark.policy?))).collect())
    }

    /// What is asked, or was answered and is not done yet.
    pub async fn questions(&self) -> Result<Vec<(&'static Kind, Question)>, LedgerError> {
        let marks = self.marks().await?;
        Ok(marks.into_iter().filter_map(|(kind, mark)| Some((kind, mark.question?))).collect())
    }

    async fn marks(&self) -> Result<Vec<(&'static Kind, Entry)>, LedgerError> {
        read!(self, marks::all())
    }

    async fn run(&self, kind: &'static Kind, errand: Errand) -> Result<bool, LedgerError> {
        Ok(self.write(RunErrand { kind, errand }).await?.is_some())
    }
}

/// A mark as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) link: Option<String>,
    pub(crate) read_at: Option<Timestamp>,
    pub(crate) leased_until: Option<Timestamp>,
    pub(crate) epoch: i64,
    pub(crate) question: Option<Question>,
    pub(crate) policy: Option<Answer>,
}

impl Entry {
    /// Does what is asked, or says that it may not be done.
    pub(crate) fn run(&mut self, errand: &Errand, now: Timestamp) -> bool {
        let until = |hold: &Duration| now.plus(i64::try_from(hold.as_micros()).unwrap_or(i64::MAX));
        match errand {
            // A loan for longer than any is one by a clock that was set since.
            Errand::Take { hold } if self.leased_until.is_some_and(|until| is_lent(until, *hold, now)) => {
                return false;
            }
            Errand::Take { hold } => {
                self.leased_until = Some(until(hold));
                self.epoch += 1;
            }
            Errand::Answer { answer, keep, .. } => {
                let Some(question) = &mut self.question else { return false };
                question.answer = Some(*answer);
                self.policy = if *keep { Some(*answer) } else { self.policy };
            }
            Errand::AskAgain { .. } if self.policy.is_none() => return false,
            Errand::AskAgain { .. } => {
                self.policy = None;
                // The process that holds the mark goes by what it said when it was taken.
                self.leased_until = None;
                self.epoch += 1;
            }
            Errand::Hold { epoch, .. }
            | Errand::Keep { epoch, .. }
            | Errand::Free { epoch }
            | Errand::Ask { epoch, .. }
                if !self.is_lent(*epoch) =>
            {
                return false;
            }
            Errand::Hold { hold, .. } => self.leased_until = Some(until(hold)),
            Errand::Keep { link, hold, .. } => {
                self.leased_until = Some(until(hold));
                self.read_at = link.is_some().then_some(now);
                self.link.clone_from(link);
                self.question = None;
            }
            Errand::Free { .. } => self.leased_until = None,
            Errand::Ask { gone, unseen, of, .. } => {
                let question =
                    Question { gone: *gone, unseen: *unseen, of: *of, asked_at: now, answer: None };
                self.question.get_or_insert(question);
            }
        }
        true
    }

    /// Whether the loan of this epoch still holds.
    pub(crate) const fn is_lent(&self, epoch: i64) -> bool {
        epoch == self.epoch && self.leased_until.is_some()
    }

    pub(crate) fn lent(self, kind: &'static Kind) -> Mark {
        Mark {
            kind,
            link: self.link,
            read_at: self.read_at,
            question: self.question,
            policy: self.policy,
            epoch: self.epoch,
        }
    }
}

/// Other processes may ask for somewhat longer loans.
fn is_lent(until: Timestamp, hold: Duration, now: Timestamp) -> bool {
    let longest = HOUR.max(i64::try_from(hold.as_micros()).unwrap_or(i64::MAX));
    (1..=longest).contains(&until.since(now))
}
