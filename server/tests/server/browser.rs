//! A browser as far as sign-ins need one: it keeps cookies, follows nothing, and says where its forms come from.

use reqwest::{Response, header::HeaderMap};
use serde_json::Value as Json;

use crate::{studio::Studio, test_provider::TestProvider};

/// One browser: what it was given it sends again.
pub struct Browser<'a> {
    studio: &'a Studio,
    client: reqwest::Client,
    pub cookies: Vec<(String, String)>,
}

impl<'a> Browser<'a> {
    pub fn new(studio: &'a Studio) -> Self {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { studio, client, cookies: Vec::new() }
    }

    /// One that was given these cookies.
    pub fn with(studio: &'a Studio, cookies: Vec<(String, String)>) -> Self {
        Self { cookies, ..Self::new(studio) }
    }

    pub async fn send(&mut self, method: &str, path: &str, form: &[(&str, &str)]) -> Response {
        let url =
            if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.studio.url) };
        let mut request = self.client.request(method.parse().unwrap(), url);
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request = request.header("cookie", cookies.join("; "));
        if method == "POST" {
            request = request.form(form).header("origin", &self.studio.url);
        }
        let answer = request.send().await.unwrap();
        self.keep(answer.headers());
        answer
    }

    fn keep(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all("set-cookie") {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            assert!(attributes.contains("HttpOnly; SameSite=Lax"), "{attributes}");
            self.cookies.retain(|(kept, _)| kept != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    pub async fn get(&mut self, path: &str) -> Response {
        self.send("GET", path, &[]).await
    }

    pub async fn status(&mut self, method: &str, path: &str) -> u16 {
        self.send(method, path, &[]).await.status().as_u16()
    }

    pub async fn sign_in(&mut self, name: &str, password: &str, to: &str) -> Response {
        self.send("POST", "/sign-in", &[("name", name), ("password", password), ("to", to)]).await
    }

    pub async fn session(&mut self) -> Json {
        self.get("/api/session").await.json().await.unwrap()
    }

    /// By way of the provider, where the person agrees: the answer to their coming back.
    pub async fn sign_in_at(&mut self, provider: &TestProvider, to: &str) -> Response {
        let begun = self.get(&format!("/sign-in/oidc?to={to}")).await;
        assert_eq!(begun.status(), 303, "{:?}", begun.text().await);
        let (code, state) = provider.agree(begun.headers()["location"].to_str().unwrap());
        self.get(&format!("/sign-in/callback?code={code}&state={state}")).await
    }
}

/// The status, and where it leads.
pub fn leads_to(answer: &Response) -> (u16, String) {
    let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
    (answer.status().as_u16(), to.unwrap_or_default())
}
