//! What others write straight into Dataverse comes in by itself, and what was lost here is read in again.

use dataverse::{Client, Query};
use emulator::{Emulator, Options};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::{
    reach,
    studio::{Studio, TestFolder, command, run, until},
};

const RUNS: &str = "apex_campaignmetricses";

/// An organisation, another program's way into it, and a server that mirrors it every second.
struct MirroredOrganisation {
    emulator: Emulator,
    other: Client,
    settings: Vec<(&'static str, String)>,
}

impl MirroredOrganisation {
    async fn new() -> Self {
        let emulator = reach::provisioned(Options::default()).await;
        let mut settings = reach::settings(&emulator);
        settings.push(("STUDIO_MIRROR_SECONDS", "1".to_owned()));
        Self { other: reach::client(&emulator), settings, emulator }
    }

    fn studio(&self) -> Studio {
        Studio::with(&reach::borrowed(&self.settings))
    }
}

/// A row as a flow would write it.
fn row(name: &str, tokens: i64) -> Json {
    json!({
        "apex_name": name, "apex_campaignid": "of-others", "apex_runid": name, "apex_phase": "1",
        "apex_agentstotal": 4, "apex_agentssuccessful": 3, "apex_assetsgenerated": 2, "apex_tokensin": tokens,
        "apex_tokensout": 5, "apex_costusd": 0.5, "apex_createdat": "2026-11-20T10:00:00Z",
    })
}

/// The run of this name, once it says so.
async fn shows(studio: &Studio, name: &str, tokens: i64) -> Json {
    until(&format!("{name} with {tokens} tokens"), async || {
        let runs = studio.json("/api/metrics/campaign?limit=1000").await["runs"].as_array().unwrap().clone();
        runs.into_iter().find(|run| run["runId"] == name && run["tokensIn"] == tokens)
    })
    .await
}

async fn carrying(studio: &Studio) {
    until("the mirror watches", async || {
        (studio.json("/api/pipeline").await["mirror"]["state"] == "watching").then_some(())
    })
    .await;
}

#[tokio::test]
async fn foreign_changes_are_seen() {
    let shared = MirroredOrganisation::new().await;
    let studio = shared.studio();
    carrying(&studio).await;
    let theirs = Uuid::from_u128(0x7e57);
    shared.other.upsert(RUNS, theirs, &row("theirs", 10)).await.unwrap();
    let shown = shows(&studio, "theirs", 10).await;
    assert_eq!((&shown["successRate"], &shown["costUSD"]), (&json!("75.00"), &json!("0.50000")));
    let history = studio.json("/api/metrics/history?from=2026-11-20&to=2026-11-21").await;
    assert_eq!(history["figures"]["tokens"]["in"], 10);

    shared.other.update(RUNS, theirs, &json!({"apex_tokensin": 11})).await.unwrap();
    let shown = shows(&studio, "theirs", 11).await;
    let balance = studio.json("/api/pipeline").await["balance"][0].clone();
    assert_eq!(
        (&balance["mirrored"], &balance["received"], &balance["unaccounted"]),
        (&json!(1), &json!(0), &json!(0))
    );

    // A correction here reaches their row, not another one.
    let id = shown["id"].as_str().unwrap();
    let mut corrected = run("of-others", "theirs");
    corrected["tokensIn"] = json!(12);
    let answer =
        studio.request("PUT", &format!("/api/metrics/campaign/{id}")).json(&corrected).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    until("their row is corrected", async || {
        let rows = shared.other.query(Query::of(RUNS)).all().await.unwrap();
        assert_eq!(rows.len(), 1);
        (rows[0]["apex_tokensin"] == 12).then(|| assert_eq!(rows[0]["apex_campaignmetricsid"], json!(theirs)))
    })
    .await;

    until("it is delivered and read back", async || {
        let pipeline = studio.json("/api/pipeline").await;
        (pipeline["pending"] == 0 && pipeline["unaccounted"] == 0).then_some(())
    })
    .await;
    shared.other.delete(RUNS, theirs).await.unwrap();
    until("it is withdrawn here", async || {
        (studio.request("GET", &format!("/api/metrics/campaign/{id}")).send().await.unwrap().status() == 410)
            .then_some(())
    })
    .await;
    assert_eq!(studio.json("/api/pipeline").await["unaccounted"], 0);
}

#[tokio::test]
async fn broken_rows_are_shown_and_left_out() {
    let shared = MirroredOrganisation::new().await;
    let studio = shared.studio();
    carrying(&studio).await;
    let id = Uuid::from_u128(0x7e57);
    let mut wrong = row("wrong", 1);
    wrong["apex_agentssuccessful"] = json!(9);
    shared.other.upsert(RUNS, id, &wrong).await.unwrap();
    let mirror = until("the reject", async || {
        let mirror = studio.json("/api/pipeline").await["mirror"].clone();
        (mirror["rejected"] == 1).then_some(mirror)
    })
    .await;
    assert_eq!(mirror["rejects"][0]["id"], json!(id));
    assert!(
        mirror["rejects"][0]["reason"].as_str().unwrap().contains("apex_agentssuccessful must be at most"),
        "{mirror}"
    );
    let page = studio.get("/pipeline").await.text().await.unwrap();
    assert!(
        page.contains("apex_agentssuccessful") && page.contains("row in Dataverse breaks a rule"),
        "{page}"
    );
    shared.other.update(RUNS, id, &json!({"apex_agentssuccessful": 4})).await.unwrap();
    shows(&studio, "wrong", 1).await;
    assert_eq!(studio.json("/api/pipeline").await["mirror"]["rejected"], 0);
}

#[tokio::test]
async fn many_deletions_at_once_are_asked_about() {
    let shared = MirroredOrganisation::new().await;
    let studio = shared.studio();
    let runs: Vec<Json> = (0..60).map(|n| run("c", &n.to_string())).collect();
    studio.post(&json!(runs)).await;
    until("all read back", async || {
        (studio.json("/api/pipeline").await["balance"][0]["confirmed"] == 60).then_some(())
    })
    .await;
    let rows = shared.other.query(Query::of(RUNS)).all().await.unwrap();
    for row in rows.iter().take(20) {
        let id: Uuid = row["apex_campaignmetricsid"].as_str().unwrap().parse().unwrap();
        shared.other.delete(RUNS, id).await.unwrap();
    }
    let question = until("the question", async || {
        let mirror = studio.json("/api/pipeline").await["mirror"].clone();
        (mirror["state"] == "asking").then(|| mirror["questions"][0].clone())
    })
    .await;
    assert_eq!((&question["gone"], &question["of"]), (&json!(20), &json!(60)));
    let page = studio.get("/pipeline").await.text().await.unwrap();
    assert!(page.contains("20 of 60 rows") && page.contains("No, send them again"), "{page}");
    assert!(page.contains("Nothing is lost, and somebody is needed."), "{page}");
    assert_eq!(studio.json("/api/metrics/campaign?limit=1000").await["runs"].as_array().unwrap().len(), 60);

    let answer = [("kind", "campaign-run"), ("answer", "send-again")];
    studio.request("POST", "/pipeline/question").form(&answer).send().await.unwrap();
    until("they are there again", async || {
        (shared.other.query(Query::of(RUNS)).all().await.unwrap().len() == 60).then_some(())
    })
    .await;
    until("the mirror goes on", async || {
        let pipeline = studio.json("/api/pipeline").await;
        (pipeline["mirror"]["state"] == "watching"
            && pipeline["pending"] == 0
            && pipeline["unaccounted"] == 0)
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn lost_ledgers_are_rebuilt() {
    let shared = MirroredOrganisation::new().await;
    let studio = shared.studio();
    let runs: Vec<Json> = (0..300).map(|n| run("c", &n.to_string())).collect();
    studio.post(&json!(runs)).await;
    until("all delivered", async || {
        (studio.json("/api/pipeline").await["balance"][0]["delivered"] == 300).then_some(())
    })
    .await;
    let sorted = |answer: Json| {
        let mut runs: Vec<String> = answer["runs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|run| format!("{} {} {}", run["id"], run["runId"], run["tokensIn"]))
            .collect();
        runs.sort_unstable();
        runs
    };
    let before = sorted(studio.json("/api/metrics/campaign?limit=1000").await);
    drop(studio);

    // By a server that starts with nothing.
    let studio = shared.studio();
    until("all of it is here", async || {
        (studio.json("/api/pipeline").await["balance"][0]["mirrored"] == 300).then_some(())
    })
    .await;
    assert_eq!(sorted(studio.json("/api/metrics/campaign?limit=1000").await), before);
    assert_eq!(studio.json("/api/pipeline").await["unaccounted"], 0);
    drop(studio);

    // By the command, and the server after it finds nothing left to do.
    let folder = TestFolder::new();
    // The emulator lives in this thread, so that nothing may hold it up.
    let rebuild = async |folder: &TestFolder| {
        let mut command = command(folder, &reach::borrowed(&shared.settings));
        command.arg("rebuild");
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    };
    let output = rebuild(&folder).await;
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && said.contains("300"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let studio = Studio::within(folder, &reach::borrowed(&shared.settings));
    assert_eq!(sorted(studio.json("/api/metrics/campaign?limit=1000").await), before);
    let output = rebuild(&studio.folder).await;
    assert_eq!(output.status.code(), Some(1), "a ledger in use is nobody's to rebuild");
    shared.emulator.stop().await;
}
