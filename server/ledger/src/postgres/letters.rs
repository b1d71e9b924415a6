//! Dead letters: what people read of them, and what they do about them. Their records' rows are locked already.

use model::{
    record::{KINDS, Kind, Record},
    time::Instant,
};
use sqlx::{Error, postgres::PgRow};
use uuid::Uuid;

use super::{change, handlings::handle, intake, outbox, row::get, standing::Asked, statements, step::Step};
use crate::{Change, DeadLetter, Handled, Handling, command::Target, row::Row};

/// Sends a dead letter once more.
pub(super) async fn resend(step: &mut Step<'_>, target: &Target, by: &str) -> Result<bool, Error> {
    let Some((row, reason)) = find(step, target).await? else { return Ok(false) };
    outbox::enqueue(step, target, row.position, row.held.stored.revision, step.now).await?;
    handled(step, target, Handled::Resent, by, reason).await?;
    Ok(true)
}

/// Gives a dead letter up.
pub(super) async fn drop_letter(step: &mut Step<'_>, target: &Target, by: &str) -> Result<bool, Error> {
    let Some((row, reason)) = find(step, target).await? else { return Ok(false) };
    step.schema
        .query(
            "UPDATE studio.dead_letters SET dropped_at = $4 WHERE tenant_id = $1 AND kind = $2 AND position = $3",
        )
        .bind(target.tenant.0)
        .bind(target.kind.name)
        .bind(row.position)
        .bind(step.now.micros())
        .execute(&mut *step.connection)
        .await?;
    handled(step, target, Handled::Dropped, by, reason).await?;
    Ok(true)
}

/// A correction, with the note of who made it.
pub(super) async fn mend(
    step: &mut Step<'_>,
    target: &Target,
    record: &Record,
    by: &str,
) -> Result<Change, Error> {
    let letter = find(step, target).await?;
    let change = change::correct(step, target, record).await?;
    if matches!(change, Change::Done(_)) {
        let reason = letter.map(|(_, reason)| reason).unwrap_or_default();
        handled(step, target, Handled::Mended, by, reason).await?;
    }
    Ok(change)
}

async fn handled(
    step: &mut Step<'_>,
    target: &Target,
    what: Handled,
    by: &str,
    reason: String,
) -> Result<(), Error> {
    step.changed = true;
    let by = by.to_owned();
    let handling = Handling { at: step.now, by, kind: target.kind, id: Some(target.id), what, reason };
    handle(step, target.tenant, &handling).await
}

/// The record of a letter that is not given up, and what the letter says.
async fn find(step: &mut Step<'_>, target: &Target) -> Result<Option<(Row, String)>, Error> {
    let rows = intake::by_ids(step, target.kind, target.tenant, vec![target.id]).await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let letter = step
        .schema
        .query(
            "SELECT reason FROM studio.dead_letters WHERE tenant_id = $1 AND kind = $2 AND position = $3 \
             AND dropped_at IS NULL",
        )
        .bind(target.tenant.0)
        .bind(target.kind.name)
        .bind(row.position)
        .fetch_optional(&mut *step.connection)
        .await?;
    letter.map(|letter| Ok((row, get(&letter, 0)?))).transpose()
}

/// Those that are not given up, newest first.
pub(super) async fn dead_letters(asked: Asked<'_>, most: usize) -> Result<Vec<DeadLetter>, Error> {
    let mut letters = Vec::new();
    for kind in KINDS {
        let rows = asked
            .schema
            .query(&statements::of(kind).dead)
            .bind(asked.tenant.0)
            .bind(kind.name)
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_all(&mut *asked.connection)
            .await?;
        for row in &rows {
            letters.push(letter(kind, row)?);
        }
    }
    letters.sort_by_key(|letter| std::cmp::Reverse(letter.died_at));
    letters.truncate(most);
    Ok(letters)
}

pub(super) async fn dead_letter(
    asked: Asked<'_>,
    kind: &'static Kind,
    id: Uuid,
) -> Result<Option<DeadLetter>, Error> {
    let query = asked.schema.query(&statements::of(kind).dead_one);
    let query = query.bind(asked.tenant.0).bind(kind.name).bind(id);
    let row = query.fetch_optional(&mut *asked.connection).await?;
    row.map(|row| letter(kind, &row)).transpose()
}

fn letter(kind: &'static Kind, row: &PgRow) -> Result<DeadLetter, Error> {
    Ok(DeadLetter {
        kind,
        revision: get(row, 0)?,
        attempts: get(row, 1)?,
        enqueued_at: Instant::from_micros(get(row, 2)?),
        died_at: Instant::from_micros(get(row, 3)?),
        reason: get(row, 4)?,
        id: get(row, 5)?,
        deletes: get(row, 6)?,
        request: get(row, 7)?,
        response: get(row, 8)?,
    })
}
