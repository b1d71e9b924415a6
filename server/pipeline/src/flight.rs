//! One request's worth of parcels on its way: targets ahead, upserts and deletes after, and each parcel's fate.

use std::{collections::BTreeMap, time::Duration};

use dataverse::Error;
use ledger::{Operation as Carried, Parcel, Refusal, chance::Chance};
use model::record::Kind;
use tokio::time::Instant as Moment;

use crate::{
    Organisation, Settings,
    organisation::{Write, Written},
    row,
    targets::Targets,
};

/// What became of a parcel.
#[derive(Debug)]
pub(crate) enum Fate {
    Delivered,
    /// A fault that may pass; it is tried again after so long.
    Again(Duration),
    /// Refused for good, and why.
    Dead(Refusal),
    /// Not the parcel's fault: the lane failed under it.
    Held,
}

/// How a flight ended.
pub(crate) struct Landing {
    pub(crate) parcels: Vec<(Parcel, Fate)>,
    /// What is wrong with the lane, if anything.
    pub(crate) lane: Option<Error>,
    pub(crate) took: Duration,
}

/// What a flight needs beside its parcels.
pub(crate) struct Airport<'a> {
    pub(crate) organisation: &'a dyn Organisation,
    pub(crate) targets: &'a Targets,
    pub(crate) settings: &'a Settings,
    pub(crate) chance: &'a dyn Chance,
}

/// Sends parcels and tells their fates. Sending again is always safe: every operation is an upsert or a delete by id.
pub(crate) async fn fly(airport: Airport<'_>, parcels: Vec<Parcel>) -> Landing {
    let start = Moment::now();
    let mut landing =
        Landing { parcels: Vec::with_capacity(parcels.len()), lane: None, took: Duration::ZERO };
    match airport.targets.send(airport.organisation, &parcels).await {
        Err(error) => landing.hold(parcels, error),
        Ok(()) => {
            for (kind, parcels) in by_kind(parcels) {
                airport.send(kind, parcels, &mut landing).await;
            }
        }
    }
    landing.took = start.elapsed();
    landing
}

fn by_kind(parcels: Vec<Parcel>) -> Vec<(&'static Kind, Vec<Parcel>)> {
    let mut kinds: BTreeMap<&str, (&'static Kind, Vec<Parcel>)> = BTreeMap::new();
    for parcel in parcels {
        kinds.entry(parcel.kind.name).or_insert_with(|| (parcel.kind, Vec::new())).1.push(parcel);
    }
    kinds.into_values().collect()
}

impl Landing {
    fn hold(&mut self, parcels: Vec<Parcel>, error: Error) {
        self.parcels.extend(parcels.into_iter().map(|parcel| (parcel, Fate::Held)));
        self.lane = Some(error);
    }
}

impl Airport<'_> {
    async fn send(&self, kind: &'static Kind, parcels: Vec<Parcel>, landing: &mut Landing) {
        if landing.lane.is_some() {
            landing.parcels.extend(parcels.into_iter().map(|parcel| (parcel, Fate::Held)));
            return;
        }
        let outcomes = if parcels.iter().all(|parcel| matches!(parcel.operation, Carried::Upsert(_))) {
            self.upsert(kind, &parcels).await
        } else {
            self.batch(&parcels).await
        };
        match outcomes {
            Err(error) => landing.hold(parcels, error),
            Ok(outcomes) if outcomes.len() == parcels.len() => self.judge(parcels, outcomes, landing),
            Ok(outcomes) => {
                let reason = format!("{} outcomes for {} operations", outcomes.len(), parcels.len());
                landing.hold(parcels, Error::Malformed(reason));
            }
        }
    }

    /// All at once, which counts as one request. Where one record spoils that, each by itself in a batch.
    async fn upsert(&self, kind: &'static Kind, parcels: &[Parcel]) -> Result<Vec<Written>, Error> {
        let rows = parcels
            .iter()
            .filter_map(|parcel| match &parcel.operation {
                Carried::Upsert(stored) => {
                    Some((parcel.dataverse_id, row::of(kind, parcel.tenant, &stored.record)))
                }
                Carried::Delete => None,
            })
            .collect();
        match self.organisation.upsert(&kind.destination, rows).await {
            Err(error) if !error.is_lane_fault() => self.batch(parcels).await,
            outcomes => outcomes,
        }
    }

    async fn batch(&self, parcels: &[Parcel]) -> Result<Vec<Written>, Error> {
        self.organisation.write(parcels.iter().map(write).collect()).await
    }

    fn judge(&self, parcels: Vec<Parcel>, outcomes: Vec<Written>, landing: &mut Landing) {
        if let Some(error) = common_cause(&outcomes) {
            return landing.hold(parcels, error);
        }
        for (parcel, outcome) in parcels.into_iter().zip(outcomes) {
            let fate = self.fate(&parcel, &outcome);
            if let (Fate::Held, Err(error)) = (&fate, outcome) {
                landing.lane = Some(error);
            }
            landing.parcels.push((parcel, fate));
        }
    }

    fn fate(&self, parcel: &Parcel, outcome: &Written) -> Fate {
        let deletes = matches!(parcel.operation, Carried::Delete);
        match outcome {
            Ok(_) => Fate::Delivered,
            // What is not there need not be deleted.
            Err(Error::NotFound(_)) if deletes => Fate::Delivered,
            Err(error) if error.is_lane_fault() => Fate::Held,
            Err(error) if parcel.attempts + 1 >= self.settings.attempts_max => {
                Fate::Dead(refusal(parcel, error))
            }
            Err(Error::NotFound(_)) => {
                // The tenant's row, most likely: somebody deleted it.
                self.targets.forget();
                Fate::Again(Duration::from_secs(1))
            }
            Err(error) if error.is_transient() => Fate::Again(self.pause(parcel.attempts)),
            Err(error) => Fate::Dead(refusal(parcel, error)),
        }
    }

    /// Twice as long with each attempt, up to five minutes, and never the same for all.
    fn pause(&self, attempts: i64) -> Duration {
        let doubled = 2_u64.saturating_pow(u32::try_from(attempts).unwrap_or(u32::MAX)).min(300);
        Duration::from_secs(doubled).mul_f64(0.5 + self.chance.fraction() / 2.0)
    }
}

fn write(parcel: &Parcel) -> Write {
    let (set, id) = (parcel.kind.destination.entity_set, parcel.dataverse_id);
    match &parcel.operation {
        Carried::Upsert(stored) => {
            Write::Upsert { set, id, row: row::of(parcel.kind, parcel.tenant, &stored.record) }
        }
        Carried::Delete => Write::Delete { set, id },
    }
}

/// What an administrator needs to understand it. Neither side of the exchange holds a secret: tokens are the client's.
fn refusal(parcel: &Parcel, error: &Error) -> Refusal {
    let request = match write(parcel) {
        Write::Upsert { set, id, row } => format!("PATCH {set}({id})\n{row:#}"),
        Write::Delete { set, id } => format!("DELETE {set}({id})"),
    };
    Refusal {
        reason: error.to_string(),
        request: Some(request),
        response: error.refusal().map(ToString::to_string),
    }
}

/// A table or column that is missing there spoils every record alike: then it is not the records that are wrong.
fn common_cause(outcomes: &[Written]) -> Option<Error> {
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
