//! Every refusal of the API: a problem document of RFC 9457 with a type that stays, a sentence, and the fields at fault.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use model::record::FieldFault;
use serde_json::{Map, Value as Json, json};

/// What kinds of refusal there are. The slug is the end of `type` and never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemType {
    NotJson,
    KeyInAddress,
    KeyMissing,
    KeyUnknown,
    KeyScope,
    NotAllowed,
    ForeignOrigin,
    NotFound,
    MethodNotAllowed,
    TooSlow,
    TooMany,
    Conflict,
    Withdrawn,
    Gone,
    RevisionMismatch,
    TooLarge,
    MediaType,
    Misdirected,
    Validation,
    Internal,
    Unavailable,
    TimedOut,
}

impl ProblemType {
    pub const ALL: [Self; 22] = [
        Self::NotJson,
        Self::KeyInAddress,
        Self::KeyMissing,
        Self::KeyUnknown,
        Self::KeyScope,
        Self::NotAllowed,
        Self::ForeignOrigin,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::TooSlow,
        Self::TooMany,
        Self::Conflict,
        Self::Withdrawn,
        Self::Gone,
        Self::RevisionMismatch,
        Self::TooLarge,
        Self::MediaType,
        Self::Misdirected,
        Self::Validation,
        Self::Internal,
        Self::Unavailable,
        Self::TimedOut,
    ];

    /// Slug, status and title.
    #[must_use]
    pub const fn parts(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::NotJson => ("not-json", StatusCode::BAD_REQUEST, "The body is not JSON"),
            Self::KeyInAddress => {
                ("key-in-address", StatusCode::BAD_REQUEST, "There is a key in the address")
            }
            Self::KeyMissing => ("key-missing", StatusCode::UNAUTHORIZED, "A key is needed"),
            Self::KeyUnknown => ("key-unknown", StatusCode::UNAUTHORIZED, "The key is not known"),
            Self::KeyScope => ("key-scope", StatusCode::FORBIDDEN, "The key is good for other things"),
            Self::NotAllowed => ("not-allowed", StatusCode::FORBIDDEN, "This is for others"),
            Self::ForeignOrigin => {
                ("foreign-origin", StatusCode::FORBIDDEN, "A page of another origin asked")
            }
            Self::NotFound => ("not-found", StatusCode::NOT_FOUND, "There is nothing here"),
            Self::MethodNotAllowed => {
                ("method-not-allowed", StatusCode::METHOD_NOT_ALLOWED, "This address takes other methods")
            }
            Self::TooSlow => ("too-slow", StatusCode::REQUEST_TIMEOUT, "The body came too slowly"),
            Self::TooMany => {
                ("too-many", StatusCode::TOO_MANY_REQUESTS, "More was asked for than can be done at once")
            }
            Self::Conflict => ("conflict", StatusCode::CONFLICT, "The key is taken by other content"),
            Self::Withdrawn => ("withdrawn", StatusCode::CONFLICT, "The record was withdrawn"),
            Self::Gone => ("gone", StatusCode::GONE, "The record was withdrawn"),
            Self::RevisionMismatch => {
                ("revision-mismatch", StatusCode::PRECONDITION_FAILED, "The record has changed since")
            }
            Self::TooLarge => ("too-large", StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
            Self::MediaType => {
                ("media-type", StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body is not sent as JSON")
            }
            Self::Misdirected => {
                ("misdirected", StatusCode::MISDIRECTED_REQUEST, "This server has another name")
            }
            Self::Validation => ("validation", StatusCode::UNPROCESSABLE_ENTITY, "Some fields break a rule"),
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR, "The server has a fault"),
            Self::Unavailable => {
                ("unavailable", StatusCode::SERVICE_UNAVAILABLE, "The server cannot do this now")
            }
            Self::TimedOut => ("timed-out", StatusCode::SERVICE_UNAVAILABLE, "The answer took too long"),
        }
    }

    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.parts().1
    }
}

/// One refusal. It becomes a document when the answer leaves, where the request's id is known.
#[derive(Clone, Debug)]
pub struct Problem {
    pub kind: ProblemType,
    pub detail: String,
    pub errors: Vec<FieldFault>,
    pub more: Map<String, Json>,
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    #[must_use]
    pub fn new(kind: ProblemType, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), errors: Vec::new(), more: Map::new(), headers: Vec::new() }
    }

    /// Fields that break a rule.
    #[must_use]
    pub fn fields(errors: Vec<FieldFault>) -> Self {
        let detail = match errors.as_slice() {
            [one] if one.field.is_empty() => format!("The record {}.", one.message),
            [one] => format!("{} {}.", one.field, one.message),
            several => {
                let named = several.iter().filter(|fault| !fault.field.is_empty()).count();
                let more = if named < several.len() { ", and says what more is wrong" } else { "" };
                format!("{named} fields break a rule; errors names each{more}.")
            }
        };
        Self { errors, ..Self::new(ProblemType::Validation, detail) }
    }

    /// A member of the document's own.
    #[must_use]
    pub fn with(mut self, name: &str, value: Json) -> Self {
        self.more.insert(name.to_owned(), value);
        self
    }

    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    #[must_use]
    pub fn retry_after(self, wait: std::time::Duration) -> Self {
        self.with_header(header::RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)))
    }

    /// The answer, for the request of this id.
    #[must_use]
    pub fn answer(self, request_id: &str) -> Response {
        let (slug, status, title) = self.kind.parts();
        let mut document = self.more;
        document.insert("type".to_owned(), Json::from(format!("/problems/{slug}")));
        document.insert("title".to_owned(), Json::from(title));
        document.insert("status".to_owned(), Json::from(status.as_u16()));
        document.insert("detail".to_owned(), Json::from(self.detail));
        document.insert("requestId".to_owned(), Json::from(request_id));
        if !self.errors.is_empty() {
            document.insert("errors".to_owned(), json!(self.errors));
        }
        let mut answer = Response::new(Body::from(Json::Object(document).to_string()));
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(self.headers);
        answer
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut answer = Response::new(Body::empty());
        *answer.status_mut() = self.kind.status();
        answer.extensions_mut().insert(self);
        answer
    }
}
