//! The machine's clock, and the one that stands still. Nothing else in the workspace asks what time it is.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use model::{
    clock::{Clock, ManualClock},
    time::Timestamp,
};

struct MachineClock;

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine")]
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// The clock that the settings ask for.
#[must_use]
pub fn clock(frozen: Option<Timestamp>) -> Arc<dyn Clock> {
    match frozen {
        Some(at) => Arc::new(ManualClock::at(at)),
        None => Arc::new(MachineClock),
    }
}
