//! What was promised is kept, whatever happens: senders that remember what was acknowledged, a server that is killed at
//! random moments, and an organisation that fails in every way it knows. Afterwards ledger, organisation and memory are
//! compared row by row: nothing lost, nothing twice, nothing made up.
//!
//! `STUDIO_ROUNDS` says how often the server is killed (10), `STUDIO_SEED` which chances are taken (1).

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

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value as Json;
use tokio::time::sleep;

use self::{organisation::Organisation, sender::Sender};
use crate::studio::{Folder, Studio, until};

const SENDERS: usize = 6;

/// What a run says, as far as senders ever change it; by the run's id.
type Runs = BTreeMap<String, Said>;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    tokens_in: i64,
    cost: String,
}

#[tokio::test]
async fn nothing_is_lost_and_nothing_comes_twice() {
    let number = |name: &str, default: u64| env::var(name).map_or(default, |text| text.parse().unwrap());
    let (rounds, seed) = (number("STUDIO_ROUNDS", 10), number("STUDIO_SEED", 1));
    println!("{rounds} rounds with STUDIO_SEED={seed}");
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let organisation = Arc::new(Organisation::found().await);
    let mut senders: Vec<Sender> = (0..SENDERS).map(|name| Sender::new(name, chance.random())).collect();
    let mut folder = Folder::new();
    for round in 0..rounds {
        let studio = Studio::within(folder, &organisation.settings());
        // Most troubles meet a relay at work; some meet a server that has only just begun.
        if chance.random_bool(0.8) {
            carrying(&studio).await;
        }
        let trouble = Arc::clone(&organisation).trouble(chance.random());
        let stop = Arc::new(AtomicBool::new(false));
        let sending: Vec<_> = senders
            .into_iter()
            .map(|sender| tokio::spawn(sender.send_until(Arc::clone(&stop), studio.url.clone())))
            .collect();
        sleep(Duration::from_millis(chance.random_range(100..1500))).await;
        folder = studio.kill();
        stop.store(true, Relaxed);
        trouble.abort();
        organisation.calm();
        senders = Vec::new();
        for sending in sending {
            senders.push(sending.await.unwrap());
        }
        let studio = Studio::within(folder, &organisation.settings());
        for sender in &mut senders {
            sender.finish(&studio.url).await;
        }
        compare(round, &studio, &organisation, &senders).await;
        folder = studio.kill();
    }
    let acknowledged: usize = senders.iter().map(|sender| sender.acknowledged).sum();
    assert!(acknowledged > 0, "nothing was ever promised, so nothing was shown");
    println!("{acknowledged} promises kept");
}

async fn carrying(studio: &Studio) {
    until("a relay that carries", async || {
        (!studio.json("/api/pipeline").await["relay"].is_null()).then_some(())
    })
    .await;
}

async fn compare(round: u64, studio: &Studio, organisation: &Organisation, senders: &[Sender]) {
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
