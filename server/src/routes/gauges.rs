//! What `/metrics` says of the records and of those who carry them: taken from the view that all share, so that asking
//! costs nothing.

use std::time::Duration;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use model::{
    delivery::{Balance, DeliveryState, DeliveryView},
    range::Range,
    time::{SECOND, Timestamp},
};
use tokio::time::timeout;

use crate::{
    access::Principal,
    app_state::AppState,
    targets::{TargetLimit, TargetReading},
    version::VERSION,
};

/// Scrapers give up soon, and what the ledger says is only part of the answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// The pipeline's workers, wherever it carries.
const WORKERS: [&str; 3] = ["the relay", "the mirror", "the read-back"];

/// Says what each figure means, once.
pub fn describe() {
    let records: [(&'static str, &'static str); 9] = [
        ("studio_records_received", "Records taken in, summed from the receipts"),
        ("studio_records_on_disk", "Records in the ledger, those that came out of Dataverse included"),
        ("studio_records_in_dataverse", "Records that Dataverse acknowledged, or that came from there"),
        ("studio_records_read_back", "Records that were read back out of Dataverse as they should be"),
        ("studio_records_waiting", "What waits for Dataverse, corrections and withdrawals included"),
        ("studio_records_refused", "What Dataverse refuses, those left out that people gave up"),
        ("studio_records_unaccounted", "Records that nothing explains; anything but 0 is a fault"),
        ("studio_records_unconfirmed", "In Dataverse as far as it acknowledged, and not read back yet"),
        ("studio_questions_open", "Questions about rows that are gone, without an answer yet"),
    ];
    records.into_iter().for_each(|(name, help)| describe_gauge!(name, help));
    describe_gauge!(
        "studio_oldest_waiting_seconds",
        Unit::Seconds,
        "For how long the oldest record has waited for Dataverse"
    );
    describe_gauge!(
        "studio_oldest_unconfirmed_seconds",
        Unit::Seconds,
        "For how long the oldest record has waited to be read back"
    );
    describe_gauge!(
        "studio_records_timestamp_seconds",
        Unit::Seconds,
        "Of when the figures of the records are; it stands still while the ledger cannot be read"
    );
    describe_gauge!(
        "studio_ledger_up",
        "1 while the ledger keeps what it is given and can be read, 0 while it cannot"
    );
    describe_gauge!("studio_delivery_state", "1 for the state that delivery is in: ok, behind or stopped");
    describe_gauge!("studio_worker_up", "1 while a worker is at work, 0 while it waits to begin anew");
    describe_gauge!("studio_worker_falls", "How often a worker ended unasked since the start");
    describe_gauge!(
        "studio_mirror_last_look_timestamp_seconds",
        Unit::Seconds,
        "When Dataverse last said what changed there"
    );
    describe_gauge!("studio_mirror_paused", "1 while nothing comes in from Dataverse");
    describe_gauge!(
        "studio_budget_left",
        "What is left of today's requests to Dataverse, where a budget is set"
    );
    describe_gauge!(
        "studio_secret_days_left",
        "Days until the application's secret ends, where that is known"
    );
    describe_gauge!("studio_build_info", "1, with the version that runs");
    pipeline();
    describe_counter!("studio_http_requests_total", "Requests answered, by method, route and status");
    describe_histogram!("studio_http_request_seconds", Unit::Seconds, "How long answers took, by route");
    describe_counter!("dataverse_calls_total", "Calls of Dataverse, by operation and outcome");
    describe_counter!(
        "dataverse_rows_total",
        "Rows sent to Dataverse or read there, by operation and outcome"
    );
    describe_counter!("dataverse_retries_total", "Calls of Dataverse that were tried once more");
    describe_counter!("dataverse_throttled_total", "Calls that Dataverse throttled");
    describe_histogram!("dataverse_call_seconds", Unit::Seconds, "How long calls of Dataverse took");
    describe_counter!("dataverse_token_hits_total", "Calls that found a token at hand");
    describe_counter!("dataverse_token_misses_total", "Calls that had to wait for a token");
    describe_counter!("dataverse_token_fetches_total", "Tokens asked for, by outcome");
    targets();
}

/// What the targets are measured by where nothing else is, and the targets themselves.
fn targets() {
    describe_histogram!("dataverse_token_seconds", Unit::Seconds, "How long fetching a token took");
    describe_histogram!(
        "dataverse_query_seconds",
        Unit::Seconds,
        "How long Dataverse took to answer requests that only read rows"
    );
    describe_histogram!(
        "studio_sync_delay_seconds",
        Unit::Seconds,
        "From storing what is sent to Dataverse until it is acknowledged"
    );
    describe_histogram!(
        "studio_intake_write_seconds",
        Unit::Seconds,
        "How long it took until the records of a request were on disk"
    );
    describe_histogram!(
        "studio_ledger_figures_seconds",
        Unit::Seconds,
        "How long reading the figures of a view, or the balance, took"
    );
    describe_histogram!(
        "studio_panel_lcp_seconds",
        Unit::Seconds,
        "When the panel's largest part was painted, as browsers tell it"
    );
    describe_gauge!("studio_target_limit_seconds", Unit::Seconds, "What a target's time stays below");
    describe_gauge!("studio_target_limit_ratio", "What a target's share stays above");
    describe_gauge!(
        "studio_target_measured_seconds",
        Unit::Seconds,
        "A target's time as it was measured over its window; NaN while there is none"
    );
    describe_gauge!(
        "studio_target_measured_ratio",
        "A target's share as it was measured over its window; NaN while there is none"
    );
    describe_gauge!("studio_target_samples", "From how many samples a target was measured");
    describe_gauge!(
        "studio_target_held",
        "1 while a target is held, 0 while it is missed, NaN while there is too little to say"
    );
}

/// What ledger and pipeline count of their own work.
fn pipeline() {
    describe_gauge!(
        "studio_ledger_log_bytes",
        Unit::Bytes,
        "What waits in SQLite's log for its place in the file"
    );
    describe_gauge!("studio_ledger_queue_bytes", Unit::Bytes, "What waits to be written");
    describe_gauge!(
        "studio_ledger_queue_age_seconds",
        Unit::Seconds,
        "For how long the oldest of that has waited"
    );
    describe_histogram!("studio_ledger_group_bytes", Unit::Bytes, "What was written in one transaction");
    describe_histogram!("studio_ledger_commit_seconds", Unit::Seconds, "How long transactions took");
    describe_counter!("studio_ledger_commits_total", "Transactions, by outcome: kept or failed");
    describe_counter!(
        "studio_ledger_retries_total",
        "Transactions that were tried once more, PostgreSQL only"
    );
    describe_counter!("studio_relay_records_total", "Records that came back from Dataverse, by outcome");
    describe_counter!("studio_relay_pauses_total", "How often delivery paused, by cause");
    describe_histogram!(
        "studio_relay_delivery_seconds",
        Unit::Seconds,
        "How long one delivery took, what it points at included"
    );
    describe_histogram!("studio_relay_delivery_records", "Records of one delivery");
    describe_gauge!(
        "studio_mirror_lag_seconds",
        Unit::Seconds,
        "Since when Dataverse has not said what changed there"
    );
    describe_counter!("studio_mirror_rows_total", "Rows read by the mirror, by what became of them");
}

/// Writes down how everything stands.
pub async fn take(state: &AppState) {
    gauge!("studio_build_info", "version" => VERSION).set(1);
    state.targets.readings().iter().for_each(target);
    workers(state);
    let zone = &state.settings.zone;
    let house = Principal::house();
    let known = state.snapshots.gathered(&house, Range::Live, None, zone);
    let known = timeout(PATIENCE, known).await.ok().and_then(Result::ok);
    let delivery = known.as_ref().map(|known| &known.delivery);
    let is_up = delivery.is_some_and(|delivery| delivery.closed.is_none() && delivery.unread.is_none());
    gauge!("studio_ledger_up").set(u8::from(is_up));
    set_delivery_state(delivery.map_or(DeliveryState::Stopped, |delivery| delivery.state));
    // What could not be looked at stays as it was, and says of when it is.
    if let Some(known) = known.filter(|known| known.delivery.unread.is_none()) {
        records(&known.delivery, state.now());
        gauge!("studio_records_timestamp_seconds").set((known.gathered.now.micros() / SECOND) as f64);
    }
}

fn set_delivery_state(state: DeliveryState) {
    for each in [DeliveryState::Ok, DeliveryState::Behind, DeliveryState::Stopped] {
        gauge!("studio_delivery_state", "state" => each.key()).set(u8::from(each == state));
    }
}

fn records(delivery: &DeliveryView, now: Timestamp) {
    let sum = |figure: fn(&Balance) -> i64| delivery.balance.iter().map(figure).sum::<i64>();
    for (name, number) in [
        ("studio_records_received", sum(|balance| balance.received)),
        ("studio_records_on_disk", sum(|balance| balance.durable)),
        ("studio_records_in_dataverse", sum(|balance| balance.delivered + balance.mirrored)),
        ("studio_records_read_back", sum(|balance| balance.confirmed)),
        ("studio_records_waiting", delivery.pending),
        ("studio_records_refused", delivery.refused),
        ("studio_records_unaccounted", delivery.unaccounted()),
        ("studio_records_unconfirmed", delivery.unconfirmed()),
        ("studio_questions_open", i64::try_from(delivery.questions).unwrap_or(i64::MAX)),
        ("studio_oldest_waiting_seconds", delivery.lag_seconds(now)),
        ("studio_oldest_unconfirmed_seconds", delivery.unconfirmed_seconds(now)),
    ] {
        gauge!(name).set(number as f64);
    }
}

/// Times in seconds, shares from 0 to 1.
fn target(reading: &TargetReading) {
    let name = reading.target.name;
    let measured = |unit: f64| reading.measured.map_or(f64::NAN, |measured| measured as f64 / unit);
    match reading.target.limit {
        TargetLimit::Time { below, .. } => {
            gauge!("studio_target_limit_seconds", "target" => name).set(below.as_secs_f64());
            gauge!("studio_target_measured_seconds", "target" => name).set(measured(1_000_000.0));
        }
        TargetLimit::Share { above_bp, .. } => {
            gauge!("studio_target_limit_ratio", "target" => name).set(above_bp as f64 / 10_000.0);
            gauge!("studio_target_measured_ratio", "target" => name).set(measured(10_000.0));
        }
    }
    gauge!("studio_target_samples", "target" => name).set(reading.samples as f64);
    gauge!("studio_target_held", "target" => name).set(reading.held.map_or(f64::NAN, f64::from));
}

fn workers(state: &AppState) {
    let organisation = state.delivery_service.organisation();
    if let Some(relay) = &organisation.relay {
        WORKERS.into_iter().for_each(|worker| worker_is(worker, true, 0));
        if let Some(at) = relay.mirror.last_pass {
            gauge!("studio_mirror_last_look_timestamp_seconds").set((at.micros() / SECOND) as f64);
            let lag = state.now().since(at).max(0) / SECOND;
            gauge!("studio_mirror_lag_seconds").set(lag as f64);
        }
        gauge!("studio_mirror_paused").set(u8::from(relay.mirror.paused_since.is_some()));
        if let Some(budget) = &relay.budget {
            gauge!("studio_budget_left").set(budget.limit.saturating_sub(budget.spent) as f64);
        }
    }
    for fall in state.delivery_service.falls() {
        worker_is(fall.worker, fall.is_up, fall.times);
    }
    if let Some(days) = organisation.days_left(state.now()) {
        gauge!("studio_secret_days_left").set(days);
    }
}

fn worker_is(worker: &'static str, is_up: bool, falls: u64) {
    let name = worker.trim_start_matches("the ");
    gauge!("studio_worker_up", "worker" => name).set(u8::from(is_up));
    gauge!("studio_worker_falls", "worker" => name).set(falls as f64);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::targets::TARGETS;

    /// The names in a text that stand in quotes or backticks.
    fn names(text: &str, mark: char) -> BTreeSet<&str> {
        let is_name = |word: &&str| {
            let plain = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            plain && !word.ends_with('_') && (word.starts_with("studio_") || word.starts_with("dataverse_"))
        };
        text.split(mark).filter(is_name).collect()
    }

    #[test]
    fn every_figure_is_described_and_listed() {
        let described = names(include_str!("gauges.rs"), '"');
        let listed = names(include_str!("../../../docs/logging.md"), '`');
        assert!(described.len() > 40, "{described:?}");
        assert_eq!(described, listed);
        for counted in [
            include_str!("../../ledger/src/meters.rs"),
            include_str!("../../pipeline/src/meters.rs"),
            include_str!("../http/middleware.rs"),
            include_str!("health.rs"),
            include_str!("beacon.rs"),
            include_str!("records/intake.rs"),
            include_str!("../targets/table.rs"),
            include_str!("../../dataverse/src/transport.rs"),
            include_str!("../../dataverse/src/token/stats.rs"),
        ] {
            let mut strange: Vec<&str> = names(counted, '"').difference(&described).copied().collect();
            strange.retain(|name| !TARGETS.iter().any(|target| target.name == *name));
            assert!(strange.is_empty(), "without a description: {strange:?}");
        }
    }

    #[test]
    fn alerts_and_dashboard_name_described_figures() {
        let described = names(include_str!("gauges.rs"), '"');
        let is_part = |c: char| !(c.is_ascii_lowercase() || c == '_');
        for text in [
            include_str!("../../../docs/monitoring/alerts.yml"),
            include_str!("../../../docs/monitoring/dashboard.json"),
        ] {
            let named = text
                .split(is_part)
                .filter(|word| word.starts_with("studio_") || word.starts_with("dataverse_"));
            let named: BTreeSet<&str> = named.collect();
            let strange: Vec<&str> = named.difference(&described).copied().collect();
            assert!(named.len() > 10 && strange.is_empty(), "without a description: {strange:?}");
        }
    }
}
