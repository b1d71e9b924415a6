//! The page's head: what this is, which range and campaign, how fresh, and the few things to set.

use leptos::prelude::*;
use model::range::Range;

use super::switch::switch;
use crate::{
    address::ViewQuery,
    health::Health,
    panel::{Panel, Tone},
    signals::Signals,
};

// As expressions: a drawing without anything dynamic in it is wrapped once too often when the browser takes it over.
const LOGO: &str = "M2 9h3v5H2zM6.5 5h3v9h-3zM11 2h3v12h-3z";

/// The themes in turn: of three buttons the style shows the one that leads on from the page's own.
const THEMES: &str = "<button name=\"to\" value=\"dark\" aria-label=\"Dark theme\"><span></span></button>\
<button name=\"to\" value=\"light\" aria-label=\"Light theme\"><span></span></button>\
<button name=\"to\" value=\"system\" aria-label=\"Theme of the system\"><span></span></button>";

/// What `?` opens. It never changes, so it is text and no view.
const HELP: &str = "<h2>Keys</h2><dl>\
<dt><kbd>L</kbd></dt><dd>the last 24 hours</dd>\
<dt><kbd>3</kbd> <kbd>6</kbd> <kbd>9</kbd></dt><dd>30, 60, 90 days</dd>\
<dt><kbd>/</kbd></dt><dd>choose a campaign</dd>\
<dt><kbd>T</kbd></dt><dd>the chart as a table</dd>\
<dt><kbd>←</kbd> <kbd>→</kbd></dt><dd>along the chart, once it has the focus</dd>\
<dt><kbd>?</kbd></dt><dd>this help</dd>\
<dt><kbd>Esc</kbd></dt><dd>close what is open</dd></dl>\
<p class=\"live-only\"><label><input type=\"checkbox\" id=\"keys-off\"> Switch single keys off</label></p>\
<p><a href=\"/api/openapi.json\">The interface for programs</a></p>";

pub(crate) fn header(live: Signals) -> impl IntoView {
    view! {
        <header class="top">
            {brand()}
            {move || live.panel.with(|panel| choices(panel, &live.ask.get()))}
            {move || live.panel.with(|panel| live.health.with(|health| fresh(panel, health, live.alive.get())))}
            <nav class="pages" aria-label="Pages"><a href="/pipeline">"Pipeline"</a></nav>
            {theme()}
            {help()}
        </header>
    }
}

fn choices(panel: &Panel, ask: &ViewQuery) -> impl IntoView + use<> {
    let badge = panel.demo.then(|| view! { <span class="badge">"Demo data"</span> });
    (badge, ranges(ask), filter(panel, ask))
}

/// The head of a page that does not live.
#[cfg(feature = "ssr")]
pub(crate) fn plain(demo: bool) -> impl IntoView {
    view! {
        <header class="top plain">
            {brand()}
            {demo.then(|| view! { <span class="badge">"Demo data"</span> })}
            <nav class="pages" aria-label="Pages"><a href="/">"Panel"</a></nav>
            {theme()}
        </header>
    }
}

fn brand() -> impl IntoView {
    view! {
        <a class="brand" href="/">
            <svg class="logo" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
                <path d=LOGO></path>
            </svg>
            "Studio Metrics"
        </a>
    }
}

fn ranges(ask: &ViewQuery) -> impl IntoView + use<> {
    let links = Range::ALL.map(|range| (ask.with_range(range).href(), range.label(), ask.range == range));
    switch("switch ranges", "Range", links.to_vec())
}

/// A form for a browser without a script; the script follows the choice at once. What is offered stands beside the part of
/// the page that lives: it is no part of a poll.
fn filter(panel: &Panel, ask: &ViewQuery) -> impl IntoView + use<> {
    let shown = if panel.ask.campaign == ask.campaign {
        panel.campaign.clone()
    } else {
        ask.campaign.clone().unwrap_or_default()
    };
    let (range, tile, zone) = (ask.range.key(), ask.tile.key(), ask.zone.clone().unwrap_or_default());
    view! {
        <form class="filter" action="/" method="get">
            <label class="unseen" for="campaign">"Campaign"</label>
            <input type="search" id="campaign" name="campaign" list="campaigns" placeholder="All campaigns" maxlength="64"
                autocomplete="off" value=shown.clone() prop:value=shown/>
            <input type="hidden" name="range" value=range/>
            <input type="hidden" name="tile" value=tile/>
            <input type="hidden" name="tz" value=zone/>
            <button class="plain-only">"Show"</button>
        </form>
    }
}

/// How old the figures are. Without a script they are of the time they were rendered at.
fn fresh(panel: &Panel, health: &Health, alive: bool) -> impl IntoView + use<> {
    let note = panel.delivery_note.clone();
    let tone = match health.tone() {
        _ if !alive => Tone::Neutral,
        Tone::Good if note.is_some() => Tone::Late,
        tone => tone,
    };
    let words = if alive { health.words() } else { format!("As of {}", panel.as_of) };
    let why = if health.reason.is_empty() { note.unwrap_or_default() } else { health.reason.clone() };
    view! {
        <div class="state">
            <p class=format!("fresh {}", tone.class()) data-fresh=tone.class()>
                <span class="dot" aria-hidden="true"></span>
                <span class="words">{words}</span>
                <span class="why" hidden=why.is_empty()>{why.clone()}</span>
            </p>
            <button class="quiet live-only" type="button" data-pause="">
                {if health.paused { "Go on" } else { "Pause" }}
            </button>
        </div>
    }
}

fn theme() -> impl IntoView {
    view! { <form class="theme" action="/theme" method="post" inner_html=THEMES></form> }
}

fn help() -> impl IntoView {
    view! {
        <details class="help over" id="help">
            <summary aria-label="Help"><span aria-hidden="true">"?"</span></summary>
            <div class="sheet" inner_html=HELP></div>
        </details>
    }
}
