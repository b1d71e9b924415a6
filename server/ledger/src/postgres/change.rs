//! Corrections and withdrawals of one record, whose row is locked already. What it was before is kept as a version.

use model::record::{self, Record, Stored};
use sqlx::Error;

use super::{intake, outbox, statements, step::Step};
use crate::{
    Change,
    affected::Affected as _,
    amendment::{self, Passage},
    command::Target,
    decision::hour_of,
    returned::Entry,
    row::Row,
};

pub(super) async fn correct(step: &mut Step<'_>, target: &Target, record: &Record) -> Result<Change, Error> {
    let row = match find(step, target).await? {
        Ok(row) => row,
        Err(refused) => return Ok(refused),
    };
    let (kind, stored) = (target.kind, &row.held.stored);
    if record.own_id(target.tenant).is_some_and(|id| id != target.id) {
        return Ok(Change::KeyDiffers);
    }
    if let Some(refused) = amendment::outdated(target, stored) {
        return Ok(refused);
    }
    step.named(target.tenant, record);
    let corrected = amendment::corrected(record, stored);
    step.changed |= corrected.record.names() != stored.record.names();
    if record.says_the_same(&stored.record) {
        return Ok(Change::Unchanged(Stored { record: corrected.record, ..stored.clone() }));
    }
    keep_version(step, target, stored, "correction").await?;
    let query = step
        .schema
        .query(&statements::of(kind).correct)
        .bind(target.tenant.0)
        .bind(row.position)
        .bind(corrected.revision);
    let done = intake::bind_fields(query, &corrected.record).execute(&mut *step.connection).await?;
    done.ensure(1, kind.table, stored.id)?;
    unconfirm(step, target, &row);
    if let Some(due) = kind.due(step.now) {
        outbox::enqueue(step, target, row.position, corrected.revision, due).await?;
    }
    step.changed = true;
    Ok(Change::Done(corrected))
}

pub(super) async fn withdraw(step: &mut Step<'_>, target: &Target, fetched: bool) -> Result<Change, Error> {
    let row = match find(step, target).await? {
        Ok(row) => row,
        Err(refused) => return Ok(refused),
    };
    let stored = &row.held.stored;
    if let Some(refused) = amendment::outdated(target, stored) {
        return Ok(refused);
    }
    let revision = stored.revision + 1;
    keep_version(step, target, stored, "withdrawal").await?;
    step.schema
        .query(&statements::of(target.kind).withdraw)
        .bind(target.tenant.0)
        .bind(row.position)
        .bind(step.now.micros())
        .bind(revision)
        .execute(&mut *step.connection)
        .await?
        .ensure(1, target.kind.table, stored.id)?;
    unconfirm(step, target, &row);
    let entry = outbox::entry(step, target, row.position).await?;
    if !fetched && entry.as_ref().is_some_and(Entry::was_never_sent) {
        outbox::call_off(step, target, row.position).await?;
    } else if let Some(due) = target.kind.due(step.now) {
        outbox::enqueue(step, target, row.position, revision, due).await?;
    }
    step.changed = true;
    Ok(Change::Done(row.held.stored))
}

/// The record that is meant, or why nothing can be done about it.
async fn find(step: &mut Step<'_>, target: &Target) -> Result<Result<Row, Change>, Error> {
    let rows = intake::by_ids(step, target.kind, target.tenant, vec![target.id]).await?;
    Ok(match rows.into_iter().next() {
        None => Err(Change::NotFound),
        Some(row) if row.held.withdrawn_at.is_some() => Err(Change::Gone),
        Some(row) => Ok(row),
    })
}

async fn keep_version(
    step: &mut Step<'_>,
    target: &Target,
    stored: &Stored,
    replaced_by: &'static str,
) -> Result<(), Error> {
    let fields = record::to_json(&stored.record);
    step.schema
        .query(
            "INSERT INTO studio.versions (tenant_id, kind, id, revision, replaced_at, replaced_by, fields) \
             VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb)",
        )
        .bind(target.tenant.0)
        .bind(target.kind.name)
        .bind(stored.id)
        .bind(stored.revision)
        .bind(step.now.micros())
        .bind(replaced_by)
        .bind(serde_json::Value::Object(fields).to_string())
        .execute(&mut *step.connection)
        .await
        .map(|_| ())
}

/// What was read back is no longer what the record says.
fn unconfirm(step: &mut Step<'_>, target: &Target, row: &Row) {
    if row.is_confirmed() {
        let hour = hour_of(step.now);
        step.passed(target.tenant, target.kind, hour, Passage { confirmed: -1, ..Passage::default() });
    }
}
