//! For those who change the panel: open pages load themselves again when the server was built anew. Built in by
//! `cargo xtask dev` alone.

use std::convert::Infallible;

use axum::{
    Router,
    body::{Body, to_bytes},
    middleware::map_response,
    response::{Html, IntoResponse as _, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use futures::FutureExt as _;
use http::{HeaderValue, Request, header};
use sha2::{Digest as _, Sha256};
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_livereload::LiveReloadLayer;

/// Adds the script to each page, and lets the page's policy run it.
pub fn layered<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    let hash = script_hash().now_or_never().unwrap_or_default();
    router
        .layer(LiveReloadLayer::new())
        .layer(map_response(move |page: Response| std::future::ready(allowing(page, &hash))))
}

/// Of the script that the layer adds: what it makes of an empty page, which is there at once.
async fn script_hash() -> String {
    let empty = service_fn(async |_: Request<Body>| Ok::<_, Infallible>(Html("").into_response()));
    let Ok(page) = LiveReloadLayer::new().layer(empty).oneshot(Request::new(Body::empty())).await;
    let page = to_bytes(Body::new(page.into_body()), usize::MAX).await.unwrap_or_default();
    let page = String::from_utf8_lossy(&page);
    let script = page.split_once('>').and_then(|(_, rest)| rest.split_once("</script>"));
    BASE64_STANDARD.encode(Sha256::digest(script.map_or("", |(script, _)| script)))
}

fn allowing(mut page: Response, hash: &str) -> Response {
    let policy = page.headers().get(header::CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    let policy =
        policy.map(|policy| policy.replacen("script-src ", &format!("script-src 'sha256-{hash}' "), 1));
    if let Some(policy) = policy.and_then(|policy| HeaderValue::try_from(policy).ok()) {
        page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    page
}
