//! Pages are whole documents: what they show is there before rendering starts.

pub mod budget;
pub mod campaigns;
pub mod demo;
pub mod fault;
pub mod keys;
pub mod notes;
pub mod panel;
pub mod pipeline;
pub mod recount;
pub mod refused;
pub mod run;
pub mod theme;
mod visitor;

use app::pages::Frame;
use axum::{extract::Request, response::Response};
use http::{HeaderValue, StatusCode, header};
use leptos::{nonce::use_nonce, prelude::*};
use leptos_axum::ResponseOptions;

use crate::{app_state::SharedState, http::headers::page_policy};

pub use visitor::Visitor;

fn frame(state: &SharedState, visitor: &Visitor) -> Frame {
    Frame {
        files: state.files.addresses(),
        theme: visitor.theme,
        demo: state.settings.demo.is_some(),
        are_keys_off: visitor.are_keys_off,
        beacon: state.settings.beacon,
    }
}

/// Renders a document; `context` is what its components find around them.
async fn document<V: IntoView + 'static>(
    request: Request,
    status: StatusCode,
    context: impl Fn() + Clone + Send + Sync + 'static,
    view: impl Fn() -> V + Clone + Send + Sync + 'static,
) -> Response {
    let secured = move || {
        context();
        secure();
    };
    let mut answer = leptos_axum::render_app_async_with_context(secured, view)(request).await;
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.append(header::VARY, HeaderValue::from_static("cookie"));
    answer
}

/// Allows the scripts that carry this rendering's nonce, and no others.
fn secure() {
    let (Some(nonce), Some(answer)) = (use_nonce(), use_context::<ResponseOptions>()) else { return };
    if let Ok(policy) = HeaderValue::from_str(&page_policy(&nonce)) {
        answer.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}
