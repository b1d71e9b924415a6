//! Pages are whole documents: what they show is there before rendering starts.

pub mod budget;
pub mod campaigns;
pub mod demo;
pub mod fault;
pub mod keys;
pub mod links;
pub mod notes;
pub mod panel;
pub mod people;
pub mod pipeline;
pub mod provider;
pub mod recount;
pub mod refused;
pub mod run;
pub mod shared;
pub mod sign_in;
pub mod theme;
mod visitor;

use app::pages::{Frame, PageAsker, Theme};
use axum::{extract::Request, response::Response};
use http::{HeaderValue, StatusCode, header};
use ledger::PersonRole;
use leptos::{nonce::use_nonce, prelude::*};
use leptos_axum::ResponseOptions;

use crate::{
    access::{Principal, Standing},
    app_state::SharedState,
    http::headers::page_policy,
};

pub use visitor::Visitor;

/// What every page is told of this request.
fn frame(state: &SharedState, request: &Request) -> Frame {
    let visitor = Visitor::of(request.headers());
    Frame {
        asker: asker(request),
        files: state.files.addresses(),
        theme: told_theme(request).unwrap_or(visitor.theme),
        demo: state.settings.demo.is_some(),
        are_keys_off: visitor.are_keys_off,
        beacon: state.settings.beacon,
    }
}

/// The theme that an address names, as of a page in a frame.
fn told_theme(request: &Request) -> Option<Theme> {
    let pairs = request.uri().query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(|(name, _)| *name == "theme").map(|(_, key)| Theme::of_key(key)).next()
}

/// One who was not let in is told of as one who has not signed in.
fn asker(request: &Request) -> PageAsker {
    let Some(principal) = request.extensions().get::<Principal>() else { return PageAsker::SignedOut };
    match principal.standing {
        Standing::Open | Standing::Service(_) => PageAsker::Open,
        Standing::SignedOut => PageAsker::SignedOut,
        Standing::Person(role) => {
            PageAsker::Person { name: principal.name.to_string(), is_admin: role == PersonRole::Admin }
        }
    }
}

/// Whose pages may frame what is shown, as the guard notes with each request.
#[derive(Clone, Debug, Default)]
pub struct FrameOrigins(pub std::sync::Arc<[String]>);

/// Renders a document; `context` is what its components find around them.
async fn document<V: IntoView + 'static>(
    request: Request,
    status: StatusCode,
    context: impl Fn() + Clone + Send + Sync + 'static,
    view: impl Fn() -> V + Clone + Send + Sync + 'static,
) -> Response {
    let origins = request.extensions().get::<FrameOrigins>().cloned().unwrap_or_default();
    let secured = move || {
        context();
        secure(&origins);
    };
    let mut answer = leptos_axum::render_app_async_with_context(secured, view)(request).await;
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.append(header::VARY, HeaderValue::from_static("cookie"));
    answer
}

/// Allows the scripts that carry this rendering's nonce, and no others.
fn secure(FrameOrigins(origins): &FrameOrigins) {
    let (Some(nonce), Some(answer)) = (use_nonce(), use_context::<ResponseOptions>()) else { return };
    if let Ok(policy) = HeaderValue::from_str(&page_policy(&nonce, origins)) {
        answer.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}
