//! A server that answers as a test says, keeps what it was asked, and a clock that a test moves.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use dataverse::{Client, Runtime, Settings};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::Instant;

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Received {
    pub target: String,
    pub headers: hyper::HeaderMap,
    pub body: String,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// What to do about a request.
pub enum Say {
    Answer(u16, Vec<(&'static str, String)>, String),
    /// Closes the connection.
    Cut,
    /// Keeps it open for ever.
    Nothing,
}

pub fn answer(status: u16, body: &Value) -> Say {
    Say::Answer(status, Vec::new(), body.to_string())
}

pub fn with(status: u16, headers: &[(&'static str, &str)], body: &str) -> Say {
    Say::Answer(
        status,
        headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
        body.to_owned(),
    )
}

pub fn token(number: usize) -> Say {
    answer(
        200,
        &json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": format!("token-{number}") }),
    )
}

pub fn who() -> Say {
    let id = "00000000-0000-0000-0000-000000000001";
    answer(200, &json!({ "UserId": id, "BusinessUnitId": id, "OrganizationId": id }))
}

type Script = dyn Fn(&Received, usize) -> Say + Send + Sync;

/// The server, and everything that it was asked.
pub struct WireStandIn {
    pub url: String,
    pub clock: Arc<FrozenClock>,
    received: Arc<Mutex<Vec<Received>>>,
}

/// Stands still until it is moved; chance always comes up lowest, so that nothing waits.
pub struct FrozenClock {
    start: Instant,
    moved_ms: AtomicU64,
}

impl FrozenClock {
    pub fn advance(&self, by: Duration) {
        self.moved_ms.fetch_add(u64::try_from(by.as_millis()).unwrap(), Relaxed);
    }
}

impl Runtime for FrozenClock {
    fn instant(&self) -> Instant {
        self.start + Duration::from_millis(self.moved_ms.load(Relaxed))
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
    }

    fn chance(&self) -> f64 {
        0.0
    }
}

impl WireStandIn {
    /// `script` gets each request and how many of its kind (token or not) came before.
    pub async fn start(script: impl Fn(&Received, usize) -> Say + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let script: Arc<Script> = Arc::new(script);
        let kept = Arc::clone(&received);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, kept) = (Arc::clone(&script), Arc::clone(&kept));
                let service =
                    service_fn(move |request| respond(Arc::clone(&script), Arc::clone(&kept), request));
                tokio::spawn(async move {
                    let connection = hyper::server::conn::http1::Builder::new();
                    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        let clock = Arc::new(FrozenClock { start: Instant::now(), moved_ms: AtomicU64::new(0) });
        Self { url, clock, received }
    }

    pub fn settings(&self) -> Settings {
        let mut settings = Settings::new(&self.url, format!("{}/token", self.url), "app", "hunter2");
        settings.deadline = Duration::from_secs(5);
        settings
    }

    pub fn client(&self) -> Client {
        self.client_with(self.settings())
    }

    pub fn client_with(&self, settings: Settings) -> Client {
        let clock: Arc<dyn Runtime> = self.clock.clone();
        Client::with_runtime(settings, clock).unwrap()
    }

    /// Requests to the Web API so far.
    pub fn asked(&self) -> Vec<Received> {
        let all = self.received.lock().unwrap();
        all.iter().filter(|request| request.target != "/token").cloned().collect()
    }

    /// Requests for a token so far.
    pub fn tokens(&self) -> Vec<Received> {
        let all = self.received.lock().unwrap();
        all.iter().filter(|request| request.target == "/token").cloned().collect()
    }
}

#[derive(Debug)]
struct ResponseCut;

impl std::fmt::Display for ResponseCut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut")
    }
}

impl std::error::Error for ResponseCut {}

async fn respond(
    script: Arc<Script>,
    kept: Arc<Mutex<Vec<Received>>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, ResponseCut> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| ResponseCut)?.to_bytes();
    let received = Received {
        target: head.uri.to_string(),
        headers: head.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let before = {
        let mut all = kept.lock().unwrap();
        let is_token = received.target == "/token";
        let before = all.iter().filter(|other: &&Received| (other.target == "/token") == is_token).count();
        all.push(received.clone());
        before
    };
    match script(&received, before) {
        Say::Cut => Err(ResponseCut),
        Say::Nothing => std::future::pending().await,
        Say::Answer(status, headers, body) => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            Ok(response.body(Full::new(body.into())).unwrap())
        }
    }
}
