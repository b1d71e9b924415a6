//! Views that are shared: by a link, and in a frame of another page.

use reqwest::Response;
use serde_json::{Value as Json, json};

use crate::{
    browser::Browser,
    people::{PASSWORD, add},
    studio::{RUNS, Studio, run},
};

const RESTING: [(&str, &str); 1] = [("USE_DATAVERSE", "false")];
const LINKS: &str = "/api/share-links";

async fn wished(studio: &Studio, path: &str, wish: &Json) -> Response {
    studio.request("POST", path).json(wish).send().await.unwrap()
}

/// The path of a new link.
async fn made(studio: &Studio, wish: &Json) -> String {
    let answer = wished(studio, LINKS, wish).await;
    assert_eq!(answer.status(), 201);
    let made: Json = answer.json().await.unwrap();
    made["url"].as_str().unwrap().strip_prefix(&studio.url).unwrap().to_owned()
}

async fn seen(studio: &Studio, path: &str) -> (u16, String) {
    let answer = studio.get(path).await;
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_link_shows_its_view_and_nothing_else() {
    let server = Studio::with(&RESTING);
    server.post(&json!([run("c1", "1"), run("c2", "2")])).await;
    let path = made(&server, &json!({"view": "/?range=30d&campaign=c1"})).await;
    add(&server.folder, &RESTING, "jana", "admin");
    let answer = server.get(&path).await;
    assert_eq!(answer.status(), 200, "without a sign-in");
    for (name, value) in [
        ("x-robots-tag", "noindex, nofollow"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "private, no-store"),
    ] {
        assert_eq!(answer.headers()[name], value);
    }
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
    let page = answer.text().await.unwrap();
    assert!(page.contains("30 days · c1") && page.contains("data-tile=\"cost\""), "{page}");
    let body = page.split("id=\"live\"").nth(1).unwrap();
    let live = body.split("<script").next().unwrap();
    for pressed in ["href=", "<form", "<button", "<input", "<select", "<details"] {
        assert!(!live.contains(pressed), "{pressed} in {live}");
    }
    // What a visitor adds to the address changes nothing.
    for more in ["?range=90d&campaign=c2", "?campaign=c2", "?theme=dark"] {
        let (_, other) = seen(&server, &format!("{path}{more}")).await;
        assert!(other.contains("30 days · c1"), "{more}");
    }
    let fresh = server.get(&format!("{path}/live")).await;
    let tag = fresh.headers()["etag"].clone();
    assert!(fresh.text().await.unwrap().contains("data-tile=\"cost\""));
    let again =
        server.request("GET", &format!("{path}/live")).header("if-none-match", tag).send().await.unwrap();
    assert_eq!(again.status(), 304);
    // It opens nothing else, and none of its letters can be changed.
    let token = path.strip_prefix("/s/").unwrap();
    let mut other = Browser::new(&server);
    assert_eq!(other.status("GET", "/").await, 303);
    assert_eq!(server.request("GET", RUNS).bearer_auth(token).send().await.unwrap().status(), 401);
    for at in 0..token.len() {
        let mut changed = token.to_owned();
        changed.replace_range(at..=at, if &token[at..=at] == "A" { "B" } else { "A" });
        assert_eq!(seen(&server, &format!("/s/{changed}")).await.0, 404, "{changed}");
    }

    let mut jana = Browser::new(&server);
    jana.sign_in("jana", PASSWORD, "").await;
    let listed: Json = jana.get(LINKS).await.json().await.unwrap();
    let link = &listed["links"][0];
    assert_eq!((&link["visits"], &link["hasPassword"]), (&json!(4), &json!(false)), "{link}");
    let one = format!("{LINKS}/{}", link["id"].as_str().unwrap());
    assert_eq!(jana.status("DELETE", &one).await, 204);
    assert_eq!(seen(&server, &path).await.0, 404);
    assert_eq!(seen(&server, &format!("{path}/live")).await.0, 404);
}

#[tokio::test]
async fn links_end_and_may_have_a_password() {
    let server = Studio::with(&[("STUDIO_NOW", "2026-11-21T13:05:00Z")]);
    let answer: Json = wished(&server, LINKS, &json!({"view": "/", "days": 2})).await.json().await.unwrap();
    assert_eq!(answer["expires"], "2026-11-23T13:05:00Z");
    let fixed = made(&server, &json!({"view": "/?range=30d", "fixed": true})).await;
    let (_, page) = seen(&server, &fixed).await;
    let scope = page.split("class=\"scope\"><strong>").nth(1).unwrap().split('<').next().unwrap();
    assert_eq!(scope, "22 Oct – 21 Nov · All campaigns");
    let relative = made(&server, &json!({"view": "/campaigns/c1?range=90d"})).await;
    let secret = made(&server, &json!({"view": "/", "password": PASSWORD})).await;

    let mut browser = Browser::new(&server);
    let asked = browser.get(&secret).await.text().await.unwrap();
    assert!(asked.contains("This view has a password") && !asked.contains("data-tile"), "{asked}");
    assert_eq!(browser.status("GET", &format!("{secret}/live")).await, 404);
    assert_eq!(browser.send("POST", &secret, &[("password", "another")]).await.status(), 401);
    let opened = browser.send("POST", &secret, &[("password", PASSWORD)]).await;
    assert_eq!(opened.status(), 303);
    assert!(browser.get(&secret).await.text().await.unwrap().contains("data-tile"));
    assert_eq!(browser.status("GET", &format!("{secret}/live")).await, 200);

    let told: Json = wished(&server, "/api/embed-tokens", &json!({"view": "/", "minutes": 1440}))
        .await
        .json()
        .await
        .unwrap();
    let token = format!("/s/{}", told["token"].as_str().unwrap());
    // Clocks that go on: what is over shows nothing.
    let soon = Studio::within(server.kill(), &[("STUDIO_NOW", "2026-11-22T13:04:59Z")]);
    assert_eq!([seen(&soon, &token).await.0, seen(&soon, &fixed).await.0], [200, 200]);
    let later = Studio::within(soon.kill(), &[("STUDIO_NOW", "2026-11-28T13:05:00Z")]);
    for path in [&fixed, &relative, &secret, &token] {
        assert_eq!(seen(&later, path).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn wrong_wishes_make_no_link() {
    let server = Studio::with(&RESTING);
    for (wish, field) in [
        (json!({}), "view"),
        (json!({"view": "https://evil.example/"}), "view"),
        (json!({"view": "/pipeline"}), "view"),
        (json!({"view": "/settings/keys"}), "view"),
        (json!({"view": "/", "days": 0}), "days"),
        (json!({"view": "/", "days": 367}), "days"),
        (json!({"view": "/", "days": "soon"}), "days"),
        (json!({"view": "/", "password": "short"}), "password"),
        (json!({"view": "/", "fixed": 1}), "fixed"),
        (json!({"view": "/", "visits": 1}), "visits"),
    ] {
        let answer = wished(&server, LINKS, &wish).await;
        assert_eq!(answer.status(), 422, "{wish}");
        let problem: Json = answer.json().await.unwrap();
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    for (wish, field) in [(json!({"view": "/x"}), "view"), (json!({"view": "/", "minutes": 0}), "minutes")] {
        let problem: Json = wished(&server, "/api/embed-tokens", &wish).await.json().await.unwrap();
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    assert_eq!(server.json(LINKS).await["links"], json!([]));
}

#[tokio::test]
async fn readers_see_to_their_own_links() {
    let server = Studio::with(&RESTING);
    add(&server.folder, &RESTING, "jana", "admin");
    add(&server.folder, &RESTING, "ben", "reader");
    let (mut jana, mut ben) = (Browser::new(&server), Browser::new(&server));
    jana.sign_in("jana", PASSWORD, "").await;
    ben.sign_in("ben", PASSWORD, "").await;
    for (browser, view) in [(&mut jana, "/?range=90d"), (&mut ben, "/?range=30d")] {
        let page = browser.send("POST", "/settings/links", &[("view", view), ("days", "7")]).await;
        assert_eq!(page.status(), 200);
        assert!(page.text().await.unwrap().contains("id=\"link-text\""));
    }
    let count = async |browser: &mut Browser<'_>| {
        let listed: Json = browser.get(LINKS).await.json().await.unwrap();
        listed["links"].as_array().unwrap().clone()
    };
    assert_eq!((count(&mut jana).await.len(), count(&mut ben).await.len()), (2, 1));
    let of_jana = count(&mut jana).await.into_iter().find(|link| link["madeBy"] == "jana").unwrap();
    let one = format!("{LINKS}/{}", of_jana["id"].as_str().unwrap());
    assert_eq!(ben.status("DELETE", &one).await, 404, "it is not his");
    assert_eq!(ben.status("POST", "/api/embed-tokens").await, 403);
    ben.send("POST", "/settings/links", &[("revoke", of_jana["id"].as_str().unwrap())]).await;
    assert_eq!(count(&mut jana).await.len(), 2);
    assert_eq!(jana.status("DELETE", &one).await, 204);
    let mut stranger = Browser::new(&server);
    assert_eq!(stranger.status("GET", LINKS).await, 401);
    assert_eq!(stranger.status("GET", "/settings/links").await, 303);
}

#[tokio::test]
async fn named_pages_may_frame_it_and_no_others() {
    let origins = [RESTING[0], ("STUDIO_FRAME_ORIGINS", "https://studio.example.com, http://127.0.0.1:9")];
    let server = Studio::with(&origins);
    let answer = wished(&server, "/api/embed-tokens", &json!({"view": "/?range=30d"})).await;
    assert_eq!(answer.status(), 201);
    let told: Json = answer.json().await.unwrap();
    let path = format!("/s/{}", told["token"].as_str().unwrap());
    let framed = server.request("GET", &path);
    let framed = framed
        .header("sec-fetch-site", "cross-site")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "iframe");
    let framed = framed.send().await.unwrap();
    assert_eq!(framed.status(), 200);
    let policy = framed.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.ends_with("frame-ancestors https://studio.example.com http://127.0.0.1:9"), "{policy}");
    assert!(!framed.headers().contains_key("x-frame-options"));
    assert!(framed.text().await.unwrap().contains("30 days · All campaigns"));
    // Everything but pages is framed by none.
    let api = server.get("/api/session").await;
    assert_eq!(api.headers()["x-frame-options"], "DENY");
    let closed = Studio::with(&RESTING);
    let page = closed.get("/").await;
    assert_eq!(page.headers()["x-frame-options"], "DENY");
    let framed = closed
        .request("GET", "/")
        .header("sec-fetch-site", "cross-site")
        .header("sec-fetch-mode", "navigate");
    assert_eq!(framed.header("sec-fetch-dest", "iframe").send().await.unwrap().status(), 403);
}
