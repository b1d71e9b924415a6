//! A CSV file as an answer: what it is called, and the headers that let a browser keep it and nothing else.

use axum::{
    body::Body,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, header};
use model::{
    calendar::{Span, Zone},
    history::RunFilter,
};
use serde_json::Value as Json;

use crate::csv_line;

/// So much of a campaign's id or a phase is in a name.
const SLUG_CHARS: usize = 40;

/// What a file holds, by which it is called.
pub struct FileName<'a> {
    /// What a line is.
    pub lines: &'a str,
    pub span: Span,
    pub zone: &'a Zone,
    pub filter: &'a RunFilter,
}

impl FileName<'_> {
    /// In letters that every file system and every header takes.
    fn text(&self) -> String {
        let day = |at| self.zone.format(at, "%Y-%m-%d");
        let last = self.span.to.plus(-1).max(self.span.from);
        let mut name = format!("studio-metrics-{}-{}-to-{}", self.lines, day(self.span.from), day(last));
        for (what, text) in [("campaign", &self.filter.campaign), ("phase", &self.filter.phase)] {
            if let Some(text) = text {
                name.push_str(&format!("-{what}-{}", slug(text)));
            }
        }
        name.trim_end_matches('-').to_owned()
    }
}

/// The answer whose body is this file.
pub fn answer(name: &FileName<'_>, body: Body) -> Response {
    let mut answer = body.into_response();
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{}.csv\"", name.text()));
    // A name of letters, digits and dashes is always one.
    headers.extend(disposition.map(|disposition| (header::CONTENT_DISPOSITION, disposition)));
    answer
}

/// Adds a line with these members of a JSON object, or of none: texts as they are, and what is not known as an empty cell.
pub fn cells<'a>(object: &'a Json, members: &'a [&str]) -> impl Iterator<Item = String> + 'a {
    members.iter().map(|name| match &object[*name] {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        plain => plain.to_string(),
    })
}

pub fn push(lines: &mut Vec<u8>, cells: impl Iterator<Item = String>) {
    let cells: Vec<String> = cells.collect();
    csv_line::push(lines, b',', cells.iter().map(String::as_bytes));
}

fn slug(text: &str) -> String {
    let mut slug = String::new();
    for letter in text.chars() {
        match letter {
            letter if letter.is_ascii_alphanumeric() => slug.push(letter.to_ascii_lowercase()),
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
        if slug.len() == SLUG_CHARS {
            break;
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use model::time::Timestamp;

    use super::*;

    #[test]
    fn files_are_called_what_they_hold() {
        let at = |text| Timestamp::parse(text).unwrap();
        let berlin = Zone::of_name("Europe/Berlin").unwrap();
        let span = Span { from: at("2026-08-31T22:00:00Z"), to: at("2026-11-30T23:00:00Z") };
        let name = |campaign: Option<&str>, phase: Option<&str>| {
            let filter = RunFilter { campaign: campaign.map(str::to_owned), phase: phase.map(str::to_owned) };
            FileName { lines: "days", span, zone: &berlin, filter: &filter }.text()
        };
        assert_eq!(name(None, None), "studio-metrics-days-2026-09-01-to-2026-11-30");
        let told = name(Some("Herbst \"Müller\"\r\n; x.exe"), Some("2-3"));
        assert_eq!(
            told,
            "studio-metrics-days-2026-09-01-to-2026-11-30-campaign-herbst-m-ller-x-exe-phase-2-3"
        );
        assert!(name(Some(&"秋".repeat(64)), None).ends_with("2026-11-30-campaign"));
        assert!(name(Some(&"a".repeat(64)), None).len() < 100);
    }
}
