//! Dead letters: what people read of them, and what they do about them.

use model::{
    record::{KINDS, Kind, Record},
    tenant::TenantId,
    time::Instant,
};
use sqlx::{Error, SqlitePool, sqlite::SqliteRow};
use uuid::Uuid;

use super::{
    change, delivery,
    handlings::handle,
    intake,
    row::{self, get},
    statements,
    writer::Step,
};
use crate::{Change, DeadLetter, Handled, Handling, command::Target, row::Row};

/// Sends a dead letter once more.
pub(super) async fn resend(step: &mut Step<'_>, target: &Target, by: &str) -> Result<bool, Error> {
    let Some((row, reason)) = find(step, target).await? else { return Ok(false) };
    let revision = row.held.stored.revision;
    delivery::enqueue(step, target, row.position, revision, step.now).await?;
    handled(step, target, Handled::Resent, by, reason).await?;
    Ok(true)
}

/// Gives a dead letter up.
pub(super) async fn drop_letter(step: &mut Step<'_>, target: &Target, by: &str) -> Result<bool, Error> {
    let Some((row, reason)) = find(step, target).await? else { return Ok(false) };
    sqlx::query(
        "UPDATE dead_letters SET dropped_at = ?1 WHERE tenant_id = ?2 AND kind = ?3 AND position = ?4",
    )
    .bind(step.now.micros())
    .bind(target.tenant.to_string())
    .bind(target.kind.name)
    .bind(row.position)
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
    let rows = intake::by_ids(step.connection, target.kind, target.tenant, &[target.id]).await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let letter = sqlx::query(
        "SELECT reason FROM dead_letters WHERE tenant_id = ?1 AND kind = ?2 AND position = ?3 \
         AND dropped_at IS NULL",
    )
    .bind(target.tenant.to_string())
    .bind(target.kind.name)
    .bind(row.position)
    .fetch_optional(&mut *step.connection)
    .await?;
    letter.map(|letter| Ok((row, get(&letter, 0)?))).transpose()
}

/// Those that are not given up, newest first.
pub(super) async fn dead_letters(
    readers: &SqlitePool,
    tenant: TenantId,
    most: usize,
) -> Result<Vec<DeadLetter>, Error> {
    let mut letters = Vec::new();
    for kind in KINDS {
        let rows = sqlx::query(statements::of(kind).dead)
            .bind(tenant.to_string())
            .bind(kind.name)
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_all(readers)
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
    readers: &SqlitePool,
    tenant: TenantId,
    kind: &'static Kind,
    id: Uuid,
) -> Result<Option<DeadLetter>, Error> {
    let row = sqlx::query(statements::of(kind).dead_one)
        .bind(tenant.to_string())
        .bind(kind.name)
        .bind(id.to_string())
        .fetch_optional(readers)
        .await?;
    row.map(|row| letter(kind, &row)).transpose()
}

fn letter(kind: &'static Kind, row: &SqliteRow) -> Result<DeadLetter, Error> {
    Ok(DeadLetter {
        kind,
        revision: get(row, 0)?,
        attempts: get(row, 1)?,
        enqueued_at: Instant::from_micros(get(row, 2)?),
        died_at: Instant::from_micros(get(row, 3)?),
        reason: get(row, 4)?,
        id: row::id(row, 5)?,
        deletes: get(row, 6)?,
        request: get(row, 7)?,
        response: get(row, 8)?,
    })
}
