//! Takes requests in, many at a time: writes what is not there yet, looks what was, and decides each record in order.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    iter,
};

use model::{
    record::{Kind, Record, Storage, Value},
    tenant::TenantId,
    time::Timestamp,
};
use sqlx::{Error, Postgres, postgres::PgArguments, query::Query};
use uuid::Uuid;

use super::{
    Step,
    row::{self, get},
    statements,
};
use crate::{
    HeldRecord, Outcome,
    command::RecordsRequest,
    decision::{Decision, Fresh, RecordKey, hour_of, ids_of},
    flow_counts::FlowCounts,
    row::Row,
};

/// Writes and decides. The requests are all of one kind. `exported` says of all their records in order when Dataverse
/// acknowledged each before it came here; of what comes by the door it says nothing.
///
/// The unique index decides who was first, here and in every other process: what it lets in is new, what it does not is
/// there, committed, and is read afterwards.
pub(crate) async fn store(
    step: &mut Step<'_>,
    requests: &mut [&mut RecordsRequest],
    exported: &[Option<Timestamp>],
) -> Result<(), Error> {
    let Some(kind) = requests.first().map(|request| request.kind) else { return Ok(()) };
    let ids: Vec<Vec<Uuid>> = requests.iter().map(|request| ids_of(request, step.now, step.random)).collect();
    let wanted = wanted(requests, &ids, exported);
    let new = insert(step, kind, &wanted).await?;
    delivered(step, kind, &wanted, &new);
    for WantedRow { fresh, .. } in &wanted {
        if let Some(position) = new.get(&fresh.key()) {
            step.closing.rollups.add(fresh.tenant, *position, fresh.record, 1);
        }
    }
    let known: Vec<RecordKey> =
        wanted.iter().map(|wanted| wanted.fresh.key()).filter(|key| !new.contains_key(key)).collect();
    let held = held(step, kind, &known).await?;
    if let Some((_, id)) = known.iter().find(|key| !held.contains_key(*key)) {
        return Err(Error::Decode(format!("the record {id} was there and is not").into()));
    }
    let mut decision = Decision::new(step.now, held);
    let answers: Vec<Vec<Outcome>> =
        requests.iter().zip(ids).map(|(request, ids)| decision.decide(request, ids)).collect();
    for fresh in &decision.fresh {
        step.named(fresh.tenant, fresh.record);
    }
    step.changed |= !decision.fresh.is_empty();
    if kind.delivery.is_none() {
        for receipt in &decision.receipts {
            let (hour, unsent) = (hour_of(step.now), receipt.taken);
            step.passed(receipt.tenant, kind, hour, FlowCounts { unsent, ..FlowCounts::default() });
        }
    }
    step.received(kind, decision.receipts);
    for (request, outcomes) in requests.iter_mut().zip(answers) {
        request.reply.fill(outcomes);
    }
    Ok(())
}

struct WantedRow<'a> {
    fresh: Fresh<'a>,
    exported_at: Option<Timestamp>,
}

/// Each record that is meant, once: the first that says so.
fn wanted<'a>(
    requests: &'a [&mut RecordsRequest],
    ids: &[Vec<Uuid>],
    exported: &[Option<Timestamp>],
) -> Vec<WantedRow<'a>> {
    let mut seen = HashSet::new();
    let all = requests.iter().zip(ids).flat_map(|(request, ids)| {
        request.records.iter().zip(ids).map(|(record, id)| Fresh { tenant: request.tenant, id: *id, record })
    });
    all.zip(exported.iter().copied().chain(iter::repeat(None)))
        .filter(|(fresh, _)| seen.insert(fresh.key()))
        .map(|(fresh, exported_at)| WantedRow { fresh, exported_at })
        .collect()
}

/// Says which were not there yet, and where they are now.
async fn insert(
    step: &mut Step<'_>,
    kind: &'static Kind,
    wanted: &[WantedRow<'_>],
) -> Result<HashMap<RecordKey, i64>, Error> {
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let imports = wanted.iter().any(|wanted| wanted.exported_at.is_some());
    let prepared = statements::of(kind);
    let query = step
        .schema
        .query(if imports { &prepared.import } else { &prepared.insert })
        .bind(kind.name)
        .bind(step.now.micros())
        .bind(wanted.iter().map(|wanted| wanted.fresh.tenant.0).collect::<Vec<_>>())
        .bind(wanted.iter().map(|wanted| wanted.fresh.id).collect::<Vec<_>>())
        .bind(kind.due(step.now).map(Timestamp::micros));
    let exported_at = |wanted: &WantedRow<'_>| wanted.exported_at.map(Timestamp::micros);
    let query = if imports { query.bind(wanted.iter().map(exported_at).collect::<Vec<_>>()) } else { query };
    let rows = (0..kind.fields.len())
        .fold(query, |query, at| {
            bind_column(query, kind, at, wanted.iter().map(|wanted| wanted.fresh.record))
        })
        .fetch_all(&mut *step.connection)
        .await?;
    rows.iter().map(|row| Ok(((TenantId(get(row, 0)?), get(row, 1)?), get(row, 2)?))).collect()
}

/// What came as exported already counts as delivered then, if its kind is ever sent.
fn delivered(
    step: &mut Step<'_>,
    kind: &'static Kind,
    wanted: &[WantedRow<'_>],
    new: &HashMap<RecordKey, i64>,
) {
    if kind.delivery.is_none() {
        return;
    }
    for WantedRow { fresh, exported_at } in
        wanted.iter().filter(|wanted| new.contains_key(&wanted.fresh.key()))
    {
        if let Some(at) = exported_at {
            step.passed(
                fresh.tenant,
                kind,
                hour_of(*at),
                FlowCounts { delivered: 1, ..FlowCounts::default() },
            );
        }
    }
}

pub(crate) type StatementText = Query<'static, Postgres, PgArguments>;

/// Binds one field of many records as an array.
pub(crate) fn bind_column<'a>(
    query: StatementText,
    kind: &Kind,
    at: usize,
    records: impl Iterator<Item = &'a Record>,
) -> StatementText {
    let values = records.map(|record| &record.values()[at]);
    match kind.fields[at].ty.storage() {
        Storage::Text => query.bind(values.map(text_of).collect::<Vec<_>>()),
        Storage::Integer => query.bind(values.map(Value::number).collect::<Vec<_>>()),
        Storage::Uuid => query.bind(values.map(Value::uuid).collect::<Vec<_>>()),
    }
}

fn text_of(value: &Value) -> Option<String> {
    if let Value::Text(text) = value { Some(text.clone()) } else { None }
}

/// Binds one record's fields, each by itself.
pub(crate) fn bind_fields(query: StatementText, record: &Record) -> StatementText {
    record.fields().fold(query, |query, (field, value)| match field.ty.storage() {
        Storage::Text => query.bind(text_of(value)),
        Storage::Integer => query.bind(value.number()),
        Storage::Uuid => query.bind(value.uuid()),
    })
}

async fn held(
    step: &mut Step<'_>,
    kind: &'static Kind,
    keys: &[RecordKey],
) -> Result<HashMap<RecordKey, HeldRecord>, Error> {
    let mut by_tenant: BTreeMap<TenantId, Vec<Uuid>> = BTreeMap::new();
    for (tenant, id) in keys {
        by_tenant.entry(*tenant).or_default().push(*id);
    }
    let mut held = HashMap::new();
    for (tenant, ids) in by_tenant {
        for row in by_ids(step, kind, tenant, ids).await? {
            held.insert((tenant, row.held.stored.id), row.held);
        }
    }
    Ok(held)
}

/// The records of these ids, as far as they are there.
pub(crate) async fn by_ids(
    step: &mut Step<'_>,
    kind: &'static Kind,
    tenant: TenantId,
    ids: Vec<Uuid>,
) -> Result<Vec<Row>, Error> {
    let query = step.schema.query(&statements::of(kind).by_ids).bind(tenant.0).bind(ids);
    let rows = query.fetch_all(&mut *step.connection).await?;
    rows.iter().map(|row| row::read(kind, row)).collect()
}
