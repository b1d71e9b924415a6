//! One server of its own for a test: a process on a free port with a folder of its own, gone when the test is.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Read as _},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Once, mpsc},
    thread,
    time::Duration,
};

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tokio::time::{self, Instant};

/// What takes longer here hangs.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub const RUNS: &str = "/api/metrics/campaign";
pub const TASKS: &str = "/api/telemetry/agents";

pub struct Studio {
    process: Child,
    pub url: String,
    pub client: reqwest::Client,
    pub folder: TestFolder,
    stdout: BufReader<std::process::ChildStdout>,
}

/// A data folder, and where the server's words go.
pub struct TestFolder(TempDir);

impl TestFolder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Everything that was logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.0.path().join("log")).unwrap_or_default()
    }
}

pub const BINARY: &str = env!("CARGO_BIN_EXE_studio");

/// A server that is not started yet, without anything of this machine's environment.
pub fn command(folder: &TestFolder, settings: &[(&str, &str)]) -> Command {
    prepared(Command::new(BINARY), folder, settings)
}

/// The same within a limit, as the shell's `ulimit` takes it.
pub fn limited(folder: &TestFolder, settings: &[(&str, &str)], limit: &str) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &format!("ulimit {limit} && exec \"$0\" \"$@\""), BINARY]);
    prepared(shell, folder, settings)
}

/// The same under strace, which writes down every flush and everything that goes over a socket. The server stays our
/// own child.
pub fn traced(folder: &TestFolder, settings: &[(&str, &str)], trace: &Path) -> Command {
    let program = env::var_os("STUDIO_STRACE").unwrap_or_else(|| "strace".into());
    let mut strace = Command::new(program);
    strace.args([
        "-D",
        "-f",
        "-y",
        "-s",
        "40",
        "-e",
        "trace=fsync,fdatasync,recvfrom,read,sendto,write,writev",
    ]);
    strace.arg("-o").arg(trace).arg(BINARY);
    prepared(strace, folder, settings)
}

/// The same, which cannot make any file longer than `bytes`, until [`unlimited`]: no machine has a full disk at hand.
pub fn with_room_for(folder: &TestFolder, settings: &[(&str, &str)], bytes: u64) -> Command {
    let mut limit = Command::new("prlimit");
    limit.args([&format!("--fsize={bytes}:"), BINARY]);
    prepared(limit, folder, settings)
}

/// The same as a user who owns nothing here, which root alone may start. The program is copied: its own folder may be closed
/// to that user.
pub fn as_other_user(folder: &TestFolder, settings: &[(&str, &str)], user: u32) -> Command {
    let copy = folder.path().join("studio");
    // By a process of its own: a file that is still open for writing in a child of another test's cannot be started.
    assert!(Command::new("cp").arg(BINARY).arg(&copy).status().unwrap().success());
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut other = Command::new(copy);
    other.uid(user).gid(user);
    prepared(other, folder, settings)
}

/// There is room again.
pub fn unlimited(process: u32) {
    let set =
        Command::new("prlimit").args(["--pid", &process.to_string(), "--fsize=unlimited"]).status().unwrap();
    assert!(set.success());
}

fn prepared(mut command: Command, folder: &TestFolder, settings: &[(&str, &str)]) -> Command {
    command.env_clear().current_dir(folder.path());
    command.env("STUDIO_ADDR", "127.0.0.1:0").env("STUDIO_DATA", folder.data()).env("STUDIO_DEMO", "off");
    command.envs(settings.iter().copied()).stdin(Stdio::null());
    command
}

/// What a server says that does not start: exit code and standard error.
pub fn refused(folder: &TestFolder, settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = command(folder, settings).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

impl Studio {
    pub fn start() -> Self {
        Self::with(&[])
    }

    pub fn with(settings: &[(&str, &str)]) -> Self {
        Self::within(TestFolder::new(), settings)
    }

    pub fn within(folder: TestFolder, settings: &[(&str, &str)]) -> Self {
        let command = command(&folder, settings);
        Self::of(command, folder)
    }

    pub fn of(mut command: Command, folder: TestFolder) -> Self {
        let log = fs::OpenOptions::new().create(true).append(true).open(folder.path().join("log")).unwrap();
        let mut process = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let (ready, stdout) = first_line(process.stdout.take().unwrap());
        let url =
            match ready.as_deref().and_then(|line| line.trim_end().strip_prefix("Studio Metrics is ready: "))
            {
                Some(url) => url.to_owned(),
                None => {
                    _ = process.kill();
                    panic!("not ready, but {ready:?}; it logged:\n{}", folder.log());
                }
            };
        Self { process, url, client: client(), folder, stdout }
    }

    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.client.request(Method::from_bytes(method.as_bytes()).unwrap(), format!("{}{path}", self.url))
    }

    pub async fn get(&self, path: &str) -> Response {
        self.request("GET", path).send().await.unwrap()
    }

    /// The JSON of a 200.
    pub async fn json(&self, path: &str) -> Json {
        let answer = self.get(path).await;
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub async fn post(&self, body: &Json) -> Response {
        self.post_at(RUNS, body).await
    }

    pub async fn post_at(&self, path: &str, body: &Json) -> Response {
        self.request("POST", path).json(body).send().await.unwrap()
    }

    /// Stores one run and answers its id.
    pub async fn stored(&self, run: &Json) -> String {
        self.stored_at(RUNS, run).await
    }

    /// Stores one record and answers its id.
    pub async fn stored_at(&self, path: &str, record: &Json) -> String {
        let answer = self.post_at(path, record).await;
        assert_eq!(answer.status(), 201);
        answer.json::<Json>().await.unwrap()["id"].as_str().unwrap().to_owned()
    }

    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Sends SIGTERM and waits for the end; answers how it ended, how long that took and what else was on standard output.
    pub fn terminate(mut self) -> (ExitStatus, Duration, String, TestFolder) {
        let asked = Instant::now();
        signal(self.process.id(), "TERM");
        let status = self.process.wait().unwrap();
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        let folder = std::mem::replace(&mut self.folder, TestFolder::new());
        (status, asked.elapsed(), rest, folder)
    }

    /// As if the machine had lost its power.
    pub fn kill(mut self) -> TestFolder {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        std::mem::replace(&mut self.folder, TestFolder::new())
    }
}

impl Drop for Studio {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
        if thread::panicking() {
            eprintln!("the server logged:\n{}", self.folder.log());
        }
    }
}

/// The client of these tests: a request has a deadline, and TLS is never asked for.
pub fn client() -> reqwest::Client {
    static TLS: Once = Once::new();
    TLS.call_once(|| _ = rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap()
}

pub fn signal(process: u32, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), process.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// The first line of a pipe, if it comes in time, and the rest of the pipe.
fn first_line(pipe: std::process::ChildStdout) -> (Option<String>, BufReader<std::process::ChildStdout>) {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut lines = BufReader::new(pipe);
        let mut line = String::new();
        let read = lines.read_line(&mut line).is_ok() && !line.is_empty();
        _ = send.send((read.then_some(line), lines));
    });
    receive.recv_timeout(PATIENCE).expect("the server neither became ready nor ended")
}

/// Asks again until the answer is as it should be.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "in vain waited for: {what}");
        time::sleep(Duration::from_millis(50)).await;
    }
}

/// A run with all that it needs.
pub fn run(campaign: &str, run: &str) -> Json {
    json!({"campaignId": campaign, "runId": run, "phase": "1", "agentsTotal": 4, "agentsSuccessful": 3})
}

/// An agent's task with all that it needs.
pub fn task(name: &str) -> Json {
    json!({"taskId": name, "agentName": "Mia", "timestamp": "2026-11-20T10:00:00Z", "status": "success"})
}

/// The same with other members on top.
pub fn with(base: &Json, members: &Json) -> Json {
    let mut all = base.clone();
    all.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    all
}
