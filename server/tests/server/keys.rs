//! Keys of services: from the first one on, what writes needs one, and each is good for its scope alone.

use reqwest::Response;
use serde_json::Value as Json;

use crate::{
    cluster::Cluster,
    database::TestDatabase,
    studio::{RUNS, Studio, TestFolder, command, run, until},
};

type Settings<'a> = [(&'a str, &'a str)];

/// Exit code, and what stood on standard output and standard error.
fn studio(folder: &TestFolder, settings: &Settings<'_>, words: &[&str]) -> (Option<i32>, String, String) {
    let output = command(folder, settings).args(words).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// The text of a new key: the last line.
fn added(folder: &TestFolder, settings: &Settings<'_>, words: &[&str]) -> String {
    let (code, out, said) = studio(folder, settings, &[&["key", "add", "--name"], words].concat());
    assert_eq!(code, Some(0), "{said}");
    out.lines().last().unwrap().to_owned()
}

async fn sent(studio: &Studio, key: Option<&str>, method: &str, path: &str, body: Option<&Json>) -> Response {
    let mut request = studio.request(method, path);
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    request.send().await.unwrap()
}

async fn writes(studio: &Studio, key: Option<&str>, name: &str) -> u16 {
    sent(studio, key, "POST", RUNS, Some(&run("c", name))).await.status().as_u16()
}

async fn reads(studio: &Studio, key: Option<&str>) -> u16 {
    sent(studio, key, "GET", RUNS, None).await.status().as_u16()
}

#[tokio::test]
async fn the_first_key_closes_writing() {
    let server = Studio::with(&[("USE_DATAVERSE", "false")]);
    let nothing: [(&str, &str); 0] = [];
    assert_eq!(writes(&server, None, "1").await, 201, "nothing is set up");
    assert_eq!(writes(&server, Some("of another program"), "2").await, 201);
    let key = added(&server.folder, &nothing, &["campaigns"]);
    assert!(key.starts_with("studio_") && key.len() == 79, "{key}");

    let refused = sent(&server, None, "POST", RUNS, Some(&run("c", "3"))).await;
    assert_eq!(
        (refused.status().as_u16(), refused.headers()["www-authenticate"].as_bytes()),
        (401, &b"Bearer"[..])
    );
    let problem: Json = refused.json().await.unwrap();
    assert_eq!(problem["type"], "/problems/key-missing");
    assert_eq!(writes(&server, Some(&key), "3").await, 201);
    let plain = server.request("POST", RUNS).header("x-api-key", &key).json(&run("c", "4"));
    assert_eq!(plain.send().await.unwrap().status(), 201);
    // People read on, and probes ask as before.
    for path in ["/", "/pipeline", RUNS, "/api/metrics/history", "/metrics", "/readyz", "/healthz"] {
        assert_eq!(server.get(path).await.status(), 200, "{path}");
    }

    let (code, out, _) = studio(&server.folder, &nothing, &["key", "revoke", "campaigns"]);
    assert_eq!(code, Some(0), "{out}");
    assert_eq!(writes(&server, Some(&key), "5").await, 401, "at once");
    assert_eq!(writes(&server, None, "5").await, 401, "the last key's end opens nothing");
    let (code, _, said) = studio(&server.folder, &nothing, &["key", "revoke", "campaigns"]);
    assert!(code == Some(1) && said.contains("there is no key named campaigns"), "{said}");
    let (_, listed, _) = studio(&server.folder, &nothing, &["key", "list"]);
    assert!(listed.contains("There is no key any more, and what writes needs one."), "{listed}");
}

#[tokio::test]
async fn scopes_open_what_they_say() {
    let folder = TestFolder::new();
    let resting = [("USE_DATAVERSE", "false")];
    // At rest: the ledger is made for it.
    let [write, read, admin] = ["write", "read", "admin"]
        .map(|scope| added(&folder, &resting, &[&format!("for {scope}"), "--scope", scope]));
    let server = Studio::within(folder, &resting);
    assert_eq!([writes(&server, Some(&write), "1").await, reads(&server, Some(&write)).await], [201, 403]);
    assert_eq!([writes(&server, Some(&read), "2").await, reads(&server, Some(&read)).await], [403, 200]);
    assert_eq!([writes(&server, Some(&admin), "2").await, reads(&server, Some(&admin)).await], [201, 200]);
    let letter = "/api/pipeline/dead-letters/campaign-run/019aa000-0000-7000-8000-000000000001";
    for (key, expect) in [(&write, 403), (&read, 403), (&admin, 404)] {
        assert_eq!(sent(&server, Some(key), "DELETE", letter, None).await.status(), expect);
    }
    let forbidden: Json =
        sent(&server, Some(&read), "POST", RUNS, Some(&run("c", "2"))).await.json().await.unwrap();
    assert_eq!(forbidden["type"], "/problems/key-scope");
    assert_eq!(server.json(RUNS).await["runs"].as_array().unwrap().len(), 2);
}

/// Each address for programs, asked for real without a key and with each kind of one: 401 and 403 come where the rule says
/// so, and nowhere else.
#[tokio::test]
async fn every_described_address_is_guarded() {
    let folder = TestFolder::new();
    let resting = [("USE_DATAVERSE", "false")];
    let keys = ["write", "read", "admin"].map(|scope| added(&folder, &resting, &[scope, "--scope", scope]));
    let server = Studio::within(folder, &resting);
    let description = server.json("/api/openapi.json").await;
    let mut asked = 0;
    for (path, methods) in description["paths"].as_object().unwrap() {
        let open = ["/healthz", "/readyz", "/api/openapi.json", "/problems/{slug}"].contains(&path.as_str());
        let administered = path.starts_with("/api/pipeline/");
        let address = path
            .replace("{id}", "019aa000-0000-7000-8000-000000000001")
            .replace("{kind}", "campaign-run")
            .replace("{slug}", "validation");
        for method in methods.as_object().unwrap().keys().filter(|method| *method != "parameters") {
            let reads = method == "get";
            let expect = match (open, reads, administered) {
                (true, ..) => [None, None, None, None],
                _ if path == "/api/session" => [None, None, None, None],
                _ if path.starts_with("/api/share-links") || path == "/api/embed-tokens" => {
                    [Some(401), Some(403), Some(403), None]
                }
                (_, true, _) => [None, Some(403), None, None],
                (_, _, true) => [Some(401), Some(403), Some(403), None],
                _ => [Some(401), None, Some(403), None],
            };
            let senders = [None].into_iter().chain(keys.iter().map(|key| Some(key.as_str())));
            for (sender, expect) in senders.zip(expect) {
                let status =
                    sent(&server, sender, &method.to_uppercase(), &address, None).await.status().as_u16();
                let refused = matches!(status, 401 | 403).then_some(status);
                assert_eq!(refused, expect, "{method} {path}");
                asked += 1;
            }
        }
    }
    assert!(asked > 80, "{asked}");
}

#[tokio::test]
async fn unknown_keys_are_all_alike() {
    let folder = TestFolder::new();
    let resting = [("USE_DATAVERSE", "false"), ("STUDIO_ADDR", "127.0.0.1:0")];
    let [expired, revoked] =
        ["expired", "revoked"].map(|name| added(&folder, &resting, &[name, "--expires", "1"]));
    assert_eq!(studio(&folder, &resting, &["key", "revoke", "revoked"]).0, Some(0));
    let ledger = sqlx::SqlitePool::connect_lazy(&format!(
        "sqlite://{}",
        folder.data().join("ledger.sqlite").display()
    ));
    let ledger = ledger.unwrap();
    sqlx::query("UPDATE service_keys SET expires_at = 1").execute(&ledger).await.unwrap();
    ledger.close().await;
    let kept = std::fs::read(folder.data().join("ledger.sqlite")).unwrap();
    let holds = |text: &str| kept.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(!holds(&expired) && !holds(&expired["studio_".len()..]), "a key's text is never kept");
    let server = Studio::within(folder, &resting);
    let mut other = expired.clone();
    other.replace_range(7..8, if &expired[7..8] == "0" { "1" } else { "0" });
    let mut told = Vec::new();
    for key in [&expired, &revoked, &other, &"studio_".to_owned(), &"studio_x".to_owned()] {
        for method in ["GET", "POST"] {
            let body = (method == "POST").then(|| run("c", "1"));
            let answer = sent(&server, Some(key), method, RUNS, body.as_ref()).await;
            assert_eq!(answer.status(), 401, "{method} with {key}");
            assert_eq!(answer.headers()["www-authenticate"], "Bearer error=\"invalid_token\"");
            told.push(answer.json::<Json>().await.unwrap()["detail"].clone());
        }
    }
    assert!(told.windows(2).all(|two| two[0] == two[1]), "{told:?}");
    let two = server.request("GET", RUNS).bearer_auth(&expired).header("x-api-key", &revoked);
    assert_eq!(two.send().await.unwrap().status(), 401);
    // What a proxy sends for itself is none of ours.
    assert_eq!(
        server.request("GET", RUNS).basic_auth("proxy", Some("x")).send().await.unwrap().status(),
        200
    );
    assert_eq!(
        [reads(&server, Some("a proxy's")).await, writes(&server, Some("a proxy's"), "1").await],
        [200, 401]
    );
}

#[tokio::test]
async fn keys_are_refused_in_addresses() {
    let server = Studio::with(&[("USE_DATAVERSE", "false")]);
    let key = added(&server.folder, &[], &["campaigns", "--scope", "admin"]);
    for path in [
        format!("{RUNS}?key={key}"),
        format!("/?x={key}&range=30d"),
        format!("/{key}"),
        format!("/{}", key.replace('_', "%5f")),
    ] {
        let answer = server.get(&path).await;
        assert_eq!(answer.status(), 400, "{path}");
        let problem: Json = answer.json().await.unwrap();
        assert_eq!(problem["type"], "/problems/key-in-address");
    }
    assert!(!server.folder.log().contains(&key), "{}", server.folder.log());
}

#[tokio::test]
async fn rates_are_kept_and_uses_noted() {
    let server = Studio::with(&[("USE_DATAVERSE", "false")]);
    let key = added(&server.folder, &[], &["slow", "--rate", "3"]);
    let mut statuses = Vec::new();
    for name in ["1", "2", "3", "4", "5"] {
        statuses.push(writes(&server, Some(&key), name).await);
    }
    // A minute may have ended in between.
    let refused = statuses.iter().position(|status| *status == 429).expect("more than three in a minute");
    assert!(refused >= 3, "{statuses:?}");
    let answer = sent(&server, Some(&key), "POST", RUNS, Some(&run("c", "6"))).await;
    if answer.status() == 429 {
        let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }
    let line = until("its last use is noted", async || {
        let (_, listed, _) = studio(&server.folder, &[], &["key", "list"]);
        listed.contains("last used 20").then_some(listed)
    })
    .await;
    assert!(line.starts_with("slow  write  expires never, 3 a minute, last used 20"), "{line}");
}

#[tokio::test]
async fn wrong_words_make_no_key() {
    let folder = TestFolder::new();
    for (words, expect) in [
        (&["add"][..], "--name"),
        (&["add", "--name", " "], "1 to 64 letters"),
        (&["add", "--name", "a\nb"], "1 to 64 letters"),
        (&["add", "--name", "a", "--scope", "all"], "write"),
        (&["add", "--name", "a", "--expires", "0"], "is not 1 to 3650 days"),
        (&["add", "--name", "a", "--expires", "2020-01-31"], "is over already"),
        (&["add", "--name", "a", "--expires", "soon"], "is neither"),
        (&["add", "--name", "a", "--rate", "0"], "is not 1 to 1000000 requests a minute"),
        (&["revoke"], "<NAME>"),
    ] {
        let (code, out, said) = studio(&folder, &[], &[&["key"], words].concat());
        assert!(code == Some(2) && said.contains(expect) && out.is_empty(), "{words:?}: {said}");
    }
    assert!(!folder.data().exists(), "nothing was made");
    added(&folder, &[], &["a", "--expires", "2030-01-31"]);
    let (code, out, said) = studio(&folder, &[], &["key", "add", "--name", "a"]);
    assert!(code == Some(1) && said.contains("there is a key named a already") && out.is_empty(), "{said}");
    let (_, listed, _) = studio(&folder, &[], &["key", "list"]);
    assert_eq!(listed.trim_end(), "a  write  expires 2030-02-01 00:00, never used");
}

#[tokio::test]
async fn a_revocation_holds_on_every_server() {
    let database = TestDatabase::by(Cluster::here().address());
    let settings = [database.settings().as_slice(), &[("USE_DATAVERSE", "false")]].concat();
    let (one, two) = (Studio::with(&settings), Studio::with(&settings));
    let key = added(&one.folder, &settings, &["campaigns"]);
    assert_eq!([writes(&one, Some(&key), "1").await, writes(&two, Some(&key), "2").await], [201, 201]);
    assert_eq!([writes(&one, None, "3").await, writes(&two, None, "3").await], [401, 401]);
    assert_eq!(studio(&one.folder, &settings, &["key", "revoke", "campaigns"]).0, Some(0));
    assert_eq!([writes(&one, Some(&key), "3").await, writes(&two, Some(&key), "3").await], [401, 401]);
}

#[tokio::test]
async fn the_first_key_is_made_on_a_page() {
    let server = Studio::with(&[("USE_DATAVERSE", "false")]);
    let page = async || server.get("/settings/keys").await.text().await.unwrap();
    assert!(page().await.contains("No key is needed."));
    let send = async |form: &[(&str, &str)]| {
        let answer = server.request("POST", "/settings/keys").form(form).send().await.unwrap();
        let (status, caches) = (answer.status().as_u16(), answer.headers().get("cache-control").cloned());
        (status, caches, answer.text().await.unwrap())
    };
    let (status, _, wrong) = send(&[("name", "x"), ("expires", "soon")]).await;
    assert!(
        status == 422 && wrong.contains("soon is neither") && wrong.contains("value=\"soon\""),
        "{wrong}"
    );
    let wishes = [("name", "Ünder <b>"), ("scope", "admin"), ("expires", "90"), ("rate", "")];
    let foreign =
        server.request("POST", "/settings/keys").header("sec-fetch-site", "cross-site").form(&wishes);
    assert_eq!(foreign.send().await.unwrap().status(), 403);
    let (status, caches, made) = send(&wishes).await;
    assert_eq!((status, caches.unwrap().as_bytes()), (200, &b"no-store"[..]), "{made}");
    let text = made.split("key-text").nth(1).and_then(|rest| rest.split('>').nth(1)).unwrap();
    let key = text.split('<').next().unwrap().to_owned();
    assert!(made.contains("Ünder &lt;b&gt;") && !made.contains("<b>"), "{made}");
    assert_eq!([writes(&server, Some(&key), "1").await, writes(&server, None, "2").await], [201, 401]);
    let again = page().await;
    assert!(!again.contains(&key) && again.contains("1\u{a0}key."), "{again}");
    assert_eq!(
        send(&[("name", "another"), ("scope", "admin")]).await.0,
        401,
        "no program makes itself a key"
    );
    let taken =
        server.request("POST", "/settings/keys").bearer_auth(&key).form(&wishes).send().await.unwrap();
    assert_eq!(taken.status(), 422);
    assert_eq!(studio(&server.folder, &[], &["key", "revoke", "Ünder <b>"]).0, Some(0));
    assert!(page().await.contains("There is no key any more."));
}

#[tokio::test]
async fn the_table_alone_decides() {
    let server = Studio::with(&[("USE_DATAVERSE", "false")]);
    let file = format!("sqlite://{}", server.folder.data().join("ledger.sqlite").display());
    let ledger = sqlx::SqlitePool::connect(&file).await.unwrap();
    let run_sql = async |sql: &'static str| sqlx::raw_sql(sql).execute(&ledger).await.map(|_| ()).unwrap();
    run_sql("CREATE TRIGGER t BEFORE INSERT ON service_keys BEGIN SELECT raise(abort, 'no room'); END").await;
    let (code, out, _) = studio(&server.folder, &[], &["key", "add", "--name", "a"]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert_eq!(writes(&server, None, "1").await, 201, "there is no key yet");
    run_sql("DROP TRIGGER t").await;
    let key = added(&server.folder, &[], &["a"]);
    // A later version's.
    run_sql(
        "INSERT INTO service_keys (tenant_id, name, code, scope, made_at) \
         SELECT tenant_id, 'b', 'b', 'audit', 1 FROM service_keys",
    )
    .await;
    assert_eq!(writes(&server, Some(&key), "2").await, 201);
    run_sql("UPDATE service_keys SET expires_at = 1 WHERE name = 'a'").await;
    until("its end is heeded", async || (writes(&server, Some(&key), "2").await == 401).then_some(())).await;
    run_sql("UPDATE service_keys SET expires_at = NULL WHERE name = 'a'").await;
    until("it is good again", async || (writes(&server, Some(&key), "2").await == 200).then_some(())).await;
    assert_eq!(studio(&server.folder, &[], &["key", "revoke", "a"]).0, Some(0));
    assert_eq!(writes(&server, Some(&key), "3").await, 401);
}

#[tokio::test]
async fn commands_share_a_new_ledger() {
    let folder = TestFolder::new();
    let (code, _, said) = studio(&folder, &[], &["key", "list"]);
    assert!(code == Some(1) && said.contains("there is no ledger in"), "{said}");
    assert!(!folder.data().exists(), "nothing was made");
    let adding = (0..4).map(|n| {
        let mut add = command(&folder, &[]);
        add.args(["key", "add", "--name", &n.to_string()])
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap()
    });
    for mut one in adding.collect::<Vec<_>>() {
        assert!(one.wait().unwrap().success());
    }
    let (_, listed, _) = studio(&folder, &[], &["key", "list"]);
    assert_eq!(listed.lines().count(), 4, "{listed}");
}
