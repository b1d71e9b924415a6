//! Single keys, for those who like them; they can be switched off in the help.

use leptos::{
    prelude::*,
    wasm_bindgen::JsCast,
    web_sys::{Element, HtmlDetailsElement, HtmlElement, KeyboardEvent},
};
use model::range::Range;

use super::{
    links::{closest, go, zoom_out},
    points,
};
use crate::{address::ViewQuery, signals::Signals};

pub(super) fn press(live: Signals, event: &KeyboardEvent) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    let key = event.key();
    if closest(event, "[data-plot]").is_some() && points::press(live, event) {
        event.prevent_default();
        return;
    }
    if key == "Escape" {
        // In a box the browser closes its own suggestions.
        if !close_all() && closest(event, "input, select, textarea").is_none() {
            zoom_out(live);
        }
        return;
    }
    if closest(event, "input, select, textarea").is_some() || are_off() {
        return;
    }
    let key = key.to_ascii_lowercase();
    if let Some(range) = Range::of_shortcut(&key) {
        go(live, live.ask.get_untracked().with_range(range));
        return;
    }
    match key.as_str() {
        "c" => focus("#compare"),
        "e" => {
            if let Some(link) = find("#export") {
                link.unchecked_into::<HtmlElement>().click();
            }
        }
        "k" => {
            let ask = live.ask.get_untracked();
            _ = window().location().set_href(&ViewQuery { is_kiosk: !ask.is_kiosk, ..ask }.href());
        }
        "t" => toggle("#table"),
        "n" => {
            toggle("#note");
            focus("#note-day");
        }
        "?" => toggle("#help"),
        "/" => {
            event.prevent_default();
            focus("#campaign");
        }
        _ => {}
    }
}

/// The choice in the help, read where it is kept: in the box itself.
fn are_off() -> bool {
    find("#keys-off:checked").is_some()
}

fn toggle(selector: &str) {
    // On a narrow screen the help lies in a menu that is folded.
    if let Some(fold) = find(".fold").filter(|_| selector == "#help") {
        fold.unchecked_into::<HtmlDetailsElement>().set_open(true);
    }
    let Some(details) = find(selector) else { return };
    let details = details.unchecked_into::<HtmlDetailsElement>();
    details.set_open(!details.open());
    if details.open() {
        focus(&format!("{selector} > summary"));
    }
}

/// Closes what lies over the figures, and gives the focus back to what opened it; says whether there was any.
fn close_all() -> bool {
    let mut was_open = false;
    while close("details.over[open], .fold[open]") {
        was_open = true;
    }
    was_open
}

/// Says whether there was something to close.
pub(super) fn close(selector: &str) -> bool {
    let Some(open) = find(selector) else { return false };
    let details = open.unchecked_into::<HtmlDetailsElement>();
    details.set_open(false);
    if let Ok(Some(summary)) = details.query_selector("summary") {
        _ = summary.unchecked_into::<HtmlElement>().focus();
    }
    true
}

fn focus(selector: &str) {
    if let Some(element) = find(selector) {
        _ = element.unchecked_into::<HtmlElement>().focus();
    }
}

pub(super) fn find(selector: &str) -> Option<Element> {
    document().query_selector(selector).ok()?
}
