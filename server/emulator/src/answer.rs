//! What goes out: status, headers, body; the same for a request of its own and for a part of a batch.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

use crate::fault::Fault;
use crate::security::Caller;
use crate::trace::Changed;

/// A request, on its own or out of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// What follows `/api/data/v9.x/`, as it was sent.
    pub(crate) target: String,
    /// `http://host:port/api/data/v9.2/`, from the Host that the request named: links are built on it.
    pub(crate) base: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) caller: Arc<Caller>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether `Prefer` holds this word, and what it is set to. Preferences come comma-joined or in several headers.
    pub(crate) fn preference(&self, name: &str) -> Option<String> {
        let all = self.headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        all.flat_map(split_preferences).find_map(|preference| {
            let (key, value) = preference.split_once('=').unwrap_or((preference, ""));
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
        })
    }

    pub(crate) fn wants_representation(&self) -> bool {
        self.preference("return").is_some_and(|value| value == "representation")
    }
}

/// Cuts at commas, but not at those between quotes.
fn split_preferences(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quoted) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// An answer. JSON unless it says otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    /// What it did to rows, for the trace.
    pub(crate) changed: Changed,
}

pub(crate) const JSON: &str = "application/json; odata.metadata=minimal";

impl Answer {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new(), changed: Changed::default() }
    }

    pub(crate) fn no_content() -> Self {
        Self::empty(StatusCode::NO_CONTENT)
    }

    pub(crate) fn json(body: impl Into<Bytes>) -> Self {
        Self::of_kind(JSON, body)
    }

    pub(crate) fn of_kind(kind: &str, body: impl Into<Bytes>) -> Self {
        let mut answer = Self::empty(StatusCode::OK);
        answer.body = body.into();
        answer.with("content-type", kind)
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }
}

impl From<Fault> for Answer {
    fn from(fault: Fault) -> Self {
        let answer = Self::json(fault.to_json()).status(fault.status);
        match fault.retry_after {
            Some(seconds) => answer.with("retry-after", seconds.to_string()),
            None => answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_are_found_in_any_order() {
        let mut headers = HeaderMap::new();
        let prefer = "odata.include-annotations=\"a,b\",odata.maxpagesize=5";
        headers.insert("prefer", prefer.parse().unwrap());
        headers.append("prefer", "return=representation".parse().unwrap());
        let request = Request {
            method: Method::GET,
            target: String::new(),
            base: String::new(),
            headers,
            body: Bytes::new(),
            caller: Arc::default(),
        };
        assert_eq!(request.preference("odata.maxpagesize").as_deref(), Some("5"));
        assert_eq!(request.preference("odata.include-annotations").as_deref(), Some("a,b"));
        assert!(request.wants_representation());
        assert_eq!(request.preference("odata.track-changes"), None);
    }
}
