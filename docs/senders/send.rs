//! Sends one run from Rust, with `tokio` and `reqwest`: in a task of its own, with a deadline, never failing your work.
//!
//! Sending the same run again is safe: it is stored once.

use std::time::Duration;

/// Returns at once. Await the handle only where a program is about to end.
pub fn send_run(
    client: &reqwest::Client,
    studio: &str,
    run: &serde_json::Value,
) -> tokio::task::JoinHandle<()> {
    let request = client
        .post(format!("{studio}/api/metrics/campaign"))
        .header("content-type", "application/json")
        .timeout(Duration::from_secs(5))
        .body(run.to_string());
    tokio::spawn(async move {
        for _ in 0..3 {
            let Some(attempt) = request.try_clone() else { return };
            match attempt.send().await {
                Ok(answer) if answer.status().is_server_error() || answer.status() == 429 => {}
                Ok(answer) if answer.status().is_success() => return,
                Ok(answer) => return eprintln!("run refused: {}", answer.text().await.unwrap_or_default()),
                // The studio is away: try again, then let it be.
                Err(_) => {}
            }
        }
    })
}
