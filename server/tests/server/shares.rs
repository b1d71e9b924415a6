//! No request, and no number of them, takes more of the server than its share.

use std::{fs, time::Duration};

use jiff::tz;
use serde_json::{Value as Json, json};
use tokio::time;

use crate::studio::{Studio, run, with};

/// Megabytes that the process holds.
fn memory(studio: &Studio) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", studio.process_id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1_024
}

async fn filled(studio: &Studio, runs: usize, make: impl Fn(usize) -> Json) {
    for first in (0..runs).step_by(1_000) {
        let batch: Vec<Json> = (first..runs.min(first + 1_000)).map(&make).collect();
        assert_eq!(studio.post(&json!(batch)).await.status(), 200);
    }
}

#[tokio::test]
async fn endless_windows_are_refused_at_once() {
    let studio = Studio::start();
    for zone in ["Asia/Tokyo", "Pacific/Kiritimati", "Africa/Nairobi"] {
        let query = format!("from=9999-12-20&to=9999-12-30T21:59:59Z&tz={zone}");
        let asked = studio.request("GET", &format!("/api/metrics/history?{query}")).send();
        let answer = time::timeout(Duration::from_secs(5), asked).await.expect("no answer").unwrap();
        assert_eq!(answer.status(), 422, "{zone}");
        assert_eq!(answer.json::<Json>().await.unwrap()["errors"][0]["field"], "to");
    }
    assert_eq!(studio.get("/healthz").await.status(), 200);
}

#[tokio::test]
async fn views_memory_is_bounded() {
    let studio = Studio::start();
    filled(&studio, 40_000, |n| {
        with(&run("c", &n.to_string()), &json!({"latencyP95Ms": n, "latencyAvgMs": n}))
    })
    .await;
    studio.json("/api/metrics/recent?range=90d").await;
    let before = memory(&studio);
    let zones: Vec<String> = tz::db().available().map(|name| name.to_string()).take(150).collect();
    for zone in zones {
        studio.json(&format!("/api/metrics/recent?range=90d&tz={zone}")).await;
    }
    let more = memory(&studio).saturating_sub(before);
    assert!(more < 45, "{more} MB more for 150 views of 40,000 runs");
}

#[tokio::test]
async fn unknown_campaigns_are_not_kept() {
    let studio = Studio::start();
    studio.stored(&run("c", "r")).await;
    let before = memory(&studio);
    for n in 0..600 {
        let text = format!("{n}{}", "x".repeat(25_000));
        assert_eq!(studio.get(&format!("/api/panel?campaign={text}&tz={text}")).await.status(), 200);
        assert_eq!(studio.get(&format!("/api/panel?campaign=none-{n}")).await.status(), 200);
    }
    let more = memory(&studio).saturating_sub(before);
    assert!(more < 24, "{more} MB more for addresses of things that do not exist");
}

#[tokio::test]
async fn pages_stay_small_with_many_campaigns() {
    let studio = Studio::start();
    let name = "\u{540d}".repeat(85);
    filled(&studio, 5_000, |n| {
        with(&run(&format!("campaign-{n}"), "r"), &json!({"campaignName": format!("{name}{n}")}))
    })
    .await;
    let size = async |path: &str| {
        let answer = studio.request("GET", path).header("accept-encoding", "br").send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.bytes().await.unwrap().len()
    };
    let (poll, page) = (size("/api/panel?range=90d").await, size("/?range=90d").await);
    assert!(poll <= 4_096, "a poll of {poll} bytes");
    assert!(page <= 32_768, "a page of {page} bytes");
    let page = studio.get("/").await.text().await.unwrap();
    let (_, offered) = page.split_once("<datalist").unwrap();
    assert_eq!(offered.matches("<option").count(), 50);
    let list = studio.get("/campaigns").await.text().await.unwrap();
    assert_eq!(list.matches("<tr>").count(), 1 + 50);
}

#[tokio::test]
async fn campaigns_are_found_by_parts() {
    let studio = Studio::start();
    for (id, name) in [("c1", "Autumn launch"), ("c2", "Autumn sale"), ("c3", "<b>Spring</b>")] {
        studio.stored(&with(&run(id, "r"), &json!({"campaignName": name, "costUSD": 0.3}))).await;
    }
    let page = async |query: &str| studio.get(&format!("/?{query}")).await.text().await.unwrap();
    for query in ["campaign=c1", "campaign=Autumn+launch", "campaign=LAUNCH"] {
        let page = page(query).await;
        assert!(page.contains("value=\"Autumn launch\""), "{query}: the box says which");
        assert!(page.contains("over 1") && page.contains("<tr data-run"), "{query}");
    }
    let several = page("campaign=autumn").await;
    assert!(several.contains("More than one campaign may be meant."), "{several}");
    assert!(
        several.contains("href=\"/?campaign=c1\"") && several.contains("href=\"/?campaign=c2\""),
        "{several}"
    );
    let none = page("campaign=winter").await;
    assert!(none.contains("No campaign is called that."), "{none}");
    let options = page("").await;
    assert!(options.contains("<option value=\"c3\">&lt;b&gt;Spring&lt;/b&gt;</option>"), "{options}");
    // Programs ask by ids alone.
    let recent = studio.json("/api/metrics/recent?campaign=Autumn%20launch").await;
    assert_eq!(recent["figures"]["assets"]["runs"], 0);
}

#[tokio::test]
async fn campaigns_of_one_name_are_told_apart() {
    let studio = Studio::start();
    for id in ["s1", "s2"] {
        studio.stored(&with(&run(id, "r"), &json!({"campaignName": "Spring"}))).await;
    }
    let page = async |query: &str| studio.get(&format!("/?{query}")).await.text().await.unwrap();
    let several = page("campaign=spring").await;
    assert!(several.contains(">Spring (s1)</a>") && several.contains(">Spring (s2)</a>"), "{several}");
    assert!(several.contains("<option value=\"s1\">Spring (s1)</option>"), "{several}");
    let one = page("campaign=s1").await;
    assert!(
        one.contains("autocomplete=\"off\" value=\"s1\">") && one.contains("<tr data-run"),
        "what the box says is what is shown"
    );
}

#[tokio::test]
async fn unknown_methods_are_counted_as_one() {
    let studio = Studio::start();
    for n in 0..100 {
        studio.request(&format!("MADE{n}"), "/healthz").send().await.unwrap();
    }
    let metrics = studio.get("/metrics").await.text().await.unwrap();
    let series: Vec<&str> = metrics.lines().filter(|line| line.contains("method=\"other\"")).collect();
    assert_eq!(series.len(), 1, "{series:?}");
    assert!(series[0].ends_with(" 100") && !metrics.contains("MADE"), "{series:?}");
}

#[tokio::test]
async fn long_histories_do_not_block_pages() {
    let studio = Studio::start();
    filled(&studio, 5_000, |n| run("c", &n.to_string())).await;
    studio.get("/").await;
    let long = "/api/metrics/history?from=2016-12-01&to=2026-11-20&tz=America/New_York";
    let histories = futures::future::join_all((0..40).map(|_| studio.get(long)));
    let pages = async {
        for _ in 0..5 {
            assert_eq!(studio.get("/").await.status(), 200);
        }
    };
    let (answers, ()) = futures::future::join(histories, pages).await;
    for answer in answers {
        let status = answer.status().as_u16();
        assert!(status == 200 || (status == 429 && answer.headers().contains_key("retry-after")), "{status}");
    }
}
