//! One call and its answer, as data: what is sent, what is known about sending it again, and what came back.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tokio::time::Instant;

use crate::batch::multipart::AnswerItem;
use crate::error::Error;
use crate::limit::Limit;

/// What is to be sent, and what is known about sending it again.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// What is being done, for spans and counters: a few fixed words.
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    /// What follows `/api/data/v9.2/`.
    pub(crate) path: String,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Option<(HeaderValue, Bytes)>,
    /// Sending it twice has the same effect as once, so a lost answer is no reason to give up.
    pub(crate) repeatable: bool,
    pub(crate) deadline: Duration,
    /// Of the work that it is a part of, if that has one.
    pub(crate) limit: Option<Limit>,
    pub(crate) rows: usize,
    pub(crate) answer: Expected,
    /// Its rows can be sent as two requests, which is better than the same again when they were too many.
    pub(crate) divisible: bool,
    /// It asks for rows and changes none.
    pub(crate) is_query: bool,
}

/// What an answer is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    Whole,
    /// The parts of a `$batch`, whatever the outer status: one that its first failure stopped has that failure's.
    Parts,
}

impl Call {
    pub(crate) fn new(operation: &'static str, method: Method, path: String, deadline: Duration) -> Self {
        let repeatable = method == Method::GET;
        let is_query = repeatable && !matches!(operation, "metadata" | "who_am_i");
        Self {
            operation,
            method,
            path,
            headers: Vec::new(),
            body: None,
            repeatable,
            deadline,
            limit: None,
            rows: 1,
            answer: Expected::Whole,
            divisible: false,
            is_query,
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Result<Self, Error> {
        let value = HeaderValue::try_from(value)
            .map_err(|_| Error::Misuse(format!("the {name} header holds characters that cannot be sent")))?;
        self.headers.push((HeaderName::from_static(name), value));
        Ok(self)
    }

    pub(crate) fn json(mut self, body: &impl serde::Serialize) -> Result<Self, Error> {
        let bytes =
            serde_json::to_vec(body).map_err(|e| Error::Misuse(format!("a row that is no JSON: {e}")))?;
        self.body = Some((HeaderValue::from_static("application/json"), bytes.into()));
        Ok(self)
    }

    pub(crate) fn repeatable(mut self, repeatable: bool) -> Self {
        self.repeatable = repeatable;
        self
    }

    /// Whether it comes too late to be sent.
    pub(crate) fn is_late(&self, now: Instant) -> bool {
        self.limit.is_some_and(|limit| limit.is_over(now))
    }

    pub(crate) fn table(&self) -> &str {
        self.path.split(['(', '/', '?']).next().unwrap_or_default()
    }
}

/// An answer that is no refusal.
#[derive(Debug)]
pub(crate) struct CallResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: ResponseBody,
}

/// What came back, as it was expected.
#[derive(Debug)]
pub(crate) enum ResponseBody {
    Whole(Bytes),
    Parts(Vec<AnswerItem>),
}

impl CallResponse {
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(self.bytes())
            .map_err(|e| Error::Malformed(format!("no JSON as promised: {e}")))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        if let ResponseBody::Whole(bytes) = &self.body { bytes } else { &[] }
    }

    pub(crate) fn parts(self) -> Result<Vec<AnswerItem>, Error> {
        match self.body {
            ResponseBody::Parts(items) => Ok(items),
            ResponseBody::Whole(_) => {
                Err(Error::Malformed("an answer to a batch that is not multipart".to_owned()))
            }
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_ask_for_rows() {
        let is_query = |operation, method| {
            Call::new(operation, method, "sets".to_owned(), Duration::from_secs(1)).is_query
        };
        assert!(is_query("query", Method::GET) && is_query("changes", Method::GET));
        assert!(!is_query("metadata", Method::GET) && !is_query("who_am_i", Method::GET));
        assert!(!is_query("upsert", Method::PATCH) && !is_query("create", Method::POST));
    }
}
