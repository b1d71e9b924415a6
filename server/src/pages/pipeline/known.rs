//! What is known of Dataverse, as name and value.

use app::presenter::count;
use model::{calendar::Zone, time::Timestamp};
use pipeline::{BudgetStatus, RelayStatus};

use crate::delivery_service::OrganisationStatus;

pub(super) fn known(organisation: &OrganisationStatus) -> Vec<(String, String)> {
    let mut known = vec![("Organisation", organisation.place.clone())];
    if let Some(relay) = &organisation.relay {
        known.extend(delivery(relay));
        known.extend(relay.budget.as_ref().map(budget).into_iter().flatten());
    }
    if let Some(stats) = &organisation.token {
        known.extend(token(stats));
    }
    known.extend(organisation.expires.map(|last_day| ("Secret ends", last_day.to_string())));
    let wait = organisation.held_back.map(|wait| format!("{} s more", wait.as_secs()));
    known.extend(wait.map(|wait| ("Dataverse asks for a pause of", wait)));
    known.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

type ShownFact = (&'static str, String);

fn delivery(relay: &RelayStatus) -> Vec<ShownFact> {
    vec![
        ("Last delivery", relay.last_delivery.map_or_else(never, moment)),
        ("Last look at what changed there", relay.mirror.last_pass.map_or_else(never, moment)),
        ("Sent since the start", grouped(relay.sent)),
        ("Records in a request", grouped(relay.batch as u64)),
        ("Pauses since the start", grouped(relay.pauses)),
    ]
}

fn budget(budget: &BudgetStatus) -> Vec<ShownFact> {
    let spent = format!("{} of {}", grouped(budget.spent), grouped(budget.limit));
    let mut facts = vec![
        ("Spent of today's budget", spent),
        ("Needed by midnight at this rate", grouped(budget.by_midnight)),
    ];
    facts.extend(budget.held_until.map(|at| ("Held back until", moment(at))));
    facts
}

fn token(stats: &dataverse::TokenStats) -> Vec<ShownFact> {
    let asked = grouped(stats.hits + stats.misses);
    // Rounded down, as where it is measured against its target.
    let rate = (stats.hit_rate() * 10_000.0).floor() / 100.0;
    let mut facts = vec![(
        "Token at hand",
        format!("for {rate:.2} % of {asked} requests, fetched {}", times(stats.fetches)),
    )];
    if let Some(token) = stats.in_hand {
        let minutes = |time: std::time::Duration| time.as_secs() / 60;
        facts.push((
            "Token's age",
            format!("{} min, renewed in {} min", minutes(token.age), minutes(token.renews_in)),
        ));
    }
    facts
}

pub(super) fn moment(at: Timestamp) -> String {
    Zone::utc().format(at, "%Y-%m-%d %H:%M:%S UTC")
}

fn never() -> String {
    "not yet".to_owned()
}

fn grouped(number: u64) -> String {
    count(i64::try_from(number).unwrap_or(i64::MAX))
}

fn times(number: u64) -> String {
    if number == 1 { "once".to_owned() } else { format!("{} times", grouped(number)) }
}
