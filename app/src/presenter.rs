//! Makes the panel out of the facts: every word and every path on it is decided here, on the server.

mod axis;
mod breakdown;
mod budget;
mod caption;
mod change;
mod chart;
mod explanation;
mod foot;
mod heading;
mod newest;
mod notes;
mod outlook;
mod period;
mod series;
mod spark;
mod tiles;
mod why;
mod words;

use std::hash::{DefaultHasher, Hash, Hasher};

pub(crate) use breakdown::{BreakdownView, PartRow};
pub(crate) use budget::BudgetForm;
pub(crate) use change::change;
pub(crate) use chart::Mark;
pub(crate) use foot::{BalanceStep, BalanceView};
pub(crate) use notes::{NoteList, NoteMark, NoteRow, NoteWords};
pub(crate) use series::value_text;
pub(crate) use why::{BridgeRow, Pillar, WhyView};
pub use words::{count, counted, money, sentence};

use crate::{
    address, blocks,
    panel::{CampaignChoice, Panel, ViewChoice},
    studio::Facts,
};

/// The panel that these facts come to. The same facts make the same panel, and the same version of it.
#[must_use]
pub fn panel(facts: &Facts) -> Panel {
    let period = period::Period::of(&facts.history.window);
    let mut panel = Panel {
        version: 0,
        as_of_ms: facts.now.micros() / 1_000,
        as_of: period.time_of_day(facts.now),
        choice: choice(facts, &period),
        parts: if facts.any_runs { parts(facts) } else { String::new() },
        ask: facts.ask.clone(),
        zone: facts.history.window.zone.clone(),
        heading: heading::heading(facts),
        invitation: (!facts.any_runs).then(|| blocks::html(blocks::invitation(invitation(&facts.address)))),
        tiles: tiles::tiles(facts),
        chart: chart::chart(facts),
        runs: newest::newest(facts),
        balance: blocks::html(blocks::balance(&foot::balance(&facts.delivery))),
        delivery_note: late(facts).or_else(|| facts.delivery.note()),
        campaign: campaign(facts),
        search: heading::search(facts).map(|(lead, rest)| format!("{lead} {rest}")),
        matches: choices(facts.matches.clone()),
    };
    panel.version = version(&panel);
    panel
}

/// Why the picked figure moved, and what it is made of.
fn parts(facts: &Facts) -> String {
    let (why, breakdown) = (why::view(facts), breakdown::view(facts));
    blocks::html((blocks::why(&why, &facts.ask), blocks::breakdown(&breakdown, &facts.ask)))
}

fn choice(facts: &Facts, period: &period::Period<'_>) -> ViewChoice {
    let compare = facts.history.window.compare;
    ViewChoice {
        dates: period.dates(),
        date_form: blocks::html(blocks::date_form(
            &facts.ask,
            period.date_values(),
            &period.date_value(facts.now),
        )),
        compared: compare,
        compare: blocks::html(blocks::compare_options(compare, &period.plain_before())),
        kept: blocks::html(blocks::kept_inputs(&facts.ask)),
    }
}

/// The time it was computed at moves by itself and is no change.
fn version(panel: &Panel) -> u64 {
    let still = Panel { as_of_ms: 0, as_of: String::new(), ..panel.clone() };
    let mut hasher = DefaultHasher::new();
    postcard::to_allocvec(&still).unwrap_or_default().hash(&mut hasher);
    hasher.finish()
}

/// What is said while newer figures cannot be had: of when these are, and why.
fn late(facts: &Facts) -> Option<String> {
    let reason = facts.delivery.unread.as_deref().unwrap_or("newer ones take longer than usual");
    of_when(facts).map(|when| format!("These figures are of {when}: {reason}"))
}

/// Of when the figures are, where they are older than they should be.
fn of_when(facts: &Facts) -> Option<String> {
    facts.late.then(|| period::Period::of(&facts.history.window).time_of_day(facts.now))
}

/// By name, as people look for them; with the id where a name alone would not tell them apart.
#[must_use]
pub fn choices(campaigns: Vec<(String, Option<String>)>) -> Vec<CampaignChoice> {
    let mut choices: Vec<CampaignChoice> = campaigns
        .into_iter()
        .map(|(id, name)| CampaignChoice { name: name.unwrap_or_else(|| id.clone()), id })
        .collect();
    choices.sort_by_cached_key(|choice| (choice.name.to_lowercase(), choice.id.clone()));
    for alike in choices.chunk_by_mut(|one, next| one.name.to_lowercase() == next.name.to_lowercase()) {
        if alike.len() > 1 {
            alike.iter_mut().for_each(|choice| choice.name = format!("{} ({})", choice.name, choice.id));
        }
    }
    choices
}

/// The campaign as people call it, where it can be asked for by that; else what was asked for.
fn campaign(facts: &Facts) -> String {
    let asked = facts.ask.campaign.clone().unwrap_or_default();
    facts.campaign.as_ref().map_or(asked, |(id, name)| {
        name.as_ref().filter(|name| address::is_possible(name)).unwrap_or(id).clone()
    })
}

/// The first run, ready to be typed.
fn invitation(address: &str) -> String {
    format!(
        "curl {address}/api/metrics/campaign -H 'content-type: application/json' -d '{{\"campaignId\": \"first\", \
         \"campaignName\": \"First campaign\", \"runId\": \"run-1\", \"phase\": \"1\", \"agentsTotal\": 5, \
         \"agentsSuccessful\": 5, \"assetsGenerated\": 8, \"tokensIn\": 5300, \"tokensOut\": 2200, \"costUSD\": 0.12, \
         \"latencyP95Ms\": 38400, \"latencyAvgMs\": 21700}}'"
    )
}

#[cfg(test)]
mod tests;
