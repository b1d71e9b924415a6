//! What `docs/production` calls: the commands of its units, and how an engine for containers asks whether the server is well.

use std::{fs, process::Command};

use super::top;
use crate::studio::{BINARY, Studio};

const PROGRAM: &str = "/usr/local/bin/studio";

fn production(file: &str) -> String {
    fs::read_to_string(top().join("docs/production").join(file)).unwrap()
}

#[test]
fn units_call_what_there_is() {
    for unit in ["studio.service", "studio-backup.service"] {
        let text = production(unit);
        let called =
            text.lines().find_map(|line| line.strip_prefix(&format!("ExecStart={PROGRAM} "))).unwrap();
        // Words that it does not know come before the help that is asked for last.
        let output = Command::new(BINARY).args(called.split(' ')).arg("--help").output().unwrap();
        assert!(output.status.success(), "{unit}: {}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(production("Containerfile").contains(&format!("ENTRYPOINT [\"{PROGRAM}\"]")));
}

#[tokio::test]
async fn health_checks_of_containers_hold() {
    let studio = Studio::start();
    let port = studio.url.rsplit(':').next().unwrap().to_owned();
    let compose = production("compose.yml");
    let check = compose.split(r#"["CMD", "bash", "-c", ""#).nth(1).unwrap().split(r#""]"#).next().unwrap();
    let check =
        check.replace(r"\\", r"\").replace("/dev/tcp/127.0.0.1/3000", &format!("/dev/tcp/127.0.0.1/{port}"));
    let asked = || Command::new("bash").args(["-c", &check]).status().unwrap();
    assert!(asked().success(), "{check}");
    drop(studio);
    assert!(!asked().success(), "nothing listens there");
}
