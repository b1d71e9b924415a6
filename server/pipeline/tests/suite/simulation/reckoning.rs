//! Ledger and organisation held against each other, row by row, and the figures against a plain recount.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{ListAsk, Reject, Standing};
use model::{
    identity,
    record::{FieldType, Need, Remote, Stored, Value},
};
use serde_json::Value as Json;

use super::{
    organisation::{RUNS, whole_second},
    world::{World, campaign_of},
};
use crate::support::{KIND, T};

#[derive(Debug)]
pub struct Reckoning {
    standing: Standing,
    rejects: Vec<Reject>,
    taken: i64,
    /// What stands here and not there, there and not here, or otherwise.
    differences: Vec<String>,
    /// Runs that were taken in, that no person withdrew, and that are not listed.
    vanished: Vec<String>,
}

impl Reckoning {
    pub async fn of(world: &World) -> Self {
        let ledger = world.books.ledger.clone();
        let (standing, stored, rejects) = world
            .books
            .take(async move {
                let ask = ListAsk { limit: 100_000, ..ListAsk::default() };
                let listed = ledger.list(T, KIND, &ask).await.unwrap();
                let rejects = ledger.rejects(T, None, 1000).await.unwrap();
                (ledger.standing(T).await.unwrap(), listed.items, rejects)
            })
            .await;
        let here: BTreeMap<String, String> = stored.iter().map(said_here).collect();
        let there: BTreeMap<String, String> = {
            let state = world.organisation.state();
            let rows = state.rows.iter().filter(|((set, _), _)| *set == RUNS);
            rows.map(|(_, row)| said_there(&Json::Object(row.columns.clone()))).collect()
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
            .filter(|key| !here.contains_key(key))
            .collect();
        Self { standing, rejects, taken: world.taken, differences, vanished }
    }

    pub fn is_settled(&self) -> bool {
        self.differences.is_empty()
            && self.rejects.is_empty()
            && (self.standing.pending, self.standing.dead, self.standing.unconfirmed) == (0, 0, 0)
    }

    pub fn check(&self, seed: u64) {
        let balance = &self.standing.balance[0];
        assert_eq!(balance.unaccounted(), 0, "seed {seed}: {self:#?}");
        assert_eq!(balance.received, self.taken, "seed {seed}: {self:#?}");
        assert!(self.vanished.is_empty(), "seed {seed}: withdrawn by no person: {self:#?}");
    }
}

/// What records that stand here point at and is not there.
fn targets_of(stored: &[Stored], world: &World) -> BTreeSet<String> {
    let state = world.organisation.state();
    let pointers = || KIND.pointers.iter();
    let codes = stored.iter().flat_map(|stored| {
        pointers().map(|pointer| (pointer.target, stored.record.values()[pointer.field].text()))
    });
    codes
        .filter(|(target, code)| {
            let id = identity::natural_id(T, target.name, &[code]);
            // Rows of other programs point at nothing.
            !["", "theirs"].contains(code) && !state.rows.contains_key(&(target.entity_set, id))
        })
        .map(|(target, code)| format!("{} {code} is not there", target.name))
        .collect()
}

fn said_here(stored: &Stored) -> (String, String) {
    let values = stored.record.fields().filter(|(field, _)| field.need != Need::Derived);
    let said: Vec<String> = values
        .map(|(field, value)| match (value, field.ty) {
            (value, FieldType::Time) => value.time().map(whole_second).unwrap().to_string(),
            (Value::Nothing, _) => "null".to_owned(),
            (Value::Text(text), _) => text.clone(),
            (Value::Integer(number), _) => number.to_string(),
            (Value::Uuid(id), _) => id.to_string(),
        })
        .collect();
    (stored.record.natural_key().join("/"), said.join(" "))
}

fn said_there(row: &Json) -> (String, String) {
    let fields = KIND.fields.iter().filter(|field| field.need != Need::Derived);
    let said: Vec<String> = fields
        .map(|field| {
            let Remote::Column(column) = field.remote else { panic!("{} has no column", field.json) };
            let value = row.get(column).filter(|value| !value.is_null());
            match (value, field.ty) {
                (None, _) if field.need == Need::DefaultZero => "0".to_owned(),
                (None, _) if field.need == Need::DefaultNow => row["createdon"].as_str().unwrap().to_owned(),
                (None, _) => "null".to_owned(),
                (Some(value), FieldType::Decimal { scale, .. }) => {
                    model::decimal::parse(&value.to_string(), scale).unwrap().to_string()
                }
                (Some(Json::String(text)), _) => text.clone(),
                (Some(value), _) => value.to_string(),
            }
        })
        .collect();
    let key = ["apex_campaignid", "apex_runid", "apex_phase"].map(|column| row[column].as_str().unwrap());
    (key.join("/"), said.join(" "))
}
