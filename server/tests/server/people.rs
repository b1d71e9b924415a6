//! People who sign in: with a password, through a proxy, and with a provider.

use std::{
    io::Write as _,
    process::{Output, Stdio},
};

use serde_json::Value as Json;

use crate::{
    browser::{Browser, leads_to},
    cluster::Cluster,
    database::TestDatabase,
    studio::{RUNS, Studio, TestFolder, command, refused, run, until},
    test_provider::TestProvider,
};

type SettingPairs<'a> = [(&'a str, &'a str)];
const RESTING: [(&str, &str); 1] = [("USE_DATAVERSE", "false")];
pub const PASSWORD: &str = "a long pässword";

fn told(folder: &TestFolder, settings: &SettingPairs<'_>, words: &[&str], input: &str) -> Output {
    let mut child = command(folder, settings)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that refuses its words reads nothing.
    _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

pub fn add(folder: &TestFolder, settings: &SettingPairs<'_>, name: &str, role: &str) {
    let words = ["user", "add", "--name", name, "--role", role];
    let output = told(folder, settings, &words, &format!("{PASSWORD}\n"));
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn the_first_person_closes_reading() {
    let server = Studio::with(&RESTING);
    let mut browser = Browser::new(&server);
    let open = browser.session().await;
    assert_eq!((&open["name"], &open["role"]), (&"the demo user".into(), &"admin".into()));
    add(&server.folder, &RESTING, "jana", "admin");
    add(&server.folder, &RESTING, "ben", "reader");

    let asked = browser.get("/campaigns?search=a%20b").await;
    assert_eq!(leads_to(&asked), (303, "/sign-in?to=%2Fcampaigns%3Fsearch%3Da%2520b".into()));
    assert_eq!(leads_to(&browser.get("/").await), (303, "/sign-in".into()));
    for path in ["/api/session", RUNS, "/metrics", "/api/panel"] {
        let answer = browser.get(path).await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["www-authenticate"]),
            (401, &"Bearer".parse().unwrap())
        );
    }
    for path in ["/sign-in", "/healthz", "/readyz", "/api/openapi.json"] {
        assert_eq!(browser.status("GET", path).await, 200, "{path}");
    }

    let wrong = browser.sign_in("jana", "another", "/pipeline").await;
    assert_eq!(wrong.status(), 401);
    let of_known = wrong.text().await.unwrap();
    let of_none = browser.sign_in("jama", "another", "/pipeline").await.text().await.unwrap();
    let plain = |page: &str| page.split("</main>").next().unwrap().replace("jama", "jana");
    assert_eq!(plain(&of_known), plain(&of_none), "a name is not told apart");
    assert!(of_known.contains("do not belong together") && browser.cookies.is_empty());
    let right = browser.sign_in(" jana ", PASSWORD, "/pipeline").await;
    assert_eq!(leads_to(&right), (303, "/pipeline".into()));
    let before = browser.cookies.clone();
    assert_eq!(browser.session().await["role"], "admin");
    let page = browser.get("/pipeline").await.text().await.unwrap();
    assert!(
        page.contains("Sign out") && page.contains("jana") && page.contains("/settings/people"),
        "{page}"
    );

    // Another sign-in ends the session before it, and leads to no other server.
    let again = browser.sign_in("ben", PASSWORD, "https://evil.example/").await;
    assert_eq!(leads_to(&again), (303, "/".into()));
    assert_eq!(browser.session().await["role"], "reader");
    let mut old = Browser::with(&server, before);
    assert_eq!(old.status("GET", "/api/session").await, 401);
    let signed_out = browser.send("POST", "/sign-out", &[]).await;
    assert_eq!(leads_to(&signed_out), (303, "/sign-in".into()));
    assert!(browser.cookies.is_empty());
    assert_eq!(browser.status("GET", "/api/session").await, 401);
}

#[tokio::test]
async fn readers_see_and_administrators_decide() {
    let server = Studio::with(&RESTING);
    add(&server.folder, &RESTING, "jana", "admin");
    add(&server.folder, &RESTING, "ben", "reader");
    let (mut jana, mut ben) = (Browser::new(&server), Browser::new(&server));
    assert_eq!(jana.sign_in("jana", PASSWORD, "").await.status(), 303);
    assert_eq!(ben.sign_in("ben", PASSWORD, "").await.status(), 303);
    for path in
        ["/", "/campaigns", "/pipeline", RUNS, "/api/metrics/history", "/metrics", "/api/panel?range=30d"]
    {
        assert_eq!([jana.status("GET", path).await, ben.status("GET", path).await], [200, 200], "{path}");
    }
    for path in ["/settings/keys", "/settings/people"] {
        assert_eq!([jana.status("GET", path).await, ben.status("GET", path).await], [200, 403], "{path}");
    }
    let refused = ben.get("/settings/keys").await.text().await.unwrap();
    assert!(
        refused.contains("This is for administrators") && !refused.contains("href=\"/settings/keys\""),
        "{refused}"
    );
    let budget = [("amount", "450"), ("path", "/")];
    assert_eq!(ben.send("POST", "/budget", &budget).await.status(), 403);
    assert_eq!(leads_to(&jana.send("POST", "/budget", &budget).await).0, 303);
    let letter = "/api/pipeline/dead-letters/campaign-run/019aa000-0000-7000-8000-000000000001";
    assert_eq!([jana.status("DELETE", letter).await, ben.status("DELETE", letter).await], [404, 403]);
    // On this machine alone records are taken without a key until there is one, and then not any more.
    let send = async |name: &str| {
        server.request("POST", RUNS).json(&run("c", name)).send().await.unwrap().status().as_u16()
    };
    assert_eq!(send("1").await, 201);
    let made = jana.send("POST", "/settings/keys", &[("name", "campaigns")]).await;
    assert_eq!(made.status(), 200);
    assert_eq!(send("2").await, 401);
    assert_eq!(ben.send("POST", "/settings/keys", &[("name", "more")]).await.status(), 403);
    let revoked = jana.send("POST", "/settings/keys", &[("revoke", "campaigns")]).await.text().await.unwrap();
    assert!(revoked.contains("campaigns is revoked"), "{revoked}");

    let added = jana
        .send("POST", "/settings/people", &[("name", "eve"), ("role", "reader"), ("password", "short")])
        .await;
    assert_eq!(added.status(), 422);
    let wish = [("name", "eve"), ("role", "reader"), ("password", PASSWORD)];
    let page = jana.send("POST", "/settings/people", &wish).await.text().await.unwrap();
    assert!(page.contains("eve is added.") && !page.contains(PASSWORD), "{page}");
    assert_eq!(jana.send("POST", "/settings/people", &wish).await.status(), 422, "the name is taken");
    let mut eve = Browser::new(&server);
    assert_eq!(eve.sign_in("eve", PASSWORD, "").await.status(), 303);
    let own = jana.send("POST", "/settings/people", &[("remove", "jana")]).await.text().await.unwrap();
    assert!(own.contains("You cannot remove yourself"), "{own}");
    jana.send("POST", "/settings/people", &[("remove", "eve")]).await;
    until("she is signed out", async || (eve.status("GET", "/api/session").await == 401).then_some(())).await;
}

#[tokio::test]
async fn foreign_pages_and_many_tries_are_refused() {
    let server = Studio::with(&RESTING);
    add(&server.folder, &RESTING, "jana", "admin");
    let mut browser = Browser::new(&server);
    for (header, value) in
        [("origin", "http://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
    {
        for path in ["/sign-in", "/sign-out", "/settings/people", "/settings/keys"] {
            let request = server
                .request("POST", path)
                .header(header, value)
                .form(&[("name", "jana"), ("password", PASSWORD)]);
            assert_eq!(request.send().await.unwrap().status(), 403, "{path} {header} {value}");
        }
    }
    for _ in 0..20 {
        assert_eq!(browser.sign_in("jana", "wrong", "").await.status(), 401);
    }
    let refused = browser.sign_in("jana", PASSWORD, "").await;
    assert_eq!(refused.status(), 429);
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=61).contains(&wait), "{wait}");
    // What a browser was not given opens nothing.
    for token in ["", "0", &"0".repeat(64), &"g".repeat(64)] {
        browser.cookies = vec![("studio_session".to_owned(), token.to_owned())];
        assert_eq!(browser.status("GET", "/api/session").await, 401, "{token}");
    }
}

#[tokio::test]
async fn people_are_seen_to_by_commands() {
    let folder = TestFolder::new();
    for (words, input, expect) in [
        (&["add", "--name", "jana"][..], "", "--role"),
        (&["add", "--name", " ", "--role", "admin"], "12345678", "1 to 64 letters"),
        (&["add", "--name", "jana", "--role", "owner"], "12345678", "reader"),
        (&["add", "--name", "jana", "--role", "admin"], "1234567\n", "the password has to have 8 letters"),
        (&["add", "--name", "jana", "--role", "admin"], "", "the password has to have 8 letters"),
    ] {
        let output = told(&folder, &RESTING, &[&["user"], words].concat(), input);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains(expect), "{words:?}: {said}");
    }
    assert!(!folder.data().exists(), "nothing was made");
    let list = |folder: &TestFolder| {
        String::from_utf8(told(folder, &RESTING, &["user", "list"], "").stdout).unwrap()
    };
    add(&folder, &RESTING, "jana", "reader");
    add(&folder, &RESTING, "jana", "admin");
    let words = ["user", "add", "--name", "ben@example.com", "--role", "reader", "--no-password"];
    assert!(told(&folder, &RESTING, &words, "").status.success());
    let listed = list(&folder);
    let lines: Vec<&str> = listed.lines().collect();
    assert!(
        lines[0].starts_with("ben@example.com  reader  since 20") && lines[0].ends_with("through a proxy"),
        "{listed}"
    );
    assert!(
        lines[1].starts_with("jana             admin   since 20") && lines[1].ends_with("with a password"),
        "{listed}"
    );
    let kept = std::fs::read(folder.data().join("ledger.sqlite")).unwrap();
    assert!(
        !kept.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes()),
        "a password is never kept"
    );
    let server = Studio::within(folder, &RESTING);
    let mut browser = Browser::new(&server);
    assert_eq!(browser.sign_in("jana", PASSWORD, "").await.status(), 303);
    let gone = told(&server.folder, &RESTING, &["user", "remove", "jana"], "");
    assert!(gone.status.success(), "{gone:?}");
    assert_eq!(browser.status("GET", "/api/session").await, 401, "when the command has ended");
    let unknown = told(&server.folder, &RESTING, &["user", "remove", "jana"], "");
    assert_eq!(unknown.status.code(), Some(1));
}

#[tokio::test]
async fn others_reach_no_server_without_a_sign_in() {
    let folder = TestFolder::new();
    let everywhere = [("USE_DATAVERSE", "false"), ("STUDIO_ADDR", "0.0.0.0:0")];
    let (code, said) = refused(&folder, &everywhere);
    assert!(code == Some(2) && said.contains("STUDIO_ADDR") && said.contains("studio user add"), "{said}");
    add(&folder, &everywhere, "jana", "admin");
    let mut here = Studio::within(folder, &everywhere);
    here.url = here.url.replace("0.0.0.0", "127.0.0.1");
    let mut browser = Browser::new(&here);
    assert_eq!(browser.status("GET", "/").await, 303);
    let send = here.request("POST", RUNS).json(&run("c", "1")).send().await.unwrap();
    assert_eq!(send.status(), 401, "what others can reach takes nothing without a key");
}

#[tokio::test]
async fn proxies_say_who_people_are() {
    let settings = [
        ("USE_DATAVERSE", "false"),
        ("STUDIO_TRUSTED_PROXIES", "127.0.0.1"),
        ("STUDIO_PROXY_USER_HEADER", "X-Forwarded-User"),
    ];
    let server = Studio::with(&settings);
    add(&server.folder, &settings, "ben@example.com", "reader");
    let ask = async |server: &Studio, path: &str, name: &str| {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let request = client.get(format!("{}{path}", server.url)).header("x-forwarded-user", name);
        request.header("x-forwarded-for", "203.0.113.7").send().await.unwrap()
    };
    let known: Json = ask(&server, "/api/session", "ben@example.com").await.json().await.unwrap();
    assert_eq!((&known["name"], &known["role"]), (&"ben@example.com".into(), &"reader".into()));
    let unknown = ask(&server, "/", "eve@example.com").await;
    assert_eq!(unknown.status(), 403);
    assert!(unknown.text().await.unwrap().contains("eve@example.com is not among the people here"));
    assert_eq!(ask(&server, "/api/session", "").await.status(), 401);
    let signed_out = ask(&server, "/sign-in", "").await.text().await.unwrap();
    assert!(signed_out.contains("Sign in"), "{signed_out}");

    // From elsewhere the header says nothing.
    let others = [settings[0], ("STUDIO_TRUSTED_PROXIES", "10.0.0.0/8"), settings[2]];
    let server = Studio::with(&others);
    add(&server.folder, &others, "ben@example.com", "admin");
    assert_eq!(ask(&server, "/api/session", "ben@example.com").await.status(), 401);
}

fn provided(provider: &TestProvider) -> [(&str, &str); 4] {
    [
        RESTING[0],
        ("STUDIO_OIDC_ISSUER", &provider.issuer),
        ("STUDIO_OIDC_CLIENT_ID", "studio"),
        ("STUDIO_OIDC_CLIENT_SECRET", "s3 cret"),
    ]
}

#[tokio::test]
async fn providers_say_who_people_are() {
    let provider = TestProvider::start().await;
    let settings = [&provided(&provider)[..], &[("STUDIO_OIDC_ROLE_MAP", "Leads=admin")]].concat();
    let server = Studio::with(&settings);
    let mut browser = Browser::new(&server);
    assert_eq!(leads_to(&browser.get("/pipeline").await), (303, "/sign-in?to=%2Fpipeline".into()));
    let page = browser.get("/sign-in?to=%2Fpipeline").await.text().await.unwrap();
    assert!(page.contains("/sign-in/oidc") && !page.contains("type=\"password\""), "{page}");
    let back = browser.sign_in_at(&provider, "%2Fpipeline").await;
    assert_eq!(leads_to(&back), (303, "/pipeline".into()));
    assert_eq!(browser.cookies.len(), 1, "what was kept meanwhile is gone: {:?}", browser.cookies);
    let session = browser.session().await;
    assert_eq!((&session["name"], &session["role"]), (&"jana".into(), &"reader".into()));

    let say = |claims: Json| provider.told.lock().unwrap().claims = claims;
    say(serde_json::json!({"sub": "jana", "preferred_username": "Jana", "roles": ["Leads", "x"]}));
    assert_eq!(browser.sign_in_at(&provider, "/").await.status(), 303);
    let session = browser.session().await;
    assert_eq!((&session["name"], &session["role"]), (&"Jana".into(), &"admin".into()));
    // What a token does not say, its other address may; of another person it says nothing.
    say(serde_json::json!({"sub": "jana"}));
    provider.told.lock().unwrap().more = serde_json::json!({"sub": "jana", "roles": ["reader"]});
    assert_eq!(browser.sign_in_at(&provider, "/").await.status(), 303);
    provider.told.lock().unwrap().more = serde_json::json!({"sub": "eve", "roles": ["admin"]});
    let mut other = Browser::new(&server);
    let refused = other.sign_in_at(&provider, "/").await;
    assert_eq!(refused.status(), 403);
    assert!(refused.text().await.unwrap().contains("has no role here") && other.cookies.is_empty());
}

#[tokio::test]
async fn false_sign_ins_are_refused() {
    let provider = TestProvider::start().await;
    let server = Studio::with(&provided(&provider));
    let mut browser = Browser::new(&server);
    let begin = async |browser: &mut Browser<'_>| {
        let begun = browser.get("/sign-in/oidc?to=/").await;
        provider.agree(begun.headers()["location"].to_str().unwrap())
    };
    let back = |code: &str, state: &str| format!("/sign-in/callback?code={code}&state={state}");
    let refused = browser.get("/sign-in/callback?error=access_denied&state=x").await;
    assert_eq!(refused.status(), 400, "none was begun");
    let (_, state) = begin(&mut browser).await;
    let refused = browser.get(&format!("/sign-in/callback?error=access_denied&state={state}")).await;
    assert_eq!(refused.status(), 403);
    assert!(refused.text().await.unwrap().contains("access_denied"));
    // In another browser, as when a person was made to follow a link of another's sign-in.
    let (code, state) = begin(&mut browser).await;
    let mut other = Browser::new(&server);
    assert_eq!(other.get(&back(&code, &state)).await.status(), 400);
    let (_, newer) = begin(&mut browser).await;
    assert_eq!(browser.get(&back("code-99", &newer)).await.status(), 403, "no such code");
    assert_eq!(browser.get(&back(&code, &state)).await.status(), 303);
    browser.cookies.clear();
    let (again, state) = begin(&mut browser).await;
    let kept = browser.cookies.clone();
    assert_eq!(browser.get(&back(&again, &state)).await.status(), 303);
    browser.cookies = kept;
    assert_eq!(browser.get(&back(&again, &state)).await.status(), 403, "a code is good once");

    for change in ["nonce", "key"] {
        browser.cookies.clear();
        provider.told.lock().unwrap().is_other_nonce = change == "nonce";
        provider.told.lock().unwrap().is_other_key = change == "key";
        let answer = browser.sign_in_at(&provider, "/").await;
        assert_eq!(answer.status(), 403, "{change}");
        assert!(answer.text().await.unwrap().contains("You are not signed in: "), "{change}");
        assert!(browser.cookies.is_empty(), "{change}");
    }
    // What is kept of a begun sign-in cannot be changed.
    provider.told.lock().unwrap().is_other_key = false;
    let (code, state) = begin(&mut browser).await;
    let (name, sealed) = browser.cookies[0].clone();
    for at in [0, sealed.len() / 2, sealed.len() - 1] {
        let mut changed = sealed.clone();
        changed.replace_range(at..=at, if &sealed[at..=at] == "0" { "1" } else { "0" });
        browser.cookies = vec![(name.clone(), changed)];
        assert_eq!(browser.get(&back(&code, &state)).await.status(), 400);
    }
}

#[tokio::test]
async fn providers_go_and_come_back() {
    let mut provider = TestProvider::start().await;
    let issuer = provider.issuer.clone();
    let settings = [
        RESTING[0],
        ("STUDIO_OIDC_ISSUER", &issuer),
        ("STUDIO_OIDC_CLIENT_ID", "studio"),
        ("STUDIO_OIDC_CLIENT_SECRET", "s3 cret"),
    ];
    let server = Studio::with(&settings);
    let (mut jana, mut ben) = (Browser::new(&server), Browser::new(&server));
    assert_eq!(jana.sign_in_at(&provider, "/").await.status(), 303);
    provider.stop().await;
    let away = ben.get("/sign-in/oidc?to=/pipeline").await;
    assert_eq!(away.status(), 502);
    let said = away.text().await.unwrap();
    assert!(said.contains("The provider does not answer. Those who are signed in stay so"), "{said}");
    assert_eq!(jana.session().await["name"], "jana");
    provider.start_again().await;
    provider.rotate();
    assert_eq!(ben.sign_in_at(&provider, "/").await.status(), 303, "by a key that is new");
    assert_eq!(jana.session().await["name"], "jana");
}

#[tokio::test]
async fn a_sign_out_holds_on_every_server() {
    let database = TestDatabase::by(Cluster::here().address());
    let settings = [database.settings().as_slice(), &RESTING].concat();
    let (one, two) = (Studio::with(&settings), Studio::with(&settings));
    add(&one.folder, &settings, "jana", "admin");
    let mut here = Browser::new(&one);
    assert_eq!(here.sign_in("jana", PASSWORD, "").await.status(), 303);
    let mut there = Browser::with(&two, here.cookies.clone());
    assert_eq!(there.session().await["name"], "jana");
    here.send("POST", "/sign-out", &[]).await;
    assert_eq!(there.status("GET", "/api/session").await, 401);
}
