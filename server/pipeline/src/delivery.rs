//! One request's worth of parcels on its way: targets ahead, upserts and deletes after, and each parcel's result.

use std::{collections::BTreeMap, time::Duration};

use dataverse::{Error, Limit};
use ledger::{OutboxOperation as Carried, Parcel, PermanentRefusal};
use model::{record::Kind, rng::Random};
use tokio::time::Instant;

use crate::{
    RemoteOrganisation, Settings, encode_row,
    lookup_rows::LookupRows,
    mapping::TableMapping,
    organisation::{RowWrite, RowWritten},
    targets::{SentTargets, Unsent},
};

/// What became of a parcel.
#[derive(Debug)]
pub(crate) enum RowResult {
    Delivered,
    /// A fault that may pass; it is tried again after this time.
    Again(Duration),
    /// Refused for good, and why.
    Dead(PermanentRefusal),
    /// Not the parcel's fault: the lane failed under it.
    Held,
    /// It failed with all that went with it, for a reason that may be theirs: others are tried before it is again.
    Last,
}

/// How a delivery ended.
pub(crate) struct Attempt {
    pub(crate) parcels: Vec<(Parcel, RowResult)>,
    /// What is wrong with the lane, if anything.
    pub(crate) lane: Option<Error>,
    /// How many failed in a way that need not be their own.
    pub(crate) undecided: usize,
    pub(crate) took: Duration,
}

/// What a delivery needs beside its parcels.
pub(crate) struct DeliveryContext<'a> {
    pub(crate) organisation: &'a dyn RemoteOrganisation,
    pub(crate) targets: &'a SentTargets,
    pub(crate) settings: &'a Settings,
    pub(crate) random: &'a dyn Random,
    /// Within which all of it must have had its effect.
    pub(crate) limit: Limit,
    /// Whether others have arrived a short time ago, and nothing has held up all of them since.
    pub(crate) proven: bool,
}

/// How parcels fared together.
struct BatchHealth {
    undecided: usize,
    /// None arrived, and nothing says that it is the fault of these.
    lane_fails: bool,
    /// So much goes wrong that nothing is told from it about a single one.
    storms: bool,
}

/// So few that fail again and again are bad, although they are most of those that went together.
const FEW: usize = 5;

/// Sends parcels and tells their fates. Sending again is always safe: every operation is an upsert or a delete by id.
pub(crate) async fn deliver(delivery: DeliveryContext<'_>, parcels: Vec<Parcel>) -> Attempt {
    let start = Instant::now();
    let mut attempt = Attempt {
        parcels: Vec::with_capacity(parcels.len()),
        lane: None,
        undecided: 0,
        took: Duration::ZERO,
    };
    match delivery.targets.send(delivery.organisation, &parcels, delivery.limit).await {
        Err(error) => attempt.hold(parcels, error),
        Ok(unsent) => {
            for (kind, parcels) in by_kind(parcels) {
                match delivery.settings.mapping.of(kind) {
                    Some(table) => delivery.send(table, parcels, &unsent, &mut attempt).await,
                    None => {
                        attempt.parcels.extend(parcels.into_iter().map(|parcel| (parcel, without_table())));
                    }
                }
            }
        }
    }
    attempt.took = start.elapsed();
    attempt
}

fn by_kind(parcels: Vec<Parcel>) -> Vec<(&'static Kind, Vec<Parcel>)> {
    let mut kinds: BTreeMap<&str, (&'static Kind, Vec<Parcel>)> = BTreeMap::new();
    for parcel in parcels {
        kinds.entry(parcel.kind.name).or_insert_with(|| (parcel.kind, Vec::new())).1.push(parcel);
    }
    kinds.into_values().collect()
}

impl Attempt {
    fn hold(&mut self, parcels: Vec<Parcel>, error: Error) {
        self.parcels.extend(parcels.into_iter().map(|parcel| (parcel, RowResult::Held)));
        self.blame(error);
    }

    /// Of several faults, the one that asks for the longest pause.
    fn blame(&mut self, error: Error) {
        if self.lane.as_ref().is_none_or(|known| known.retry_after() < error.retry_after()) {
            self.lane = Some(error);
        }
    }
}

impl DeliveryContext<'_> {
    async fn send(&self, table: &TableMapping, parcels: Vec<Parcel>, unsent: &Unsent, attempt: &mut Attempt) {
        if attempt.lane.is_some() {
            attempt.parcels.extend(parcels.into_iter().map(|parcel| (parcel, RowResult::Held)));
            return;
        }
        let (held_up, mut parcels): (Vec<Parcel>, Vec<Parcel>) =
            parcels.into_iter().partition(|parcel| unsent.holds_up(parcel).is_some());
        let mut outcomes = self.outcomes(table, &parcels).await;
        if let Ok(outcomes) = &mut outcomes {
            // What a parcel points at comes first: it fares as that did.
            outcomes.extend(held_up.iter().filter_map(|parcel| unsent.holds_up(parcel)).cloned().map(Err));
        }
        parcels.extend(held_up);
        match outcomes {
            Err(error) => attempt.hold(parcels, error),
            Ok(outcomes) if outcomes.len() == parcels.len() => self.judge(table, parcels, outcomes, attempt),
            Ok(outcomes) => {
                let reason = format!("{} outcomes for {} operations", outcomes.len(), parcels.len());
                attempt.hold(parcels, Error::Malformed(reason));
            }
        }
    }

    fn is_last_attempt(&self, parcel: &Parcel) -> bool {
        parcel.attempts + 1 >= self.settings.attempts_max
    }

    async fn outcomes(&self, table: &TableMapping, parcels: &[Parcel]) -> Result<Vec<RowWritten>, Error> {
        if parcels.is_empty() {
            Ok(Vec::new())
        } else if parcels.iter().all(|parcel| matches!(parcel.operation, Carried::Upsert(_))) {
            self.upsert(table, parcels).await
        } else {
            self.batch(table, parcels).await
        }
    }

    /// All at once, which counts as one request. Where one record spoils that, each by itself in a batch.
    async fn upsert(&self, table: &TableMapping, parcels: &[Parcel]) -> Result<Vec<RowWritten>, Error> {
        let lookups = self.targets.lookups();
        let rows = parcels
            .iter()
            .filter_map(|parcel| match &parcel.operation {
                Carried::Upsert(stored) => Some((
                    parcel.dataverse_id,
                    encode_row::row(table, parcel.tenant, &stored.record, lookups),
                )),
                Carried::Delete => None,
            })
            .collect();
        match self.organisation.upsert(table, rows, self.limit).await {
            Err(error) if !error.is_lane_fault() => self.batch(table, parcels).await,
            outcomes => outcomes,
        }
    }

    async fn batch(&self, table: &TableMapping, parcels: &[Parcel]) -> Result<Vec<RowWritten>, Error> {
        let lookups = self.targets.lookups();
        self.organisation
            .write(parcels.iter().map(|parcel| write(table, parcel, lookups)).collect(), self.limit)
            .await
    }

    fn judge(
        &self,
        table: &TableMapping,
        parcels: Vec<Parcel>,
        outcomes: Vec<RowWritten>,
        attempt: &mut Attempt,
    ) {
        if let Some(error) = common_cause(&outcomes) {
            return attempt.hold(parcels, error);
        }
        let view = self.view(&parcels, &outcomes);
        attempt.undecided += view.undecided;
        for (parcel, outcome) in parcels.into_iter().zip(outcomes) {
            let result = self.result(table, &parcel, &outcome, &view);
            if let (RowResult::Held | RowResult::Last, Err(error)) = (&result, outcome) {
                attempt.blame(error);
            }
            attempt.parcels.push((parcel, result));
        }
    }

    /// What those who went together tell of each other.
    fn view(&self, parcels: &[Parcel], outcomes: &[RowWritten]) -> BatchHealth {
        let all = || parcels.iter().zip(outcomes);
        let undecided = all().filter(|(_, outcome)| is_undecided(outcome)).count();
        let has_arrived = all().any(|(parcel, outcome)| arrived(parcel, outcome));
        // They failed before, beside others that arrived, and others have arrived since.
        let known = all().all(|(parcel, outcome)| !is_undecided(outcome) || parcel.attempts > 0);
        let are_bad = known && (has_arrived || self.proven);
        BatchHealth {
            undecided,
            lane_fails: !has_arrived && !are_bad,
            storms: undecided * 2 > parcels.len() && !(are_bad && undecided <= FEW),
        }
    }

    fn result(
        &self,
        table: &TableMapping,
        parcel: &Parcel,
        outcome: &RowWritten,
        view: &BatchHealth,
    ) -> RowResult {
        let error = match outcome {
            Err(error) if !arrived(parcel, outcome) => error,
            _ => return RowResult::Delivered,
        };
        let was_last = self.is_last_attempt(parcel);
        if is_undecided(outcome) {
            let for_long = error.forbidden().is_some() || parcel.failing_for >= self.settings.attempts_for;
            return match view {
                BatchHealth { lane_fails: true, .. } => RowResult::Last,
                BatchHealth { storms: false, .. } if was_last && for_long => {
                    RowResult::Dead(refusal(table, parcel, error, self.targets.lookups()))
                }
                _ => RowResult::Again(self.pause(parcel.attempts)),
            };
        }
        match error {
            error if error.is_lane_fault() => RowResult::Held,
            Error::NotFound(_) if !was_last => {
                // The tenant's row, most likely: it was deleted there.
                self.targets.forget(parcel);
                RowResult::Again(Duration::from_secs(1))
            }
            error => RowResult::Dead(refusal(table, parcel, error, self.targets.lookups())),
        }
    }

    /// Twice as long with each attempt, up to five minutes, and never the same for all.
    fn pause(&self, attempts: i64) -> Duration {
        let doubled = 2_u64.saturating_pow(u32::try_from(attempts).unwrap_or(u32::MAX)).min(300);
        Duration::from_secs(doubled).mul_f64(0.5 + self.random.fraction() / 2.0)
    }
}

fn arrived(parcel: &Parcel, outcome: &RowWritten) -> bool {
    match outcome {
        Ok(()) => true,
        // What is not there need not be deleted.
        Err(error) => matches!(error, Error::NotFound(_)) && matches!(parcel.operation, Carried::Delete),
    }
}

/// A fault that a record may have for itself or meet like all others: its own where others arrive.
fn is_undecided(outcome: &RowWritten) -> bool {
    outcome
        .as_ref()
        .is_err_and(|error| error.forbidden().is_some() || (error.is_transient() && !error.is_lane_fault()))
}

fn write(table: &TableMapping, parcel: &Parcel, lookups: &LookupRows) -> RowWrite {
    let (set, id) = (table.entity_set.clone(), parcel.dataverse_id);
    match &parcel.operation {
        Carried::Upsert(stored) => {
            RowWrite::Upsert { set, id, row: encode_row::row(table, parcel.tenant, &stored.record, lookups) }
        }
        Carried::Delete => RowWrite::Delete { set, id },
    }
}

/// Of a kind that has no table in Dataverse.
fn without_table() -> RowResult {
    let reason = "Dataverse has no table for records of this kind; give it up".to_owned();
    RowResult::Dead(PermanentRefusal { reason, request: None, response: None })
}

/// What an administrator needs to understand it. Neither side of the exchange holds a secret: tokens are the client's.
fn refusal(table: &TableMapping, parcel: &Parcel, error: &Error, lookups: &LookupRows) -> PermanentRefusal {
    let request = match write(table, parcel, lookups) {
        RowWrite::Upsert { set, id, row } | RowWrite::Make { set, id, row } => {
            format!("PATCH {set}({id})\n{row:#}")
        }
        RowWrite::Delete { set, id } => format!("DELETE {set}({id})"),
    };
    PermanentRefusal {
        reason: error.to_string(),
        request: Some(request),
        response: error.refusal().map(ToString::to_string),
    }
}

/// A table or column that is missing there spoils every record alike: then it is not the records that are wrong.
fn common_cause(outcomes: &[RowWritten]) -> Option<Error> {
    let mut cause: Option<&Error> = None;
    for outcome in outcomes {
        let Err(error) = outcome else { return None };
        let structural = matches!(error.code(), Some("0x8006088a" | "0x80048d19" | "0x0" | "0x80060888"));
        if !structural || cause.is_some_and(|first| first.code() != error.code()) {
            return None;
        }
        cause = Some(error);
    }
    cause.cloned()
}
