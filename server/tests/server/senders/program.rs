//! A program that holds a documented sender: it reads runs, one a line, and gives them to it.

use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    time::Duration,
};

use serde_json::Value as Json;
use tempfile::TempDir;

use super::{send, send::RunSender, send::SenderOptions};
use crate::studio::{client, until};

/// Where the documents keep them.
pub const SNIPPETS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/senders");
/// As `STUDIO_TEST_PROGRAM` this makes the test binary a Rust program that sends: the snippet's own `main`, or a reader of runs.
const PROGRAM: &str = "STUDIO_TEST_PROGRAM";
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Curl,
    Python,
    JavaScript,
    Rust,
}

impl Language {
    pub const ALL: [Self; 4] = [Self::Curl, Self::Python, Self::JavaScript, Self::Rust];
    /// Those with an object that a program keeps.
    pub const OBJECTS: [Self; 3] = [Self::Python, Self::JavaScript, Self::Rust];

    /// The snippet, called as the document says.
    pub fn as_printed(self) -> Command {
        let called = |interpreter: &str, file: &str| {
            let mut command = Command::new(interpreter);
            command.arg(Path::new(SNIPPETS).join(file));
            command
        };
        match self {
            Self::Curl => called("sh", "send.sh"),
            Self::Python => called("python3", "send.py"),
            Self::JavaScript => called("node", "send.mjs"),
            Self::Rust => rust("main"),
        }
    }

    fn reader(self, most_bytes: usize) -> Command {
        let (interpreter, code) = match self {
            Self::Curl => unreachable!("a script has no object"),
            Self::Rust => return with_bound(rust("reader"), most_bytes),
            Self::Python => ("python3", PYTHON),
            Self::JavaScript => ("node", JAVASCRIPT),
        };
        let mut command = Command::new(interpreter);
        if self == Self::JavaScript {
            command.arg("--input-type=module");
        }
        command.arg(if self == Self::Python { "-c" } else { "-e" }).args([code, SNIPPETS]);
        with_bound(command, most_bytes)
    }
}

fn with_bound(mut command: Command, most_bytes: usize) -> Command {
    command.env("MOST_BYTES", most_bytes.to_string());
    command
}

const PYTHON: &str = r"
import json, os, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from send import Sender
sender = Sender(first_pause=0.02, most_bytes=int(os.environ['MOST_BYTES']))
for line in sys.stdin:
    sender.send(json.loads(line))
print(sender.close(60))
";

const JAVASCRIPT: &str = r#"
import { createInterface } from "node:readline";
const { Sender } = await import(`${process.argv[1]}/send.mjs`);
const sender = new Sender({ firstPauseMs: 20, mostBytes: Number(process.env.MOST_BYTES) });
for await (const line of createInterface({ input: process.stdin })) sender.send(JSON.parse(line));
console.log(await sender.close(60_000));
"#;

/// The test binary once more, as nothing but the program below.
fn rust(part: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", "--nocapture", "senders::program::sends_when_called_as_a_program"])
        .env(PROGRAM, part);
    command
}

#[test]
fn sends_when_called_as_a_program() {
    match env::var(PROGRAM).as_deref() {
        Ok("main") => {
            drop(client());
            assert_eq!(send::main(), std::process::ExitCode::SUCCESS);
        }
        Ok("reader") => read_runs(),
        _ => {}
    }
}

#[tokio::main]
async fn read_runs() {
    let most_bytes = env::var("MOST_BYTES").unwrap().parse().unwrap();
    let options = SenderOptions { first_pause: FIRST_PAUSE, most_bytes, ..SenderOptions::default() };
    let sender = RunSender::new(client(), options);
    for line in std::io::stdin().lines() {
        sender.send(&serde_json::from_str(&line.unwrap()).unwrap());
    }
    println!("{}", sender.close(PATIENCE).await);
}

/// A running program, and what it says.
pub struct SendingProgram {
    language: Language,
    process: Child,
    runs: Option<ChildStdin>,
    folder: TempDir,
}

impl SendingProgram {
    pub fn start(language: Language, studio: &str, spool: Option<&Path>) -> Self {
        Self::bound(language, studio, spool, 1 << 20)
    }

    pub fn bound(language: Language, studio: &str, spool: Option<&Path>, most_bytes: usize) -> Self {
        Self::of(language, language.reader(most_bytes), studio, spool)
    }

    /// The snippet as it is printed.
    pub fn printed(language: Language, studio: &str, spool: Option<&Path>) -> Self {
        Self::of(language, language.as_printed(), studio, spool)
    }

    /// The same with a key.
    pub fn keyed(language: Language, studio: &str, key: &str) -> Self {
        let mut command = language.as_printed();
        command.env("STUDIO_KEY", key);
        Self::of(language, command, studio, None)
    }

    fn of(language: Language, mut command: Command, studio: &str, spool: Option<&Path>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name| fs::File::create(folder.path().join(name)).unwrap();
        command.env_remove("STUDIO_SPOOL").env("STUDIO_URL", studio).env("PYTHONDONTWRITEBYTECODE", "1");
        command.envs(spool.map(|spool| ("STUDIO_SPOOL", spool)));
        command.stdin(Stdio::piped()).stdout(file("stdout")).stderr(file("stderr"));
        let mut process =
            command.spawn().unwrap_or_else(|error| panic!("{language:?} does not start: {error}"));
        let runs = process.stdin.take();
        Self { language, process, runs, folder }
    }

    pub fn send(&mut self, run: &Json) {
        writeln!(self.runs.as_mut().unwrap(), "{run}").unwrap();
    }

    pub fn send_each(&mut self, runs: &[Json]) {
        runs.iter().for_each(|run| self.send(run));
    }

    /// What it said on standard error, line by line.
    pub fn said(&self) -> Vec<String> {
        let text = fs::read_to_string(self.file("stderr")).unwrap();
        text.lines().filter_map(|line| line.strip_prefix("studio: ")).map(str::to_owned).collect()
    }

    pub async fn until_said(&self, word: &str) {
        let what = format!("{:?} says {word}", self.language);
        until(&what, async || fs::read_to_string(self.file("stderr")).unwrap().contains(word).then_some(()))
            .await;
    }

    /// No more runs come: waits for its end, and answers whether everything has arrived, and what it printed.
    pub async fn close(mut self) -> (bool, Vec<String>, String) {
        drop(self.runs.take());
        let what = format!("{:?} ends", self.language);
        let status = until(&what, async || self.process.try_wait().unwrap()).await;
        let printed = fs::read_to_string(self.file("stdout")).unwrap();
        let arrived = ["True", "true", "It is on disk."].iter().any(|word| printed.contains(word));
        assert!(status.success() || !arrived, "{:?}: {status}", self.language);
        (arrived, self.said(), printed)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// As if the machine had lost its power.
impl Drop for SendingProgram {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
