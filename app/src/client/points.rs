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
        live.panel.with_untracked(|panel| {
            let points = &panel.chart.points;
            // The middle of the first column is half a column from the edge.
            let width = place.width() * f64::from(points.first()?.at) / 5_000.0;
            column(f64::from(event.client_x()) - place.left(), width).filter(|at| *at < points.len())
        })
    });
    if live.point.get_untracked() != point {
        live.point.set(point);
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "few columns")]
fn column(x: f64, width: f64) -> Option<usize> {
    (width > 0.0 && x >= 0.0).then(|| (x / width) as usize)
}
