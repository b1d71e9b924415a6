//! The five tiles: label, figure, change, shape, denominator, and what stands behind the figure.

use leptos::prelude::*;
use model::figures::Tile;

use crate::{
    address::ViewQuery,
    panel::{DeltaView, FigureView, Panel, Spark, TileView},
};

pub(crate) fn tiles(panel: &Panel, ask: &ViewQuery) -> impl IntoView + use<> {
    let tiles = panel.tiles.iter().map(|view| tile(view, ask)).collect_view();
    view! { <section class="tiles" aria-label="Figures">{tiles}</section> }
}

fn tile(tile: &TileView, ask: &ViewQuery) -> impl IntoView + use<> {
    let picked = ask.tile.key() == tile.key;
    let href = ask.with_tile(Tile::of_key(&tile.key).unwrap_or(Tile::Cost)).href();
    let absence = tile.absence.clone();
    view! {
        <article class="tile" data-tile=tile.key.clone()>
            <h2>
                <a href=href data-view="" aria-current=picked.then_some("true")>{tile.label.clone()}</a>
            </h2>
            {explanation(tile)}
            <p class="figure">{figures(&tile.figures)}</p>
            {delta(tile.delta.as_ref(), absence)}
            {spark(&tile.spark)}
            <p class="note">{tile.note.clone()}</p>
        </article>
    }
}

/// One figure, or two with a stroke between them; a dash where there is none.
fn figures(figures: &[FigureView]) -> impl IntoView + use<> {
    if figures.is_empty() {
        return view! { <span class="none">"–"</span> }.into_any();
    }
    let parts = figures.iter().enumerate().map(|(at, figure)| {
        let stroke = (at > 0).then(|| view! { <span class="stroke">" / "</span> });
        view! {
            {stroke}
            <data value=figure.exact.clone()>{figure.shown.clone()}</data>
            <span class="unit">{figure.unit.clone()}</span>
        }
    });
    parts.collect_view().into_any()
}

/// The change, or why there is no figure to change.
fn delta(delta: Option<&DeltaView>, absence: String) -> impl IntoView + use<> {
    let (arrow, words, class) = match delta {
        Some(delta) => (delta.arrow.clone(), delta.words.clone(), delta.tone.class()),
        None => (String::new(), absence, "neutral"),
    };
    view! {
        <p class=format!("delta {class}")>
            <span aria-hidden="true">{arrow}</span>
            " "
            {words}
        </p>
    }
}

fn spark(spark: &Spark) -> impl IntoView + use<> {
    view! {
        <svg class="spark" viewBox="0 0 100 32" preserveAspectRatio="none" aria-hidden="true" focusable="false">
            <path class="area" d=spark.area.clone()></path>
            <path class="line" d=spark.line.clone()></path>
            <path class="last" d=spark.last.clone()></path>
        </svg>
    }
}

fn explanation(tile: &TileView) -> impl IntoView + use<> {
    view! {
        <details class="explain over" name="explain">
            <summary aria-label=format!("Explain {}", tile.label)><span aria-hidden="true">"?"</span></summary>
            <dl inner_html=tile.explanation.clone()></dl>
        </details>
    }
}
