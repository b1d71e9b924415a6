//! The part of the panel that lives: rendered by the server, taken over by the browser, kept fresh by polls.

mod keys;
mod links;
mod page;
mod points;
mod poll;

use leptos::prelude::*;

pub(crate) use links::half_written_campaign;

use crate::{
    address::ViewQuery,
    components::{chart, foot, heading, newest, tiles, view_bar},
    health::Health,
    panel::Panel,
    signals::Signals,
};

/// Hydrates the panel, where the page has one. What the page shows stands in it once more, for the browser; a page
/// that cannot be read back stays as it is, with plain links.
#[cfg(feature = "hydrate")]
pub fn hydrate() {
    use leptos::wasm_bindgen::JsCast;
    let Some(place) = document().get_element_by_id("live") else { return };
    let Some(mut panel) = place.get_attribute(PANEL_ATTRIBUTE).and_then(|text| read(&text)) else { return };
    panel.parts = document().get_element_by_id("parts").map_or_else(String::new, |parts| parts.inner_html());
    leptos::mount::hydrate_from(place.unchecked_into(), || live_panel(panel)).forget();
}

/// Where the page holds what it shows.
pub(crate) const PANEL_ATTRIBUTE: &str = "data-panel";

#[cfg(feature = "hydrate")]
fn read(text: &str) -> Option<Panel> {
    let bytes: Vec<u8> =
        window().atob(text).ok()?.chars().filter_map(|byte| u8::try_from(byte).ok()).collect();
    postcard::from_bytes(&bytes).ok()
}

/// The whole page below `<body>`.
///
/// Few closures, each over much: the browser pays for every further one, and what did not change is not touched anyway.
pub(crate) fn live_panel(start: Panel) -> impl IntoView {
    let live = Signals {
        ask: RwSignal::new(start.ask.clone()),
        now_ms: RwSignal::new(start.as_of_ms),
        panel: RwSignal::new(start),
        health: RwSignal::new(Health::default()),
        alive: RwSignal::new(false),
        point: RwSignal::new(None),
        first_chosen: RwSignal::new(None),
        spoken: RwSignal::new(String::new()),
        own_zone: RwSignal::new(None),
    };
    Effect::new(move |_| page::take_over(live));
    let is_offline = Memo::new(move |_| live.health.with(Health::is_offline));
    view! {
        {view_bar::view_bar(live)}
        <main id="main" tabindex="-1">
            {move || live.panel.with(|panel| figures(panel, &live.ask.get(), [live.first_chosen.get(), live.point.get()], (live.now_ms.get(), is_offline.get())))}
        </main>
        {move || live.panel.with(|panel| foot::foot(panel, &live.ask.get(), live.own_zone.get()))}
        <p class="unseen" role="status">{move || live.spoken.get()}</p>
    }
}

/// Everything between head and foot. Chart and runs have their place from the first run on.
pub(crate) fn figures(
    panel: &Panel,
    ask: &ViewQuery,
    chosen: [Option<usize>; 2],
    (now_ms, is_offline): (i64, bool),
) -> impl IntoView + use<> {
    let past = panel.invitation.is_none().then(|| {
        (
            chart::chart(&panel.chart, ask, chosen),
            view! { <div class="parts-row" id="parts" inner_html=panel.parts.clone()></div> },
            newest::newest(&panel.runs, ask, now_ms),
        )
    });
    (heading::heading(panel, ask, is_offline), tiles::tiles(panel, ask), past)
}
