//! `studio backup` beside a running server, and `studio restore` into a new folder.

use std::{fs, process::Stdio, thread};

use crate::studio::{Studio, TestFolder, command, limited, run, signal};

/// How a command ended, and what it said on standard output and standard error.
fn told(folder: &TestFolder, words: &[&str]) -> (Option<i32>, String, String) {
    let output = command(folder, &[]).args(words).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn backups_work_while_serving() {
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

    let new = TestFolder::new();
    let (code, said, _) = told(&new, &["restore", file]);
    assert!(code == Some(0) && said.starts_with("3 records are in"), "{said}");
    let restored = Studio::within(new, &[]);
    let listed = restored.json("/api/metrics/campaign?limit=10").await;
    assert_eq!(listed["runs"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn old_backups_are_rotated() {
    let studio = Studio::start();
    studio.stored(&run("c", "r")).await;
    for _ in 0..3 {
        let (code, said, wrong) = told(&studio.folder, &["backup", "--to", "backups", "--keep", "2"]);
        assert!(
            code == Some(0) && said.starts_with("1 records are in") || said.starts_with("1 record is in"),
            "{said}{wrong}"
        );
    }
    let kept = fs::read_dir(studio.folder.path().join("backups")).unwrap().count();
    assert_eq!(kept, 2);
    assert_eq!(told(&studio.folder, &["backup", "--keep", "2"]).0, Some(2));
    assert_eq!(told(&studio.folder, &["backup", "--keep", "2", "one.sqlite"]).0, Some(2));
    assert_eq!(told(&studio.folder, &["backup"]).0, Some(2));
    let mut unread = command(&studio.folder, &[]);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let unread = unread.args(["backup", "--to", "backups", "--keep", "1"]).stdout(full).output().unwrap();
    assert_eq!(unread.status.code(), Some(0), "{unread:?}");
    assert_eq!(fs::read_dir(studio.folder.path().join("backups")).unwrap().count(), 1);
}

/// The names of what lies in the folder of a test, its data aside.
fn beside_data(folder: &TestFolder) -> Vec<String> {
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name != "data" && name != "log");
    names.sort();
    names
}

/// A ledger that takes a moment to copy.
async fn large() -> TestFolder {
    let studio = Studio::with(&[("USE_DATAVERSE", "false")]);
    for part in 0..20 {
        let some = (0..1000).map(|n| run(&format!("c{part}"), &n.to_string())).collect();
        assert_eq!(studio.post(&some).await.status(), 200);
    }
    studio.terminate().3
}

#[tokio::test]
async fn interrupted_backups_clear_up() {
    let folder = large().await;
    let mut backup =
        command(&folder, &[]).args(["backup", "one.sqlite"]).stderr(Stdio::piped()).spawn().unwrap();
    while beside_data(&folder).is_empty() {
        assert_eq!(backup.try_wait().unwrap(), None, "it ends before it begins");
        thread::yield_now();
    }
    signal(backup.id(), "INT");
    let output = backup.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(130) && said.contains("stopped as asked: nothing of it is left"),
        "{said}"
    );
    assert_eq!(beside_data(&folder), [""; 0]);
}

#[tokio::test]
async fn full_disks_leave_no_half_backup() {
    let folder = large().await;
    let full = limited(&folder, &[], "-f 4096").args(["backup", "one.sqlite"]).output().unwrap();
    let said = String::from_utf8(full.stderr).unwrap();
    assert!(full.status.code() == Some(1) && said.contains("cannot be written"), "{said}");
    assert_eq!(beside_data(&folder), [""; 0]);
}

/// The same where nothing says which folder is meant.
fn told_without_a_folder(folder: &TestFolder, words: &[&str]) -> (Option<i32>, String, String) {
    let mut command = command(folder, &[]);
    let output = command.env_remove("STUDIO_DATA").env_remove("STUDIO_DEMO").args(words).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[tokio::test]
async fn backups_never_guess_the_ledger() {
    let studio = Studio::with(&[("USE_DATAVERSE", "false")]);
    studio.stored(&run("c", "r")).await;
    let (_, _, _, folder) = studio.terminate();
    // The only one there is, though this environment alone would mean another.
    let (code, said, _) = told_without_a_folder(&folder, &["backup", "one.sqlite"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("of the ledger in data,"), "{said}");
    assert!(said.contains("no organisation yet"), "{said}");

    fs::create_dir(folder.data().join("demo")).unwrap();
    fs::copy(folder.path().join("one.sqlite"), folder.data().join("demo/ledger.sqlite")).unwrap();
    let (code, _, said) = told_without_a_folder(&folder, &["backup", "two.sqlite"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("STUDIO_DATA") && said.contains("data and data/demo"), "{said}");
    assert!(!folder.path().join("two.sqlite").exists());
    let (code, said, _) = told(&folder, &["backup", "two.sqlite"]);
    assert_eq!(code, Some(0), "{said}");
}

#[tokio::test]
async fn restores_never_guess_the_folder() {
    let studio = Studio::with(&[("USE_DATAVERSE", "false")]);
    studio.stored(&run("c", "r")).await;
    let (_, _, _, folder) = studio.terminate();
    assert_eq!(told(&folder, &["backup", "one.sqlite"]).0, Some(0));
    let (code, _, said) = told_without_a_folder(&folder, &["restore", "one.sqlite"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("STUDIO_DATA") && said.contains("data"), "{said}");
    assert!(!folder.data().join("demo").exists() && !folder.data().join("trial").exists());
}
