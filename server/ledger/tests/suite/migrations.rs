//! Every earlier schema, filled, opens and says the same as before.

use std::path::Path;

use ledger::PersonRole;
use sqlx::{ConnectOptions, Connection, migrate::Migrator, sqlite::SqliteConnectOptions};

use crate::{
    rollups,
    schema::TestSchema,
    support::{Home, Studio, T},
};

/// The steps of a store's schema.
async fn steps(store: &str) -> Migrator {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(store);
    Migrator::new(folder).await.unwrap()
}

/// A ledger as the first `versions` migrations left it, each filled with its data.
async fn filled(folder: &Path, steps: &Migrator, versions: usize) {
    let file = folder.join("ledger.sqlite");
    let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    for migration in steps.iter().take(versions) {
        steps.run_to(migration.version, &mut connection).await.unwrap();
        let data = sqlx::AssertSqlSafe(data("sqlite", migration.version));
        sqlx::raw_sql(data).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn filled_ledgers_of_earlier_schemas_open() {
    let steps = steps("sqlite").await;
    for versions in 1..=steps.iter().count() {
        let folder = crate::support::folder();
        filled(folder.path(), &steps, versions).await;
        let studio = Studio::open_in(folder).await;
        agrees(&studio).await;
        assert_eq!(unmet(&studio).await, "0", "nothing was ever imported into a folder");
        if versions >= 17 {
            keeps_what_was_set(&studio).await;
        }
        if versions >= 19 {
            keeps_its_keys(&studio).await;
        }
        if versions >= 20 {
            keeps_its_people(&studio).await;
        }
        assert_eq!(studio.lease(10).await.len(), 2, "the lease of the process before is taken back");
    }
}

/// A schema as the first `versions` steps left it, each filled with its data.
async fn filled_schema(steps: &Migrator, versions: usize) -> TestSchema {
    let schema = TestSchema::new(false);
    let mut connection = schema.connect().await;
    let home = "CREATE SCHEMA studio.; CREATE TABLE studio.migrations (version bigint PRIMARY KEY, \
         description text NOT NULL, checksum bytea NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())";
    let home = schema.named(&home.replace("SCHEMA studio.", &format!("SCHEMA {}", schema.name)));
    sqlx::raw_sql(home).execute(&mut connection).await.unwrap();
    for migration in steps.iter().take(versions) {
        sqlx::raw_sql(schema.named(migration.sql.as_str())).execute(&mut connection).await.unwrap();
        sqlx::query(schema.named("INSERT INTO studio.migrations VALUES ($1, $2, $3)"))
            .bind(migration.version)
            .bind(migration.description.to_string())
            .bind(migration.checksum.to_vec())
            .execute(&mut connection)
            .await
            .unwrap();
        schema.run(&data("postgres", migration.version)).await;
    }
    schema
}

#[tokio::test]
async fn filled_databases_of_earlier_schemas_open() {
    let steps = steps("postgres").await;
    for versions in 1..=steps.iter().count() {
        let studio = Studio::open_with(Home::Database(filled_schema(&steps, versions).await)).await;
        agrees(&studio).await;
        let imported = if versions < 7 { "0" } else { "1" };
        assert_eq!(unmet(&studio).await, imported, "two clocks that part by a minute make no import");
        if versions >= 16 {
            keeps_what_was_set(&studio).await;
        }
        if versions >= 17 {
            keeps_its_keys(&studio).await;
        }
        if versions >= 19 {
            keeps_its_people(&studio).await;
        }
        assert_eq!(studio.lease(10).await.len(), 2, "the lease of the process before has run out");
        let all = studio.ask("SELECT count(*)::text FROM studio.migrations").await;
        assert_eq!(all, steps.iter().count().to_string());
    }
}

async fn agrees(studio: &Studio) {
    assert!(studio.ledger.rollups().await.unwrap().iter().any(|state| !state.is_settled()));
    rollups::make_all(&studio.ledger, 2).await;
    let names: Vec<String> =
        studio.list(10).await.iter().map(|stored| stored.record.values()[1].text().to_owned()).collect();
    assert_eq!(names, ["dead", "corrected", "arrived", "waits"]);
    let counts = studio.balanced().await;
    assert_eq!((counts.pending, counts.dead, counts.unconfirmed), (2, 1, 1));
    assert_eq!(counts.balance[0].received, 5);
}

/// What schema 17 of a folder, and 16 of a database, was filled with.
async fn keeps_what_was_set(studio: &Studio) {
    let notes = studio.ledger.notes(T, "2026-10-20", "2026-10-20").await.unwrap();
    let [note] = notes.as_slice() else { panic!("{notes:?}") };
    assert_eq!((note.written.text.as_str(), note.written.author.as_str()), ("Larger model", "Jana"));
    assert_eq!(studio.ledger.panel_settings(T).await.unwrap().cost_budget_e5, Some(45_000_000));
}

/// What schema 20 of a folder, and 19 of a database, was filled with.
async fn keeps_its_people(studio: &Studio) {
    let account = studio.ledger.account("Jana").await.unwrap();
    assert_eq!(account.password.as_deref(), Some("code of Jana"));
    let session = studio.ledger.session("00aa").await.unwrap().unwrap();
    assert_eq!((session.name.as_str(), session.role()), ("Jana", Some(PersonRole::Admin)));
    assert!(studio.ledger.key_table().await.unwrap().is_peopled);
}

/// What schema 19 of a folder, and 17 of a database, was filled with.
async fn keeps_its_keys(studio: &Studio) {
    let keys = studio.ledger.key_table().await.unwrap();
    assert_eq!((keys.secret.as_deref(), keys.keys[0].name.as_str()), (Some("0a0b"), "studio"));
}

/// How many runs another program exported, as far as is known.
async fn unmet(studio: &Studio) -> String {
    studio.ask("SELECT CAST(count(*) AS text) FROM studio.campaign_metrics WHERE unmet <> 0").await
}

/// Each step has data to try.
fn data(store: &str, version: i64) -> String {
    let file = format!("{}/tests/data/{store}/{version:04}.sql", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&file).unwrap_or_else(|_| panic!("{file}: each migration has data to try"))
}
