//! `/pipeline`: how far the records have come, as a page.

use app::pages::{PipelineFacts, pipeline_page};
use axum::{
    extract::{Request, State},
    response::Response,
};
use http::StatusCode;

use super::{Visitor, document, fault, frame};
use crate::{access::Asker, house::SharedHouse};

pub async fn pipeline(State(house): State<SharedHouse>, asker: Asker, request: Request) -> Response {
    let frame = frame(&house, &Visitor::of(request.headers()));
    let delivery = match house.carrier.delivery(&house.ledger, asker.tenant).await {
        Ok(delivery) => delivery,
        Err(error) => return fault::unavailable(&house, request, &error).await,
    };
    let facts = PipelineFacts { now: house.now(), delivery, dataverse: house.carrier.facts() };
    document(request, StatusCode::OK, || {}, move || pipeline_page(&frame, &facts)).await
}
