//! The proof at the foot: received = on disk = in Dataverse = read back, and nothing unaccounted for.

use leptos::prelude::*;

use crate::{
    address::ViewQuery,
    panel::{BalanceView, Panel},
};

pub(crate) fn foot(panel: &Panel, ask: &ViewQuery, own_zone: Option<String>) -> impl IntoView + use<> {
    view! {
        <footer>
            {balance(&panel.balance)}
            {zone(panel, ask, own_zone)}
            <a href="/pipeline">"Why these numbers are right"</a>
        </footer>
    }
}

fn balance(balance: &BalanceView) -> impl IntoView + use<> {
    let steps = balance.steps.iter().enumerate().map(|(at, (number, what))| {
        view! {
            <li>{(at > 0).then_some("= ")}<data value=number.replace(',', "")>{number.clone()}</data>" "{what.clone()}</li>
        }
    });
    let class = if balance.unaccounted == 0 { "verdict good" } else { "verdict bad" };
    view! {
        <div class="balance">
            <h2>"Every record accounted for"</h2>
            <ol>{steps.collect_view()}</ol>
            <p class=class>{balance.verdict.clone()}</p>
        </div>
    }
}

/// Which days these are; and the viewer's own, where they are others.
fn zone(panel: &Panel, ask: &ViewQuery, own: Option<String>) -> impl IntoView + use<> {
    let own = own.filter(|own| *own != panel.zone);
    let href = ViewQuery { zone: own.clone(), ..ask.clone() }.href();
    let offer = own.map(|own| view! { <a href=href data-view="" data-zone="">{format!("Use {own}")}</a> });
    view! { <p class="zone">{format!("Days in {}", panel.zone)}" "{offer}</p> }
}
