//! Connections: taken, encrypted, and ended in order.

use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::door::Door;
use crate::organisation::Organisation;

/// A client that does not finish its head holds a connection no longer than this.
const HEAD_DEADLINE: Duration = Duration::from_secs(30);
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
    let places = Arc::new(Semaphore::new(organisation.options.connections));
    loop {
        let accept = async {
            // A place first: what is not accepted waits in the kernel, at no cost to us.
            let place = Arc::clone(&places).acquire_owned().await.map_err(std::io::Error::other)?;
            listener.accept().await.map(|(stream, peer)| (stream, peer, place))
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
            Some(_) = connections.join_next() => continue,
            // A sender that is gone means that the emulator was dropped.
            _ = stopped.changed() => break,
        };
        let scheme = if tls.is_some() { "https" } else { "http" };
        let door = Door { organisation: Arc::clone(&organisation), peer, scheme, stopped: stopped.clone() };
        let _ = stream.set_nodelay(true);
        let (tls, watcher) = (tls.clone(), graceful.watcher());
        connections.spawn(async move {
            match tls {
                None => connection(stream, door, watcher).await,
                Some(tls) => handshake(tls, stream, door, watcher).await,
            }
            drop(place);
        });
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
