//! What was seen in Dataverse, held against the file: a page at a time, all of it in the writer's transaction.

mod facts;
mod kept;
mod write;

pub(super) use self::kept::{rejects, standing_there};

use sqlx::Error;

use super::writer::Step;
use crate::{
    Reflected,
    reflection::{Page, round},
};

/// Says what became of each row, in the order of the page.
pub(super) async fn reflect(step: &mut Step<'_>, page: &mut Page) -> Result<Vec<Reflected>, Error> {
    page.reopen(step.now, step.now);
    loop {
        let open = page.open();
        if open.is_empty() {
            return Ok(page.answers());
        }
        let facts = facts::load(step, page.kind, &page.rows_at(&open)).await?;
        let decided = round(page, &open, &facts);
        write::write(step, page.kind, &decided).await?;
        let answers: Vec<_> = decided.iter().map(|(at, decided)| (*at, decided.reflected)).collect();
        page.answer(answers);
    }
}
