//! The lower row of the panel's head: which range and campaign it shows, and how fresh.

use leptos::prelude::*;
use model::range::Range;

use super::switch::switch;
use crate::{
    address::ViewQuery,
    client::half_written_campaign,
    health::Health,
    panel::{Panel, Tone},
    signals::Signals,
};

pub(crate) fn view_bar(live: Signals) -> impl IntoView {
    view! {
        <section class="view" aria-label="What is shown">
            {move || live.panel.with(|panel| choices(panel, &live.ask.get(), live.alive.get_untracked()))}
            {move || live.panel.with(|panel| live.health.with(|health| fresh(panel, health, live.alive.get())))}
        </section>
    }
}

fn choices(panel: &Panel, ask: &ViewQuery, alive: bool) -> impl IntoView + use<> {
    (ranges(ask), filter(panel, ask, alive))
}

fn ranges(ask: &ViewQuery) -> impl IntoView + use<> {
    let links = Range::ALL.map(|range| (ask.with_range(range).href(), range.label(), ask.range == range));
    switch("switch ranges", "Range", links.to_vec())
}

/// A form for a browser without a script; the script follows the choice at once. What is offered stands beside the part of
/// the page that lives: it is no part of a poll. An answer that comes late leaves alone what is being written.
fn filter(panel: &Panel, ask: &ViewQuery, alive: bool) -> impl IntoView + use<> {
    let shown = if panel.ask.campaign == ask.campaign {
        panel.campaign.clone()
    } else {
        ask.campaign.clone().unwrap_or_default()
    };
    let kept = alive.then(half_written_campaign).flatten().unwrap_or_else(|| shown.clone());
    let (range, tile, zone) = (ask.range.key(), ask.tile.key(), ask.zone.clone().unwrap_or_default());
    view! {
        <form class="filter" action="/" method="get">
            <label class="unseen" for="campaign">"Campaign"</label>
            <input type="search" id="campaign" name="campaign" list="campaigns" placeholder="All campaigns" maxlength="64"
                autocomplete="off" value=shown prop:value=kept/>
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
