//! Reads the query part of an address strictly: what is unknown, twice or wrong is named, all at once.

use axum::extract::Query;
use http::Uri;
use model::{calendar::Zone, record::FieldFault, time::Instant};

use crate::problem::{Kind, Problem};

pub struct Parameters {
    pairs: Vec<(String, String)>,
    faults: Vec<FieldFault>,
}

impl Parameters {
    pub fn of(uri: &Uri, known: &[&str]) -> Self {
        let pairs =
            Query::<Vec<(String, String)>>::try_from_uri(uri).map(|query| query.0).unwrap_or_default();
        let mut faults = Vec::new();
        for (at, (name, _)) in pairs.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                faults.push(FieldFault::new(shown(name), stray(name, known)));
            } else if pairs[..at].iter().any(|(earlier, _)| earlier == name) {
                faults.push(FieldFault::new(name, "is there twice; send it once"));
            }
        }
        Self { pairs, faults }
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn read<T>(&mut self, name: &str, understand: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        match understand(self.text(name)?) {
            Ok(value) => Some(value),
            Err(message) => {
                self.fault(name, message);
                None
            }
        }
    }

    pub fn fault(&mut self, name: &str, message: impl Into<String>) {
        self.faults.push(FieldFault::new(name, message));
    }

    /// # Errors
    /// When any parameter was wrong.
    pub fn finish(self) -> Result<(), Problem> {
        if self.faults.is_empty() {
            return Ok(());
        }
        let detail = match self.faults.as_slice() {
            [one] => format!("The parameter {} {}.", one.field, one.message),
            several => format!("{} parameters are wrong; errors names each.", several.len()),
        };
        Err(Problem { errors: self.faults, ..Problem::new(Kind::Validation, detail) })
    }
}

pub fn moment(text: &str) -> Result<Instant, String> {
    // An offset's plus sign reads as a space unless it was written as %2B.
    Instant::parse(text)
        .or_else(|| Instant::parse(&text.replace(' ', "+")))
        .ok_or_else(|| "must be a time as in 2026-11-21T09:30:00Z".to_owned())
}

pub fn zone(text: &str) -> Result<Zone, String> {
    Zone::of_name(text).ok_or_else(|| "must be a time zone's name, as in Europe/Berlin".to_owned())
}

/// What a record's field is compared with.
pub fn filter(text: &str) -> Result<String, String> {
    let fits = !text.is_empty() && text.chars().count() <= 64 && !text.chars().any(char::is_control);
    if fits {
        Ok(text.to_owned())
    } else {
        Err("must be a text of 1 to 64 characters; leave it out for all".to_owned())
    }
}

fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}

fn stray(name: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .map(|other| (strsim::damerau_levenshtein(&name.to_lowercase(), other), *other))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= 2);
    match near {
        Some((_, near)) => format!("is not a parameter here; did you mean {near}?"),
        None if known.is_empty() => "is not a parameter here; there are none".to_owned(),
        None => format!("is not a parameter here; there are {}", known.join(", ")),
    }
}
