//! Every earlier schema, filled, opens and says the same as before.

use std::path::Path;

use sqlx::{ConnectOptions, Connection, migrate::Migrator, sqlite::SqliteConnectOptions};

use crate::support::Studio;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// A ledger as the first `versions` migrations left it, each filled with its data.
async fn filled(folder: &Path, versions: usize) {
    let file = folder.join("ledger.sqlite");
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    for migration in MIGRATIONS.iter().take(versions) {
        MIGRATIONS.run_to(migration.version, &mut connection).await.unwrap();
        let data = format!("{}/tests/data/{:04}.sql", env!("CARGO_MANIFEST_DIR"), migration.version);
        let data = std::fs::read_to_string(&data)
            .unwrap_or_else(|_| panic!("{data}: each migration has data to try"));
        sqlx::raw_sql(sqlx::AssertSqlSafe(data)).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_filled_ledger_of_any_earlier_schema_opens_and_agrees() {
    for versions in 1..=MIGRATIONS.iter().count() {
        let folder = crate::support::folder();
        filled(folder.path(), versions).await;
        let studio = Studio::open_in(folder).await;
        let names: Vec<String> =
            studio.list(10).await.iter().map(|stored| stored.record.values[1].text().to_owned()).collect();
        assert_eq!(names, ["dead", "corrected", "arrived", "waits"]);
        let standing = studio.balanced().await;
        assert_eq!((standing.pending, standing.dead, standing.unconfirmed), (2, 1, 1));
        assert_eq!(standing.balance[0].received, 5);
        assert_eq!(studio.lease(10).await.len(), 2, "the lease of the process before is taken back");
    }
}
