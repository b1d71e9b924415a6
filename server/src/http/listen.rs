//! The accept loop: nobody holds a place by being slow, and an end in order when it is time to go.

use std::{io, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// How patient the server is.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// A request's head is there within this time, counted from when the connection is free for it. The panel polls
    /// every 10 s, and its connection should live through that.
    pub head: Duration,
    /// Connections at one time; more wait in the kernel's queue.
    pub connections: usize,
    /// How long open requests have to finish when the server ends.
    pub farewell: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { head: Duration::from_secs(15), connections: 4_096, farewell: Duration::from_secs(5) }
    }
}

/// Serves until `stop`, then lets open requests finish.
pub async fn serve(listener: TcpListener, app: Router, patience: Patience, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(patience.connections));
    let farewell = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        match accepted {
            Ok((stream, place)) => greet(stream, place, app.clone(), patience, &farewell),
            Err(error) => recover(&error).await,
        }
    }
    drop(listener);
    if time::timeout(patience.farewell, farewell.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    // A place first: what is not accepted waits in the kernel, at no cost to us.
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

fn greet(
    stream: TcpStream,
    place: OwnedSemaphorePermit,
    app: Router,
    patience: Patience,
    farewell: &GracefulShutdown,
) {
    // Without this a page waits for the acknowledgement of its own first packet.
    _ = stream.set_nodelay(true);
    let peer = stream.peer_addr().ok().map(ConnectInfo);
    let service = TowerToHyperService::new(app.map_request(move |mut request: http::Request<Incoming>| {
        peer.map(|peer| request.extensions_mut().insert(peer));
        request.map(Body::new)
    }));
    // HTTP/1 outright: guessing the version would wait without limit for the first bytes.
    let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(patience.head).max_buf_size(64 * 1024);
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    let connection = farewell.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error = %error, "a connection ended badly");
        }
        drop(place);
    });
}

/// Most faults are the other side's. Those of the machine, such as no free file descriptor, need a moment to pass.
async fn recover(error: &io::Error) {
    let theirs = matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    );
    if !theirs {
        tracing::error!(error = %error, "no connection can be accepted");
        time::sleep(Duration::from_millis(200)).await;
    }
}
