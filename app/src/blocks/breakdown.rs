//! The table of campaigns, or of phases.

use leptos::prelude::*;

use super::{delta, dimensions, percent};
use crate::{
    address::{PartOrder, ViewQuery},
    panel::Spark,
    presenter::{BreakdownView, PartRow},
};

pub(crate) fn breakdown(parts: &BreakdownView, ask: &ViewQuery) -> impl IntoView + use<> {
    let head = |sort: PartOrder, reversed: PartOrder, text: &str, class: &'static str| {
        heading(ask, (sort, reversed), text, class)
    };
    let rows = parts.rows.iter().map(|row| part(row, "")).collect_view();
    let whole = parts.whole.as_ref().map(|whole| view! { <tfoot>{part(whole, "pillar")}</tfoot> });
    let note = parts.note.clone();
    view! {
        <section class="card breakdown" aria-labelledby="parts-title">
            <div class="card-head">
                <h2 id="parts-title">{parts.title.clone()}</h2>
                {dimensions(ask, "parts-by", "Parts by")}
            </div>
            <p class="caption">{parts.sentence.clone()}</p>
            <table>
                <thead>
                    <tr>
                        {head(PartOrder::Name, PartOrder::NameReversed, parts.name_column, "")}
                        {head(PartOrder::Figure, PartOrder::FigureReversed, parts.figure_column, "number")}
                        <th scope="col" class="share wide">{parts.share_column}</th>
                        {head(PartOrder::Runs, PartOrder::RunsReversed, "Runs", "number wide")}
                        {head(PartOrder::Change, PartOrder::ChangeReversed, "Change", "number")}
                        {shape_heading(&parts.shape_column)}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
                {whole}
            </table>
            <div class="card-foot">
                <a id="all-campaigns" href=parts.campaigns_href.clone()>"All campaigns"</a>
                <p>{note}</p>
            </div>
        </section>
    }
}

/// A column's name, which sorts by it: the other way round where it is sorted by already.
fn heading(
    ask: &ViewQuery,
    (sort, reversed): (PartOrder, PartOrder),
    text: &str,
    class: &'static str,
) -> impl IntoView + use<> {
    // The alphabet goes up, numbers come down.
    let [as_is, turned] =
        if sort == PartOrder::Name { ["ascending", "descending"] } else { ["descending", "ascending"] };
    let (next, state) = match ask.sort {
        now if now == sort => (reversed, Some(as_is)),
        now if now == reversed => (sort, Some(turned)),
        _ => (sort, None),
    };
    let arrow = state.map(|state| if state == "ascending" { " ↑" } else { " ↓" });
    let href = ViewQuery { sort: next, ..ask.clone() }.href();
    view! {
        <th scope="col" class=class aria-sort=state>
            <a id=format!("sort-{}", sort.key().trim_start_matches('-')) href=href data-view="">
                {text.to_owned()}
                <span aria-hidden="true">{arrow}</span>
            </a>
        </th>
    }
}

fn part(row: &PartRow, class: &'static str) -> impl IntoView + use<> {
    let name = match &row.href {
        Some(href) => {
            view! { <a id=format!("part-{}", row.key) title=row.name.clone() href=href.clone()><bdi>{row.name.clone()}</bdi></a> }
                .into_any()
        }
        None => row.name.clone().into_any(),
    };
    let bar = row.bar.map(|bar| {
        view! { <svg aria-hidden="true" focusable="false"><rect width=percent(bar) height="100%"></rect></svg> }
    });
    let share = row.share.map(|share| {
        view! {
            {bar}
            <span>{format!("{}.{}\u{a0}%", share / 10, share % 10)}</span>
        }
    });
    view! {
        <tr class=class>
            <th scope="row">{name}</th>
            <td class="number">{row.figure.clone()}</td>
            <td class="share wide">{share}</td>
            <td class="number wide">{row.runs.clone()}</td>
            <td class="number">{row.change.as_ref().map(delta)}</td>
            <td class="shape wide">{shape(&row.shape)}</td>
        </tr>
    }
}

/// Where no shape is drawn there is nothing to be called.
fn shape_heading(words: &str) -> impl IntoView + use<> {
    if words.is_empty() {
        return view! { <td class="shape wide"></td> }.into_any();
    }
    view! { <th scope="col" class="shape wide">{words.to_owned()}</th> }.into_any()
}

fn shape(spark: &Spark) -> impl IntoView + use<> {
    (!spark.line.is_empty()).then(|| {
        view! {
            <svg class="spark" viewBox="0 0 100 32" preserveAspectRatio="none" aria-hidden="true" focusable="false">
                <path class="line" d=spark.line.clone()></path>
                <path class="last" d=spark.last.clone()></path>
            </svg>
        }
    })
}
