//! `/pipeline`: how far the records have come, as a page.

use app::pages::{PipelineFacts, pipeline_page};
use axum::{
    extract::{Request, State},
    response::Response,
};
use http::StatusCode;
use model::time::Instant;

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
        let at = |at: Option<Instant>| at.map_or_else(|| "not yet".to_owned(), |at| at.to_string());
        say("Last delivery", at(relay.last_delivery));
        say("Last read back", at(relay.last_read_back));
        say("Sent since the start", relay.sent.to_string());
        say("Records in a request", relay.batch.to_string());
        say("Pauses since the start", relay.pauses.to_string());
    }
    if let Some(token) = &standing.token {
        say("Token fetched", format!("{} times for {} requests", token.fetches, token.hits + token.misses));
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
