//! A Dataverse of a few routes, over real HTTP: just enough to fail in the ways a relay must survive. The emulator knows
//! far more; it is met in the server's tests.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
};

use serde_json::{Map, Value as Json, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::support::Studio;

/// Set and id.
pub type Key = (String, String);

#[derive(Default)]
pub struct FakeState {
    pub rows: BTreeMap<Key, Json>,
    /// Every request that came in, tokens left out: method and path.
    pub requests: Vec<String>,
    /// Rows of these run ids are refused, each time with this status and code.
    pub poison: BTreeMap<String, (u16, &'static str)>,
    /// How many requests are answered by 429.
    pub throttled: usize,
    /// Nothing is answered: connections are closed.
    pub away: bool,
    /// How many requests do as they are told, and their answers are lost.
    pub lost_answers: usize,
    /// Sets that are not there.
    pub missing: BTreeSet<&'static str>,
    /// What a write changes on the quiet.
    pub rewrite: Option<(&'static str, Json)>,
    modified: i64,
}

#[derive(Clone)]
pub struct Fake {
    pub url: String,
    state: Arc<Mutex<FakeState>>,
}

struct FakeRequest {
    method: String,
    path: String,
    create_only: bool,
    tracks_changes: bool,
    body: Vec<u8>,
}

type FakeAnswer = (u16, Json);

impl Fake {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self { url: format!("http://{}", listener.local_addr().unwrap()), state: Arc::default() };
        let served = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(served.clone().serve(stream));
            }
        });
        fake
    }

    /// A studio that has nothing but us beside it.
    pub async fn studio() -> Studio<Self> {
        let fake = Self::start().await;
        let client = fake.client();
        Studio::beside(fake, client).await
    }

    pub fn state(&self) -> MutexGuard<'_, FakeState> {
        self.state.lock().unwrap()
    }

    pub fn client(&self) -> dataverse::Client {
        let token = format!("{}/token", self.url);
        let mut settings = dataverse::Settings::new(self.url.clone(), token, "app", "secret");
        settings.patience = std::time::Duration::ZERO;
        dataverse::Client::new(settings).unwrap()
    }

    /// The rows of a set by a column.
    pub fn column(&self, set: &str, column: &str) -> Vec<String> {
        let state = self.state();
        let rows = state.rows.iter().filter(|((of, _), _)| of == set);
        let mut values: Vec<String> = rows
            .map(|(_, row)| row[column].as_str().map_or_else(|| row[column].to_string(), str::to_owned))
            .collect();
        values.sort();
        values
    }

    async fn serve(self, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        while let Some(request) = read(&mut stream).await {
            if request.path == "/token" {
                let token = json!({ "token_type": "Bearer", "expires_in": 3599, "access_token": "t" });
                if self.state().away
                    || write(&mut stream, 200, "application/json", &token.to_string()).await.is_none()
                {
                    return;
                }
                continue;
            }
            let Some((status, kind, body)) = self.answer(&request) else { return };
            if write(&mut stream, status, &kind, &body).await.is_none() {
                return;
            }
        }
    }

    fn answer(&self, request: &FakeRequest) -> Option<(u16, String, String)> {
        let mut state = self.state();
        let path = request.path.trim_start_matches("/api/data/v9.2/").to_owned();
        // Nothing ever changes here but by the relay; the mirror meets the emulator.
        if request.tracks_changes && !state.away {
            let link = format!("{}/api/data/v9.2/{path}", self.url);
            let body = json!({ "value": [], "@odata.deltaLink": link });
            return Some((200, "application/json".to_owned(), body.to_string()));
        }
        state.requests.push(format!("{} {}", request.method, path.split('?').next().unwrap()));
        if state.away {
            return None;
        }
        let plain = |(status, body): FakeAnswer| (status, "application/json".to_owned(), body.to_string());
        if state.throttled > 0 {
            state.throttled -= 1;
            return Some(plain(refusal(429, "0x80072322", "Number of requests exceeded the limit")));
        }
        let answer = if path == "$batch" {
            (200, "multipart/mixed; boundary=answer".to_owned(), state.batch(&request.body))
        } else {
            plain(state.one(&request.method, &path, &request.body, request.create_only))
        };
        if state.lost_answers > 0 {
            state.lost_answers -= 1;
            return None;
        }
        Some(answer)
    }
}

impl FakeState {
    fn one(&mut self, method: &str, path: &str, body: &[u8], create_only: bool) -> FakeAnswer {
        let body = || serde_json::from_slice::<Json>(body).unwrap();
        let set = path.split(['(', '/', '?']).next().unwrap();
        if self.missing.contains(set) {
            return refusal(404, "0x8006088a", "Resource not found for the segment");
        }
        match method {
            "POST" if path.ends_with("UpsertMultiple") => self.upsert_multiple(set, &body()),
            "PATCH" => self.upsert(set, &id_of(path), &body(), create_only),
            "DELETE" => match self.rows.remove(&(set.to_owned(), id_of(path))) {
                Some(_) => (204, Json::Null),
                None => refusal(404, "0x80040217", "Does Not Exist"),
            },
            "GET" => self.query(set, path),
            other => panic!("the fake does not know {other} {path}"),
        }
    }

    /// All or nothing, and no word about which.
    fn upsert_multiple(&mut self, set: &str, body: &Json) -> FakeAnswer {
        let before = self.rows.clone();
        for target in body["Targets"].as_array().unwrap() {
            let mut row = target.clone();
            let id = row.as_object_mut().unwrap().remove(&format!("{}id", singular(set)));
            let id = id.unwrap().as_str().unwrap().to_owned();
            let answer = self.upsert(set, &id, &row, false);
            if answer.0 >= 400 {
                self.rows = before;
                return answer;
            }
        }
        (204, Json::Null)
    }

    fn upsert(&mut self, set: &str, id: &str, row: &Json, create_only: bool) -> FakeAnswer {
        let key = (set.to_owned(), id.to_owned());
        if create_only && self.rows.contains_key(&key) {
            return refusal(412, "0x80040237", "A record with matching key values already exists.");
        }
        if let Some((status, code)) = row["apex_runid"].as_str().and_then(|run| self.poison.get(run)) {
            return refusal(*status, code, "refused by the fake");
        }
        let mut row = row.as_object().unwrap().clone();
        if let Some(bound) = row.remove("apex_tenantid@odata.bind") {
            let tenant = id_of(bound.as_str().unwrap());
            if !self.rows.contains_key(&("apex_tenants".to_owned(), tenant.clone())) {
                return refusal(404, "0x80040217", "apex_tenant Does Not Exist");
            }
            row.insert("_apex_tenantid_value".to_owned(), tenant.into());
        }
        if let Some((column, value)) = &self.rewrite {
            row.insert((*column).to_owned(), value.clone());
        }
        self.modified += 1;
        // Whole seconds, as Dataverse keeps them.
        let seconds = model::time::Timestamp::from_micros((1_795_000_000 + self.modified) * 1_000_000);
        row.insert("modifiedon".to_owned(), seconds.to_string().into());
        self.rows.insert(key, Json::Object(row));
        (204, Json::Null)
    }

    /// All rows by the time of their change, or those whose ids are asked for.
    fn query(&mut self, set: &str, path: &str) -> FakeAnswer {
        let by_id = path.contains(".In(");
        let of_set = self.rows.iter().filter(|((of, _), _)| of == set);
        let mut rows: Vec<Map<String, Json>> = of_set
            .filter(|((_, id), _)| !by_id || path.contains(id.as_str()))
            .map(|((_, id), row)| {
                let mut row = row.as_object().unwrap().clone();
                row.insert(format!("{}id", singular(set)), id.as_str().into());
                row
            })
            .collect();
        rows.sort_by_key(|row| row["modifiedon"].to_string());
        (200, json!({ "value": rows }))
    }

    fn batch(&mut self, body: &[u8]) -> String {
        let body = std::str::from_utf8(body).unwrap();
        let boundary = body.lines().next().unwrap();
        let mut answer = String::new();
        for part in body.split(boundary).filter(|part| part.contains(" HTTP/1.1")) {
            let (_, request) = part.split_once("\r\n\r\n").unwrap();
            let (head, content) = request.split_once("\r\n\r\n").unwrap_or((request, ""));
            let mut line = head.lines().next().unwrap().split(' ');
            let (method, url) = (line.next().unwrap(), line.next().unwrap());
            let path = url.split_once("/api/data/v9.2/").unwrap().1;
            let (status, content) = self.one(method, path, content.trim().as_bytes(), false);
            let content = if content.is_null() { String::new() } else { content.to_string() };
            answer.push_str(&format!(
                "--answer\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n\
                 HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n\r\n{content}\r\n"
            ));
        }
        answer + "--answer--\r\n"
    }
}

/// `apex_campaignmetricses` is the set of `apex_campaignmetrics`, the others end in a plain s.
fn singular(set: &str) -> &str {
    set.strip_suffix("es").filter(|name| name.ends_with("metrics")).unwrap_or(&set[..set.len() - 1])
}

fn id_of(path: &str) -> String {
    path.split_once('(').unwrap().1.trim_end_matches(')').to_owned()
}

fn refusal(status: u16, code: &str, message: &str) -> FakeAnswer {
    (status, json!({ "error": { "code": code, "message": message } }))
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<FakeRequest> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        head.push(line);
    }
    let header = |name: &str| {
        head.iter().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let mut first = head.first()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let mut body = vec![0; header("content-length").map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    let create_only = header("if-none-match").as_deref() == Some("*");
    let tracks_changes = header("prefer").is_some_and(|prefer| prefer.contains("track-changes"));
    Some(FakeRequest { method, path, create_only, tracks_changes, body })
}

async fn write(stream: &mut BufReader<TcpStream>, status: u16, kind: &str, body: &str) -> Option<()> {
    let body = if status == 204 { "" } else { body };
    let retry = if status == 429 { "Retry-After: 1\r\n" } else { "" };
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{retry}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(body.as_bytes()).await.ok()
}
