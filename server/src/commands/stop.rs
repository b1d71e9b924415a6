//! Ctrl-C and SIGTERM: the wish that everything ends.

use std::time::Duration;

use anyhow::Context as _;
use tokio::{
    signal::unix::{SignalKind, signal},
    time,
};
use tokio_util::sync::CancellationToken;

use super::Failure;

/// What a step in hand may still take once the end is asked for.
const GRACE: Duration = Duration::from_secs(5);

/// The work's result, unless the end is asked for before: then the work is dropped, and `what` is said.
///
/// # Errors
/// What was said.
pub async fn unless_interrupted<T>(work: impl Future<Output = T>, what: &str) -> Result<T, Failure> {
    let wish = shutdown_signal().context("no signals can be received")?;
    tokio::select! {
        result = work => Ok(result),
        () = wish => Err(Failure::Interrupted(format!("stopped as asked: {what}"))),
    }
}

/// Returns when this process is asked to end.
///
/// # Errors
/// When the machine does not hand over its signals.
pub fn shutdown_signal() -> std::io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// The wish to end, for a command that goes step by step.
#[derive(Clone)]
pub struct StopRequest(CancellationToken);

impl StopRequest {
    /// From now on signals are heard here.
    ///
    /// # Errors
    /// When the machine does not hand over its signals.
    pub fn listen() -> std::io::Result<Self> {
        let (asked, wish) = (CancellationToken::new(), shutdown_signal()?);
        let told = asked.clone();
        tokio::spawn(async move {
            wish.await;
            told.cancel();
        });
        Ok(Self(asked))
    }

    /// Whether the end was asked for.
    pub fn is_asked(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Returns when the end is asked for.
    pub async fn asked(&self) {
        self.0.cancelled().await;
    }

    /// What `work` comes to, which looks for the wish itself; none where it does not end within some seconds of it.
    pub async fn bounds<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let too_late = async {
            self.asked().await;
            time::sleep(GRACE).await;
        };
        tokio::select! {
            done = work => Some(done),
            () = too_late => None,
        }
    }
}
