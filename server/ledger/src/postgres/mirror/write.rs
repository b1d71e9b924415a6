//! Writes what was decided about rows of Dataverse, in a few statements for all of them.

use std::collections::{HashMap, HashSet};

use model::{
    record::{self, Kind, Record},
    tenant::TenantId,
};
use sqlx::Error;
use uuid::Uuid;

use super::super::{
    Step,
    intake::{StatementText, bind_column},
    outbox,
    row::get,
    statements,
};
use crate::{
    RowOutcome,
    change::ChangeTarget,
    decision::hour_of,
    reconcile::{Decided, KnownRecord, OutboxState, Sum},
};

/// What was taken in: tenant and id.
pub(super) type InsertedKeys = HashSet<(TenantId, Uuid)>;

type Round<'a> = [(usize, Decided<'a>)];

pub(super) async fn write(step: &mut Step<'_>, kind: &'static Kind, round: &Round<'_>) -> Result<(), Error> {
    match_to(step, kind, round).await?;
    clear_first(step, kind, round).await?;
    leave(step, kind, round).await?;
    let prepared = &statements::of(kind).mirror;
    let met = all(round, RowOutcome::Confirmed);
    update(step, &prepared.met, &met).await?;
    change(step, kind, round).await?;
    let gone = all(round, RowOutcome::Withdrawn);
    keep_versions(step, kind, &gone).await?;
    update(step, &prepared.gone_there, &gone).await?;
    for known in &gone {
        step.closing.rollups.take_back(known.tenant, known.row.position, &known.row.held);
    }
    requeue(step, kind, &all(round, RowOutcome::Requeued)).await?;
    dead_letter(step, kind, round).await?;
    close(step, kind, round).await
}

/// What is not there yet goes in; a record that came in faster, here or in another process, is left alone.
pub(super) async fn add(
    step: &mut Step<'_>,
    kind: &'static Kind,
    round: &Round<'_>,
) -> Result<InsertedKeys, Error> {
    let added: Vec<(TenantId, Uuid, Option<Uuid>, &Record)> = round
        .iter()
        .filter(|(_, decided)| decided.outcome == RowOutcome::Added)
        .filter_map(|(_, decided)| {
            let (mirrored, record) = (decided.mirrored, decided.seen()?);
            let id = mirrored.id_of(record);
            let id_there = Some(mirrored.dataverse_id).filter(|there| *there != id);
            Some((mirrored.tenant, id, id_there, record))
        })
        .collect();
    if added.is_empty() {
        return Ok(InsertedKeys::new());
    }
    let query = step
        .schema
        .query(&statements::of(kind).mirror.insert)
        .bind(step.now.micros())
        .bind(added.iter().map(|(tenant, ..)| tenant.0).collect::<Vec<_>>())
        .bind(added.iter().map(|(_, id, ..)| *id).collect::<Vec<_>>())
        .bind(added.iter().map(|(_, _, id_there, _)| *id_there).collect::<Vec<_>>());
    let records: Vec<&Record> = added.iter().map(|(.., record)| *record).collect();
    let rows = bind_columns(query, kind, &records).fetch_all(&mut *step.connection).await?;
    let new: HashMap<(TenantId, Uuid), i64> = rows
        .iter()
        .map(|found| Ok(((TenantId(get(found, 0)?), get(found, 1)?), get(found, 2)?)))
        .collect::<Result<_, Error>>()?;
    for (tenant, id, _, record) in &added {
        if let Some(position) = new.get(&(*tenant, *id)) {
            step.saw_tenant(*tenant);
            step.named(*tenant, record);
            step.closing.rollups.add(*tenant, *position, record, 1);
        }
    }
    Ok(new.into_keys().collect())
}

fn bind_columns(query: StatementText, kind: &Kind, records: &[&Record]) -> StatementText {
    (0..kind.fields.len()).fold(query, |query, at| bind_column(query, kind, at, records.iter().copied()))
}

async fn match_to(step: &mut Step<'_>, kind: &'static Kind, round: &Round<'_>) -> Result<(), Error> {
    let adopted: Vec<_> = round.iter().filter_map(|(_, decided)| decided.adoption()).collect();
    if adopted.is_empty() {
        return Ok(());
    }
    let known_records: Vec<&KnownRecord> = adopted.iter().map(|(known, _)| *known).collect();
    let query = bind(step.schema.query(&statements::of(kind).mirror.match_to), &known_records);
    let query = query.bind(adopted.iter().map(|(_, id)| *id).collect::<Vec<_>>());
    query.execute(&mut *step.connection).await.map(|_| ())
}

/// Raises `epoch` from 0, so that a withdrawal deletes the row there instead of dropping the entry.
async fn clear_first(step: &mut Step<'_>, kind: &'static Kind, round: &Round<'_>) -> Result<(), Error> {
    let proven: Vec<&KnownRecord> =
        round.iter().filter_map(|(_, decided)| decided.proves_arrival()).collect();
    if proven.is_empty() {
        return Ok(());
    }
    let query = step.schema.query(
        "UPDATE studio.outbox AS o SET epoch = 1 FROM unnest($1::uuid[], $2::bigint[]) AS n (tenant_id, position) \
         WHERE o.tenant_id = n.tenant_id AND o.kind = $3 AND o.position = n.position AND o.epoch = 0",
    );
    bind(query, &proven).bind(kind.name).execute(&mut *step.connection).await.map(|_| ())
}

async fn change(step: &mut Step<'_>, kind: &'static Kind, round: &Round<'_>) -> Result<(), Error> {
    let (known_records, records): (Vec<&KnownRecord>, Vec<Record>) =
        round.iter().filter_map(|(_, decided)| decided.change()).unzip();
    if known_records.is_empty() {
        return Ok(());
    }
    keep_versions(step, kind, &known_records).await?;
    for (known, record) in known_records.iter().zip(&records) {
        step.named(known.tenant, record);
        step.closing.rollups.take_back(known.tenant, known.row.position, &known.row.held);
        step.closing.rollups.add(known.tenant, known.row.position, record, 1);
    }
    let query = bind(step.schema.query(&statements::of(kind).mirror.changed_there), &known_records)
        .bind(step.now.micros());
    let records: Vec<&Record> = records.iter().collect();
    bind_columns(query, kind, &records).execute(&mut *step.connection).await.map(|_| ())
}

async fn keep_versions(
    step: &mut Step<'_>,
    kind: &'static Kind,
    known_records: &[&KnownRecord],
) -> Result<(), Error> {
    if known_records.is_empty() {
        return Ok(());
    }
    let stored = || known_records.iter().map(|known| &known.row.held.stored);
    let fields = |record: &Record| serde_json::Value::Object(record::to_json(record)).to_string();
    step.schema
        .query(
            "INSERT INTO studio.versions (tenant_id, kind, id, revision, replaced_at, replaced_by, fields) \
             SELECT v.tenant_id, $1, v.id, v.revision, $2, 'mirror', v.fields::jsonb \
             FROM unnest($3::uuid[], $4::uuid[], $5::bigint[], $6::text[]) AS v (tenant_id, id, revision, fields)",
        )
        .bind(kind.name)
        .bind(step.now.micros())
        .bind(known_records.iter().map(|known| known.tenant.0).collect::<Vec<_>>())
        .bind(stored().map(|stored| stored.id).collect::<Vec<_>>())
        .bind(stored().map(|stored| stored.revision).collect::<Vec<_>>())
        .bind(stored().map(|stored| fields(&stored.record)).collect::<Vec<_>>())
        .execute(&mut *step.connection)
        .await
        .map(|_| ())
}

/// Puts records that vanished there back in line.
async fn requeue(
    step: &mut Step<'_>,
    kind: &'static Kind,
    known_records: &[&KnownRecord],
) -> Result<(), Error> {
    if known_records.is_empty() {
        return Ok(());
    }
    let query = bind(step.schema.query(&statements::of(kind).mirror.unsend), known_records);
    query.execute(&mut *step.connection).await?;
    let (plain, given_up): (Vec<&KnownRecord>, Vec<&KnownRecord>) =
        known_records.iter().partition(|known| known.line == OutboxState::Nothing);
    for known in given_up {
        let stored = &known.row.held.stored;
        let target = ChangeTarget::any(known.tenant, kind, stored.id);
        outbox::enqueue(step, &target, known.row.position, stored.revision, step.now).await?;
    }
    let revisions: Vec<i64> = plain.iter().map(|known| known.row.held.stored.revision).collect();
    let query = step.schema.query(
        "INSERT INTO studio.outbox (tenant_id, kind, position, revision, first, enqueued_at, due_at) \
         SELECT n.tenant_id, $4, n.position, n.revision, 0, $5, $5 \
         FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS n (tenant_id, position, revision)",
    );
    let query = bind(query, &plain).bind(revisions).bind(kind.name).bind(step.now.micros());
    query.execute(&mut *step.connection).await.map(|_| ())
}

async fn dead_letter(step: &mut Step<'_>, kind: &'static Kind, round: &Round<'_>) -> Result<(), Error> {
    let settled: Vec<&KnownRecord> =
        round.iter().filter_map(|(_, decided)| decided.settles_letter()).collect();
    if settled.is_empty() {
        return Ok(());
    }
    let query = step.schema.query(
        "DELETE FROM studio.dead_letters AS d USING unnest($1::uuid[], $2::bigint[]) AS n (tenant_id, position) \
         WHERE d.tenant_id = n.tenant_id AND d.kind = $3 AND d.position = n.position",
    );
    bind(query, &settled).bind(kind.name).execute(&mut *step.connection).await.map(|_| ())
}

/// Ahead of everything that sets `exported_at`: a trigger counts what is in line then as delivered from outside.
async fn leave(step: &mut Step<'_>, kind: &'static Kind, round: &Round<'_>) -> Result<(), Error> {
    let come: Vec<&KnownRecord> = round.iter().filter_map(|(_, decided)| decided.leaves_line()).collect();
    if come.is_empty() {
        return Ok(());
    }
    let query = step.schema.query(
        "DELETE FROM studio.outbox AS o USING unnest($1::uuid[], $2::bigint[]) AS n (tenant_id, position) \
         WHERE o.tenant_id = n.tenant_id AND o.kind = $3 AND o.position = n.position",
    );
    bind(query, &come).bind(kind.name).execute(&mut *step.connection).await.map(|_| ())
}

/// What is refused is kept as it is now, what is fine again is not; and all of it is counted.
pub(super) async fn close(step: &mut Step<'_>, kind: &'static Kind, round: &Round<'_>) -> Result<(), Error> {
    let mut sum = Sum::new();
    for (_, decided) in round {
        decided.add_to(&mut sum);
        step.changed |= decided.is_news();
    }
    for (tenant, counts) in sum {
        let hour = hour_of(step.now);
        step.passed(tenant, kind, hour, counts);
    }
    let decided = round.iter().filter(|(_, decided)| decided.outcome != RowOutcome::Again);
    let ids: Vec<Uuid> = decided.map(|(_, decided)| decided.mirrored.dataverse_id).collect();
    step.schema
        .query("DELETE FROM studio.rejects WHERE dataverse_id = ANY($1) AND kind = $2")
        .bind(ids)
        .bind(kind.name)
        .execute(&mut *step.connection)
        .await?;
    reject(step, kind, round).await
}

async fn reject(step: &mut Step<'_>, kind: &'static Kind, round: &Round<'_>) -> Result<(), Error> {
    let refused: Vec<_> =
        round.iter().filter_map(|(_, decided)| Some((decided.mirrored, decided.reject()?))).collect();
    if refused.is_empty() {
        return Ok(());
    }
    step.schema
        .query(
            "INSERT INTO studio.rejects (tenant_id, kind, dataverse_id, reason, content, at) \
             SELECT n.tenant_id, $5, n.dataverse_id, n.reason, n.content, $6 \
             FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) AS n (tenant_id, dataverse_id, reason, content)",
        )
        .bind(refused.iter().map(|(mirrored, _)| mirrored.tenant.0).collect::<Vec<_>>())
        .bind(refused.iter().map(|(mirrored, _)| mirrored.dataverse_id).collect::<Vec<_>>())
        .bind(refused.iter().map(|(_, (reason, _))| reason.clone()).collect::<Vec<_>>())
        .bind(refused.iter().map(|(_, (_, content))| content.clone()).collect::<Vec<_>>())
        .bind(kind.name)
        .bind(step.now.micros())
        .execute(&mut *step.connection)
        .await
        .map(|_| ())
}

fn all<'a>(round: &'a Round<'_>, outcome: RowOutcome) -> Vec<&'a KnownRecord> {
    round.iter().filter_map(|(_, decided)| decided.does(outcome)).collect()
}

/// Runs a statement over records: their tenants, their positions, now.
async fn update(step: &mut Step<'_>, sql: &str, known_records: &[&KnownRecord]) -> Result<(), Error> {
    if known_records.is_empty() {
        return Ok(());
    }
    let query = bind(step.schema.query(sql), known_records).bind(step.now.micros());
    query.execute(&mut *step.connection).await.map(|_| ())
}

fn bind(query: StatementText, known_records: &[&KnownRecord]) -> StatementText {
    query
        .bind(known_records.iter().map(|known| known.tenant.0).collect::<Vec<_>>())
        .bind(known_records.iter().map(|known| known.row.position).collect::<Vec<_>>())
}
