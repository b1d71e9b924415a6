//! What the tests within the stores begin with.

use std::sync::Arc;

use model::{
    clock::ManualClock,
    record::{self, KINDS, Record, campaign_run::CAMPAIGN_RUN},
    rng::Seeded,
    time::Timestamp,
};
use tokio::sync::watch;

use crate::opening::Opening;

pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

pub(crate) fn opening() -> Opening {
    Opening {
        kinds: KINDS,
        clock: Arc::new(ManualClock::at(NOW)),
        random: Arc::new(Seeded::new(1)),
        changes: watch::Sender::new(0),
    }
}

pub(crate) fn runs(from: usize, count: usize) -> Vec<Record> {
    let run = |number: usize| {
        let json = format!(
            r#"{{"campaignId":"c","runId":"{number}","phase":"1","agentsTotal":1,"agentsSuccessful":1}}"#
        );
        record::parse(&CAMPAIGN_RUN, &json, NOW).unwrap()
    };
    (from..from + count).map(run).collect()
}
