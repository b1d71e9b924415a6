//! What documents name: other documents and files, commands with their flags, settings, addresses, checks.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use super::{Document, documents, top};
use crate::studio::{BINARY, Studio, TestFolder, command};

/// What the browser's tests make, and builds.
const MADE: [&str; 2] = ["end2end/test-results", "target"];
/// Beginnings of names of settings.
const SETTINGS: [&str; 5] = ["STUDIO_", "DATAVERSE_", "AZURE_", "DATABASE_", "USE_DATAVERSE"];
/// Names that are no setting of the server's: senders read them, builds and tests.
const OF_OTHERS: [&str; 6] =
    ["STUDIO_KEY", "STUDIO_URL", "STUDIO_SPOOL", "STUDIO_SITE", "STUDIO_COMMIT", "STUDIO_ACCEPT"];
/// Beginnings of addresses of the server.
const ADDRESSES: [&str; 5] = ["/api", "/healthz", "/readyz", "/metrics", "/pipeline"];

/// The lines outside of blocks.
fn prose(document: &Document) -> impl Iterator<Item = &str> {
    document.text.split("\n```").step_by(2).flat_map(|part| part.lines().skip(1))
}

/// What stands between backticks.
fn code(document: &Document) -> impl Iterator<Item = &str> {
    prose(document).flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Collects what does not hold, and tells all of it at once.
#[derive(Default)]
struct Complaints(BTreeSet<String>);

impl Complaints {
    fn add(&mut self, document: &Document, what: &str) {
        self.0.insert(format!("{}: {what}", document.path));
    }

    #[track_caller]
    fn tell(self) {
        assert!(self.0.is_empty(), "{}", self.0.into_iter().collect::<Vec<_>>().join("\n"));
    }
}

#[test]
fn links_lead_to_files_and_headings() {
    let mut complaints = Complaints::default();
    for document in &documents() {
        let file = top().join(&document.path);
        for target in prose(document).flat_map(links) {
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let there = if path.is_empty() { file.clone() } else { file.parent().unwrap().join(path) };
            if !there.exists() {
                complaints.add(document, &format!("{target} leads nowhere"));
            } else if !heading.is_empty() && !anchors(&there).contains(heading) {
                complaints.add(document, &format!("{target} names no heading"));
            }
        }
    }
    complaints.tell();
}

/// The targets of a line's links within the repository.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let plain = line.split('`').step_by(2);
    let targets = plain.flat_map(|part| part.split("](").skip(1).filter_map(|rest| rest.split(')').next()));
    // A link's text may be code, which ends before its target.
    targets.filter(|target| !target.contains("://"))
}

/// The headings of a document, as links name them.
fn anchors(file: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn named_files_are_there() {
    let mut complaints = Complaints::default();
    for document in &documents() {
        let folders = [top(), top().join(&document.path).parent().unwrap().to_owned()];
        for path in code(document).filter(|text| is_path(text)) {
            let first = path.split('/').next().unwrap();
            let is_ours = folders.iter().any(|folder| folder.join(first).is_dir());
            let is_made = MADE.iter().any(|made| path.starts_with(made));
            if is_ours && !is_made && !folders.iter().any(|folder| folder.join(path).exists()) {
                complaints.add(document, &format!("{path} is not there"));
            }
        }
    }
    complaints.tell();
}

fn is_path(text: &str) -> bool {
    let is_sign = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    text.contains('/') && !text.starts_with('/') && text.chars().all(is_sign)
}

#[test]
fn named_commands_and_flags_exist() {
    let mut complaints = Complaints::default();
    for document in &documents() {
        for words in code(document).filter_map(|text| text.strip_prefix("studio ")) {
            let words: Vec<&str> = words.split(' ').collect();
            let (help, flags) = match words[0] {
                flag if flag.starts_with('-') => (help(&[]), &words[..]),
                name => (help(&[name]), &words[1..]),
            };
            let Some(help) = help else {
                complaints.add(document, &format!("`studio {}` is no command", words[0]));
                continue;
            };
            for flag in flags.iter().filter(|word| word.starts_with("--")) {
                if !help.split([' ', ',', '\n']).any(|word| word == *flag) {
                    complaints.add(document, &format!("`studio {}` has no {flag}", words[0]));
                }
            }
        }
    }
    complaints.tell();
}

/// None where there is no such command.
fn help(command: &[&str]) -> Option<String> {
    let output = Command::new(BINARY).args(command).arg("--help").output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

#[test]
fn named_settings_exist() {
    let help = help(&[]).unwrap();
    let known: BTreeSet<&str> =
        help.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).chain(OF_OTHERS).collect();
    let mut complaints = Complaints::default();
    for document in &documents() {
        let words =
            document.text.split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
        let settings = words.filter(|word| SETTINGS.iter().any(|prefix| word.starts_with(prefix)));
        for word in settings.filter(|word| !word.ends_with('_') && !known.contains(word)) {
            complaints.add(document, &format!("{word} is no setting"));
        }
    }
    complaints.tell();
}

#[tokio::test]
async fn named_addresses_answer() {
    let studio = Studio::start();
    let mut complaints = Complaints::default();
    for document in &documents() {
        for address in code(document).filter(|text| ADDRESSES.iter().any(|start| text.starts_with(start))) {
            if !address.contains(['{', '…', ' ']) && studio.get(address).await.status() == 404 {
                complaints.add(document, &format!("{address} is not served"));
            }
        }
    }
    complaints.tell();
}

#[test]
fn named_checks_and_benchmarks_exist() {
    let source = |name: &str| fs::read_to_string(top().join(format!("xtask/src/{name}.rs"))).unwrap();
    let mut complaints = Complaints::default();
    for document in &documents() {
        for words in code(document).filter_map(|text| text.split_once("cargo xtask ")).map(|(_, words)| words)
        {
            let mut words = words.split(' ');
            let command = words.next().unwrap();
            if !source("main").contains(&format!("Some(\"{command}\"")) {
                complaints.add(document, &format!("`cargo xtask {command}` is no command"));
            }
            let names = words.filter(|word| matches!(command, "test" | "bench") && *word != "NAME");
            for name in names.filter(|name| !source(command).contains(&format!("\"{name}\""))) {
                complaints.add(document, &format!("`cargo xtask {command}` knows no {name}"));
            }
        }
    }
    complaints.tell();
}

#[tokio::test]
async fn the_printed_log_line_has_its_fields() {
    let document = documents().into_iter().find(|document| document.path == "docs/monitoring.md").unwrap();
    let printed = document.text.lines().find(|line| line.starts_with("INFO starting ")).unwrap().to_owned();
    let studio = Studio::start();
    let log = studio.folder.log();
    let first = log.lines().next().unwrap();
    let fields = |line: &str| -> BTreeSet<String> {
        let named = line.split(' ').filter_map(|word| word.split_once('='));
        named.map(|(name, _)| name.to_owned()).filter(|name| name.contains('.')).collect()
    };
    assert!(first.contains("INFO starting "), "{first}");
    assert_eq!(fields(&printed), fields(first));
}

/// The sources of the server and of its pages, in one line each.
fn sources(folder: &Path, text: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let source = fs::read_to_string(path).unwrap().replace("\\\n", " ");
            text.push(source.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
}

#[test]
fn explained_messages_are_said() {
    let mut text = Vec::new();
    for folder in
        ["app/src", "server/src", "server/ledger/src", "server/pipeline/src", "server/dataverse/src"]
    {
        sources(&top().join(folder), &mut text);
    }
    let document = documents().into_iter().find(|document| document.path == "docs/README.md").unwrap();
    let table = document.text.split("## What messages mean").nth(1).unwrap();
    let messages = table.lines().filter_map(|line| line.strip_prefix("| `")?.split("` |").next());
    let (mut complaints, mut checked) = (Complaints::default(), 0);
    for message in messages.map(|message| message.split("`").next().unwrap()) {
        // What a message says of its case differs.
        let fixed = message
            .split('…')
            .flat_map(|part| part.split("N "))
            .map(|part| part.trim_matches([' ', ',', ';', '?']));
        for part in fixed.filter(|part| part.len() > 11) {
            checked += 1;
            if !text.iter().any(|source| source.contains(part)) {
                complaints.add(&document, &format!("nothing says {part:?}"));
            }
        }
    }
    assert!(checked > 8, "the table is not where it was");
    complaints.tell();
}

/// The settings files of the documents: nothing in them is a slip.
#[test]
fn printed_settings_are_understood() {
    let mut complaints = Complaints::default();
    for document in &documents() {
        for block in
            document.text.split("\n```toml\n").skip(1).map(|rest| rest.split("\n```").next().unwrap())
        {
            let folder = TestFolder::new();
            let secret = folder.path().join("secret");
            fs::write(&secret, "a secret").unwrap();
            fs::write(
                folder.path().join("studio.toml"),
                block
                    .replace("/etc/studio/oidc-secret", "/etc/studio/secret")
                    .replace("/etc/studio/secret", secret.to_str().unwrap()),
            )
            .unwrap();
            // Somewhere else than where the file says, so that nothing leaves this machine.
            let elsewhere =
                [("DATAVERSE_URL", "http://127.0.0.1:1"), ("AZURE_AUTHORITY_HOST", "http://127.0.0.1:1")];
            let with_organisation = block.contains("USE_DATAVERSE");
            let settings = if with_organisation { &elsewhere[..] } else { &[("USE_DATAVERSE", "false")] };
            let output = command(&folder, settings).arg("check").output().unwrap();
            if output.status.code() == Some(2) {
                complaints.add(document, &String::from_utf8(output.stderr).unwrap());
            }
        }
    }
    complaints.tell();
}
