//! The HTTP side: connections, bodies, and which part of the house answers.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::answer::{Answer, Request};
use crate::fault::Fault;
use crate::organisation::Organisation;
use crate::{dispatch, identity};

/// Bodies larger than this are refused: what the cloud takes in a bulk request [D:bulk-operations.md].
const LARGEST_BODY: usize = 116 * 1024 * 1024;
/// A client that does not finish its head holds a connection no longer than this.
const HEAD_DEADLINE: Duration = Duration::from_secs(30);
/// Open requests may finish for this long when the emulator stops.
const STOP_DEADLINE: Duration = Duration::from_secs(5);

pub(super) async fn serve(
    listener: TcpListener,
    organisation: Arc<Organisation>,
    mut stopped: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, most likely: others will be closed in a moment.
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            // A sender that is gone means that the emulator was dropped.
            _ = stopped.changed() => break,
        };
        let _ = stream.set_nodelay(true);
        let organisation = Arc::clone(&organisation);
        let service = service_fn(move |request| answer(Arc::clone(&organisation), request));
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_DEADLINE)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(STOP_DEADLINE, graceful.shutdown()).await.is_err() {
        tracing::warn!("open requests were cut off");
    }
}

async fn answer(
    organisation: Arc<Organisation>,
    request: http::Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let answer = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => {
            let body = body.to_bytes();
            // A client that hangs up must not stop a write half way: what runs, runs to its end.
            let running = tokio::spawn(async move { route(&organisation, &head, body).await });
            running.await.unwrap_or_else(|error| {
                tracing::error!(%error, "a request ended in a panic");
                Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "0x80040216", "An unexpected error occurred.")
                    .into()
            })
        }
        Err(_) => {
            let message = "The request body is too large, or broke off.";
            Fault::new(StatusCode::PAYLOAD_TOO_LARGE, "0x80060888", message).into()
        }
    };
    Ok(response(answer))
}

async fn route(organisation: &Organisation, head: &http::request::Parts, body: Bytes) -> Answer {
    let path = head.uri.path();
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    if let [tenant, "oauth2", "v2.0", "token"] = segments[..] {
        return identity::respond(organisation, tenant, &head.method, &head.headers, &body);
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
    let host = head.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let request = Request {
        method: head.method.clone(),
        target: whole.strip_prefix(&root).unwrap_or_default().to_owned(),
        base: format!("http://{host}{root}"),
        headers: head.headers.clone(),
        body,
    };
    if request.method == Method::OPTIONS {
        return dispatch::not_allowed(&request.method).into();
    }
    let id = organisation.surroundings.id().to_string();
    dispatch::respond(organisation, &request)
        .await
        .with("odata-version", "4.0")
        .with("x-ms-service-request-id", id.clone())
        .with("req_id", id)
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
