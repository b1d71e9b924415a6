//! The accept loop: no client holds a place by being slow, and an end in order when it is time to go.

use std::{
    convert::Infallible,
    future, io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use bytes::Bytes;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    time,
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::gate::{Gate, Owed, Place};

/// How patient the server is.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// A request's head is there within this time, counted from when the connection is free for it. The panel polls
    /// every 10 s, and its connection should live through that.
    pub head: Duration,
    /// A client that takes nothing of its answer for this time is cut off.
    pub unread: Duration,
    /// Connections at one time; past that the one that has been idle longest is closed.
    pub connections: usize,
    /// How long open requests have to finish when the server ends.
    pub farewell: Duration,
}

impl Timeouts {
    #[must_use]
    pub const fn with(connections: usize) -> Self {
        Self {
            head: Duration::from_secs(15),
            unread: Duration::from_secs(30),
            connections,
            farewell: Duration::from_secs(5),
        }
    }
}

/// Serves until `stop`, then lets open requests finish.
pub async fn serve(listener: TcpListener, app: Router, patience: Timeouts, stop: CancellationToken) {
    let gate = Gate::new(patience.connections);
    let farewell = GracefulShutdown::new();
    let (mut crowds, mut faults) = (Seldom::default(), Seldom::default());
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                recover(&error, &gate, &mut faults).await;
                continue;
            }
        };
        let (place, crowded) = tokio::select! {
            () = stop.cancelled() => break,
            entered = gate.enter() => entered,
        };
        if crowded && let Some(times) = crowds.now() {
            tracing::warn!(
                http.connections = patience.connections,
                http.times = times,
                "all places are taken; the connections that were idle longest were closed for new ones"
            );
        }
        // Without this a page waits for the acknowledgement of its own first packet.
        _ = stream.set_nodelay(true);
        let peer = stream.peer_addr().ok().map(ConnectInfo);
        greet((stream, peer), place, app.clone(), patience, &farewell);
    }
    drop(listener);
    if time::timeout(patience.farewell, farewell.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
}

fn greet(
    (stream, peer): (impl AsyncRead + AsyncWrite + Send + 'static, Option<ConnectInfo<SocketAddr>>),
    place: Arc<Place>,
    app: Router,
    patience: Timeouts,
    farewell: &GracefulShutdown,
) {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(patience.unread));
    let here = Arc::clone(&place);
    let service = hyper::service::service_fn(move |mut request: http::Request<Incoming>| {
        let (app, busy) = (app.clone(), here.begin());
        peer.map(|peer| request.extensions_mut().insert(peer));
        async move {
            // It has to make room, and is closed in a moment.
            let Some(busy) = busy else { return future::pending().await };
            let request = request.map(|body| Body::new(Awaited { body, owed: busy.owed() }));
            let answer = app.oneshot(request).await;
            Ok::<_, Infallible>(answer.unwrap_or_else(|never| match never {}))
        }
    });
    // HTTP/1 outright: guessing the version would wait without limit for the first bytes.
    let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(patience.head).max_buf_size(64 * 1024);
    let connection = builder.serve_connection(TokioIo::new(Box::pin(stream)), service).into_owned();
    let connection = farewell.watch(connection);
    tokio::spawn(async move {
        tokio::select! {
            ended = connection => if let Err(error) = ended {
                tracing::debug!(error = %error, "a connection ended badly");
            },
            () = place.closed() => {}
        }
    });
}

/// A body, whose sender makes room for others while it is waited for.
struct Awaited {
    body: Incoming,
    owed: Owed,
}

impl hyper::body::Body for Awaited {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if polled.is_pending() {
            self.owed.wait();
        } else {
            self.owed.go_on();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Most faults are the other side's. Those of the machine, such as no free file descriptor, need a moment to pass.
async fn recover(error: &io::Error, gate: &Gate, faults: &mut Seldom) {
    let theirs = matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    );
    if theirs {
        return;
    }
    if let Some(times) = faults.now() {
        tracing::error!(%error, http.times = times, "no connection can be accepted");
    }
    gate.close_the_idlest();
    time::sleep(Duration::from_millis(200)).await;
}

/// What may happen thousands of times a minute is said once.
#[derive(Default)]
struct Seldom {
    times: u64,
    said: Option<time::Instant>,
}

impl Seldom {
    const PAUSE: Duration = Duration::from_secs(60);

    /// How often it has happened since it was said last, if it is time to say so.
    fn now(&mut self) -> Option<u64> {
        self.times += 1;
        if self.said.is_some_and(|said| said.elapsed() < Self::PAUSE) {
            return None;
        }
        self.said = Some(time::Instant::now());
        Some(std::mem::take(&mut self.times))
    }
}

#[cfg(test)]
mod tests;
