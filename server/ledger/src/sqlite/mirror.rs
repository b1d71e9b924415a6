//! What was seen in Dataverse, held against the file: a page at a time, all of it in the writer's transaction.

mod deliveries_and_rejects;
mod known_records;
mod write;

pub(crate) use self::deliveries_and_rejects::{delivered_before, in_line, rejects, removed_unasked};

use sqlx::Error;

use super::{InFile, StepIn, change_cursor, identity};
use crate::{RowOutcome, mirror::Reconcile, reconcile::round, write::On};

/// Says what became of each row, in the order of the page; none where the page was read under a loan that is over.
impl On<InFile> for Reconcile {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<Option<Vec<RowOutcome>>, Error> {
        let page = &mut self.page;
        if !change_cursor::is_lent(step, page.kind, page.epoch).await? {
            return Ok(None);
        }
        page.reopen(step.now, step.now);
        page.is_behind = identity::read(step.connection).await?.copied_at.is_some();
        loop {
            let open = page.next_round();
            if open.is_empty() {
                return Ok(Some(page.answers()));
            }
            let known_records = known_records::load(step, page.kind, &page.rows_at(&open)).await?;
            let decided = round(page, &open, &known_records);
            write::write(step, page.kind, &decided).await?;
            let answers: Vec<_> = decided.iter().map(|(at, decided)| (*at, decided.outcome)).collect();
            page.answer(answers);
        }
    }
}
