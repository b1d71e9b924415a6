//! Who may know whom: every dependency between packages of the workspace follows an arrow of this table.

use anyhow::Result;
use serde_json::Value;

use super::{list, word};

const ARROWS: &[(&str, &[&str])] = &[
    ("studio", &["app"]),
    ("app", &["model"]),
    ("model", &[]),
    ("server", &["app", "pipeline", "ledger", "dataverse", "emulator", "model"]),
    ("pipeline", &["ledger", "dataverse", "model"]),
    ("ledger", &["model"]),
    ("dataverse", &[]),
    ("emulator", &[]),
    ("xtask", &[]),
    ("pack", &[]),
];

/// Only the server's tests see the whole workspace; everywhere else a test obeys the same arrows.
const TESTS_SEE_ALL: &str = "server";

pub fn check(metadata: &Value) -> Result<Vec<String>> {
    let packages = list(metadata, "packages")?;
    let workspace: Vec<&str> = packages.iter().map(|package| word(package, "name")).collect();
    let mut complaints = Vec::new();
    for package in packages {
        let from = word(package, "name");
        for dependency in list(package, "dependencies")? {
            let to = word(dependency, "name");
            if workspace.contains(&to) {
                complaints.extend(judge(from, to, word(dependency, "kind") == "dev"));
            }
        }
        if !ARROWS.iter().any(|(name, _)| *name == from) {
            complaints.push(format!("{from}: a new package needs its arrows in xtask/src/tidy/arrows.rs and in docs/architecture.md"));
        }
    }
    Ok(complaints)
}

fn judge(from: &str, to: &str, test: bool) -> Option<String> {
    let allowed = ARROWS.iter().find(|(name, _)| *name == from).map_or(&[][..], |(_, to)| to);
    if allowed.contains(&to) || (test && from == TESTS_SEE_ALL) {
        return None;
    }
    let allowed = if allowed.is_empty() { "nothing of the workspace".to_owned() } else { allowed.join(", ") };
    let as_test = if test { " (in its tests)" } else { "" };
    Some(format!("{from} → {to}{as_test}: no such arrow; {from} may know {allowed}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_judge(from: &str, to: &str, test: bool, expect: Option<&str>) {
        assert_eq!(judge(from, to, test).as_deref(), expect);
    }

    #[test]
    fn arrows_run_one_way() {
        check_judge("app", "model", false, None);
        check_judge(
            "model",
            "app",
            false,
            Some("model → app: no such arrow; model may know nothing of the workspace"),
        );
        check_judge("studio", "model", false, Some("studio → model: no such arrow; studio may know app"));
    }

    #[test]
    fn tests_obey_too_except_the_servers() {
        let expect =
            "emulator → dataverse (in its tests): no such arrow; emulator may know nothing of the workspace";
        check_judge("emulator", "dataverse", true, Some(expect));
        check_judge("server", "xtask", true, None);
    }

    #[test]
    fn a_package_outside_the_table_is_named() {
        let metadata = serde_json::json!({"packages": [{"name": "shed", "dependencies": []}]});
        let complaints = check(&metadata).unwrap();
        assert!(complaints[0].starts_with("shed: a new package"), "{complaints:?}");
    }
}
