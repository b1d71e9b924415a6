//! The HTTP side: connections, bodies, faults on order, and which part of the house answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::answer::{Answer, Request};
use crate::disturbance::{Disturbance, Effect, locked};
use crate::fault::Fault;
use crate::organisation::Organisation;
use crate::surroundings::Surroundings;
use crate::trace::{Exchange, excerpt};
use crate::{admin, dispatch, identity};

/// Bodies larger than this are refused: what the cloud takes in a bulk request \[D:bulk-operations.md\].
const LARGEST_BODY: usize = 116 * 1024 * 1024;
/// A client that does not finish its head holds a connection no longer than this.
const HEAD_DEADLINE: Duration = Duration::from_secs(30);
/// Open requests may finish for this long when the emulator stops.
const STOP_DEADLINE: Duration = Duration::from_secs(5);

/// The connection is to be cut without an answer.
#[derive(Debug, thiserror::Error)]
#[error("a fault that was asked for")]
struct Cut;

/// What one connection's requests are answered with.
#[derive(Clone)]
struct Door {
    organisation: Arc<Organisation>,
    peer: SocketAddr,
    /// `http` or `https`: links are built from how a request came.
    scheme: &'static str,
    stopped: watch::Receiver<bool>,
}

pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    organisation: Arc<Organisation>,
    mut stopped: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: others will be closed in a moment.
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            Some(_) = connections.join_next() => continue,
            // A sender that is gone means that the emulator was dropped.
            _ = stopped.changed() => break,
        };
        let scheme = if tls.is_some() { "https" } else { "http" };
        let door = Door { organisation: Arc::clone(&organisation), peer, scheme, stopped: stopped.clone() };
        let _ = stream.set_nodelay(true);
        match tls.clone() {
            None => connections.spawn(connection(stream, door, graceful.watcher())),
            Some(tls) => connections.spawn(handshake(tls, stream, door, graceful.watcher())),
        };
    }
    drop(listener);
    if tokio::time::timeout(STOP_DEADLINE, graceful.shutdown()).await.is_err() {
        tracing::warn!("open requests were cut off");
    }
    connections.shutdown().await;
}

async fn handshake(tls: TlsAcceptor, stream: TcpStream, door: Door, watcher: Watcher) {
    let mut stopped = door.stopped.clone();
    let shaken = tokio::select! {
        shaken = tokio::time::timeout(HEAD_DEADLINE, tls.accept(stream)) => shaken,
        _ = stopped.changed() => return,
    };
    match shaken {
        Ok(Ok(stream)) => connection(stream, door, watcher).await,
        // A client that does not trust the authority, most likely.
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

async fn connection<S>(stream: S, door: Door, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| door.clone().answer(request));
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
}

impl Door {
    async fn answer(self, request: http::Request<Incoming>) -> Result<Response<Full<Bytes>>, Cut> {
        let watch = Surroundings::stopwatch();
        let (head, body) = request.into_parts();
        let body = match Limited::new(body, LARGEST_BODY).collect().await {
            Ok(body) => body.to_bytes(),
            Err(_) => {
                let message = "The request body is too large, or broke off.";
                return Ok(response(Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "0x80060888", message).into()));
            }
        };
        let traced = (self.organisation.options.admin && !is_admin(&head))
            .then(|| (head.method.to_string(), head.uri.to_string(), excerpt(head.uri.path(), &body)));
        let organisation = Arc::clone(&self.organisation);
        let outcome = self.disturbed(head, body).await;
        if let Some((method, path, request)) = traced {
            let answer = outcome.as_ref().ok();
            let now = organisation.surroundings.now_ms();
            organisation.trace.add(Exchange {
                at: jiff::Timestamp::from_millisecond(now).unwrap_or_default().to_string(),
                status: answer.map(|answer| answer.status.as_u16()),
                milliseconds: u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX),
                answer: answer.map(|answer| excerpt(&path, &answer.body)).unwrap_or_default(),
                changed: answer.map(|answer| answer.changed.clone()).unwrap_or_default(),
                method,
                path,
                request,
            });
        }
        outcome.map(response)
    }

    /// The answer, or what a disturbance makes of it.
    async fn disturbed(mut self, head: Parts, body: Bytes) -> Result<Answer, Cut> {
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
            Effect::Answer => Ok(disturbance.answer()),
            Effect::CutBefore => Err(Cut),
            Effect::CutAfter => {
                self.run(head, body).await;
                Err(Cut)
            }
            Effect::Hang => {
                let _ = self.stopped.changed().await;
                Err(Cut)
            }
            // It befalls rows, not requests.
            Effect::Refuse => Ok(self.run(head, body).await),
            Effect::Delay => self.late(&disturbance, head, body).await,
            Effect::Lock => {
                let organisation = Arc::clone(&self.organisation);
                let Ok(_held) = organisation.customizing.try_lock() else {
                    return Ok(locked(organisation.identity.organization).into());
                };
                self.late(&disturbance, head, body).await
            }
        }
    }

    async fn late(mut self, disturbance: &Disturbance, head: Parts, body: Bytes) -> Result<Answer, Cut> {
        let delay = Duration::from_millis(disturbance.milliseconds.unwrap_or(1000));
        tokio::select! {
            () = tokio::time::sleep(delay) => Ok(self.run(head, body).await),
            _ = self.stopped.changed() => Err(Cut),
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

fn is_admin(head: &Parts) -> bool {
    head.uri.path().starts_with("/_emulator/")
}

async fn route(door: &Door, head: &Parts, body: Bytes) -> Answer {
    let organisation = &*door.organisation;
    let path = head.uri.path();
    if let Some(rest) = path.strip_prefix("/_emulator/v1/")
        && organisation.options.admin
        && admin::may_enter(door.peer.ip(), host(head), header_text(head, &header::ORIGIN))
    {
        return admin::respond(organisation, &head.method, rest, head.uri.query().unwrap_or_default(), &body)
            .await;
    }
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    if let [tenant, "oauth2", "v2.0", "token"] = segments[..] {
        return identity::respond(organisation, tenant, &head.method, &head.headers, &body);
    }
    if let [tenant, "v2.0", ".well-known", "openid-configuration"] = segments[..] {
        let origin = format!("{}://{}", door.scheme, host(head));
        return identity::discover(organisation, tenant, &head.method, &origin);
    }
    let ["api", "data", version, ..] = segments[..] else {
        return Fault::new(StatusCode::NOT_FOUND, "", format!("Nothing is at '{path}'.")).into();
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
        base: format!("{}://{}{root}", door.scheme, host(head)),
        headers: head.headers.clone(),
        body,
        // Whoever it is, dispatch will see.
        caller: Arc::default(),
    };
    if request.method == Method::OPTIONS {
        return dispatch::not_allowed(&request.method).into();
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
