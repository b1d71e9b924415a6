//! What may be done with the cursor of a table, whatever the store: lent to one process at a time, and fenced.

use std::time::Duration;

use model::{
    record::Kind,
    time::{HOUR, Timestamp},
};

use crate::{ChangeCursor, MassDeletion, MassDeletionAnswer, write::Write};

/// What is wanted of a cursor. An epoch is the one of the loan under which it is asked.
#[derive(Clone, Debug)]
pub(crate) enum CursorCommand {
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
        answer: MassDeletionAnswer,
        keep: bool,
        by: String,
    },
    /// What was to be kept is not any more.
    AskAgain {
        by: String,
    },
}

/// Does something with a table's cursor; answers the cursor as it is afterwards, or none where that may not be done now.
pub(crate) struct UseCursor {
    pub(crate) kind: &'static Kind,
    pub(crate) command: CursorCommand,
}

impl Write for UseCursor {
    type Answer = Option<ChangeCursor>;
}

/// A cursor as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StoredCursor {
    pub(crate) link: Option<String>,
    pub(crate) read_at: Option<Timestamp>,
    pub(crate) leased_until: Option<Timestamp>,
    pub(crate) epoch: i64,
    pub(crate) question: Option<MassDeletion>,
    pub(crate) policy: Option<MassDeletionAnswer>,
}

impl StoredCursor {
    /// Does what is asked, or says that it may not be done.
    pub(crate) fn run(&mut self, command: &CursorCommand, now: Timestamp) -> bool {
        let until = |hold: &Duration| now.plus(i64::try_from(hold.as_micros()).unwrap_or(i64::MAX));
        match command {
            // A loan for longer than any is one by a clock that was set since.
            CursorCommand::Take { hold }
                if self.leased_until.is_some_and(|until| is_lent(until, *hold, now)) =>
            {
                return false;
            }
            CursorCommand::Take { hold } => {
                self.leased_until = Some(until(hold));
                self.epoch += 1;
            }
            CursorCommand::Answer { answer, keep, .. } => {
                let Some(question) = &mut self.question else { return false };
                question.answer = Some(*answer);
                self.policy = if *keep { Some(*answer) } else { self.policy };
            }
            CursorCommand::AskAgain { .. } if self.policy.is_none() => return false,
            CursorCommand::AskAgain { .. } => {
                self.policy = None;
                // The process that holds the cursor goes by what it said when it was taken.
                self.leased_until = None;
                self.epoch += 1;
            }
            CursorCommand::Hold { epoch, .. }
            | CursorCommand::Keep { epoch, .. }
            | CursorCommand::Free { epoch }
            | CursorCommand::Ask { epoch, .. }
                if !self.is_lent(*epoch) =>
            {
                return false;
            }
            CursorCommand::Hold { hold, .. } => self.leased_until = Some(until(hold)),
            CursorCommand::Keep { link, hold, .. } => {
                self.leased_until = Some(until(hold));
                self.read_at = link.is_some().then_some(now);
                self.link.clone_from(link);
                self.question = None;
            }
            CursorCommand::Free { .. } => self.leased_until = None,
            CursorCommand::Ask { gone, unseen, of, .. } => {
                let question =
                    MassDeletion { gone: *gone, unseen: *unseen, of: *of, asked_at: now, answer: None };
                self.question.get_or_insert(question);
            }
        }
        true
    }

    /// Whether the loan of this epoch still holds.
    pub(crate) const fn is_lent(&self, epoch: i64) -> bool {
        epoch == self.epoch && self.leased_until.is_some()
    }

    pub(crate) fn lent(self, kind: &'static Kind) -> ChangeCursor {
        ChangeCursor {
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
