//! A sender of records for measurements: plain HTTP over connections that stay open, as light as can be, since it shares
//! the cores with the server.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::median;
use crate::shell::now;

/// How many threads send.
const SENDERS: usize = 4;

/// One connection that stays open.
pub struct HttpConnection {
    address: String,
    stream: BufReader<TcpStream>,
}

/// What many connections did together.
pub struct Load {
    pub requests: f64,
    pub seconds: f64,
    /// Of one request, at the sender.
    pub median_ms: f64,
}

impl HttpConnection {
    pub fn to(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { address: address.to_owned(), stream: BufReader::new(stream) })
    }

    /// Sends a request and reads its answer: status and body.
    pub fn ask(&mut self, method: &str, path: &str, media: &str, body: &str) -> Result<(u16, String)> {
        self.write(method, path, media, body)?;
        self.read()
    }

    fn write(&mut self, method: &str, path: &str, media: &str, body: &str) -> Result<()> {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: {media}\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        Ok(self.stream.get_mut().write_all(request.as_bytes())?)
    }

    fn read(&mut self) -> Result<(u16, String)> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|word| word.parse().ok()).context("no answer")?;
        // A page is sent in chunks, as it is made.
        let mut length = None;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            if line.trim_end().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = Some(value.trim().parse()?);
            }
        }
        let body = match length {
            Some(length) => self.bytes(length)?,
            None => self.chunks()?,
        };
        Ok((status, String::from_utf8(body)?))
    }

    fn bytes(&mut self, length: usize) -> Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let length = usize::from_str_radix(line.trim(), 16)?;
            let chunk = self.bytes(length + 2)?;
            if length == 0 {
                return Ok(all);
            }
            all.extend_from_slice(&chunk[..length]);
        }
    }

    /// Sends runs in, one or an array, and is sure that they were taken.
    pub fn send(&mut self, runs: &str) -> Result<()> {
        self.begin(runs)?;
        self.end()
    }

    fn begin(&mut self, runs: &str) -> Result<()> {
        self.write("POST", "/api/metrics/campaign", "application/json", runs)
    }

    fn end(&mut self) -> Result<()> {
        match self.read()? {
            (200 | 201, _) => Ok(()),
            (status, body) => bail!("{status}: {body}"),
        }
    }

    pub fn json(&mut self, path: &str) -> Result<Value> {
        let (status, body) = self.ask("GET", path, "application/json", "")?;
        serde_json::from_str(&body).with_context(|| format!("{path} answered {status}"))
    }
}

/// Lets `connections` send until `lasts` has passed, each what `runs` makes of a number that no other gets, and each the next when it
/// has the answer to the one before. A few threads hold them all: sixty-four would spend the server's time on their turns.
pub fn send(
    address: &str,
    connections: usize,
    time: Duration,
    runs: impl Fn(u64) -> String + Sync,
) -> Result<Load> {
    let (number, over) = (AtomicU64::new(0), AtomicBool::new(false));
    let start = now();
    let taken: Result<Vec<Vec<f64>>> = thread::scope(|scope| {
        let sender = |held: usize| -> Result<Vec<f64>> {
            let mut held = (0..held).map(|_| HttpConnection::to(address)).collect::<Result<Vec<_>>>()?;
            let mut took = Vec::new();
            while !over.load(Relaxed) {
                let mut sent = Vec::with_capacity(held.len());
                for connection in &mut held {
                    let body = runs(number.fetch_add(1, Relaxed));
                    sent.push(now());
                    connection.begin(&body)?;
                }
                for (connection, sent) in held.iter_mut().zip(sent) {
                    connection.end()?;
                    took.push(sent.elapsed().as_secs_f64() * 1000.0);
                }
            }
            Ok(took)
        };
        let senders: Vec<_> = (0..SENDERS.min(connections))
            .map(|at| (connections + at) / SENDERS.min(connections))
            .map(|held| scope.spawn(move || sender(held)))
            .collect();
        thread::sleep(time);
        over.store(true, Relaxed);
        senders.into_iter().map(|sender| sender.join().expect("a sender does not panic")).collect()
    });
    let seconds = start.elapsed().as_secs_f64();
    let taken: Vec<f64> = taken?.into_iter().flatten().collect();
    Ok(Load { requests: taken.len() as f64, seconds, median_ms: median(taken) })
}

/// A run as a service sends it when it ended.
pub fn run(number: u64) -> String {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs();
    run_at(number, now - number % 10)
}

/// A run out of a history of ninety days.
pub fn past_run(number: u64) -> String {
    // 2026-08-23 and on.
    run_at(number, 1_787_443_200 + 86_400 * (number % 90) + number % 86_400)
}

fn run_at(number: u64, at: u64) -> String {
    format!(
        "{{\"campaignId\":\"c-{}\",\"runId\":\"load-{number}\",\"phase\":\"{}\",\"agentsTotal\":5,\"agentsSuccessful\":{},\
         \"assetsGenerated\":{},\"tokensIn\":{},\"tokensOut\":{},\"costUSD\":\"0.{:05}\",\"latencyP95Ms\":{},\"latencyAvgMs\":900,\
         \"createdAt\":\"{}\"}}",
        number % 40,
        number % 4,
        number % 6,
        number % 9,
        1_000 + number % 9_000,
        400 + number % 3_000,
        number % 99_999,
        1_000 + number % 60_000,
        date(at)
    )
}

/// How many runs are in one request.
pub fn batch(number: u64, size: u64, run: impl Fn(u64) -> String) -> String {
    let runs: Vec<String> = (0..size).map(|at| run(number * size + at)).collect();
    format!("[{}]", runs.join(","))
}

/// Seconds since 1970 in UTC, as RFC 3339. [Hinnant, "chrono-Compatible Low-Level Date Algorithms"]
fn date(at: u64) -> String {
    let (days, second) = (at / 86_400 + 719_468, at % 86_400);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = year + era * 400 + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    #[test]
    fn seconds_become_dates() {
        assert_eq!(super::date(0), "1970-01-01T00:00:00Z");
        assert_eq!(super::date(1_787_443_200), "2026-08-23T00:00:00Z");
        assert_eq!(super::date(951_827_696), "2000-02-29T12:34:56Z");
    }
}
