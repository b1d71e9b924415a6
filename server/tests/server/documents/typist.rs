//! Types a block into a shell and watches what comes of it.

use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use tokio::time::{self, Instant};

use super::scene::DocumentScene;
use crate::studio::BINARY;

/// A block that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);
/// What is typed where a program asks for a password, and asks again.
const ANSWERS: &str = "a password\na password\n";

pub fn is_on_path(program: &str) -> bool {
    env::split_paths(&env::var_os("PATH").unwrap_or_default()).any(|folder| folder.join(program).is_file())
}

/// Every command has to succeed. `says`: a text that has to come, whereupon servers that still run are asked to end.
///
/// # Errors
/// What was typed, how it ended and what it said.
pub async fn type_in(scene: &DocumentScene, text: &str, says: Option<&str>) -> Result<(), String> {
    let (typed, folder) = (scene.placed(text), scene.folder.path());
    let mut shell = shell(scene, &typed);
    let (mut ended, deadline) = (None, Instant::now() + PATIENCE);
    let mut has_said = says.is_none();
    while ended.is_none() || !has_said {
        ended = ended.or_else(|| shell.try_wait().unwrap());
        if !has_said && said(folder).contains(says.unwrap_or_default()) {
            has_said = true;
            end_servers(shell.id());
        }
        if Instant::now() > deadline || ended.is_some_and(|ended: ExitStatus| !ended.success()) {
            break;
        }
        time::sleep(Duration::from_millis(20)).await;
    }
    end_servers(shell.id());
    _ = shell.kill();
    _ = shell.wait();
    if has_said && ended.is_some_and(|ended| ended.success()) {
        return Ok(());
    }
    let how = ended.map_or_else(|| "still runs".to_owned(), |ended| format!("ended with {ended}"));
    let missing =
        if has_said { String::new() } else { format!(" and never said {:?}", says.unwrap_or_default()) };
    Err(format!("{how}{missing}\n{typed}\nIt said:\n{}", said(folder)))
}

/// Leads a session of its own, by which everything is found that it starts. Without a terminal programs take passwords from
/// standard input.
fn shell(scene: &DocumentScene, typed: &str) -> Child {
    let folder = scene.folder.path();
    let programs = folder.join("programs");
    fs::create_dir(&programs).unwrap();
    symlink(BINARY, programs.join("studio")).unwrap();
    fs::write(folder.join("answers"), ANSWERS).unwrap();
    let output = fs::File::create(output(folder)).unwrap();
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([programs].into_iter().chain(env::split_paths(&path))).unwrap();
    let mut shell = Command::new("setsid");
    shell.args(["--wait", "sh", "-ec", typed]).current_dir(folder).env_clear();
    shell.env("PATH", path).env("HOME", folder).envs(scene.settings.iter().cloned());
    shell.stdin(fs::File::open(folder.join("answers")).unwrap());
    shell.stdout(output.try_clone().unwrap()).stderr(Stdio::from(output)).spawn().unwrap()
}

fn output(folder: &Path) -> PathBuf {
    folder.join("typed.output")
}

fn said(folder: &Path) -> String {
    fs::read_to_string(output(folder)).unwrap_or_default()
}

/// Asks every `studio` of the session to end.
fn end_servers(session: u32) {
    let ours = fs::canonicalize(BINARY).unwrap();
    for process in fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path()) {
        // The last field before the session is the group; the name before may hold anything but ends with a bracket.
        let about = fs::read_to_string(process.join("stat")).unwrap_or_default();
        let of = about.rsplit(')').next().and_then(|fields| fields.split(' ').nth(4)?.parse().ok());
        let program = fs::read_link(process.join("exe"));
        if of == Some(session) && program.is_ok_and(|program| program == ours) {
            // It may end by itself just now.
            _ = Command::new("kill")
                .arg(process.file_name().unwrap())
                .stderr(Stdio::null())
                .status()
                .unwrap();
        }
    }
}
