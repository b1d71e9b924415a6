//! Makes the panel out of the facts: every word and every path on it is decided here, on the server.

use crate::{panel::Panel, studio::Facts};

/// The panel that these facts come to. The same facts make the same panel.
#[must_use]
pub fn panel(facts: &Facts) -> Panel {
    Panel {
        as_of_ms: facts.now.micros() / 1_000,
        ask: facts.ask.clone(),
        demo: facts.demo,
        ..Panel::default()
    }
}
