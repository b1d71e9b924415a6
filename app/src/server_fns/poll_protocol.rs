//! How the poll travels: a plain address there, postcard back, and nothing at all when nothing changed.
//!
//! The standard client of server functions does this too, for 10 KB more in the browser: it brings a query serialiser
//! and an HTTP client of its own, and decodes the answer again when it is a 304.

use std::future::Future;

use leptos::{
    prelude::window,
    wasm_bindgen::{JsCast, JsValue},
    web_sys::{Headers, RequestCache, RequestInit, Response},
};
use send_wrapper::SendWrapper;
use server_fn::{
    Bytes, Protocol,
    client::Client,
    error::{IntoAppError, ServerFnErrorErr},
    request::Req,
    response::TryRes,
    server::Server,
};
use wasm_bindgen_futures::JsFuture;

use super::panel::PollPanel;
use crate::{
    address::ViewQuery,
    fault::RequestError,
    panel::{Panel, entity_tag},
};

/// A question that is asked often and mostly answered with "as before".
pub struct PollProtocol;

impl<C: Client<RequestError>, S: Server<RequestError>> Protocol<PollPanel, Option<Panel>, C, S, RequestError>
    for PollProtocol
{
    const METHOD: http::Method = http::Method::GET;

    async fn run_server<F, Fut>(request: S::Request, answer: F) -> Result<S::Response, RequestError>
    where
        F: Fn(PollPanel) -> Fut + Send,
        Fut: Future<Output = Result<Option<Panel>, RequestError>> + Send,
    {
        let ask = ViewQuery::of_query(request.as_query().unwrap_or_default());
        let panel = answer(PollPanel { ask, seen: None }).await?;
        let bytes = postcard::to_allocvec(&panel)
            .map_err(|error| ServerFnErrorErr::Serialization(error.to_string()).into_app_error())?;
        S::Response::try_from_bytes("application/x-postcard", Bytes::from(bytes))
    }

    async fn run_client(path: &str, poll: PollPanel) -> Result<Option<Panel>, RequestError> {
        let address = format!("{path}?{}", poll.ask.query());
        SendWrapper::new(fetch(address, poll.seen)).await
    }
}

async fn fetch(address: String, seen: Option<u64>) -> Result<Option<Panel>, RequestError> {
    let offline = |_: JsValue| RequestError::Offline;
    let init = RequestInit::new();
    // The browser's own cache would answer a 304 with the whole panel once more.
    init.set_cache(RequestCache::NoStore);
    if let Some(version) = seen {
        let headers = Headers::new().map_err(offline)?;
        headers.set("if-none-match", &entity_tag(version)).map_err(offline)?;
        init.set_headers(&headers);
    }
    let answer = JsFuture::from(window().fetch_with_str_and_init(&address, &init)).await.map_err(offline)?;
    let answer: Response = answer.unchecked_into();
    let status = answer.status();
    if status == 304 {
        return Ok(None);
    }
    if status == 401 {
        // The session is over: the page leads to the sign-in, and back.
        _ = window().location().reload();
    }
    let body = JsFuture::from(answer.array_buffer().map_err(offline)?).await.map_err(offline)?;
    let body = js_sys::Uint8Array::new(&body).to_vec();
    if status == 200 {
        return postcard::from_bytes(&body).map_err(|_| RequestError::other_build());
    }
    // The server function says why; what stands before it says so in words that are not for here.
    let unknown = |_| RequestError::Unavailable(format!("the server answered with {status}"));
    Err(postcard::from_bytes(&body).unwrap_or_else(unknown))
}
