//! A ledger that cannot keep its promise makes none: 503 with the reason, and it goes on by itself when the cause ends.

use std::fs;

use serde_json::{Value as Json, json};

use crate::studio::{Studio, TestFolder, limited, run, unlimited, until, with_room_for};

#[tokio::test]
async fn missing_files_promise_nothing() {
    let studio = Studio::with(&[("USE_DATAVERSE", "false")]);
    studio.stored(&run("c", "before")).await;
    let (file, aside) =
        (studio.folder.data().join("ledger.sqlite"), studio.folder.data().join("ledger.aside"));
    fs::rename(&file, &aside).unwrap();
    let refused = studio.post(&run("c", "meanwhile")).await;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    let said = refused.text().await.unwrap();
    assert!(said.contains("cannot be reached") && said.contains("goes on by itself"), "{said}");
    assert_eq!(studio.get("/readyz").await.status(), 503);
    assert_eq!(studio.get("/healthz").await.status(), 200);
    fs::rename(&aside, &file).unwrap();
    until("writing goes on", async || (studio.post(&run("c", "after")).await.status() == 201).then_some(()))
        .await;
    let runs = studio.json("/api/metrics/campaign").await["runs"].as_array().unwrap().clone();
    let names: Vec<&str> = runs.iter().map(|run| run["runId"].as_str().unwrap()).collect();
    assert_eq!(names, ["after", "before"], "what was refused is not there");
}

#[tokio::test]
async fn missing_files_are_said_without_intake() {
    let studio = Studio::with(&[("USE_DATAVERSE", "false")]);
    studio.stored(&run("c", "before")).await;
    let (file, aside) =
        (studio.folder.data().join("ledger.sqlite"), studio.folder.data().join("ledger.aside"));
    fs::rename(&file, &aside).unwrap();
    for path in ["/", "/pipeline", "/api/pipeline", "/api/metrics/recent"] {
        until(path, async || {
            let said = studio.get(path).await.text().await.unwrap();
            said.contains("ledger.sqlite cannot be reached").then_some(())
        })
        .await;
    }
    fs::rename(&aside, &file).unwrap();
    until("it is there", async || (studio.get("/api/pipeline").await.status() == 200).then_some(())).await;
}

#[tokio::test]
async fn file_size_limits_act_like_full_disks() {
    let folder = TestFolder::new();
    // In blocks of half a kilobyte: the ledger's log reaches 4 MiB soon, and a checkpoint would come much later.
    let command = limited(&folder, &[("USE_DATAVERSE", "false")], "-f 8192");
    let studio = Studio::of(command, folder);
    let mut stored = 0;
    let refused = loop {
        let items: Vec<Json> = (0..1_000).map(|n| run("c", &format!("{stored}-{n}"))).collect();
        let answer = studio.post(&json!(items)).await;
        if answer.status() != 200 {
            break answer;
        }
        stored += items.len();
        assert!(stored < 100_000, "the limit is never reached");
    };
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(studio.get("/healthz").await.status(), 200, "the process lives");
    let listed = studio.json("/api/pipeline").await["balance"][0]["durable"].clone();
    assert_eq!(listed, stored, "what was acknowledged is there, and nothing else");
}

/// Where people and machines look, in one breath.
async fn said(studio: &Studio) -> (u16, Json, Json, String, String, String) {
    let ready = studio.get("/readyz").await.status().as_u16();
    let (pipeline, recent) =
        (studio.json("/api/pipeline").await, studio.json("/api/metrics/recent").await["pipeline"].clone());
    let text = async |path| studio.get(path).await.text().await.unwrap();
    (ready, pipeline, recent, text("/").await, text("/pipeline").await, text("/metrics").await)
}

/// Views that were shown just before are shown for a moment more.
async fn all_is_well(studio: &Studio) -> bool {
    studio.get("/").await.text().await.unwrap().contains("All is well")
}

#[tokio::test]
async fn full_disks_are_said_everywhere() {
    let folder = TestFolder::new();
    let command = with_room_for(&folder, &[("USE_DATAVERSE", "false")], 3 << 20);
    let studio = Studio::of(command, folder);
    studio.stored(&run("c", "before")).await;
    let array = |at: usize| (0..1_000).map(|n| run("c", &format!("{at}-{n}"))).collect::<Json>();
    let mut at = 0;
    while studio.post(&array(at)).await.status() == 200 {
        at += 1;
        assert!(at < 100, "there is still room");
    }
    for _ in 0..3 {
        let (ready, pipeline, recent, panel, page, metrics) = said(&studio).await;
        assert_eq!(ready, 503);
        assert_eq!(pipeline["state"], "stopped", "{pipeline}");
        assert!(pipeline["reason"].as_str().unwrap().starts_with("the ledger's disk"), "{pipeline}");
        assert_eq!(pipeline["ledger"]["state"], "stopped");
        assert_eq!((&recent["state"], &recent["reason"]), (&json!("stopped"), &pipeline["reason"]));
        for page in [panel, page] {
            assert!(
                page.contains("Records are turned away.") && page.contains("The ledger's disk"),
                "{page}"
            );
            assert!(!page.contains("All is well") && !page.contains("Nothing is lost"), "{page}");
        }
        assert!(metrics.contains("\nstudio_ledger_up 0\n"), "{metrics}");
        // What is small may still have room, and proves nothing for the rest.
        studio.post(&run("c", "small")).await;
        assert_eq!(studio.get("/readyz").await.status(), 503);
    }
    unlimited(studio.process_id());
    // Without anything being sent.
    until("it is ready again", async || (studio.get("/readyz").await.status() == 200).then_some(())).await;
    let (_, pipeline, .., metrics) = said(&studio).await;
    assert_eq!((&pipeline["ledger"]["state"], &pipeline["unaccounted"]), (&json!("ok"), &json!(0)));
    until("the page takes it back", async || {
        let panel = studio.get("/").await.text().await.unwrap();
        (!panel.contains("Records are turned away.")).then_some(())
    })
    .await;
    assert!(metrics.contains("\nstudio_ledger_up 1\n"), "{metrics}");
    assert_eq!(studio.post(&run("c", "after")).await.status(), 201);
}

#[tokio::test]
async fn readiness_failures_are_said_everywhere() {
    let studio = Studio::with(&[("USE_DATAVERSE", "false")]);
    studio.stored(&run("c", "before")).await;
    let (ready, ..) = said(&studio).await;
    assert_eq!(ready, 200);
    let (file, aside) =
        (studio.folder.data().join("ledger.sqlite"), studio.folder.data().join("ledger.aside"));
    fs::rename(&file, &aside).unwrap();
    for _ in 0..3 {
        assert_eq!(studio.get("/readyz").await.status(), 503);
        let text = async |path| studio.get(path).await.text().await.unwrap();
        // Who has to open the file anew hears of it by that, and gets no answer.
        let pipeline = text("/api/pipeline").await;
        assert!(
            pipeline.contains("\"state\":\"stopped\"") || pipeline.contains("\"status\":503"),
            "{pipeline}"
        );
        let recent = studio.json("/api/metrics/recent").await["pipeline"].clone();
        assert_eq!(recent["state"], "stopped");
        assert!(recent["reason"].as_str().unwrap().contains("cannot be reached"), "{recent}");
        let (panel, page, metrics) = (text("/").await, text("/pipeline").await, text("/metrics").await);
        assert!(
            panel.contains("The ledger is out of reach.") && panel.contains("cannot be reached"),
            "{panel}"
        );
        for page in [panel, page] {
            assert!(!page.contains("All is well") && !page.contains("Nothing is lost"), "{page}");
        }
        assert!(metrics.contains("\nstudio_ledger_up 0\n"), "{metrics}");
    }
    fs::rename(&aside, &file).unwrap();
    until("it is ready again", async || (studio.get("/readyz").await.status() == 200).then_some(())).await;
    let (_, pipeline, recent, .., metrics) = said(&studio).await;
    assert_eq!((&pipeline["ledger"]["state"], &recent["state"]), (&json!("ok"), &json!("ok")));
    until("the page says so", async || all_is_well(&studio).await.then_some(())).await;
    assert!(metrics.contains("\nstudio_ledger_up 1\n"), "{metrics}");
}

#[tokio::test]
async fn the_pipeline_page_keeps_its_last_figures() {
    let studio = Studio::with(&[("USE_DATAVERSE", "false")]);
    studio.stored(&run("c", "1")).await;
    let before = studio.get("/pipeline").await.text().await.unwrap();
    let figures = |page: &str| {
        let parts = page.split("<data ").skip(1);
        parts.map(|part| part.split_once("</data>").unwrap().0.to_owned()).collect::<Vec<_>>()
    };
    assert!(before.contains("Nothing is lost.") && figures(&before).len() >= 4, "{before}");
    let (file, aside) =
        (studio.folder.data().join("ledger.sqlite"), studio.folder.data().join("ledger.aside"));
    fs::rename(&file, &aside).unwrap();
    let lead = ["Records are turned away.", "The ledger is out of reach."];
    // A reader that has the file open may read in it once more.
    let page = until("it is said", async || {
        let page = studio.get("/pipeline").await;
        assert_eq!(page.status(), 200);
        let page = page.text().await.unwrap();
        lead.iter().any(|lead| page.contains(lead)).then_some(page)
    })
    .await;
    assert!(page.contains("cannot be reached"), "{page}");
    assert_eq!(figures(&page), figures(&before));
    fs::rename(&aside, &file).unwrap();
}
