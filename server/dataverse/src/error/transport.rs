//! What a connection that failed means.

use super::Error;

const UNKNOWN_ISSUER: &str = "; its certificate comes from an authority that is not trusted here: trust that one as well, or look \
     whether something between here and there answers in its place";

/// A fault of the connection, without the address's query (which holds data) and without anything secret.
pub(crate) fn from_transport(error: &reqwest::Error) -> Error {
    let host = error.url().and_then(|url| url.host_str()).unwrap_or("the server").to_owned();
    let mut reason = match () {
        () if error.is_connect() => "cannot connect",
        () if error.is_timeout() => "timed out",
        () if error.is_body() || error.is_decode() => "the answer broke off",
        () => "the connection broke",
    }
    .to_owned();
    let mut source = std::error::Error::source(error);
    let mut innermost = None;
    while let Some(cause) = source {
        innermost = Some(cause.to_string());
        source = cause.source();
    }
    if let Some(cause) = innermost {
        let advice = if cause.contains("UnknownIssuer") { UNKNOWN_ISSUER } else { "" };
        reason = format!("{reason}: {cause}{advice}");
    }
    Error::Transport { host, reason }
}
