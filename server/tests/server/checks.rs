//! `studio check`: what it says of this machine, and to programs.

use emulator::Options;
use serde_json::Value as Json;

use crate::{
    reach::{self, borrowed},
    studio::{Studio, TestFolder, command},
};

async fn check(settings: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, String) {
    let folder = TestFolder::new();
    let mut command = command(&folder, settings);
    command.arg("check").args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn the_embedded_mode_has_to_be_meant() {
    let (code, said) = check(&[], &[]).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("✗ Mode") && said.contains("studio check --embedded"), "{said}");
    let (code, said) = check(&[], &["--embedded"]).await;
    assert_eq!(code, Some(0), "{said}");
    for part in ["✓ Mode", "✓ Folder", "✓ Ledger", "✓ Disk", "✓ Clock", "✓ Tables", "✓ Delete"]
    {
        assert!(said.contains(part), "{part} in\n{said}");
    }
}

#[tokio::test]
async fn programs_get_one_document() {
    let emulator = reach::provisioned(Options::default()).await;
    let settings = reach::settings(&emulator);
    let (code, said) = check(&borrowed(&settings), &["--json"]).await;
    let document: Json = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &document["held"]), (Some(0), &Json::Bool(true)), "{document:#}");
    assert_eq!(document["mode"], "connected");
    assert!(!said.contains(emulator.client_secret()));
    let origin = |name: &str| {
        let settings = document["settings"].as_array().unwrap();
        settings.iter().find(|setting| setting["name"] == name).unwrap()["origin"].clone()
    };
    assert_eq!((origin("DATAVERSE_URL"), origin("STUDIO_TZ")), ("environment".into(), "default".into()));
    let steps = document["steps"].as_array().unwrap();
    assert_eq!(steps.iter().map(|step| step["step"].as_str().unwrap()).collect::<Vec<_>>(), printed_steps());
    let outcome = |name: &str| steps.iter().find(|step| step["step"] == name).unwrap();
    assert_eq!(outcome("Tables")["outcome"], "held");
    assert_eq!(outcome("Roles")["outcome"], "warned", "the emulator's own application may do everything");
    assert!(outcome("Roles")["sentence"].as_str().unwrap().contains("Studio Metrics writer"), "{document:#}");
}

/// Those of the table in `docs/dataverse.md`.
fn printed_steps() -> Vec<&'static str> {
    let document = include_str!("../../../docs/dataverse.md");
    let section = document.split("## 7. Check").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    rows.filter(|cell| *cell != "step" && !cell.starts_with("---"))
        .flat_map(|cell| cell.split(", "))
        .collect()
}

#[tokio::test]
async fn settings_come_from_a_named_file() {
    let folder = TestFolder::new();
    let file = folder.path().join("elsewhere.toml");
    std::fs::write(&file, "STUDIO_TZ = \"Europe/Berlin\"\n").unwrap();
    let (_, said) = check(&[], &["--config", file.to_str().unwrap()]).await;
    assert!(said.contains(&format!("Europe/Berlin  ({})", file.display())), "{said}");
    let missing = folder.path().join("missing.toml");
    let output = command(&folder, &[]).args(["check", "--config"]).arg(&missing).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot be read"));
}

#[tokio::test]
async fn other_addresses_than_meant_are_named() {
    let emulator = reach::provisioned(Options::default()).await;
    let (settings, other) = (reach::settings(&emulator), Studio::start());
    let wrong = [&borrowed(&settings)[..], &[("DATAVERSE_URL", other.url.as_str())]].concat();
    let (code, said) = check(&wrong, &[]).await;
    assert!(code == Some(1) && said.contains("is DATAVERSE_URL the address of the environment"), "{said}");
}
