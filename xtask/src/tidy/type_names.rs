//! A type's name is defined once in the workspace, so that it is found by searching for it.

use std::collections::BTreeMap;

/// Names that each crate may define for itself: they are read with the crate's name before them.
const PER_CRATE: &[&str] = &["Error", "Settings", "Studio"];

/// The ledger's two stores answer the same questions in files of the same names.
const STORES: [&str; 2] = ["server/ledger/src/sqlite", "server/ledger/src/postgres"];

pub fn check(files: &[(String, String)]) -> Vec<String> {
    let mut defined: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".rs")) {
        for name in text.lines().filter_map(defines) {
            defined.entry(name).or_default().push(path);
        }
    }
    let repeated = defined.into_iter().filter(|(name, paths)| is_repeated(name, paths));
    repeated.map(|(name, paths)| format!("{name} is defined more than once: {}", paths.join(", "))).collect()
}

fn is_repeated(name: &str, paths: &[&str]) -> bool {
    if PER_CRATE.contains(&name) {
        let mut crates: Vec<_> = paths.iter().map(|path| crate_of(path)).collect();
        crates.sort_unstable();
        return crates.windows(2).any(|pair| pair[0] == pair[1]);
    }
    match paths {
        [one, other] => !are_twins(one, other),
        _ => paths.len() > 1,
    }
}

/// The folder up to `src` or `tests`: each of them is compiled as a crate of its own.
fn crate_of(path: &str) -> &str {
    let end = ["/src/", "/tests/"].iter().filter_map(|part| path.find(part).map(|at| at + part.len()));
    &path[..end.min().unwrap_or(path.len())]
}

fn are_twins(one: &str, other: &str) -> bool {
    let within = |path: &str| STORES.iter().find_map(|store| path.strip_prefix(store).map(str::to_owned));
    within(one).is_some_and(|file| within(other) == Some(file)) && one != other
}

/// The name of the type that a line begins to define. An indented `type` belongs to a trait or to its implementation.
fn defines(line: &str) -> Option<&str> {
    let item = line.trim_start();
    let is_indented = item.len() < line.len();
    let item = match item.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => rest.split_once(") ")?.1,
        Some(rest) => rest.strip_prefix(' ')?,
        None => item,
    };
    let (keyword, rest) = item.split_once(' ')?;
    let is_type =
        matches!(keyword, "struct" | "enum" | "trait" | "union") || keyword == "type" && !is_indented;
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    (is_type && rest.starts_with(|c: char| c.is_ascii_uppercase())).then_some(&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<_> =
            files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        check(&files)
    }

    #[test]
    fn definitions_are_read_from_lines() {
        let name = |line| defines(line);
        assert_eq!(name("pub(in crate::a) struct Page<T> {"), Some("Page"));
        assert_eq!(name("    enum Word {"), Some("Word"));
        assert_eq!(name("pub type Key = u8;"), Some("Key"));
        assert_eq!(name("    type Answer = u8;"), None);
        assert_eq!(name("/// A struct Page"), None);
        assert_eq!(name("pub fn page() {"), None);
    }

    #[test]
    fn repeated_names_are_complaints() {
        let (a, b) = (("a/src/a.rs", "struct Page;"), ("b/src/b.rs", "enum Page {"));
        assert_eq!(complaints(&[a, b]).len(), 1);
        assert_eq!(complaints(&[a, ("b/src/b.rs", "struct Pages;")]), [""; 0]);
        assert_eq!(complaints(&[("a/src/a.rs", "struct Page;\nstruct Page;")]).len(), 1);
    }

    #[test]
    fn stores_are_twins_file_by_file() {
        let sqlite = ("server/ledger/src/sqlite/step.rs", "struct Step;");
        assert_eq!(complaints(&[sqlite, ("server/ledger/src/postgres/step.rs", "struct Step;")]), [""; 0]);
        assert_eq!(complaints(&[sqlite, ("server/ledger/src/postgres/group.rs", "struct Step;")]).len(), 1);
    }

    #[test]
    fn a_few_names_are_each_crates_own() {
        let error = |path| (path, "pub enum Error {");
        assert_eq!(
            complaints(&[error("a/src/lib.rs"), error("b/src/lib.rs"), error("b/tests/c.rs")]),
            [""; 0]
        );
        assert_eq!(complaints(&[error("a/src/lib.rs"), error("a/src/b.rs")]).len(), 1);
    }
}
