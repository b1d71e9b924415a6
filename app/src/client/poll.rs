//! Keeps the panel fresh: every ten seconds, never two at once, asleep while the page is not looked at.

use std::cell::{Cell, RefCell};

use gloo_timers::callback::Timeout;
use leptos::{
    prelude::*,
    task::{self, spawn_local},
    wasm_bindgen::JsCast,
    web_sys::HtmlElement,
};

use super::{keys::find, links};
use crate::{
    address::ViewQuery, fault::RequestError, panel::Panel, server_fns::panel::poll_panel, signals::Signals,
};

thread_local! {
    /// The poll under way, if any, and the timer of the next one. A page has one panel, and a browser's page one thread.
    static UNDER_WAY: Cell<Option<u32>> = const { Cell::new(None) };
    static TICKETS: Cell<u32> = const { Cell::new(0) };
    static NEXT: RefCell<Option<Timeout>> = const { RefCell::new(None) };
}

/// Asks at once, for what the address now asks for, also while the page is paused. An answer to an older question is dropped.
pub(super) fn refresh(live: Signals) {
    begin(live);
}

/// The next poll, in its time.
pub(super) fn schedule(live: Signals) {
    let wait = live.health.with_untracked(|health| health.wait_ms(js_sys::Math::random()));
    let timer = Timeout::new(wait, move || tick(live));
    // Replacing a timer cancels it, so that there is never a second one.
    NEXT.with_borrow_mut(|next| *next = Some(timer));
}

fn tick(live: Signals) {
    if UNDER_WAY.get().is_some() {
        // It had all the time until now: it counts as missed, and whatever it still brings is dropped.
        UNDER_WAY.set(None);
        live.health.update(|health| health.missed("the server does not answer in time"));
    }
    ask(live);
}

fn ask(live: Signals) {
    if is_asleep(live) {
        NEXT.with_borrow_mut(|next| *next = None);
        return;
    }
    begin(live);
}

fn begin(live: Signals) {
    let ticket = TICKETS.get().wrapping_add(1);
    TICKETS.set(ticket);
    UNDER_WAY.set(Some(ticket));
    schedule(live);
    let asked = live.ask.get_untracked();
    let seen = live.panel.with_untracked(|held| (held.ask == asked).then_some(held.version));
    spawn_local(async move {
        let answer = poll_panel(asked.clone(), seen).await;
        if UNDER_WAY.get() == Some(ticket) {
            UNDER_WAY.set(None);
            settle(live, asked, answer);
            schedule(live);
        }
    });
}

/// The page is not looked at, or is not to move.
fn is_asleep(live: Signals) -> bool {
    document().hidden() || live.health.with_untracked(|health| health.paused)
}

fn settle(live: Signals, asked: ViewQuery, answer: Result<Option<Panel>, RequestError>) {
    match answer {
        Ok(news) => {
            live.health.update(crate::health::Health::answered);
            // As it was: nothing on the page is touched.
            if let Some(mut panel) = news {
                // What a person writes there stays.
                if find(".tools [open]").is_some() {
                    panel.chart.tools = live.panel.with_untracked(|held| held.chart.tools.clone());
                }
                let focused = document().active_element().map(|element| element.id());
                live.now_ms.set(panel.as_of_ms);
                live.panel.set(Panel { ask: asked, ..panel });
                spawn_local(keep_focus(focused.unwrap_or_default()));
            } else {
                links::show_comparison(live);
            }
        }
        Err(fault) => live.health.update(|health| health.missed(fault.sentence())),
    }
}

/// What had the focus may have been put there anew.
async fn keep_focus(id: String) {
    task::tick().await;
    if let Some(element) = document().get_element_by_id(&id) {
        _ = element.unchecked_into::<HtmlElement>().focus();
    }
}
