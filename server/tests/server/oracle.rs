//! What was promised is kept, whatever happens: senders that remember what was acknowledged, servers that are killed at
//! random moments, and an organisation that fails in every way it knows. Afterwards ledger, organisation and memory are
//! compared row by row: nothing lost, nothing twice, nothing made up.
//!
//! `STUDIO_ROUNDS` says how often the servers are killed (10; 4 for two on PostgreSQL), `STUDIO_SEED` which chances are
//! taken (1).

mod organisation;
mod sender;

use std::{
    collections::BTreeMap,
    env,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use rand::{Rng as _, SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value as Json;
use tokio::time::sleep;

use self::{organisation::OracleOrganisation, sender::Sender};
use crate::{
    database::TestDatabase,
    studio::{Studio, TestFolder, until},
};

const SENDERS: usize = 6;
/// What a server that was killed had on the way waits for this; a request of the other one has to end within half of it.
const LEASE: (&str, &str) = ("STUDIO_LEASE", "3");

/// What a run says, as far as senders ever change it; by the run's id.
type Runs = BTreeMap<String, Said>;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    tokens_in: i64,
    cost: String,
}

#[tokio::test]
async fn nothing_is_lost_and_nothing_comes_twice() {
    let organisation = OracleOrganisation::found().await;
    let kept = OracleTrial { organisation, ledger: Vec::new(), servers: 1 }.run(10).await;
    println!("{kept} promises kept");
}

#[tokio::test]
async fn two_servers_lose_and_repeat_nothing() {
    let (organisation, database) = (OracleOrganisation::found().await, TestDatabase::new());
    let ledger = [&database.settings()[..], &[LEASE]].concat();
    let kept = OracleTrial { organisation, ledger, servers: 2 }.run(4).await;
    println!("{kept} promises kept by two servers");
}

struct OracleTrial<'a> {
    organisation: OracleOrganisation,
    /// What says where the ledger lives, when that is not in a server's folder.
    ledger: Vec<(&'static str, &'a str)>,
    servers: usize,
}

impl OracleTrial<'_> {
    /// Says how many promises were kept.
    async fn run(self, rounds: u64) -> usize {
        let number = |name: &str, default: u64| env::var(name).map_or(default, |text| text.parse().unwrap());
        let (rounds, seed) = (number("STUDIO_ROUNDS", rounds), number("STUDIO_SEED", 1));
        println!("{rounds} rounds, servers: {}, STUDIO_SEED={seed}", self.servers);
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let mut senders: Vec<Sender> = (0..SENDERS).map(|name| Sender::new(name, chance.random())).collect();
        let mut folders: Vec<TestFolder> = (0..self.servers).map(|_| TestFolder::new()).collect();
        for round in 0..rounds {
            (senders, folders) = self.rage(senders, folders, &mut chance).await;
            let studios = self.start(folders);
            let urls = urls(&studios);
            for sender in &mut senders {
                sender.finish(&urls).await;
            }
            for studio in &studios {
                compare(round, studio, &self.organisation, &senders).await;
            }
            folders = studios.into_iter().map(Studio::kill).collect();
        }
        let acknowledged = senders.iter().map(|sender| sender.acknowledged).sum();
        assert!(acknowledged > 0, "nothing was ever promised, so nothing was shown");
        acknowledged
    }

    /// Senders send while Dataverse fails, until every server was killed, one after the other.
    async fn rage(
        &self,
        senders: Vec<Sender>,
        folders: Vec<TestFolder>,
        chance: &mut ChaCha8Rng,
    ) -> (Vec<Sender>, Vec<TestFolder>) {
        let mut studios = self.start(folders);
        // Most troubles meet a relay at work; some meet a server that has only just begun.
        if chance.random_bool(0.8) {
            carrying(&studios[0]).await;
        }
        let trouble = self.organisation.trouble(chance.random());
        let stop = Arc::new(AtomicBool::new(false));
        let urls = urls(&studios);
        let sending: Vec<_> = senders
            .into_iter()
            .map(|sender| tokio::spawn(sender.send_until(Arc::clone(&stop), urls.clone())))
            .collect();
        studios.shuffle(chance);
        let mut folders = Vec::new();
        for studio in studios {
            sleep(Duration::from_millis(chance.random_range(100..1500))).await;
            folders.push(studio.kill());
        }
        stop.store(true, Relaxed);
        trouble.abort();
        self.organisation.calm();
        let mut senders = Vec::new();
        for sending in sending {
            senders.push(sending.await.unwrap());
        }
        (senders, folders)
    }

    fn start(&self, folders: Vec<TestFolder>) -> Vec<Studio> {
        let settings = [&self.organisation.settings()[..], &self.ledger].concat();
        folders.into_iter().map(|folder| Studio::within(folder, &settings)).collect()
    }
}

fn urls(studios: &[Studio]) -> Vec<String> {
    studios.iter().map(|studio| studio.url.clone()).collect()
}

async fn carrying(studio: &Studio) {
    until("a relay that carries", async || {
        (!studio.json("/api/pipeline").await["relay"].is_null()).then_some(())
    })
    .await;
}

async fn compare(round: u64, studio: &Studio, organisation: &OracleOrganisation, senders: &[Sender]) {
    let balance = until("everything delivered", async || {
        let pipeline = studio.json("/api/pipeline").await;
        (pipeline["pending"] == 0).then(|| pipeline["balance"][0].clone())
    })
    .await;
    let promised: Runs = senders.iter().flat_map(Sender::standing).collect();
    let kept = kept(studio).await;
    same(round, "the ledger", &kept, &promised);
    same(round, "Dataverse", &organisation.runs().await, &promised);
    assert_eq!((&balance["unaccounted"], &balance["dead"]), (&0.into(), &0.into()), "{balance}");
    let everything: usize = senders.iter().map(Sender::ever).sum();
    assert_eq!(balance["received"], everything, "{balance}");
}

/// Every run that the ledger lists.
async fn kept(studio: &Studio) -> Runs {
    let mut runs = Runs::new();
    let mut path = "/api/metrics/campaign?limit=1000".to_owned();
    loop {
        let page = studio.json(&path).await;
        for run in page["runs"].as_array().unwrap() {
            let cost = run["costUSD"].as_str().unwrap().to_owned();
            let said = Said { tokens_in: run["tokensIn"].as_i64().unwrap(), cost };
            let twice = runs.insert(run["runId"].as_str().unwrap().to_owned(), said);
            assert_eq!(twice, None, "{run} is listed twice");
        }
        let Json::String(next) = &page["next"] else { return runs };
        path = format!("/api/metrics/campaign?limit=1000&cursor={next}");
    }
}

/// Says which runs differ, not all that there are.
#[track_caller]
fn same(round: u64, place: &str, found: &Runs, promised: &Runs) {
    let differing: Vec<_> = promised
        .keys()
        .chain(found.keys())
        .filter(|run| found.get(*run) != promised.get(*run))
        .map(|run| format!("{run}: promised {:?}, found {:?}", promised.get(run), found.get(run)))
        .take(10)
        .collect();
    assert!(differing.is_empty(), "round {round}, {place}:\n{}", differing.join("\n"));
}
