//! Stands before a server: answers as scripted first, then hands on, and remembers what came and when.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{Response, header},
};
use tokio::{net::TcpListener, time::Instant};

use crate::studio::{RUNS, Studio, client};

/// One scripted answer: status, headers, body.
pub type ScriptedAnswer = (u16, Vec<(&'static str, String)>, &'static str);

pub struct ServerFront {
    pub url: String,
    calls: Arc<FrontCalls>,
}

struct FrontCalls {
    target: String,
    client: reqwest::Client,
    script: Mutex<VecDeque<ScriptedAnswer>>,
    seen: Mutex<Vec<(Instant, String)>>,
}

impl ServerFront {
    pub async fn before(studio: &Studio, script: Vec<ScriptedAnswer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(FrontCalls {
            target: format!("{}{RUNS}", studio.url),
            client: client(),
            script: Mutex::new(script.into()),
            seen: Mutex::default(),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&calls));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, calls }
    }

    /// What came, and when.
    pub fn seen(&self) -> Vec<(Instant, String)> {
        self.calls.seen.lock().unwrap().clone()
    }
}

async fn answer(State(calls): State<Arc<FrontCalls>>, body: String) -> Response<Body> {
    calls.seen.lock().unwrap().push((Instant::now(), body.clone()));
    let scripted = calls.script.lock().unwrap().pop_front();
    if let Some((status, headers, text)) = scripted {
        let mut answer = Response::builder().status(status);
        for (name, value) in headers {
            answer = answer.header(name, value);
        }
        return answer.body(Body::from(text)).unwrap();
    }
    let request =
        calls.client.post(&calls.target).header(header::CONTENT_TYPE, "application/json").body(body);
    let answer = request.send().await.unwrap();
    let status = answer.status();
    Response::builder().status(status).body(Body::from(answer.text().await.unwrap())).unwrap()
}
