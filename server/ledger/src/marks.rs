//! What may be done with the mark of a table, whatever the store: lent to one process at a time, and fenced.

use std::time::Duration;

use model::{
    record::Kind,
    time::{HOUR, Timestamp},
};

use crate::{Answer, Mark, Question, write::Write};

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
