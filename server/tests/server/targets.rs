//! What the product promises of its speed, as it is measured while the server runs.

use emulator::{Disturbance, FaultEffect, Options};
use serde_json::{Value as Json, json};

use crate::{
    reach,
    studio::{Studio, run, until},
};

const BEACON: &str = "/api/beacon";

/// How a target stands, out of `/api/pipeline`.
async fn target(studio: &Studio, name: &str) -> Json {
    let targets = studio.json("/api/pipeline").await["targets"].as_array().unwrap().clone();
    targets.into_iter().find(|target| target["name"] == name).unwrap()
}

async fn beacon(studio: &Studio, sent: &str) -> u16 {
    let told = studio.request("POST", BEACON).header("sec-fetch-site", "same-origin").body(sent.to_owned());
    told.send().await.unwrap().status().as_u16()
}

/// Whether `/metrics` says this line.
async fn says(studio: &Studio, line: &str) -> bool {
    studio.get("/metrics").await.text().await.unwrap().lines().any(|said| said == line)
}

#[tokio::test]
async fn traffic_is_measured_for_every_target() {
    let studio = Studio::start();
    for name in ["event_write", "refresh", "panel_lcp", "sync_delay"] {
        let found = target(&studio, name).await;
        assert_eq!(
            (&found["measured"], &found["samples"], &found["held"]),
            (&Json::Null, &json!(0), &Json::Null)
        );
        assert!(says(&studio, &format!("studio_target_held{{target=\"{name}\"}} NaN")).await, "{name}");
    }
    let page = studio.get("/pipeline").await.text().await.unwrap();
    assert!(page.contains("Measured on this server") && page.contains("not measured yet"), "{page}");

    studio.stored(&run("c", "r")).await;
    assert_eq!(studio.get("/api/panel?range=live&tile=cost").await.status(), 200);
    assert_eq!(beacon(&studio, "412").await, 204);
    let all = until("samples for each target", async || {
        let all = studio.json("/api/pipeline").await["targets"].as_array().unwrap().clone();
        all.iter().all(|target| target["samples"].as_u64() > Some(0)).then_some(all)
    })
    .await;
    assert_eq!(all.len(), 9);
    for target in &all {
        let measured = target["measured"].as_str().unwrap();
        assert!(measured.parse::<f64>().unwrap() > 0.0, "{target}");
        let name = target["name"].as_str().unwrap();
        assert!(
            studio
                .get("/metrics")
                .await
                .text()
                .await
                .unwrap()
                .contains(&format!("studio_target_samples{{target=\"{name}\"}} "))
        );
    }
    let painted: f64 = target(&studio, "panel_lcp").await["measured"].as_str().unwrap().parse().unwrap();
    assert!((405.0..=419.0).contains(&painted), "{painted} is not 412 within 1.6 %");
    for line in [
        r#"studio_target_limit_seconds{target="event_write"} 0.2"#,
        r#"studio_target_samples{target="event_write"} 1"#,
        r#"studio_target_limit_ratio{target="token_cache"} 0.95"#,
        r#"studio_target_held{target="panel_lcp"} 1"#,
    ] {
        assert!(says(&studio, line).await, "{line}");
    }
}

#[tokio::test]
async fn a_slow_dataverse_misses_its_target() {
    let emulator = reach::provisioned(Options::default()).await;
    let mut settings = reach::settings(&emulator);
    settings.push(("STUDIO_MIRROR_SECONDS", "1".to_owned()));
    let studio = Studio::with(&reach::borrowed(&settings));
    until("a query is measured", async || {
        let query = target(&studio, "dataverse_query").await;
        (query["held"] == true && query["samples"].as_u64() > Some(1)).then_some(())
    })
    .await;
    emulator.controls().disturb(Disturbance {
        effect: FaultEffect::Delay,
        milliseconds: Some(2_200),
        method: Some("GET".to_owned()),
        ..Disturbance::default()
    });
    until("the target is missed", async || {
        (target(&studio, "dataverse_query").await["held"] == false).then_some(())
    })
    .await;
    assert!(says(&studio, r#"studio_target_held{target="dataverse_query"} 0"#).await);
    let page = studio.get("/pipeline").await.text().await.unwrap();
    assert!(page.contains("missed"), "{page}");
    assert!(page.contains("Nothing is lost."), "a missed target is no loss: {page}");
    assert_eq!(target(&studio, "counter_read").await["held"], true);
}

#[tokio::test]
async fn beacons_say_a_number_and_no_more() {
    let studio = Studio::start();
    for (sent, status) in [
        ("412", 204),
        ("600000", 204),
        ("600001", 422),
        ("0", 422),
        ("NaN", 422),
        ("4.2", 422),
        ("", 422),
        ("{}", 422),
    ] {
        assert_eq!(beacon(&studio, sent).await, status, "{sent:?}");
    }
    assert_eq!(beacon(&studio, &"9".repeat(7)).await, 413);
    assert_eq!(beacon(&studio, &"9".repeat(100_000)).await, 413);
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        let foreign = studio.request("POST", BEACON).header(name, value).body("1");
        assert_eq!(foreign.send().await.unwrap().status(), 403, "{name}");
    }
    let program = studio.request("POST", BEACON).body("1").send().await.unwrap();
    assert_eq!(program.status(), 403, "it has no paint to tell of");
    assert_eq!(studio.get(BEACON).await.status(), 405);
    let told = studio.request("POST", BEACON).header("sec-fetch-site", "same-origin");
    let told = told.header("cookie", "theme=dark").body("7").send().await.unwrap();
    assert_eq!((told.status().as_u16(), told.headers().get("set-cookie")), (204, None));
    assert_eq!(target(&studio, "panel_lcp").await["samples"], 3);
}

#[tokio::test]
async fn a_crowd_of_beacons_is_bounded() {
    let studio = Studio::start();
    for _ in 0..40 {
        assert_eq!(beacon(&studio, "500").await, 204, "a refusal would stand on the browser's console");
    }
    // Should the minute end meanwhile, as many count in the next one.
    let samples = target(&studio, "panel_lcp").await["samples"].as_u64();
    assert!(samples == Some(12) || samples == Some(24), "{samples:?} of one network count");
}

#[tokio::test]
async fn beacons_can_be_switched_off() {
    let off = Studio::with(&[("STUDIO_BEACON", "off")]);
    assert!(!off.get("/").await.text().await.unwrap().contains("sendBeacon"));
    assert_eq!(beacon(&off, "412").await, 404);
    assert_eq!(target(&off, "panel_lcp").await["samples"], 0);
    let on = Studio::start();
    assert!(on.get("/").await.text().await.unwrap().contains(&format!("sendBeacon(\"{BEACON}\"")));
    assert!(
        !on.get("/pipeline").await.text().await.unwrap().contains("sendBeacon"),
        "the panel's alone is told"
    );
}
