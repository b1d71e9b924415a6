//! A ledger in a database: what is refused on opening, and what is this store's own.

use std::sync::Arc;

use ledger::{Database, Ledger, LedgerError, OpenError, StoreSettings};
use model::{clock::Clock, record::KINDS, rng::Seeded};
use sqlx::{ConnectOptions, PgConnection, postgres::PgConnectOptions};

use crate::{
    cluster::Cluster,
    schema::TestSchema,
    support::{Studio, T, TestStore, run},
};

async fn refusal(studio: &Studio, database: Database) -> OpenError {
    let clock = Arc::clone(&studio.clock) as Arc<dyn Clock>;
    Ledger::open(KINDS, StoreSettings::Database(database), clock, Seeded::new(1))
        .await
        .err()
        .expect("is refused")
}

#[tokio::test]
async fn newer_schemas_are_refused() {
    let studio = Studio::open(TestStore::Database).await;
    studio.sql("INSERT INTO studio.migrations VALUES (9999, 'of tomorrow', '\\x00')").await;
    let refusal = refusal(&studio, studio.schema().database()).await;
    assert!(matches!(refusal, OpenError::NewerSchema { found: 9999, .. }), "{refusal}");
    assert!(refusal.to_string().contains("DATABASE_URL"), "{refusal}");
}

#[tokio::test]
async fn foreign_migrations_are_refused() {
    let studio = Studio::open(TestStore::Database).await;
    studio.sql("UPDATE studio.migrations SET checksum = '\\x00' WHERE version = 1").await;
    let refusal = refusal(&studio, studio.schema().database()).await;
    assert!(matches!(refusal, OpenError::Migration { .. }), "{refusal}");
    assert!(refusal.to_string().contains("step 1"), "{refusal}");
}

#[tokio::test]
async fn wrong_passwords_are_not_shown() {
    let studio = Studio::open(TestStore::Database).await;
    let address =
        format!("postgres://studio:hunter2@127.0.0.1:{}/postgres?sslmode=disable", Cluster::here().port);
    let refusal = refusal(&studio, Database::parse(&address).unwrap()).await;
    let sentence = format!("{refusal} {refusal:?}");
    assert!(sentence.contains("password") && !sentence.contains("hunter2"), "{sentence}");
}

#[tokio::test]
async fn unknown_authorities_are_refused() {
    let studio = Studio::open(TestStore::Database).await;
    let address = Cluster::here().encrypted_address();
    let (stranger, _) = address.split_once("&sslrootcert").unwrap();
    let refusal = refusal(&studio, Database::parse(stranger).unwrap()).await;
    assert!(refusal.to_string().contains("certificate"), "{refusal}");
}

#[tokio::test]
async fn existing_schemas_are_used() {
    let schema = TestSchema::new(false);
    schema.run(&format!("CREATE SCHEMA \"{}\"", schema.name)).await;
    let studio = Studio::open_with(crate::support::Home::Database(schema)).await;
    studio.store(vec![run("c", "r", "1", "")]).await;
    assert_eq!(studio.balanced().await.balance[0].durable, 1);
}

#[tokio::test]
async fn a_vanished_schema_is_an_error() {
    let studio = Studio::open(TestStore::Database).await;
    studio.sql("ALTER TABLE studio.receipts RENAME TO gone").await;
    let answer = studio.ledger.store(T, vec![run("c", "r", "1", "")]).await;
    assert!(matches!(answer, Err(LedgerError::Fault(_))), "{answer:?}");
    studio.sql("ALTER TABLE studio.gone RENAME TO receipts").await;
    studio.store(vec![run("c", "r", "1", "")]).await;
    studio.balanced().await;
}

#[tokio::test]
async fn pending_views_numbers_can_be_mapped() {
    let studio = Studio::open(TestStore::Database).await;
    studio
        .store(vec![run("c1", "r1", "1", r#","costUSD":"0.3","createdAt":"2026-11-20T09:30:00.25Z""#)])
        .await;
    let row = studio
        .ask(
            "SELECT concat_ws(' ', campaign_id, run_id, cost_usd, success_rate, created_at AT TIME ZONE 'UTC', \
             pg_typeof(cost_usd), pg_typeof(created_at)) FROM studio.v_campaign_metrics_pending",
        )
        .await;
    assert_eq!(row, "c1 r1 0.30000 80.00 2026-11-20 09:30:00.25 numeric timestamp with time zone");
    let kinds = "SELECT string_agg(numeric_precision || ',' || numeric_scale, ' ' ORDER BY column_name) \
                 FROM information_schema.columns WHERE table_schema || '.' = replace('studio.', '\"', '') \
                 AND table_name = 'v_campaign_metrics_pending' AND column_name IN ('cost_usd', 'success_rate')";
    assert_eq!(studio.ask(kinds).await, "10,5 5,2");
}

#[tokio::test]
async fn the_view_only_takes_deliveries() {
    let studio = Studio::open(TestStore::Database).await;
    studio.store(vec![run("c1", "r1", "1", "")]).await;
    let sql = "UPDATE studio.v_campaign_metrics_pending SET tokens_in = 7";
    let mut connection = studio.schema().connect().await;
    let refused = sqlx::raw_sql(studio.schema().named(sql)).execute(&mut connection).await.unwrap_err();
    assert!(refused.to_string().contains("only exported_at"), "{refused}");
    assert_eq!(studio.balanced().await.balance[0].pending, 1);
}

#[tokio::test]
async fn narrow_encodings_are_refused() {
    let studio = Studio::open(TestStore::Database).await;
    let other = format!("{}_latin", studio.schema().name);
    studio.sql(&format!("CREATE DATABASE {other} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")).await;
    let address = Cluster::here().address().replace("/postgres?", &format!("/{other}?"));
    let refusal = refusal(&studio, Database::parse(&address).unwrap()).await;
    assert!(matches!(refusal, OpenError::Unavailable { .. }), "{refusal}");
    let sentence = refusal.to_string();
    assert!(sentence.contains("LATIN1") && sentence.contains("createdb -E UTF8"), "{sentence}");
}

/// The next client of the connection behind the pooler would find them.
#[tokio::test]
async fn nothing_is_left_behind_in_a_session() {
    let studio = Studio::open(TestStore::Pooled).await;
    for n in 0..20 {
        studio.store(vec![run("c", &n.to_string(), "1", "")]).await;
        studio.ledger.delivered(&studio.lease(1).await, studio.now()).await.unwrap();
        studio.balanced().await;
        let left = "SELECT concat_ws(' ', (SELECT count(*) FROM pg_prepared_statements), \
                    current_setting('search_path'), current_setting('lock_timeout'), \
                    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())) AS left";
        let row = sqlx::raw_sql(left).fetch_one(&mut through_the_pooler().await).await.unwrap();
        let left: String = sqlx::Row::get(&row, 0);
        assert_eq!(left, "0 \"$user\", public 0 0");
    }
}

async fn through_the_pooler() -> PgConnection {
    let options: PgConnectOptions = Cluster::here().pooled_address().parse().unwrap();
    options.extra_float_digits(None).connect().await.unwrap()
}

/// Every table's keys and indexes begin with the tenant, and no foreign key leaves it: the tables can be sharded by it.
#[tokio::test]
async fn every_key_begins_with_the_tenant() {
    let studio = Studio::open(TestStore::Database).await;
    let name = &studio.schema().name;
    let others = format!(
        "SELECT coalesce(string_agg(i.indexrelid::regclass::text, ', '), '') FROM pg_index AS i \
         JOIN pg_class AS c ON c.oid = i.indrelid JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] \
         WHERE c.relnamespace = '{name}'::regnamespace AND a.attname <> 'tenant_id' \
         AND c.relname NOT IN ('tenants', 'migrations', 'positions', 'rollup_kinds', 'rollup_makings', 'rollup_wishes')"
    );
    assert_eq!(studio.ask(&others).await, "");
    let foreign = format!(
        "SELECT count(*)::text FROM pg_constraint WHERE connamespace = '{name}'::regnamespace AND contype = 'f'"
    );
    assert_eq!(studio.ask(&foreign).await, "0");
}
