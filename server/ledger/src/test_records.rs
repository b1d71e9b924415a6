//! What the tests within the stores begin with.

use std::sync::Arc;

use model::{
    clock::ManualClock,
    record::{self, KINDS, Record, campaign_run::CAMPAIGN_RUN},
    rng::Seeded,
    time::Timestamp,
};
use sqlx::Error;
use tokio::sync::watch;

use crate::{
    opening::Opening,
    postgres, sqlite,
    write::{On, Write},
};

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

/// Runs a statement, as no disk would do on demand.
pub(crate) struct Spoil(pub(crate) String);

/// Breaks the writer off, as no bug would do on demand.
pub(crate) struct BreakOff;

impl Write for Spoil {
    type Answer = ();
}

impl Write for BreakOff {
    type Answer = ();
}

impl On<sqlite::InFile> for Spoil {
    async fn perform(&mut self, step: &mut sqlite::StepIn<'_>) -> Result<(), Error> {
        step.run(&self.0).await
    }
}

impl On<postgres::InDatabase> for Spoil {
    async fn perform(&mut self, step: &mut postgres::StepIn<'_>) -> Result<(), Error> {
        step.run(&self.0).await
    }
}

impl On<sqlite::InFile> for BreakOff {
    async fn perform(&mut self, _step: &mut sqlite::StepIn<'_>) -> Result<(), Error> {
        panic!("asked for by a test")
    }
}

impl On<postgres::InDatabase> for BreakOff {
    async fn perform(&mut self, _step: &mut postgres::StepIn<'_>) -> Result<(), Error> {
        panic!("asked for by a test")
    }
}
