//! `GET /api/pipeline`: how far the records have come, and how the road to Dataverse is.

mod mirror;
mod targets;

use axum::{Json, extract::State};
use http::Uri;
use ledger::{Handling, HourBalance, Stop};
use model::{
    decimal::{self, PERCENT_SCALE},
    delivery::Balance,
};
use pipeline::{BudgetStatus, Fall, RelayStatus};
use serde_json::{Value, json};

use super::{letters, parameters::Parameters};
use crate::{
    access::Principal,
    app_state::SharedState,
    inspection::{Inspection, inspection},
    problem::Problem,
};

pub async fn pipeline(
    State(state): State<SharedState>,
    principal: Principal,
    uri: Uri,
) -> Result<Json<Value>, Problem> {
    Parameters::of(&uri, &[]).finish()?;
    let seen = inspection(&state, principal.tenant).await?;
    let Inspection { now, delivery, organisation, .. } = &*seen;
    let now = *now;
    Ok(Json(json!({
        "asOf": now.to_string(),
        "balance": delivery.balance.iter().map(balance).collect::<Vec<_>>(),
        "hours": seen.hours.iter().map(hour).collect::<Vec<_>>(),
        "state": delivery.state.key(),
        "reason": delivery.reason,
        "attention": delivery.sentences().collect::<Vec<_>>(),
        "pending": delivery.pending,
        "lagSeconds": delivery.lag_seconds(now),
        "unaccounted": delivery.unaccounted(),
        "unconfirmed": delivery.unconfirmed(),
        "unconfirmedSeconds": delivery.unconfirmed_seconds(now),
        "ledger": keeper(state.ledger.health().borrow().stop()),
        "workers": state.delivery_service.falls().iter().map(fall).collect::<Vec<_>>(),
        "deadLetters": seen.dead.iter().map(letters::shown).collect::<Vec<_>>(),
        "handlings": seen.handlings.iter().map(handling).collect::<Vec<_>>(),
        "organisation": organisation.place,
        "warnings": organisation.warnings(now),
        "relay": organisation.relay.as_ref().map(relay),
        "mirror": organisation.relay.as_ref().map(|relay| mirror::mirror(&seen, relay)),
        "tokenCache": organisation.token.as_ref().map(token),
        "limits": {"heldBackSeconds": organisation.held_back.map(|wait| wait.as_secs())},
        "budget": organisation.relay.as_ref().and_then(|relay| relay.budget.as_ref()).map(budget),
        "targets": state.targets.readings().iter().map(targets::target).collect::<Vec<_>>(),
    })))
}

fn balance(balance: &Balance) -> Value {
    json!({
        "table": balance.table,
        "received": balance.received,
        "mirrored": balance.mirrored,
        "durable": balance.durable,
        "archived": balance.archived,
        "delivered": balance.delivered,
        "confirmed": balance.confirmed,
        "pending": balance.pending,
        "dead": balance.dead,
        "dropped": balance.dropped,
        "deleted": balance.deleted,
        "unsent": balance.unsent,
        "unaccounted": balance.unaccounted(),
        "unconfirmed": balance.unconfirmed(),
    })
}

fn hour(hour: &HourBalance) -> Value {
    json!({
        "table": hour.kind.shown_table(),
        "hour": hour.hour.to_string(),
        "received": hour.received,
        "mirrored": hour.mirrored,
        "durable": hour.durable,
        "archived": hour.archived,
        "delivered": hour.delivered,
        "confirmed": hour.confirmed,
        "pending": hour.pending,
        "dead": hour.dead,
        "unaccounted": hour.unaccounted(),
    })
}

fn handling(handling: &Handling) -> Value {
    json!({
        "at": handling.at.to_string(),
        "by": handling.by,
        "what": handling.what.key(),
        "table": handling.kind.shown_table(),
        "id": handling.id.map(|id| id.to_string()),
        "reason": handling.reason,
    })
}

fn relay(status: &RelayStatus) -> Value {
    json!({
        "lastDelivery": status.last_delivery.map(|at| at.to_string()),
        "lastReadBack": status.last_read_back.map(|at| at.to_string()),
        "sent": status.sent,
        "differing": status.differing,
        "readBackFault": status.read_back_fault,
        "postponed": status.postponed,
        "pauses": status.pauses,
        "batch": status.batch,
        "lanes": status.lanes,
    })
}

/// Whether the ledger keeps what it is given.
fn keeper(stop: Option<&Stop>) -> Value {
    json!({
        "state": if stop.is_some() { "stopped" } else { "ok" },
        "reason": stop.map(Stop::to_string),
        "since": stop.map(|stop| stop.since.to_string()),
    })
}

/// A worker that ended unasked since the start.
fn fall(fall: &Fall) -> Value {
    json!({"worker": fall.worker, "fellAt": fall.at.to_string(), "times": fall.times, "isUp": fall.is_up})
}

fn budget(budget: &BudgetStatus) -> Value {
    json!({
        "limit": budget.limit,
        "spent": budget.spent,
        "byMidnight": budget.by_midnight,
        "heldUntil": budget.held_until.map(|at| at.to_string()),
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
        "ageSeconds": stats.in_hand.map(|token| token.age.as_secs()),
        "renewsInSeconds": stats.in_hand.map(|token| token.renews_in.as_secs()),
        "expiresInSeconds": stats.in_hand.map(|token| token.expires_in.as_secs()),
    })
}
