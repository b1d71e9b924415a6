//! Rules about files and the words in them.

const LINES_MAX: usize = 500;

/// A name that says nothing about its subject draws everything in.
const EMPTY_NAMES: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc", "mod"];

/// Words of unfinished work, each with the way out. They are put together here so that this file passes its own rule.
const UNFINISHED: &[(&str, &str)] = &[
    (concat!("TO", "DO"), "do it, or open an issue"),
    (concat!("FIX", "ME"), "fix it, or open an issue"),
    (concat!("db", "g!("), "take it out"),
    (concat!("to", "do!("), "write it"),
    (concat!("unimple", "mented!("), "write it"),
    (concat!("#[ig", "nore"), "a test that does not run proves nothing: mend it or drop it"),
    (concat!("<<<<", "<<< "), "finish the merge"),
];

/// The beginnings of paths on a person's own machine.
const MACHINES: &[&str] =
    &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Use", "rs/")];

pub fn check(files: &[(String, String)]) -> Vec<String> {
    files.iter().flat_map(|(path, text)| judge(path, text)).collect()
}

fn judge(path: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    if path.ends_with(".rs") {
        complaints.extend(judge_source(path, text));
    }
    if path.ends_with("package-lock.json") && text.contains("\"resolved\": \"http") {
        complaints.push(format!(
            "{path}: names a registry's host; make it again with npm's omit-lockfile-registry-resolved"
        ));
    }
    if !is_prose(path) {
        complaints.extend(judge_words(path, text));
    }
    complaints
}

/// Pages for people may speak about such words and paths, and locks are written by machines.
fn is_prose(path: &str) -> bool {
    path.ends_with(".md") || path.ends_with("lock.json") || path.ends_with(".lock")
}

fn judge_source(path: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    // A package's README may be what its first file says.
    if !text.starts_with("//! ") && !text.starts_with("#![doc = include_str!(") {
        complaints.push(format!("{path}:1: begins without `//! `: say what this room is for"));
    }
    let lines = text.lines().count();
    if lines > LINES_MAX {
        complaints
            .push(format!("{path}: {lines} lines, at most {LINES_MAX}: look for the second subject in it"));
    }
    let names = path.trim_end_matches(".rs").split('/');
    for name in names.filter(|name| EMPTY_NAMES.contains(name)) {
        complaints.push(format!("{path}: `{name}` says nothing; name it after its subject"));
    }
    complaints
}

fn judge_words(path: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line)) {
        for (word, way_out) in UNFINISHED.iter().filter(|(word, _)| line.contains(word)) {
            complaints.push(format!("{path}:{number}: says {word}: {way_out}"));
        }
        for machine in MACHINES.iter().filter(|machine| line.contains(**machine)) {
            complaints.push(format!("{path}:{number}: names {machine}…, which is there on one machine only"));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn passes(path: &str, text: &str) {
        assert_eq!(judge(path, text), [""; 0]);
    }

    #[track_caller]
    fn fails(path: &str, text: &str, expect: &str) {
        let complaints = judge(path, text);
        assert!(complaints.len() == 1 && complaints[0].contains(expect), "{complaints:?}");
    }

    #[test]
    fn a_plain_file_passes() {
        passes("app/src/tile.rs", "//! A tile.\n\nfn tile() {}\n");
        passes("server/ledger/src/lib.rs", "#![doc = include_str!(\"../README.md\")]\n");
        passes("docs/words.md", concat!("Never write TO", "DO."));
    }

    #[test]
    fn a_file_says_what_it_is_for() {
        fails("app/src/tile.rs", "fn tile() {}\n", "begins without");
        fails("app/src/tile.rs", "//!\n", "begins without");
    }

    #[test]
    fn a_file_is_named_after_its_subject() {
        fails("app/src/utils.rs", "//! All sorts.\n", "says nothing");
        fails("app/src/common/tile.rs", "//! A tile.\n", "says nothing");
        fails("app/src/tile/mod.rs", "//! A tile.\n", "says nothing");
    }

    #[test]
    fn a_long_file_has_a_second_subject() {
        fails("app/src/tile.rs", &"//! A tile.\n".repeat(LINES_MAX + 1), "501 lines");
    }

    #[test]
    fn unfinished_work_is_found() {
        fails("a.rs", concat!("//! A.\n// TO", "DO later\n"), ":2: says");
        fails("a.ts", concat!("// FIX", "ME\n"), ":1: says");
        fails("a.rs", concat!("//! A.\n#[ig", "nore]\n"), "proves nothing");
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        fails("a.toml", concat!("path = \"/ho", "me/mia/studio\"\n"), "one machine only");
    }

    #[test]
    fn a_lock_names_no_host() {
        fails(
            "end2end/package-lock.json",
            "\"resolved\": \"https://mirror.example/x.tgz\"",
            "names a registry's host",
        );
    }
}
