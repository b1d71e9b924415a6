//! What a call came to, in the words that stand beside the exchanges.

use dataverse::{EntityId, Error, OperationOutcome, Pages};
use serde_json::Value;

pub fn done(outcome: Result<(), Error>) -> String {
    or_error(outcome, |()| "done".to_owned())
}

pub fn or_error<T>(outcome: Result<T, Error>, tell: impl FnOnce(T) -> String) -> String {
    match outcome {
        Ok(value) => tell(value),
        Err(fault) => error(&fault),
    }
}

pub fn made(outcome: Result<EntityId, Error>) -> String {
    or_error(outcome, |entity| address(&entity))
}

/// The row's columns by these names, as JSON.
pub fn row(outcome: Result<Option<Value>, Error>, columns: &[&str]) -> String {
    or_error(outcome, |row| {
        row.map_or("none there".to_owned(), |row| format!("row {}", shown(&row, columns)))
    })
}

pub fn shown(row: &Value, columns: &[&str]) -> String {
    let columns: Vec<String> = columns.iter().map(|name| format!("{name}={}", row[name])).collect();
    columns.join(", ")
}

/// How many rows in how many pages; of the first row these columns.
pub async fn pages(mut pages: Pages, columns: &[&str]) -> String {
    let (mut rows, mut count) = (Vec::new(), 0);
    loop {
        match pages.next_page().await {
            Ok(Some(page)) => {
                rows.extend(page);
                count += 1;
            }
            Ok(None) => break,
            Err(fault) => return error(&fault),
        }
    }
    let number = if count == 1 { "1 page".to_owned() } else { format!("{count} pages") };
    let mut said = format!("{} rows in {number}", rows.len());
    if !columns.is_empty() {
        said.push_str(&format!(", {}", rows.first().map(|row| shown(row, columns)).unwrap_or_default()));
    }
    said
}

/// How each operation of a batch ended.
pub fn outcomes(outcomes: Result<Vec<OperationOutcome>, Error>) -> String {
    or_error(outcomes, |outcomes| outcomes.iter().map(outcome).collect::<Vec<_>>().join("; "))
}

fn outcome(outcome: &OperationOutcome) -> String {
    match outcome {
        Err(fault) => error(fault),
        Ok(answer) => {
            let rows = answer.body.as_ref().and_then(|body| body["value"].as_array()).map(Vec::len);
            let entity = answer.entity.as_ref().map(|entity| format!(" {}", address(entity)));
            let rows = rows.map(|rows| format!(" with {rows} rows"));
            format!("{}{}{}", answer.status, entity.unwrap_or_default(), rows.unwrap_or_default())
        }
    }
}

fn address(entity: &EntityId) -> String {
    match entity.id {
        Some(id) => format!("row {id}"),
        None => format!("address {}", entity.url),
    }
}

/// The variant, the code, and what a caller would do about it.
pub fn error(error: &Error) -> String {
    if let Error::RolledBack(cause) = error {
        return format!("RolledBack({})", self::error(cause));
    }
    let debug = format!("{error:?}");
    let mut said = debug.split(['(', ' ', '{']).next().unwrap_or_default().to_owned();
    if let Some(code) = error.code() {
        said.push_str(&format!(" {code}"));
    }
    if let Error::Credentials { fault, .. } = error {
        said.push_str(&format!(" {fault:?}"));
    }
    if let Some(fault) = error.forbidden() {
        said.push_str(&format!(" {fault:?}"));
    }
    if let Some(wait) = error.retry_after() {
        said.push_str(&format!(" for {} s", wait.as_secs()));
    }
    let flags = [
        (error.is_duplicate(), "duplicate"),
        (error.is_stale(), "stale"),
        (error.is_transient(), "transient"),
        (error.is_lane_fault(), "lane fault"),
    ];
    for (_, flag) in flags.iter().filter(|(holds, _)| *holds) {
        said.push_str(&format!(", {flag}"));
    }
    said
}
