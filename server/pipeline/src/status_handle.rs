//! Where the workers write how they fare.

use tokio::sync::watch;

use crate::RelayStatus;

/// Where the workers write how they fare.
#[derive(Clone)]
pub(crate) struct StatusHandle(watch::Sender<RelayStatus>);

impl StatusHandle {
    pub(crate) const fn new(sender: watch::Sender<RelayStatus>) -> Self {
        Self(sender)
    }

    /// Those who watch are told only when something changed.
    pub(crate) fn update(&self, change: impl FnOnce(&mut RelayStatus)) {
        self.0.send_if_modified(|status| {
            let before = status.clone();
            change(status);
            *status != before
        });
    }
}
