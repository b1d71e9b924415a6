//! Looking at one point of the chart and choosing some of them, by pointer or by keys: chosen days are a view of their own.

use leptos::{
    prelude::*,
    wasm_bindgen::JsValue,
    web_sys::{Event, KeyboardEvent, PointerEvent},
};

use super::links::{closest, field, zoom, zoom_out};
use crate::{address::DateRange, signals::Signals};

/// Moves along the chart; says whether the key was one of its own.
pub(super) fn press(live: Signals, event: &KeyboardEvent) -> bool {
    let count = live.panel.with_untracked(|panel| panel.chart.points.len());
    let Some(last) = count.checked_sub(1) else { return false };
    let at = live.point.get_untracked().unwrap_or(last).min(last);
    let next = match event.key().as_str() {
        "ArrowLeft" | "ArrowDown" => at.saturating_sub(1),
        "ArrowRight" | "ArrowUp" => (at + 1).min(last),
        "PageUp" => (at + 7).min(last),
        "PageDown" => at.saturating_sub(7),
        "Home" => 0,
        "End" => last,
        "Enter" => {
            let first = live.first_chosen.get_untracked().unwrap_or(at);
            return show_days(live, first, at);
        }
        "Escape" if live.first_chosen.get_untracked().is_some() => {
            live.first_chosen.set(None);
            return true;
        }
        _ => return false,
    };
    let first = live.first_chosen.get_untracked().unwrap_or(at);
    live.first_chosen.set((event.shift_key() && is_by_day(live)).then_some(first));
    live.point.set(Some(next));
    true
}

/// The column under the pointer; none beside the chart, and none among the days to come, unless a stretch is being chosen.
pub(super) fn follow(live: Signals, event: &PointerEvent) {
    let point = closest(event, "[data-plot]").and_then(|plot| {
        let place = plot.get_bounding_client_rect();
        let share = (f64::from(event.client_x()) - place.left()) * 10_000.0 / place.width();
        let is_choosing = live.first_chosen.get_untracked().is_some();
        live.panel.with_untracked(|panel| {
            let points = &panel.chart.points;
            // The middle of the first column is half a column from the edge.
            let half = f64::from(points.first()?.at);
            let away = |at: u16| (f64::from(at) - share).abs();
            let mut nearest = 0;
            for (at, point) in points.iter().enumerate() {
                if away(point.at) < away(points[nearest].at) {
                    nearest = at;
                }
            }
            (is_choosing || away(points[nearest].at) <= half).then_some(nearest)
        })
    });
    if live.point.get_untracked() != point {
        live.point.set(point);
    }
}

/// From here on days are chosen, until the pointer is let go.
pub(super) fn begin(live: Signals, event: &PointerEvent) {
    let plot = closest(event, "[data-plot]").filter(|_| event.button() == 0 && is_by_day(live));
    live.first_chosen.set(None);
    follow(live, event);
    if let Some(plot) = plot {
        // Beyond its edges too.
        _ = plot.set_pointer_capture(event.pointer_id());
        live.first_chosen.set(live.point.get_untracked());
    }
}

/// The pointer was let go, or taken away: then nothing was chosen.
pub(super) fn end(live: Signals, event: &Event) {
    let Some(first) = live.first_chosen.get_untracked() else { return };
    live.first_chosen.set(None);
    if let Some(last) =
        live.point.get_untracked().filter(|last| *last != first && event.type_() == "pointerup")
    {
        show_days(live, first, last);
    }
}

/// Back to what was seen before the days were chosen.
pub(super) fn back(live: Signals, event: &Event) {
    if closest(event, "[data-plot]").is_some() {
        zoom_out(live);
    }
}

fn show_days(live: Signals, one: usize, other: usize) -> bool {
    live.first_chosen.set(None);
    if !is_by_day(live) {
        return false;
    }
    let days = day(one).zip(day(other)).and_then(|(one, other)| DateRange::of(one, other));
    if let Some(days) = days {
        zoom(live, days);
    }
    true
}

fn is_by_day(live: Signals) -> bool {
    live.panel.with_untracked(|panel| panel.chart.unit == "day")
}

/// The day of a column: the form for days has the first one.
fn day(at: usize) -> Option<String> {
    let first = field("#from")?.default_value();
    let day = js_sys::Date::new(&JsValue::from_str(&first));
    day.set_utc_date(day.get_utc_date() + u32::try_from(at).ok()?);
    let text = day.to_json().as_string()?;
    Some(text.get(..10)?.to_owned())
}
