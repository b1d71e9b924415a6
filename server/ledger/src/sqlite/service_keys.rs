//! Keys that services send with their requests.

use model::{tenant::TenantId, time::Timestamp};
use sqlx::{Error, SqliteConnection, sqlite::SqliteRow};

use super::{
    InFile, Reader, StepIn,
    row::{self, get},
};
use crate::{
    KeyTable, ServiceKey,
    dead_letters::SYSTEM,
    service_keys::{self, AddKey, KeepSecret, NoteKeyUses, RevokeKey},
    write::On,
};

impl On<InFile> for KeepSecret {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<String, Error> {
        keep_secret(step.connection, &self.0).await
    }
}

impl On<InFile> for AddKey {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<bool, Error> {
        add(step.connection, &self.0).await
    }
}

impl On<InFile> for RevokeKey {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<bool, Error> {
        revoke(step.connection, self.tenant, &self.name).await
    }
}

impl On<InFile> for NoteKeyUses {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<(), Error> {
        for used in &self.0 {
            sqlx::query("UPDATE service_keys SET used_at = ?3 WHERE tenant_id = ?1 AND code = ?2")
                .bind(used.tenant.to_string())
                .bind(used.code.clone())
                .bind(used.at.micros())
                .execute(&mut *step.connection)
                .await?;
        }
        Ok(())
    }
}

pub(crate) async fn table(Reader { pool, .. }: Reader<'_>) -> Result<KeyTable, Error> {
    read(&mut *pool.acquire().await?).await
}

pub(crate) async fn keep_secret(connection: &mut SqliteConnection, secret: &str) -> Result<String, Error> {
    sqlx::query("INSERT INTO access_secrets (tenant_id, secret) VALUES (?1, ?2) ON CONFLICT DO NOTHING")
        .bind(SYSTEM.to_string())
        .bind(secret.to_owned())
        .execute(&mut *connection)
        .await?;
    Ok(kept_secret(connection).await?.0.unwrap_or_default())
}

/// Within a transaction.
pub(crate) async fn add(connection: &mut SqliteConnection, key: &ServiceKey) -> Result<bool, Error> {
    let kept = sqlx::query(
        "INSERT INTO service_keys (tenant_id, name, code, scope, made_at, expires_at, rate_per_minute) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
    )
    .bind(key.tenant.to_string())
    .bind(key.name.clone())
    .bind(key.code.clone())
    .bind(key.scope.word())
    .bind(key.made_at.micros())
    .bind(key.expires_at.map(Timestamp::micros))
    .bind(key.rate_per_minute.map(i64::from))
    .execute(&mut *connection)
    .await?;
    let is_kept = kept.rows_affected() > 0;
    if is_kept {
        sqlx::query("UPDATE access_secrets SET closed = 1").execute(connection).await?;
    }
    Ok(is_kept)
}

pub(crate) async fn revoke(
    connection: &mut SqliteConnection,
    tenant: TenantId,
    name: &str,
) -> Result<bool, Error> {
    let gone = sqlx::query("DELETE FROM service_keys WHERE tenant_id = ?1 AND name = ?2")
        .bind(tenant.to_string())
        .bind(name.to_owned())
        .execute(connection)
        .await?;
    Ok(gone.rows_affected() > 0)
}

/// A key is never there without the secret, which is read after it.
pub(crate) async fn read(connection: &mut SqliteConnection) -> Result<KeyTable, Error> {
    let rows = sqlx::query(
        "SELECT tenant_id, name, code, scope, made_at, expires_at, rate_per_minute, used_at FROM service_keys \
         ORDER BY tenant_id, name",
    )
    .fetch_all(&mut *connection)
    .await?;
    let keys = rows.iter().filter_map(|row| key(row).transpose()).collect::<Result<_, _>>()?;
    let (secret, is_closed, is_peopled) = kept_secret(connection).await?;
    Ok(KeyTable { secret, is_closed, is_peopled, keys })
}

/// The secret, and whether there ever was a key, and a person.
async fn kept_secret(connection: &mut SqliteConnection) -> Result<(Option<String>, bool, bool), Error> {
    let row = sqlx::query("SELECT secret, closed, peopled FROM access_secrets WHERE tenant_id = ?1")
        .bind(SYSTEM.to_string())
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok((None, false, false)) };
    Ok((get(&row, 0)?, get::<i64>(&row, 1)? != 0, get::<i64>(&row, 2)? != 0))
}

fn key(row: &SqliteRow) -> Result<Option<ServiceKey>, Error> {
    let Some(scope) = service_keys::scope(get(row, 3)?) else { return Ok(None) };
    let moment = |at: usize| Ok::<_, Error>(get::<Option<i64>>(row, at)?.map(Timestamp::from_micros));
    Ok(Some(ServiceKey {
        tenant: row::tenant(row, 0)?,
        name: get(row, 1)?,
        code: get(row, 2)?,
        scope,
        made_at: Timestamp::from_micros(get(row, 4)?),
        expires_at: moment(5)?,
        rate_per_minute: service_keys::rate(get(row, 6)?)?,
        used_at: moment(7)?,
    }))
}
