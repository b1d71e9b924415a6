//! `GET /api/pipeline`: how far the records have come, and how the road to Dataverse is.

use axum::{Json, extract::State};
use http::Uri;
use ledger::DeadLetter;
use model::{
    decimal::{self, PERCENT_SCALE},
    delivery::Balance,
};
use pipeline::RelayStatus;
use serde_json::{Value, json};

use super::parameters::Parameters;
use crate::{access::Asker, house::SharedHouse, problem::Problem};

/// Dead letters shown; the balance counts them all.
const MOST_LETTERS: usize = 100;

pub async fn pipeline(
    State(house): State<SharedHouse>,
    asker: Asker,
    uri: Uri,
) -> Result<Json<Value>, Problem> {
    Parameters::of(&uri, &[]).finish()?;
    let delivery = house.carrier.delivery(&house.ledger, asker.tenant).await?;
    let letters = house.ledger.dead_letters(asker.tenant, MOST_LETTERS).await?;
    let (now, standing) = (house.now(), house.carrier.standing());
    Ok(Json(json!({
        "asOf": now.to_string(),
        "balance": delivery.balance.iter().map(balance).collect::<Vec<_>>(),
        "state": delivery.state.key(),
        "reason": delivery.reason,
        "pending": delivery.pending,
        "lagSeconds": delivery.lag_seconds(now),
        "unaccounted": delivery.unaccounted(),
        "deadLetters": letters.iter().map(letter).collect::<Vec<_>>(),
        "organisation": standing.place,
        "warnings": standing.warnings(now),
        "relay": standing.relay.as_ref().map(relay),
        "tokenCache": standing.token.as_ref().map(token),
        "limits": {"heldBackSeconds": standing.held_back.map(|wait| wait.as_secs())},
        "budget": null,
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

fn letter(letter: &DeadLetter) -> Value {
    json!({
        "table": letter.kind.destination.logical_name,
        "id": letter.id.to_string(),
        "reason": letter.reason,
        "attempts": letter.attempts,
        "diedAt": letter.died_at.to_string(),
    })
}

fn relay(status: &RelayStatus) -> Value {
    json!({
        "lastDelivery": status.last_delivery.map(|at| at.to_string()),
        "lastReadBack": status.last_read_back.map(|at| at.to_string()),
        "sent": status.sent,
        "differing": status.differing,
        "postponed": status.postponed,
        "pauses": status.pauses,
        "batch": status.batch,
        "lanes": status.lanes,
    })
}

/// Counts since the start; the rate is of requests that found a token at hand.
fn token(stats: &dataverse::TokenStats) -> Value {
    let asked = stats.hits + stats.misses;
    let rate = decimal::divide(i128::from(stats.hits) * 100, i128::from(asked), PERCENT_SCALE);
    json!({
        "hits": stats.hits,
        "misses": stats.misses,
        "fetches": stats.fetches,
        "failures": stats.failures,
        "hitRate": rate.map(|rate| decimal::format(rate, PERCENT_SCALE)),
        "renewals": stats.renewals,
        "expiresInSeconds": stats.expires_in.map(|left| left.as_secs()),
    })
}
