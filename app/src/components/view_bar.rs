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
    (ranges(ask), dates(panel, ask), filter(panel, ask, alive))
}

fn ranges(ask: &ViewQuery) -> impl IntoView + use<> {
    let chosen = |range| ask.days.is_none() && ask.range == range;
    let links = Range::ALL.map(|range| (ask.with_range(range).href(), range.label(), chosen(range)));
    switch("switch ranges", "Range", links.to_vec())
}

/// The days that are shown, and the fields for others. Those are put there anew with another range, and by no other poll.
fn dates(panel: &Panel, ask: &ViewQuery) -> impl IntoView + use<> {
    view! {
        <details class="dates over" id="dates" data-chosen=ask.days.is_some().to_string()>
            <summary><span class="unseen">"Days: "</span>{panel.choice.dates.clone()}</summary>
            <div class="sheet" inner_html=panel.choice.date_form.clone()></div>
        </details>
    }
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
    view! {
        <form class="filter" action=ask.path() method="get">
            <label for="compare">"Compared with"</label>
            <select id="compare" name="compare" inner_html=panel.choice.compare.clone()></select>
            <label class="unseen" for="campaign">"Campaign"</label>
            <input type="search" id="campaign" name="campaign" list="campaigns" placeholder="All campaigns" maxlength="64"
                autocomplete="off" value=shown prop:value=kept/>
            <div hidden inner_html=panel.choice.kept.clone()></div>
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
    let as_of = format!("As of {}", panel.as_of);
    let words = if alive { health.words() } else { as_of.clone() };
    let why = if health.reason.is_empty() { note.unwrap_or_default() } else { health.reason.clone() };
    view! {
        <div class="state">
            <p class=format!("fresh {}", tone.class()) data-fresh=tone.class()>
                <span class="dot" aria-hidden="true"></span>
                <span class="words">{words}</span>
                <span class="paper">{as_of}</span>
                <span class="why" hidden=why.is_empty()>{why.clone()}</span>
            </p>
            <button class="quiet live-only" type="button" data-pause="">
                {if health.paused { "Go on" } else { "Pause" }}
            </button>
        </div>
    }
}
