//! What the machine allows this process: how many files and connections it may hold open, and how large a file may be.

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

/// Descriptors that the ledger, the emulator and the way to Dataverse need.
const KEPT: u64 = 200;
/// Connections at one time, where the machine allows that: at some 4 KiB each for one that is idle.
const MOST: u64 = 16_384;
/// However tight it is, these are let in.
const FEWEST: u64 = 32;

/// Raises the number of descriptors as far as this process may, and says how many connections that leaves room for.
pub fn connections() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let descriptors = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::debug!(%error, "the number of descriptors stays as it is");
            limit.current
        }
    };
    let connections = room(descriptors);
    tracing::debug!(?descriptors, http.connections = connections, "connections are let in up to this number");
    connections
}

/// `None` is no limit.
fn room(descriptors: Option<u64>) -> usize {
    let room = descriptors.map_or(MOST, |all| all.saturating_sub(KEPT)).clamp(FEWEST, MOST);
    usize::try_from(room).unwrap_or(usize::MAX)
}

/// A file that has reached the size that is allowed makes a write fail, as a full disk does, instead of ending the
/// process.
///
/// # Errors
/// When no signals can be received.
pub fn outlive_large_files() -> std::io::Result<()> {
    // Once it is listened for, the signal does nothing any more, even when the listener is gone.
    signal(SignalKind::from_raw(Signal::XFSZ.as_raw())).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_the_rest() {
        assert_eq!(room(Some(1_024)), 824);
        assert_eq!(room(Some(20_000)), 16_384);
        assert_eq!(room(Some(100)), 32);
        assert_eq!(room(None), 16_384);
    }
}
