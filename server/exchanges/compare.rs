//! Holding a message against a recorded one.

use super::parts::{MessagePart, PartContent, Parts};
use super::{Message, Values, json};

/// Where the actual message's headers and body are not what is recorded. Recorded headers must be there; others may be.
pub fn message(recorded: &Message, actual: &Message, values: &mut Values) -> Vec<String> {
    let mut out = Vec::new();
    headers(recorded, actual, values, &mut out);
    body(recorded, actual, values, &mut out);
    out
}

fn headers(recorded: &Message, actual: &Message, values: &mut Values, out: &mut Vec<String>) {
    for (name, expected) in &recorded.headers {
        let found = actual.header(name);
        match &found {
            None if expected == "{absent}" => {}
            None => out.push(format!("{name}: should be `{expected}`, and is not there")),
            Some(found) if expected == "{absent}" => {
                out.push(format!("{name}: should not be there, and is `{found}`"));
            }
            Some(found) if is_preference(name) => {
                let all = preferences(found);
                for one in preferences(expected).iter().filter(|one| !all.contains(one)) {
                    out.push(format!("{name}: should hold `{one}`, and is `{found}`"));
                }
            }
            Some(found) if values.matches(expected, found) => {}
            Some(found) => out.push(format!("{name}: should be `{expected}`, and is `{found}`")),
        }
    }
}

fn is_preference(name: &str) -> bool {
    name.eq_ignore_ascii_case("prefer") || name.eq_ignore_ascii_case("preference-applied")
}

/// Preferences come in any order, in one header or several; a comma between quotes divides nothing.
fn preferences(text: &str) -> Vec<String> {
    let mut quoted = false;
    let parts = text.split(|c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    parts.map(|part| part.trim().to_owned()).collect()
}

fn body(recorded: &Message, actual: &Message, values: &mut Values, out: &mut Vec<String>) {
    let found = actual.body.trim_start_matches('\u{feff}');
    let is_form = recorded.header("content-type").is_some_and(|kind| kind.contains("x-www-form-urlencoded"));
    let is_empty = recorded.exactly || matches!(recorded.start.as_str(), "204" | "304");
    match recorded.body.chars().next() {
        None if is_empty && !found.trim().is_empty() => {
            out.push(format!("body: should be empty, and is {found}"));
        }
        None => {}
        Some('{' | '[') => json::compare(&recorded.body, found, recorded.exactly, values, out),
        Some('-') => match (Parts::read(&recorded.body), Parts::read(found)) {
            (Ok(recorded), Ok(found)) => multipart("", &recorded, &found, values, out),
            (Err(fault), _) => out.push(format!("the recorded body {fault}")),
            (_, Err(fault)) => out.push(format!("body: {fault}: {found}")),
        },
        Some(_) if is_form => form(&recorded.body, found, values, out),
        Some(_) if values.matches(&recorded.body, found.trim()) => {}
        Some(_) => out.push(format!("body: should be `{}`, and is `{found}`", recorded.body)),
    }
}

/// A form stands in a file with a field on each line, not encoded.
fn form(recorded: &str, actual: &str, values: &mut Values, out: &mut Vec<String>) {
    let fields: Vec<String> = actual.split('&').map(|field| decoded(&field.replace('+', " "))).collect();
    for expected in recorded.lines() {
        if !fields.iter().any(|field| values.matches(expected, field)) {
            out.push(format!("form: should hold `{expected}`, and is {fields:?}"));
        }
    }
}

fn multipart(place: &str, recorded: &Parts, actual: &Parts, values: &mut Values, out: &mut Vec<String>) {
    if !values.matches(&recorded.boundary, &actual.boundary) {
        out.push(format!("{place}boundary: should be `{}`, and is `{}`", recorded.boundary, actual.boundary));
    }
    if recorded.parts.len() != actual.parts.len() {
        let (should, is) = (recorded.parts.len(), actual.parts.len());
        out.push(format!("{place}body: should have {should} parts, and has {is}: {actual:?}"));
    }
    for (at, (recorded, actual)) in recorded.parts.iter().zip(&actual.parts).enumerate() {
        let place = format!("{place}part {}: ", at + 1);
        let mut found = Vec::new();
        headers(&recorded.outer, &actual.outer, values, &mut found);
        out.extend(found.into_iter().map(|fault| format!("{place}{fault}")));
        contents(&place, recorded, actual, values, out);
    }
}

fn contents(
    place: &str,
    recorded: &MessagePart,
    actual: &MessagePart,
    values: &mut Values,
    out: &mut Vec<String>,
) {
    match (&recorded.content, &actual.content) {
        (PartContent::One(recorded), PartContent::One(actual)) => {
            let mut found = start(recorded, actual, values);
            found.extend(message(recorded, actual, values));
            out.extend(found.into_iter().map(|fault| format!("{place}{fault}")));
        }
        (PartContent::ChangeSet(recorded), PartContent::ChangeSet(found)) => {
            // One reader takes a change set by its single header line.
            if actual.outer.headers.len() != 1 {
                out.push(format!("{place}a change set has one header, not {:?}", actual.outer.headers));
            }
            multipart(place, recorded, found, values, out);
        }
        _ => out.push(format!("{place}a change set and a single message: {recorded:?} and {actual:?}")),
    }
}

/// The first lines of parts: `HTTP/1.1 204 No Content`, or `PATCH /api/data/v9.2/ships(…) HTTP/1.1`.
fn start(recorded: &Message, actual: &Message, values: &Values) -> Vec<String> {
    let line = values.clone().fill(&recorded.start).unwrap_or_else(|fault| fault);
    let same = match line.strip_prefix("HTTP/1.1 ") {
        Some(status) => actual.start.strip_prefix("HTTP/1.1 ").is_some_and(|found| found == status),
        None => request_line(&line) == request_line(&actual.start),
    };
    if same { Vec::new() } else { vec![format!("should be `{line}`, and is `{}`", actual.start)] }
}

/// Method, path and options of a request, decoded, options in any order. Where it is sent to is another question.
pub fn request_line(line: &str) -> (String, String, Vec<String>) {
    let line = line.strip_suffix(" HTTP/1.1").unwrap_or(line);
    let (method, target) = line.split_once(' ').unwrap_or((line, ""));
    let target = target.split_once("/api/data/v9.2/").map_or(target, |(_, target)| target);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut options: Vec<String> =
        query.split('&').filter(|option| !option.is_empty()).map(decoded).collect();
    options.sort();
    (method.to_owned(), decoded(path.trim_start_matches('/')), options)
}

/// A text without its percent-encoding.
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        let hex = more.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match hex.filter(|_| *first == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(recorded: &[&str], actual: &[&str], expect: &[&str]) {
        let (recorded, actual) = (Message::read(recorded).unwrap(), Message::read(actual).unwrap());
        assert_eq!(message(&recorded, &actual, &mut Values::default()), expect);
    }

    #[test]
    fn recorded_headers_must_be_there() {
        check(&["200", "ETag: {etag}"], &["200", "etag: W/\"1\"", "Other: x"], &[]);
        check(&["200", "ETag: {absent}"], &["200", "etag: x"], &["ETag: should not be there, and is `x`"]);
        let given = "Preference-Applied: odata.include-annotations=\"a,b\",return=x";
        check(&["200", "Preference-Applied: odata.include-annotations=\"a,b\""], &["200", given], &[]);
        check(&["204"], &["204", "", "x"], &["body: should be empty, and is x"]);
    }

    #[test]
    fn forms_are_held_field_by_field() {
        let kind = "Content-Type: application/x-www-form-urlencoded";
        check(&["POST t", kind, "", "a=b c", "d={text}"], &["POST t", kind, "", "d=%C3%A9&a=b+c"], &[]);
        check(
            &["POST t", kind, "", "a=b"],
            &["POST t", kind, "", "a=c"],
            &["form: should hold `a=b`, and is [\"a=c\"]"],
        );
    }

    #[test]
    fn parts_are_held_one_by_one() {
        let set = |status: &str| {
            [
                "200",
                "",
                "--b_1",
                "Content-Type: multipart/mixed; boundary=c",
                "",
                "--c",
                "Content-ID: 1",
                "",
                status,
                "",
                "--c--",
                "--b_1--",
            ]
            .map(str::to_owned)
        };
        let (one, other) = (set("HTTP/1.1 204 No Content"), set("HTTP/1.1 400 Bad Request"));
        let view = |all: &[String; 12]| all.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
        let read = |text: &str| Message::read(&text.lines().collect::<Vec<_>>()).unwrap();
        let found = message(&read(&view(&one)), &read(&view(&other)), &mut Values::default());
        assert_eq!(
            found,
            ["part 1: part 1: should be `HTTP/1.1 204 No Content`, and is `HTTP/1.1 400 Bad Request`"]
        );
    }

    #[test]
    fn escaping_does_not_change_addresses() {
        let plain = "GET ships?$filter=a eq 'x'&$top=2";
        let sent = "GET /api/data/v9.2/ships?$top=2&$filter=a%20eq%20%27x%27 HTTP/1.1";
        assert_eq!(request_line(plain), request_line(sent));
    }
}
