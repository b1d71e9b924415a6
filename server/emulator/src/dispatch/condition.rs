//! `If-Match` and `If-None-Match` as conditions on a write.

use crate::answer::Request;
use crate::fault::{Fault, Result};
use crate::rows::Guard;

/// The condition that a request's headers set. A literal `null` is no condition: official samples send it to keep
/// caches out [compose page].
pub(super) fn guard(request: &Request) -> Result<Guard> {
    if let Some(text) = request.header("if-match").map(str::trim).filter(|text| *text != "null") {
        return match text {
            "*" => Ok(Guard::MustExist),
            etag => version(etag).map(Guard::Version),
        };
    }
    match request.header("if-none-match").map(str::trim) {
        Some("*") => Ok(Guard::MustNotExist),
        _ => Ok(Guard::None),
    }
}

fn version(etag: &str) -> Result<i64> {
    let digits = etag.trim().trim_start_matches("W/").trim_matches('"');
    digits.parse().map_err(|_| {
        Fault::bad("0x80060888", format!("The If-Match header '{etag}' holds no ETag of this service."))
    })
}
