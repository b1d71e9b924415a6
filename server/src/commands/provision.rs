//! `studio provision`: makes in the organisation what the product needs there; again, it changes nothing.

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Args;
use dataverse::Client;
use model::record::KINDS;
use pipeline::{Mapping, ProvisionPlan, ProvisionScope, ProvisionStep};

use super::{Failure, say};
use crate::{
    delivery_service::{self, DataverseEndpoint},
    settings::{Mistake, Mistakes, Mode, Settings, Sources},
};

/// Definitions are made one after the other, and an organisation may ask for pauses.
const PATIENCE: Duration = Duration::from_secs(120);
const NEEDS_ROLE: &str = "this needs the role System Administrator for this once (docs/dataverse.md, step 4)";
const ALL_STANDS: &str = "everything stands already";

#[derive(Debug, Args)]
pub struct Provision {
    /// Only says what would be made
    #[arg(long)]
    dry_run: bool,
}

impl Provision {
    pub async fn run(self, sources: &Sources) -> Result<(), Failure> {
        let settings = Settings::read(sources)?;
        let mapping = Mapping::named(KINDS, &settings.names);
        let Mode::Connected(organisation) = settings.way else {
            let sentence =
                "is missing: there is no organisation to provision; the embedded way does it by itself";
            return Err(Mistakes(vec![Mistake::new("DATAVERSE_URL", sentence)]).into());
        };
        let client = DataverseEndpoint::Real(organisation)
            .client(PATIENCE, None)
            .context("no connection can be set up")?;
        let client = client.context("there is no organisation")?;
        if self.dry_run { plan(&client, &mapping).await } else { make(&client, &mapping).await }
    }
}

async fn plan(client: &Client, mapping: &Mapping) -> Result<(), Failure> {
    let plan = pipeline::plan(client, mapping, ProvisionScope::Everything).await;
    let ProvisionPlan { steps, conflicts } = plan.map_err(told)?;
    steps.iter().for_each(|step| say(&format!("would make {step}")));
    if !conflicts.is_empty() {
        return Err(anyhow!(pipeline::Error::Clash { conflicts }).into());
    }
    if steps.is_empty() {
        say(ALL_STANDS);
    }
    Ok(())
}

async fn make(client: &Client, mapping: &Mapping) -> Result<(), Failure> {
    let mut none = true;
    let mut made = |step: &ProvisionStep| {
        none = false;
        say(&format!("made {step}"));
    };
    let tenants = delivery_service::tenants();
    let done = pipeline::provision(client, mapping, &tenants, ProvisionScope::Everything, &mut made).await;
    done.map_err(told)?;
    if none {
        say(ALL_STANDS);
    }
    Ok(())
}

/// Privileges are missing by the dozen, one after the other; the role that has them all is one.
fn told(error: pipeline::Error) -> anyhow::Error {
    let is_forbidden =
        matches!(&error, pipeline::Error::Provision { cause, .. } if cause.forbidden().is_some());
    let error = anyhow::Error::new(error);
    if is_forbidden { error.context(NEEDS_ROLE) } else { error }
}
