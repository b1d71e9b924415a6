//! The schema is brought up to date once, however many processes start at the same time.

use sqlx::{Error, PgConnection, Row, migrate::Migration};

use super::{fault, schema::PostgresSchema};
use crate::{LedgerLocation, OpenError, migrations};

/// `extract` gives exact numbers from then on.
const VERSION_MIN: i64 = 140_000;

/// Applies what is missing in one transaction, which is the lock as well: a process that comes second finds nothing to do.
pub(super) async fn migrate(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    place: &LedgerLocation,
) -> Result<(), OpenError> {
    // No limits: what is waited for here is a migration, and that ends.
    schema.script("BEGIN").execute(&mut *connection).await.map_err(|error| refusal(place, &error))?;
    let done = apply(connection, schema, place).await;
    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = schema.script(end).execute(&mut *connection).await;
    done?;
    ended.map(|_| ()).map_err(|error| refusal(place, &error))
}

async fn apply(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    place: &LedgerLocation,
) -> Result<(), OpenError> {
    let refused = |error: Error| refusal(place, &error);
    refuse_old(connection, schema, place).await?;
    refuse_encoding(connection, schema, place).await?;
    let mut applied = applied(connection, schema).await.map_err(refused)?;
    if missing(&applied, place)?.is_empty() {
        return Ok(());
    }
    // Freed with the transaction, through whatever pooler it runs.
    schema
        .query("SELECT pg_advisory_xact_lock(hashtextextended('ledger migrations of ' || $1, 0))")
        .bind(schema.name().to_owned())
        .execute(&mut *connection)
        .await
        .map_err(refused)?;
    if applied.is_empty() {
        make_home(connection, schema).await.map_err(refused)?;
    }
    applied = self::applied(connection, schema).await.map_err(refused)?;
    for migration in missing(&applied, place)? {
        run(connection, schema, migration).await.map_err(|error| match fault::nature(&error) {
            fault::ErrorClass::Refused => {
                let reason = format!("step {}: {error}", migration.version);
                OpenError::Migration { place: place.clone(), reason }
            }
            _ => refusal(place, &error),
        })?;
        tracing::info!(
            schema.version = migration.version,
            schema.name = schema.name(),
            "the ledger's schema was brought on"
        );
    }
    Ok(())
}

async fn refuse_old(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    place: &LedgerLocation,
) -> Result<(), OpenError> {
    let version =
        schema.query("SELECT current_setting('server_version_num')::bigint").fetch_one(connection).await;
    let version: i64 = version.and_then(|row| row.try_get(0)).map_err(|error| refusal(place, &error))?;
    if version < VERSION_MIN {
        let reason = "it is older than PostgreSQL 14".to_owned();
        return Err(OpenError::Unavailable { place: place.clone(), reason });
    }
    Ok(())
}

/// Texts go in as they came, in every script; other encodings have no room for some of them.
async fn refuse_encoding(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    place: &LedgerLocation,
) -> Result<(), OpenError> {
    let encoding = schema.query("SELECT current_setting('server_encoding')").fetch_one(connection).await;
    let encoding: String = encoding.and_then(|row| row.try_get(0)).map_err(|error| refusal(place, &error))?;
    if encoding == "UTF8" {
        return Ok(());
    }
    let reason = format!(
        "its texts are kept as {encoding}, which cannot hold all of them; make another database with \
         createdb -E UTF8 -T template0 NAME, and name that one"
    );
    Err(OpenError::Unavailable { place: place.clone(), reason })
}

/// The versions in force and the checksums of their files, by version.
async fn applied(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
) -> Result<Vec<(i64, Vec<u8>)>, Error> {
    let there = schema
        .query("SELECT to_regclass($1) IS NOT NULL")
        .bind(schema.named("studio.migrations"))
        .fetch_one(&mut *connection)
        .await?;
    if !there.try_get::<bool, _>(0)? {
        return Ok(Vec::new());
    }
    let rows = schema
        .query("SELECT version, checksum FROM studio.migrations ORDER BY version")
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// What has to be applied yet; refuses a schema that is not of our making.
fn missing(applied: &[(i64, Vec<u8>)], place: &LedgerLocation) -> Result<Vec<&'static Migration>, OpenError> {
    let known = migrations::POSTGRES.iter().map(|migration| migration.version).max().unwrap_or(0);
    let found = applied.last().map_or(0, |(version, _)| *version);
    if found > known {
        return Err(OpenError::NewerSchema { place: place.clone(), found, known });
    }
    let mut missing = Vec::new();
    for migration in migrations::POSTGRES.iter() {
        match applied.iter().find(|(version, _)| *version == migration.version) {
            None => missing.push(migration),
            Some((_, checksum)) if *checksum == *migration.checksum => {}
            Some((version, _)) => {
                let reason = format!("step {version} was another one when it was applied");
                return Err(OpenError::Migration { place: place.clone(), reason });
            }
        }
    }
    Ok(missing)
}

async fn make_home(connection: &mut PgConnection, schema: &PostgresSchema) -> Result<(), Error> {
    let name = schema.name();
    let there = schema
        .query("SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = $1")
        .bind(name.to_owned())
        .fetch_one(&mut *connection)
        .await?;
    // A user who may not make schemas may be given one.
    if there.try_get::<i64, _>(0)? == 0 {
        schema.script(&format!("CREATE SCHEMA \"{name}\"")).execute(&mut *connection).await?;
    }
    schema
        .script(
            "CREATE TABLE IF NOT EXISTS studio.migrations (version bigint PRIMARY KEY, description text NOT NULL, \
             checksum bytea NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())",
        )
        .execute(connection)
        .await
        .map(|_| ())
}

async fn run(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    migration: &'static Migration,
) -> Result<(), Error> {
    schema.script(migration.sql.as_str()).execute(&mut *connection).await?;
    schema
        .query("INSERT INTO studio.migrations (version, description, checksum) VALUES ($1, $2, $3)")
        .bind(migration.version)
        .bind(migration.description.to_string())
        .bind(migration.checksum.to_vec())
        .execute(connection)
        .await
        .map(|_| ())
}

pub(super) fn refusal(place: &LedgerLocation, error: &Error) -> OpenError {
    OpenError::Unavailable { place: place.clone(), reason: fault::of(error).to_string() }
}
