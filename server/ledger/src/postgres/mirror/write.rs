//! Writes what was decided about rows of Dataverse, in a few statements for all of them.

use std::collections::HashSet;

use model::{
    record::{self, Kind, Record},
    tenant::TenantId,
};
use sqlx::Error;
use uuid::Uuid;

use super::super::{
    Step,
    intake::{Statement, bind_column},
    outbox,
    row::get,
    statements,
};
use crate::{
    Reflected,
    change::Target,
    decision::hour_of,
    reflection::{Decided, Fact, Line, Sum},
};

/// What was taken in: tenant and id.
pub(super) type Added = HashSet<(TenantId, Uuid)>;

type Round<'a> = [(usize, Decided<'a>)];

pub(super) async fn write(step: &mut Step<'_>, kind: &'static Kind, round: &Round<'_>) -> Result<(), Error> {
    adopt(step, kind, round).await?;
    prove(step, kind, round).await?;
    leave(step, kind, round).await?;
    let made = &statements::of(kind).mirror;
    let met = all(round, Reflected::Confirmed);
    update(step, &made.met, &met).await?;
    change(step, kind, round).await?;
    let gone = all(round, Reflected::Withdrawn);
    keep_versions(step, kind, &gone).await?;
    update(step, &made.gone_there, &gone).await?;
    requeue(step, kind, &all(round, Reflected::Requeued)).await?;
    bury(step, kind, round).await?;
    close(step, kind, round).await
}

/// What is not there yet goes in; a record that came in faster, here or in another process, is left alone.
pub(super) async fn add(step: &mut Step<'_>, kind: &'static Kind, round: &Round<'_>) -> Result<Added, Error> {
    let added: Vec<(TenantId, Uuid, Option<Uuid>, &Record)> = round
        .iter()
        .filter(|(_, decided)| decided.reflected == Reflected::Added)
        .filter_map(|(_, decided)| {
            let (reflection, record) = (decided.reflection, decided.seen()?);
            let id = reflection.id_of(record);
            let id_there = Some(reflection.dataverse_id).filter(|there| *there != id);
            Some((reflection.tenant, id, id_there, record))
        })
        .collect();
    if added.is_empty() {
        return Ok(Added::new());
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
    let new: Added = rows
        .iter()
        .map(|found| Ok((TenantId(get(found, 0)?), get(found, 1)?)))
        .collect::<Result<_, Error>>()?;
    for (tenant, id, _, record) in &added {
        if new.contains(&(*tenant, *id)) {
            step.met(*tenant);
            step.named(*tenant, record);
        }
    }
    Ok(new)
}

fn bind_columns(query: Statement, kind: &Kind, records: &[&Record]) -> Statement {
    (0..kind.fields.len()).fold(query, |query, at| bind_column(query, kind, at, records.iter().copied()))
}

async fn adopt(step: &mut Step<'_>, kind: &'static Kind, round: &Round<'_>) -> Result<(), Error> {
    let adopted: Vec<_> = round.iter().filter_map(|(_, decided)| decided.adoption()).collect();
    if adopted.is_empty() {
        return Ok(());
    }
    let facts: Vec<&Fact> = adopted.iter().map(|(fact, _)| *fact).collect();
    let query = bind(step.schema.query(&statements::of(kind).mirror.adopt), &facts);
    let query = query.bind(adopted.iter().map(|(_, id)| *id).collect::<Vec<_>>());
    query.execute(&mut *step.connection).await.map(|_| ())
}

/// Raises `epoch` from 0, so that a withdrawal deletes the row there instead of dropping the entry.
async fn prove(step: &mut Step<'_>, kind: &'static Kind, round: &Round<'_>) -> Result<(), Error> {
    let proven: Vec<&Fact> = round.iter().filter_map(|(_, decided)| decided.proves()).collect();
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
    let (facts, records): (Vec<&Fact>, Vec<Record>) =
        round.iter().filter_map(|(_, decided)| decided.change()).unzip();
    if facts.is_empty() {
        return Ok(());
    }
    keep_versions(step, kind, &facts).await?;
    for (fact, record) in facts.iter().zip(&records) {
        step.named(fact.tenant, record);
    }
    let query =
        bind(step.schema.query(&statements::of(kind).mirror.changed_there), &facts).bind(step.now.micros());
    let records: Vec<&Record> = records.iter().collect();
    bind_columns(query, kind, &records).execute(&mut *step.connection).await.map(|_| ())
}

async fn keep_versions(step: &mut Step<'_>, kind: &'static Kind, facts: &[&Fact]) -> Result<(), Error> {
    if facts.is_empty() {
        return Ok(());
    }
    let stored = || facts.iter().map(|fact| &fact.row.held.stored);
    let fields = |record: &Record| serde_json::Value::Object(record::to_json(record)).to_string();
    step.schema
        .query(
            "INSERT INTO studio.versions (tenant_id, kind, id, revision, replaced_at, replaced_by, fields) \
             SELECT v.tenant_id, $1, v.id, v.revision, $2, 'mirror', v.fields::jsonb \
             FROM unnest($3::uuid[], $4::uuid[], $5::bigint[], $6::text[]) AS v (tenant_id, id, revision, fields)",
        )
        .bind(kind.name)
        .bind(step.now.micros())
        .bind(facts.iter().map(|fact| fact.tenant.0).collect::<Vec<_>>())
        .bind(stored().map(|stored| stored.id).collect::<Vec<_>>())
        .bind(stored().map(|stored| stored.revision).collect::<Vec<_>>())
        .bind(stored().map(|stored| fields(&stored.record)).collect::<Vec<_>>())
        .execute(&mut *step.connection)
        .await
        .map(|_| ())
}

/// Puts records that vanished there back in line.
async fn requeue(step: &mut Step<'_>, kind: &'static Kind, facts: &[&Fact]) -> Result<(), Error> {
    if facts.is_empty() {
        return Ok(());
    }
    let query = bind(step.schema.query(&statements::of(kind).mirror.unsend), facts);
    query.execute(&mut *step.connection).await?;
    let (plain, given_up): (Vec<&Fact>, Vec<&Fact>) =
        facts.iter().partition(|fact| fact.line == Line::Nothing);
    for fact in given_up {
        let stored = &fact.row.held.stored;
        let target = Target::any(fact.tenant, kind, stored.id);
        outbox::enqueue(step, &target, fact.row.position, stored.revision, step.now).await?;
    }
    let revisions: Vec<i64> = plain.iter().map(|fact| fact.row.held.stored.revision).collect();
    let query = step.schema.query(
        "INSERT INTO studio.outbox (tenant_id, kind, position, revision, first, enqueued_at, due_at) \
         SELECT n.tenant_id, $4, n.position, n.revision, 0, $5, $5 \
         FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS n (tenant_id, position, revision)",
    );
    let query = bind(query, &plain).bind(revisions).bind(kind.name).bind(step.now.micros());
    query.execute(&mut *step.connection).await.map(|_| ())
}

async fn bury(step: &mut Step<'_>, kind: &'static Kind, round: &Round<'_>) -> Result<(), Error> {
    let settled: Vec<&Fact> = round.iter().filter_map(|(_, decided)| decided.settles_letter()).collect();
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
    let come: Vec<&Fact> = round.iter().filter_map(|(_, decided)| decided.leaves_line()).collect();
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
    for (tenant, passage) in sum {
        let hour = hour_of(step.now);
        step.passed(tenant, kind, hour, passage);
    }
    let decided = round.iter().filter(|(_, decided)| decided.reflected != Reflected::Again);
    let ids: Vec<Uuid> = decided.map(|(_, decided)| decided.reflection.dataverse_id).collect();
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
        round.iter().filter_map(|(_, decided)| Some((decided.reflection, decided.reject()?))).collect();
    if refused.is_empty() {
        return Ok(());
    }
    step.schema
        .query(
            "INSERT INTO studio.rejects (tenant_id, kind, dataverse_id, reason, content, at) \
             SELECT n.tenant_id, $5, n.dataverse_id, n.reason, n.content, $6 \
             FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[]) AS n (tenant_id, dataverse_id, reason, content)",
        )
        .bind(refused.iter().map(|(reflection, _)| reflection.tenant.0).collect::<Vec<_>>())
        .bind(refused.iter().map(|(reflection, _)| reflection.dataverse_id).collect::<Vec<_>>())
        .bind(refused.iter().map(|(_, (reason, _))| reason.clone()).collect::<Vec<_>>())
        .bind(refused.iter().map(|(_, (_, content))| content.clone()).collect::<Vec<_>>())
        .bind(kind.name)
        .bind(step.now.micros())
        .execute(&mut *step.connection)
        .await
        .map(|_| ())
}

fn all<'a>(round: &'a Round<'_>, reflected: Reflected) -> Vec<&'a Fact> {
    round.iter().filter_map(|(_, decided)| decided.does(reflected)).collect()
}

/// Runs a statement over records: their tenants, their positions, now.
async fn update(step: &mut Step<'_>, sql: &str, facts: &[&Fact]) -> Result<(), Error> {
    if facts.is_empty() {
        return Ok(());
    }
    let query = bind(step.schema.query(sql), facts).bind(step.now.micros());
    query.execute(&mut *step.connection).await.map(|_| ())
}

fn bind(query: Statement, facts: &[&Fact]) -> Statement {
    query
        .bind(facts.iter().map(|fact| fact.tenant.0).collect::<Vec<_>>())
        .bind(facts.iter().map(|fact| fact.row.position).collect::<Vec<_>>())
}
