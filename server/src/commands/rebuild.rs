//! `studio rebuild`: a lost ledger is read in again out of Dataverse.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow};
use ledger::Ledger;
use model::{record::KINDS, rng::Seeded};
use pipeline::{Mapping, NamesByKind};

use super::{Failure, say, stop};
use crate::{
    clock, data_folder,
    delivery_service::{self, DataverseEndpoint, belonging},
    random,
    settings::{Mistake, Mistakes, Mode, Settings, Sources},
};

/// No request waits for an answer, so that an organisation may ask for long pauses.
const PATIENCE: Duration = Duration::from_secs(300);
/// After how many rows progress is told.
const STEP: u64 = 50_000;

pub async fn run(sources: &Sources) -> Result<(), Failure> {
    let wish = stop::shutdown_signal().context("signals cannot be listened for")?;
    let settings = Settings::read(sources)?;
    let Mode::Connected(organisation) = settings.way.clone() else {
        let sentence = "is missing: there is no organisation to read a ledger from";
        return Err(Mistakes(vec![Mistake::new("DATAVERSE_URL", sentence)]).into());
    };
    if settings.database.is_none() {
        data_folder::prepare(&settings.data).map_err(anyhow::Error::new)?;
    }
    let clock = clock::clock(None);
    let ledger = Ledger::open(KINDS, settings.ledger(), Arc::clone(&clock), Seeded::new(random::seed()))
        .await
        .map_err(anyhow::Error::new)?;
    let target = DataverseEndpoint::Real(organisation);
    let client = target.client(PATIENCE, None).context("no connection can be set up")?;
    let client = client.context("there is no organisation")?;
    let read = async {
        empty(&ledger).await?;
        belonging::contact(&target, &client, &ledger).await?;
        read(&ledger, client, &settings.names, clock).await
    };
    let ended = tokio::select! {
        read = read => read,
        () = wish => Err(anyhow!("stopped halfway; start `studio`, which reads on, or empty the folder and begin anew")),
    };
    ledger.close().await;
    Ok(ended?)
}

async fn read(
    ledger: &Ledger,
    client: dataverse::Client,
    names: &NamesByKind,
    clock: Arc<dyn model::clock::Clock>,
) -> anyhow::Result<()> {
    let mut told = 0;
    let mut progress = |rows: u64| {
        if rows / STEP > told {
            told = rows / STEP;
            say(&format!("{rows} rows read"));
        }
    };
    let mapping = Mapping::named(KINDS, names).as_it_stands(&client).await?;
    let mapping = Arc::new(mapping);
    let rows = pipeline::rebuild(
        ledger.clone(),
        client,
        mapping,
        &delivery_service::tenants(),
        clock,
        &mut progress,
    )
    .await?;
    for tenant in delivery_service::tenants() {
        for balance in ledger.delivery_counts(tenant.id).await?.balance {
            let (table, kept, unaccounted) = (balance.table, balance.durable, balance.unaccounted());
            say(&format!("{table}: {kept} records in the ledger, {unaccounted} unaccounted"));
        }
        let rejected = ledger.delivery_counts(tenant.id).await?.reflected.rejected;
        if rejected > 0 {
            say(&format!("{rejected} rows break a rule and were left out; /pipeline shows them"));
        }
    }
    say(&format!("{rows} rows were read; `studio` goes on from here"));
    Ok(())
}

/// What is there already would count as known, and hide what is missing.
async fn empty(ledger: &Ledger) -> anyhow::Result<()> {
    for tenant in delivery_service::tenants() {
        let counts = ledger.delivery_counts(tenant.id).await?;
        let records: i64 = counts.balance.iter().map(|balance| balance.durable).sum();
        if records > 0 {
            return Err(anyhow!(
                "this ledger holds {records} records already; move it away, or set STUDIO_DATA to an empty folder"
            ));
        }
    }
    Ok(())
}
