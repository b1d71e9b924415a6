//! Links and forms that change the view in place, where a browser without this script would load a page.

use leptos::{
    prelude::*,
    wasm_bindgen::{JsCast, JsValue},
    web_sys::{Element, Event, HtmlInputElement, MouseEvent},
};

use super::{
    keys::{close, find},
    poll,
};
use crate::{
    address::{DateRange, ViewQuery},
    signals::Signals,
};
use model::{calendar::Compare, range::Range};

/// A plain click on a link to this page; every other click is the browser's.
pub(super) fn follow(live: Signals, event: &MouseEvent) {
    let special =
        event.button() != 0 || event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key();
    let Some(link) = closest(event, "a[data-view]").filter(|_| !special) else { return };
    let Some(href) = link.get_attribute("href") else { return };
    event.prevent_default();
    let (path, query) = href.split_once('?').unwrap_or((&href, ""));
    let ask = ViewQuery::of_page(path, query);
    if link.has_attribute("data-zone") {
        remember("tz", ask.zone.as_deref().unwrap_or_default());
    }
    go(live, ask);
}

/// A campaign, days or a comparison were chosen or written, or the form would be sent.
pub(super) fn choose(live: Signals, event: &Event) {
    let ask = live.ask.get_untracked();
    if closest(event, "[data-days]").is_some() {
        // A day that is being written is none yet.
        if event.type_() == "submit" {
            event.prevent_default();
            close("#dates");
            let days = DateRange::of(written("#from"), written("#to"));
            go(live, ViewQuery { days, ..ask.with_range(Range::default()) });
        }
    } else if closest(event, "#compare").is_some() {
        let compare = written("#compare");
        remember("compare", &compare);
        // The way back leads to what is seen now, whatever is remembered then.
        let shown = Some(live.panel.with_untracked(|panel| panel.choice.compared));
        if let Ok(history) = window().history() {
            let now = ViewQuery { compare: shown, ..ask.clone() };
            _ = history.replace_state_with_url(&state(), "", Some(&now.href()));
        }
        go(live, ViewQuery { compare: Compare::of_key(&compare), ..ask });
    } else if closest(event, ".filter").is_some() {
        event.prevent_default();
        choose_campaign(live, &ask);
    }
}

fn choose_campaign(live: Signals, ask: &ViewQuery) {
    let Some(input) = field("#campaign") else { return };
    let text = input.value();
    input.set_default_value(&text);
    let shown = live.panel.with_untracked(|panel| panel.ask == *ask && panel.campaign == text);
    if !shown {
        go(live, ask.with_campaign((!text.is_empty()).then_some(text)));
    }
}

/// The box says what is compared with, also where a choice was taken back before it was answered.
pub(super) fn show_comparison(live: Signals) {
    if let Some(select) = field("#compare") {
        select.set_value(live.panel.with_untracked(|panel| panel.choice.compared).key());
    }
}

fn written(selector: &str) -> String {
    field(selector).map(|field| field.value()).unwrap_or_default()
}

/// A box to write or choose in. One to choose in has a value as well.
pub(super) fn field(selector: &str) -> Option<HtmlInputElement> {
    find(selector).map(JsCast::unchecked_into)
}

/// What stands in the box while a person writes there, and was not chosen yet: it differs from what was put there last.
pub(crate) fn half_written_campaign() -> Option<String> {
    let input = field("#campaign:focus")?;
    let text = input.value();
    (text != input.default_value()).then_some(text)
}

/// Shows another view under its own address.
pub(super) fn go(live: Signals, ask: ViewQuery) {
    let now = live.ask.get_untracked();
    if now == ask {
        return;
    }
    if now.is_own != ask.is_own {
        // It is another page.
        _ = window().location().set_href(&ask.href());
        return;
    }
    // The way out of chosen days holds while they are shown.
    let way = if (now.range, &now.days) == (ask.range, &ask.days) { state() } else { JsValue::NULL };
    push(live, ask, &way);
}

fn push(live: Signals, ask: ViewQuery, way: &JsValue) {
    if let Ok(history) = window().history() {
        // Without a new entry the view still changes; only the way back is missing.
        _ = history.push_state_with_url(way, "", Some(&ask.href()));
    }
    show(live, ask);
}

/// Shows some of the days that are shown. The browser's entry for it keeps the way out, the last view first.
pub(super) fn zoom(live: Signals, days: DateRange) {
    let now = live.ask.get_untracked();
    let way = now.href() + "\n" + &state().as_string().unwrap_or_default();
    push(live, ViewQuery { days: Some(days), ..now.with_range(Range::default()) }, &JsValue::from_str(&way));
}

/// Shows the days that were shown before, and all else as it is now.
pub(super) fn zoom_out(live: Signals) {
    let Some(way) = state().as_string() else { return };
    let Some((last, before)) = way.split_once('\n') else { return };
    let was = ViewQuery::of_query(last.split_once('?').map_or("", |(_, query)| query));
    let ask = ViewQuery { days: was.days, ..live.ask.get_untracked().with_range(was.range) };
    push(live, ask, &JsValue::from_str(before));
}

/// What the browser keeps with the entry that is shown.
fn state() -> JsValue {
    window().history().and_then(|history| history.state()).unwrap_or_default()
}

/// The view of an address that the browser is at already.
pub(super) fn show(live: Signals, ask: ViewQuery) {
    live.point.set(None);
    live.first_chosen.set(None);
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
