//! What people set on the panel: notes at days and the budget, over HTTP and as forms.

use reqwest::Response;
use serde_json::{Value as Json, json};

use crate::studio::{Studio, run, until, with};

const NOW: &str = "2026-11-21T13:00:00Z";
const NOTES: &str = "/api/metrics/notes";

/// A server on which something was spent each day of these three weeks.
async fn filled(settings: &[(&str, &str)]) -> Studio {
    let studio = Studio::with(&[&[("STUDIO_NOW", NOW)], settings].concat());
    let now: jiff::Timestamp = NOW.parse().unwrap();
    let runs: Vec<Json> = (0..21)
        .map(|ago| {
            let at = now - jiff::SignedDuration::from_hours(24 * ago);
            with(&run("c", &format!("r{ago}")), &json!({"createdAt": at, "costUSD": "10"}))
        })
        .collect();
    assert!(studio.post(&json!(runs)).await.status().is_success());
    studio
}

async fn form(studio: &Studio, path: &str, fields: &[(&str, &str)]) -> Response {
    studio.request("POST", path).form(fields).send().await.unwrap()
}

async fn page(studio: &Studio, path: &str, cookie: &str) -> String {
    studio.request("GET", path).header("cookie", cookie).send().await.unwrap().text().await.unwrap()
}

fn place(answer: &Response) -> (u16, String) {
    let place = answer.headers().get("location").map(|place| place.to_str().unwrap().to_owned());
    (answer.status().as_u16(), place.unwrap_or_default())
}

#[tokio::test]
async fn notes_are_written_listed_and_removed() {
    let studio = filled(&[]).await;
    let note = json!({"day": "2026-11-10", "text": "<script>alert(1)</script> & more", "author": "Jana"});
    let answer = studio.post_at(NOTES, &note).await;
    assert_eq!(answer.status(), 201);
    let kept: Json = answer.json().await.unwrap();
    assert_eq!(
        with(&kept, &json!({"id": null, "madeAt": null})),
        with(&note, &json!({"id": null, "madeAt": null}))
    );
    studio.post_at(NOTES, &json!({"day": "2026-11-12", "text": "=HYPERLINK(1)"})).await;
    let days = async |query: &str| -> Vec<String> {
        let told = studio.json(&format!("{NOTES}{query}")).await;
        told["notes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|note| note["day"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(days("").await, ["2026-11-10", "2026-11-12"]);
    assert_eq!(days("?from=2026-11-10&to=2026-11-12").await, ["2026-11-10"], "the last day does not count");
    assert_eq!(days("?to=2026-11-10").await, [""; 0]);

    let shown = page(&studio, "/?range=30d", "").await;
    assert!(shown.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; more"), "{shown}");
    assert!(!shown.contains("<script>alert"), "a note is text");
    assert!(shown.contains("=HYPERLINK(1)") && shown.contains("Jana, Tuesday 10 November"), "{shown}");
    let elsewhere = page(&studio, "/?from=2026-11-13&to=2026-11-20", "").await;
    assert!(!elsewhere.contains("HYPERLINK"), "a note of another day");
    let file = studio.get("/api/metrics/export.csv?range=30d").await.text().await.unwrap();
    assert!(!file.contains("HYPERLINK"), "a file of figures has no notes: {file}");

    let address = format!("{NOTES}/{}", kept["id"].as_str().unwrap());
    for status in [204, 404] {
        assert_eq!(studio.request("DELETE", &address).send().await.unwrap().status(), status);
    }
    assert!(!page(&studio, "/?range=30d", "").await.contains("alert(1)"), "the very next page knows");
}

#[tokio::test]
async fn forms_lead_back_to_their_view() {
    let studio = filled(&[]).await;
    let view = "/campaigns/c?range=60d&tile=tokens";
    let written = [("day", "2026-11-10"), ("text", "Prices rose"), ("author", "Jän; \"x\""), ("path", view)];
    let answer = form(&studio, "/notes", &written).await;
    assert_eq!(place(&answer), (303, view.to_owned()));
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert_eq!(cookie, "author=J%C3%A4n%3B%20%22x%22; Path=/; Max-Age=31536000; SameSite=Lax");
    let cookie = cookie.split(';').next().unwrap();
    let shown = page(&studio, "/?range=30d", cookie).await;
    assert!(shown.contains("value=\"Jän; &quot;x&quot;\""), "{shown}");
    assert!(!page(&studio, "/?range=30d", "").await.contains("value=\"Jän"), "others have another name");
    let poll = studio.request("GET", "/api/panel?range=30d").header("cookie", cookie).send().await.unwrap();
    let poll = poll.bytes().await.unwrap();
    let name = "value=\"Jän; &quot;x&quot;\"".as_bytes();
    assert!(poll.windows(name.len()).any(|bytes| bytes == name), "a poll leaves the box as it was");

    let id = studio.json(NOTES).await["notes"][0]["id"].as_str().unwrap().to_owned();
    for path in ["//evil.example", "https://evil.example/?range=30d", "/\\evil.example", "/pipeline"] {
        let removed = form(&studio, "/notes", &[("remove", &id), ("path", path)]).await;
        let (status, place) = place(&removed);
        assert!(status == 303 && (place == "/" || place == "/?range=30d"), "{path} leads to {place}");
    }
    assert_eq!(studio.json(NOTES).await, json!({"notes": []}));
    let wrong = form(&studio, "/notes", &[("day", "2026-11-31"), ("text", "a\u{7}"), ("path", "/")]).await;
    assert_eq!(wrong.status(), 422);
    let wrong = wrong.text().await.unwrap();
    for piece in ["The day must be a day", "What happened must be a text", "Go back"] {
        assert!(wrong.contains(piece), "no {piece} in {wrong}");
    }
}

#[tokio::test]
async fn pages_of_others_set_nothing() {
    let studio = filled(&[]).await;
    let fields = [("day", "2026-11-10"), ("text", "theirs"), ("amount", "5"), ("path", "/")];
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        for path in ["/notes", "/budget"] {
            let answer = studio.request("POST", path).header(name, value).form(&fields).send().await.unwrap();
            assert_eq!(answer.status(), 403, "{name} {path}");
        }
        let note = json!({"day": "2026-11-10", "text": "theirs"});
        let answer = studio.request("POST", NOTES).header(name, value).json(&note).send().await.unwrap();
        assert_eq!(answer.status(), 403);
    }
    assert_eq!(studio.json(NOTES).await, json!({"notes": []}));
    assert!(!page(&studio, "/?range=30d", "").await.contains("Budget, $"));
}

#[tokio::test]
async fn the_budget_of_the_page_counts_first() {
    let studio = filled(&[("STUDIO_COST_BUDGET", "600")]).await;
    let told =
        async || studio.json("/api/metrics/history?range=30d").await["forecast"]["budget"]["amount"].clone();
    assert_eq!(told().await, "600.00000");
    let shown = page(&studio, "/?range=30d", "").await;
    assert!(shown.contains(">Budget, $20 a day<"), "{shown}");
    assert_eq!(
        place(&form(&studio, "/budget", &[("amount", "450"), ("path", "/?range=30d")]).await),
        (303, "/?range=30d".to_owned())
    );
    assert_eq!(told().await, "450.00000");
    until("the forecast with its new budget", async || {
        let shown = page(&studio, "/?range=30d", "").await;
        assert!(shown.contains(">Budget, $15 a day<") && shown.contains("value=\"450\""), "{shown}");
        shown.contains("the budget of $450 ").then_some(())
    })
    .await;
    assert!(!page(&studio, "/?range=30d&campaign=c", "").await.contains(">Budget, $"), "a campaign has none");
    for amount in ["0", "1.234567", "x"] {
        assert_eq!(form(&studio, "/budget", &[("amount", amount)]).await.status(), 422, "{amount}");
    }
    assert_eq!(form(&studio, "/budget", &[("path", "/")]).await.status(), 422, "a form without the box");
    assert_eq!(told().await, "450.00000");
    assert_eq!(form(&studio, "/budget", &[("amount", " ")]).await.status(), 303);
    assert_eq!(told().await, "600.00000", "what the server was started with counts again");
}
