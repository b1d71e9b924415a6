//! A sender that does what it should: whatever was not acknowledged is sent again, unchanged, before anything else.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value as Json, json};
use tokio::time::sleep;

use super::Said;
use crate::studio::{client, run, with};

pub struct Sender {
    name: usize,
    chance: ChaCha8Rng,
    /// In the order in which they were thought of.
    runs: Vec<PromisedRun>,
    /// What was sent and not acknowledged.
    open: Option<Deed>,
    pub acknowledged: usize,
}

/// A run as the server promised to keep it.
struct PromisedRun {
    id: String,
    version: u64,
    withdrawn: bool,
}

#[derive(Clone, Debug)]
enum Deed {
    /// That many new ones.
    Store(usize),
    /// One that is known already, as it stands.
    Repeat(usize),
    Correct(usize),
    Withdraw(usize),
}

/// It is not known what became of it.
struct Unknown;

impl Sender {
    pub fn new(name: usize, seed: u64) -> Self {
        let chance = ChaCha8Rng::seed_from_u64(seed);
        Self { name, chance, runs: Vec::new(), open: None, acknowledged: 0 }
    }

    /// Each time to any of the servers: what one of them was told, another may be asked again.
    pub async fn send_until(mut self, stop: Arc<AtomicBool>, urls: Vec<String>) -> Self {
        let client = client();
        while !stop.load(Relaxed) {
            let deed = self.open.take().unwrap_or_else(|| self.next());
            self.attempt(&client, &urls, deed).await;
        }
        self
    }

    /// Sends what is open until it is acknowledged.
    pub async fn finish(&mut self, urls: &[String]) {
        let client = client();
        while let Some(deed) = self.open.take() {
            self.attempt(&client, urls, deed).await;
        }
    }

    /// The runs that stand, and what each says.
    pub fn standing(&self) -> impl Iterator<Item = (String, Said)> {
        let standing = self.runs.iter().enumerate().filter(|(_, run)| !run.withdrawn);
        standing.map(|(number, run)| {
            let content = self.content(number, run.version);
            let cost = format!("{:.5}", content["costUSD"].as_str().unwrap().parse::<f64>().unwrap());
            (self.run_id(number), Said { tokens_in: content["tokensIn"].as_i64().unwrap(), cost })
        })
    }

    /// How many runs were ever acknowledged, withdrawn ones among them.
    pub fn ever(&self) -> usize {
        self.runs.len()
    }

    fn next(&mut self) -> Deed {
        let known = self.runs.len();
        let some = |chance: &mut ChaCha8Rng| chance.random_range(0..known);
        let standing = |number: usize| !self.runs[number].withdrawn;
        match self.chance.random_range(0..10) {
            // The sender's habits: mostly new ones, alone or many at once.
            0..=3 => Deed::Store(1),
            4 => Deed::Store(self.chance.random_range(2..40)),
            _ if known == 0 => Deed::Store(1),
            choice => {
                let number = some(&mut self.chance);
                match choice {
                    _ if !standing(number) => Deed::Store(1),
                    5 | 6 => Deed::Repeat(number),
                    7 | 8 => Deed::Correct(number),
                    _ => Deed::Withdraw(number),
                }
            }
        }
    }

    async fn attempt(&mut self, client: &Client, urls: &[String], deed: Deed) {
        let url = &urls[self.chance.random_range(0..urls.len())];
        let url = format!("{url}/api/metrics/campaign");
        let outcome = match &deed {
            Deed::Store(count) => self.store(client, &url, *count).await,
            Deed::Repeat(number) => self.repeat(client, &url, *number).await,
            Deed::Correct(number) => self.correct(client, &url, *number).await,
            Deed::Withdraw(number) => self.withdraw(client, &url, *number).await,
        };
        match outcome {
            Ok(()) => self.acknowledged += 1,
            Err(Unknown) => {
                self.open = Some(deed);
                sleep(Duration::from_millis(5)).await;
            }
        }
    }

    async fn store(&mut self, client: &Client, url: &str, count: usize) -> Result<(), Unknown> {
        let first = self.runs.len();
        let new: Vec<Json> = (first..first + count).map(|number| self.content(number, 0)).collect();
        let ids = if count == 1 {
            let (status, answer) = ask(client.post(url).json(&new[0])).await?;
            assert!(matches!(status.as_u16(), 200 | 201), "{status}: {answer}");
            vec![answer["id"].clone()]
        } else {
            let (status, answer) = ask(client.post(url).json(&new)).await?;
            assert_eq!(status, 200, "{answer}");
            let items = answer["items"].as_array().unwrap();
            assert!(
                items.iter().all(|item| matches!(item["status"].as_str(), Some("stored" | "duplicate"))),
                "{answer}"
            );
            items.iter().map(|item| item["id"].clone()).collect()
        };
        assert_eq!(ids.len(), count);
        let known =
            |id: Json| PromisedRun { id: id.as_str().unwrap().to_owned(), version: 0, withdrawn: false };
        self.runs.extend(ids.into_iter().map(known));
        Ok(())
    }

    async fn repeat(&self, client: &Client, url: &str, number: usize) -> Result<(), Unknown> {
        let content = self.content(number, self.runs[number].version);
        let (status, answer) = ask(client.post(url).json(&content)).await?;
        assert_eq!((status.as_u16(), answer["status"].as_str()), (200, Some("duplicate")), "{answer}");
        Ok(())
    }

    async fn correct(&mut self, client: &Client, url: &str, number: usize) -> Result<(), Unknown> {
        let (id, version) = (&self.runs[number].id, self.runs[number].version + 1);
        let request = client.put(format!("{url}/{id}")).json(&self.content(number, version));
        let (status, answer) = ask(request).await?;
        assert_eq!(status, 200, "{answer}");
        self.runs[number].version = version;
        Ok(())
    }

    async fn withdraw(&mut self, client: &Client, url: &str, number: usize) -> Result<(), Unknown> {
        let (status, answer) = ask(client.delete(format!("{url}/{}", self.runs[number].id))).await?;
        // Gone already: the answer to an earlier try was lost.
        assert!(matches!(status.as_u16(), 200 | 410), "{status}: {answer}");
        self.runs[number].withdrawn = true;
        Ok(())
    }

    fn run_id(&self, number: usize) -> String {
        format!("{}-{number}", self.name)
    }

    fn content(&self, number: usize, version: u64) -> Json {
        let cost = format!("{}.{:05}", number % 90, version * 7 % 100_000);
        let base = run(&format!("campaign-{}", number % 7), &self.run_id(number));
        with(&base, &json!({"tokensIn": number as u64 * 1000 + version, "costUSD": cost}))
    }
}

/// An answer, unless there is none, or the server says that it cannot promise.
async fn ask(request: RequestBuilder) -> Result<(StatusCode, Json), Unknown> {
    let answer = request.send().await.map_err(|_| Unknown)?;
    let status = answer.status();
    if matches!(status.as_u16(), 429 | 503) {
        return Err(Unknown);
    }
    let text = answer.text().await.map_err(|_| Unknown)?;
    Ok((status, serde_json::from_str(&text).unwrap_or(Json::Null)))
}
