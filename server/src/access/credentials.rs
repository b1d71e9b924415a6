//! What a request brings along to show who sends it.

use http::{HeaderName, HeaderValue, header};

use super::{
    KeyRefusal, RequestHead, RequiredRight,
    key_text::{KeyText, PREFIX},
};
use crate::problem::{Problem, ProblemType};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What a request was sent with.
pub(super) enum Credentials {
    Nothing,
    Key(KeyText),
    /// What can be no key of ours, or more than one of them.
    Unknown,
}

/// What else stands in `Authorization` is a proxy's business.
pub(super) fn of(request: &RequestHead) -> Result<Credentials, Problem> {
    let address = request.uri().path_and_query().map_or("", |address| address.as_str());
    if KeyText::is_within(address) {
        let detail = "A key in an address ends up in logs and histories, so that this one has to be revoked; send keys as \
                      Authorization: Bearer, or as x-api-key.";
        return Err(Problem::new(ProblemType::KeyInAddress, detail));
    }
    let headers = request.headers();
    let bearers = headers.get_all(header::AUTHORIZATION).iter().filter_map(|value| {
        let (scheme, text) = value.to_str().ok()?.split_once(' ')?;
        let text = text.trim();
        (scheme.eq_ignore_ascii_case("bearer") && text.starts_with(PREFIX)).then_some(text)
    });
    let plain = headers.get_all(API_KEY).iter().map(|value| value.to_str().unwrap_or("?").trim());
    let mut sent: Vec<&str> = bearers.chain(plain.filter(|text| !text.is_empty())).collect();
    sent.dedup();
    Ok(match sent[..] {
        [] => Credentials::Nothing,
        [text] => KeyText::parse(text).map_or(Credentials::Unknown, Credentials::Key),
        _ => Credentials::Unknown,
    })
}

pub(super) fn refusal(refusal: KeyRefusal) -> Problem {
    match refusal {
        KeyRefusal::Unknown => {
            let detail =
                "The key of this request is not known here: it was mistyped, revoked, or has expired.";
            challenge(Problem::new(ProblemType::KeyUnknown, detail), "Bearer error=\"invalid_token\"")
        }
        KeyRefusal::TooOften { retry_after } => {
            let detail =
                "This key is sent more often than it is good for; send again when Retry-After has passed.";
            Problem::new(ProblemType::TooMany, detail).retry_after(retry_after)
        }
    }
}

/// There are keys, and the request has none.
pub(super) fn missing() -> Problem {
    let detail =
        "This needs a key: send it as Authorization: Bearer, or as x-api-key. `studio key add` makes one.";
    challenge(Problem::new(ProblemType::KeyMissing, detail), "Bearer")
}

/// The key is good for other things.
pub(super) fn out_of_scope(need: RequiredRight) -> Problem {
    let right = match need {
        RequiredRight::Nothing | RequiredRight::Known | RequiredRight::Read => "read or admin",
        RequiredRight::Write => "write or admin",
        RequiredRight::Share
        | RequiredRight::SeeSettings
        | RequiredRight::Administer
        | RequiredRight::Act => "admin",
    };
    let detail = format!("This needs a key of the scope {right}; the one that was sent has another.");
    Problem::new(ProblemType::KeyScope, detail)
}

fn challenge(problem: Problem, scheme: &'static str) -> Problem {
    problem.with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme))
}
