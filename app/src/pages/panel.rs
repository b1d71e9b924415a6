//! `/`: the panel.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use leptos::prelude::*;

use super::{
    document::{DocumentHead, Frame, document},
    site_header::SitePage,
};
use crate::{
    client::{PANEL_ATTRIBUTE, live_panel},
    panel::{CampaignChoice, Panel},
};

/// The panel's document: what it shows, the same once more for the browser that brings it alive, and the campaigns that its
/// box offers.
pub fn panel_page(frame: &Frame, panel: &Panel, campaigns: &[CampaignChoice]) -> impl IntoView + use<> {
    let heading = DocumentHead { title: panel.title(), here: Some(SitePage::Panel), is_live: true };
    let handed_over = BASE64_STANDARD.encode(postcard::to_allocvec(panel).unwrap_or_default());
    let live = live_panel(panel.clone());
    let live = view! { <div id="live">{live}</div> }.attr(PANEL_ATTRIBUTE, handed_over);
    let options = campaigns
        .iter()
        .map(|choice| view! { <option value=choice.id.clone()>{choice.name.clone()}</option> });
    let options = view! { <datalist id="campaigns">{options.collect_view()}</datalist> };
    document(frame, heading, (live, options))
}
