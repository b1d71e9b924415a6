//! Names that are not ours, pages of strangers, and senders that hold on to their place.

use std::time::Duration;

use reqwest::header::HOST;
use serde_json::Value as Json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time,
};

use crate::studio::{PATIENCE, Studio, run};

fn authority(studio: &Studio) -> String {
    studio.url.trim_start_matches("http://").to_owned()
}

#[tokio::test]
async fn another_name_is_turned_away() {
    let studio = Studio::start();
    let port = authority(&studio).split(':').next_back().unwrap().to_owned();
    for host in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("LocalHost:{port}"),
        format!("[::1]:{port}"),
    ] {
        let answer = studio.request("GET", "/healthz").header(HOST, &host).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{host}");
    }
    for host in [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        "localhost".to_owned(),
        "127.0.0.1:1".to_owned(),
    ] {
        for path in ["/", "/api/metrics/recent", "/metrics", "/pkg/studio.js", "/api/panel"] {
            let answer = studio.request("GET", path).header(HOST, &host).send().await.unwrap();
            assert_eq!(answer.status(), 421, "{host} {path}");
            assert_eq!(answer.json::<Json>().await.unwrap()["type"], "/problems/misdirected");
        }
    }
}

#[tokio::test]
async fn public_names_are_taken_when_set() {
    let studio = Studio::with(&[("STUDIO_PUBLIC_URL", "https://metrics.example.com")]);
    let answer = studio.request("GET", "/healthz").header(HOST, "metrics.example.com").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let transport = &answer.headers()["strict-transport-security"];
    assert_eq!(transport, "max-age=31536000", "what lies below that name is not bound");
    assert_eq!(studio.get("/healthz").await.status(), 200);
}

#[tokio::test]
async fn a_page_of_another_origin_cannot_write() {
    let studio = Studio::start();
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        for (method, path) in
            [("POST", "/api/metrics/campaign"), ("DELETE", "/api/metrics/campaign/x"), ("POST", "/theme")]
        {
            let answer =
                studio.request(method, path).header(name, value).json(&run("c", "r")).send().await.unwrap();
            assert_eq!(answer.status(), 403, "{method} {path} {name}: {value}");
            assert_eq!(answer.json::<Json>().await.unwrap()["type"], "/problems/foreign-origin");
        }
        let poll = studio
            .request("GET", "/api/panel?range=live&tile=cost")
            .header(name, value)
            .send()
            .await
            .unwrap();
        assert_eq!(poll.status(), 403, "{name}: {value}");
        for path in [
            "/?range=90d",
            "/api/metrics/history",
            "/api/metrics/recent",
            "/api/metrics/campaign",
            "/api/pipeline",
        ] {
            let image = studio.request("GET", path).header(name, value).header("sec-fetch-mode", "no-cors");
            assert_eq!(image.send().await.unwrap().status(), 403, "{path} {name}: {value}");
        }
    }
    assert!(studio.json("/api/metrics/campaign").await["runs"].as_array().unwrap().is_empty());
    let own = studio
        .request("POST", "/api/metrics/campaign")
        .header("origin", &studio.url)
        .header("sec-fetch-site", "same-origin");
    assert_eq!(own.json(&run("c", "r")).send().await.unwrap().status(), 201);
}

#[tokio::test]
async fn half_sent_requests_are_dropped() {
    let studio = Studio::start();
    let mut half_sent = Vec::new();
    for begun in ["", "P", "GET / HT", "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "].iter().cycle().take(200) {
        let mut stream = TcpStream::connect(authority(&studio)).await.unwrap();
        stream.write_all(begun.as_bytes()).await.unwrap();
        half_sent.push(stream);
    }
    let served = time::timeout(Duration::from_secs(5), studio.post(&run("c", "r"))).await;
    assert_eq!(served.expect("others wait").status(), 201);
    for mut stream in half_sent {
        let mut rest = Vec::new();
        let ended = time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "still open after {PATIENCE:?}");
    }
}

#[tokio::test]
async fn stalled_bodies_lose_their_place() {
    let studio = Studio::start();
    let mut stream = TcpStream::connect(authority(&studio)).await.unwrap();
    let head = format!(
        "POST /api/metrics/campaign HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
        authority(&studio)
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("still open").unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 408 "), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn announced_large_bodies_are_refused() {
    let studio = Studio::start();
    let expecting = async |headers: &str| {
        let mut stream = TcpStream::connect(authority(&studio)).await.unwrap();
        let host = authority(&studio);
        let head = format!(
            "POST /api/metrics/campaign HTTP/1.1\r\nHost: {host}\r\nExpect: 100-continue\r\n{headers}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        String::from_utf8_lossy(&status).into_owned()
    };
    let json = "Content-Type: application/json\r\nContent-Length:";
    assert_eq!(expecting(&format!("{json} 9000000")).await, "HTTP/1.1 413");
    assert_eq!(expecting("Content-Type: text/plain\r\nContent-Length: 10").await, "HTTP/1.1 415");
    assert_eq!(expecting(&format!("{json} 10")).await, "HTTP/1.1 100");
}

#[tokio::test]
async fn probes_answer_under_any_name() {
    let studio = Studio::start();
    let under = async |path: &str, host: &str| {
        let asked = studio.client.get(format!("{}{path}", studio.url)).header("host", host);
        asked.send().await.unwrap()
    };
    for path in ["/healthz", "/readyz"] {
        assert_eq!(under(path, "10.0.0.7:3000").await.status(), 200, "{path}");
    }
    assert_eq!(under("/metrics", "10.0.0.7:3000").await.status(), 421);
    let file = studio.folder.data().join("ledger.sqlite");
    std::fs::rename(&file, studio.folder.path().join("aside")).unwrap();
    let strange = under("/readyz", "10.0.0.7:3000").await;
    assert_eq!(strange.status(), 503);
    assert!(strange.headers().contains_key("retry-after"));
    let said = strange.text().await.unwrap();
    assert!(said.contains("The ledger is not ready.") && !said.contains("ledger.sqlite"), "{said}");
    assert!(studio.get("/readyz").await.text().await.unwrap().contains("ledger.sqlite"));
}
