//! Connections: taken, encrypted, and ended in order.

use std::future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;

use super::connection::Connection;
use super::places::{ConnectionPlace, Places};
use crate::organisation::Organisation;

/// A client that does not finish its head holds a connection no longer than this.
const HEAD_DEADLINE: Duration = Duration::from_secs(30);
/// A client that takes nothing of its answer for this time is cut off.
const UNREAD_DEADLINE: Duration = Duration::from_secs(30);
/// Open requests may finish for this long when the emulator stops.
const STOP_DEADLINE: Duration = Duration::from_secs(5);

pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    organisation: Arc<Organisation>,
    mut stopped: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let places = Places::new(organisation.options.connections);
    loop {
        // Not among what is waited for below: that would drop a connection that was taken and waits for its place.
        while connections.try_join_next().is_some() {}
        // One at a time waits for a place; the others wait in the kernel, at no cost to us.
        let accept = async {
            let (stream, peer) = listener.accept().await?;
            Ok::<_, std::io::Error>((stream, peer, places.enter().await))
        };
        let (stream, peer, place) = tokio::select! {
            accepted = accept => match accepted {
                Ok(accepted) => accepted,
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
        let scheme = if tls.is_some() { "https" } else { "http" };
        let connection =
            Connection { organisation: Arc::clone(&organisation), peer, scheme, stopped: stopped.clone() };
        let _ = stream.set_nodelay(true);
        let (tls, watcher) = (tls.clone(), graceful.watcher());
        connections.spawn(async move {
            let mut stream = TimeoutStream::new(stream);
            stream.set_write_timeout(Some(UNREAD_DEADLINE));
            let here = Arc::clone(&place);
            let served = async {
                match tls {
                    None => serve_connection(Box::pin(stream), connection, here, watcher).await,
                    Some(tls) => handshake(tls, Box::pin(stream), connection, here, watcher).await,
                }
            };
            tokio::select! {
                () = served => {}
                () = place.closed() => {}
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(STOP_DEADLINE, graceful.shutdown()).await.is_err() {
        tracing::warn!("open requests were cut off");
    }
    connections.shutdown().await;
}

type Stream = Pin<Box<TimeoutStream<TcpStream>>>;

async fn handshake(
    tls: TlsAcceptor,
    stream: Stream,
    connection: Connection,
    place: Arc<ConnectionPlace>,
    watcher: Watcher,
) {
    let mut stopped = connection.stopped.clone();
    let shaken = tokio::select! {
        shaken = tokio::time::timeout(HEAD_DEADLINE, tls.accept(stream)) => shaken,
        _ = stopped.changed() => return,
    };
    match shaken {
        Ok(Ok(stream)) => serve_connection(stream, connection, place, watcher).await,
        // A client that does not trust the authority, most likely.
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

async fn serve_connection<S>(stream: S, connection: Connection, place: Arc<ConnectionPlace>, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let (connection, busy) = (connection.clone(), place.begin());
        async move {
            // It has to make room, and is closed in a moment.
            let Some(_busy) = busy else { return future::pending().await };
            connection.answer(request).await
        }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
}
