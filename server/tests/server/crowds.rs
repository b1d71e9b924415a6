//! Connections by the thousand that say nothing: others are served as if they were not there.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time};

use crate::studio::{Studio, TestFolder, limited, run};

/// How long a new connection and its answer take at most, busy as this machine may be.
const AT_ONCE: Duration = Duration::from_secs(5);

/// What this process may hold open itself.
fn own_descriptors() -> usize {
    let most = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most }).unwrap();
    most.map_or(usize::MAX, |most| usize::try_from(most).unwrap())
}

async fn idle(studio: &Studio, count: usize) -> Vec<TcpStream> {
    let address = studio.url.trim_start_matches("http://");
    let mut held = Vec::with_capacity(count);
    for _ in 0..count {
        held.push(TcpStream::connect(address).await.unwrap());
    }
    held
}

/// New connections are let in at once, and records are taken.
async fn others_are_served(studio: &Studio, when: &str) {
    for round in 0..10 {
        let client = crate::studio::client();
        let asked = time::timeout(AT_ONCE, client.get(format!("{}/healthz", studio.url)).send()).await;
        assert_eq!(asked.expect("a new connection waits").unwrap().status(), 200);
        let taken = time::timeout(AT_ONCE, studio.post(&run(when, &round.to_string()))).await;
        assert_eq!(taken.expect("a sender waits").status(), 201);
    }
}

#[tokio::test]
async fn few_descriptors_evict_the_idle() {
    own_descriptors();
    let folder = TestFolder::new();
    let studio = Studio::of(limited(&folder, &[], "-n 1024"), folder);
    let held = idle(&studio, 1_200).await;
    others_are_served(&studio, "meanwhile").await;
    let log = studio.folder.log();
    assert!(!log.contains("no connection can be accepted"), "{log}");
    assert_eq!(log.matches("all places are taken").count(), 1, "it is said, and not for each of them: {log}");
    drop(held);
}

#[tokio::test]
async fn ten_thousand_idle_connections_leave_others_alone() {
    let count = own_descriptors().saturating_sub(1_000).min(10_000);
    let folder = TestFolder::new();
    // As most machines have it; the server may raise it.
    let studio = Studio::of(limited(&folder, &[], "-Sn 1024"), folder);
    others_are_served(&studio, "before").await;
    let held = idle(&studio, count).await;
    others_are_served(&studio, "meanwhile").await;
    assert!(!studio.folder.log().contains("no connection can be accepted"));
    drop(held);
}

#[tokio::test]
async fn half_senders_make_room() {
    own_descriptors();
    let folder = TestFolder::new();
    let studio = Studio::of(limited(&folder, &[], "-n 1024"), folder);
    others_are_served(&studio, "before").await;
    let host = studio.url.trim_start_matches("http://").to_owned();
    let mut held = Vec::new();
    // As many as are let in, and some more.
    for _ in 0..900 {
        let mut stream = TcpStream::connect(&host).await.unwrap();
        let half = format!(
            "POST /api/metrics/campaign HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
             Content-Length: 1000\r\n\r\n{{"
        );
        // One that had to make room already is closed.
        _ = stream.write_all(half.as_bytes()).await;
        held.push(stream);
    }
    others_are_served(&studio, "meanwhile").await;
    drop(held);
}
