//! A handle to a running organisation's faults, for code that did not start it.

use std::sync::{Arc, Weak};

use crate::fault_injection::Disturbance;
use crate::organisation::Organisation;

/// Switches faults on and off. Once the organisation has ended it does nothing.
#[derive(Clone)]
pub struct Controls(Weak<Organisation>);

impl std::fmt::Debug for Controls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Controls").finish_non_exhaustive()
    }
}

impl Controls {
    pub(crate) fn of(organisation: &Arc<Organisation>) -> Self {
        Self(Arc::downgrade(organisation))
    }

    /// Lets a fault befall requests from now on.
    pub fn disturb(&self, disturbance: Disturbance) {
        if let Some(organisation) = self.0.upgrade() {
            let now = organisation.surroundings.now_ms();
            organisation.disturbances.add(disturbance, now);
        }
    }

    /// Ends all faults.
    pub fn calm(&self) {
        if let Some(organisation) = self.0.upgrade() {
            organisation.disturbances.clear();
        }
    }
}
