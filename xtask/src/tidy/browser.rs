//! What must not be compiled for the browser: everything that talks to databases and networks, and chance.

use anyhow::Result;

use crate::{setup::TARGET, shell::read, workspace::Workspace};

const SERVER_ONLY: &[&str] = &[
    "axum",
    "dataverse",
    "emulator",
    "getrandom",
    "hyper",
    "ledger",
    "leptos_axum",
    "pipeline",
    "rand",
    "reqwest",
    "rustls",
    "secrecy",
    "sqlx",
    "tokio",
];

pub fn check(workspace: &Workspace) -> Result<Vec<String>> {
    // Procedural macros run on the builder's machine, so what they use does not count. `regex`, `toml` and `config` are in the
    // tree through leptos_config; nothing calls them and the linker leaves them out, which the size ceiling watches over.
    let mut cargo = workspace.cargo();
    cargo.args([
        "tree",
        "-p",
        "studio",
        "--target",
        TARGET,
        "-e",
        "normal,no-proc-macro",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ]);
    Ok(judge(&read(&mut cargo)?))
}

fn judge(tree: &str) -> Vec<String> {
    let names = tree.lines().filter_map(|line| line.split_whitespace().next());
    SERVER_ONLY
        .iter()
        .filter(|name| names.clone().any(|found| found == **name))
        .map(|name| {
            format!("{name} is compiled for the browser; `cargo tree -p studio --target {TARGET} -e normal -i {name}` says who brings it")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_crates_in_the_browser_are_found() {
        let complaints = judge("studio v0.1.0\nrandom_word v1.0.0\ntokio v1.54.1\n");
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert!(complaints[0].starts_with("tokio is compiled"), "{complaints:?}");
    }
}
