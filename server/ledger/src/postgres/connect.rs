//! One connection for a command, to a schema that is up to date and whole.

use model::record::KINDS;
use sqlx::{ConnectOptions as _, Error, PgConnection, Row as _};

use super::{migrate, schema::PostgresSchema};
use crate::{Database, LedgerLocation, OpenError};

/// There while a ledger is carried over.
pub(crate) const UNFINISHED: &str = "studio.unfinished";

/// One connection for a command, to a schema that is up to date.
pub(crate) async fn connect(database: &Database) -> Result<(PgConnection, PostgresSchema), OpenError> {
    let place = database.place();
    let schema = PostgresSchema::new(&database.schema, database.patience, KINDS);
    let connected = database.options.connect().await;
    let mut connection = connected.map_err(|error| migrate::refusal(&place, &error))?;
    migrate::migrate(&mut connection, &schema, &place).await?;
    Ok((connection, schema))
}

/// No server writes where a ledger was being carried over when that was cut short.
pub(crate) async fn refuse_unfinished(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    place: &LedgerLocation,
) -> Result<(), OpenError> {
    match is_unfinished(connection, schema).await {
        Ok(false) => Ok(()),
        Ok(true) => Err(OpenError::Unfinished { place: place.clone() }),
        Err(error) => Err(migrate::refusal(place, &error)),
    }
}

pub(crate) async fn is_unfinished(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
) -> Result<bool, Error> {
    let sql = format!("SELECT to_regclass('{UNFINISHED}') IS NOT NULL");
    sqlx::Executor::fetch_one(connection, schema.script(&sql)).await?.try_get(0)
}
