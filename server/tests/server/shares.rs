//! No request, and no number of them, takes more of the server than its share.

use std::time::Duration;

use serde_json::Value as Json;
use tokio::time;

use crate::studio::Studio;

#[tokio::test]
async fn a_window_at_the_end_of_time_is_refused_at_once() {
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
async fn methods_that_are_made_up_are_counted_as_one() {
    let studio = Studio::start();
    for n in 0..100 {
        studio.request(&format!("MADE{n}"), "/healthz").send().await.unwrap();
    }
    let metrics = studio.get("/metrics").await.text().await.unwrap();
    let series: Vec<&str> = metrics.lines().filter(|line| line.contains("method=\"other\"")).collect();
    assert_eq!(series.len(), 1, "{series:?}");
    assert!(series[0].ends_with(" 100") && !metrics.contains("MADE"), "{series:?}");
}
