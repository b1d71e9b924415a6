//! What the documents say about sending a run from Rust, as it stands there.

#[path = "../../../docs/senders/send.rs"]
mod send;

use serde_json::json;

use crate::studio::Studio;

#[tokio::test]
async fn the_documented_sender_survives_absence() {
    let studio = Studio::start();
    let run = json!({"campaignId": "autumn", "runId": "from-rust", "phase": "1", "agentsTotal": 5, "agentsSuccessful": 5});
    send::send_run(&studio.client, &studio.url, &run).await.unwrap();
    assert_eq!(studio.json("/api/metrics/campaign").await["runs"][0]["runId"], "from-rust");
    let (client, url) = (studio.client.clone(), studio.url.clone());
    studio.kill();
    send::send_run(&client, &url, &run).await.unwrap();
}
