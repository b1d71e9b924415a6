//! Takes in records of which some were delivered already: in one transaction, so that no relay ever sees those.

use std::collections::HashMap;

use model::{
    record::{Kind, Record},
    rng::Random,
    tenant::TenantId,
    time::Timestamp,
};
use sqlx::{Error, PgConnection};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::ImportError;
use crate::{
    Database, LedgerError, Outcome, Verdict,
    command::RecordsRequest,
    postgres::{
        connect::{connect, refuse_unfinished},
        fault, fence, identity, intake,
        row::get,
        schema::PostgresSchema,
        step::{Closing, Step, WritingBegun},
        writer::number,
    },
    write::Reply,
};

pub(crate) struct Importer {
    connection: PgConnection,
    schema: PostgresSchema,
    tenant: TenantId,
    kind: &'static Kind,
    random: Box<dyn Random>,
    /// Whose rows in the hours are ours.
    writer: i64,
}

impl Importer {
    pub(crate) async fn open(
        database: &Database,
        tenant: TenantId,
        kind: &'static Kind,
        random: Box<dyn Random>,
    ) -> Result<Self, ImportError> {
        let (mut connection, schema) = connect(database).await?;
        refuse_unfinished(&mut connection, &schema, &database.place()).await?;
        let demo = holds_demo(&mut connection, &schema).await;
        if demo.map_err(|error| ImportError::Database(fault::of(&error)))? {
            return Err(ImportError::Demo { place: database.to_string() });
        }
        let writer = number(&*random);
        Ok(Self { connection, schema, tenant, kind, random, writer })
    }

    /// All of them or none, each with the time at which it was exported.
    pub(crate) async fn store(
        &mut self,
        records: Vec<(Record, Option<Timestamp>)>,
    ) -> Result<Vec<Outcome>, ImportError> {
        let stored = self.transact(records).await;
        stored.map_err(|error| ImportError::Database(fault::of(&error)))?.map_err(ImportError::Database)
    }

    /// Lets the database count what came, so that it knows at once how to look for it: else that would wait for autovacuum.
    pub(crate) async fn end(&mut self) -> Result<(), ImportError> {
        let analyze = format!("ANALYZE studio.{}, studio.outbox", self.kind.table);
        let done = self.schema.script(&analyze).execute(&mut self.connection).await;
        done.map(|_| ()).map_err(|error| ImportError::Database(fault::of(&error)))
    }

    async fn transact(
        &mut self,
        records: Vec<(Record, Option<Timestamp>)>,
    ) -> Result<Result<Vec<Outcome>, LedgerError>, Error> {
        let told = self.schema.begin_writing(fence::PASS).fetch_all(&mut self.connection).await?;
        let begun = WritingBegun::of(&self.schema, &told)?;
        let mut step = Step {
            connection: &mut self.connection,
            schema: &self.schema,
            random: &*self.random,
            now: begun.now,
            asked_at: begun.now,
            writer: self.writer,
            changed: false,
            closing: Closing::of(begun.generations),
        };
        let (reply, answer) = oneshot::channel();
        let (records, exported): (Vec<Record>, Vec<Option<Timestamp>>) = records.into_iter().unzip();
        let mut request = RecordsRequest::new(self.tenant, self.kind, records, Reply::new(reply));
        intake::store(&mut step, &mut [&mut request], &exported).await?;
        request.reply.send(&Ok(()));
        let outcomes = answer.await.unwrap_or(Err(LedgerError::Closed));
        if let Ok(outcomes) = &outcomes {
            let is_new = |outcome: &Outcome| matches!(outcome.verdict, Verdict::Stored(_));
            let mut news = outcomes.iter().zip(&exported).filter(|(outcome, _)| is_new(outcome));
            let is_unmet = news.any(|(_, exported_at)| exported_at.is_some());
            if export(&mut step, self.tenant, self.kind, outcomes, &exported).await? || is_unmet {
                read_whole(&mut step, self.kind).await?;
            }
        }
        step.close().await?;
        self.schema.script("COMMIT").execute(&mut self.connection).await?;
        Ok(outcomes)
    }
}

async fn holds_demo(connection: &mut PgConnection, schema: &PostgresSchema) -> Result<bool, Error> {
    schema.script("BEGIN READ ONLY").execute(&mut *connection).await?;
    let identity = identity::read(connection, schema).await?;
    schema.script("COMMIT").execute(connection).await?;
    Ok(identity.demo)
}

/// Dataverse's table is to be read whole once more, so that the rows of what was exported are met.
async fn read_whole(step: &mut Step<'_>, kind: &Kind) -> Result<(), Error> {
    let forget = "UPDATE studio.marks SET link = NULL, read_at = NULL, leased_until = NULL, epoch = epoch + 1 WHERE kind = $1";
    step.schema.query(forget).bind(kind.name).execute(&mut *step.connection).await.map(|_| ())
}

/// Of what was there already and has been exported since, a trigger knows from flows what is to be done: a program that sets
/// `exported_at` has delivered the record. Says whether there was any.
async fn export(
    step: &mut Step<'_>,
    tenant: TenantId,
    kind: &Kind,
    outcomes: &[Outcome],
    exported: &[Option<Timestamp>],
) -> Result<bool, Error> {
    let known = |outcome: &Outcome| matches!(outcome.verdict, Verdict::Duplicate(_));
    let times: HashMap<Uuid, i64> = outcomes
        .iter()
        .zip(exported)
        .filter(|(outcome, _)| known(outcome))
        .filter_map(|(outcome, at)| Some((outcome.id, at.as_ref()?.micros())))
        .collect();
    let (positions, times): (Vec<i64>, Vec<i64>) =
        waiting(step, tenant, kind, &times).await?.into_iter().unzip();
    if positions.is_empty() {
        return Ok(false);
    }
    // The trigger keeps the plan that it makes now, also when the outbox is small enough now to be read as a whole.
    step.schema.script("SET LOCAL enable_seqscan = off").execute(&mut *step.connection).await?;
    let update = format!(
        "UPDATE studio.{} AS r SET exported_at = e.at, unmet = 1 FROM unnest($2::bigint[], $3::bigint[]) AS e (position, at) \
         WHERE r.tenant_id = $1 AND r.position = ANY($2) AND r.position = e.position",
        kind.table
    );
    let query = step.schema.query(&update).bind(tenant.0).bind(positions).bind(times);
    query.execute(&mut *step.connection).await.map(|_| true)
}

/// Locks these records in the order in which everybody does. Says where those stand that wait to be delivered, and when
/// each was exported.
///
/// Nothing is asked of a record but its id: in a table that was never analysed, a condition on `exported_at` makes
/// PostgreSQL walk everything that waits, once for each.
async fn waiting(
    step: &mut Step<'_>,
    tenant: TenantId,
    kind: &Kind,
    times: &HashMap<Uuid, i64>,
) -> Result<Vec<(i64, i64)>, Error> {
    if times.is_empty() {
        return Ok(Vec::new());
    }
    let select = format!(
        "SELECT id, position, exported_at IS NULL AND withdrawn_at IS NULL FROM studio.{} \
         WHERE tenant_id = $1 AND id = ANY($2) ORDER BY position FOR NO KEY UPDATE",
        kind.table
    );
    let query = step.schema.query(&select).bind(tenant.0).bind(times.keys().copied().collect::<Vec<_>>());
    let mut waiting = Vec::new();
    for row in &query.fetch_all(&mut *step.connection).await? {
        if let (Some(at), true) = (times.get(&get::<Uuid>(row, 0)?), get(row, 2)?) {
            waiting.push((get(row, 1)?, *at));
        }
    }
    Ok(waiting)
}
