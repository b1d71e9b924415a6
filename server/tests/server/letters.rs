//! What Dataverse refuses: kept with the exchange that says why, mended, sent again or dropped, and by whom.

use emulator::{Disturbance, Emulator, FaultEffect, Options};
use serde_json::{Value as Json, json};

use crate::{
    reach,
    studio::{Studio, run, until, with},
};

/// Runs with this in them are refused, as a plug-in of the customer's would do it.
const REFUSED: &str = "forbidden";

pub async fn refusing() -> Emulator {
    let emulator = reach::provisioned(Options::default()).await;
    let text = Some(REFUSED.to_owned());
    emulator.disturb(Disturbance { effect: FaultEffect::Refuse, text, ..Disturbance::default() });
    emulator
}

pub fn forbidden(name: &str) -> Json {
    run("c", &format!("{REFUSED}-{name}"))
}

/// Waits until `count` are refused, and lists them.
pub async fn refused(studio: &Studio, expect: usize) -> Vec<Json> {
    until("the refusal", async || {
        let pipeline = studio.json("/api/pipeline").await;
        let letters = pipeline["deadLetters"].as_array().unwrap().clone();
        (letters.len() == expect && pipeline["pending"] == 0).then_some(letters)
    })
    .await
}

fn address(letter: &Json) -> String {
    format!("campaign-run/{}", letter["id"].as_str().unwrap())
}

#[tokio::test]
async fn one_refused_record_holds_up_no_other() {
    let emulator = refusing().await;
    let settings = reach::settings(&emulator);
    let studio = Studio::with(&reach::borrowed(&settings));
    let mut runs: Vec<Json> = (0..50).map(|n| run("c", &n.to_string())).collect();
    runs.insert(20, forbidden("one"));
    studio.post(&json!(runs)).await;
    let letters = refused(&studio, 1).await;
    let pipeline = studio.json("/api/pipeline").await;
    let balance = &pipeline["balance"][0];
    assert_eq!(
        (&balance["delivered"], &balance["dead"], &balance["unaccounted"]),
        (&json!(50), &json!(1), &json!(0))
    );
    assert!(pipeline["attention"][0].as_str().unwrap().contains("refuses 1\u{a0}record"), "{pipeline}");

    let letter = studio.json(&format!("/api/pipeline/dead-letters/{}", address(&letters[0]))).await;
    assert!(letter["request"].as_str().unwrap().contains("forbidden-one"), "{letter}");
    assert!(letter["response"].as_str().unwrap().contains("0x80040265"), "{letter}");
    assert!(letter["reason"].as_str().unwrap().contains("does not take rows"), "{letter}");
    assert!(!letter.to_string().contains(emulator.client_secret()), "a secret in {letter}");

    let panel = studio.get("/").await.text().await.unwrap();
    assert!(panel.contains("Dataverse refuses 1"), "the panel says so");
    let page = studio.get("/pipeline").await.text().await.unwrap();
    assert!(page.contains("c · forbidden-one · 1") && page.contains("does not take rows"), "{page}");
}

#[tokio::test]
async fn refused_records_can_be_handled() {
    let emulator = refusing().await;
    let settings = reach::settings(&emulator);
    let studio = Studio::with(&reach::borrowed(&settings));
    studio.post(&json!([forbidden("again"), forbidden("mended"), forbidden("dropped")])).await;
    let letters = refused(&studio, 3).await;
    let of = |name: &str| {
        let ids = studio.json("/api/metrics/campaign?limit=10");
        let name = format!("{REFUSED}-{name}");
        async move {
            let runs = ids.await;
            let run =
                runs["runs"].as_array().unwrap().iter().find(|run| run["runId"] == *name).unwrap().clone();
            run["id"].as_str().unwrap().to_owned()
        }
    };
    assert!(letters.iter().all(|letter| letter["attempts"].as_i64() >= Some(1)));
    let (again, mended, dropped) = (of("again").await, of("mended").await, of("dropped").await);

    // The page's form: what breaks a rule is said beside the field, and nothing is lost of what was typed.
    let page = format!("/pipeline/refused/campaign-run/{mended}");
    let form = async |tokens: &str| {
        let mut fields: Vec<(&str, String)> = vec![("do", "mend".to_owned())];
        let run = studio.json(&format!("/api/metrics/campaign/{mended}")).await;
        for name in
            ["campaignId", "runId", "phase", "agentsTotal", "agentsSuccessful", "costUSD", "createdAt"]
        {
            fields.push((name, run[name].as_str().map_or_else(|| run[name].to_string(), str::to_owned)));
        }
        fields.push(("tokensIn", tokens.to_owned()));
        studio.request("POST", &page).form(&fields).send().await.unwrap()
    };
    let wrong = form("many").await;
    assert_eq!(wrong.status(), 422);
    let wrong = wrong.text().await.unwrap();
    assert!(wrong.contains("value=\"many\"") && wrong.contains("aria-invalid=\"true\""), "{wrong}");

    emulator.calm();
    let done = form("77").await;
    assert_eq!((done.status().as_u16(), &done.headers()["location"]), (303, &"/pipeline".parse().unwrap()));
    let answer = studio
        .request("POST", &format!("/api/pipeline/dead-letters/campaign-run/{again}"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.json::<Json>().await.unwrap(), json!({"id": again, "status": "pending"}));
    let gone = format!("/api/pipeline/dead-letters/campaign-run/{dropped}");
    assert_eq!(studio.request("DELETE", &gone).send().await.unwrap().status(), 200);
    assert_eq!(studio.request("DELETE", &gone).send().await.unwrap().status(), 404);

    until("both delivered", async || {
        let balance = studio.json("/api/pipeline").await["balance"][0].clone();
        (balance["delivered"] == 2).then(|| {
            assert_eq!(
                (&balance["dead"], &balance["dropped"], &balance["unaccounted"]),
                (&json!(0), &json!(1), &json!(0))
            );
        })
    })
    .await;
    let rows =
        reach::client(&emulator).query(dataverse::Query::of("apex_campaignmetricses")).all().await.unwrap();
    let tokens: Vec<(Option<&str>, Option<i64>)> =
        rows.iter().map(|row| (row["apex_runid"].as_str(), row["apex_tokensin"].as_i64())).collect();
    assert!(tokens.contains(&(Some("forbidden-mended"), Some(77))), "{tokens:?}");

    let pipeline = studio.json("/api/pipeline").await;
    let mut done: Vec<(&str, &str)> = pipeline["handlings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|handling| (handling["what"].as_str().unwrap(), handling["by"].as_str().unwrap()))
        .collect();
    done.sort_unstable();
    assert_eq!(
        done,
        [("dropped", "the demo user"), ("mended", "the demo user"), ("resent", "the demo user")]
    );

    // What was dropped is sent after all when it is corrected.
    let corrected = with(&forbidden("dropped"), &json!({"tokensIn": 3}));
    let answer = studio
        .request("PUT", &format!("/api/metrics/campaign/{dropped}"))
        .json(&corrected)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    until("the dropped one is delivered", async || {
        let balance = studio.json("/api/pipeline").await["balance"][0].clone();
        (balance["delivered"] == 3)
            .then(|| assert_eq!((&balance["dropped"], &balance["unaccounted"]), (&json!(0), &json!(0))))
    })
    .await;
}

#[tokio::test]
async fn all_are_sent_again_at_one_press() {
    let emulator = refusing().await;
    let settings = reach::settings(&emulator);
    let studio = Studio::with(&reach::borrowed(&settings));
    let runs: Vec<Json> = (0..12).map(|n| forbidden(&n.to_string())).collect();
    studio.post(&json!(runs)).await;
    refused(&studio, 12).await;
    emulator.calm();
    studio.request("POST", "/pipeline/refused").form(&[("do", "resend-all")]).send().await.unwrap();
    until("all delivered", async || {
        (studio.json("/api/pipeline").await["balance"][0]["delivered"] == 12).then_some(())
    })
    .await;
}
