//! `studio adopt`: a ledger goes to the organisation of the settings, whichever it belonged to before.

use model::{record::KINDS, rng::Seeded};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use ledger::{Claim, Ledger, LedgerIdentity, Owner};

use super::{Failure, say};
use crate::{
    clock,
    delivery_service::{DataverseEndpoint, belonging},
    random,
    settings::{Mistake, Mistakes, Mode, Settings, Sources},
};

/// No request waits for it, so that an organisation may ask for a pause.
const PATIENCE: Duration = Duration::from_secs(120);
/// A large ledger has a long line.
const TRANSACTION: Duration = Duration::from_secs(3600);

#[derive(Debug, Args)]
pub struct Adopt {
    /// Send everything once more, as to an organisation that never had it: after tables or columns got other names
    #[arg(long)]
    again: bool,
}

impl Adopt {
    pub async fn run(self, sources: &Sources) -> Result<(), Failure> {
        adopt(sources, self.again).await
    }
}

async fn adopt(sources: &Sources, again: bool) -> Result<(), Failure> {
    let settings = Settings::read(sources)?;
    let Mode::Connected(organisation) = settings.way.clone() else {
        let sentence = "is missing: there is no organisation that the ledger could go to";
        return Err(Mistakes(vec![Mistake::new("DATAVERSE_URL", sentence)]).into());
    };
    let target = DataverseEndpoint::Real(organisation);
    let client = target.client(PATIENCE, None).context("no connection can be set up")?;
    let client = client.context("there is no organisation")?;
    let asked =
        belonging::owner(&target, &client).await.context("the organisation does not say who it is")?;
    let place = match settings.ledger() {
        ledger::StoreSettings::Database(database) => {
            ledger::StoreSettings::Database(database.with_patience(TRANSACTION))
        }
        folder @ ledger::StoreSettings::Folder(_) => folder,
    };
    let ledger = Ledger::open(KINDS, place, clock::clock(None), Seeded::new(random::seed()))
        .await
        .map_err(anyhow::Error::new)?;
    let done = claim(&ledger, &settings, asked, again).await;
    ledger.close().await;
    Ok(done?)
}

async fn claim(ledger: &Ledger, settings: &Settings, asked: Owner, again: bool) -> anyhow::Result<()> {
    let traces =
        if settings.database.is_none() { belonging::traces(&settings.data) } else { Default::default() };
    let before = ledger.identity().await?;
    let after = ledger.claim(Claim::Adopt { owner: asked.clone(), again }, traces).await?;
    say(&told(&asked, &before, &after));
    Ok(())
}

fn told(asked: &Owner, before: &LedgerIdentity, after: &LedgerIdentity) -> String {
    if before.is_of_before(after) {
        return format!(
            "The ledger belongs to {asked} from now on. Nothing counts as delivered any more: the next start looks at what \
             stands there, takes what it finds, and sends the rest."
        );
    }
    if before.owner.as_ref().is_some_and(|owner| owner.id == asked.id) {
        return format!("The ledger belongs to {asked} already; nothing was changed.");
    }
    format!("The ledger belongs to {asked} from now on.")
}
