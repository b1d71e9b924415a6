//! `/`: the panel.

use leptos::prelude::*;

use super::document::{Frame, document};
use crate::{live::live_panel, panel::Panel};

/// The panel's document. Called where a [`Panel`] is in context: the live part takes it from there, and hands it to
/// the browser within the page.
pub fn panel_page(frame: &Frame, panel: &Panel) -> impl IntoView + use<> {
    let title = format!("{} · Studio Metrics", panel.heading.lead.trim_end_matches('.'));
    document(frame, title, true, view! { <div id="live">{live_panel()}</div> })
}
