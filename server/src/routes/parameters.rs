//! Reads the query part of an address strictly: what is unknown, twice or wrong is named, all at once.

use std::collections::HashSet;

use axum::extract::Query;
use http::Uri;
use model::{
    calendar::Zone,
    privacy::shown_name,
    record::{FieldFault, FieldType},
    text,
    time::Timestamp,
};

use crate::problem::{Problem, ProblemType};

/// How long a campaign's id or name is where one is asked for.
pub const CAMPAIGN_CHARS: usize = 64;

pub struct Parameters {
    pairs: Vec<(String, String)>,
    faults: Vec<FieldFault>,
}

impl Parameters {
    pub fn of(uri: &Uri, known: &[&str]) -> Self {
        let pairs =
            Query::<Vec<(String, String)>>::try_from_uri(uri).map(|query| query.0).unwrap_or_default();
        let faults = strays(&pairs, known);
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
            [.., last] if last.field.is_empty() => {
                "Many parameters are wrong; errors names the first.".to_owned()
            }
            several => format!("{} parameters are wrong; errors names each.", several.len()),
        };
        Err(Problem { errors: self.faults, ..Problem::new(ProblemType::Validation, detail) })
    }
}

pub fn moment(text: &str) -> Result<Timestamp, String> {
    // An offset's plus sign reads as a space unless it was written as %2B.
    Timestamp::parse(text)
        .or_else(|| Timestamp::parse(&text.replace(' ', "+")))
        .ok_or_else(|| "must be a time as in 2026-11-21T09:30:00Z".to_owned())
}

pub fn zone(text: &str) -> Result<Zone, String> {
    Zone::of_name(text).ok_or_else(|| "must be a time zone's name, as in Europe/Berlin".to_owned())
}

/// A text that is compared with what records hold, of at most `max_chars` UTF-16 units.
pub fn text_up_to(max_chars: usize) -> impl Fn(&str) -> Result<String, String> {
    move |text| {
        let fits = !text.is_empty() && text::length(text) <= max_chars && !text.chars().any(char::is_control);
        let rule = || format!("must be a text of 1 to {max_chars} characters; leave it out for all");
        fits.then(|| text.to_owned()).ok_or_else(rule)
    }
}

/// How many of something, from 1 on.
pub fn whole_up_to(most: usize) -> impl Fn(&str) -> Result<usize, String> {
    move |text| {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| plain && (1..=most).contains(number));
        number.ok_or_else(|| format!("must be a whole number from 1 to {most}"))
    }
}

/// What a record's field of this type is compared with.
pub fn filter(ty: FieldType) -> impl Fn(&str) -> Result<String, String> {
    move |text| match ty {
        FieldType::Choice(labels) if labels.contains(&text) => Ok(text.to_owned()),
        FieldType::Choice(labels) => {
            Err(format!("must be one of {}; leave it out for all", labels.join(", ")))
        }
        FieldType::Text { max_chars } => text_up_to(max_chars)(text),
        _ => Err("cannot be filtered by; leave it out".to_owned()),
    }
}

/// Parameters that are named when they are wrong; of the others their number is said.
const NAMED: usize = 20;
/// Parameters that are compared with those that there are.
const GUESSED: usize = 3;

/// What is unknown or twice, each name once.
fn strays(pairs: &[(String, String)], known: &[&str]) -> Vec<FieldFault> {
    let (mut seen, mut said) = (HashSet::new(), HashSet::new());
    let mut faults = Vec::new();
    let mut more = 0;
    for (name, _) in pairs {
        let is_known = known.contains(&name.as_str());
        let is_right = is_known && seen.insert(name);
        if is_right || said.contains(name) {
            continue;
        }
        if said.len() == NAMED {
            more += 1;
            continue;
        }
        faults.push(match is_known {
            true => FieldFault::new(name, "is there twice; send it once"),
            false => FieldFault::new(shown_name(name), stray(name, known, said.len() < GUESSED)),
        });
        said.insert(name);
    }
    if more > 0 {
        faults.push(FieldFault::new("", format!("{more} more are not parameters here")));
    }
    faults
}

fn stray(name: &str, known: &[&str], guessing: bool) -> String {
    let name: String = name.chars().take(64).collect::<String>().to_lowercase();
    let near = known
        .iter()
        .filter(|_| guessing)
        .map(|other| (strsim::damerau_levenshtein(&name, other), *other))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= 2);
    match near {
        Some((_, near)) => format!("is not a parameter here; did you mean {near}?"),
        None if known.is_empty() => "is not a parameter here; there are none".to_owned(),
        None => format!("is not a parameter here; there are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["limit", "from"];

    fn faults(query: &str) -> Vec<FieldFault> {
        let uri = format!("/x?{query}").parse().unwrap();
        Parameters::of(&uri, KNOWN).finish().map_or_else(|problem| problem.errors, |()| Vec::new())
    }

    #[test]
    fn each_name_is_said_once() {
        assert_eq!(faults("limit=1&from=2"), []);
        let wrong = faults("limt=1&limit=1&limit=2&limit=3&a&a&a&ann%40example.com");
        let names: Vec<&str> = wrong.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(names, ["limt", "limit", "a", "(an e-mail address)"]);
        assert!(wrong[0].message.ends_with("did you mean limit?"), "{}", wrong[0].message);
    }

    #[test]
    fn many_stray_parameters_are_answered_shortly() {
        for query in
            [vec!["a"; 30_000].join("&"), (0..10_000).map(|n| n.to_string()).collect::<Vec<_>>().join("&")]
        {
            let said: usize =
                faults(&query).iter().map(|fault| fault.field.len() + fault.message.len()).sum();
            assert!(said < 2_000, "{said}");
        }
        let many = faults(&(0..10_000).map(|n| n.to_string()).collect::<Vec<_>>().join("&"));
        assert_eq!(
            (many.len(), many[NAMED].message.as_str()),
            (NAMED + 1, "9980 more are not parameters here")
        );
    }
}
