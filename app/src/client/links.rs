//! Links and forms that change the view in place, where a browser without this script would load a page.

use leptos::{
    prelude::*,
    wasm_bindgen::{JsCast, JsValue},
    web_sys::{Element, Event, HtmlInputElement, MouseEvent},
};

use super::poll;
use crate::{address::ViewQuery, signals::Signals};

/// A plain click on a link to this page; every other click is the browser's.
pub(super) fn follow(live: Signals, event: &MouseEvent) {
    let special =
        event.button() != 0 || event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
    let Some(link) = closest(event, "a[data-view]").filter(|_| !special) else { return };
    let Some(href) = link.get_attribute("href") else { return };
    event.prevent_default();
    let query = href.split_once('?').map_or("", |(_, query)| query);
    if link.has_attribute("data-zone") {
        remember("tz", &ViewQuery::of_query(query).zone.unwrap_or_default());
    }
    go(live, ViewQuery::of_query(query));
}

/// A campaign was chosen or written, and the form would be sent.
pub(super) fn choose(live: Signals, event: &Event) {
    let Some(form) = closest(event, ".filter") else { return };
    event.prevent_default();
    let Ok(Some(input)) = form.query_selector("#campaign") else { return };
    let input = input.unchecked_into::<HtmlInputElement>();
    let text = input.value();
    input.set_default_value(&text);
    let shown =
        live.panel.with_untracked(|panel| panel.ask == live.ask.get_untracked() && panel.campaign == text);
    if !shown {
        go(live, live.ask.get_untracked().with_campaign((!text.is_empty()).then_some(text)));
    }
}

/// What stands in the box while a person writes there, and was not chosen yet: it differs from what was put there last.
pub(crate) fn half_written_campaign() -> Option<String> {
    let input = document().query_selector("#campaign:focus").ok()??.unchecked_into::<HtmlInputElement>();
    let text = input.value();
    (text != input.default_value()).then_some(text)
}

/// Shows another view under its own address.
pub(super) fn go(live: Signals, ask: ViewQuery) {
    if live.ask.get_untracked() == ask {
        return;
    }
    if let Ok(history) = window().history() {
        // Without a new entry the view still changes; only the way back is missing.
        _ = history.push_state_with_url(&JsValue::NULL, "", Some(&ask.href()));
    }
    show(live, ask);
}

/// The view of an address that the browser is at already.
pub(super) fn show(live: Signals, ask: ViewQuery) {
    live.point.set(None);
    live.ask.set(ask);
    poll::refresh(live);
}

/// A choice that outlives the visit.
pub(super) fn remember(name: &str, value: &str) {
    use leptos::web_sys::HtmlDocument;
    let document = document().unchecked_into::<HtmlDocument>();
    // A browser that takes no cookies forgets the choice, and that is its right.
    let secure =
        if window().location().protocol().is_ok_and(|scheme| scheme == "https:") { "; Secure" } else { "" };
    _ = document.set_cookie(&format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax{secure}"));
}

pub(super) fn closest(event: &Event, selector: &str) -> Option<Element> {
    event.target()?.dyn_into::<Element>().ok()?.closest(selector).ok()?
}
