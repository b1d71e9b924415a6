//! Keys that services send with their requests.

use model::{tenant::TenantId, time::Timestamp};
use sqlx::{Error, PgConnection, postgres::PgRow};

use super::{InDatabase, Reader, StepIn, row::get, schema::PostgresSchema};
use crate::{
    KeyTable, ServiceKey,
    dead_letters::SYSTEM,
    service_keys::{self, AddKey, KeepSecret, NoteKeyUses, RevokeKey},
    write::On,
};

impl On<InDatabase> for KeepSecret {
    // A row's lock here has no place in the order of all others, so that nothing else waits in its transaction.
    const TAKES_LONG: bool = true;

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<String, Error> {
        step.schema
            .query("INSERT INTO studio.access_secrets (tenant_id, secret) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(SYSTEM.0)
            .bind(self.0.clone())
            .execute(&mut *step.connection)
            .await?;
        Ok(kept_secret(step.connection, step.schema).await?.unwrap_or_default())
    }
}

impl On<InDatabase> for AddKey {
    // As above.
    const TAKES_LONG: bool = true;

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<bool, Error> {
        let Self(key) = self;
        let kept = step
            .schema
            .query(
                "INSERT INTO studio.service_keys (tenant_id, name, code, scope, made_at, expires_at, rate_per_minute) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
            )
            .bind(key.tenant.0)
            .bind(key.name.clone())
            .bind(key.code.clone())
            .bind(key.scope.word())
            .bind(key.made_at.micros())
            .bind(key.expires_at.map(Timestamp::micros))
            .bind(key.rate_per_minute.map(i64::from))
            .execute(&mut *step.connection)
            .await?;
        Ok(kept.rows_affected() > 0)
    }
}

impl On<InDatabase> for RevokeKey {
    // As above.
    const TAKES_LONG: bool = true;

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<bool, Error> {
        let gone = step
            .schema
            .query("DELETE FROM studio.service_keys WHERE tenant_id = $1 AND name = $2")
            .bind(self.tenant.0)
            .bind(self.name.clone())
            .execute(&mut *step.connection)
            .await?;
        Ok(gone.rows_affected() > 0)
    }
}

impl On<InDatabase> for NoteKeyUses {
    // As above.
    const TAKES_LONG: bool = true;

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<(), Error> {
        let (tenants, names): (Vec<TenantId>, Vec<String>) =
            self.0.iter().map(|used| (used.tenant, used.name.clone())).unzip();
        step.schema
            .query(
                "UPDATE studio.service_keys AS k SET used_at = greatest(k.used_at, u.at) \
                 FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS u (tenant_id, name, at) \
                 WHERE k.tenant_id = u.tenant_id AND k.name = u.name",
            )
            .bind(tenants.iter().map(|tenant| tenant.0).collect::<Vec<_>>())
            .bind(names)
            .bind(self.0.iter().map(|used| used.at.micros()).collect::<Vec<_>>())
            .execute(&mut *step.connection)
            .await
            .map(|_| ())
    }
}

/// A key is never there without the secret, which is read after it.
pub(crate) async fn table(Reader { connection, schema, .. }: Reader<'_>) -> Result<KeyTable, Error> {
    let rows = schema
        .query(
            "SELECT tenant_id, name, code, scope, made_at, expires_at, rate_per_minute, used_at \
             FROM studio.service_keys ORDER BY tenant_id, name",
        )
        .fetch_all(&mut *connection)
        .await?;
    let keys = rows.iter().map(key).collect::<Result<_, _>>()?;
    Ok(KeyTable { secret: kept_secret(connection, schema).await?, keys })
}

async fn kept_secret(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
) -> Result<Option<String>, Error> {
    let query = schema.query("SELECT secret FROM studio.access_secrets WHERE tenant_id = $1").bind(SYSTEM.0);
    query.fetch_optional(connection).await?.map(|row| get(&row, 0)).transpose()
}

fn key(row: &PgRow) -> Result<ServiceKey, Error> {
    let moment = |at: usize| Ok::<_, Error>(get::<Option<i64>>(row, at)?.map(Timestamp::from_micros));
    Ok(ServiceKey {
        tenant: TenantId(get(row, 0)?),
        name: get(row, 1)?,
        code: get(row, 2)?,
        scope: service_keys::scope(get(row, 3)?)?,
        made_at: Timestamp::from_micros(get(row, 4)?),
        expires_at: moment(5)?,
        rate_per_minute: service_keys::rate(get(row, 6)?)?,
        used_at: moment(7)?,
    })
}
