//! Everything that is told of the pipeline, found once for all who ask meanwhile: the page and its like for programs ask the
//! ledger a good deal, and take one of its readers at a time however many look.

use std::{convert::Infallible, sync::Arc};

use futures::{FutureExt as _, future::BoxFuture};
use ledger::{DeadLetter, Handling, HourBalance, LedgerError, MassDeletionAnswer, Reject};
use model::{
    delivery::DeliveryView,
    record::Kind,
    tenant::TenantId,
    time::{HOUR, Timestamp},
};

use crate::{
    app_state::AppState,
    delivery_service::{DeliveryFigures, OrganisationStatus, Together},
};

/// Dead letters, handlings and rejects shown; the balance counts them all.
const MOST: usize = 100;
/// How far back the balance is told by the hour.
const HOURS: i64 = 24;

/// How everything stands.
#[derive(Debug)]
pub struct Inspection {
    pub now: Timestamp,
    pub delivery: DeliveryView,
    pub counted: DeliveryFigures,
    /// Oldest first.
    pub hours: Vec<HourBalance>,
    /// Newest first, like those that follow.
    pub dead: Vec<DeadLetter>,
    pub handlings: Vec<Handling>,
    /// Empty where a flow carries the records, and so are the policies.
    pub rejects: Vec<Reject>,
    pub policies: Vec<(&'static Kind, MassDeletionAnswer)>,
    pub organisation: OrganisationStatus,
}

/// Answers that askers share, failures among them.
pub type SharedAnswers<V> = Together<Result<V, LedgerError>>;

/// # Errors
/// When the ledger does not answer.
pub async fn inspection(state: &AppState, tenant: TenantId) -> Result<Arc<Inspection>, LedgerError> {
    let look = async {
        match inspect(state, tenant).await {
            // A trial of the ledger tells more than the question that failed.
            Err(error) => Err(state.ledger.healthy().await.err().unwrap_or(error)),
            seen => seen,
        }
    };
    shared(&state.inspections, tenant, look.boxed()).await
}

/// What `look` brings, or brought for another one who asked meanwhile.
///
/// # Errors
/// Those of `look`.
pub async fn shared<V: Clone>(
    together: &SharedAnswers<V>,
    tenant: TenantId,
    look: BoxFuture<'_, Result<V, LedgerError>>,
) -> Result<V, LedgerError> {
    let looked = together.get(tenant, async { Ok::<_, Infallible>(look.await) }).await;
    looked.unwrap_or_else(|never| match never {})
}

async fn inspect(state: &AppState, tenant: TenantId) -> Result<Arc<Inspection>, LedgerError> {
    let ledger = &state.ledger;
    let (delivery, counted) = state.delivery_service.looked(ledger, tenant).await?;
    let (dead, handlings) = (ledger.dead_letters(tenant, MOST).await?, ledger.handlings(tenant, MOST).await?);
    let (now, organisation) = (state.now(), state.delivery_service.organisation());
    let hours = ledger.hours(tenant, first_hour(now)).await?;
    let (rejects, policies) = match organisation.relay {
        Some(_) => (ledger.rejects(tenant, None, MOST).await?, ledger.policies().await?),
        None => (Vec::new(), Vec::new()),
    };
    Ok(Arc::new(Inspection {
        now,
        delivery,
        counted,
        hours,
        dead,
        handlings,
        rejects,
        policies,
        organisation,
    }))
}

/// The hour with which the balance by the hour begins.
fn first_hour(now: Timestamp) -> Timestamp {
    now.plus(-(now.micros().rem_euclid(HOUR)) - (HOURS - 1) * HOUR)
}
