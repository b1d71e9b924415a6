//! An organisation that fails in every way it knows, and can be looked into when it has calmed down.

use std::{sync::Arc, time::Duration};

use dataverse::{Client, Query};
use emulator::{Disturbance, Emulator, FaultEffect, Limits, Options};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tokio::{task::JoinHandle, time::sleep};

use super::{Runs, Said};
use crate::reach;

pub struct OracleOrganisation {
    emulator: Arc<Emulator>,
    client: Client,
    settings: Vec<(&'static str, String)>,
}

impl OracleOrganisation {
    pub async fn found() -> Self {
        let limits = Limits { requests: u32::MAX, ..Limits::default() };
        let emulator = reach::provisioned(Options { limits, ..Options::default() }).await;
        Self {
            client: reach::client(&emulator),
            settings: reach::settings(&emulator),
            emulator: Arc::new(emulator),
        }
    }

    pub fn settings(&self) -> Vec<(&'static str, &str)> {
        reach::borrowed(&self.settings)
    }

    /// One fault after another, until it is aborted.
    pub fn trouble(&self, seed: u64) -> JoinHandle<()> {
        let emulator = Arc::clone(&self.emulator);
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        tokio::spawn(async move {
            loop {
                match chance.random_range(0..9) {
                    0 => emulator.revoke_tokens(),
                    1 => emulator.advance_clock(Duration::from_secs(chance.random_range(1..7200))),
                    2 => emulator.calm(),
                    _ => emulator.disturb(fault(&mut chance)),
                }
                sleep(Duration::from_millis(chance.random_range(5..80))).await;
            }
        })
    }

    pub fn calm(&self) {
        self.emulator.calm();
    }

    /// Every run that is there.
    pub async fn runs(&self) -> Runs {
        let columns = ["apex_runid", "apex_tokensin", "apex_costusd"];
        let rows =
            self.client.query(Query::of("apex_campaignmetricses").select(columns)).all().await.unwrap();
        let mut runs = Runs::new();
        for row in rows {
            let cost = format!("{:.5}", row["apex_costusd"].as_f64().unwrap());
            let said = Said { tokens_in: row["apex_tokensin"].as_i64().unwrap(), cost };
            let twice = runs.insert(row["apex_runid"].as_str().unwrap().to_owned(), said);
            assert_eq!(twice, None, "{row} is there twice");
        }
        runs
    }
}

fn fault(chance: &mut ChaCha8Rng) -> Disturbance {
    let times = Some(chance.random_range(1..6));
    let effect = match chance.random_range(0..8) {
        0 => FaultEffect::Delay,
        1 => FaultEffect::CutBefore,
        2 | 3 => FaultEffect::CutAfter,
        4 => FaultEffect::Hang,
        _ => FaultEffect::Answer,
    };
    let status = (effect == FaultEffect::Answer).then(|| [429, 500, 502, 503][chance.random_range(0..4)]);
    Disturbance {
        effect,
        status,
        retry_after: status.filter(|status| *status == 429).map(|_| chance.random_range(0..2)),
        milliseconds: Some(chance.random_range(10..200)),
        times: if effect == FaultEffect::Hang { Some(1) } else { times },
        ..Disturbance::default()
    }
}
