//! The proof at the foot: received = on disk = in Dataverse = read back, and nothing unaccounted for.

use leptos::prelude::*;

use crate::{address::ViewQuery, panel::Panel};

pub(crate) fn foot(panel: &Panel, ask: &ViewQuery, own_zone: Option<String>) -> impl IntoView + use<> {
    view! {
        <footer>
            <div class="balance" inner_html=panel.balance.clone()></div>
            {zone(panel, ask, own_zone)}
            <a href="/pipeline">"Why these numbers are right"</a>
        </footer>
    }
}

/// Which days these are; and the viewer's own, where they are others.
fn zone(panel: &Panel, ask: &ViewQuery, own: Option<String>) -> impl IntoView + use<> {
    let own = own.filter(|own| *own != panel.zone);
    let href = ViewQuery { zone: own.clone(), ..ask.clone() }.href();
    let offer = own.map(|own| view! { <a href=href data-view="" data-zone="">{format!("Use {own}")}</a> });
    view! { <p class="zone">{format!("Days in {}", panel.zone)}" "{offer}</p> }
}
