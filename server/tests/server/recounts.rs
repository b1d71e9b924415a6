//! `GET /api/metrics/recount`, `studio recount` and `studio rollups rebuild`: rollups held against records, and against what
//! Dataverse adds up.

use std::path::Path;

use serde_json::{Value as Json, json};
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

use crate::{
    reach,
    studio::{Studio, TestFolder, command, run, until, with},
};

const RESTING: (&str, &str) = ("USE_DATAVERSE", "false");
const OCTOBER: &str = "/api/metrics/recount?from=2026-10-01&to=2026-11-01&tz=UTC";
const FIGURES: [&str; 5] = ["cost", "latency", "success", "assets", "tokens"];

/// Runs of all days of October.
async fn fill(studio: &Studio) {
    let runs: Json = (0..200)
        .map(|n| {
            let day = format!("2026-10-{:02}T{:02}:{:02}:00Z", n % 31 + 1, n % 24, n * 7 % 60);
            let more = json!({
                "createdAt": day, "tokensIn": n * 17, "tokensOut": n, "assetsGenerated": n % 7,
                "costUSD": format!("{n}.0{n:04}"), "latencyP95Ms": 900 + n
            });
            with(&run(&format!("c{}", n % 3), &format!("r{n}")), &more)
        })
        .collect();
    assert_eq!(studio.post(&runs).await.json::<Json>().await.unwrap()["stored"], 200);
}

fn figures(recount: &Json) -> &Vec<Json> {
    recount["figures"].as_array().unwrap()
}

#[track_caller]
fn equal(recount: &Json) {
    assert_eq!(recount["equal"], true, "{recount}");
    let names: Vec<&str> = figures(recount).iter().map(|one| one["figure"].as_str().unwrap()).collect();
    assert_eq!(names, FIGURES);
    for figure in figures(recount) {
        assert_eq!(figure["rollups"], figure["rows"]);
        assert_eq!(figure["differs"], json!([]));
    }
}

/// How it ended, and all that it said.
fn said(folder: &TestFolder, settings: &[(&str, &str)], words: &[&str]) -> (Option<i32>, String) {
    let output = command(folder, settings).args(words).output().unwrap();
    let said = [output.stdout, output.stderr].map(|part| String::from_utf8(part).unwrap()).concat();
    (output.status.code(), said)
}

async fn change(file: &Path, sql: &'static str) {
    let mut file = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    sqlx::raw_sql(sql).execute(&mut file).await.unwrap();
    file.close().await.unwrap();
}

#[tokio::test]
async fn a_wrong_rollup_is_named_and_mended() {
    let studio = Studio::with(&[RESTING]);
    fill(&studio).await;
    let recount = studio.json(OCTOBER).await;
    equal(&recount);
    let history = studio.json("/api/metrics/history?from=2026-10-01&to=2026-11-01&tz=UTC").await;
    assert_eq!(figures(&recount)[0]["rows"], history["figures"]["cost"]["value"]);
    assert_eq!(figures(&recount)[1]["rows"], history["figures"]["latency"]["value"]);
    assert!(recount["tookMs"]["dataverse"].is_null() && recount["note"].is_string(), "{recount}");

    let folder = studio.terminate().3;
    let wrong = "DELETE FROM rollups WHERE grain = 2 AND number = unixepoch('2026-10-05') / 86400";
    change(&folder.data().join("ledger.sqlite"), wrong).await;
    let studio = Studio::within(folder, &[RESTING]);
    let recount = studio.json(OCTOBER).await;
    assert_eq!(recount["equal"], false);
    for figure in figures(&recount) {
        let named = json!([{"from": "2026-10-05T00:00:00Z", "to": "2026-10-06T00:00:00Z"}]);
        assert_eq!(figure["differs"], named, "{figure}");
    }
    let page = studio.request("POST", "/pipeline/recount").send().await.unwrap();
    assert_eq!(page.status(), 303);
    let page = studio.get("/pipeline").await.text().await.unwrap();
    assert!(page.contains("Recount now"), "{page}");

    // While the server runs, and its figures are right again without a start.
    let (code, told) = said(&studio.folder, &[RESTING], &["rollups", "rebuild"]);
    assert!(code == Some(0) && told.contains("made anew"), "{code:?} {told}");
    let again = OCTOBER.replace("to=2026-11-01", "to=2026-11-02");
    equal(&studio.json(&again).await);
    let (code, told) = said(&studio.folder, &[RESTING], &["recount", "--range", "30d"]);
    assert!(code == Some(0) && told.contains("Equal"), "{code:?} {told}");

    // And at rest.
    let folder = studio.terminate().3;
    change(&folder.data().join("ledger.sqlite"), "DELETE FROM rollups").await;
    let (code, told) = said(&folder, &[RESTING], &["rollups", "rebuild"]);
    assert!(code == Some(0) && told.contains("made anew"), "{code:?} {told}");
    let studio = Studio::within(folder, &[RESTING]);
    equal(&studio.json(OCTOBER).await);
}

#[tokio::test]
async fn unequal_commands_end_with_an_error() {
    let settings = [("STUDIO_NOW", "2026-11-21T13:20:00Z")];
    let studio = Studio::with(&settings);
    // What is less than a whole cell is counted from the records.
    studio.stored(&with(&run("c", "r"), &json!({"createdAt": "2026-11-21T08:00:00Z"}))).await;
    let folder = studio.terminate().3;
    change(&folder.data().join("ledger.sqlite"), "DELETE FROM rollups").await;
    let (code, told) = said(&folder, &settings, &["recount", "--range", "live"]);
    assert!(code == Some(1) && told.contains("assets differs from 2026-11-21T08:00:00Z"), "{code:?} {told}");
    let (code, told) = said(&TestFolder::new(), &[RESTING], &["rollups", "rebuild"]);
    assert!(code == Some(1) && told.contains("there is no ledger"), "{code:?} {told}");
    let (code, _) = said(&folder, &settings, &["recount", "--range", "1y"]);
    assert_eq!(code, Some(2));
}

#[tokio::test]
async fn dataverse_adds_up_the_same() {
    let emulator = reach::provisioned(emulator::Options::default()).await;
    let mut settings = reach::settings(&emulator);
    settings.push(("STUDIO_MIRROR_SECONDS", "1".to_owned()));
    let settings = reach::borrowed(&settings);
    let studio = Studio::with(&settings);
    fill(&studio).await;
    until("all is delivered", async || {
        (studio.json("/api/pipeline").await["balance"][0]["delivered"] == 200).then_some(())
    })
    .await;
    let recount = studio.json(OCTOBER).await;
    equal(&recount);
    for figure in figures(&recount) {
        let expected = if figure["figure"] == "latency" { Json::Null } else { figure["rows"].clone() };
        assert_eq!(figure["dataverse"], expected, "{recount}");
    }
    assert!(recount["tookMs"]["dataverse"].as_f64().unwrap() > 0.0);
    assert!(recount["note"].as_str().unwrap().contains("whole days"), "{recount}");
    let live = studio.json("/api/metrics/recount?range=live").await;
    assert!(live["note"].as_str().unwrap().contains("no whole day"), "{live}");
}
