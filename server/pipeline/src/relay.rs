//! Carries what is in the outbox to Dataverse, for as long as there is something, and no faster than is wise.

mod tower;

use std::{sync::Arc, time::Duration};

use dataverse::{Error, Limit};
use ledger::{LedgerError, Parcel, Refusal};
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
    flight::{Airport, Fate, Landing, fly},
    handle::Station,
    meters,
    pace::Pace,
    targets::Targets,
};
use tower::{Lull, Tower};

/// Looked for what is due at least so often, whatever is heard of changes.
const ROUND: Duration = Duration::from_secs(30);
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// This much of a lease is left for telling the ledger, at the most.
const MARGIN_MAX: Duration = Duration::from_secs(5);
/// How often the ledger is told what it cannot keep.
const TOLD_IN_VAIN: u32 = 3;

pub(crate) struct Relay {
    pub(crate) station: Station,
    pub(crate) random: Arc<dyn Random>,
}

/// What the ledger is told of parcels.
enum Word<'a> {
    Delivered(&'a [Parcel], Timestamp),
    Dead(&'a [(Parcel, Refusal)]),
    Postponed(&'a [Parcel], Timestamp),
    HandedBack(&'a [Parcel]),
}

impl Relay {
    pub(crate) async fn run(self) {
        self.station.known_to_be_newest().await;
        let mut changes = self.station.ledger.changes();
        let now = self.station.clock.now();
        let pace = Pace::new(&self.station.settings, now);
        let mut tower = Tower::new(pace, self.targets(), now);
        loop {
            changes.mark_unchanged();
            let lull = self.start_flights(&mut tower).await;
            self.show(&tower, lull);
            // What another process left behind comes free without a word when its lease ends.
            let wake = tower.wake(lull, ROUND.min(self.station.settings.hold));
            tokio::select! {
                biased;
                () = self.station.stop.cancelled() => break,
                Some(landed) = tower.flights.join_next() => self.land(&mut tower, landed).await,
                Ok(()) = changes.changed(), if lull == Lull::NothingDue => {}
                () = sleep_until(wake) => {}
            }
        }
        self.bid_farewell(tower).await;
    }

    fn targets(&self) -> Targets {
        let settings = &self.station.settings;
        Targets::new(&settings.tenants, Arc::clone(&self.station.lookups), settings.attempts_for / 4)
    }

    async fn start_flights(&self, tower: &mut Tower) -> Lull {
        if tower.waits_for_the_clock(self.station.clock.now()) {
            return Lull::AllUnderWay;
        }
        while tower.flights.len() < tower.lanes() {
            if tower.not_before > Instant::now() {
                return Lull::Until(tower.not_before);
            }
            if let Some(wait) = tower.pace.wait(self.station.clock.now()) {
                return Lull::Until(Instant::now() + wait);
            }
            let most = match self.station.budget.left().await {
                Err(spent) => return self.hold_until(&spent),
                Ok(left) => tower.most(left.map(|left| left / self.station.settings.record_cost())),
            };
            if most == 0 {
                return Lull::AllUnderWay;
            }
            let asked_at = Instant::now();
            match self.station.ledger.lease(most, self.station.settings.hold).await {
                Ok(parcels) if parcels.is_empty() => {
                    tower.due = tower.due.filter(|due| *due > Instant::now());
                    return Lull::NothingDue;
                }
                Ok(parcels) => self.start(tower, parcels, asked_at),
                Err(error) => {
                    tracing::warn!(%error, "the relay cannot read the outbox");
                    return Lull::Until(Instant::now() + PAUSE_MIN);
                }
            }
        }
        Lull::AllUnderWay
    }

    fn start(&self, tower: &mut Tower, parcels: Vec<Parcel>, leased_at: Instant) {
        let now = self.station.clock.now();
        tower.pace.spend(now);
        if parcels.len() < tower.pace.batch() {
            tower.not_before = Instant::now() + self.station.settings.linger;
        }
        self.look_behind(&parcels, now);
        let (organisation, settings) =
            (Arc::clone(&self.station.organisation), Arc::clone(&self.station.settings));
        let (targets, random) = (Arc::clone(&tower.targets), Arc::clone(&self.random));
        let hold = settings.hold;
        let limit = Limit::lasting(hold - MARGIN_MAX.min(hold / 20), leased_at);
        let proven = tower.is_proven();
        let span = meters::delivery(parcels.len());
        let flight = async move {
            let airport = Airport {
                organisation: &*organisation,
                targets: &targets,
                settings: &settings,
                random: &*random,
                limit,
                proven,
            };
            fly(airport, parcels).await
        };
        tower.flights.spawn(flight.instrument(span));
    }

    fn hold_until(&self, spent: &Spent) -> Lull {
        self.station.board.update(|status| {
            status.state = DeliveryState::Behind;
            status.reason = Some(spent.reason.clone());
        });
        let wait = u64::try_from(spent.until.since(self.station.clock.now())).unwrap_or(0);
        Lull::Until(Instant::now() + Duration::from_micros(wait).min(ROUND))
    }

    /// Says so when records have waited for longer than they should.
    fn look_behind(&self, parcels: &[Parcel], now: Timestamp) {
        let waited = parcels.iter().map(|parcel| now.since(parcel.enqueued_at)).max().unwrap_or(0);
        let limit = i64::try_from(self.station.settings.behind_after.as_micros()).unwrap_or(i64::MAX);
        self.station.board.update(|status| {
            if status.state == DeliveryState::Ok && waited > limit {
                status.state = DeliveryState::Behind;
                status.reason = Some(format!(
                    "delivery works off a backlog whose oldest record waits for {} s; nothing is lost",
                    waited / SECOND
                ));
            }
        });
    }

    async fn land(&self, tower: &mut Tower, landed: Result<Landing, tokio::task::JoinError>) {
        let landing = match landed {
            Ok(landing) => landing,
            // Its parcels come back by themselves when their leases run out.
            Err(error) => return tracing::error!(%error, "a delivery broke off; report this"),
        };
        self.station.budget.book().await;
        let records = landing.parcels.len();
        let (took, lane) = (landing.took, landing.lane);
        let storms = landing.undecided * 2 > records;
        meters::delivered(records, took);
        let delivered = self.settle(tower, landing.parcels).await;
        match lane {
            Some(error) => self.pause(tower, &error),
            None => {
                tower.faults = 0;
                if delivered > 0 {
                    tower.arrived_at = Some(Instant::now());
                }
                if storms {
                    tower.pace.badly();
                } else {
                    tower.pace.well(records, took);
                }
                self.go_on(delivered > 0);
            }
        }
    }

    /// Tells the ledger each parcel's fate. Says how many were delivered.
    async fn settle(&self, tower: &mut Tower, parcels: Vec<(Parcel, Fate)>) -> usize {
        let now = self.station.clock.now();
        let (mut delivered, mut held, mut dead) = (Vec::new(), Vec::new(), Vec::new());
        let mut again: std::collections::BTreeMap<Duration, Vec<Parcel>> = std::collections::BTreeMap::new();
        for (parcel, fate) in parcels {
            meters::came_back(&fate);
            match fate {
                Fate::Delivered => delivered.push(parcel),
                Fate::Held => held.push(parcel),
                Fate::Last => held.push(parcel.last_in_line()),
                Fate::Dead(refusal) => {
                    let reason = &refusal.reason;
                    let (kind, id) = (parcel.kind.name, parcel.id);
                    tracing::warn!(record.kind = kind, record.id = %id, reason, "dataverse refuses a record");
                    dead.push((parcel, refusal));
                }
                Fate::Again(after) => again.entry(after).or_default().push(parcel),
            }
        }
        self.tell(Word::Delivered(&delivered, now)).await;
        self.tell(Word::Dead(&dead)).await;
        self.tell(Word::HandedBack(&held)).await;
        let postponed: usize = again.values().map(Vec::len).sum();
        for (after, parcels) in again {
            let due = Instant::now() + after;
            tower.due = Some(tower.due.map_or(due, |earlier| earlier.min(due)));
            let until = now.plus(i64::try_from(after.as_micros()).unwrap_or(i64::MAX));
            self.tell(Word::Postponed(&parcels, until)).await;
        }
        self.station.board.update(|status| {
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
    async fn tell(&self, word: Word<'_>) {
        let mut in_vain = 0;
        while let Err(error) = word.say(&*self.station.ledger).await {
            tracing::warn!(%error, "the relay cannot mark what came of its parcels");
            in_vain += u32::from(matches!(error, LedgerError::Fault(_)));
            let ends = error == LedgerError::Closed || self.station.stop.is_cancelled();
            if ends || in_vain >= TOLD_IN_VAIN {
                return;
            }
            sleep(PAUSE_MIN).await;
        }
    }

    /// Flights that were under way when the lane failed fail with it; that is one fault.
    fn pause(&self, tower: &mut Tower, error: &Error) {
        tower.arrived_at = None;
        tower.blames_all = error.forbidden().is_some() || !error.is_lane_fault();
        let known = tower.faults > 0 && tower.not_before > Instant::now();
        if !known {
            tower.faults += 1;
            tower.pace.badly();
            meters::paused(error);
        }
        let doubled = PAUSE_MIN.saturating_mul(2_u32.saturating_pow(tower.faults.min(16) - 1)).min(PAUSE_MAX);
        let jittered = doubled.mul_f64(0.5 + self.random.fraction() / 2.0);
        // A little longer than asked for: who comes back on the dot may be early by the other clock.
        let pause = error.retry_after().map_or(jittered, |asked| asked + jittered / 4);
        tower.not_before = tower.not_before.max(Instant::now() + pause);
        self.station.board.update(|status| {
            status.pauses += u64::from(!known);
            status.state = DeliveryState::Stopped;
            status.reason = Some(reason(error, pause));
        });
        if !known {
            tracing::warn!(%error, pause.seconds = pause.as_secs(), "delivery pauses; nothing is lost");
        }
    }

    fn go_on(&self, delivered: bool) {
        self.station.board.update(|status| {
            if delivered && status.state == DeliveryState::Stopped {
                tracing::info!("delivery goes on");
                status.state = DeliveryState::Ok;
                status.reason = None;
            }
        });
    }

    fn show(&self, tower: &Tower, lull: Lull) {
        self.station.board.update(|status| {
            status.batch = tower.pace.batch();
            status.lanes = tower.pace.lanes();
            status.under_way = tower.flights.len();
            let through = lull == Lull::NothingDue && tower.flights.is_empty() && tower.faults == 0;
            if through && status.state != DeliveryState::Ok {
                status.state = DeliveryState::Ok;
                status.reason = None;
            }
        });
    }

    /// Lets what is under way end, as far as that is soon. The rest is taken back at the next start.
    async fn bid_farewell(&self, mut tower: Tower) {
        let deadline = Instant::now() + self.station.settings.farewell;
        loop {
            tokio::select! {
                biased;
                landed = tower.flights.join_next() => match landed {
                    Some(landed) => self.land(&mut tower, landed).await,
                    None => return,
                },
                () = sleep_until(deadline) => return tower.flights.abort_all(),
            }
        }
    }
}

impl Word<'_> {
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

pub(crate) fn reason(error: &Error, pause: Duration) -> String {
    match error {
        Error::Throttled { .. } => {
            format!("Dataverse asks for a pause of {} s; nothing is lost", pause.as_secs().max(1))
        }
        Error::Transport { .. } | Error::TimedOut { .. } => {
            // The cause last: where there is little room, that is what may be cut.
            format!("Dataverse does not answer; delivery goes on by itself when it does ({error})")
        }
        Error::OutOfTime => {
            "Dataverse answers so slowly that leases run out before all is sent; what was not sent is \
                             sent again, and a longer STUDIO_LEASE leaves more time"
                .to_owned()
        }
        error if error.is_transient() => {
            format!(
                "Dataverse fails at everything; nothing is lost, delivery goes on by itself when that is over ({error})"
            )
        }
        other => format!("{other}; nothing is lost, delivery goes on when that is seen to"),
    }
}
