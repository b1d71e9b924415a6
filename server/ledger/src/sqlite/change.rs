//! Corrections and withdrawals of one record. What it was before is kept as a version.

use std::sync::LazyLock;

use model::{
    record::{self, Kind, Record, Stored},
    tenant::TenantId,
};
use sqlx::{Error, SqliteConnection, query::Query};

use super::{delivery, intake, row, statements, writer::Step};
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
    let kind = target.kind;
    if record.own_id(target.tenant).is_some_and(|id| id != target.id) {
        return Ok(Change::KeyDiffers);
    }
    let stored = &row.held.stored;
    if let Some(refused) = amendment::outdated(target, stored) {
        return Ok(refused);
    }
    intake::write_names(step.connection, step.known, target.tenant, record, step.now).await?;
    let corrected = amendment::corrected(record, stored);
    step.changed |= corrected.record.names() != stored.record.names();
    if record.says_the_same(&stored.record) {
        return Ok(Change::Unchanged(Stored { record: corrected.record, ..stored.clone() }));
    }
    keep_version(step, target.tenant, kind, stored, "correction").await?;
    let query = corrected.record.values().iter().fold(sqlx::query(statements::of(kind).correct), row::bind);
    let done = query.bind(corrected.revision).bind(row.position).execute(&mut *step.connection).await?;
    done.ensure(1, kind.table, stored.id)?;
    unconfirm(step, target, &row).await?;
    if let Some(due) = kind.due(step.now) {
        delivery::enqueue(step, target, row.position, corrected.revision, due).await?;
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
    keep_version(step, target.tenant, target.kind, stored, "withdrawal").await?;
    sqlx::query(statements::of(target.kind).withdraw)
        .bind(step.now.micros())
        .bind(revision)
        .bind(row.position)
        .execute(&mut *step.connection)
        .await?
        .ensure(1, target.kind.table, stored.id)?;
    unconfirm(step, target, &row).await?;
    let entry = delivery::entry(step, target.tenant, target.kind, row.position).await?;
    if !fetched && entry.as_ref().is_some_and(Entry::was_never_sent) {
        delivery::call_off(step, target.tenant, target.kind, row.position).await?;
    } else if let Some(due) = target.kind.due(step.now) {
        delivery::enqueue(step, target, row.position, revision, due).await?;
    }
    step.changed = true;
    Ok(Change::Done(row.held.stored))
}

/// The record that is meant, or why nothing can be done about it.
async fn find(step: &mut Step<'_>, target: &Target) -> Result<Result<Row, Change>, Error> {
    let rows = intake::by_ids(step.connection, target.kind, target.tenant, &[target.id]).await?;
    Ok(match rows.into_iter().next() {
        None => Err(Change::NotFound),
        Some(row) if row.held.withdrawn_at.is_some() => Err(Change::Gone),
        Some(row) => Ok(row),
    })
}

/// Keeps what a record was before it is replaced.
pub(super) async fn keep_version(
    step: &mut Step<'_>,
    tenant: TenantId,
    kind: &'static Kind,
    stored: &Stored,
    replaced_by: &'static str,
) -> Result<(), Error> {
    let fields = record::to_json(&stored.record);
    sqlx::query(
        "INSERT INTO versions (tenant_id, kind, id, revision, replaced_at, replaced_by, fields) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(tenant.to_string())
    .bind(kind.name)
    .bind(stored.id.to_string())
    .bind(stored.revision)
    .bind(step.now.micros())
    .bind(replaced_by)
    .bind(serde_json::Value::Object(fields).to_string())
    .execute(&mut *step.connection)
    .await
    .map(|_| ())
}

/// What was read back is no longer what the record says.
async fn unconfirm(step: &mut Step<'_>, target: &Target, row: &Row) -> Result<(), Error> {
    if row.is_confirmed() {
        note(
            step.connection,
            target.tenant,
            target.kind,
            hour_of(step.now),
            Passage { confirmed: -1, ..Passage::default() },
        )
        .await?;
    }
    Ok(())
}

pub(super) async fn note(
    connection: &mut SqliteConnection,
    tenant: TenantId,
    kind: &'static Kind,
    hour: i64,
    passage: Passage,
) -> Result<(), Error> {
    static NOTE: LazyLock<String> = LazyLock::new(|| {
        let columns = Passage::COLUMNS.join(", ");
        let marks = Passage::COLUMNS.map(|_| "?").join(", ");
        let sums =
            Passage::COLUMNS.map(|column| format!("{column} = {column} + excluded.{column}")).join(", ");
        format!(
            "INSERT INTO passages (tenant_id, kind, hour, {columns}) VALUES (?, ?, ?, {marks}) \
             ON CONFLICT (tenant_id, kind, hour) DO UPDATE SET {sums}"
        )
    });
    let query = sqlx::query(NOTE.as_str()).bind(tenant.to_string()).bind(kind.name).bind(hour);
    passage.numbers().into_iter().fold(query, Query::bind).execute(connection).await.map(|_| ())
}
