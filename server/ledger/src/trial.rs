//! Records for the tests within the stores.

use model::{
    record::{self, Record, campaign_run::CAMPAIGN_RUN},
    time::Timestamp,
};

pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

pub(crate) fn runs(from: usize, count: usize) -> Vec<Record> {
    let run = |number: usize| {
        let json = format!(
            r#"{{"campaignId":"c","runId":"{number}","phase":"1","agentsTotal":1,"agentsSuccessful":1}}"#
        );
        record::parse(&CAMPAIGN_RUN, &json, NOW).unwrap()
    };
    (from..from + count).map(run).collect()
}
