//! Whose ledger it is.

use model::{record::Kinds, time::Timestamp};
use sqlx::{AssertSqlSafe, Error, SqliteConnection};

use super::{
    InFile, Reader, StepIn, backlog,
    row::{get, written_id},
};
use crate::{
    LedgerIdentity, Owner, Stranger,
    dead_letters::SYSTEM,
    identity::{ClaimLedger, Looked, StoredIdentity, anew},
    write::On,
};

/// Binds the ledger, unless it is another's.
impl On<InFile> for ClaimLedger {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<Result<LedgerIdentity, Stranger>, Error> {
        let found = StoredIdentity {
            identity: read(step.connection).await?,
            has_records: has_records(step.kinds, step.connection).await?,
            was_acknowledged: number(step.connection, "SELECT coalesce(sum(delivered), 0) FROM passages")
                .await?
                > 0,
        };
        let before = found.identity.clone();
        let granted = match self.decide(found, step.now) {
            Ok(granted) => granted,
            Err(stranger) => return Ok(Err(stranger)),
        };
        if granted.anew {
            for sql in anew(step.kinds, step.now, None) {
                let sql = AssertSqlSafe(sql.replace("studio.", ""));
                sqlx::query(sql).execute(&mut *step.connection).await?;
            }
            // What is put in line anew is none of a request's, which the intake counts.
            backlog::mend(step).await?;
        }
        if granted.identity != before {
            write(step.connection, &granted.identity).await?;
        }
        Ok(Ok(granted.identity))
    }
}

pub(crate) async fn identity(Reader { pool, .. }: Reader<'_>) -> Result<LedgerIdentity, Error> {
    read(&mut *pool.acquire().await?).await
}

pub(super) async fn read(connection: &mut SqliteConnection) -> Result<LedgerIdentity, Error> {
    let row = sqlx::query(
        "SELECT organisation, place, inside, demo, generation, copied_at FROM identity WHERE tenant_id = ?1",
    )
    .bind(SYSTEM.to_string())
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(LedgerIdentity::default()) };
    let owner = match get::<Option<&str>>(&row, 0)? {
        Some(_) => Some(Owner {
            id: written_id(&row, 0)?,
            place: get::<Option<String>>(&row, 1)?.unwrap_or_default(),
            inside: get::<i64>(&row, 2)? == 1,
        }),
        None => None,
    };
    Ok(LedgerIdentity {
        owner,
        demo: get::<i64>(&row, 3)? == 1,
        generation: get(&row, 4)?,
        copied_at: get::<Option<i64>>(&row, 5)?.map(Timestamp::from_micros),
    })
}

pub(super) async fn write(connection: &mut SqliteConnection, identity: &LedgerIdentity) -> Result<(), Error> {
    let owner = identity.owner.as_ref();
    sqlx::query(
        "INSERT OR REPLACE INTO identity (tenant_id, organisation, place, inside, demo, generation, copied_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(SYSTEM.to_string())
    .bind(owner.map(|owner| owner.id.to_string()))
    .bind(owner.map(|owner| owner.place.clone()))
    .bind(i64::from(owner.is_some_and(|owner| owner.inside)))
    .bind(i64::from(identity.demo))
    .bind(identity.generation)
    .bind(identity.copied_at.map(Timestamp::micros))
    .execute(connection)
    .await
    .map(|_| ())
}

/// What stands in Dataverse was looked at.
impl On<InFile> for Looked {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<(), Error> {
        sqlx::query("UPDATE identity SET copied_at = NULL").execute(&mut *step.connection).await?;
        step.changed = true;
        Ok(())
    }
}

async fn has_records(kinds: Kinds, connection: &mut SqliteConnection) -> Result<bool, Error> {
    for kind in kinds {
        let sql = AssertSqlSafe(format!("SELECT EXISTS (SELECT 1 FROM {})", kind.table));
        let row = sqlx::query(sql).fetch_one(&mut *connection).await?;
        if get::<i64>(&row, 0)? == 1 {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn number(connection: &mut SqliteConnection, sql: &'static str) -> Result<i64, Error> {
    get(&sqlx::query(sql).fetch_one(connection).await?, 0)
}
