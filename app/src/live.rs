//! The part of the panel that lives: rendered by the server, taken over by the browser, kept fresh by polls.

mod health;
mod keys;
mod links;
mod page;
mod points;
mod poll;

use leptos::prelude::*;

use crate::{
    address::Ask,
    components::{chart, foot, header, heading, newest, tiles},
    panel::Panel,
};
pub(crate) use health::{Health, age};

/// Hydrates the panel, where the page has one.
#[cfg(feature = "hydrate")]
pub fn bring_alive() {
    use leptos::wasm_bindgen::JsCast;
    if let Some(place) = document().get_element_by_id("live") {
        leptos::mount::hydrate_from(place.unchecked_into(), live_panel).forget();
    }
}

/// All that changes on the page, as signals.
#[derive(Clone, Copy)]
pub(crate) struct Signals {
    /// The last good answer. It stays until a better one comes.
    pub panel: RwSignal<Panel>,
    /// What the address asks for; ahead of `panel` while an answer is under way.
    pub ask: RwSignal<Ask>,
    pub health: RwSignal<Health>,
    /// Whether the browser has taken over.
    pub alive: RwSignal<bool>,
    /// The server's time in milliseconds, moved on each minute and with each change.
    pub now_ms: RwSignal<i64>,
    /// The point of the chart that is looked at.
    pub point: RwSignal<Option<usize>>,
    /// What the one status line says to a screen reader.
    pub spoken: RwSignal<String>,
    /// The browser's own time zone.
    pub own_zone: RwSignal<Option<String>>,
}

/// The whole page below `<body>`.
pub(crate) fn live_panel() -> impl IntoView {
    use codee::binary::PostcardCodec;
    let start =
        SharedValue::<Panel, PostcardCodec>::new_with_encoding(|| use_context::<Panel>().unwrap_or_default());
    let start = start.into_inner();
    let live = Signals {
        ask: RwSignal::new(start.ask.clone()),
        now_ms: RwSignal::new(start.as_of_ms),
        panel: RwSignal::new(start),
        health: RwSignal::new(Health::default()),
        alive: RwSignal::new(false),
        point: RwSignal::new(None),
        spoken: RwSignal::new(String::new()),
        own_zone: RwSignal::new(None),
    };
    let has_runs = Memo::new(move |_| live.panel.with(|panel| panel.invitation.is_none()));
    Effect::new(move |_| page::take_over(live));
    view! {
        <a class="skip" href="#main">"Skip to the figures"</a>
        {header::header(live)}
        <main id="main" tabindex="-1">
            {move || live.panel.with(heading::heading)}
            {move || live.panel.with(|panel| tiles::tiles(panel, &live.ask.get()))}
            {move || has_runs.get().then(|| (chart::chart(live), newest::newest(live)))}
        </main>
        {foot::foot(live)}
        <p class="unseen" role="status">{move || live.spoken.get()}</p>
    }
}
