//! What was seen in Dataverse, held against the file: a page at a time, all of it in the writer's transaction.

mod facts;
mod kept;
mod write;

pub(crate) use self::kept::{in_line, rejects, removed_unasked, standing_there};

use sqlx::Error;

use super::{InFile, StepIn, identity, marks};
use crate::{Reflected, mirror::Reflect, reflection::round, write::On};

/// Says what became of each row, in the order of the page; none where the page was read under a loan that is over.
impl On<InFile> for Reflect {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<Option<Vec<Reflected>>, Error> {
        let page = &mut self.page;
        if !marks::is_lent(step, page.kind, page.epoch).await? {
            return Ok(None);
        }
        page.reopen(step.now, step.now);
        page.is_behind = identity::read(step.connection).await?.copied_at.is_some();
        loop {
            let open = page.next_round();
            if open.is_empty() {
                return Ok(Some(page.answers()));
            }
            let facts = facts::load(step, page.kind, &page.rows_at(&open)).await?;
            let decided = round(page, &open, &facts);
            write::write(step, page.kind, &decided).await?;
            let answers: Vec<_> = decided.iter().map(|(at, decided)| (*at, decided.reflected)).collect();
            page.answer(answers);
        }
    }
}
