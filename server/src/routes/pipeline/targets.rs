//! The targets in `/api/pipeline`: what was promised, and what was measured of it on this server.

use model::decimal::{self, PERCENT_SCALE};
use serde_json::{Value, json};

use crate::targets::{TargetLimit, TargetReading};

/// Milliseconds to the microsecond.
const MILLISECOND_SCALE: u8 = 3;

/// Times are milliseconds, shares percent, both as decimal texts.
pub(super) fn target(reading: &TargetReading) -> Value {
    let target = reading.target;
    let (unit, scale, limit) = match target.limit {
        TargetLimit::Time { below, .. } => {
            ("ms", MILLISECOND_SCALE, u64::try_from(below.as_micros()).unwrap_or(u64::MAX))
        }
        TargetLimit::Share { above_bp, .. } => ("percent", PERCENT_SCALE, above_bp),
    };
    let shown = |number: u64| decimal::format(i64::try_from(number).unwrap_or(i64::MAX), scale);
    json!({
        "name": target.name,
        "label": target.label,
        "meaning": target.meaning,
        "unit": unit,
        "limit": shown(limit),
        "measured": reading.measured.map(shown),
        "samples": reading.samples,
        "windowSeconds": target.window.as_secs(),
        "coveredSeconds": reading.over.as_secs(),
        "held": reading.held,
    })
}
