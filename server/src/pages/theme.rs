//! `POST /theme`: light, dark or as the system has it, kept in a cookie so that no page flashes.

use app::pages::Theme;
use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use model::record::FieldFault;
use serde::Deserialize;

use super::visitor::kept;
use crate::{app_state::SharedState, problem::Problem};

#[derive(Deserialize)]
pub struct ThemeChoice {
    to: String,
}

pub async fn choose(
    State(state): State<SharedState>,
    headers: HeaderMap,
    form: Result<Form<ThemeChoice>, FormRejection>,
) -> Result<Response, Problem> {
    let to = form.map(|form| form.0.to).unwrap_or_default();
    let theme = Theme::of_key(&to);
    if theme.key() != to {
        return Err(Problem::fields(vec![FieldFault::new("to", "must be light, dark or system")]));
    }
    let cookie = kept(&state, "theme", if theme == Theme::System { "" } else { theme.key() });
    let mut answer = StatusCode::SEE_OTHER.into_response();
    answer.headers_mut().insert(header::LOCATION, back(&state, &headers));
    if let Some(cookie) = cookie {
        answer.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(answer)
}

/// The page of ours that the form was on; the panel when it is not said.
fn back(state: &SharedState, headers: &HeaderMap) -> HeaderValue {
    let referer = headers.get(header::REFERER).and_then(|referer| referer.to_str().ok());
    let from: Option<Uri> = referer.and_then(|referer| referer.parse().ok());
    let ours =
        from.filter(|uri| uri.authority().is_some_and(|authority| state.names.has(authority.as_str())));
    ours.and_then(|uri| uri.path_and_query().cloned())
        // Two slashes would lead to another host, and a browser takes a backslash for one.
        .filter(|path| path.as_str().starts_with('/') && !path.as_str().starts_with("//"))
        .filter(|path| !path.as_str().contains('\\'))
        .and_then(|path| HeaderValue::from_str(path.as_str()).ok())
        .unwrap_or(HeaderValue::from_static("/"))
}
