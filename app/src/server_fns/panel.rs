//! The poll: one question, the whole panel as the answer.

use leptos::prelude::*;
use server_fn::codec::{GetUrl, Postcard};

use crate::{fault::Fault, panel::Panel};

/// Answers `GET /api/panel?range=…&tile=…`, with an entity tag; the server turns what did not change into a 304.
#[server(name = PollPanel, prefix = "/api", endpoint = "panel", input = GetUrl, output = Postcard)]
pub async fn poll_panel(
    range: String,
    tile: String,
    campaign: Option<String>,
    tz: Option<String>,
) -> Result<Panel, Fault> {
    use crate::{address::Ask, studio::SharedStudio};
    use http::{HeaderValue, header};
    use model::{figures::Tile, range::Range};

    let ask = Ask {
        range: Range::of_key(&range).ok_or_else(|| Fault::Refused(format!("there is no range {range:?}")))?,
        tile: Tile::of_key(&tile).ok_or_else(|| Fault::Refused(format!("there is no tile {tile:?}")))?,
        campaign,
        zone: tz,
    };
    let studio = use_context::<SharedStudio>()
        .ok_or_else(|| Fault::Unavailable("the server was started without its ledger".to_owned()))?;
    let panel = studio.panel(ask).await?;
    // The tag names the address too: one version under two links shows two things.
    if let (Some(answer), Ok(tag)) =
        (use_context::<leptos_axum::ResponseOptions>(), HeaderValue::from_str(&panel.entity_tag()))
    {
        answer.insert_header(header::ETAG, tag);
        answer.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    Ok(Panel::clone(&panel))
}
