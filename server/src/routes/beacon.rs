//! `POST /api/beacon`: a browser tells in how many milliseconds the panel's largest part was painted. It tells nothing else, and
//! nothing else is kept; `STUDIO_BEACON=off` takes script and address away.

use std::time::Duration;

use app::pages::BEACON;
use axum::{
    Router,
    body::{self, Body},
    extract::State,
    routing::post,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use model::record::FieldFault;

use crate::{
    access::Principal,
    app_state::SharedState,
    problem::{Problem, ProblemType},
};

/// A number within the range has no more digits.
const MOST_BYTES: usize = 6;
/// Ten minutes. What took longer was no visit.
const LONGEST_MS: u32 = 600_000;

pub fn routes() -> Router<SharedState> {
    Router::new().route(BEACON, post(take))
}

async fn take(
    State(state): State<SharedState>,
    principal: Principal,
    headers: HeaderMap,
    sent: Body,
) -> Result<StatusCode, Problem> {
    if !is_of_a_page(&headers) {
        let detail = "Only this server's own pages tell this, in a browser.";
        return Err(Problem::new(ProblemType::ForeignOrigin, detail));
    }
    let sent = body::to_bytes(sent, MOST_BYTES).await.map_err(|_| too_large())?;
    let painted = milliseconds(&sent).ok_or_else(|| {
        Problem::fields(vec![FieldFault::new(
            "body",
            "must be a whole number of milliseconds, from 1 to 600000",
        )])
    })?;
    // A browser would complain of a refusal on its console, though nothing is missing on the page.
    if state.beacons.admits(state.targets.elapsed(), principal.from) {
        metrics::histogram!("studio_panel_lcp_seconds")
            .record(Duration::from_millis(painted.into()).as_secs_f64());
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Browsers say where a request comes from, and foreign pages were turned away before; a program has nothing to tell.
fn is_of_a_page(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN)
        || headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin")
}

fn milliseconds(sent: &[u8]) -> Option<u32> {
    // A plus sign would be taken for a part of a number.
    let digits = sent.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(sent).ok().filter(|_| digits)?.parse().ok()?;
    (1..=LONGEST_MS).contains(&number).then_some(number)
}

fn too_large() -> Problem {
    let detail = format!("The body has more than {MOST_BYTES} bytes, or ended before it was complete.");
    let close = HeaderValue::from_static("close");
    Problem::new(ProblemType::TooLarge, detail).with_header(header::CONNECTION, close)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_milliseconds_are_taken() {
        let taken = |sent: &str| milliseconds(sent.as_bytes());
        assert_eq!([taken("1"), taken("412"), taken("600000")], [Some(1), Some(412), Some(600_000)]);
        for sent in ["", "0", "600001", "-5", "+5", "4.2", "1e3", "NaN", " 7", "7\n", "0x9", "{}"] {
            assert_eq!(taken(sent), None, "{sent:?}");
        }
        assert_eq!(milliseconds(&[0xff]), None);
    }
}
