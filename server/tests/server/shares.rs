//! No request, and no number of them, takes more of the server than its share.

use crate::studio::Studio;

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
