//! Whose ledger it is.

use model::time::Timestamp;
use sqlx::{Error, PgConnection, postgres::PgRow};
use uuid::Uuid;

use super::{InDatabase, Reader, Step, StepIn, fence, row::get, schema::PostgresSchema};
use crate::{
    LedgerIdentity, Owner, Stranger,
    dead_letters::SYSTEM,
    identity::{ClaimLedger, Looked, StoredIdentity, anew},
    upkeep,
    write::On,
};

const READ: &str = "SELECT organisation, place, inside, demo, generation, copied_at FROM studio.identity WHERE tenant_id = $1";

/// Binds the ledger, unless it is another's. Of several processes that claim it at once, one is the first.
impl On<InDatabase> for ClaimLedger {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<Result<LedgerIdentity, Stranger>, Error> {
        let query = "INSERT INTO studio.identity (tenant_id) VALUES ($1) ON CONFLICT (tenant_id) DO NOTHING";
        step.schema.query(query).bind(SYSTEM.0).execute(&mut *step.connection).await?;
        let query = step.schema.query(&format!("{READ} FOR UPDATE")).bind(SYSTEM.0);
        let before = of_row(&query.fetch_one(&mut *step.connection).await?)?;
        let acknowledged =
            step.schema.query("SELECT coalesce(sum(delivered), 0)::bigint FROM studio.passages");
        let acknowledged: i64 = get(&acknowledged.fetch_one(&mut *step.connection).await?, 0)?;
        let found = StoredIdentity {
            identity: before.clone(),
            has_records: has_records(step).await?,
            was_acknowledged: acknowledged > 0,
        };
        let granted = match self.decide(found, step.now) {
            Ok(granted) => granted,
            Err(stranger) => return Ok(Err(stranger)),
        };
        if granted.anew {
            step.schema.script(fence::CLOSE).execute(&mut *step.connection).await?;
            for sql in anew(step.schema.kinds(), step.now, Some(step.writer)) {
                step.schema.query(&sql).execute(&mut *step.connection).await?;
            }
            // That a refusal is of a first delivery now is noted by no trigger.
            let mend = upkeep::mend(upkeep::oldest_hour(step.now), Some(0));
            step.schema.query(&mend).execute(&mut *step.connection).await?;
            step.changed = true;
        }
        if granted.identity != before {
            write(step, &granted.identity).await?;
        }
        Ok(Ok(granted.identity))
    }
}

pub(crate) async fn identity(Reader { connection, schema, .. }: Reader<'_>) -> Result<LedgerIdentity, Error> {
    read(connection, schema).await
}

pub(crate) async fn read(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
) -> Result<LedgerIdentity, Error> {
    let row = schema.query(READ).bind(SYSTEM.0).fetch_optional(connection).await?;
    row.as_ref().map_or_else(|| Ok(LedgerIdentity::default()), of_row)
}

fn of_row(row: &PgRow) -> Result<LedgerIdentity, Error> {
    let owner = match get::<Option<Uuid>>(row, 0)? {
        Some(id) => Some(Owner {
            id,
            place: get::<Option<String>>(row, 1)?.unwrap_or_default(),
            inside: get::<i64>(row, 2)? == 1,
        }),
        None => None,
    };
    Ok(LedgerIdentity {
        owner,
        demo: get::<i64>(row, 3)? == 1,
        generation: get(row, 4)?,
        copied_at: get::<Option<i64>>(row, 5)?.map(Timestamp::from_micros),
    })
}

/// What stands in Dataverse was looked at.
impl On<InDatabase> for Looked {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<(), Error> {
        let query = step.schema.query("UPDATE studio.identity SET copied_at = NULL WHERE tenant_id = $1");
        query.bind(SYSTEM.0).execute(&mut *step.connection).await?;
        step.changed = true;
        Ok(())
    }
}

async fn write(step: &mut Step<'_>, identity: &LedgerIdentity) -> Result<(), Error> {
    let owner = identity.owner.as_ref();
    step.schema
        .query(
            "UPDATE studio.identity SET organisation = $2, place = $3, inside = $4, demo = $5, generation = $6, \
             copied_at = $7 WHERE tenant_id = $1",
        )
        .bind(SYSTEM.0)
        .bind(owner.map(|owner| owner.id))
        .bind(owner.map(|owner| owner.place.clone()))
        .bind(i64::from(owner.is_some_and(|owner| owner.inside)))
        .bind(i64::from(identity.demo))
        .bind(identity.generation)
        .bind(identity.copied_at.map(Timestamp::micros))
        .execute(&mut *step.connection)
        .await
        .map(|_| ())
}

async fn has_records(step: &mut Step<'_>) -> Result<bool, Error> {
    for kind in step.schema.kinds() {
        let query = step.schema.query(&format!("SELECT EXISTS (SELECT 1 FROM studio.{})", kind.table));
        if get(&query.fetch_one(&mut *step.connection).await?, 0)? {
            return Ok(true);
        }
    }
    Ok(false)
}
