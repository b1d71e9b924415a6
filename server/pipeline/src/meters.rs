//! What the pipeline counts of its own work, and the spans that it works in. `docs/logging.md` lists both.

use std::time::Duration;

use dataverse::Error;
use metrics::{counter, histogram};
use model::time::SECOND;
use tracing::Span;

use crate::{delivery::RowResult, row_tally::RowTally};

/// One delivery. `records`: how many are sent with it.
pub(crate) fn delivery(records: usize) -> Span {
    tracing::debug_span!("relay.delivery", delivery.records = records)
}

pub(crate) fn delivered(records: usize, took: Duration) {
    histogram!("studio_relay_delivery_seconds").record(took.as_secs_f64());
    histogram!("studio_relay_delivery_records").record(records as f64);
}

pub(crate) fn came_back(result: &RowResult) {
    let outcome = match result {
        RowResult::Delivered => "delivered",
        RowResult::Again(_) => "postponed",
        RowResult::Dead(_) => "refused",
        RowResult::Held | RowResult::Last => "held",
    };
    counter!("studio_relay_records_total", "outcome" => outcome).increment(1);
}

/// Dataverse acknowledged a record, `delay` microseconds after it was stored.
pub(crate) fn acknowledged(delay: i64) {
    // A clock that was set back makes no delay negative.
    histogram!("studio_sync_delay_seconds").record(delay.max(0) as f64 / SECOND as f64);
}

pub(crate) fn paused(error: &Error) {
    let cause = match error {
        Error::Throttled { .. } => "throttled",
        Error::Transport { .. } | Error::TimedOut { .. } => "unreachable",
        Error::OutOfTime => "slow",
        _ if error.forbidden().is_some() => "forbidden",
        _ => "failing",
    };
    counter!("studio_relay_pauses_total", "cause" => cause).increment(1);
}

/// One look of the mirror at a kind's table.
pub(crate) fn look(kind: &'static str) -> Span {
    tracing::debug_span!("mirror.look", record.kind = kind)
}

pub(crate) fn mirrored(tally: &RowTally) {
    for (outcome, rows) in [
        ("confirmed", tally.confirmed),
        ("added", tally.added),
        ("changed", tally.changed),
        ("withdrawn", tally.withdrawn),
        ("kept_out", tally.kept_out),
        ("resent", tally.resent),
        ("refused", tally.refused),
    ] {
        if rows > 0 {
            counter!("studio_mirror_rows_total", "outcome" => outcome).increment(rows);
        }
    }
}
