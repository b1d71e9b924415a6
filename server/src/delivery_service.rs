//! How records get to Dataverse: the road made ready, the relay on it, and where delivery stands.

mod alarms;
mod attention;
pub mod belonging;
mod credential_watch;
mod delivery_worker;
mod demo;
pub mod expiry;
mod organisation;
mod together;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use dataverse::Client;
use jiff::civil::Date;
use ledger::{Ledger, LedgerError, MassDeletion};
use model::{
    clock::Clock,
    delivery::{DeliveryState, DeliveryView},
    record::Kind,
    tenant::TenantId,
    time::Timestamp,
};
use pipeline::{Fall, Mapping, RelayStatus};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::disk_room::free_bytes;
use alarms::AlarmInputs;
pub use credential_watch::CredentialWatch;
pub use delivery_worker::{DeliveryWorker, pace, tenants};
pub use demo::DemoControls;
pub use organisation::DataverseEndpoint;
use organisation::FOLDER as EMULATOR;

pub use together::Together;

/// Beyond two looks of the mirror's.
const PATIENCE: Duration = Duration::from_secs(300);

/// What the rest of the server knows of delivery, from the moment it starts.
pub struct DeliveryService {
    /// The organisation's address, or what stands in for it.
    place: String,
    /// Trouble on demand, where an emulator is inside.
    pub demo: Option<DemoControls>,
    /// The last day of the credentials.
    expires: ArcSwap<Option<Date>>,
    stage: ArcSwap<Stage>,
    /// Where records stand and what is asked, for all who look at once.
    counted: Together<DeliveryFigures>,
    /// Where the ledger's file lies, unless it lies in a database.
    folder: Option<PathBuf>,
    clock: Arc<dyn Clock>,
    /// How long a record may wait to be read back, in microseconds.
    patience: i64,
    /// The server's own workers that ended unasked.
    falls: Mutex<Vec<Fall>>,
}

/// Where records stand, and what is asked.
pub type DeliveryFigures = Arc<(ledger::DeliveryCounts, Vec<(&'static Kind, MassDeletion)>)>;

enum Stage {
    /// A flow carries, and not this server.
    Resting,
    /// The organisation is being made ready. The sentence says what keeps that from ending.
    Preparing(Option<String>),
    Carrying(Box<RunningRelay>),
}

/// The relay as others see it.
struct RunningRelay {
    client: Client,
    mapping: Arc<Mapping>,
    status: watch::Receiver<RelayStatus>,
}

/// How Dataverse is asked to add up what it has.
pub struct RecountRoad {
    pub client: Client,
    pub mapping: Arc<Mapping>,
}

/// What is known of the organisation and of the road to it.
#[derive(Clone, Debug)]
pub struct OrganisationStatus {
    pub place: String,
    pub relay: Option<RelayStatus>,
    pub token: Option<dataverse::TokenStats>,
    pub expires: Option<Date>,
    /// How long Dataverse wants to be left alone.
    pub held_back: Option<std::time::Duration>,
}

impl OrganisationStatus {
    /// Until the credentials end, where that is known.
    #[must_use]
    pub fn days_left(&self, now: Timestamp) -> Option<i32> {
        self.expires.map(|last_day| expiry::days_left(last_day, now))
    }

    /// What an administrator should hear before it becomes a fault.
    #[must_use]
    pub fn warnings(&self, now: Timestamp) -> Vec<String> {
        self.expires.and_then(|last_day| expiry::warning(last_day, now)).into_iter().collect()
    }
}

/// What the ledger's health and a failed look at it say now, over what was true at the last look that did not fail.
pub fn lay_over(delivery: &mut DeliveryView, ledger: &Ledger, failed: Option<&LedgerError>) {
    let health = ledger.health();
    let health = health.borrow();
    match (health.refusal(), health.stop()) {
        (Some(stop), _) => delivery.closed = Some(stop.to_string()),
        (None, Some(stop)) => delivery.unread = Some(stop.to_string()),
        (None, None) => {}
    }
    if let (None, Some(error)) = (&delivery.unread, failed) {
        delivery.unread = Some(error.to_string());
    }
    if let Some(reason) = delivery.closed.as_ref().or(delivery.unread.as_ref()) {
        (delivery.state, delivery.reason) = (DeliveryState::Stopped, Some(reason.clone()));
    }
}

impl DeliveryService {
    #[must_use]
    pub fn to(
        target: &DataverseEndpoint,
        mirror_every: Duration,
        folder: Option<PathBuf>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let stage =
            if matches!(target, DataverseEndpoint::Nobody) { Stage::Resting } else { Stage::Preparing(None) };
        Self {
            place: target.place(),
            demo: target.controls().map(DemoControls::of),
            expires: ArcSwap::from_pointee(target.expires()),
            stage: ArcSwap::from_pointee(stage),
            counted: Together::default(),
            folder,
            clock,
            patience: i64::try_from((2 * mirror_every + PATIENCE).as_micros()).unwrap_or(i64::MAX),
            falls: Mutex::default(),
        }
    }

    /// Lets one of the server's own workers work until `stop`, whatever befalls it.
    pub async fn keep<W: Future<Output = ()>>(
        &self,
        worker: &'static str,
        stop: &CancellationToken,
        work: impl FnMut() -> W,
    ) {
        let say =
            |fall: &Fall| fall.write_down(&mut self.falls.lock().unwrap_or_else(PoisonError::into_inner));
        pipeline::supervise(worker, &*self.clock, stop, work, say).await;
    }

    /// All workers that ended unasked since the start.
    #[must_use]
    pub fn falls(&self) -> Vec<Fall> {
        let mut falls = self.falls.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Stage::Carrying(relay) = &**self.stage.load() {
            falls.extend(relay.status.borrow().falls.iter().cloned());
        }
        falls
    }

    fn expires(&self, last_day: Option<Date>) {
        self.expires.store(Arc::new(last_day));
    }

    fn delayed(&self, reason: String) {
        self.stage.store(Arc::new(Stage::Preparing(Some(reason))));
    }

    fn carrying(&self, client: Client, mapping: Arc<Mapping>, status: watch::Receiver<RelayStatus>) {
        self.stage.store(Arc::new(Stage::Carrying(Box::new(RunningRelay { client, mapping, status }))));
    }

    /// How Dataverse is asked to add up what it has.
    ///
    /// # Errors
    /// Why it cannot be asked now, in a sentence.
    pub fn recount_road(&self) -> Result<RecountRoad, String> {
        match &**self.stage.load() {
            Stage::Resting => Err("a flow carries the records, so that Dataverse is not asked".to_owned()),
            Stage::Preparing(None) => Err("Dataverse is being made ready; ask again in a moment".to_owned()),
            Stage::Preparing(Some(reason)) => Err(reason.clone()),
            Stage::Carrying(relay) if is_half_spent(&relay.status.borrow()) => Err(
                "half of today's budget of requests to Dataverse is spent; the rest is left to delivery, and Dataverse is asked \
                 again tomorrow"
                    .to_owned(),
            ),
            Stage::Carrying(relay) => {
                Ok(RecountRoad { client: relay.client.clone(), mapping: Arc::clone(&relay.mapping) })
            }
        }
    }

    #[must_use]
    pub fn organisation(&self) -> OrganisationStatus {
        let expires = **self.expires.load();
        let mut organisation = OrganisationStatus {
            place: self.place.clone(),
            relay: None,
            token: None,
            expires,
            held_back: None,
        };
        if let Stage::Carrying(relay) = &**self.stage.load() {
            organisation.relay = Some(relay.status.borrow().clone());
            organisation.token = Some(relay.client.token_stats());
            organisation.held_back = relay.client.held_back_for();
        }
        organisation
    }

    /// Where a tenant's records stand.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn delivery(&self, ledger: &Ledger, tenant: TenantId) -> Result<DeliveryView, LedgerError> {
        Ok(self.looked(ledger, tenant).await?.0)
    }

    /// Where a tenant's records stand, and what that was taken from.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn looked(
        &self,
        ledger: &Ledger,
        tenant: TenantId,
    ) -> Result<(DeliveryView, DeliveryFigures), LedgerError> {
        let count = async {
            Ok::<_, LedgerError>(Arc::new((ledger.delivery_counts(tenant).await?, ledger.questions().await?)))
        };
        let both = self.counted.get(tenant, count).await?;
        let (counted, questions) = &*both;
        let (state, reason) = self.state(counted);
        let open = questions.iter().filter(|(_, question)| question.answer.is_none()).count();
        let (falls, relay) = (self.falls(), self.organisation().relay);
        let watched = AlarmInputs {
            now: self.clock.now(),
            relay: relay.as_ref(),
            falls: &falls,
            patience: self.patience,
            room: self.folder.as_deref().and_then(free_bytes),
            is_asking: open > 0,
        };
        let mut delivery = DeliveryView {
            closed: None,
            unread: None,
            alarms: watched.sentences(counted),
            attention: attention::sentences(counted, questions),
            questions: open,
            oldest_unconfirmed: counted.oldest_unconfirmed,
            refused: counted.dead,
            state,
            reason,
            by_flow: matches!(**self.stage.load(), Stage::Resting),
            pending: counted.pending,
            oldest_pending: counted.oldest_pending,
            balance: counted.balance.clone(),
        };
        lay_over(&mut delivery, ledger, None);
        Ok((delivery, both))
    }

    fn state(&self, counted: &ledger::DeliveryCounts) -> (DeliveryState, Option<String>) {
        let stage = self.stage.load();
        let told = match &**stage {
            Stage::Resting | Stage::Preparing(None) => (DeliveryState::Ok, None),
            Stage::Preparing(Some(reason)) => (DeliveryState::Stopped, Some(reason.clone())),
            Stage::Carrying(relay) => {
                let status = relay.status.borrow();
                (status.state, status.reason.clone())
            }
        };
        if told.0 != DeliveryState::Ok {
            return told;
        }
        let is_carried_here = !matches!(**stage, Stage::Resting);
        match alarms::behind(counted, self.clock.now(), is_carried_here) {
            Some(reason) => (DeliveryState::Behind, Some(reason)),
            None => told,
        }
    }
}

/// A recount leaves the rest of a day's budget to delivery.
fn is_half_spent(status: &RelayStatus) -> bool {
    status.budget.as_ref().is_some_and(|budget| budget.spent >= budget.limit / 2)
}

#[cfg(test)]
mod tests {
    use model::clock::ManualClock;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn broken_server_workers_restart() {
        let clock = Arc::new(ManualClock::at(Timestamp::EARLIEST));
        let delivery_service =
            DeliveryService::to(&DataverseEndpoint::Nobody, Duration::from_secs(30), None, clock);
        let stop = CancellationToken::new();
        let work = async || match delivery_service.falls().len() {
            0 => panic!("asked for by a test"),
            _ => stop.cancel(),
        };
        delivery_service.keep("the worker", &stop, work).await;
        let fall = Fall { worker: "the worker", at: Timestamp::EARLIEST, times: 1, is_up: true };
        assert_eq!(delivery_service.falls(), [fall]);
    }
}
