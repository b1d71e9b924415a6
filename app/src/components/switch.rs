//! A row of links of which one is chosen.

use leptos::prelude::*;

pub(super) fn switch(
    class: &'static str,
    label: &'static str,
    links: Vec<(String, &'static str, bool)>,
) -> impl IntoView {
    let links = links.into_iter().map(|(href, text, chosen)| {
        view! { <a href=href data-view="" aria-current=chosen.then_some("true")>{text}</a> }
    });
    view! { <nav class=class aria-label=label>{links.collect_view()}</nav> }
}
