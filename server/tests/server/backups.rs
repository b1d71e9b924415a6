//! `studio backup` beside a running server, and `studio restore` into a new folder.

use crate::studio::{Folder, Studio, command, run};

/// How a command ended, and what it said on standard output and standard error.
fn told(folder: &Folder, words: &[&str]) -> (Option<i32>, String, String) {
    let output = command(folder, &[]).args(words).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn a_backup_is_taken_while_the_server_runs_and_put_back_elsewhere() {
    let studio = Studio::start();
    for n in 0..3 {
        studio.stored(&run("c", &n.to_string())).await;
    }
    let (code, said, _) = told(&studio.folder, &["backup", "backup.sqlite"]);
    assert_eq!(code, Some(0));
    assert!(said.starts_with("3 records are in"), "{said}");
    let file = studio.folder.path().join("backup.sqlite");
    let file = file.to_str().unwrap();

    let (code, _, said) = told(&studio.folder, &["backup", file]);
    assert!(code == Some(1) && said.contains("is there already"), "{said}");
    let (code, _, said) = told(&studio.folder, &["restore", file]);
    assert!(code == Some(1) && said.contains("in use"), "{said}");

    let new = Folder::new();
    let (code, said, _) = told(&new, &["restore", file]);
    assert!(code == Some(0) && said.starts_with("3 records are in"), "{said}");
    let restored = Studio::within(new, &[]);
    let listed = restored.json("/api/metrics/campaign?limit=10").await;
    assert_eq!(listed["runs"].as_array().unwrap().len(), 3);
}
