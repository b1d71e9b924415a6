//! `studio import`: a table that was there before, taken in as at the door, once, and not sent again.

use std::{
    io::Read as _,
    process::{Child, Stdio},
};

use dataverse::Query;
use emulator::{Emulator, Options};
use serde_json::{Value as Json, json};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    cluster::Cluster,
    database::TestDatabase,
    reach::{self, borrowed},
    studio::{Studio, TestFolder, command, signal, until},
};

const RESTING: (&str, &str) = ("USE_DATAVERSE", "false");

/// As services of this sort keep their runs.
pub fn old_table(name: &str, rows: u32) -> String {
    format!(
        "CREATE TABLE {name} (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), campaign_id varchar(64) NOT NULL, \
         run_id varchar(64), phase varchar(16) NOT NULL, agents_total integer NOT NULL, agents_successful integer NOT NULL, \
         assets_generated integer, tokens_in bigint, tokens_out bigint, cost_usd numeric(10,5), latency_p95_ms integer, \
         latency_avg_ms integer, success_rate numeric(5,2), created_at timestamptz NOT NULL, exported_at timestamptz); \
         INSERT INTO {name} (campaign_id, run_id, phase, agents_total, agents_successful, tokens_in, cost_usd, \
         success_rate, created_at, exported_at) \
         SELECT 'c', 'r' || n, '1', 4, 3, n, n * 0.00001, 75, timestamptz '2026-10-01 12:00+02' + n * interval '1 hour', \
         CASE WHEN n <= 700 THEN timestamptz '2026-10-02 00:00:00.25Z' + n * interval '1 hour' END \
         FROM generate_series(1, {rows}) AS n"
    )
}

/// How the command ended, and what it said.
fn import(settings: &[(&str, &str)], words: &[&str]) -> (Option<i32>, String) {
    let output = command(&TestFolder::new(), settings).arg("import").args(words).output().unwrap();
    let said = [output.stdout, output.stderr].map(|part| String::from_utf8(part).unwrap()).concat();
    (output.status.code(), said)
}

/// The command when it cannot go on: what it writes of the campaign `stuck` waits for what is returned with it.
async fn held_up(
    database: &TestDatabase,
    settings: &[(&str, &str)],
    words: &[&str],
) -> (Child, PgConnection) {
    let holder = database.stuck_at("stuck").await;
    let process = command(&TestFolder::new(), settings)
        .arg("import")
        .args(words)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    database.held_up().await;
    (process, holder)
}

async fn killed(database: &TestDatabase, settings: &[(&str, &str)], words: &[&str]) {
    let (mut process, _holder) = held_up(database, settings, words).await;
    process.kill().unwrap();
    process.wait().unwrap();
}

async fn balance(studio: &Studio) -> Json {
    studio.json("/api/pipeline").await["balance"][0].clone()
}

#[tokio::test]
async fn imports_happen_once_without_resending() {
    let database = TestDatabase::new();
    database.run(&old_table("public.campaign_metrics", 1200)).await;
    let resting = [&database.settings()[..], &[RESTING]].concat();
    let (code, said) = import(&resting, &[]);
    assert!(
        code == Some(0)
            && said.contains(
                "1,200 campaign runs are new, 0 were known already; 700 of these count as delivered"
            ),
        "{said}"
    );

    let emulator = reach::provisioned(Options::default()).await;
    let organisation = reach::settings(&emulator);
    let studio = Studio::with(&[&borrowed(&organisation)[..], &database.settings()].concat());
    let sent = until("everything delivered", async || {
        let balance = balance(&studio).await;
        (balance["pending"] == 0).then_some(balance)
    })
    .await;
    assert_eq!(
        (&sent["received"], &sent["delivered"], &sent["unaccounted"]),
        (&1200.into(), &1200.into(), &0.into())
    );
    let query = Query::of("apex_campaignmetricses").select(["apex_runid"]);
    assert_eq!(reach::client(&emulator).query(query).all().await.unwrap().len(), 500);
    let page = studio.json("/api/metrics/campaign?limit=1").await;
    let run = &page["runs"][0];
    assert_eq!((&run["runId"], &run["costUSD"]), (&"r1200".into(), &"0.01200".into()));
    assert_eq!((&run["successRate"], &run["createdAt"]), (&"75.00".into(), &"2026-11-20T10:00:00Z".into()));
    let exported = "SELECT (exported_at % 60000000)::text FROM studio.campaign_metrics WHERE run_id = 'r700'";
    assert_eq!(database.ask(exported).await, "250000", "to the microsecond, as it was");

    let (code, said) = import(&resting, &[]);
    assert!(code == Some(0) && said.contains("0 campaign runs are new, 1,200 were known"), "{said}");
    assert_eq!(balance(&studio).await["delivered"], 1200);
}

const RUNS: &str = "apex_campaignmetricses";

/// An organisation in which the first of the old table's runs stand already, under ids that another program gave them.
async fn with_the_runs_of_others(rows: u32) -> Emulator {
    let emulator = reach::provisioned(Options::default()).await;
    let organisation = reach::settings(&emulator);
    let folder = TestFolder::new();
    let mut provision = command(&folder, &borrowed(&organisation));
    let made =
        tokio::task::spawn_blocking(move || provision.arg("provision").output().unwrap()).await.unwrap();
    assert!(made.status.success(), "{made:?}");
    let client = reach::client(&emulator);
    for n in 1..=rows {
        let row = json!({
            "apex_campaignid": "c", "apex_runid": format!("r{n}"), "apex_phase": "1", "apex_agentstotal": 4,
            "apex_agentssuccessful": 3, "apex_tokensin": n, "apex_costusd": f64::from(n) / 100_000.0,
            "apex_createdat": model::time::Timestamp::parse("2026-10-01T10:00:00Z").unwrap()
                .plus(i64::from(n) * 3_600 * model::time::SECOND).to_string(),
        });
        client.upsert(RUNS, theirs(n), &row).await.unwrap();
    }
    emulator
}

fn theirs(n: u32) -> Uuid {
    Uuid::from_u128(0xa000 + u128::from(n))
}

#[tokio::test]
async fn imported_rows_match_foreign_ids() {
    let emulator = with_the_runs_of_others(200).await;
    let (organisation, client) = (reach::settings(&emulator), reach::client(&emulator));
    let database = TestDatabase::new();
    let table = "studio_adopted.runs";
    database.run(&format!("CREATE SCHEMA studio_adopted; {}", old_table(table, 200))).await;
    let resting = [&database.settings()[..], &[RESTING]].concat();
    assert_eq!(import(&resting, &["--table", table]).0, Some(0));

    let often = [("STUDIO_MIRROR_SECONDS", "1")];
    let studio = Studio::with(&[&borrowed(&organisation)[..], &database.settings(), &often].concat());
    until("all are confirmed", async || (balance(&studio).await["confirmed"] == 200).then_some(())).await;
    let mirror = studio.json("/api/pipeline").await["mirror"].clone();
    assert_eq!(
        (&mirror["rejected"], &mirror["questions"], &mirror["withdrawn"]),
        (&json!(0), &json!([]), &json!(0))
    );
    let page = studio.json("/api/metrics/campaign?limit=1").await;
    let id = page["runs"][0]["id"].as_str().unwrap().to_owned();
    let corrected = json!({
        "campaignId": "c", "runId": "r200", "phase": "1", "agentsTotal": 4, "agentsSuccessful": 3, "tokensIn": 9
    });
    let put =
        studio.request("PUT", &format!("/api/metrics/campaign/{id}")).json(&corrected).send().await.unwrap();
    assert_eq!(put.status(), 200);
    until("the correction is there", async || (balance(&studio).await["confirmed"] == 200).then_some(()))
        .await;
    let rows = client.query(Query::of(RUNS).select(["apex_runid", "apex_tokensin"])).all().await.unwrap();
    assert_eq!(rows.len(), 200, "no row was added");
    let own = theirs(200).to_string();
    let changed = rows.iter().find(|row| row["apex_campaignmetricsid"] == own.as_str()).unwrap();
    assert_eq!(changed["apex_tokensin"], 9);
}

#[tokio::test]
async fn early_changes_reach_the_existing_row() {
    let emulator = with_the_runs_of_others(200).await;
    let (organisation, client) = (reach::settings(&emulator), reach::client(&emulator));
    let database = TestDatabase::new();
    let table = "studio_changed.runs";
    database.run(&format!("CREATE SCHEMA studio_changed; {}", old_table(table, 200))).await;
    let resting = [&database.settings()[..], &[RESTING]].concat();
    assert_eq!(import(&resting, &["--table", table]).0, Some(0));

    let studio = Studio::with(&resting);
    let runs = studio.json("/api/metrics/campaign?limit=2").await["runs"].clone();
    let path = |at: usize| format!("/api/metrics/campaign/{}", runs[at]["id"].as_str().unwrap());
    let corrected = json!({
        "campaignId": "c", "runId": "r200", "phase": "1", "agentsTotal": 4, "agentsSuccessful": 3, "tokensIn": 9
    });
    let put = studio.request("PUT", &path(0)).json(&corrected).send().await.unwrap();
    let deleted = studio.request("DELETE", &path(1)).send().await.unwrap();
    assert!(put.status() == 200 && deleted.status().is_success(), "{put:?} {deleted:?}");
    studio.terminate();

    let often = [("STUDIO_MIRROR_SECONDS", "1")];
    let studio = Studio::with(&[&borrowed(&organisation)[..], &database.settings(), &often].concat());
    let settled = until("all are confirmed", async || {
        let balance = balance(&studio).await;
        (balance["confirmed"] == 200).then_some(balance)
    })
    .await;
    assert_eq!((&settled["deleted"], &settled["unaccounted"]), (&json!(1), &json!(0)));
    let rows = client.query(Query::of(RUNS).select(["apex_runid", "apex_tokensin"])).all().await.unwrap();
    let mut there: Vec<&str> =
        rows.iter().map(|row| row["apex_campaignmetricsid"].as_str().unwrap()).collect();
    there.sort_unstable();
    let expected: Vec<String> = (1..=200).filter(|n| *n != 199).map(|n| theirs(n).to_string()).collect();
    assert_eq!(there, expected, "none under an id of ours, and not the one that was withdrawn");
    let changed = rows.iter().find(|row| row["apex_runid"] == "r200").unwrap();
    assert_eq!(changed["apex_tokensin"], 9);
}

/// However an import ends, the rows of what it took in as exported are looked for.
#[tokio::test]
async fn killed_imports_reread_the_table() {
    let database = TestDatabase::by(Cluster::here().pooled_address());
    let table = "studio_halved.runs";
    let all = format!(
        "UPDATE {table} SET created_at = created_at - interval '1 year', exported_at = created_at; \
         UPDATE {table} SET campaign_id = 'stuck' WHERE run_id = 'r700'"
    );
    database.run(&format!("CREATE SCHEMA studio_halved; {}; {all}", old_table(table, 5_000))).await;
    let resting = [&database.settings()[..], &[RESTING]].concat();
    Studio::with(&resting).terminate();
    let link = "INSERT INTO studio.marks (tenant_id, kind, link, epoch) \
                VALUES ('00000000-0000-0000-0000-000000000000', 'campaign-run', 'read up to here', 7)";
    database.run(link).await;
    killed(&database, &resting, &["--table", table]).await;
    let mark = "SELECT concat_ws(' ', coalesce(link, 'nothing'), epoch > 7) FROM studio.marks";
    assert_eq!(database.ask(mark).await, "nothing t");
    database.run("UPDATE studio.marks SET link = 'read again'").await;
    assert_eq!(import(&resting, &["--table", table]).0, Some(0));
    assert_eq!(database.ask(mark).await, "nothing t", "the rest came after that");
    database.run("UPDATE studio.marks SET link = 'read again'").await;
    assert_eq!(import(&resting, &["--table", table]).0, Some(0));
    assert_eq!(database.ask(mark).await, "read again t", "nothing came");
}

#[tokio::test]
async fn refused_imports_have_reasons() {
    let database = TestDatabase::new();
    let table = "studio_old.runs";
    database.run(&format!("CREATE SCHEMA studio_old; {}", old_table(table, 1200))).await;
    database
        .run(&format!(
            "UPDATE {table} SET campaign_id = 'ann@example.com' WHERE run_id = 'r3'; \
             UPDATE {table} SET agents_successful = 5 WHERE run_id = 'r4'; UPDATE {table} SET run_id = NULL WHERE run_id = 'r5'; \
             UPDATE {table} SET cost_usd = 'NaN' WHERE run_id = 'r6'; UPDATE {table} SET tokens_in = 3000000000 WHERE run_id = 'r7'; \
             UPDATE {table} SET created_at = 'infinity' WHERE run_id = 'r8'; UPDATE {table} SET run_id = 'r10' WHERE run_id = 'r9'; \
             UPDATE {table} SET exported_at = NULL; ALTER TABLE {table} DROP COLUMN id"
        ))
        .await;
    let settings = [&database.settings()[..], &[RESTING]].concat();
    let (code, said) = import(&settings, &["--table", table]);
    assert!(
        code == Some(1) && said.contains("1,193 campaign runs are new") && !said.contains("ann@"),
        "{said}"
    );
    for reason in [
        "campaignId looks like an e-mail",
        "agentsSuccessful must be at most",
        "runId is required",
        "costUSD must be",
        "tokensIn must be a whole number",
        "createdAt must be a time",
        "says something else",
        "7 rows were not taken in",
    ] {
        assert!(said.contains(reason), "no {reason:?} in {said}");
    }
    // What was exported since counts as delivered the next time.
    let studio = Studio::with(&settings);
    assert_eq!(balance(&studio).await["pending"], 1193);
    database.run(&format!("UPDATE {table} SET exported_at = now() WHERE run_id IN ('r1', 'r2')")).await;
    assert_eq!(import(&settings, &["--table", table]).0, Some(1));
    let after = balance(&studio).await;
    assert_eq!(
        (&after["pending"], &after["delivered"], &after["unaccounted"]),
        (&1191.into(), &2.into(), &0.into())
    );
}

#[tokio::test]
async fn killed_imports_go_on() {
    let database = TestDatabase::by(Cluster::here().pooled_address());
    let (table, words) = ("studio_killed.runs", ["--table", "studio_killed.runs"]);
    // More than one stretch of time, of which one is a single moment, and one row without a time.
    database
        .run(&format!(
            "CREATE SCHEMA studio_killed; {}; ALTER TABLE {table} ALTER created_at DROP NOT NULL; \
             UPDATE {table} SET created_at = '2026-10-20T00:00:00Z' WHERE tokens_in BETWEEN 500 AND 7000; \
             UPDATE {table} SET created_at = timestamptz '2026-01-01Z' + tokens_in * interval '1 minute' \
             WHERE tokens_in > 7000; \
             UPDATE {table} SET created_at = NULL WHERE run_id = 'r9'",
            old_table(table, 11_000)
        ))
        .await;
    let settings = [&database.settings()[..], &[RESTING]].concat();
    Studio::with(&settings).terminate();
    for run in ["r8000", "r300"] {
        let stuck = format!(
            "UPDATE {table} SET campaign_id = 'c'; UPDATE {table} SET campaign_id = 'stuck' WHERE run_id = '{run}'"
        );
        database.run(&stuck).await;
        killed(&database, &settings, &words).await;
    }
    let (mut process, holder) = held_up(&database, &settings, &words).await;
    signal(process.id(), "INT");
    drop(holder);
    let mut said = String::new();
    process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(130), "{said}");
    assert!(said.contains("of 11,000 rows are in; call this again, and it goes on: nothing is"), "{said}");
    let (code, said) = import(&settings, &words);
    let known = said
        .split("runs are new, ")
        .nth(1)
        .and_then(|said| said.split(' ').next()?.replace(',', "").parse().ok());
    assert!(code == Some(0) && known.is_some_and(|known: u32| (4000..11_000).contains(&known)), "{said}");
    assert!(said.contains("700 of these count as delivered"), "{said}");
    let hours = "SELECT concat(count(DISTINCT hour), ' ', sum(delivered)) FROM studio.passages";
    assert_eq!(database.ask(hours).await, "700 700", "each counts in the hour in which it was exported");
    let studio = Studio::with(&settings);
    let stands = async |expected: [u32; 3]| {
        let found = balance(&studio).await;
        let figures = ["received", "delivered", "pending"].map(|name| found[name].clone());
        assert_eq!((figures, &found["unaccounted"]), (expected.map(Json::from), &0.into()));
    };
    stands([11_000, 700, 10_300]).await;
    assert_eq!(database.ask("SELECT count(*)::text FROM studio.outbox").await, "10300");

    database
        .run(&format!(
            "UPDATE {table} SET exported_at = now() WHERE tokens_in BETWEEN 701 AND 2300; \
             INSERT INTO {table} (campaign_id, run_id, phase, agents_total, agents_successful, created_at, exported_at) \
             SELECT 'new', n::text, '2', 1, 1, now(), CASE WHEN n <= 40 THEN now() END FROM generate_series(1, 100) AS n"
        ))
        .await;
    let (code, said) = import(&settings, &words);
    assert!(
        code == Some(0)
            && said.contains("100 campaign runs are new, 11,000 were known already; 2,340 of these"),
        "{said}"
    );
    stands([11_100, 2340, 8760]).await;
}

#[tokio::test]
async fn unusable_tables_are_refused() {
    let database = TestDatabase::new();
    database
        .run("CREATE TABLE public.half (campaign_id text, run_id text, phase text, agents_total int)")
        .await;
    let settings = [&database.settings()[..], &[RESTING]].concat();
    let own = format!("{}.campaign_metrics", settings[1].1);
    for (table, piece) in
        [("nowhere", "no table public.nowhere"), ("half", "no column agents_successful"), (&own, "own")]
    {
        let (code, said) = import(&settings, &["--table", table]);
        assert!(code == Some(1) && said.contains(piece), "{said}");
    }
    let (code, said) = import(&[], &[]);
    assert!(code == Some(2) && said.contains("DATABASE_URL is missing"), "{said}");
}
