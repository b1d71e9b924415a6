//! Ctrl-C and SIGTERM: the wish that everything ends.

use anyhow::{Context as _, anyhow};
use tokio::signal::unix::{SignalKind, signal};

/// The work's result, unless this process is asked to end before: then `what` is said. The work is dropped.
///
/// # Errors
/// What was said.
pub async fn unless_interrupted<T>(work: impl Future<Output = T>, what: &'static str) -> anyhow::Result<T> {
    let wish = shutdown_signal().context("no signals can be received")?;
    tokio::select! {
        result = work => Ok(result),
        () = wish => Err(anyhow!("interrupted: {what}")),
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
