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
        Ok(kept_secret(step.connection, step.schema).await?.0.unwrap_or_default())
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
        let is_kept = kept.rows_affected() > 0;
        if is_kept {
            let close = "UPDATE studio.access_secrets SET closed = 1 WHERE tenant_id = $1";
            step.schema.query(close).bind(SYSTEM.0).execute(&mut *step.connection).await?;
        }
        Ok(is_kept)
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
        let (tenants, codes): (Vec<TenantId>, Vec<String>) =
            self.0.iter().map(|used| (used.tenant, used.code.clone())).unzip();
        step.schema
            .query(
                "UPDATE studio.service_keys AS k SET used_at = greatest(k.used_at, u.at) \
                 FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS u (tenant_id, code, at) \
                 WHERE k.tenant_id = u.tenant_id AND k.code = u.code",
            )
            .bind(tenants.iter().map(|tenant| tenant.0).collect::<Vec<_>>())
            .bind(codes)
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
    let keys = rows.iter().filter_map(|row| key(row).transpose()).collect::<Result<_, _>>()?;
    let (secret, is_closed, is_peopled) = kept_secret(connection, schema).await?;
    Ok(KeyTable { secret, is_closed, is_peopled, keys })
}

/// The secret, and whether there ever was a key, and a person.
async fn kept_secret(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
) -> Result<(Option<String>, bool, bool), Error> {
    let query =
        schema.query("SELECT secret, closed, peopled FROM studio.access_secrets WHERE tenant_id = $1");
    let Some(row) = query.bind(SYSTEM.0).fetch_optional(connection).await? else {
        return Ok((None, false, false));
    };
    Ok((get(&row, 0)?, get::<i64>(&row, 1)? != 0, get::<i64>(&row, 2)? != 0))
}

fn key(row: &PgRow) -> Result<Option<ServiceKey>, Error> {
    let Some(scope) = service_keys::scope(get(row, 3)?) else { return Ok(None) };
    let moment = |at: usize| Ok::<_, Error>(get::<Option<i64>>(row, at)?.map(Timestamp::from_micros));
    Ok(Some(ServiceKey {
        tenant: TenantId(get(row, 0)?),
        name: get(row, 1)?,
        code: get(row, 2)?,
        scope,
        made_at: Timestamp::from_micros(get(row, 4)?),
        expires_at: moment(5)?,
        rate_per_minute: service_keys::rate(get(row, 6)?)?,
        used_at: moment(7)?,
    }))
}
