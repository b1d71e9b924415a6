//! `studio move`: a folder's ledger in PostgreSQL afterwards, however often the move was killed.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use serde_json::{Value as Json, json};

use crate::{
    cluster::Cluster,
    database::TestDatabase,
    studio::{Studio, TestFolder, command, refused, run, signal, with},
};

const RESTING: (&str, &str) = ("USE_DATAVERSE", "false");

/// Everything that can be seen of it and that does not depend on when.
async fn told(studio: &Studio) -> Json {
    let list = studio.json("/api/metrics/campaign?limit=1000").await;
    let history = studio.json("/api/metrics/history?from=2026-10-01&to=2026-11-01").await;
    let pipeline = studio.json("/api/pipeline").await;
    json!([list, history, pipeline["balance"], pipeline["pending"]])
}

async fn filled() -> (TestFolder, Json) {
    let studio = Studio::with(&[RESTING]);
    for part in 0..12 {
        let some: Json = (0..1000)
            .map(|n| {
                let day = format!("2026-10-{:02}T{:02}:{:02}:00Z", n % 31 + 1, n % 24, part);
                with(&run(&format!("c{part}"), &n.to_string()), &json!({"createdAt": day, "tokensIn": n}))
            })
            .collect();
        assert_eq!(studio.post(&some).await.json::<Json>().await.unwrap()["stored"], 1000);
    }
    let told = told(&studio).await;
    (studio.terminate().3, told)
}

/// How the command ended, and what it said.
fn moved(folder: &TestFolder, database: &TestDatabase) -> (Option<i32>, String) {
    let [(_, address), schema] = database.settings();
    let output = command(folder, &[schema]).args(["move", "--to", address]).output().unwrap();
    let said = [output.stdout, output.stderr].map(|part| String::from_utf8(part).unwrap()).concat();
    (output.status.code(), said)
}

/// Ends the command by this signal when it has said so much. Says what it said of that.
fn ended(folder: &TestFolder, database: &TestDatabase, at: &str, by: &str) -> String {
    let [(_, address), schema] = database.settings();
    let mut process = command(folder, &[schema])
        .args(["move", "--to", address])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    lines.find(|line| line.as_ref().is_ok_and(|line| line.contains(at))).expect(at).unwrap();
    signal(process.id(), by);
    String::from_utf8(process.wait_with_output().unwrap().stderr).unwrap()
}

#[tokio::test]
async fn killed_moves_go_on() {
    let (folder, expected) = filled().await;
    let before = fs::read(folder.data().join("ledger.sqlite")).unwrap();
    let database = TestDatabase::by(Cluster::here().pooled_address());
    let settings = [&database.settings()[..], &[RESTING]].concat();
    let said = ended(&folder, &database, "campaign_metrics   0 of", "INT");
    assert!(said.contains("interrupted: call this again, it goes on where it was"), "{said}");
    for at in ["campaign_metrics   0 of", "campaign_metrics   6000 of", "campaign_metrics   10000 of"] {
        ended(&folder, &database, at, "KILL");
        let (code, said) = refused(&TestFolder::new(), &settings);
        assert!(code == Some(1) && said.contains("call studio move again"), "{said}");
    }
    let (code, said) = moved(&folder, &database);
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("campaign_metrics   0 of"), "it began anew: {said}");
    assert!(said.contains("campaign_metrics        12000 rows") && !said.contains("on%20loopback"), "{said}");
    assert_eq!(fs::read(folder.data().join("ledger.sqlite")).unwrap(), before, "the folder was touched");
    {
        let studio = Studio::with(&settings);
        assert_eq!(told(&studio).await, expected);
        assert_eq!(studio.post(&run("new", "1")).await.status(), 201);
    }
    let (code, said) = moved(&folder, &database);
    assert!(code == Some(1) && said.contains("holds something else"), "{said}");
}

#[tokio::test]
async fn impossible_moves_are_refused() {
    let database = TestDatabase::new();
    let (code, said) = moved(&TestFolder::new(), &database);
    assert!(code == Some(1) && said.contains("there is no ledger"), "{said}");
    let studio = Studio::start();
    let (code, said) = moved(&studio.folder, &database);
    assert!(code == Some(1) && said.contains("stop that server first"), "{said}");
    for (words, piece) in [(&["move"][..], "DATABASE_URL"), (&["move", "--to", "sqlite:hunter2"], "--to")] {
        let output = command(&TestFolder::new(), &[]).args(words).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.code() == Some(2) && said.contains(piece) && !said.contains("hunter2"),
            "{said}"
        );
    }
}
