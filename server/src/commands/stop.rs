//! Ctrl-C and SIGTERM: the wish that everything ends.

use tokio::signal::unix::{SignalKind, signal};

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
