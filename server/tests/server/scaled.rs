//! The scaled way: any number of servers on one PostgreSQL, which say what one on SQLite says.

use dataverse::Query;
use emulator::Options;
use serde_json::{Value as Json, json};

use crate::{
    cluster::Cluster,
    database::TestDatabase,
    reach::{self, borrowed},
    studio::{Studio, TestFolder, command, refused, run, until, with},
};

const RESTING: (&str, &str) = ("USE_DATAVERSE", "false");

fn runs(from: u32, to: u32) -> Json {
    let one = |n: u32| {
        let base = run(&format!("c{}", n % 5), &format!("r{n}"));
        with(
            &base,
            &json!({
                "campaignName": format!("Campaign {}", n % 5), "tokensIn": n * 17 % 4_001, "costUSD": format!("0.{:05}", n * 7),
                "latencyP95Ms": n * 131 % 40_009, "createdAt": format!("2026-10-{:02}T{:02}:00:00Z", n % 28 + 1, n % 24),
            }),
        )
    };
    (from..to).map(one).collect()
}

/// All that does not depend on when the server was asked.
async fn told(studio: &Studio) -> Json {
    let mut list = studio.json("/api/metrics/campaign?limit=1000").await;
    for run in list["runs"].as_array_mut().unwrap() {
        assert!(run.as_object_mut().unwrap().remove("receivedAt").is_some());
    }
    let history = studio.json("/api/metrics/history?from=2026-10-01&to=2026-11-01").await;
    let named = studio.json("/api/metrics/campaign?campaign=c3&from=2026-10-05T00:00:00Z").await["runs"]
        .as_array()
        .unwrap()
        .len();
    let pipeline = studio.json("/api/pipeline").await;
    json!([list, history, named, pipeline["balance"], pipeline["pending"], pipeline["unaccounted"]])
}

#[tokio::test]
async fn postgresql_answers_like_sqlite() {
    let cluster = Cluster::here();
    let mut expected = Json::Null;
    let databases =
        [cluster.address(), cluster.pooled_address(), cluster.encrypted_address()].map(TestDatabase::by);
    let settings = databases.iter().map(|database| [database.settings().as_slice(), &[RESTING]].concat());
    for settings in std::iter::once(vec![RESTING]).chain(settings) {
        let studio = Studio::with(&settings);
        let stored = studio.post(&runs(0, 300)).await.json::<Json>().await.unwrap();
        assert_eq!(stored["stored"], 300, "{stored}");
        let id = stored["items"][7]["id"].as_str().unwrap();
        let corrected = studio.request("PUT", &format!("/api/metrics/campaign/{id}")).json(&runs(7, 8)[0]);
        assert_eq!(corrected.send().await.unwrap().status(), 200);
        let id = stored["items"][8]["id"].as_str().unwrap();
        let withdrawn = studio.request("DELETE", &format!("/api/metrics/campaign/{id}")).send().await;
        assert_eq!(withdrawn.unwrap().status(), 200);
        let told = told(&studio).await;
        if expected.is_null() {
            expected = told;
            assert_eq!(expected[0]["runs"].as_array().unwrap().len(), 299);
            continue;
        }
        assert_eq!(told, expected, "{settings:?}");
        assert!(!studio.folder.data().exists(), "nothing is kept on this disk");
        let (status, _, _, folder) = studio.terminate();
        assert!(status.success(), "{}", folder.log());
    }
}

#[tokio::test]
async fn two_servers_share_work_and_figures() {
    let emulator = reach::provisioned(Options::default()).await;
    let (organisation, database) =
        (reach::settings(&emulator), TestDatabase::by(Cluster::here().pooled_address()));
    let settings = [&borrowed(&organisation)[..], &database.settings()].concat();
    let servers = [Studio::with(&settings), Studio::with(&settings)];
    // A page that was looked at before shows it later all the same.
    let runs_on_panel = async |studio: &Studio| {
        studio.json("/api/metrics/recent?range=live").await["figures"]["assets"]["runs"].clone()
    };
    for server in &servers {
        assert_eq!(runs_on_panel(server).await, 0);
    }
    for (server, n) in servers.iter().zip([0, 1]) {
        for part in 0..5 {
            let some: Json = (0..40).map(|i| run("c", &format!("{n}-{part}-{i}"))).collect();
            let answer = server.post(&some).await.json::<Json>().await.unwrap();
            assert_eq!(answer["stored"], 40, "{answer}");
        }
    }
    assert_eq!(servers[0].post(&run("c", "1-0-0")).await.status(), 200, "known from the other server");
    for server in &servers {
        let listed = server.json("/api/metrics/campaign?limit=1000").await;
        assert_eq!(listed["runs"].as_array().unwrap().len(), 400);
        until("the other's runs on the panel", async || (runs_on_panel(server).await == 400).then_some(()))
            .await;
    }
    for server in &servers {
        let balance = until("everything delivered", async || {
            let pipeline = server.json("/api/pipeline").await;
            (pipeline["pending"] == 0).then(|| pipeline["balance"][0].clone())
        })
        .await;
        assert_eq!((&balance["delivered"], &balance["unaccounted"]), (&400.into(), &0.into()), "{balance}");
    }
    let query = Query::of("apex_campaignmetricses").select(["apex_runid"]);
    assert_eq!(reach::client(&emulator).query(query).all().await.unwrap().len(), 400);
}

#[tokio::test]
async fn leftover_deliveries_are_taken_over() {
    let emulator = reach::provisioned(Options::default()).await;
    let (organisation, database) = (reach::settings(&emulator), TestDatabase::new());
    let settings = [&borrowed(&organisation)[..], &database.settings(), &[("STUDIO_LEASE", "2")]].concat();
    let first = Studio::with(&settings);
    until("a relay", async || (!first.json("/api/pipeline").await["relay"].is_null()).then_some(())).await;
    emulator.disturb(emulator::Disturbance { effect: emulator::FaultEffect::Hang, ..Default::default() });
    assert_eq!(first.post(&runs(0, 20)).await.status(), 200);
    let lent = "SELECT count(*)::text FROM studio.outbox WHERE leased_until IS NOT NULL";
    until("records on their way", async || (database.ask(lent).await == "20").then_some(())).await;
    first.kill();
    emulator.calm();
    let second = Studio::with(&settings);
    until("everything delivered", async || {
        (second.json("/api/pipeline").await["balance"][0]["delivered"] == 20).then_some(())
    })
    .await;
}

#[test]
fn a_database_without_an_organisation_is_refused() {
    let database = TestDatabase::new();
    let (code, said) = refused(&TestFolder::new(), &database.settings());
    assert_eq!(code, Some(2));
    assert!(said.contains("DATABASE_URL") && said.contains("USE_DATAVERSE=false"), "{said}");
}

#[test]
fn absent_databases_are_told_without_password() {
    let address = ("DATABASE_URL", "postgres://u:hunter2@127.0.0.1:9/metrics");
    let (code, said) = refused(&TestFolder::new(), &[address, RESTING]);
    assert_eq!(code, Some(1));
    assert!(said.contains("127.0.0.1:9/metrics") && !said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn the_databases_password_is_found_nowhere() {
    let database = TestDatabase::new();
    let settings = [&database.settings()[..], &[RESTING, ("STUDIO_LOG", "trace")]].concat();
    let studio = Studio::with(&settings);
    studio.stored(&run("c", "r")).await;
    let mut said = String::new();
    for path in ["/", "/pipeline", "/api/pipeline", "/api/metrics/recent", "/metrics", "/nothing"] {
        said += &studio.get(path).await.text().await.unwrap();
    }
    let (_, _, printed, folder) = studio.terminate();
    said += &(printed + &folder.log());
    assert!(
        said.contains("campaign") && !said.contains("on loopback") && !said.contains("on%20loopback"),
        "{said}"
    );
}

#[test]
fn copies_of_files_are_not_for_databases() {
    let (folder, database) = (TestFolder::new(), TestDatabase::new());
    let settings = [&database.settings()[..], &[RESTING]].concat();
    for (word, instead) in [("backup", "pg_dump"), ("restore", "pg_restore")] {
        let output = command(&folder, &settings).args([word, "file"]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains(instead), "{said}");
    }
}

#[tokio::test]
async fn the_check_tries_the_ledger_too() {
    let database = TestDatabase::new();
    let settings = [&database.settings()[..], &[RESTING]].concat();
    let output = command(&TestFolder::new(), &settings).arg("check").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && said.contains("✓ Ledger") && !said.contains("on%20loopback"),
        "{said}"
    );
}
