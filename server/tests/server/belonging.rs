//! A ledger belongs to one organisation: whatever order servers are started in, no made-up run reaches a real one, and no
//! real run counts as delivered because an emulator took it.

use std::{fs, net::SocketAddr, path::Path};

use dataverse::Query;
use emulator::{Emulator, Options};
use serde_json::Value as Json;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
use uuid::Uuid;

use crate::{
    cluster::Cluster,
    database::TestDatabase,
    reach::{self, borrowed},
    studio::{Studio, TestFolder, command, run, until},
};

const RUNS: &str = "apex_campaignmetricses";
const DEMO: [(&str, &str); 2] = [("STUDIO_DEMO", "on"), ("STUDIO_NOW", "2026-11-21T13:00:00Z")];
const RESTING: (&str, &str) = ("USE_DATAVERSE", "false");

async fn organisation() -> Emulator {
    reach::provisioned(Options::default()).await
}

/// What a server has to be told to be connected, and to hear at once what stands there.
fn told(emulator: &Emulator) -> Vec<(&'static str, String)> {
    let mut settings = reach::settings(emulator);
    settings.push(("STUDIO_MIRROR_SECONDS", "1".to_owned()));
    settings
}

/// What is there; nothing where there is no table.
async fn rows(emulator: &Emulator) -> usize {
    reach::client(emulator).query(Query::of(RUNS)).all().await.map_or(0, |rows| rows.len())
}

/// How a start or a command ended, while the emulators go on in this thread.
async fn ended(folder: &TestFolder, words: &[&str], settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let mut command = command(folder, settings);
    command.args(words);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = [output.stdout, output.stderr].map(|part| String::from_utf8(part).unwrap()).concat();
    (output.status.code(), said)
}

#[track_caller]
fn refused((code, said): (Option<i32>, String), pieces: &[&str]) {
    assert_eq!(code, Some(1), "{said}");
    for piece in pieces {
        assert!(said.contains(piece), "no {piece:?} in:\n{said}");
    }
}

async fn delivered(studio: &Studio, count: u64) -> Json {
    until("everything delivered", async || {
        let balance = studio.json("/api/pipeline").await["balance"][0].clone();
        (balance["delivered"] == count).then_some(balance)
    })
    .await
}

/// A folder as a demo leaves it, of a story that has told a single run.
async fn demo() -> TestFolder {
    let studio = Studio::start();
    studio.stored(&run("c", "1")).await;
    delivered(&studio, 1).await;
    let (.., folder) = studio.terminate();
    change(&folder.data().join("ledger.sqlite"), "UPDATE identity SET demo = 1".to_owned()).await;
    let told = r#"{"seed": 7, "firstDay": "2026-11-21", "toldMicros": 1795266000000000}"#;
    fs::write(folder.data().join("demo.json"), told).unwrap();
    folder
}

#[tokio::test]
async fn a_demo_stays_a_demo() {
    let (real, folder) = (organisation().await, demo().await);
    let settings = told(&real);
    let settings = borrowed(&settings);
    let never = ["holds demo data, which must never reach a real organisation", "STUDIO_DATA"];
    refused(ended(&folder, &[], &settings).await, &never);
    refused(ended(&folder, &["adopt"], &settings).await, &never);
    refused(ended(&folder, &[], &[RESTING]).await, &never);
    refused(ended(&folder, &[], &[]).await, &["STUDIO_DEMO is off"]);
    // What a version left that did not keep whose a ledger is.
    forget(&folder).await;
    refused(ended(&folder, &[], &settings).await, &never);
    let again = Studio::within(folder, &DEMO);
    delivered(&again, 1).await;
    assert_eq!(rows(&real).await, 0);
}

/// As if the ledger were an older version's.
async fn forget(folder: &TestFolder) {
    change(&folder.data().join("ledger.sqlite"), "DELETE FROM identity".to_owned()).await;
}

async fn change(file: &Path, sql: String) {
    let mut file = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut file).await.unwrap();
    file.close().await.unwrap();
}

#[tokio::test]
async fn one_start_without_settings_does_no_harm() {
    let real = organisation().await;
    let settings = told(&real);
    let settings = borrowed(&settings);
    let studio = Studio::with(&settings);
    studio.stored(&run("c", "1")).await;
    delivered(&studio, 1).await;
    real.disturb(emulator::Disturbance { effect: emulator::FaultEffect::CutBefore, ..Default::default() });
    studio.stored(&run("c", "2")).await;
    let (.., folder) = studio.terminate();
    for demo in [&DEMO[..], &[]] {
        refused(ended(&folder, &[], demo).await, &["the emulator inside must not take them", real.url()]);
    }
    assert!(!folder.data().join("emulator").exists() && !folder.data().join("demo.json").exists());
    real.calm();
    let studio = Studio::within(folder, &settings);
    delivered(&studio, 2).await;
    assert_eq!(rows(&real).await, 2);
}

#[tokio::test]
async fn undelivered_records_avoid_the_emulator() {
    let real = organisation().await;
    let settings = told(&real);
    let settings = borrowed(&settings);
    real.disturb(emulator::Disturbance { effect: emulator::FaultEffect::CutBefore, ..Default::default() });
    let studio = Studio::with(&settings);
    studio.stored(&run("c", "1")).await;
    let (.., folder) = studio.terminate();
    for demo in [&DEMO[..], &[]] {
        refused(ended(&folder, &[], demo).await, &["holds records that are no demo data"]);
    }
    real.calm();
    delivered(&Studio::within(folder, &settings), 1).await;
}

#[tokio::test]
async fn other_organisations_need_adoption() {
    let (test, production) = (organisation().await, organisation().await);
    let [of_test, of_production] = [&test, &production].map(told);
    let (of_test, of_production) = (borrowed(&of_test), borrowed(&of_production));
    let studio = Studio::with(&of_test);
    for n in 0..3 {
        studio.stored(&run("c", &n.to_string())).await;
    }
    delivered(&studio, 3).await;
    let (.., folder) = studio.terminate();
    let sentence = ["belongs to the organisation", test.url(), production.url(), "studio adopt"];
    refused(ended(&folder, &[], &of_production).await, &sentence);
    assert_eq!(rows(&production).await, 0);
    let (code, said) = ended(&folder, &["adopt"], &of_production).await;
    assert!(code == Some(0) && said.contains("Nothing counts as delivered any more"), "{said}");
    let (code, said) = ended(&folder, &["adopt"], &of_production).await;
    assert!(code == Some(0) && said.contains("already"), "{said}");
    let studio = Studio::within(folder, &of_production);
    let balance = delivered(&studio, 3).await;
    assert_eq!(balance["unaccounted"], 0);
    assert_eq!((rows(&production).await, rows(&test).await), (3, 3));
}

/// The same address and the same credentials, as when an environment is replaced; and no answer when the server starts.
#[tokio::test]
async fn organisations_are_identified_before_delivery() {
    let home = TestFolder::new();
    let first = reach::provisioned(Options { data: Some(home.data()), ..Options::default() }).await;
    let (settings, id) = (told(&first), first.organization_id());
    let settings = borrowed(&settings);
    let listen: SocketAddr = first.url().trim_start_matches("http://").parse().unwrap();
    let studio = Studio::with(&settings);
    studio.stored(&run("c", "1")).await;
    delivered(&studio, 1).await;
    let (.., folder) = studio.terminate();
    first.stop().await;

    let studio = Studio::within(folder, &settings);
    studio.stored(&run("c", "2")).await;
    rests(&studio, "cannot be asked who it is").await;
    let again = Options { listen, data: Some(home.data()), ..Options::default() };
    rename(&home, Uuid::from_u128(7)).await;
    let other = Emulator::start(again.clone()).await.unwrap();
    rests(&studio, "belongs to the organisation").await;
    let page = studio.get("/pipeline").await.text().await.unwrap();
    assert!(page.contains("belongs to the organisation"), "{page}");
    assert_eq!(rows(&other).await, 1);
    let (.., folder) = studio.terminate();
    other.stop().await;
    rename(&home, id).await;
    let first = Emulator::start(again).await.unwrap();
    delivered(&Studio::within(folder, &settings), 2).await;
    assert_eq!(rows(&first).await, 2);
}

/// Nothing is sent or read, and it is said why.
async fn rests(studio: &Studio, reason: &str) {
    until(reason, async || {
        let pipeline = studio.json("/api/pipeline").await;
        let says = pipeline["reason"].as_str().is_some_and(|said| said.contains(reason));
        (says && pipeline["state"] == "stopped" && pipeline["relay"].is_null()).then_some(())
    })
    .await;
}

/// Gives an emulator's organisation another id.
async fn rename(home: &TestFolder, id: Uuid) {
    let sql = format!("UPDATE facts SET value = '{id}' WHERE name = 'organization'");
    change(&home.data().join("organisation.sqlite"), sql).await;
}

#[tokio::test]
async fn adopting_again_moves_to_new_names() {
    let real = organisation().await;
    let settings = told(&real);
    let settings = borrowed(&settings);
    let studio = Studio::with(&settings);
    for n in 0..3 {
        studio.stored(&run("c", &n.to_string())).await;
    }
    delivered(&studio, 3).await;
    until("the mirror has read once", async || {
        let mirror = studio.json("/api/pipeline").await["mirror"].clone();
        (!mirror["lastPass"].is_null()).then_some(())
    })
    .await;
    let (.., folder) = studio.terminate();
    fs::write(folder.path().join("studio.toml"), "[tables.campaign-run]\ntable = \"crm_execution\"\n")
        .unwrap();
    assert_eq!(ended(&folder, &["provision"], &settings).await.0, Some(0));
    let studio = Studio::within(folder, &settings);
    until("it says so", async || {
        let mirror = studio.json("/api/pipeline").await["mirror"].to_string();
        mirror.contains("studio adopt --again").then_some(())
    })
    .await;
    let (.., folder) = studio.terminate();
    let (code, said) = ended(&folder, &["adopt", "--again"], &settings).await;
    assert!(code == Some(0) && said.contains("Nothing counts as delivered any more"), "{said}");
    let studio = Studio::within(folder, &settings);
    assert_eq!(delivered(&studio, 3).await["unaccounted"], 0);
    let rows = reach::client(&real).query(Query::of("crm_executions")).all().await.unwrap();
    assert_eq!(rows.len(), 3);
}

#[tokio::test]
async fn trial_records_can_be_adopted() {
    let studio = Studio::start();
    for n in 0..3 {
        studio.stored(&run("c", &n.to_string())).await;
    }
    delivered(&studio, 3).await;
    let (.., folder) = studio.terminate();
    let real = organisation().await;
    let settings = told(&real);
    let settings = borrowed(&settings);
    refused(ended(&folder, &[], &settings).await, &["belongs to the emulator inside", "studio adopt"]);
    refused(ended(&folder, &[], &[RESTING]).await, &["belongs to the emulator inside"]);
    refused(ended(&folder, &[], &DEMO).await, &["demo data would mix with them"]);
    let (code, said) = ended(&folder, &["adopt"], &settings).await;
    assert_eq!(code, Some(0), "{said}");
    let studio = Studio::within(folder, &settings);
    delivered(&studio, 3).await;
    assert_eq!(rows(&real).await, 3);
}

#[tokio::test]
async fn a_database_belongs_to_one_organisation_too() {
    let (test, production) = (organisation().await, organisation().await);
    let database = TestDatabase::by(Cluster::here().address());
    let [of_test, of_production] = [&test, &production].map(told);
    let with = |settings: &[(&'static str, String)]| {
        let mut all =
            borrowed(settings).iter().map(|(name, value)| (*name, (*value).to_owned())).collect::<Vec<_>>();
        all.extend(database.settings().map(|(name, value)| (name, value.to_owned())));
        all
    };
    let (of_test, of_production) = (with(&of_test), with(&of_production));
    let studio = Studio::with(&borrowed(&of_test));
    studio.stored(&run("c", "1")).await;
    delivered(&studio, 1).await;
    let folder = TestFolder::new();
    let sentence = ["belongs to the organisation", "DATABASE_URL"];
    refused(ended(&folder, &[], &borrowed(&of_production)).await, &sentence);
    refused(ended(&folder, &["import"], &borrowed(&of_production)).await, &sentence);
    let (code, said) = ended(&folder, &["adopt"], &borrowed(&of_production)).await;
    assert_eq!(code, Some(0), "{said}");
    let answer = studio.post(&run("c", "late")).await;
    assert_eq!(answer.status(), 503);
    assert!(answer.text().await.unwrap().contains("restart"));
    let studio = Studio::with(&borrowed(&of_production));
    delivered(&studio, 1).await;
    assert_eq!((rows(&test).await, rows(&production).await), (1, 1));
}

#[tokio::test]
async fn a_moved_demo_stays_a_demo() {
    let folder = demo().await;
    let database = TestDatabase::by(Cluster::here().address());
    let [(_, address), schema] = database.settings();
    let (code, said) = ended(&folder, &["move", "--to", address], &[schema]).await;
    assert_eq!(code, Some(0), "{said}");
    let resting = [&database.settings()[..], &[RESTING]].concat();
    refused(ended(&TestFolder::new(), &[], &resting).await, &["holds demo data", "DATABASE_URL"]);
    let (code, said) = ended(&TestFolder::new(), &["import"], &resting).await;
    assert!(code == Some(1) && said.contains("holds demo data"), "{said}");
}

#[test]
fn trials_have_their_own_folder() {
    let home = TestFolder::new();
    let mut command = command(&home, &[]);
    command.env_remove("STUDIO_DATA");
    drop(Studio::of(command, TestFolder::new()));
    assert!(fs::exists(home.path().join("data/trial/ledger.sqlite")).unwrap());
    assert!(!fs::exists(home.path().join("data/ledger.sqlite")).unwrap());
}
