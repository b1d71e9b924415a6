//! Carries what is in the outbox to Dataverse, for as long as there is something, and no faster than is wise.

mod state;

use std::{sync::Arc, time::Duration};

use dataverse::{Error, Limit};
use ledger::{LedgerError, Parcel, PermanentRefusal};
use model::{
    delivery::DeliveryState,
    rng::Random,
    time::{SECOND, Timestamp},
};
use tokio::time::{Instant, sleep, sleep_until};
use tracing::Instrument as _;

use crate::{
    LedgerPort,
    budget::Spent,
    delivery::{Attempt, DeliveryContext, RowResult, deliver},
    meters, pass_error,
    rate_limit::RateLimit,
    targets::SentTargets,
    worker_context::WorkerContext,
};
use state::{IdleReason, RelayState};

/// Looked for what is due at least so often, whatever is heard of changes.
const ROUND: Duration = Duration::from_secs(30);
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// This much of a lease is left for telling the ledger, at the most.
const MARGIN_MAX: Duration = Duration::from_secs(5);
/// How often the ledger is told what it cannot keep.
const TOLD_IN_VAIN: u32 = 3;

pub(crate) struct Relay {
    pub(crate) context: WorkerContext,
    pub(crate) random: Arc<dyn Random>,
}

/// What the ledger is told of parcels.
enum ParcelReport<'a> {
    Delivered(&'a [Parcel], Timestamp),
    Dead(&'a [(Parcel, PermanentRefusal)]),
    Postponed(&'a [Parcel], Timestamp),
    HandedBack(&'a [Parcel]),
}

impl Relay {
    pub(crate) async fn run(self) {
        self.context.known_to_be_newest().await;
        let mut changes = self.context.ledger.changes();
        let now = self.context.clock.now();
        let rate_limit = RateLimit::new(&self.context.settings, now);
        let mut state = RelayState::new(rate_limit, self.targets(), now);
        loop {
            changes.mark_unchanged();
            let idle = self.start_deliveries(&mut state).await;
            self.show(&state, idle);
            // What another process left behind comes free without a word when its lease ends.
            let wake = state.wake(idle, ROUND.min(self.context.settings.hold));
            tokio::select! {
                biased;
                () = self.context.stop.cancelled() => break,
                Some(ended) = state.deliveries.join_next() => self.end(&mut state, ended).await,
                Ok(()) = changes.changed(), if idle == IdleReason::NothingDue => {}
                () = sleep_until(wake) => {}
            }
        }
        self.drain(state).await;
    }

    fn targets(&self) -> SentTargets {
        let settings = &self.context.settings;
        SentTargets::new(&settings.tenants, Arc::clone(&self.context.lookups), settings.attempts_for / 4)
    }

    async fn start_deliveries(&self, state: &mut RelayState) -> IdleReason {
        if state.waits_for_the_clock(self.context.clock.now()) {
            return IdleReason::AllUnderWay;
        }
        while state.deliveries.len() < state.lanes() {
            if state.not_before > Instant::now() {
                return IdleReason::Until(state.not_before);
            }
            if let Some(wait) = state.rate_limit.wait(self.context.clock.now()) {
                return IdleReason::Until(Instant::now() + wait);
            }
            let most = match self.context.budget.left().await {
                Err(spent) => return self.hold_until(&spent),
                Ok(left) => state.most(left.map(|left| left / self.context.settings.record_cost())),
            };
            if most == 0 {
                return IdleReason::AllUnderWay;
            }
            let asked_at = Instant::now();
            match self.context.ledger.lease(most, self.context.settings.hold).await {
                Ok(parcels) if parcels.is_empty() => {
                    state.due = state.due.filter(|due| *due > Instant::now());
                    return IdleReason::NothingDue;
                }
                Ok(parcels) => self.start(state, parcels, asked_at),
                Err(error) => {
                    tracing::warn!(%error, "the relay cannot read the outbox");
                    return IdleReason::Until(Instant::now() + PAUSE_MIN);
                }
            }
        }
        IdleReason::AllUnderWay
    }

    fn start(&self, state: &mut RelayState, parcels: Vec<Parcel>, leased_at: Instant) {
        let now = self.context.clock.now();
        state.rate_limit.spend(now);
        if parcels.len() < state.rate_limit.batch() {
            state.not_before = Instant::now() + self.context.settings.linger;
        }
        self.look_behind(&parcels, now);
        let (organisation, settings) =
            (Arc::clone(&self.context.organisation), Arc::clone(&self.context.settings));
        let (targets, random) = (Arc::clone(&state.targets), Arc::clone(&self.random));
        let hold = settings.hold;
        let limit = Limit::lasting(hold - MARGIN_MAX.min(hold / 20), leased_at);
        let proven = state.is_proven();
        let span = meters::delivery(parcels.len());
        let delivery = async move {
            let delivery = DeliveryContext {
                organisation: &*organisation,
                targets: &targets,
                settings: &settings,
                random: &*random,
                limit,
                proven,
            };
            deliver(delivery, parcels).await
        };
        state.deliveries.spawn(delivery.instrument(span));
    }

    fn hold_until(&self, spent: &Spent) -> IdleReason {
        self.context.status_handle.update(|status| {
            status.state = DeliveryState::Behind;
            status.reason = Some(spent.reason.clone());
        });
        let wait = u64::try_from(spent.until.since(self.context.clock.now())).unwrap_or(0);
        IdleReason::Until(Instant::now() + Duration::from_micros(wait).min(ROUND))
    }

    /// Says so when records have waited for longer than they should.
    fn look_behind(&self, parcels: &[Parcel], now: Timestamp) {
        let waited = parcels.iter().map(|parcel| now.since(parcel.enqueued_at)).max().unwrap_or(0);
        let limit = i64::try_from(self.context.settings.behind_after.as_micros()).unwrap_or(i64::MAX);
        self.context.status_handle.update(|status| {
            if status.state == DeliveryState::Ok && waited > limit {
                status.state = DeliveryState::Behind;
                status.reason = Some(format!(
                    "delivery works off a backlog whose oldest record waits for {} s; nothing is lost",
                    waited / SECOND
                ));
            }
        });
    }

    async fn end(&self, state: &mut RelayState, ended: Result<Attempt, tokio::task::JoinError>) {
        let attempt = match ended {
            Ok(attempt) => attempt,
            // Its parcels come back by themselves when their leases run out.
            Err(error) => return tracing::error!(%error, "a delivery broke off; report this"),
        };
        self.context.budget.book().await;
        let records = attempt.parcels.len();
        let (took, lane) = (attempt.took, attempt.lane);
        let storms = attempt.undecided * 2 > records;
        meters::delivered(records, took);
        let delivered = self.settle(state, attempt.parcels).await;
        match lane {
            Some(error) => self.pause(state, &error),
            None => {
                state.faults = 0;
                if delivered > 0 {
                    state.arrived_at = Some(Instant::now());
                }
                if storms {
                    state.rate_limit.failed();
                } else {
                    state.rate_limit.succeeded(records, took);
                }
                self.go_on(delivered > 0);
            }
        }
    }

    /// Tells the ledger each parcel's result. Says how many were delivered.
    async fn settle(&self, state: &mut RelayState, parcels: Vec<(Parcel, RowResult)>) -> usize {
        let now = self.context.clock.now();
        let (mut delivered, mut held, mut dead) = (Vec::new(), Vec::new(), Vec::new());
        let mut again: std::collections::BTreeMap<Duration, Vec<Parcel>> = std::collections::BTreeMap::new();
        for (parcel, result) in parcels {
            meters::came_back(&result);
            match result {
                RowResult::Delivered => {
                    meters::acknowledged(now.since(parcel.enqueued_at));
                    delivered.push(parcel);
                }
                RowResult::Held => held.push(parcel),
                RowResult::Last => held.push(parcel.last_in_line()),
                RowResult::Dead(refusal) => {
                    let reason = &refusal.reason;
                    let (kind, id) = (parcel.kind.name, parcel.id);
                    tracing::warn!(record.kind = kind, record.id = %id, reason, "dataverse refuses a record");
                    dead.push((parcel, refusal));
                }
                RowResult::Again(after) => again.entry(after).or_default().push(parcel),
            }
        }
        self.tell(ParcelReport::Delivered(&delivered, now)).await;
        self.tell(ParcelReport::Dead(&dead)).await;
        self.tell(ParcelReport::HandedBack(&held)).await;
        let postponed: usize = again.values().map(Vec::len).sum();
        for (after, parcels) in again {
            let due = Instant::now() + after;
            state.due = Some(state.due.map_or(due, |earlier| earlier.min(due)));
            let until = now.plus(i64::try_from(after.as_micros()).unwrap_or(i64::MAX));
            self.tell(ParcelReport::Postponed(&parcels, until)).await;
        }
        self.context.status_handle.update(|status| {
            status.sent += delivered.len() as u64;
            status.dead += dead.len() as u64;
            status.postponed += postponed as u64;
            if !delivered.is_empty() {
                status.last_delivery = Some(now);
            }
        });
        delivered.len()
    }

    /// The ledger may be out of order for a while; what Dataverse acknowledged is not forgotten meanwhile. Should this
    /// process end before, or the ledger never take it, the records are sent once more under the same ids.
    async fn tell(&self, word: ParcelReport<'_>) {
        let mut in_vain = 0;
        while let Err(error) = word.say(&*self.context.ledger).await {
            tracing::warn!(%error, "the relay cannot note what came of its parcels");
            in_vain += u32::from(matches!(error, LedgerError::Fault(_)));
            let ends = error == LedgerError::Closed || self.context.stop.is_cancelled();
            if ends || in_vain >= TOLD_IN_VAIN {
                return;
            }
            sleep(PAUSE_MIN).await;
        }
    }

    /// Flights that were under way when the lane failed fail with it; that is one fault.
    fn pause(&self, state: &mut RelayState, error: &Error) {
        state.arrived_at = None;
        state.blames_all = error.forbidden().is_some() || !error.is_lane_fault();
        let known = state.faults > 0 && state.not_before > Instant::now();
        if !known {
            state.faults += 1;
            state.rate_limit.failed();
            meters::paused(error);
        }
        let doubled = PAUSE_MIN.saturating_mul(2_u32.saturating_pow(state.faults.min(16) - 1)).min(PAUSE_MAX);
        let jittered = doubled.mul_f64(0.5 + self.random.fraction() / 2.0);
        // A little longer than asked for: who comes back on the dot may be early by the other clock.
        let pause = error.retry_after().map_or(jittered, |asked| asked + jittered / 4);
        state.not_before = state.not_before.max(Instant::now() + pause);
        self.context.status_handle.update(|status| {
            status.pauses += u64::from(!known);
            status.state = DeliveryState::Stopped;
            status.reason = Some(pass_error::reason(error, pause));
        });
        if !known {
            tracing::warn!(%error, pause.seconds = pause.as_secs(), "delivery pauses; nothing is lost");
        }
    }

    fn go_on(&self, delivered: bool) {
        self.context.status_handle.update(|status| {
            if delivered && status.state == DeliveryState::Stopped {
                tracing::info!("delivery goes on");
                status.state = DeliveryState::Ok;
                status.reason = None;
            }
        });
    }

    fn show(&self, state: &RelayState, idle: IdleReason) {
        self.context.status_handle.update(|status| {
            status.batch = state.rate_limit.batch();
            status.lanes = state.rate_limit.lanes();
            status.under_way = state.deliveries.len();
            let through = idle == IdleReason::NothingDue && state.deliveries.is_empty() && state.faults == 0;
            if through && status.state != DeliveryState::Ok {
                status.state = DeliveryState::Ok;
                status.reason = None;
            }
        });
    }

    /// Lets what is under way end, as far as that is soon. The rest is taken back at the next start.
    async fn drain(&self, mut state: RelayState) {
        let deadline = Instant::now() + self.context.settings.drain;
        loop {
            tokio::select! {
                biased;
                ended = state.deliveries.join_next() => match ended {
                    Some(ended) => self.end(&mut state, ended).await,
                    None => return,
                },
                () = sleep_until(deadline) => return state.deliveries.abort_all(),
            }
        }
    }
}

impl ParcelReport<'_> {
    async fn say(&self, ledger: &dyn LedgerPort) -> Result<(), LedgerError> {
        match self {
            Self::Delivered([], _) | Self::Dead([]) | Self::Postponed([], _) | Self::HandedBack([]) => Ok(()),
            Self::Delivered(parcels, at) => ledger.delivered(parcels, *at).await,
            Self::Dead(parcels) => ledger.dead(parcels).await,
            Self::Postponed(parcels, until) => ledger.postponed(parcels, *until).await,
            Self::HandedBack(parcels) => ledger.handed_back(parcels).await,
        }
    }
}
