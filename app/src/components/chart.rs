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

pub(crate) fn chart(chart: &ChartView, ask: &ViewQuery, point: Option<usize>) -> impl IntoView + use<> {
    let looked_at = point.and_then(|at| chart.points.get(at));
    let readout = looked_at.map_or_else(String::new, |point| in_words(chart, point));
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
                {slider(chart, point)}
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
fn slider(chart: &ChartView, point: Option<usize>) -> impl IntoView + use<> {
    let last = chart.points.len().saturating_sub(1);
    let at = point.unwrap_or(last).min(last);
    let words = chart.points.get(at).map(|point| in_words(chart, point));
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

/// "Tue 14 Oct: $26.07, 97 runs; 90 days before $19.01".
fn in_words(chart: &ChartView, point: &PointView) -> String {
    let so_far = if point.partial { " so far" } else { "" };
    let plural = if point.runs == "1" { "" } else { "s" };
    let mut words = format!("{}{so_far}: {}, {} run{plural}", point.when, point.value, point.runs);
    if !chart.previous.is_empty() {
        words.push_str(&format!("; {} {}", chart.previous_name, point.previous));
    }
    words
}
