//! The text of a body that has to be JSON.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};

use super::body::{self, BodyFault};
use crate::problem::{self, Problem};

/// A request's body as text, once it is known to be JSON by name.
pub async fn json_text(headers: &HeaderMap, body: axum::body::Body) -> Result<Arc<str>, Problem> {
    let media = media(headers);
    // A sender that asks before it sends hears at once what it would hear afterwards.
    if headers.contains_key(header::EXPECT) {
        if declared(headers).is_some_and(|bytes| bytes > body::MOST_BYTES) {
            return Err(refused(BodyFault::TooLarge));
        }
        media.clone()?;
    }
    let body = body::read(body).await;
    media?;
    let bytes = body.map_err(refused)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| {
        Problem::new(problem::ProblemType::NotJson, "The body is not valid UTF-8, so it is not JSON.")
    })?;
    Ok(Arc::from(text))
}

/// Every header that says what the body is has to say the same: JSON, as it is.
fn media(headers: &HeaderMap) -> Result<(), Problem> {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let is_json = types.next().is_some_and(is_json) && types.next().is_none();
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    let is_plain = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"identity");
    if is_json && codings.all(is_plain) {
        return Ok(());
    }
    let detail = "Send the body as Content-Type: application/json, in UTF-8 and not compressed.";
    Err(Problem::new(problem::ProblemType::MediaType, detail))
}

fn declared(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn refused(fault: BodyFault) -> Problem {
    let close = |problem: Problem| problem.with_header(header::CONNECTION, HeaderValue::from_static("close"));
    match fault {
        BodyFault::TooLarge => close(Problem::new(
            problem::ProblemType::TooLarge,
            format!("The body has more than {} bytes; send fewer records at a time.", body::MOST_BYTES),
        )),
        BodyFault::TooSlow => close(Problem::new(
            problem::ProblemType::TooSlow,
            "The body was not there within 20 s; nothing of it was kept.",
        )),
        BodyFault::CutOff => {
            Problem::new(problem::ProblemType::NotJson, "The body ended before it was complete.")
        }
    }
}

/// `application/json`, with a charset only if it is UTF-8.
fn is_json(value: &HeaderValue) -> bool {
    let Ok(text) = value.to_str() else { return false };
    let mut parts = text.split(';').map(str::trim);
    let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("application/json"));
    named
        && parts.filter(|part| !part.is_empty()).all(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            !name.trim().eq_ignore_ascii_case("charset")
                || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    #[track_caller]
    fn check(value: &'static str, expect: bool) {
        assert_eq!(is_json(&HeaderValue::from_static(value)), expect, "{value}");
    }

    #[track_caller]
    fn says(headers: &[(HeaderName, &'static str)], expect: bool) {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.append(name.clone(), HeaderValue::from_static(value));
        }
        assert_eq!(media(&all).is_ok(), expect, "{headers:?}");
    }

    #[test]
    fn all_content_type_headers_count() {
        const JSON: &str = "application/json";
        let (media, coding) = (header::CONTENT_TYPE, header::CONTENT_ENCODING);
        says(&[(media.clone(), JSON)], true);
        says(&[(media.clone(), JSON), (coding.clone(), "Identity")], true);
        says(&[(media.clone(), JSON), (coding.clone(), "identity"), (coding.clone(), "gzip")], false);
        says(&[(media.clone(), JSON), (media.clone(), "text/plain")], false);
        says(&[(media.clone(), JSON), (media, JSON)], false);
        says(&[(coding, "identity")], false);
    }

    #[test]
    fn json_is_known_by_its_name() {
        check("application/json", true);
        check("Application/JSON; charset=utf-8", true);
        check("application/json;charset=\"UTF-8\"", true);
        check("application/json; charset=latin1", false);
        check("text/plain", false);
        check("application/jsonp", false);
        check("", false);
    }
}
