//! `POST /budget`: what a month may cost is set, or taken back, and the view is shown again.

use axum::{
    Form,
    body::Body,
    extract::{FromRequest as _, Request, State},
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use model::decimal::{self, MONEY_SCALE};
use serde::Deserialize;

use super::{fault, panel::view_of_form};
use crate::{access::Principal, app_state::SharedState, problem::Problem};

/// A billion dollars; what is more is a slip of the pen.
const MOST_E5: i64 = 1_000_000_000 * 100_000;

#[derive(Default, Deserialize)]
#[serde(default)]
struct SentBudget {
    amount: Option<String>,
    path: String,
}

pub async fn set(
    State(state): State<SharedState>,
    principal: Principal,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let sent = Form::<SentBudget>::from_request(Request::from_parts(parts.clone(), body), &()).await;
    let form = sent.map(|form| form.0).unwrap_or_default();
    match form.amount.as_deref().map(amount) {
        Some(Ok(budget_e5)) => {
            state.ledger.set_cost_budget(principal.tenant, budget_e5).await?;
            Ok(Redirect::to(&view_of_form(&form.path)).into_response())
        }
        // A form without the box takes nothing back.
        None | Some(Err(())) => {
            let request = Request::from_parts(parts, Body::empty());
            let sentence = "It must be an amount in dollars above 0 with at most five decimals, as in 450 or 450.50, or empty \
                            for none. Go back and mend that; the budget is as it was.";
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(fault::page(&state, request, status, "The budget was not set", sentence).await)
        }
    }
}

/// Hundred-thousandths of a dollar; none where nothing is written.
fn amount(text: &str) -> Result<Option<i64>, ()> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let (_, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let amount = decimal::parse(text, MONEY_SCALE).filter(|e5| (1..=MOST_E5).contains(e5));
    amount.filter(|_| is_plain && decimals.len() <= usize::from(MONEY_SCALE)).map(Some).ok_or(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_and_above_nothing() {
        assert_eq!(
            (amount(" "), amount(" 450.5 "), amount("0.00001")),
            (Ok(None), Ok(Some(45_050_000)), Ok(Some(1)))
        );
        assert_eq!(amount("1000000000"), Ok(Some(MOST_E5)));
        for text in ["0", "-1", "1e3", "1.000001", "1000000000.01", "$5", "1,5", "5.", ".5", "x"] {
            assert_eq!(amount(text), Err(()), "{text}");
        }
    }
}
