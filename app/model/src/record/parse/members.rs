//! Which members of an object are the record's fields, and what is wrong with the others. A body may hold nothing but
//! strays, a hundred thousand of them, so that only the first are looked at.

use std::{borrow::Cow, collections::BTreeSet};

use super::{FieldFault, Members, given};
use crate::{
    privacy::shown_name,
    record::{
        Draft, Kind,
        draft::{Member, member_names},
    },
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

/// Puts each member where it belongs, and says of every other one what is wrong with it.
pub(super) fn draft<'a>(kind: &'static Kind, members: Members<'a>, guesses: &mut Guesses) -> Draft<'a> {
    let mut draft = Draft::new(kind);
    let mut strays = Strays { named: Vec::new(), more: 0 };
    let mut duplicates = BTreeSet::new();
    for (key, raw) in members {
        match Member::of(kind, &key).map(|member| draft.place(member)) {
            Some(place @ None) => *place = Some(given(raw)),
            // A field's own name, so that there are few of them.
            Some(Some(_)) if duplicates.insert(key.clone()) => {
                draft.faults().push(FieldFault::new(key, "is there twice; send it once"));
            }
            Some(Some(_)) => {}
            None => strays.add(kind, key, guesses, draft.faults()),
        }
    }
    if strays.more > 0 {
        let message = format!("has {} more members that are not its fields", strays.more);
        draft.faults().push(FieldFault::new("", message));
    }
    draft
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
        let name = shown_name(&key);
        let message = if name.trim().is_empty() {
            "has a member whose name shows nothing".to_owned()
        } else if kind.fields.iter().any(|field| field.json == key) {
            "is computed here; leave it out".to_owned()
        } else if self.named.len() < GUESSED && guesses.left > 0 {
            guesses.left -= 1;
            unknown(kind, &key, &mut guesses.compared)
        } else {
            UNKNOWN.to_owned()
        };
        faults.push(FieldFault::new(name.trim(), message));
        self.named.push(key);
    }
}

const UNKNOWN: &str = "is not a field of this record";

fn unknown(kind: &Kind, key: &str, compared: &mut usize) -> String {
    let key = fold(key);
    let near = member_names(kind)
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
