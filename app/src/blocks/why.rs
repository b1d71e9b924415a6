//! The bridge from before to now.

use leptos::prelude::*;

use super::{dimensions, percent};
use crate::{
    address::ViewQuery,
    presenter::{BridgeRow, Pillar, WhyView},
};

pub(crate) fn why(why: &WhyView, ask: &ViewQuery) -> impl IntoView + use<> {
    view! {
        <section class="card bridge" aria-labelledby="why-title">
            <div class="card-head">
                <h2 id="why-title">{why.title.clone()}</h2>
                {dimensions(ask, "why-by", "Why, by")}
            </div>
            {match &why.none {
                Some(none) => view! { <p class="caption">{none.clone()}</p> }.into_any(),
                None => bridge(why).into_any(),
            }}
        </section>
    }
}

fn bridge(why: &WhyView) -> impl IntoView + use<> {
    let rows = why.rows.iter().map(|row| part(row, [why.before.at, why.now.at])).collect_view();
    view! {
        <p class="caption">{why.sentence.clone()}</p>
        <table>
            <thead>
                <tr>
                    <th scope="col">{why.column.clone()}</th>
                    <td class="bar"></td>
                    <th scope="col" class="number">"Part"</th>
                </tr>
            </thead>
            <tbody>
                {pillar(&why.before)}
                {rows}
            </tbody>
            <tfoot>{pillar(&why.now)}</tfoot>
        </table>
        <p class="method">{why.method.clone()}</p>
    }
}

fn pillar(pillar: &Pillar) -> impl IntoView + use<> {
    let at = percent(pillar.at);
    view! {
        <tr class="pillar">
            <th scope="row">{pillar.name.clone()}</th>
            <td class="bar">
                <svg aria-hidden="true" focusable="false"><line class="pillar" x1=at.clone() x2=at y1="0" y2="100%"></line></svg>
            </td>
            <td class="number">{pillar.value.clone()}</td>
        </tr>
    }
}

fn part(row: &BridgeRow, pillars: [i64; 2]) -> impl IntoView + use<> {
    let name = match &row.href {
        Some(href) => {
            view! { <a id=format!("why-{}", row.key) title=row.name.clone() href=href.clone()><bdi>{row.name.clone()}</bdi></a> }
                .into_any()
        }
        None => row.name.clone().into_any(),
    };
    let lines = pillars.map(percent).map(|at| {
        view! { <line class="pillar" x1=at.clone() x2=at y1="0" y2="100%"></line> }
    });
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td class="bar">
                <svg aria-hidden="true" focusable="false">
                    {lines.to_vec()}
                    <rect class=row.tone.class() x=percent(row.bar.0) width=percent(row.bar.1) y="30%" height="40%"></rect>
                </svg>
            </td>
            <td class="number" title=row.detail.clone()>{row.part.clone()}</td>
        </tr>
    }
}
