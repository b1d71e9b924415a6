//! Which members of an object are the record's fields, and what is wrong with the others. A body may hold nothing but
//! strays, a hundred thousand of them, so that only the first are looked at.

use std::{borrow::Cow, collections::BTreeSet};

use super::{FieldFault, Members};
use crate::{
    privacy::shown_name,
    record::{Kind, Need},
};

/// Strays of one record that are named; of the others their number is said.
pub(super) const NAMED: usize = 20;
/// Strays of one record that are compared with the fields, to guess which of them was meant.
const GUESSED: usize = 3;

/// How often it may still be guessed what a sender meant; the records of one body share it.
#[derive(Debug)]
pub struct Guesses {
    left: usize,
    /// Names that were held against one another.
    pub(super) compared: usize,
}

impl Default for Guesses {
    fn default() -> Self {
        Self { left: 30, compared: 0 }
    }
}

/// The members that a sender may fill, in the order of the kind's fields.
pub(super) struct Sent<'a> {
    pub(super) fields: Vec<Option<&'a str>>,
    pub(super) name: Option<&'a str>,
}

impl<'a> Sent<'a> {
    /// Says of every other member what is wrong with it.
    pub(super) fn of(
        kind: &Kind,
        members: Members<'a>,
        guesses: &mut Guesses,
        faults: &mut Vec<FieldFault>,
    ) -> Self {
        let mut sent = Self { fields: vec![None; kind.fields.len()], name: None };
        let mut strays = Strays { named: Vec::new(), more: 0 };
        let mut twins = BTreeSet::new();
        for (key, raw) in members {
            let at = kind.fields.iter().position(|field| field.json == key);
            let place = match at {
                Some(at) if kind.fields[at].need != Need::Derived => Some(&mut sent.fields[at]),
                None if kind.naming.as_ref().is_some_and(|naming| naming.json == key) => Some(&mut sent.name),
                _ => None,
            };
            match place {
                Some(place @ None) => *place = Some(raw),
                // A field's own name, so that there are few of them.
                Some(Some(_)) if twins.insert(key.clone()) => {
                    faults.push(FieldFault::new(key, "is there twice; send it once"));
                }
                Some(Some(_)) => {}
                None => strays.add(kind, key, guesses, faults),
            }
        }
        if strays.more > 0 {
            let message = format!("has {} more members that are not its fields", strays.more);
            faults.push(FieldFault::new("", message));
        }
        sent
    }
}

struct Strays<'a> {
    named: Vec<Cow<'a, str>>,
    more: usize,
}

impl<'a> Strays<'a> {
    fn add(&mut self, kind: &Kind, key: Cow<'a, str>, guesses: &mut Guesses, faults: &mut Vec<FieldFault>) {
        if self.named.contains(&key) {
            return;
        }
        if self.named.len() == NAMED {
            self.more += 1;
            return;
        }
        let message = if kind.fields.iter().any(|field| field.json == key) {
            "is computed here; leave it out".to_owned()
        } else if self.named.len() < GUESSED && guesses.left > 0 {
            guesses.left -= 1;
            unknown(kind, &key, &mut guesses.compared)
        } else {
            UNKNOWN.to_owned()
        };
        faults.push(FieldFault::new(shown_name(&key), message));
        self.named.push(key);
    }
}

const UNKNOWN: &str = "is not a field of this record";

fn unknown(kind: &Kind, key: &str, compared: &mut usize) -> String {
    let key = fold(key);
    let fields = kind.fields.iter().filter(|field| field.need != Need::Derived).map(|field| field.json);
    let near = fields
        .chain(kind.naming.as_ref().map(|naming| naming.json))
        .inspect(|_| *compared += 1)
        .map(|name| (strsim::damerau_levenshtein(&key, &fold(name)), name))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, name)| *distance <= 2.max(name.len() / 3));
    match near {
        Some((_, name)) => format!("{UNKNOWN}; did you mean {name}?"),
        None => UNKNOWN.to_owned(),
    }
}

/// `campaign_id` and `CampaignID` are slips for `campaignId`, not other words.
fn fold(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).take(64).collect::<String>().to_lowercase()
}
