//! The headers that keep browsers on our side, on every answer.

use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

/// What everything but a page may do: nothing.
const STRICT_POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(self), \
     geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), \
     publickey-credentials-get=(), screen-wake-lock=(self), usb=(), xr-spatial-tracking=()";

/// A page's policy: its own files, the scripts that carry this nonce, and frames of these origins.
#[must_use]
pub fn page_policy(nonce: &str, frame_origins: &[String]) -> String {
    let ancestors = if frame_origins.is_empty() { "'none'".to_owned() } else { frame_origins.join(" ") };
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; \
         img-src 'self' data:; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}"
    )
}

/// Puts in place what the answer does not say itself. A 304 is left bare: the asker has the rest already.
pub fn secure(answer: &mut Response, https: bool) {
    if answer.status() == StatusCode::NOT_MODIFIED {
        return;
    }
    let headers = answer.headers_mut();
    let page =
        headers.get(header::CONTENT_TYPE).is_some_and(|media| media.as_bytes().starts_with(b"text/html"));
    // The policy says it better, where it says anything: this header names no origins.
    let is_framed = headers
        .get(header::CONTENT_SECURITY_POLICY)
        .is_some_and(|policy| !policy.to_str().unwrap_or_default().ends_with("frame-ancestors 'none'"));
    let mut fixed = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    fixed(header::CONTENT_SECURITY_POLICY, STRICT_POLICY);
    fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if !is_framed {
        fixed(header::X_FRAME_OPTIONS, "DENY");
    }
    fixed(header::REFERRER_POLICY, "same-origin");
    fixed(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    fixed(header::CACHE_CONTROL, "no-store");
    if page {
        fixed(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
        fixed(HeaderName::from_static("permissions-policy"), PERMISSIONS);
    }
    if https {
        // Nothing is said about names below this one: where it is a whole domain's, its neighbours are none of our business.
        fixed(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}

/// Whether `If-None-Match` names this tag; weak and strong are the same here.
#[must_use]
pub fn none_match(headers: &HeaderMap, tag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.trim() == "*" || value.split(',').any(|other| bare(other) == bare(tag)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sent: &str, tag: &str, expect: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, sent.parse().unwrap());
        assert_eq!(none_match(&headers, tag), expect, "{sent} against {tag}");
    }

    #[test]
    fn tags_match_weak_and_in_lists() {
        check("\"a\"", "\"a\"", true);
        check("W/\"a\"", "\"a\"", true);
        check("\"b\", W/\"a\"", "\"a\"", true);
        check("*", "\"a\"", true);
        check("\"ab\"", "\"a\"", false);
        check("a", "\"a\"", false);
    }
}
