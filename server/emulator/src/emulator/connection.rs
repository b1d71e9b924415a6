//! What one request meets: who may ask at all, how much of its body is read, faults on order, and which part of the
//! emulator answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::sync::watch;

use super::body::{self, BodyError, Whole};
use crate::answer::{Answer, Request};
use crate::fault::Fault;
use crate::fault_injection::{Disturbance, FaultEffect, locked};
use crate::organisation::Organisation;
use crate::surroundings::Surroundings;
use crate::trace::{TracedExchange, excerpt};
use crate::{admin, dispatch, identity};

/// What a token request may hold: a secret or an assertion, and some names.
const TOKEN_REQUEST: usize = 64 * 1024;
/// What an admin request may hold.
const SMALL: usize = 1024 * 1024;

/// The connection is to be cut without an answer.
#[derive(Debug, thiserror::Error)]
#[error("a fault that was asked for")]
pub(super) struct CutConnection;

/// What one connection's requests are answered with.
#[derive(Clone)]
pub(super) struct Connection {
    pub(super) organisation: Arc<Organisation>,
    pub(super) peer: SocketAddr,
    /// `http` or `https`: links are built from how a request came.
    pub(super) scheme: &'static str,
    pub(super) stopped: watch::Receiver<bool>,
}

impl Connection {
    pub(super) async fn answer(
        self,
        request: http::Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, CutConnection> {
        let watch = Surroundings::stopwatch();
        let (head, body) = request.into_parts();
        if let Some(refused) = self.turned_away(&head) {
            return Ok(response(refused.into()));
        }
        let body = match self.body(&head, body).await {
            Ok(body) => body,
            Err(fault) => return Ok(response(unread(fault).into())),
        };
        let traced = (self.organisation.options.admin && !is_admin(&head)).then(|| {
            (
                head.method.to_string(),
                TraceVisibility::of(&head),
                TraceVisibility::of(&head).excerpt(&body.bytes),
            )
        });
        let organisation = Arc::clone(&self.organisation);
        let outcome = self.disturbed(head, body.bytes.clone()).await;
        drop(body);
        if let Some((method, seen, request)) = traced {
            let answer = outcome.as_ref().ok();
            let now = organisation.surroundings.now_ms();
            organisation.trace.add(TracedExchange {
                at: jiff::Timestamp::from_millisecond(now).unwrap_or_default().to_string(),
                status: answer.map(|answer| answer.status.as_u16()),
                milliseconds: u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX),
                answer: answer.map(|answer| seen.excerpt(&answer.body)).unwrap_or_default(),
                changed: answer.map(|answer| answer.changed.clone()).unwrap_or_default(),
                method,
                path: seen.path,
                request,
            });
        }
        outcome.map(response)
    }

    /// A page elsewhere can point its own name at this machine, or post here from a browser.
    fn turned_away(&self, head: &Parts) -> Option<Fault> {
        let host = host(head);
        if self.organisation.options.only_here && !admin::names_this_machine(host) {
            let message = format!("'{host}' is not a name of this machine.");
            return Some(Fault::new(StatusCode::MISDIRECTED_REQUEST, "", message));
        }
        let mut origins = head.headers.get_all(header::ORIGIN).iter();
        // The admin routes have a gate of their own.
        let own = is_admin(head)
            || origins.all(|origin| admin::is_own_page(host, origin.to_str().unwrap_or_default()));
        (!own).then(|| Fault::new(StatusCode::FORBIDDEN, "", "A page of another origin sent this request."))
    }

    /// What of the body is wanted where it goes, and of whom it comes.
    async fn body(&self, head: &Parts, body: Incoming) -> Result<Whole, BodyError> {
        let most = match Way::of(head) {
            Way::Admin(_) if self.organisation.options.admin => SMALL,
            Way::Token(_) => TOKEN_REQUEST,
            Way::Api(_) if dispatch::authorize(&self.organisation, &head.headers).is_ok() => {
                if is_bulk(head.uri.path()) { body::LARGEST } else { body::USUAL }
            }
            Way::Admin(_) | Way::Api(_) | Way::Discovery(_) | Way::Keys(_) | Way::Nothing => {
                body::pass_by(body).await;
                return Ok(Whole::default());
            }
        };
        body::read(body, most, &self.organisation.room).await
    }

    /// The answer, or what a disturbance makes of it.
    async fn disturbed(mut self, head: Parts, body: Bytes) -> Result<Answer, CutConnection> {
        if is_admin(&head) {
            return Ok(self.run(head, body).await);
        }
        let now = self.organisation.surroundings.now_ms();
        let Some(disturbance) = self.organisation.disturbances.strike(&head.method, head.uri.path(), now)
        else {
            return Ok(self.run(head, body).await);
        };
        tracing::debug!(?disturbance, path = head.uri.path(), "a fault on order");
        match disturbance.effect {
            FaultEffect::Answer => Ok(disturbance.answer()),
            FaultEffect::CutBefore => Err(CutConnection),
            FaultEffect::CutAfter => {
                self.run(head, body).await;
                Err(CutConnection)
            }
            FaultEffect::Hang => {
                let _ = self.stopped.changed().await;
                Err(CutConnection)
            }
            // It befalls rows, not requests.
            FaultEffect::Refuse => Ok(self.run(head, body).await),
            FaultEffect::Delay => self.late(&disturbance, head, body).await,
            FaultEffect::Lock => {
                let organisation = Arc::clone(&self.organisation);
                let Ok(_held) = organisation.customizing.try_lock() else {
                    return Ok(locked(organisation.identity.organization).into());
                };
                self.late(&disturbance, head, body).await
            }
        }
    }

    async fn late(
        mut self,
        disturbance: &Disturbance,
        head: Parts,
        body: Bytes,
    ) -> Result<Answer, CutConnection> {
        let delay = Duration::from_millis(disturbance.milliseconds.unwrap_or(1000));
        tokio::select! {
            () = tokio::time::sleep(delay) => Ok(self.run(head, body).await),
            _ = self.stopped.changed() => Err(CutConnection),
        }
    }

    /// A client that hangs up must not stop a write half way: what runs, runs to its end.
    async fn run(self, head: Parts, body: Bytes) -> Answer {
        let running = tokio::spawn(async move { route(&self, &head, body).await });
        running.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a request ended in a panic");
            Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "0x80040216", "An unexpected error occurred.")
                .into()
        })
    }
}

/// Which part of the emulator answers, by the address alone.
enum Way<'a> {
    Admin(&'a str),
    /// A tenant's.
    Token(&'a str),
    Discovery(&'a str),
    Keys(&'a str),
    /// A version's.
    Api(&'a str),
    Nothing,
}

impl<'a> Way<'a> {
    fn of(head: &'a Parts) -> Self {
        let path = head.uri.path();
        if let Some(rest) = path.strip_prefix("/_emulator/v1/") {
            return Self::Admin(rest);
        }
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        match segments[..] {
            [tenant, "oauth2", "v2.0", "token"] => Self::Token(tenant),
            [tenant, "v2.0", ".well-known", "openid-configuration"] => Self::Discovery(tenant),
            [tenant, "discovery", "v2.0", "keys"] => Self::Keys(tenant),
            ["api", "data", version, ..] => Self::Api(version),
            _ => Self::Nothing,
        }
    }
}

/// What the trace may show. A token request holds the secret, and so may what was meant for the token endpoint and
/// missed it; only the Web API's addresses and bodies are kept as they are.
struct TraceVisibility {
    path: String,
    whole: bool,
}

impl TraceVisibility {
    fn of(head: &Parts) -> Self {
        match Way::of(head) {
            Way::Api(_) => Self { path: head.uri.to_string(), whole: true },
            _ => Self { path: head.uri.path().to_owned(), whole: false },
        }
    }

    fn excerpt(&self, body: &[u8]) -> String {
        if self.whole { excerpt(body) } else { "(not kept)".to_owned() }
    }
}

fn is_admin(head: &Parts) -> bool {
    head.uri.path().starts_with("/_emulator/")
}

/// Where many rows come in one body.
fn is_bulk(path: &str) -> bool {
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    matches!(last, "$batch" | "%24batch") || last.ends_with("Multiple")
}

fn unread(fault: BodyError) -> Fault {
    let (status, message) = match fault {
        BodyError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large."),
        BodyError::TooSlow => (StatusCode::REQUEST_TIMEOUT, "The request body was not there within 30 s."),
        BodyError::CutOff => (StatusCode::BAD_REQUEST, "The request body broke off."),
    };
    Fault::new(status, "0x80060888", message)
}

async fn route(connection: &Connection, head: &Parts, body: Bytes) -> Answer {
    let organisation = &*connection.organisation;
    let path = head.uri.path();
    let nothing = || Fault::new(StatusCode::NOT_FOUND, "", format!("Nothing is at '{path}'.")).into();
    let version = match Way::of(head) {
        Way::Admin(rest) => {
            let origin = header_text(head, &header::ORIGIN);
            if !organisation.options.admin || !admin::may_enter(connection.peer.ip(), host(head), origin) {
                return nothing();
            }
            let query = head.uri.query().unwrap_or_default();
            return admin::respond(organisation, &head.method, rest, query, &body).await;
        }
        Way::Token(tenant) => {
            return identity::respond(organisation, tenant, &head.method, &head.headers, &body);
        }
        Way::Discovery(tenant) => {
            let origin = format!("{}://{}", connection.scheme, host(head));
            return identity::discover(organisation, tenant, &head.method, &origin);
        }
        Way::Keys(tenant) => return identity::keys(organisation, tenant, &head.method),
        Way::Nothing => return nothing(),
        Way::Api(version) => version,
    };
    // Any version of the ninth is taken: clients differ in which they name.
    if !version.starts_with("v9.") {
        return Fault::new(StatusCode::NOT_FOUND, "", format!("The version '{version}' is not served."))
            .into();
    }
    let root = format!("/api/data/{version}/");
    let whole = head.uri.path_and_query().map_or(path, |whole| whole.as_str());
    let mut request = Request {
        method: head.method.clone(),
        target: whole.strip_prefix(&root).unwrap_or_default().to_owned(),
        base: format!("{}://{}{root}", connection.scheme, host(head)),
        headers: head.headers.clone(),
        body,
        // Dispatch sees whose it is.
        caller: Arc::default(),
    };
    if request.method == Method::OPTIONS {
        return Fault::not_allowed(&request.method).into();
    }
    let id = organisation.surroundings.id().to_string();
    dispatch::respond(organisation, &mut request)
        .await
        .with("odata-version", "4.0")
        .with("x-ms-service-request-id", id.clone())
        .with("req_id", id)
}

fn host(head: &Parts) -> &str {
    header_text(head, &header::HOST).unwrap_or("localhost")
}

fn header_text<'a>(head: &'a Parts, name: &HeaderName) -> Option<&'a str> {
    // One that is no text is not the same as none.
    head.headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

fn response(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = answer.status;
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    response
}
