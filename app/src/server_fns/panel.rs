//! The poll: one question, the whole panel as the answer.

use leptos::prelude::*;

use super::poll_protocol::PollProtocol;
use crate::{address::ViewQuery, fault::RequestError, panel::Panel};

/// Answers `GET /api/panel?range=…&tile=…`, with an entity tag. In the browser: none where `seen` is still what holds;
/// the server's own layer sees to that before anything is computed.
#[server(name = PollPanel, prefix = "/api", endpoint = "panel", protocol = PollProtocol)]
pub async fn poll_panel(ask: ViewQuery, seen: Option<u64>) -> Result<Option<Panel>, RequestError> {
    use crate::studio::SharedStudio;
    use http::{HeaderValue, header};

    let studio = use_context::<SharedStudio>()
        .ok_or_else(|| RequestError::Unavailable("the server was started without its ledger".to_owned()))?;
    let panel = studio.panel(ask).await?;
    if seen == Some(panel.version) {
        return Ok(None);
    }
    // The tag names the address too: one version under two links shows two things.
    if let (Some(answer), Ok(tag)) =
        (use_context::<leptos_axum::ResponseOptions>(), HeaderValue::from_str(&panel.entity_tag()))
    {
        answer.insert_header(header::ETAG, tag);
        answer.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    Ok(Some(Panel::clone(&panel)))
}
