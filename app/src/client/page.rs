//! What the browser does once it has taken the page over: it listens, counts the seconds and polls.

use gloo_timers::callback::Interval;
use leptos::{
    prelude::*,
    wasm_bindgen::{JsCast, closure::Closure},
    web_sys::{Event, HtmlInputElement},
};

use super::{keys, links, points, poll};
use crate::{
    address::ViewQuery,
    panel::{Panel, title},
    signals::Signals,
};

pub(super) fn take_over(live: Signals) {
    live.alive.set(true);
    live.own_zone.set(own_zone());
    listen(live);
    speak(live);
    entitle(live);
    Interval::new(1_000, move || {
        // A page that is not seen counts nothing.
        if !document().hidden() {
            live.health.update(|health| health.age_seconds = health.age_seconds.saturating_add(1));
        }
    })
    .forget();
    Interval::new(60_000, move || live.now_ms.update(|now| *now += 60_000)).forget();
    poll::schedule(live);
    if let Some(body) = document().body() {
        // Tests and styles may know that the page is live.
        _ = body.set_attribute("data-hydrated", "");
    }
}

/// Everything bubbles up to the window, so that nothing on the page needs a listener of its own.
fn listen(live: Signals) {
    on(
        "click",
        Box::new(move |event| {
            links::follow(live, event.unchecked_ref());
            press_button(live, event);
        }),
    );
    on(
        "change",
        Box::new(move |event| {
            links::choose(live, event);
            if links::closest(event, "#keys-off").is_some() {
                remember_keys();
            }
        }),
    );
    on("submit", Box::new(move |event| links::choose(live, event)));
    on("keydown", Box::new(move |event| keys::press(live, event.unchecked_ref())));
    on("pointermove", Box::new(move |event| points::follow(live, event.unchecked_ref())));
    on("pointerdown", Box::new(move |event| points::begin(live, event.unchecked_ref())));
    on("pointerup", Box::new(move |event| points::end(live, event)));
    on("pointercancel", Box::new(move |event| points::end(live, event)));
    on("dblclick", Box::new(move |event| points::back(live, event)));
    on(
        "popstate",
        Box::new(move |_| {
            let place = window().location();
            let (path, query) = (place.pathname().unwrap_or_default(), place.search().unwrap_or_default());
            links::show(live, ViewQuery::of_page(&path, &query));
        }),
    );
    on("visibilitychange", Box::new(move |_| wake(live)));
    on("online", Box::new(move |_| wake(live)));
}

/// One type of listener for all events: each further type costs the browser a kilobyte.
fn on(event: &str, hear: Box<dyn Fn(&Event)>) {
    let hear = Closure::<dyn Fn(Event)>::new(move |event: Event| hear(&event));
    _ = window().add_event_listener_with_callback(event, hear.as_ref().unchecked_ref());
    // It listens for as long as the page is there.
    hear.forget();
}

/// The page is looked at again: what it shows is fresh at once.
fn wake(live: Signals) {
    if !document().hidden() && !live.health.with_untracked(|health| health.paused) {
        poll::refresh(live);
    }
}

fn press_button(live: Signals, event: &Event) {
    if links::closest(event, "button[data-pause]").is_some() {
        live.health.update(|health| health.paused = !health.paused);
        wake(live);
    }
    if let Some(button) = links::closest(event, ".theme button") {
        event.prevent_default();
        choose_theme(&button.get_attribute("value").unwrap_or_default());
    }
}

fn choose_theme(theme: &str) {
    if let Some(root) = document().document_element() {
        _ = root.set_attribute("data-theme", theme);
    }
    links::remember("theme", theme);
}

fn remember_keys() {
    let Some(off) = document().get_element_by_id("keys-off") else { return };
    let off = off.unchecked_into::<HtmlInputElement>().checked();
    links::remember("keys", if off { "off" } else { "on" });
}

/// The status line speaks when the state changes, or what became of a search, not at each poll.
fn speak(live: Signals) {
    let state = Memo::new(move |_| live.health.with(crate::health::Health::state));
    let note = Memo::new(move |_| live.panel.with(|panel| panel.delivery_note.clone().unwrap_or_default()));
    let search = Memo::new(move |_| live.panel.with(|panel| panel.search.clone().unwrap_or_default()));
    Effect::new(move |before: Option<[String; 3]>| {
        let now = [search.get(), state.get() + ".", note.get()];
        if before.is_some_and(|before| before != now) {
            live.spoken.set(now.join(" ").trim().to_owned());
        }
        now
    });
}

/// The tab says what the page says, also where it is one of many.
fn entitle(live: Signals) {
    let title = Memo::new(move |_| {
        let is_offline = live.health.with(crate::health::Health::is_offline);
        if is_offline { title("Offline") } else { live.panel.with(Panel::title) }
    });
    Effect::new(move |_| document().set_title(&title.get()));
}

fn own_zone() -> Option<String> {
    let options = js_sys::Intl::DateTimeFormat::default().resolved_options();
    js_sys::Reflect::get(&options, &"timeZone".into()).ok()?.as_string()
}
