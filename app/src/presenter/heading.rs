//! The page's first sentence: whether all is well, and what changed. The rules, in the order in which they lead.

use super::{
    change::per_mille,
    period::Period,
    why::because,
    words::{self, NBSP},
};
use crate::{
    panel::{Heading, Tone},
    studio::Facts,
};
use model::{delivery::DeliveryState, figures::Tile};

/// From this many hundredths of a percent on, a fall in success leads the page.
const SUCCESS_FALL_BP: i64 = 500;
/// With fewer hundredths of a percent of agents succeeding, nothing else leads the page.
const MOST_FAIL_BP: i64 = 5_000;
/// From this many thousandths on, a rise in cost or latency leads the page.
const RISE_PER_MILLE: i64 = 250;
/// Fewer agents or runs than this, in either stretch, bear no alarm.
const MINIMUM: i64 = 20;

pub(super) fn heading(facts: &Facts) -> Heading {
    closed(facts)
        .or_else(|| unread(facts))
        .or_else(|| unaccounted(facts))
        .or_else(|| delivery(facts))
        .or_else(|| alarm(facts))
        .or_else(|| nothing(facts))
        .or_else(|| most_fail(facts))
        .or_else(|| success_fell(facts))
        .or_else(|| cost_rose(facts))
        .or_else(|| latency_rose(facts))
        .or_else(|| attention(facts))
        .or_else(|| late(facts))
        .unwrap_or_else(|| well(facts))
}

fn closed(facts: &Facts) -> Option<Heading> {
    let reason = facts.delivery.closed.as_deref()?;
    Some(Heading {
        lead: "Records are turned away.".to_owned(),
        rest: format!("{} Senders are told to send again.", words::sentence(reason)),
        tone: Tone::Bad,
    })
}

/// What was true when it could be looked at last may be true no more.
fn unread(facts: &Facts) -> Option<Heading> {
    let reason = words::sentence(facts.delivery.unread.as_deref()?);
    let rest = super::of_when(facts)
        .map_or_else(|| reason.clone(), |when| format!("{reason} These figures are of {when}."));
    Some(Heading { lead: "The ledger is out of reach.".to_owned(), rest, tone: Tone::Bad })
}

/// Nothing is known to be wrong, and nothing to be well either.
fn late(facts: &Facts) -> Option<Heading> {
    let rest = format!("They are of {}; newer ones take longer than usual.", super::of_when(facts)?);
    Some(Heading { lead: "These figures are late.".to_owned(), rest, tone: Tone::Late })
}

fn unaccounted(facts: &Facts) -> Option<Heading> {
    let missing = facts.delivery.unaccounted();
    (missing > 0).then(|| Heading {
        lead: format!("{} unaccounted for.", words::counted(missing, "record is", "records are")),
        rest: "What was received and what is kept do not agree; the pipeline page shows where.".to_owned(),
        tone: Tone::Bad,
    })
}

fn delivery(facts: &Facts) -> Option<Heading> {
    let delivery = &facts.delivery;
    let waiting = words::counted(delivery.pending, "record waits", "records wait");
    let lead = match delivery.state {
        DeliveryState::Ok => return None,
        DeliveryState::Behind if delivery.by_flow => "The flow is behind.",
        DeliveryState::Behind => "Dataverse is behind.",
        DeliveryState::Stopped => "Dataverse is out of reach.",
    };
    let rest = match (delivery.state, &delivery.reason) {
        (DeliveryState::Behind, Some(reason)) => format!("{} Nothing is lost.", words::sentence(reason)),
        _ => format!("{waiting}; nothing is lost."),
    };
    Some(Heading { lead: lead.to_owned(), rest, tone: Tone::Late })
}

/// What keeps us from knowing: worse than a figure that fell.
fn alarm(facts: &Facts) -> Option<Heading> {
    let rest = words::sentence(facts.delivery.alarms.first()?);
    Some(Heading { lead: "Not all is well.".to_owned(), rest, tone: Tone::Late })
}

/// What waits for a person, where nothing more urgent is to be said.
fn attention(facts: &Facts) -> Option<Heading> {
    let sentence = facts.delivery.attention.first()?;
    let (lead, rest) = ("Somebody is needed.".to_owned(), format!("{sentence}; nothing is lost."));
    Some(Heading { lead, rest, tone: Tone::Late })
}

/// What became of the search for a campaign, where it is not clear which is meant.
pub(super) fn search(facts: &Facts) -> Option<(&'static str, &'static str)> {
    if facts.ask.campaign.is_none() || facts.campaign.is_some() || !facts.any_runs {
        return None;
    }
    Some(if facts.matches.is_empty() {
        ("No campaign is called that.", "Write its id, or a part of its name; or nothing, for all campaigns.")
    } else {
        ("More than one campaign may be meant.", "Choose one, or write more of its name.")
    })
}

fn nothing(facts: &Facts) -> Option<Heading> {
    if facts.history.figures.sums.runs > 0 {
        return None;
    }
    if let Some((lead, rest)) = search(facts) {
        return Some(Heading { lead: lead.to_owned(), rest: rest.to_owned(), tone: Tone::Neutral });
    }
    let stretch = Period::of(&facts.history.window).this();
    let (lead, rest) = match (&facts.ask.campaign, facts.any_runs) {
        (_, false) => ("Ready for the first run.".to_owned(), "Nothing has been recorded yet.".to_owned()),
        (Some(_), true) => (
            format!("No runs in {stretch}."),
            "This campaign has none; choose a longer range, or all campaigns.".to_owned(),
        ),
        (None, true) => {
            (format!("No runs in {stretch}."), "Older ones are there; choose a longer range.".to_owned())
        }
    };
    Some(Heading { lead, rest, tone: Tone::Neutral })
}

/// However it was before.
fn most_fail(facts: &Facts) -> Option<Heading> {
    let sums = &facts.history.figures.sums;
    let success = sums.success_bp().filter(|bp| *bp < MOST_FAIL_BP && sums.agents >= MINIMUM)?;
    let of = format!(
        "Of {} {}{NBSP}% succeed.",
        words::counted(sums.agents, "agent", "agents"),
        words::percent(success)
    );
    let rest = with_cause(Tile::Success, facts, of);
    Some(Heading { lead: "Most agents fail.".to_owned(), rest, tone: Tone::Bad })
}

fn success_fell(facts: &Facts) -> Option<Heading> {
    let (now, before) = (&facts.history.figures.sums, &facts.history.previous.sums);
    let fall = before.success_bp()? - now.success_bp()?;
    (fall >= SUCCESS_FALL_BP && now.agents >= MINIMUM && before.agents >= MINIMUM).then(|| Heading {
        lead: format!("Success fell to {}{NBSP}%.", words::percent(now.success_bp().unwrap_or(0))),
        rest: with_cause(
            Tile::Success,
            facts,
            format!(
                "It was {}{NBSP}% in the {}.",
                words::percent(before.success_bp().unwrap_or(0)),
                Period::of(&facts.history.window).before()
            ),
        ),
        tone: Tone::Bad,
    })
}

fn cost_rose(facts: &Facts) -> Option<Heading> {
    let (now, before) =
        (facts.history.figures.cost_per_campaign_e5()?, facts.history.previous.cost_per_campaign_e5()?);
    let rise = rise(now, before, facts)?;
    Some(Heading {
        lead: format!("Cost rose by {rise}."),
        rest: with_cause(
            Tile::Cost,
            facts,
            format!(
                "A campaign costs {}, and cost {} in the {}.",
                words::money(now),
                words::money(before),
                Period::of(&facts.history.window).before()
            ),
        ),
        tone: Tone::Bad,
    })
}

fn latency_rose(facts: &Facts) -> Option<Heading> {
    let (now, before) =
        (facts.history.figures.sums.latency_p95_ms?, facts.history.previous.sums.latency_p95_ms?);
    let rise = rise(now, before, facts)?;
    Some(Heading {
        lead: format!("Runs are slower by {rise}."),
        rest: with_cause(
            Tile::Latency,
            facts,
            format!(
                "One in twenty takes over {}; in the {} it was {}.",
                words::duration_text(now),
                Period::of(&facts.history.window).before(),
                words::duration_text(before)
            ),
        ),
        tone: Tone::Bad,
    })
}

/// "Retail, north is 80 % of that.", where one part is most of it, and then the rest.
fn with_cause(tile: Tile, facts: &Facts, rest: String) -> String {
    because(tile, facts).into_iter().chain([rest]).collect::<Vec<_>>().join(" ")
}

/// The rise in percent where it is large enough, over enough runs, to lead the page.
fn rise(now: i64, before: i64, facts: &Facts) -> Option<String> {
    let enough = facts.history.figures.sums.runs >= MINIMUM && facts.history.previous.sums.runs >= MINIMUM;
    let rise = per_mille(now, before).filter(|rise| enough && *rise >= RISE_PER_MILLE)?;
    Some(format!("{}{NBSP}%", words::rounded(rise, 10)))
}

fn well(facts: &Facts) -> Heading {
    let history = &facts.history;
    let before = Period::of(&history.window).before();
    let cost = history.figures.cost_per_campaign_e5().zip(history.previous.cost_per_campaign_e5());
    let cost = cost.and_then(|(now, then)| per_mille(now, then)).map(|change| match change {
        0 => format!("a campaign costs what it did in the {before}"),
        less if less < 0 => format!("a campaign costs {} less than in the {before}", tenths(-less)),
        more => format!("a campaign costs {} more than in the {before}", tenths(more)),
    });
    let success = history.figures.sums.success_bp().map(|bp| match bp {
        10_000 => "every agent succeeds".to_owned(),
        _ => format!("{}{NBSP}% of agents succeed", words::percent(bp)),
    });
    let rest = [cost, success].into_iter().flatten().collect::<Vec<_>>().join(", and ");
    Heading { lead: "All is well.".to_owned(), rest: words::sentence(&rest), tone: Tone::Good }
}

fn tenths(per_mille: i64) -> String {
    format!("{}{NBSP}%", model::decimal::format(per_mille, 1))
}
