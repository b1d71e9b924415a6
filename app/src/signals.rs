//! All that changes on the page while it is open.

use leptos::prelude::*;

use crate::{address::ViewQuery, health::Health, panel::Panel};

/// All that changes on the page, as signals.
#[derive(Clone, Copy)]
pub(crate) struct Signals {
    /// The last good answer. It stays until a better one comes.
    pub panel: RwSignal<Panel>,
    /// What the address asks for; ahead of `panel` while an answer is under way.
    pub ask: RwSignal<ViewQuery>,
    pub health: RwSignal<Health>,
    /// Whether the browser has taken over.
    pub alive: RwSignal<bool>,
    /// The server's time in milliseconds, moved on each minute and with each change.
    pub now_ms: RwSignal<i64>,
    /// The point of the chart that is looked at.
    pub point: RwSignal<Option<usize>>,
    /// Where days are being chosen in it: the one it began with. The point is the other end.
    pub first_chosen: RwSignal<Option<usize>>,
    /// What the one status line says to a screen reader.
    pub spoken: RwSignal<String>,
    /// The browser's own time zone.
    pub own_zone: RwSignal<Option<String>>,
}
