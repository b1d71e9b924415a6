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
    let here = if panel.ask.is_own { SitePage::Campaigns } else { SitePage::Panel };
    let heading = DocumentHead { title: panel.title(), here: Some(here), is_live: true };
    let crumb = panel.ask.is_own.then(|| {
        view! {
            <nav class="crumb" aria-label="Where this hangs">
                <a href="/campaigns">"‹ Campaigns"</a>
                <strong><bdi>{panel.campaign.clone()}</bdi></strong>
            </nav>
        }
    });
    // What stands in the page as it is need not be there twice.
    let handed_over = Panel { parts: String::new(), ..panel.clone() };
    let handed_over = BASE64_STANDARD.encode(postcard::to_allocvec(&handed_over).unwrap_or_default());
    let live = live_panel(panel.clone());
    let live = view! { <div id="live">{live}</div> }.attr(PANEL_ATTRIBUTE, handed_over);
    let live = live.attr("data-kiosk", panel.ask.is_kiosk.then_some(""));
    let options = campaigns
        .iter()
        .map(|choice| view! { <option value=choice.id.clone()>{choice.name.clone()}</option> });
    let options = view! { <datalist id="campaigns">{options.collect_view()}</datalist> };
    document(frame, heading, (crumb, live, options))
}
