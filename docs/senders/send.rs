//! Sends runs to Studio Metrics beside your work, from Rust with tokio: nothing here blocks or breaks that work.
//!
//! Try it: copy this file to `src/main.rs` of an empty package and add `tokio`, `reqwest`, `serde_json` and `httpdate`.
//! In a program make one [`RunSender`], and give it each run: `sender.send(&run)`.

use std::{
    collections::{HashSet, VecDeque},
    env, fs,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io,
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value as Json, json};
use tokio::{sync::Notify, task::JoinHandle, time};

/// Answers about what was sent: the same would be answered again. Everything else is waited out.
const FINAL: [u16; 6] = [400, 409, 410, 413, 415, 422];
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3_600);

/// Keeps what is not answered yet and tries it again: after 1, 2, 4, 8 … seconds, at last each minute.
pub struct RunSender {
    row: Arc<SenderRow>,
    task: JoinHandle<()>,
}

pub struct SenderOptions {
    /// The address, by default `STUDIO_URL`.
    pub studio: String,
    /// The key where one is needed, by default `STUDIO_KEY`.
    pub key: Option<String>,
    /// A folder where what waits outlives this program, by default `STUDIO_SPOOL`.
    pub spool: Option<PathBuf>,
    /// Beyond them the oldest of what waits is given up.
    pub most_bytes: usize,
    pub first_pause: Duration,
    /// Hears what is given up.
    pub say: Box<dyn Fn(&str) + Send + Sync>,
}

impl Default for SenderOptions {
    fn default() -> Self {
        let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            studio: set("STUDIO_URL").unwrap_or_else(|| "http://127.0.0.1:3000".to_owned()),
            key: set("STUDIO_KEY"),
            spool: set("STUDIO_SPOOL").map(PathBuf::from),
            most_bytes: 8 << 20,
            first_pause: Duration::from_secs(1),
            say: Box::new(|text| eprintln!("studio: {text}")),
        }
    }
}

impl RunSender {
    /// Within a tokio runtime, which carries the task.
    pub fn new(client: reqwest::Client, options: SenderOptions) -> Self {
        let row = Arc::new(SenderRow { client, options, state: Mutex::default(), changed: Notify::new() });
        if let Err(error) = row.load() {
            row.say_once("spool", &format!("what was left before cannot be read: {error}"));
        }
        let task = tokio::spawn(Arc::clone(&row).work());
        Self { row, task }
    }

    /// Returns at once. An array of up to 1,000 runs goes as one call, in which each is answered by itself.
    pub fn send(&self, run: &Json) {
        self.row.take(run.to_string());
    }

    /// Waits that long at most for what is under way, and says whether everything has arrived.
    pub async fn close(&self, patience: Duration) -> bool {
        let emptied = async {
            loop {
                let changed = self.row.changed.notified();
                if self.row.state().waiting.is_empty() {
                    return;
                }
                changed.await;
            }
        };
        let all = time::timeout(patience, emptied).await.is_ok();
        self.row.say_what_is_left();
        all && self.row.state().given_up == 0
    }
}

impl Drop for RunSender {
    fn drop(&mut self) {
        self.task.abort();
        self.row.say_what_is_left();
    }
}

struct SenderRow {
    client: reqwest::Client,
    options: SenderOptions,
    state: Mutex<SenderState>,
    changed: Notify,
}

#[derive(Default)]
struct SenderState {
    /// Names and bodies, the next one first.
    waiting: VecDeque<(String, String)>,
    bytes: usize,
    count: u64,
    given_up: usize,
    said: HashSet<&'static str>,
}

impl SenderRow {
    async fn work(self: Arc<Self>) {
        let mut pause = self.options.first_pause;
        loop {
            let changed = self.changed.notified();
            let Some((name, body)) = self.state().waiting.front().cloned() else {
                changed.await;
                continue;
            };
            let Err((trouble, wait)) = self.post(&body).await else {
                self.forget(&name);
                pause = self.options.first_pause;
                continue;
            };
            self.say_once(
                "away",
                &format!("{} takes no runs now, so they wait: {trouble}", self.options.studio),
            );
            self.move_to_the_end(&name);
            time::sleep(pause.max(wait).mul_f64(1.0 + f64::from(random()) / f64::from(u32::MAX) / 4.0)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// An error says why it has to wait, and how long the studio asks for.
    async fn post(&self, body: &str) -> Result<(), (String, Duration)> {
        let url = format!("{}/api/metrics/campaign", self.options.studio.trim_end_matches('/'));
        let request = self.client.post(url).header("content-type", "application/json").body(body.to_owned());
        let request = self.options.key.iter().fold(request, |request, key| request.header("x-api-key", key));
        let lost = |error: reqwest::Error| (causes(&error), Duration::ZERO);
        let answer = request.timeout(Duration::from_secs(40)).send().await.map_err(lost)?;
        let (status, asked) = (answer.status(), retry_after(&answer));
        let text = answer.text().await.map_err(lost)?;
        if FINAL.contains(&status.as_u16()) {
            self.give_up(&named(body, None), &format!("{} {}", status.as_u16(), why(&text)));
            return Ok(());
        }
        if !status.is_success() {
            return Err((format!("{} {}", status.as_u16(), why(&text)), asked));
        }
        self.settle(body, &text).map_err(|trouble| (trouble, Duration::ZERO))
    }

    /// An array is answered run by run. What answers 200 and means nothing by it is no studio.
    fn settle(&self, body: &str, text: &str) -> Result<(), String> {
        let answer: Json = serde_json::from_str(text).unwrap_or_default();
        if answer["id"].is_null() && answer["items"].is_null() {
            return Err("the answer is not the studio's; is the address right?".to_owned());
        }
        for item in answer["items"].as_array().into_iter().flatten() {
            let status = item["status"].as_str().unwrap_or_default();
            if !matches!(status, "stored" | "duplicate") {
                let why = why(&item.to_string());
                self.give_up(&named(body, item["index"].as_u64()), &format!("{status}, {why}"));
            }
        }
        Ok(())
    }

    fn give_up(&self, what: &str, why: &str) {
        self.state().given_up += 1;
        (self.options.say)(&format!("{what} is given up: {why}"));
    }

    fn say_once(&self, topic: &'static str, text: &str) {
        if self.state().said.insert(topic) {
            (self.options.say)(text);
        }
    }

    fn say_what_is_left(&self) {
        let left = self.state().waiting.len();
        let fate = match &self.options.spool {
            Some(spool) => format!("stays in {} until the next start", spool.display()),
            None => "is given up: the program ends".to_owned(),
        };
        if left > 0 {
            self.say_once("end", &format!("what still waits ({left}) {fate}"));
        }
    }

    fn take(&self, body: String) {
        let name = self.name();
        if let Err(error) = self.store(&name, &body) {
            self.say_once("spool", &format!("what waits is kept in memory only: {error}"));
        }
        self.add(name, body);
    }

    /// Sorted by age.
    fn name(&self) -> String {
        let millis = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let mut state = self.state();
        state.count += 1;
        format!("{millis:013}-{:06}-{:08x}.json", state.count, random())
    }

    fn add(&self, name: String, body: String) {
        let mut state = self.state();
        state.bytes += body.len();
        state.waiting.push_back((name, body));
        drop(state);
        while let Some(oldest) = self.oldest_beyond_bound() {
            let most = self.options.most_bytes;
            self.say_once("bound", &format!("more than {most} bytes wait: the oldest runs are given up"));
            self.state().given_up += 1;
            self.forget(&oldest);
        }
        self.changed.notify_waiters();
    }

    fn oldest_beyond_bound(&self) -> Option<String> {
        let state = self.state();
        let is_beyond = state.bytes > self.options.most_bytes;
        is_beyond.then(|| state.waiting.iter().map(|(name, _)| name).min().cloned())?
    }

    fn forget(&self, name: &str) {
        if let Some(spool) = &self.options.spool {
            // What cannot be removed is sent again at the next start, and known by then.
            let _ = fs::remove_file(spool.join(name));
        }
        let mut state = self.state();
        if let Some(at) = state.waiting.iter().position(|(other, _)| other == name) {
            state.bytes -= state.waiting.remove(at).map_or(0, |(_, body)| body.len());
        }
        if state.waiting.is_empty() {
            // The next time is another time.
            state.said.retain(|topic| !matches!(*topic, "away" | "bound"));
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// The others are not stopped by one.
    fn move_to_the_end(&self, name: &str) {
        let mut state = self.state();
        if state.waiting.front().is_some_and(|(first, _)| first == name) {
            state.waiting.rotate_left(1);
        }
    }

    fn store(&self, name: &str, body: &str) -> io::Result<()> {
        let Some(spool) = &self.options.spool else { return Ok(()) };
        fs::create_dir_all(spool)?;
        let part = spool.join(format!("{name}.part"));
        fs::write(&part, body)?;
        fs::rename(part, spool.join(name))
    }

    fn load(&self) -> io::Result<()> {
        let Some(spool) = self.options.spool.as_ref().filter(|spool| spool.exists()) else { return Ok(()) };
        let names = fs::read_dir(spool)?.map(|file| Ok(file?.file_name().to_string_lossy().into_owned()));
        let mut names = names.collect::<io::Result<Vec<_>>>()?;
        names.retain(|name| name.ends_with(".json"));
        names.sort_unstable();
        for name in names {
            let body = fs::read(spool.join(&name))?;
            self.add(name, String::from_utf8_lossy(&body).into_owned());
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, SenderState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Seconds, or a date; an hour at most.
fn retry_after(answer: &reqwest::Response) -> Duration {
    let text = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let seconds = || text.parse().ok().map(Duration::from_secs);
    let until = || httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::now()).ok();
    seconds().or_else(until).unwrap_or_default().min(LONGEST_RETRY_AFTER)
}

/// What the studio's problem document says, else the beginning of the text.
fn why(text: &str) -> String {
    let problem: Json = serde_json::from_str(text).unwrap_or_default();
    let word = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let fault =
        |fault: &Json| format!("{} {}", word(&fault["field"]), word(&fault["message"])).trim().to_owned();
    let faults: Vec<String> = problem["errors"].as_array().into_iter().flatten().map(fault).collect();
    let beginning = || text.chars().take(200).collect();
    let detail = || problem["detail"].as_str().map_or_else(beginning, str::to_owned);
    if faults.is_empty() { detail() } else { faults.join("; ") }
}

/// Campaign, run and phase of what was sent.
fn named(body: &str, index: Option<u64>) -> String {
    let sent: Json = serde_json::from_str(body).unwrap_or_default();
    if let (Some(runs), None) = (sent.as_array(), index) {
        return format!("an array of {} runs", runs.len());
    }
    let run = index.and_then(|index| sent.get(usize::try_from(index).ok()?)).unwrap_or(&sent);
    let names: Option<Vec<&str>> =
        ["campaignId", "runId", "phase"].map(|key| run[key].as_str()).into_iter().collect();
    let beginning = || format!("what was sent ({}...)", body.chars().take(60).collect::<String>());
    names.map_or_else(beginning, |names| names.join("/"))
}

/// The error and what lies beneath it, which says what happened.
fn causes(error: &dyn std::error::Error) -> String {
    let beneath = error.source().map_or_else(String::new, |cause| format!(": {}", causes(cause)));
    format!("{error}{beneath}")
}

/// The standard library seeds each of these at random.
fn random() -> u32 {
    (RandomState::new().build_hasher().finish() >> 32) as u32
}

#[tokio::main]
pub async fn main() -> ExitCode {
    let sender = RunSender::new(reqwest::Client::new(), SenderOptions::default());
    sender.send(&json!({
        "campaignId": "autumn",
        "campaignName": "Autumn launch",
        "runId": "from-rust",
        "phase": "2-3",
        "agentsTotal": 5,
        "agentsSuccessful": 5,
        "assetsGenerated": 9,
        "tokensIn": 5346,
        "tokensOut": 2240,
        "costUSD": "0.0348",
        "latencyP95Ms": 42000,
        "latencyAvgMs": 21700,
    }));
    if !sender.close(Duration::from_secs(60)).await {
        return ExitCode::FAILURE;
    }
    println!("It is on disk. Now look at {}/", sender.row.options.studio);
    ExitCode::SUCCESS
}
