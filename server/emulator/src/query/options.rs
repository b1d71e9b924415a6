//! Options and preferences that every listing takes, and links that carry them on.

use crate::address::{QueryOptions, decode, encode, path_and_query};
use crate::answer::{Answer, Request};
use crate::fault::{Fault, Result};

/// Rows of a page: the default and the most \[D:webapi/query/page-results.md\].
pub(crate) const MOST_ROWS: u32 = 5000;

/// `Prefer: odata.maxpagesize`, never more than the server's own page.
pub(crate) fn page_size(request: &Request) -> Result<Option<u32>> {
    let Some(text) = request.preference("odata.maxpagesize") else { return Ok(None) };
    match text.parse::<u32>() {
        Ok(size) if size > 0 => Ok(Some(size.min(MOST_ROWS))),
        _ => Err(Fault::syntax(format!("Invalid value '{text}' for odata.maxpagesize."))),
    }
}

pub(super) fn top(text: Option<&str>) -> Result<Option<u32>> {
    let Some(text) = text else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        Fault::syntax(format!(
            "Invalid value '{text}' for $top query option found. The $top query option requires a non-negative integer \
             value."
        ))
    })
}

/// Options of OData that are taken. What does not begin with `$` is a client's own, or a parameter alias.
const TAKEN: &[&str] =
    &["$select", "$filter", "$orderby", "$top", "$count", "$expand", "$apply", "$skiptoken", "$deltatoken"];

/// What Dataverse does not take, and what this emulator does not.
pub(super) fn refuse_unknown(options: &QueryOptions) -> Result<()> {
    let mut seen = Vec::with_capacity(TAKEN.len());
    for name in options.names() {
        if TAKEN.contains(&name) {
            if seen.contains(&name) {
                let message = format!(
                    "Query option '{name}' was specified more than once, but it must be specified at most once."
                );
                return Err(Fault::syntax(message));
            }
            seen.push(name);
        }
        match name {
            "$skip" | "$search" | "$format" | "$compute" => {
                let name = name.trim_start_matches('$');
                let message = format!(
                    "Query option '{name}' is not allowed. The query parameter {name} is not supported."
                );
                return Err(Fault::bad("0x80060888", message));
            }
            "sql" | "savedQuery" | "userQuery" => {
                return Err(Fault::unsupported(format!("the query option '{name}'")));
            }
            _ if name.starts_with('$') && !TAKEN.contains(&name) => {
                return Err(Fault::syntax(format!("The query parameter {name} is not supported.")));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether `$count` asks for a number.
pub(super) fn wants_count(options: &QueryOptions) -> Result<bool> {
    match options.get("$count") {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(Fault::syntax(format!(
            "Invalid value '{other}' for $count query option found. Valid values are 'true' or 'false'."
        ))),
    }
}

/// The request's address with one option set anew.
pub(crate) fn link(request: &Request, name: &str, value: &str) -> String {
    let (path, query) = path_and_query(&request.target);
    let kept = query.split('&').filter(|pair| {
        let key = pair.split('=').next().unwrap_or_default();
        !pair.is_empty() && !matches!(decode(key).as_str(), "$skiptoken" | "$deltatoken")
    });
    let mut pairs: Vec<String> = kept.map(|pair| pair.replace(' ', "%20")).collect();
    pairs.push(format!("{name}={}", encode(value)));
    format!("{}{path}?{}", request.base, pairs.join("&"))
}

/// Says which preferences were taken into account, one header each.
pub(super) fn applied(answer: Answer, request: &Request) -> Result<Answer> {
    let answer = match page_size(request)? {
        Some(size) => answer.with("preference-applied", format!("odata.maxpagesize={size}")),
        None => answer,
    };
    Ok(annotations_applied(answer, request))
}

/// The same, where nothing comes in pages by preference.
pub(super) fn annotations_applied(answer: Answer, request: &Request) -> Answer {
    match request.preference("odata.include-annotations") {
        Some(wanted) => answer.with("preference-applied", format!("odata.include-annotations=\"{wanted}\"")),
        None => answer,
    }
}
