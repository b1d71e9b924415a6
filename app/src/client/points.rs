//! Looking at one point of the chart, by pointer or by arrow keys.

use leptos::{prelude::*, web_sys::PointerEvent};

use super::links::closest;
use crate::signals::Signals;

/// Moves along the chart; says whether the key was one of its own.
pub(super) fn step(live: Signals, key: &str) -> bool {
    let count = live.panel.with_untracked(|panel| panel.chart.points.len());
    let Some(last) = count.checked_sub(1) else { return false };
    let at = live.point.get_untracked().unwrap_or(last).min(last);
    let next = match key {
        "ArrowLeft" | "ArrowDown" => at.saturating_sub(1),
        "ArrowRight" | "ArrowUp" => (at + 1).min(last),
        "PageUp" => (at + 7).min(last),
        "PageDown" => at.saturating_sub(7),
        "Home" => 0,
        "End" => last,
        _ => return false,
    };
    live.point.set(Some(next));
    true
}

/// The column under the pointer; none beside the chart, and none among the days to come.
pub(super) fn follow(live: Signals, event: &PointerEvent) {
    let point = closest(event, "[data-plot]").and_then(|plot| {
        let place = plot.get_bounding_client_rect();
        let share = (f64::from(event.client_x()) - place.left()) * 10_000.0 / place.width();
        live.panel.with_untracked(|panel| {
            let points = &panel.chart.points;
            // The middle of the first column is half a column from the edge.
            let half = f64::from(points.first()?.at);
            points.iter().position(|point| (f64::from(point.at) - share).abs() <= half)
        })
    });
    if live.point.get_untracked() != point {
        live.point.set(point);
    }
}
