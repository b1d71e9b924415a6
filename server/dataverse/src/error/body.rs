//! Reading a refusal: Dataverse's own shape, the gateway's shape, plain text, or nothing at all.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};
use serde_json::Value;

use super::{Error, Refusal};

/// How long to wait when a 429 does not say: what Microsoft's own client takes.
const UNTOLD: Duration = Duration::from_secs(5);
/// No wait is believed beyond this: the sliding window is five minutes long.
const LONGEST: Duration = Duration::from_secs(3600);

/// The error that a refusing answer means. `wall` is for a `Retry-After` that is a date.
pub(crate) fn from_response(status: StatusCode, headers: &HeaderMap, body: &[u8], wall: SystemTime) -> Error {
    let refusal = refusal(status, headers, body);
    let told = retry_after(headers, wall);
    match status.as_u16() {
        401 => Error::Unauthorized(refusal),
        403 => Error::Forbidden(refusal),
        404 => Error::NotFound(refusal),
        412 => Error::Precondition(refusal),
        429 => Error::Throttled { retry_after: told.unwrap_or(UNTOLD), refusal },
        503 if told.is_some() => Error::Throttled { retry_after: told.unwrap_or(UNTOLD), refusal },
        410 => Error::DeltaExpired(refusal),
        _ if is_expired_delta(&refusal) => Error::DeltaExpired(refusal),
        _ => Error::Rejected(refusal),
    }
}

/// `ExpiredVersionStamp` \[D:cache-schema-data.md\]; also what a change of the table's own definition brings about.
fn is_expired_delta(refusal: &Refusal) -> bool {
    refusal.code == "0x80044352"
}

fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Refusal {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let request_id = text("x-ms-service-request-id").or_else(|| text("req_id"));
    let (code, message) = code_and_message(body);
    let message = if message.is_empty() {
        status.canonical_reason().unwrap_or("no reason given").to_owned()
    } else {
        message
    };
    Refusal { status: status.as_u16(), code, message, request_id }
}

fn code_and_message(body: &[u8]) -> (String, String) {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return (String::new(), excerpt(&String::from_utf8_lossy(body)));
    };
    let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    if let Some(error) = value.get("error").filter(|e| e.is_object()) {
        let code = error.get("code").map(text).unwrap_or_default();
        let message = error.get("message").map(text).unwrap_or_default();
        return (normal_code(&code), excerpt(&message));
    }
    // The gateway's shape [SMP WebAPIService ODataException.cs].
    let code = value.get("ErrorCode").map(text).unwrap_or_default();
    let message = value.get("Message").or_else(|| value.get("message")).map(text).unwrap_or_default();
    (normal_code(&code), excerpt(&message))
}

/// Hexadecimal in lower case, whether the server wrote it so, in capitals, or as a signed decimal number.
fn normal_code(code: &str) -> String {
    match code.parse::<i32>() {
        Ok(number) if number < 0 => format!("0x{number:08x}"),
        _ => code.to_ascii_lowercase(),
    }
}

/// A message is for people: an HTML page from a gateway is cut short.
fn excerpt(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(600) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// `Retry-After` as seconds or as an HTTP date.
pub(crate) fn retry_after(headers: &HeaderMap, wall: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok().map(|d| d.min(LONGEST));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    let then = SystemTime::from(date.timestamp());
    Some(then.duration_since(wall).unwrap_or_default().min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, headers: &[(&'static str, &str)], body: &str) -> Error {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_445_412_400);
        from_response(StatusCode::from_u16(status).unwrap(), &map, body.as_bytes(), wall)
    }

    #[test]
    fn every_shape_of_body_is_read() {
        let check = |status, body: &str, code: Option<&str>, part: &str| {
            let error = read(status, &[], body);
            assert_eq!(error.code(), code, "{body}");
            assert!(error.to_string().contains(part), "{error}");
        };
        check(
            404,
            r#"{"error":{"code":"0x80040217","message":"x Does Not Exist"}}"#,
            Some("0x80040217"),
            "Exist",
        );
        check(412, r#"{"error":{"code":"0x8006088A","message":"m"}}"#, Some("0x8006088a"), "m");
        check(412, r#"{"error":{"code":"","message":"m"}}"#, None, "m");
        check(400, r#"{"Message":"gate","ErrorCode":-2147220970}"#, Some("0x80040216"), "gate");
        check(502, "<html>Bad Gateway</html>", None, "Bad Gateway");
        check(401, "", None, "Unauthorized");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let check = |value: &str, expect: u64| {
            let error = read(429, &[("retry-after", value)], "");
            assert_eq!(error.retry_after(), Some(Duration::from_secs(expect)), "{value}");
        };
        check("7", 7);
        check("Wed, 21 Oct 2015 07:28:00 GMT", 80);
        check("Wed, 21 Oct 2015 07:00:00 GMT", 0);
        check("nonsense", 5);
    }
}
