//! Writes what was decided about rows of Dataverse.

use model::record::Kind;
use sqlx::Error;

use super::super::{
    Step,
    change::keep_version,
    intake::{self, write_tenant},
    outbox, row, statements,
    step::json,
};
use crate::{
    RowOutcome,
    change::ChangeTarget,
    decision::hour_of,
    reconcile::{Decided, KnownRecord, Sum},
};

type Round<'a> = [(usize, Decided<'a>)];

pub(super) async fn write(step: &mut Step<'_>, kind: &'static Kind, round: &Round<'_>) -> Result<(), Error> {
    let decided: Vec<&Decided<'_>> = round.iter().map(|(_, decided)| decided).collect();
    match_to(step, kind, &decided).await?;
    clear_first(step, kind, &decided).await?;
    leave(step, kind, &decided).await?;
    confirm(step, kind, &decided).await?;
    add(step, kind, &decided).await?;
    for decided in &decided {
        change(step, kind, decided).await?;
    }
    dead_letter(step, kind, &decided).await?;
    reject(step, kind, &decided).await?;
    count(step, kind, &decided).await
}

async fn match_to(step: &mut Step<'_>, kind: &'static Kind, round: &[&Decided<'_>]) -> Result<(), Error> {
    for (known, id) in round.iter().filter_map(|decided| decided.adoption()) {
        sqlx::query(statements::of(kind).mirror.match_to)
            .bind(id)
            .bind(known.row.position)
            .execute(&mut *step.connection)
            .await?;
    }
    Ok(())
}

/// Raises `epoch` from 0, so that a withdrawal deletes the row there instead of dropping the entry.
async fn clear_first(step: &mut Step<'_>, kind: &'static Kind, round: &[&Decided<'_>]) -> Result<(), Error> {
    for known in round.iter().filter_map(|decided| decided.proves_arrival()) {
        sqlx::query(
            "UPDATE outbox SET epoch = 1 WHERE tenant_id = ?1 AND kind = ?2 AND position = ?3 AND epoch = 0",
        )
        .bind(known.tenant.to_string())
        .bind(kind.name)
        .bind(known.row.position)
        .execute(&mut *step.connection)
        .await?;
    }
    Ok(())
}

async fn confirm(step: &mut Step<'_>, kind: &'static Kind, round: &[&Decided<'_>]) -> Result<(), Error> {
    let met: Vec<i64> = round
        .iter()
        .filter_map(|decided| decided.does(RowOutcome::Confirmed))
        .map(|known| known.row.position)
        .collect();
    if met.is_empty() {
        return Ok(());
    }
    let query = sqlx::query(statements::of(kind).mirror.met).bind(step.now.micros()).bind(json(&met));
    query.execute(&mut *step.connection).await.map(|_| ())
}

async fn add(step: &mut Step<'_>, kind: &'static Kind, round: &[&Decided<'_>]) -> Result<(), Error> {
    let added: Vec<_> = round
        .iter()
        .filter(|decided| decided.outcome == RowOutcome::Added)
        .filter_map(|decided| Some((decided.mirrored, decided.seen()?)))
        .collect();
    if added.is_empty() {
        return Ok(());
    }
    for (mirrored, record) in &added {
        write_tenant(step.connection, step.cache, mirrored.tenant, step.now).await?;
        intake::write_names(step.connection, step.cache, mirrored.tenant, record, step.now).await?;
    }
    let mut position = step.cache.claim(step.connection, kind, added.len()).await?;
    for of_tenant in added.chunk_by(|one, next| one.0.tenant == next.0.tenant) {
        let mut rest = of_tenant;
        while let Some((mirrored, _)) = rest.first() {
            let (insert, size) = statements::of(kind).mirror.insert.next(rest.len());
            let (now, after) = rest.split_at(size);
            let mut query = sqlx::query(insert).bind(mirrored.tenant.to_string()).bind(step.now.micros());
            for (mirrored, record) in now {
                let id = mirrored.id_of(record);
                let id_there = Some(mirrored.dataverse_id).filter(|there| *there != id);
                query = query.bind(position).bind(id).bind(id_there);
                query = record.values().iter().fold(query, row::bind);
                step.rollups.add(mirrored.tenant, position, record, 1);
                position += 1;
            }
            query.execute(&mut *step.connection).await?;
            rest = after;
        }
    }
    Ok(())
}

/// What is another record from now on, or none at all.
async fn change(step: &mut Step<'_>, kind: &'static Kind, decided: &Decided<'_>) -> Result<(), Error> {
    let prepared = &statements::of(kind).mirror;
    let now = step.now.micros();
    if let Some((known, record)) = decided.change() {
        let revision = replace(step, kind, known).await?;
        intake::write_names(step.connection, step.cache, known.tenant, &record, step.now).await?;
        let query = record.values().iter().fold(sqlx::query(prepared.changed_there), row::bind);
        let query = query.bind(revision).bind(now).bind(now).bind(known.row.position);
        query.execute(&mut *step.connection).await?;
        step.rollups.take_back(known.tenant, known.row.position, &known.row.held);
        step.rollups.add(known.tenant, known.row.position, &record, 1);
    }
    if let Some(known) = decided.does(RowOutcome::Withdrawn) {
        let revision = replace(step, kind, known).await?;
        let query = sqlx::query(prepared.gone_there).bind(now).bind(revision).bind(known.row.position);
        query.execute(&mut *step.connection).await?;
        step.rollups.take_back(known.tenant, known.row.position, &known.row.held);
    }
    if let Some(known) = decided.does(RowOutcome::Requeued) {
        let (position, revision) = (known.row.position, known.row.held.stored.revision);
        sqlx::query(prepared.unsend).bind(position).execute(&mut *step.connection).await?;
        let target = ChangeTarget::any(known.tenant, kind, known.row.held.stored.id);
        outbox::enqueue(step, &target, position, revision, step.now).await?;
    }
    Ok(())
}

/// Keeps what the record was, and says its next revision.
async fn replace(step: &mut Step<'_>, kind: &'static Kind, known: &KnownRecord) -> Result<i64, Error> {
    let stored = &known.row.held.stored;
    keep_version(step, (known.tenant, kind), stored, "mirror").await?;
    Ok(stored.revision + 1)
}

async fn dead_letter(step: &mut Step<'_>, kind: &'static Kind, round: &[&Decided<'_>]) -> Result<(), Error> {
    for known in round.iter().filter_map(|decided| decided.settles_letter()) {
        sqlx::query("DELETE FROM dead_letters WHERE tenant_id = ?1 AND kind = ?2 AND position = ?3")
            .bind(known.tenant.to_string())
            .bind(kind.name)
            .bind(known.row.position)
            .execute(&mut *step.connection)
            .await?;
    }
    Ok(())
}

/// Ahead of everything that sets `exported_at`: a trigger counts what is in line then as delivered from outside.
async fn leave(step: &mut Step<'_>, kind: &'static Kind, round: &[&Decided<'_>]) -> Result<(), Error> {
    for known in round.iter().filter_map(|decided| decided.leaves_line()) {
        sqlx::query("DELETE FROM outbox WHERE tenant_id = ?1 AND kind = ?2 AND position = ?3")
            .bind(known.tenant.to_string())
            .bind(kind.name)
            .bind(known.row.position)
            .execute(&mut *step.connection)
            .await?;
    }
    Ok(())
}

/// What is refused is kept as it is now, and what is fine again is not.
async fn reject(step: &mut Step<'_>, kind: &'static Kind, round: &[&Decided<'_>]) -> Result<(), Error> {
    let decided = round.iter().filter(|decided| decided.outcome != RowOutcome::Again);
    let ids: Vec<_> = decided.map(|decided| decided.mirrored.dataverse_id).collect();
    let old = "DELETE FROM rejects WHERE dataverse_id IN (SELECT value FROM json_each(?1)) AND kind = ?2";
    sqlx::query(old).bind(intake::json_of(&ids)).bind(kind.name).execute(&mut *step.connection).await?;
    for decided in round {
        let Some((reason, content)) = decided.reject() else { continue };
        sqlx::query(
            "INSERT INTO rejects (tenant_id, kind, dataverse_id, reason, content, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .bind(decided.mirrored.tenant.to_string())
        .bind(kind.name)
        .bind(decided.mirrored.dataverse_id.to_string())
        .bind(reason)
        .bind(content)
        .bind(step.now.micros())
        .execute(&mut *step.connection)
        .await?;
    }
    Ok(())
}

async fn count(step: &mut Step<'_>, kind: &'static Kind, round: &[&Decided<'_>]) -> Result<(), Error> {
    let mut sum = Sum::new();
    for decided in round {
        decided.add_to(&mut sum);
    }
    for (tenant, counts) in sum {
        step.passed(tenant, kind, hour_of(step.now), counts).await?;
    }
    step.changed |= round.iter().any(|decided| decided.is_news());
    Ok(())
}
