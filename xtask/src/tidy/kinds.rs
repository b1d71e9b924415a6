//! A kind of record is known by name to its own file and to the list of all kinds; everything else goes by descriptions.

/// Where the list of all kinds stands.
const LIST: &str = "app/model/src/record.rs";
/// Records of a demo are made up by kind.
const DEMO: &str = "server/src/demo/";

/// Files that name a kind all the same, and why they may.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("CAMPAIGN_RUN", "server/src/snapshot/source.rs", "the panel's figures are campaign runs'"),
    ("CAMPAIGN_RUN", "server/src/pages/run.rs", "it is the page of campaign runs"),
    ("CAMPAIGN_RUN", "server/src/routes/export/runs.rs", "the runs behind these figures"),
    ("CAMPAIGN_RUN", "server/ledger/src/test_records.rs", "makes records for tests"),
    ("CAMPAIGN_RUN", "server/ledger/examples/intake.rs", "measures one kind"),
];

pub fn check(files: &[(String, String)]) -> Vec<String> {
    let listed =
        files.iter().find(|(path, _)| path == LIST).map(|(_, text)| constants(text)).unwrap_or_default();
    if listed.is_empty() {
        return vec![format!(
            "{LIST}: the list KINDS is not found there; tell xtask/src/tidy/kinds.rs where it is"
        )];
    }
    let mut complaints: Vec<String> =
        files.iter().flat_map(|(path, text)| judge(path, text, &listed)).collect();
    for (constant, path, _) in EXCEPTIONS {
        let is_used = files.iter().any(|(file, text)| file == path && names(product(text), constant));
        if !is_used {
            complaints.push(format!(
                "xtask/src/tidy/kinds.rs: {path} does not name {constant} any more; take the exception out"
            ));
        }
    }
    complaints
}

/// The constants in `KINDS`, each with the module that describes it.
fn constants(text: &str) -> Vec<(&str, &str)> {
    let Some((_, list)) = text.split_once("Kinds::new(&[") else { return Vec::new() };
    let list = list.split(']').next().unwrap_or_default();
    let paths = list.split(',').map(|item| item.trim().trim_start_matches('&'));
    paths.filter_map(|path| path.split_once("::")).collect()
}

fn judge(path: &str, text: &str, listed: &[(&str, &str)]) -> Vec<String> {
    let is_test = path.contains("/tests/") || path.ends_with("/tests.rs");
    if !path.ends_with(".rs")
        || path.starts_with("xtask/")
        || is_test
        || path == LIST
        || path.starts_with(DEMO)
    {
        return Vec::new();
    }
    let named = listed.iter().filter(|(module, constant)| {
        let is_own = path == format!("app/model/src/record/{module}.rs");
        let may = EXCEPTIONS.iter().any(|(exception, file, _)| exception == constant && *file == path);
        !is_own && !may && names(product(text), constant)
    });
    named
        .map(|(_, constant)| {
            format!("{path}: names {constant}; ask the kind's description, so that the next kind needs no change here")
        })
        .collect()
}

/// Without the tests at the file's end.
fn product(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

fn names(text: &str, constant: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !is_part(c)).any(|word| word == constant)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: &str =
        "//! Records.\npub static KINDS: Kinds = Kinds::new(&[&run::RUN, &agent_task::AGENT_TASK]);\n";

    fn complaints(path: &str, text: &str) -> Vec<String> {
        judge(path, text, &constants(KINDS))
    }

    #[test]
    fn the_listed_kinds_are_found() {
        assert_eq!(constants(KINDS), [("run", "RUN"), ("agent_task", "AGENT_TASK")]);
    }

    #[test]
    fn kinds_are_named_in_their_file() {
        let names = "//! A.\nuse model::record::agent_task::AGENT_TASK;\n";
        assert_eq!(complaints("app/model/src/record/agent_task.rs", names), [""; 0]);
        assert_eq!(complaints("server/src/demo/story/tasks.rs", names), [""; 0]);
        assert_eq!(complaints("server/tests/server/tasks.rs", names), [""; 0]);
        assert_eq!(complaints("server/src/routes.rs", names).len(), 1);
        assert_eq!(complaints("app/model/src/record/run.rs", names).len(), 1);
    }

    #[test]
    fn tests_and_longer_words_are_passed_over() {
        assert_eq!(complaints("a.rs", "//! A.\n#[cfg(test)]\nmod tests {\n    use x::RUN;\n}\n"), [""; 0]);
        assert_eq!(complaints("a.rs", "//! A.\nconst RUNS: u8 = 1;\n"), [""; 0]);
    }
}
