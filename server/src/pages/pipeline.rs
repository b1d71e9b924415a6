//! `/pipeline`: how far the records have come, as a page.

use app::{
    compose,
    pages::{PipelineFacts, pipeline_page},
};
use axum::{
    extract::{Request, State},
    response::Response,
};
use http::StatusCode;
use model::{calendar::Zone, time::Instant};

use super::{Visitor, document, fault, frame};
use crate::{
    access::Asker,
    carrier::{Demo, Standing},
    house::SharedHouse,
};

pub async fn pipeline(State(house): State<SharedHouse>, asker: Asker, request: Request) -> Response {
    let frame = frame(&house, &Visitor::of(request.headers()));
    let delivery = match house.carrier.delivery(&house.ledger, asker.tenant).await {
        Ok(delivery) => delivery,
        Err(error) => return fault::unavailable(&house, request, &error).await,
    };
    let (now, standing) = (house.now(), house.carrier.standing());
    let warnings = standing.warnings(now);
    let demo = house.carrier.demo.as_ref().map(Demo::trouble);
    let facts = PipelineFacts { now, delivery, warnings, dataverse: known(&standing), demo };
    document(request, StatusCode::OK, || {}, move || pipeline_page(&frame, &facts)).await
}

/// What is known of Dataverse, as name and value.
fn known(standing: &Standing) -> Vec<(String, String)> {
    let mut known = vec![("Organisation".to_owned(), standing.place.clone())];
    let mut say = |name: &str, value: String| known.push((name.to_owned(), value));
    if let Some(relay) = &standing.relay {
        say("Last delivery", moment(relay.last_delivery));
        say("Last read back", moment(relay.last_read_back));
        say("Sent since the start", grouped(relay.sent));
        say("Records in a request", grouped(relay.batch as u64));
        say("Pauses since the start", grouped(relay.pauses));
    }
    if let Some(token) = &standing.token {
        let asked = grouped(token.hits + token.misses);
        let rate = token.hit_rate() * 100.0;
        say(
            "Token at hand",
            format!("for {rate:.2} % of {asked} requests, fetched {}", times(token.fetches)),
        );
        if let Some(left) = token.expires_in {
            say("Token used for", format!("{} min more", left.as_secs() / 60));
        }
    }
    if let Some(last_day) = standing.expires {
        say("Secret ends", last_day.to_string());
    }
    if let Some(wait) = standing.held_back {
        say("Dataverse asks for a pause of", format!("{} s more", wait.as_secs()));
    }
    known
}

fn moment(at: Option<Instant>) -> String {
    at.map_or_else(|| "not yet".to_owned(), |at| Zone::utc().format(at, "%Y-%m-%d %H:%M:%S UTC"))
}

fn grouped(number: u64) -> String {
    compose::count(i64::try_from(number).unwrap_or(i64::MAX))
}

fn times(number: u64) -> String {
    if number == 1 { "once".to_owned() } else { format!("{} times", grouped(number)) }
}
