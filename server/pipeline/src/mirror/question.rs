//! Whether a person has to be asked what it means that rows are gone there, and what is done about those that are.

use std::collections::HashSet;

use ledger::{MassDeletionAnswer, RowSighting};

use super::{
    gone::{DAY, is_too_many},
    pass::{Pass, SOME},
};
use crate::pass_error::PassError;

/// Records that would go because their rows were deleted there, of how many that stand there.
#[derive(Clone, Copy, Default)]
struct WithheldDeletions {
    would_go: usize,
    of: usize,
}

impl Pass<'_> {
    /// Few deletions are taken over here too. Where many are gone, or some without a word, a person has to say what that
    /// means; until then these stay open.
    pub(super) async fn settle(&mut self) -> Result<(), PassError> {
        self.let_go_what_waits().await?;
        let asked = (self.table.gone.len(), self.table.missing.len());
        let (answer, policy) = (self.answer(), self.table.cursor.policy);
        if self.table.asked == Some(asked) && answer.is_none() && policy.is_none() {
            return Ok(());
        }
        self.table.asked = None;
        let held = if policy.is_some() { None } else { self.too_many().await? };
        if held.is_none() {
            self.report_gone(&policy.map_or(RowSighting::Gone, seen)).await?;
        }
        if policy == Some(MassDeletionAnswer::SendAgain) {
            self.report_missing_gone(&RowSighting::Lost).await?;
        }
        if held.is_none() && self.table.missing.is_empty() {
            return Ok(());
        }
        let held = held.unwrap_or_default();
        match answer {
            Some(answer) if self.is_answered(held) => {
                self.report_gone(&seen(answer)).await?;
                return self.report_missing_gone(&seen(answer)).await;
            }
            Some(_) => self.forget_the_question().await?,
            None => {}
        }
        self.ask(held).await?;
        self.table.asked = Some((self.table.gone.len(), self.table.missing.len()));
        Ok(())
    }

    /// What waits in a ledger that was put back would be sent once that has looked at what stands in Dataverse: what of it
    /// was deleted there must not be kept back over a question about others.
    async fn let_go_what_waits(&mut self) -> Result<(), PassError> {
        let ledger = &self.reader.ledger;
        if self.table.gone.is_empty()
            || self.table.cursor.policy.is_some()
            || ledger.copied_at().await?.is_none()
        {
            return Ok(());
        }
        let (mut gone, mut after) = (HashSet::new(), 0);
        loop {
            let waiting = ledger.in_line(self.mapping.kind, after, SOME).await?;
            let ids = waiting.iter().map(|there| there.dataverse_id);
            gone.extend(ids.filter(|id| self.table.gone.contains(*id)));
            match waiting.last() {
                Some(last) if waiting.len() == SOME => after = last.position,
                _ => return self.report_these_gone(&gone, &RowSighting::Gone).await,
            }
        }
    }

    /// Whether what was answered is about what would go now.
    fn is_answered(&self, held: WithheldDeletions) -> bool {
        let Some(question) = self.table.cursor.question else { return false };
        let size = |count: i64| usize::try_from(count).unwrap_or(0);
        let more = held.would_go.saturating_sub(size(question.gone - question.unseen));
        self.table.missing.len() <= size(question.unseen) && !is_too_many(more, held.of)
    }

    async fn ask(&self, held: WithheldDeletions) -> Result<(), PassError> {
        let missing = self.table.missing.len();
        let of = if held.of > 0 { held.of } else { self.live().await? };
        let gone = held.would_go + missing;
        if self.table.cursor.question.is_none() {
            tracing::warn!(
                record.kind = self.mapping.kind.name,
                rows.gone = gone,
                rows.unseen = missing,
                rows.all = of,
                "rows are gone there; asking"
            );
        }
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let gone = (number(gone), number(missing));
        Ok(self.reader.ledger.ask(&self.table.cursor, gone, number(of.max(held.would_go + missing))).await?)
    }

    fn answer(&self) -> Option<MassDeletionAnswer> {
        self.table.cursor.question.and_then(|question| question.answer)
    }

    async fn forget_the_question(&self) -> Result<(), PassError> {
        let cursor = &self.table.cursor;
        let is_ours = self.reader.ledger.keep_cursor(cursor, cursor.link.as_deref(), self.hold).await?;
        if is_ours { Ok(()) } else { Err(PassError::Lost) }
    }

    /// What would go, where that and what went unasked within a day is more than is deleted by accident.
    async fn too_many(&self) -> Result<Option<WithheldDeletions>, PassError> {
        let gone = self.table.gone.len();
        if gone == 0 {
            return Ok(None);
        }
        let since = self.reader.clock.now().plus(-DAY);
        let unasked = self.reader.ledger.removed_unasked(self.mapping.kind, since).await?;
        let unasked = usize::try_from(unasked).unwrap_or(0);
        let is_much = |gone: usize, of: usize| gone > 0 && is_too_many(gone + unasked, of + unasked);
        // Nearly all may be rows that we deleted ourselves.
        if !is_too_many(gone + unasked, 0) || !is_much(gone, self.live().await?) {
            return Ok(None);
        }
        let held = self.would_go().await?;
        Ok(is_much(held.would_go, held.of).then_some(held))
    }

    /// How many records there are, about.
    async fn live(&self) -> Result<usize, PassError> {
        let mut live = 0;
        for tenant in &self.reader.tenants {
            let counts = self.reader.ledger.delivery_counts(*tenant).await?;
            let of_kind = |table: &str| table == self.mapping.kind.shown_table();
            let balances = counts.balance.iter().filter(|balance| of_kind(balance.table));
            live += balances.map(|balance| balance.durable - balance.deleted).sum::<i64>();
        }
        Ok(usize::try_from(live).unwrap_or(0))
    }

    /// How many records stand there as far as we know, and how many of them were deleted.
    async fn would_go(&self) -> Result<WithheldDeletions, PassError> {
        let (mut held, mut after) = (WithheldDeletions::default(), 0);
        let now = self.reader.clock.now();
        loop {
            let there = self.reader.ledger.delivered_before(self.mapping.kind, after, now, SOME).await?;
            held.would_go +=
                there.iter().filter(|there| self.table.gone.contains(there.dataverse_id)).count();
            held.of += there.len();
            match there.last() {
                Some(last) if there.len() == SOME => after = last.position,
                _ => return Ok(held),
            }
        }
    }
}

/// What the ledger is told of rows of which a person said so.
const fn seen(answer: MassDeletionAnswer) -> RowSighting {
    match answer {
        MassDeletionAnswer::Withdraw => RowSighting::Released,
        MassDeletionAnswer::SendAgain => RowSighting::Lost,
    }
}
