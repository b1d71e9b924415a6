//! `/`: the panel.

use leptos::prelude::*;

use super::document::{Frame, document};
use crate::panel::Panel;

/// The panel's document. The panel it shows is also handed to the browser inside it.
pub fn panel_page(frame: &Frame, panel: &Panel) -> impl IntoView + use<> {
    let title = format!("{} · Studio Metrics", panel.heading.lead);
    document(frame, title, true, view! { <div id="live"></div> })
}
