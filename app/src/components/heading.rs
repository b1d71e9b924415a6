//! The sentence that the page begins with, what became of a search, and the invitation where there is nothing yet.

use leptos::prelude::*;

use crate::{
    address::ViewQuery,
    panel::{Panel, Tone},
};

pub(crate) fn heading(panel: &Panel, ask: &ViewQuery, is_offline: bool) -> impl IntoView + use<> {
    // That all was well once is no news, and nothing else is known.
    let (lead, rest, tone) = if is_offline && panel.heading.tone == Tone::Good {
        let rest = format!("The last good figures are shown; they are of {}.", panel.as_of);
        ("The server is out of reach.".to_owned(), rest, Tone::Bad)
    } else {
        (panel.heading.lead.clone(), panel.heading.rest.clone(), panel.heading.tone)
    };
    // Where something more urgent leads the page, the search is told of beside it.
    let search = panel.search.clone().filter(|search| !search.starts_with(&panel.heading.lead));
    let invitation = panel.invitation.clone();
    let matches = panel.matches.iter().map(|choice| {
        let href = ask.with_campaign(Some(choice.id.clone())).href();
        view! { <li><a href=href data-view="">{choice.name.clone()}</a></li> }
    });
    let matches =
        (!panel.matches.is_empty()).then(|| view! { <ul class="matches">{matches.collect_view()}</ul> });
    view! {
        <h1 class=format!("sentence {}", tone.class())>
            <strong>{lead}</strong>
            " "
            {rest}
        </h1>
        {search.map(|search| view! { <p class="sentence">{search}</p> })}
        {matches}
        {invitation.map(|html| view! {
            <section class="card invitation" aria-labelledby="invitation" inner_html=html></section>
        })}
    }
}
