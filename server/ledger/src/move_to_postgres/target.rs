//! A database that takes in a ledger from a folder, row by row as it stands there.
//!
//! As long as that is not at its end, a table says so, and no server starts on half a ledger.

use std::collections::BTreeMap;

use futures::TryStreamExt as _;
use model::rng::Random;
use sqlx::{Error, PgConnection, Row as _};

use super::{
    MoveError,
    plan::{CopiedColumn, CopiedTable, Road},
};
use crate::{
    Database,
    postgres::{
        connect::{UNFINISHED, connect, is_unfinished},
        fault, fence, rollups,
        row::get,
        schema::PostgresSchema,
    },
};

/// What is not carried over: it says how this schema came to be, or counts what comes here.
const OWN: [&str; 8] = [
    "migrations",
    "unfinished",
    "backlog",
    "rollup_series",
    "rollups",
    "rollup_kinds",
    "rollup_makings",
    "rollup_wishes",
];

pub(crate) struct CopyTarget {
    connection: PgConnection,
    schema: PostgresSchema,
}

impl CopyTarget {
    /// Connects, and brings the schema up to date.
    pub(crate) async fn open(database: &Database) -> Result<Self, MoveError> {
        let (connection, schema) = connect(database).await?;
        Ok(Self { connection, schema })
    }

    /// Every table of the ledger, by name.
    pub(crate) async fn tables(&mut self) -> Result<BTreeMap<String, CopiedTable>, MoveError> {
        let query = self
            .schema
            .query(
                "SELECT c.table_name::text, c.column_name::text, c.data_type::text, \
                 c.is_nullable = 'YES' OR c.column_default IS NOT NULL FROM information_schema.columns AS c \
                 JOIN information_schema.tables AS t USING (table_schema, table_name) \
                 WHERE c.table_schema = $1 AND t.table_type = 'BASE TABLE' AND c.table_name <> ALL($2) \
                 ORDER BY c.table_name, c.ordinal_position",
            )
            .bind(self.schema.name().to_owned())
            .bind(OWN.map(str::to_owned).to_vec());
        self.read().await?;
        let rows = query.fetch_all(&mut self.connection).await.map_err(|error| failed(&error))?;
        self.done().await?;
        let mut tables: BTreeMap<String, CopiedTable> = BTreeMap::new();
        for row in &rows {
            let (table, name, sort, may_lack) = columns(row).map_err(|error| failed(&error))?;
            tables.entry(table).or_default().columns.push(CopiedColumn { name, sort, may_lack });
        }
        Ok(tables)
    }

    pub(crate) async fn count(&mut self, table: &str) -> Result<i64, MoveError> {
        self.read().await?;
        let query = self.schema.query(&format!("SELECT count(*) FROM studio.{table}"));
        let row = query.fetch_one(&mut self.connection).await.map_err(|error| failed(&error))?;
        self.done().await?;
        get(&row, 0).map_err(|error| failed(&error))
    }

    /// Hands over every row as an object of JSON.
    pub(crate) async fn each_row(
        &mut self,
        road: &Road,
        take: &mut (dyn FnMut(&str) + Send),
    ) -> Result<(), MoveError> {
        self.read().await?;
        let query = self.schema.query(&road.select_there());
        let mut rows = query.fetch(&mut self.connection);
        while let Some(row) = rows.try_next().await.map_err(|error| failed(&error))? {
            take(row.try_get(0).map_err(|error| failed(&error))?);
        }
        drop(rows);
        self.done().await
    }

    /// From now on no server starts here, and none that runs already writes. Says whether that is new.
    pub(crate) async fn begin(&mut self) -> Result<bool, MoveError> {
        let there =
            is_unfinished(&mut self.connection, &self.schema).await.map_err(|error| failed(&error))?;
        self.script(&format!(
            "BEGIN; {}; CREATE TABLE IF NOT EXISTS {UNFINISHED} (since timestamptz DEFAULT now()); COMMIT",
            fence::CLOSE
        ))
        .await?;
        Ok(!there)
    }

    /// All of these rows or none, on disk.
    pub(crate) async fn insert(&mut self, road: &Road, rows: &[String]) -> Result<(), MoveError> {
        self.schema
            .begin_writing(fence::AROUND)
            .execute(&mut self.connection)
            .await
            .map_err(|error| failed(&error))?;
        let query = self.schema.query(&road.insert()).bind(format!("[{}]", rows.join(",")));
        query.execute(&mut self.connection).await.map_err(|error| failed(&error))?;
        self.done().await
    }

    /// What comes next is numbered after what was carried over.
    pub(crate) async fn set_sequences(&mut self, tables: &[&str]) -> Result<(), MoveError> {
        let query = self
            .schema
            .query("SELECT sequencename::text FROM pg_sequences WHERE schemaname = $1 ORDER BY 1")
            .bind(self.schema.name().to_owned());
        self.read().await?;
        let rows = query.fetch_all(&mut self.connection).await.map_err(|error| failed(&error))?;
        self.done().await?;
        for row in &rows {
            let name: String = get(row, 0).map_err(|error| failed(&error))?;
            if OWN.iter().any(|table| name.starts_with(table)) {
                continue;
            }
            // Every sequence is called after the table and the column that it numbers.
            let owner =
                tables.iter().find_map(|table| Some((*table, name.strip_prefix(table)?.strip_prefix('_')?)));
            let Some((table, column)) = owner else {
                return Err(MoveError::Unknown { what: format!("the sequence {name}") });
            };
            self.script(&format!(
                "SELECT setval('studio.{name}', newest) FROM (SELECT greatest(max({column}), (SELECT newest \
                 FROM studio.positions WHERE table_name = '{table}')) AS newest FROM studio.{table}) AS given \
                 WHERE newest > 0"
            ))
            .await?;
        }
        Ok(())
    }

    /// Makes the rollups of what was carried over.
    pub(crate) async fn add_up(&mut self, random: &dyn Random) -> Result<(), MoveError> {
        self.script("DELETE FROM studio.rollup_kinds; DELETE FROM studio.rollup_makings").await?;
        let added_up = async {
            rollups::making::begin_missing(&mut self.connection, &self.schema).await?;
            rollups::making::make_all(&mut self.connection, &self.schema, random).await
        };
        added_up.await.map_err(|error| failed(&error))
    }

    /// Everything is there: servers may start.
    pub(crate) async fn end(&mut self) -> Result<(), MoveError> {
        self.script(&format!("DROP TABLE {UNFINISHED}")).await
    }

    /// Begins a transaction that sees all of it at one moment. A question with parameters is only safe within one.
    async fn read(&mut self) -> Result<(), MoveError> {
        self.script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
    }

    async fn done(&mut self) -> Result<(), MoveError> {
        self.script("COMMIT").await
    }

    async fn script(&mut self, sql: &str) -> Result<(), MoveError> {
        self.schema
            .script(sql)
            .execute(&mut self.connection)
            .await
            .map(|_| ())
            .map_err(|error| failed(&error))
    }
}

fn columns(row: &sqlx::postgres::PgRow) -> Result<(String, String, String, bool), Error> {
    Ok((get(row, 0)?, get(row, 1)?, get(row, 2)?, get(row, 3)?))
}

fn failed(error: &Error) -> MoveError {
    MoveError::Target(fault::of(error))
}
