//! Ledger and organisation held against each other, row by row, and the figures against a plain recount.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{DeliveryCounts, ListAsk, Reject};
use model::{
    record::{FieldType, Kind, Need, Remote, Stored, Target, Value},
    time::Timestamp,
};
use serde_json::Value as Json;

use super::{
    organisation::{OrganisationState, whole_second},
    world::{THEIRS, World, campaign_of},
};
use crate::support::T;

#[derive(Debug)]
pub struct Reckoning {
    counts: DeliveryCounts,
    rejects: Vec<Reject>,
    taken: i64,
    /// What stands here and not there, there and not here, or otherwise.
    differences: Vec<String>,
    /// Runs that were taken in, that no person withdrew, and that are not listed.
    vanished: Vec<String>,
}

impl Reckoning {
    pub async fn of(world: &World) -> Self {
        let ledger = world.serial.ledger.clone();
        let kind = world.kind;
        let (counts, stored, rejects) = world
            .serial
            .take(async move {
                let ask = ListAsk { limit: 100_000, ..ListAsk::default() };
                let listed = ledger.list(T, kind, &ask).await.unwrap();
                let rejects = ledger.rejects(T, None, 1000).await.unwrap();
                (ledger.delivery_counts(T).await.unwrap(), listed.items, rejects)
            })
            .await;
        let here: BTreeMap<String, String> = stored.iter().map(said_here).collect();
        let there: BTreeMap<String, String> = {
            let state = world.organisation.state();
            let rows = state.records();
            rows.map(|(_, row)| said_there(kind, &state, &Json::Object(row.columns.clone()))).collect()
        };
        let keys: BTreeSet<&String> = here.keys().chain(there.keys()).collect();
        let missing = targets_of(&stored, world);
        let differs = keys.into_iter().filter(|key| here.get(*key) != there.get(*key));
        let differences = differs
            .map(|key| format!("{key}: here {:?}, there {:?}", here.get(key), there.get(key)))
            .chain(missing)
            .collect();
        let vanished = (0..world.runs)
            .filter(|run| !world.given_up.contains(&format!("r{run}")))
            .map(|run| format!("c{}/r{run}/1", campaign_of(run)))
            .filter(|key| !here.keys().any(|of| of == key || of.starts_with(&format!("{key}/"))))
            .collect();
        Self { counts, rejects, taken: world.taken, differences, vanished }
    }

    pub fn is_settled(&self) -> bool {
        self.differences.is_empty()
            && self.rejects.is_empty()
            && (self.counts.pending, self.counts.dead, self.counts.unconfirmed) == (0, 0, 0)
    }

    pub fn check(&self, seed: u64) {
        let balance = &self.counts.balance[0];
        assert_eq!(balance.unaccounted(), 0, "seed {seed}: {self:#?}");
        assert_eq!(balance.received, self.taken, "seed {seed}: {self:#?}");
        assert!(self.vanished.is_empty(), "seed {seed}: withdrawn by no person: {self:#?}");
    }
}

/// What records that stand here point at and is not there.
fn targets_of(stored: &[Stored], world: &World) -> BTreeSet<String> {
    let state = world.organisation.state();
    let pointers = || world.kind.pointers.iter();
    let codes = stored.iter().flat_map(|stored| {
        pointers().map(|pointer| (pointer.target, stored.record.values()[pointer.field].text()))
    });
    let stands = |target: &Target, code: &str| {
        let rows = state.rows.keys().filter(|(set, _)| *set == target.entity_set);
        rows.map(|(_, id)| state.code(target, *id)).any(|of| of == Some(code))
    };
    codes
        // What others point at is theirs to keep.
        .filter(|(target, code)| !["", THEIRS.1].contains(code) && !stands(target, code))
        .map(|(target, code)| format!("{} {code} is not there", target.name))
        .collect()
}

fn said_here(stored: &Stored) -> (String, String) {
    let values = stored.record.fields().filter(|(field, _)| field.need != Need::Derived);
    let said: Vec<String> = values
        .map(|(field, value)| match (value, field.ty) {
            (value, FieldType::Time) => value.time().map(whole_second).unwrap().to_string(),
            (Value::Nothing, _) => "null".to_owned(),
            (Value::Text(text), FieldType::Json { .. }) => {
                serde_json::from_str::<Json>(text).unwrap().to_string()
            }
            (Value::Text(text), _) => text.clone(),
            (Value::Integer(number), _) => number.to_string(),
            (Value::Uuid(id), _) => id.to_string(),
        })
        .collect();
    (stored.record.natural_key().join("/"), said.join(" "))
}

fn said_there(kind: &Kind, state: &OrganisationState, row: &Json) -> (String, String) {
    let told = |at: usize| told(kind, state, row, at);
    let asked = (0..kind.fields.len()).filter(|at| kind.fields[*at].need != Need::Derived);
    let key: Vec<String> = kind.identity.key().iter().map(|at| key_part(kind, *at, told(*at))).collect();
    (key.join("/"), asked.map(told).collect::<Vec<_>>().join(" "))
}

/// A time in a key counts microseconds, and a flag is a number.
fn key_part(kind: &Kind, at: usize, told: String) -> String {
    match kind.fields[at].ty {
        FieldType::Time => Timestamp::parse(&told).unwrap().micros().to_string(),
        _ => told,
    }
}

/// What the row says of the field at this position, as a record would.
fn told(kind: &Kind, state: &OrganisationState, row: &Json, at: usize) -> String {
    let field = &kind.fields[at];
    let there = |column: &str| row.get(column).filter(|value| !value.is_null()).cloned();
    let payload = |at: usize| -> Option<Json> {
        let Remote::Column(column) = kind.fields[at].remote else { return None };
        serde_json::from_str(there(column)?.as_str()?).ok()
    };
    let value = match field.remote {
        Remote::Column(column) => there(column),
        Remote::Lookup(column) => {
            let target = kind.pointers.iter().find(|pointer| pointer.field == at).unwrap().target;
            let id = there(&format!("_{column}_value")).and_then(|id| id.as_str().unwrap().parse().ok());
            id.map(|id| state.code(target, id).map_or_else(|| id.to_string(), str::to_owned).into())
        }
        Remote::Inside(json) => payload(json).and_then(|members| members.get(field.json).cloned()),
        Remote::None => panic!("{} is not kept there", field.json),
    };
    match (value, field.ty) {
        (None, _) if field.need == Need::DefaultZero => "0".to_owned(),
        (None, _) if field.need == Need::DefaultNow => row["createdon"].as_str().unwrap().to_owned(),
        (None, _) => "null".to_owned(),
        (Some(value), FieldType::Decimal { scale, .. }) => {
            model::decimal::parse(&value.to_string(), scale).unwrap().to_string()
        }
        (Some(value), FieldType::Choice(labels)) => {
            let number = usize::try_from(value.as_i64().unwrap() - 100_000_000).unwrap();
            labels[number].to_owned()
        }
        (Some(Json::Bool(is_so)), _) => i32::from(is_so).to_string(),
        (Some(Json::String(text)), FieldType::Json { .. }) => own_members(kind, at, &text),
        (Some(Json::String(text)), _) => text,
        (Some(value), _) => value.to_string(),
    }
}

/// JSON without what is kept inside it of other fields.
fn own_members(kind: &Kind, at: usize, text: &str) -> String {
    let mut json: Json = serde_json::from_str(text).unwrap();
    let inside = kind.fields.iter().filter(|field| field.remote == Remote::Inside(at));
    for field in inside {
        json.as_object_mut().unwrap().remove(field.json);
    }
    json.to_string()
}
