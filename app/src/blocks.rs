//! Blocks of the panel that the server renders whole: the browser puts them in their places as they are, and knows
//! nothing of what is in them.

mod breakdown;
mod notes;
mod still;
mod tools;
mod view_choice;
mod why;

pub(crate) use breakdown::breakdown;
pub(crate) use notes::{laid_over, notes};
pub(crate) use still::{balance, days, ends, explanation, heights, invitation};
pub(crate) use tools::{signed, tools};
pub(crate) use view_choice::{compare_options, date_form, kept_inputs};
pub(crate) use why::why;

use leptos::prelude::*;
use model::breakdown::Dimension;

use crate::{address::ViewQuery, panel::DeltaView};

/// As it stands in the page.
pub(crate) fn html(view: impl IntoView) -> String {
    view.into_view().to_html()
}

/// Along what the figures are told apart; `id` tells the links of one card from those of another.
fn dimensions(ask: &ViewQuery, id: &str, label: &'static str) -> impl IntoView + use<> {
    let links = Dimension::ALL.map(|by| {
        let href = ViewQuery { by, ..ask.clone() }.href();
        let name = match by {
            Dimension::Campaign => "Campaign",
            Dimension::Phase => "Phase",
        };
        let current = (ask.by == by).then_some("true");
        view! { <a id=format!("{id}-{}", by.key()) href=href data-view="" aria-current=current>{name}</a> }
    });
    view! { <nav class="switch" aria-label=label>{links.to_vec()}</nav> }
}

/// How a figure moved, in a table.
pub(crate) fn delta(delta: &DeltaView) -> impl IntoView + use<> {
    view! {
        <span class=format!("delta {}", delta.tone.class())>
            <span aria-hidden="true">{delta.arrow.clone()}</span>
            <span class="unseen">{match delta.arrow.as_str() { "▲" => "up ", "▼" => "down ", _ => "" }}</span>
            {format!(" {}", delta.words)}
        </span>
    }
}

/// Hundredths of a percent as a percentage.
fn percent(permyriad: i64) -> String {
    format!("{}.{:02}%", permyriad / 100, permyriad % 100)
}
