//! Every address the server answers. Files mirror addresses.

mod beacon;
mod breakdown;
mod campaigns;
mod csv_file;
mod export;
mod figures;
mod forecast;
pub mod gauges;
mod health;
mod history;
mod letters;
mod notes;
mod openapi;
mod parameters;
pub mod pipeline;
mod problems;
mod recent;
mod record_json;
mod records;
mod recount;
mod rollups;
mod session;
pub mod share_links;
mod tag;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing::{delete, get, post},
};
use http::Method;
use ledger::LedgerError;
use tower_http::{CompressionLevel, compression::CompressionLayer};

use crate::{
    access::{self, RequestHead},
    app_state::SharedState,
    files,
    http::middleware,
    pages::{self, FrameOrigins},
    problem::{Problem, ProblemType},
};

/// Good enough, and quick: what is sent here is composed anew each time.
const COMPRESSION: CompressionLevel = CompressionLevel::Precise(4);

pub fn router(state: &SharedState) -> Router {
    let router = routes();
    let router = if state.settings.beacon { router.merge(beacon::routes()) } else { router };
    #[cfg(feature = "livereload")]
    let router = crate::http::livereload::layered(router);
    router
        .layer(CompressionLayer::new().quality(COMPRESSION))
        .layer(from_fn(bare_when_unmodified))
        .layer(from_fn_with_state(state.clone(), guard))
        .layer(from_fn_with_state(state.clone(), middleware::around))
        .with_state(state.clone())
}

fn routes() -> Router<SharedState> {
    Router::new()
        .route("/", get(pages::panel::panel))
        .route("/campaigns", get(pages::campaigns::campaigns))
        .route("/campaigns/{id}", get(pages::panel::panel))
        .route("/runs/{id}", get(pages::run::run))
        .route("/pipeline", get(pages::pipeline::pipeline))
        .route("/pipeline/demo", post(pages::demo::make))
        .route("/pipeline/recount", post(pages::recount::begin))
        .route("/pipeline/question", post(pages::refused::answer))
        .route("/pipeline/refused", post(pages::refused::act_on_all))
        .route("/pipeline/refused/{kind}/{id}", get(pages::refused::show).post(pages::refused::act))
        .route("/notes", post(pages::notes::act))
        .route("/budget", post(pages::budget::set))
        .route("/settings/keys", get(pages::keys::show).post(pages::keys::add))
        .route("/settings/people", get(pages::people::show).post(pages::people::act))
        .route("/settings/links", get(pages::links::show).post(pages::links::act))
        .route("/s/{token}", get(pages::shared::show).post(pages::shared::unlock))
        .route("/s/{token}/live", get(pages::shared::live))
        .route("/embed.js", get(files::embed_script))
        .route("/sign-in", get(pages::sign_in::show).post(pages::sign_in::sign_in))
        .route("/sign-in/oidc", get(pages::provider::begin))
        .route("/sign-in/callback", get(pages::provider::finish))
        .route("/sign-out", post(pages::sign_in::sign_out))
        .route("/theme", post(pages::theme::choose))
        .route("/api/panel", get(pages::panel::poll))
        .merge(records::routes())
        .route("/api/metrics/recent", get(recent::recent))
        .route("/api/metrics/history", get(history::history))
        .route("/api/metrics/campaigns", get(campaigns::campaigns))
        .route("/api/metrics/export.csv", get(export::export))
        .route("/api/metrics/rollups", get(rollups::rollups))
        .route("/api/metrics/recount", get(recount::recount))
        .route("/api/metrics/notes", get(notes::list).post(notes::add))
        .route("/api/metrics/notes/{id}", delete(notes::remove))
        .route("/api/pipeline", get(pipeline::pipeline))
        .route(letters::PATH, get(letters::read).post(letters::again).delete(letters::drop))
        .route("/api/share-links", get(share_links::list).post(share_links::add))
        .route("/api/share-links/{id}", delete(share_links::remove))
        .route("/api/embed-tokens", post(share_links::embed))
        .route("/api/session", get(session::session))
        .route("/api/openapi.json", get(openapi::openapi))
        .route("/problems/{slug}", get(problems::explain))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/pkg/{name}", get(files::package))
        .route("/favicon.ico", get(files::well_known))
        .route("/icon.svg", get(files::well_known))
        .route("/robots.txt", get(files::well_known))
        .fallback(pages::fault::not_found)
        .method_not_allowed_fallback(wrong_method)
}

/// Lets in who may.
async fn guard(State(state): State<SharedState>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let mut head = RequestHead::from_parts(parts, ());
    let admitted = access::admit(&state, &mut head).await;
    let mut request = Request::from_parts(head.into_parts().0, body);
    request.extensions_mut().insert(FrameOrigins(Arc::clone(&state.frame_origins)));
    match admitted {
        Ok(()) => next.run(request).await,
        Err(refusal) => pages::sign_in::refuse(&state, request, refusal).await,
    }
}

async fn wrong_method(method: Method) -> Problem {
    Problem::new(
        ProblemType::MethodNotAllowed,
        format!("This address does not take {method}; Allow names what it takes."),
    )
}

/// A 304 says nothing of a body that it does not have.
async fn bare_when_unmodified(request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    if answer.status() == http::StatusCode::NOT_MODIFIED {
        answer.headers_mut().remove(http::header::CONTENT_TYPE);
        answer.headers_mut().remove(http::header::CONTENT_LENGTH);
    }
    answer.into_response()
}

/// The ledger cannot promise anything now; nothing of the request was kept.
impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Self {
        tracing::warn!(error = %error, "the ledger did not do what was asked");
        let detail = error.to_string();
        Self::new(ProblemType::Unavailable, detail).retry_after(error.retry_after())
    }
}
