//! A dependency that no source of its package names is one that everybody compiles for nothing.

use anyhow::Result;

use super::{Tree, list, word};

pub fn check(tree: &Tree) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for package in list(&tree.metadata, "packages")? {
        let folder = folder(word(package, "manifest_path"), word(&tree.metadata, "workspace_root"));
        let sources = sources(&tree.files, &folder);
        let mut idle = Vec::new();
        for dependency in list(package, "dependencies")? {
            let name = dependency["rename"].as_str().unwrap_or(word(dependency, "name"));
            let kept = &package["metadata"]["tidy"]["kept"][name];
            if kept.is_null() && !sources.iter().any(|text| names(text, &name.replace('-', "_"))) {
                idle.push(name);
            }
        }
        if !idle.is_empty() {
            complaints.push(format!(
                "{folder}Cargo.toml: no source names {}; drop it, or say why it stays: [package.metadata.tidy.kept] name = \"…\"",
                idle.join(", ")
            ));
        }
    }
    Ok(complaints)
}

/// `server/ledger/` of `<root>/server/ledger/Cargo.toml`; empty for the root's own package.
fn folder(manifest: &str, root: &str) -> String {
    manifest.trim_start_matches(root).trim_start_matches('/').trim_end_matches("Cargo.toml").to_owned()
}

/// The package's own sources: packages may lie inside one another's folders, so only cargo's usual places count.
fn sources<'a>(files: &'a [(String, String)], folder: &str) -> Vec<&'a str> {
    let places = ["src/", "tests/", "benches/", "examples/", "build.rs"];
    let own = |name: &str| {
        places.iter().any(|place| name.strip_prefix(folder).is_some_and(|rest| rest.starts_with(place)))
    };
    files
        .iter()
        .filter(|(name, _)| name.ends_with(".rs") && own(name))
        .map(|(_, text)| text.as_str())
        .collect()
}

/// Whether a text names an identifier, whole.
fn names(text: &str, identifier: &str) -> bool {
    let part = |character: char| character.is_alphanumeric() || character == '_';
    text.match_indices(identifier)
        .any(|(at, _)| !text[..at].ends_with(part) && !text[at + identifier.len()..].starts_with(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(source: &str) -> Tree {
        let dependency = serde_json::json!({"name": "send-wrapper", "rename": null});
        let package = serde_json::json!({"name": "app", "manifest_path": "/house/app/Cargo.toml", "dependencies": [dependency]});
        let metadata = serde_json::json!({"workspace_root": "/house", "packages": [package]});
        Tree { metadata, files: vec![("app/src/lib.rs".to_owned(), source.to_owned())] }
    }

    #[test]
    fn an_unused_dependency_is_found() {
        let complaints = check(&tree("use send_wrappers::Other;")).unwrap();
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert!(complaints[0].starts_with("app/Cargo.toml: no source names send-wrapper"), "{complaints:?}");
    }

    #[test]
    fn a_used_one_is_not() {
        assert!(check(&tree("use send_wrapper::SendWrapper;")).unwrap().is_empty());
    }
}
