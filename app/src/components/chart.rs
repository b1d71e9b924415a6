//! The chart of the picked tile: caption first, then the drawing that proves it, then the same as a table.
//!
//! The drawing stretches with the page and its texts do not, so that it fits a phone without being drawn again.

use leptos::prelude::*;
use model::figures::Tile;

use super::switch::switch;
use crate::{
    address::ViewQuery,
    panel::{ChartView, PointView},
};

/// Of what is chosen, the first point is where that began; without one, the other is looked at.
pub(crate) fn chart(chart: &ChartView, ask: &ViewQuery, chosen: [Option<usize>; 2]) -> impl IntoView + use<> {
    let readout = chosen[1].map_or_else(String::new, |_| in_words(chart, chosen));
    view! {
        <section class="card chart" aria-labelledby="chart-title">
            <div class="card-head">
                <h2 id="chart-title">{chart.title.clone()}</h2>
                {tiles(ask)}
            </div>
            <p class="caption">{chart.caption.clone()}</p>
            <p class="readout" aria-hidden="true">{readout}</p>
            <div class="plot">
                <svg class="heights" aria-hidden="true" focusable="false" inner_html=chart.heights.clone()></svg>
                {slider(chart, chosen)}
                <svg class="laid-over" aria-hidden="true" focusable="false" inner_html=chart.laid_over.clone()></svg>
                <svg class="end" aria-hidden="true" focusable="false" inner_html=chart.ends.clone()></svg>
                <svg class="days" aria-hidden="true" focusable="false" inner_html=chart.days.clone()></svg>
            </div>
            <details class="twin" id="table">
                <summary>"Table" <kbd>"T"</kbd></summary>
                {table(chart)}
            </details>
            <div class="tools" inner_html=chart.tools.clone()></div>
            <div class="notes" inner_html=chart.notes.clone()></div>
        </section>
    }
}

/// The tiles once more, beside the chart that they lead.
fn tiles(ask: &ViewQuery) -> impl IntoView + use<> {
    let links = Tile::ALL.map(|tile| {
        let label = match tile {
            Tile::Cost => "Cost",
            Tile::Latency => "Latency",
            Tile::Success => "Success",
            Tile::Assets => "Assets",
            Tile::Tokens => "Tokens",
        };
        (ask.with_tile(tile).href(), label, ask.tile == tile)
    });
    switch("switch", "Chart", links.to_vec())
}

/// The drawing itself. To a keyboard and a screen reader it is a slider over its points.
fn slider(chart: &ChartView, chosen: [Option<usize>; 2]) -> impl IntoView + use<> {
    let last = chart.points.len().saturating_sub(1);
    let [_, point] = chosen;
    let at = point.unwrap_or(last).min(last);
    let words = in_words(chart, chosen);
    let pointer = point.and_then(|at| chart.points.get(at)).map(|point| format!("M{} 0V1000", point.at));
    view! {
        <div
            class="drawing"
            data-plot=""
            role="slider"
            tabindex="0"
            aria-labelledby="chart-title"
            aria-valuemin="0"
            aria-valuemax=last.to_string()
            aria-valuenow=at.to_string()
            aria-valuetext=words
        >
            <svg class="marks" viewBox="0 0 10000 1000" preserveAspectRatio="none" aria-hidden="true" focusable="false">
                <path class="grid" d=chart.grid.clone()></path>
                <path class="columns" d=chart.columns.clone()></path>
                <path class="band" d=chart.band.clone()></path>
                <path class="partial" d=chart.partial.clone()></path>
                <path class="previous" d=chart.previous.clone()></path>
                <path class="thin" d=chart.thin.clone()></path>
                <path class="mean" d=chart.mean.clone()></path>
                <path class="pointer" d=pointer.unwrap_or_default()></path>
                <path class="chosen" d=columns(chart, chosen)></path>
            </svg>
        </div>
    }
}

fn table(chart: &ChartView) -> impl IntoView + use<> {
    // The browser pays less for a text than for elements. Nothing in it was written by people.
    let mut rows = String::new();
    for PointView { when, value, runs, previous, partial, .. } in chart.points.iter().rev() {
        let so_far = if *partial { " (so far)" } else { "" };
        for part in [
            "<tr><th scope=\"row\">",
            when,
            so_far,
            "</th><td>",
            value,
            "</td><td>",
            runs,
            "</td><td>",
            previous,
            "</td></tr>",
        ] {
            rows.push_str(part);
        }
    }
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="The chart as a table">
            <table>
                <thead>
                    <tr>
                        <th scope="col">{if chart.unit == "hour" { "Hour" } else { "Day" }}</th>
                        <th scope="col">{chart.title.clone()}</th>
                        <th scope="col">"Runs"</th>
                        <th scope="col">{chart.previous_name.clone()}</th>
                    </tr>
                </thead>
                <tbody inner_html=rows></tbody>
            </table>
        </div>
    }
}

/// From the first to the last column that is chosen.
fn columns(chart: &ChartView, chosen: [Option<usize>; 2]) -> String {
    let Some((first, last)) = stretch(chart, chosen) else { return String::new() };
    let half = chart.points[0].at;
    format!("M{} 0H{}V1000H{0}z", chart.points[first].at - half, chart.points[last].at + half)
}

/// Where more than one is chosen.
fn stretch(chart: &ChartView, [one, other]: [Option<usize>; 2]) -> Option<(usize, usize)> {
    let (one, other) = (one?, other?);
    let (first, last) = if one < other { (one, other) } else { (other, one) };
    (first < last && last < chart.points.len()).then_some((first, last))
}

/// "Tue 14 Oct: $26.07, 97 runs; 90 days before $19.01", or "Tue 14 Oct to Mon 20 Oct, 7 days".
fn in_words(chart: &ChartView, chosen: [Option<usize>; 2]) -> String {
    if let Some((first, last)) = stretch(chart, chosen) {
        let when = |at: usize| &chart.points[at].when;
        return format!("{} to {}, {} days", when(first), when(last), last - first + 1);
    }
    let last = chart.points.len().saturating_sub(1);
    let Some(point) = chart.points.get(chosen[1].unwrap_or(last).min(last)) else { return String::new() };
    let so_far = if point.partial { " so far" } else { "" };
    let plural = if point.runs == "1" { "" } else { "s" };
    let mut words = format!("{}{so_far}: {}, {} run{plural}", point.when, point.value, point.runs);
    if !chart.previous.is_empty() {
        words.push_str(&format!("; {} {}", chart.previous_name, point.previous));
    }
    words
}
