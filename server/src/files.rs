//! The browser's files, inside the binary. Their addresses end in a hash of their content, so that they can be kept
//! for good.

use std::{borrow::Cow, collections::HashMap};

use app::pages::Files;
use axum::{
    body::Body,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use rust_embed::Embed;

use crate::{
    app_state::SharedState,
    http::headers::none_match,
    problem::{Problem, ProblemType},
};

#[derive(Embed)]
#[folder = "$STUDIO_SITE"]
struct Site;

const FOR_GOOD: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

struct File {
    content: Bytes,
    brotli: Option<Bytes>,
    media_type: &'static str,
    hash: String,
}

/// Every file under its plain name, and the plain name for each address.
pub struct SiteFiles {
    by_name: HashMap<String, File>,
    by_address: HashMap<String, String>,
}

impl SiteFiles {
    #[must_use]
    pub fn load() -> Self {
        let (mut by_name, mut by_address) = (HashMap::new(), HashMap::new());
        for name in Site::iter().filter(|name| !name.ends_with(".br")) {
            let Some(file) = Site::get(&name) else { continue };
            let hash: String =
                file.metadata.sha256_hash().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            by_address.insert(hashed(&name, &hash), name.to_string());
            let brotli = Site::get(&format!("{name}.br")).map(|twin| shared(twin.data));
            let file = File { content: shared(file.data), brotli, media_type: media_type(&name), hash };
            by_name.insert(name.to_string(), file);
        }
        Self { by_name, by_address }
    }

    /// Where pages find their files.
    #[must_use]
    pub fn addresses(&self) -> Files {
        let address = |name: &str| {
            self.by_name
                .get(name)
                .map_or_else(String::new, |file| format!("/pkg/{}", hashed(name, &file.hash)))
        };
        Files {
            js: address("studio.js"),
            wasm: address("studio_bg.wasm"),
            css: address("studio.css"),
            icon: address("icon.svg"),
            pipeline: address("pipeline.js"),
        }
    }

    /// Whether there is anything to hand out; a server that was built without its browser files has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }
}

/// `/pkg/{name}`: by address for good, by plain name (as in a style sheet's `url(…)`) with a question each time.
pub async fn package(
    State(state): State<SharedState>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let files = &state.files;
    let (plain, keeping) = match files.by_address.get(&name) {
        Some(plain) => (plain, FOR_GOOD),
        None => (&name, ASK_AGAIN),
    };
    files.by_name.get(plain).map_or_else(missing, |file| answer(file, &headers, keeping))
}

/// The script that puts the panel into pages elsewhere, which they may load.
pub async fn embed_script(state: State<SharedState>, uri: Uri, headers: HeaderMap) -> Response {
    let mut answer = well_known(state, uri, headers).await;
    let for_others = HeaderValue::from_static("cross-origin");
    answer.headers_mut().insert(HeaderName::from_static("cross-origin-resource-policy"), for_others);
    answer
}

/// What browsers and robots look for at the root of every site.
pub async fn well_known(State(state): State<SharedState>, uri: Uri, headers: HeaderMap) -> Response {
    let name = uri.path().trim_start_matches('/');
    let files = &state.files;
    let stand_in = if name == "favicon.ico" { "icon.svg" } else { name };
    let file = files.by_name.get(name).or_else(|| files.by_name.get(stand_in));
    match file {
        Some(file) => answer(file, &headers, ASK_AGAIN),
        None if name == "robots.txt" => "User-agent: *\nDisallow: /\n".into_response(),
        None => missing(),
    }
}

fn answer(file: &File, headers: &HeaderMap, keeping: &'static str) -> Response {
    let tag = format!("\"{}\"", file.hash);
    let brotli = file.brotli.as_ref().filter(|_| takes_brotli(headers));
    let mut answer = if none_match(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(Body::from(brotli.unwrap_or(&file.content).clone()))
    };
    let fields = answer.headers_mut();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.media_type));
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static(keeping));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        fields.insert(header::ETAG, tag);
    }
    if file.brotli.is_some() {
        fields.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if brotli.is_some() {
        fields.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    answer
}

/// Embedded bytes are handed out as they lie in the binary.
fn shared(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    }
}

fn missing() -> Response {
    Problem::new(ProblemType::NotFound, "There is no file of this name.").into_response()
}

fn takes_brotli(headers: &HeaderMap) -> bool {
    headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let refused = |weight: &str| {
                weight.strip_prefix("q=").is_some_and(|q| q.trim_matches(['0', '.']).is_empty())
            };
            parts.next().is_some_and(|name| name.eq_ignore_ascii_case("br")) && !parts.any(refused)
        })
    })
}

/// `studio.js` becomes `studio.0123456789abcdef.js`.
fn hashed(name: &str, hash: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}.{hash}.{extension}"),
        None => format!("{name}.{hash}"),
    }
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sent: &str, expect: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, sent.parse().unwrap());
        assert_eq!(takes_brotli(&headers), expect, "{sent}");
    }

    #[test]
    fn brotli_goes_to_those_who_take_it() {
        check("gzip, deflate, br", true);
        check("BR;q=0.5", true);
        check("gzip", false);
        check("br;q=0", false);
        check("br; q=0.0, gzip", false);
        check("brotli", false);
    }

    #[test]
    fn addresses_carry_the_hash_before_the_extension() {
        assert_eq!(hashed("studio.js", "ab"), "studio.ab.js");
        assert_eq!(hashed("studio_bg.wasm", "ab"), "studio_bg.ab.wasm");
    }
}
