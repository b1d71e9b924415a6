//! wasm-bindgen's parts speak to each other in a format of their very version: module, packer and test runner must agree.

use anyhow::{Context, Result};

pub fn check(files: &[(String, String)]) -> Result<Vec<String>> {
    let text = |name: &str| {
        files
            .iter()
            .find(|(path, _)| path == name)
            .map(|(_, text)| text.as_str())
            .with_context(|| format!("there is no {name}"))
    };
    let locked = locked(text("Cargo.lock")?, "wasm-bindgen").context("Cargo.lock has no wasm-bindgen")?;
    let manifest = text("Cargo.toml")?;
    Ok(["wasm-bindgen", "wasm-bindgen-cli-support"]
        .into_iter()
        .filter(|name| !manifest.lines().any(|line| line.trim() == format!("{name} = \"={locked}\"")))
        .map(|name| {
            format!(
                "Cargo.toml: Cargo.lock has wasm-bindgen {locked}, so this must read {name} = \"={locked}\""
            )
        })
        .collect())
}

/// The version that Cargo.lock holds of a package.
pub fn locked<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    rest.split_once('"').map(|(version, _)| version)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";

    fn complaints(manifest: &str) -> Vec<String> {
        check(&[("Cargo.lock".to_owned(), LOCK.to_owned()), ("Cargo.toml".to_owned(), manifest.to_owned())])
            .unwrap()
    }

    #[test]
    fn equal_pins_pass() {
        let manifest = "wasm-bindgen = \"=0.2.130\"\nwasm-bindgen-cli-support = \"=0.2.130\"\n";
        assert_eq!(complaints(manifest), [""; 0]);
    }

    #[test]
    fn a_pin_left_behind_is_named() {
        let found = complaints("wasm-bindgen = \"=0.2.130\"\nwasm-bindgen-cli-support = \"=0.2.129\"\n");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("wasm-bindgen-cli-support"), "{found:?}");
    }
}
