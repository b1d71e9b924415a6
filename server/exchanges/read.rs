//! The recorded exchanges, read from their files: one reader for the two tests that hold something against them.

pub mod compare;
pub mod json;
pub mod message;
pub mod parts;
pub mod values;

use std::collections::BTreeSet;

pub use message::Message;
pub use values::Values;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../exchanges");
/// Words that a `given` line may begin with; the emulator's test sees to each.
const GIVEN: &[&str] = &[
    "no tables",
    "row ",
    "rows ",
    "requests ",
    "key delay ",
    "later ",
    "revoked",
    "fault ",
    "ends ",
    "begins ",
    "as ",
];

/// One file: the exchanges of one subject, in the order in which they are played.
#[derive(Debug)]
pub struct ExchangeFile {
    pub name: String,
    pub exchanges: Vec<Exchange>,
}

/// A request and its answer, where they are told of, and what our two crates have to do with them.
#[derive(Debug)]
pub struct Exchange {
    pub title: String,
    /// `[D:webapi/…]`, and what else is said about it.
    pub prose: String,
    /// What has to be so beforehand, in the emulator.
    pub given: Vec<String>,
    pub request: Message,
    pub answer: Message,
    pub client: ClientExpectation,
    /// Why the emulator is known to answer otherwise.
    pub emulator_differs: Option<String>,
}

/// What the client makes of an exchange.
#[derive(Debug, Default)]
pub struct ClientExpectation {
    /// What its call comes to, or `with the next`, or `none: ` and why.
    pub expected: String,
    /// Its body may hold more than the recorded one.
    pub sends_more: bool,
    /// Why the client is known to do otherwise.
    pub differs: Option<String>,
}

/// Every file of the folder, by name.
pub fn subjects() -> Vec<ExchangeFile> {
    let mut subjects = Vec::new();
    for entry in std::fs::read_dir(FOLDER).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "http") {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let exchanges = exchanges(&text).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
            subjects.push(ExchangeFile { name, exchanges });
        }
    }
    subjects.sort_by(|one, other| one.name.cmp(&other.name));
    check(&subjects).unwrap_or_else(|fault| panic!("{fault}"));
    subjects
}

/// What there is to say about one exchange: where it deviates, or that it no longer does although it is marked so.
pub fn complaint(place: &str, differs: Option<&str>, faults: &[String]) -> Option<String> {
    match (differs, faults.is_empty()) {
        (None, true) | (Some(_), false) => None,
        (None, false) => Some(format!("{place}\n    {}\n", faults.join("\n    "))),
        (Some(reason), true) => {
            Some(format!("{place}\n    is as recorded: take the mark away that says «{reason}»\n"))
        }
    }
}

/// Reads one file's text.
fn exchanges(text: &str) -> Result<Vec<Exchange>, String> {
    // What stands before the first heading says what the file is about.
    text.split("\n## ").skip(1).map(exchange).collect()
}

fn exchange(text: &str) -> Result<Exchange, String> {
    let (title, rest) = text.split_once('\n').unwrap_or((text, ""));
    let fault = |what: &str| format!("«{title}»: {what}");
    let (mut prose, mut given, mut request, mut answer) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut client, mut emulator_differs) = (ClientExpectation::default(), None);
    for line in rest.lines() {
        if let Some(line) = line.strip_prefix('>') {
            request.push(line.strip_prefix(' ').unwrap_or(line));
        } else if let Some(line) = line.strip_prefix('<') {
            answer.push(line.strip_prefix(' ').unwrap_or(line));
        } else if let Some(what) = line.strip_prefix("given ") {
            given.push(what.to_owned());
        } else if let Some(what) = line.strip_prefix("client differs: ") {
            client.differs = Some(what.to_owned());
        } else if let Some(what) = line.strip_prefix("client sends more: ") {
            (client.sends_more, client.expected) = (true, what.to_owned());
        } else if let Some(what) = line.strip_prefix("client: ") {
            client.expected = what.to_owned();
        } else if let Some(what) = line.strip_prefix("emulator differs: ") {
            emulator_differs = Some(what.to_owned());
        } else if request.is_empty() {
            prose.push(line);
        } else if !line.trim().is_empty() {
            return Err(fault(&format!("a line that belongs nowhere: {line}")));
        }
    }
    Ok(Exchange {
        title: title.to_owned(),
        prose: prose.join("\n"),
        given,
        request: Message::read(&request).ok_or_else(|| fault("no request"))?,
        answer: Message::read(&answer).ok_or_else(|| fault("no answer"))?,
        client,
        emulator_differs,
    })
}

/// What every exchange must have, for every reader.
fn check(subjects: &[ExchangeFile]) -> Result<(), String> {
    let mut titles = BTreeSet::new();
    for exchange in subjects.iter().flat_map(|subject| &subject.exchanges) {
        let fault = |what: &str| Err(format!("«{}» {what}", exchange.title));
        if !titles.insert(&exchange.title) {
            return fault("is there twice");
        }
        if !exchange.prose.contains('[') {
            return fault("does not say in brackets where it is told of");
        }
        if exchange.client.expected.is_empty() {
            return fault("does not say what the client makes of it");
        }
        if let Some(odd) =
            exchange.given.iter().find(|given| !GIVEN.iter().any(|word| given.starts_with(word)))
        {
            return fault(&format!("asks for something that nobody sees to: {odd}"));
        }
        for message in [&exchange.request, &exchange.answer] {
            if message.body.starts_with("--") && parts::Parts::read(&message.body).is_err() {
                return fault("holds a multipart body that cannot be read");
            }
        }
        let reasons = [&exchange.emulator_differs, &exchange.client.differs];
        if reasons.into_iter().flatten().any(|reason| reason.len() < 10) {
            return fault("differs without a reason");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# About\n\n## One\n[D:x] Words.\ngiven revoked\n\n> GET a\n> B: c\n\n< 200 exactly\n<\n< {}\n\nclient: done\n";

    #[test]
    fn an_exchange_is_read_line_by_line() {
        let read = exchanges(TEXT).unwrap();
        let one = &read[0];
        assert_eq!((one.title.as_str(), one.given.as_slice()), ("One", ["revoked".to_owned()].as_slice()));
        assert_eq!((one.request.start.as_str(), one.request.header("b").as_deref()), ("GET a", Some("c")));
        assert_eq!(
            (one.answer.start.as_str(), one.answer.exactly, one.answer.body.as_str()),
            ("200", true, "{}")
        );
        assert_eq!(one.client.expected, "done");
    }

    #[test]
    fn what_is_written_wrong_is_told() {
        let told = |from: &str, to: &str| {
            let read = exchanges(&TEXT.replace(from, to));
            read.and_then(|exchanges| check(&[ExchangeFile { name: String::new(), exchanges }])).unwrap_err()
        };
        assert!(told("> GET a\n> B: c\n", "").contains("no request"));
        assert!(told("client:", "clint:").contains("belongs nowhere"));
        assert!(told("[D:x]", "").contains("in brackets"));
        assert!(told("given revoked", "given nonsense").contains("nobody sees to: nonsense"));
        assert!(told("client: done", "client: done\nclient differs: so").contains("without a reason"));
        assert!(exchanges(TEXT).is_ok());
    }

    #[test]
    fn vanished_differences_are_complaints() {
        let fault = ["status: 404".to_owned()];
        assert_eq!(complaint("x", Some("not there yet"), &fault), None);
        assert!(complaint("x", Some("not there yet"), &[]).unwrap().contains("take the mark away"));
        assert!(complaint("x", None, &fault).unwrap().contains("404"));
    }
}
