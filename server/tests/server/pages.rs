//! Pages and the poll, as a browser without JavaScript and a browser with it ask for them.

use std::time::Duration;

use serde_json::json;

use crate::studio::{Studio, run, until, with};

#[tokio::test]
async fn the_panel_is_whole_without_javascript() {
    let studio = Studio::start();
    studio.stored(&with(&run("c", "r"), &json!({"campaignName": "Autumn launch", "costUSD": 0.3}))).await;
    let answer = studio.get("/").await;
    assert_eq!(answer.status(), 200);
    let page = answer.text().await.unwrap();
    for piece in [
        "data-tile=\"cost\"",
        "data-tile=\"tokens\"",
        "<data value=\"0.30000\"",
        "<data value=\"75.00\"",
        "Autumn launch",
        "</html>",
    ] {
        assert!(page.contains(piece), "no {piece} in the page");
    }
}

#[tokio::test]
async fn empty_panels_show_how_to_begin() {
    let studio = Studio::start();
    let page = studio.get("/").await.text().await.unwrap();
    assert!(page.contains(&format!("curl {}/api/metrics/campaign", studio.url)), "{page}");
}

#[tokio::test]
async fn unchanged_polls_are_304() {
    let studio = Studio::start();
    let poll = || studio.request("GET", "/api/panel?range=live&tile=cost");
    // The relay's first steps may still move the balance.
    until("two polls alike", async || {
        let tag = poll().send().await.unwrap().headers()["etag"].clone();
        let again = poll().header("if-none-match", &tag).send().await.unwrap();
        let size: usize =
            again.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        (again.status() == 304).then(|| assert!(size <= 280, "{size} bytes: {:?}", again.headers()))
    })
    .await;
    let tag = poll().send().await.unwrap().headers()["etag"].clone();
    studio.stored(&run("c", "r")).await;
    let started = tokio::time::Instant::now();
    until("the new run", async || {
        (poll().header("if-none-match", &tag).send().await.unwrap().status() == 200).then_some(())
    })
    .await;
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[tokio::test]
async fn zones_come_from_link_cookie_settings() {
    let studio = Studio::with(&[("STUDIO_TZ", "Asia/Tokyo")]);
    for (path, cookie, zone) in [
        ("/", "", "Asia/Tokyo"),
        ("/", "tz=Europe/Berlin", "Europe/Berlin"),
        ("/?tz=America/Lima", "tz=Europe/Berlin", "America/Lima"),
        ("/?tz=Mars/Olympus", "", "Asia/Tokyo"),
    ] {
        let page =
            studio.request("GET", path).header("cookie", cookie).send().await.unwrap().text().await.unwrap();
        assert!(
            page.contains(&format!("Days in {zone}")),
            "{path} with {cookie:?} should count days in {zone}"
        );
    }
}

#[tokio::test]
async fn the_theme_is_kept_in_a_cookie() {
    let studio = Studio::start();
    let choose = |to: &str, referer: &str| {
        studio.request("POST", "/theme").header("referer", referer).form(&[("to", to)])
    };
    let answer = choose("dark", &format!("{}/?range=30d", studio.url)).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["location"].to_str().unwrap()),
        (303, "/?range=30d")
    );
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("theme=dark; ") && cookie.contains("SameSite=Lax"), "{cookie}");
    let page =
        studio.request("GET", "/").header("cookie", "theme=dark").send().await.unwrap().text().await.unwrap();
    assert!(page.contains("data-theme=\"dark\""));
    let odd = format!("{}/\\evil.example", studio.url);
    for referer in ["https://evil.example/x", "//evil.example", &odd, ""] {
        assert_eq!(choose("light", referer).send().await.unwrap().headers()["location"], "/", "{referer}");
    }
    assert!(
        choose("system", "").send().await.unwrap().headers()["set-cookie"]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
    assert!(!cookie.contains("Secure"), "{cookie}");
    let secure = Studio::with(&[("STUDIO_PUBLIC_URL", "https://metrics.example.com")]);
    let answer = secure.request("POST", "/theme").form(&[("to", "dark")]).send().await.unwrap();
    assert!(answer.headers()["set-cookie"].to_str().unwrap().ends_with("; Secure"));
    assert_eq!(choose("pink", "").send().await.unwrap().status(), 422);
    assert_eq!(studio.request("POST", "/theme").send().await.unwrap().status(), 422);
}

#[tokio::test]
async fn a_poll_leads_nowhere_else() {
    let studio = Studio::start();
    for referer in ["https://evil.example/x", "javascript:alert(1)", &format!("{}/", studio.url)] {
        let poll =
            studio.request("GET", "/api/panel").header("accept", "text/html").header("referer", referer);
        let answer = poll.send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers().get("location")), (200, None), "{referer}");
    }
}

#[tokio::test]
async fn a_page_without_its_module_comes_again() {
    let studio = Studio::start();
    let has = async |path: &str| {
        let page = studio.get(path).await.text().await.unwrap();
        (page.contains("modulepreload"), page.contains(r#"http-equiv="refresh" content="10""#))
    };
    // Whether there is a module depends on what was built in this tree before.
    let (is_live, comes_again) = has("/").await;
    assert_eq!(comes_again, !is_live);
    assert_eq!(has("/pipeline").await, (false, false), "a page that was never to be live stands still");
}

#[tokio::test]
async fn missing_pages_say_so() {
    let studio = Studio::start();
    let answer = studio.request("GET", "/nothing").header("accept", "text/html,*/*").send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert!(answer.text().await.unwrap().contains("Back to the panel"));
    let answer = studio.request("GET", "/nothing").send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn pages_and_polls_come_compressed() {
    let studio = Studio::start();
    for coding in ["br", "gzip"] {
        let answer = studio.request("GET", "/").header("accept-encoding", coding).send().await.unwrap();
        assert_eq!(answer.headers()["content-encoding"], coding);
    }
}
