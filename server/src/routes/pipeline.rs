//! `GET /api/pipeline`: how far the records have come.

use axum::{Json, extract::State};
use http::Uri;
use model::delivery::Balance;
use serde_json::{Value, json};

use super::parameters::Parameters;
use crate::{access::Asker, house::SharedHouse, problem::Problem};

pub async fn pipeline(
    State(house): State<SharedHouse>,
    asker: Asker,
    uri: Uri,
) -> Result<Json<Value>, Problem> {
    Parameters::of(&uri, &[]).finish()?;
    let delivery = house.carrier.delivery(&house.ledger, asker.tenant).await?;
    let now = house.now();
    Ok(Json(json!({
        "asOf": now.to_string(),
        "balance": delivery.balance.iter().map(balance).collect::<Vec<_>>(),
        "state": delivery.state.key(),
        "reason": delivery.reason,
        "pending": delivery.pending,
        "lagSeconds": delivery.lag_seconds(now),
        "unaccounted": delivery.unaccounted(),
    })))
}

fn balance(balance: &Balance) -> Value {
    json!({
        "table": balance.table,
        "received": balance.received,
        "durable": balance.durable,
        "delivered": balance.delivered,
        "confirmed": balance.confirmed,
        "pending": balance.pending,
        "dead": balance.dead,
        "deleted": balance.deleted,
        "unaccounted": balance.unaccounted(),
    })
}
