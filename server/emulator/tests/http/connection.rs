//! Who may ask, how much of what is sent is read, and what others on this machine get to see.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use emulator::{Emulator, Options};
use reqwest::header::{AUTHORIZATION, HOST, ORIGIN};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{HttpClient, JsonAnswer, http, scope_form};

#[tokio::test]
async fn unknown_senders_bodies_are_cut() {
    let client = HttpClient::new().await;
    let url = client.emulator.url();
    let api = format!("{url}/api/data/v9.2/$batch");
    let send = async |url: &str, bytes: usize| {
        JsonAnswer::of(http().post(url).body(vec![b'x'; bytes])).await.status.as_u16()
    };
    assert_eq!(send(&format!("{url}/x"), 900_000).await, 404);
    assert_eq!(send(&api, 900_000).await, 401, "the token is looked at first");
    assert_eq!(send(client.emulator.token_url(), 60_000).await, 400);
    assert_eq!(send(client.emulator.token_url(), 70_000).await, 413);

    let long = "x".repeat(9 * 1024 * 1024);
    let one = client.post("x_things", &json!({ "x_name": long })).await;
    assert_eq!(one.status, 413, "one row is never as long");
    let batch = client.request("POST", "$batch").header("content-type", "multipart/mixed; boundary=b");
    assert_eq!(JsonAnswer::of(batch.body(long.clone())).await.status, 400, "it is read, and is no batch");
    let bulk = json!({ "Targets": [], "x": long });
    let bulk = client.post("x_things/Microsoft.Dynamics.CRM.CreateMultiple", &bulk).await;
    assert_eq!(bulk.status, 200, "it is read: {}", bulk.text);
}

#[tokio::test]
async fn pages_of_others_are_turned_away() {
    let client = HttpClient::with(Options { only_here: true, ..Options::default() }).await;
    let own = client.emulator.url().to_owned();
    let port = own.rsplit(':').next().unwrap();
    let asked = async |name, value: &str| {
        JsonAnswer::of(client.request("GET", "WhoAmI").header(name, value)).await.status.as_u16()
    };
    for host in [format!("127.0.0.1:{port}"), format!("LocalHost:{port}"), format!("[::1]:{port}")] {
        assert_eq!(asked(HOST, &host).await, 200, "{host}");
    }
    for host in ["evil.example", "127.0.0.1.evil.example", "192.168.1.7"] {
        assert_eq!(asked(HOST, host).await, 421, "{host}");
    }
    assert_eq!(asked(ORIGIN, &own).await, 200);
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        assert_eq!(asked(ORIGIN, origin).await, 403, "{origin}");
        let token = http()
            .post(client.emulator.token_url())
            .header(ORIGIN, origin)
            .form(&scope_form(&client.emulator));
        assert_eq!(JsonAnswer::of(token).await.status, 403, "{origin}");
    }
    // By itself it may be asked under other names.
    let client = HttpClient::with(Options::default()).await;
    assert_eq!(
        JsonAnswer::of(client.request("GET", "WhoAmI").header(HOST, "studio.internal")).await.status,
        200
    );
}

#[tokio::test]
async fn a_scheme_is_known_in_any_case() {
    let client = HttpClient::with(Options::default()).await;
    let request = client.request("GET", "WhoAmI").build().unwrap();
    let token = request.headers()[AUTHORIZATION].to_str().unwrap().to_owned();
    let url = format!("{}/api/data/v9.2/WhoAmI", client.emulator.url());
    for (scheme, expect) in [("bearer", 200), ("BEARER", 200), ("Basic", 401)] {
        let asked = http().get(&url).header(AUTHORIZATION, token.replace("Bearer", scheme));
        assert_eq!(JsonAnswer::of(asked).await.status, expect, "{scheme}");
    }
}

#[tokio::test]
async fn the_trace_holds_no_secret() {
    let client = HttpClient::with(Options { admin: true, ..Options::default() }).await;
    let (token_url, form) = (client.emulator.token_url(), scope_form(&client.emulator));
    for url in [format!("{token_url}/"), format!("{token_url}s"), token_url.to_owned()] {
        JsonAnswer::of(http().post(&url).form(&form)).await;
    }
    JsonAnswer::of(http().post(format!("{token_url}?client_secret={}", client.emulator.client_secret())))
        .await;
    client.get("WhoAmI").await;
    let trace = JsonAnswer::of(http().get(format!("{}/_emulator/v1/trace", client.emulator.url()))).await;
    let exchanges = trace.json["exchanges"].as_array().unwrap();
    assert!(
        exchanges.len() >= 5 && exchanges[0]["answer"].as_str().unwrap().contains("UserId"),
        "{}",
        trace.text
    );
    assert!(!trace.text.contains(client.emulator.client_secret()), "{}", trace.text);
    assert!(!trace.text.contains("access_token"), "{}", trace.text);
}

#[tokio::test]
async fn the_admin_page_cannot_be_framed() {
    let client = HttpClient::with(Options { admin: true, ..Options::default() }).await;
    let page = JsonAnswer::of(http().get(format!("{}/_emulator/v1/", client.emulator.url()))).await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!((page.header("x-frame-options"), page.header("x-content-type-options")), ("DENY", "nosniff"));
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn the_data_folder_is_private() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("new");
    let options = || Options { data: Some(folder.clone()), admin: true, ..Options::default() };
    for round in 0..2 {
        let client = HttpClient::with(options()).await;
        let snapshot = http().post(format!("{}/_emulator/v1/snapshot", client.emulator.url()));
        assert_eq!(JsonAnswer::of(snapshot.json(&json!({ "name": "a" }))).await.status, 204);
        assert_eq!((mode(&folder), mode(&folder.join("snapshots"))), (0o700, 0o700));
        for file in std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()) {
            assert_eq!(mode(&file) & 0o077, 0, "{} in round {round}", file.display());
        }
        client.emulator.stop().await;
        // As an older one left it behind.
        for path in [folder.join("organisation.sqlite"), folder.join("snapshots"), folder.clone()] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
}

#[tokio::test]
async fn files_in_shared_folders_are_private() {
    let home = tempfile::tempdir().unwrap();
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(home.path().join("letter.txt"), "").unwrap();
    let options = Options { data: Some(home.path().to_owned()), ..Options::default() };
    let emulator = Emulator::start(options).await.unwrap();
    assert_eq!(mode(home.path()), 0o755);
    for file in ["organisation.sqlite", "organisation.sqlite-wal"] {
        assert_eq!(mode(&home.path().join(file)), 0o600, "{file}");
    }
    emulator.stop().await;
}

/// Answers the status of what is asked with a body of `bytes` bytes by a client that sends all of it first.
async fn sent_whole(client: &HttpClient, token: &str, path: &str, bytes: usize) -> u16 {
    let address = client.emulator.url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST /api/data/v9.2/{path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {token}\r\n\
         Content-Type: multipart/mixed; boundary=b\r\nContent-Length: {bytes}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let some = vec![b'x'; 64 * 1024];
    let mut left = bytes;
    while left > 0 {
        let next = left.min(some.len());
        stream
            .write_all(&some[..next])
            .await
            .unwrap_or_else(|error| panic!("{left} bytes are left: {error}"));
        left -= next;
    }
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    std::str::from_utf8(&answer[9..]).unwrap().parse().unwrap()
}

#[tokio::test]
async fn refusals_reach_senders_of_large_bodies() {
    let client = HttpClient::new().await;
    let mebibyte = 1024 * 1024;
    assert_eq!(sent_whole(&client, "Bearer revoked", "$batch", 20 * mebibyte).await, 401);
    let request = client.request("GET", "WhoAmI").build().unwrap();
    let token = request.headers()[AUTHORIZATION].to_str().unwrap().to_owned();
    assert_eq!(sent_whole(&client, &token, "x_things", 20 * mebibyte).await, 413);
}

const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

async fn is_answered(connection: &mut TcpStream) -> bool {
    let asked = connection.write_all(ASK).await.is_ok();
    asked && connection.read(&mut [0; 1_024]).await.is_ok_and(|read| read > 0)
}

#[tokio::test]
async fn idle_connections_make_room_for_new_ones() {
    let emulator = Emulator::start(Options { connections: 4, ..Options::default() }).await.unwrap();
    let address = emulator.url().trim_start_matches("http://").to_owned();
    let let_in = async {
        let mut viewer = TcpStream::connect(&address).await.unwrap();
        let mut idle = Vec::new();
        for turn in 0..10 {
            let mut another = TcpStream::connect(&address).await.unwrap();
            // Answered once, it has its place.
            assert!(is_answered(&mut another).await, "closed in turn {turn}");
            idle.push(another);
            assert!(is_answered(&mut viewer).await, "one that asks now and then was closed in turn {turn}");
        }
        http().get(emulator.url()).send().await.unwrap().status()
    };
    let asked = tokio::time::timeout(Duration::from_secs(15), let_in).await;
    assert_eq!(asked.expect("a new connection waits for those that say nothing"), 404);
}
