//! `studio provision`: makes in the organisation what the product needs there; again, it changes nothing.

use std::{io::Write as _, time::Duration};

use anyhow::{Context as _, anyhow};
use clap::Args;
use pipeline::{Plan, Scope};

use super::Failure;
use crate::{
    carrier::{self, Target},
    settings::{Mistake, Mistakes, Settings, Sources, Way},
};

/// Definitions are made one after the other, and an organisation may ask for pauses.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Debug, Args)]
pub struct Provision {
    /// Only says what would be made
    #[arg(long)]
    dry_run: bool,
}

impl Provision {
    pub async fn run(self) -> Result<(), Failure> {
        let settings = Settings::read(&Sources::of_machine())?;
        let Way::Connected(organisation) = settings.way else {
            let sentence =
                "is missing: there is no organisation to provision; the embedded way does it by itself";
            return Err(Mistakes(vec![Mistake::new("DATAVERSE_URL", sentence)]).into());
        };
        let client = Target::Real(organisation).client(PATIENCE).context("no connection can be set up")?;
        let client = client.context("there is no organisation")?;
        let Plan { steps, conflicts } =
            pipeline::plan(&client, Scope::Everything).await.context("the organisation cannot be read")?;
        let clash = (!conflicts.is_empty()).then(|| pipeline::Error::Clash { conflicts });
        if self.dry_run {
            steps.iter().try_for_each(|step| say(&format!("would make {step}")))?;
        } else if clash.is_none() {
            let tenants = carrier::tenants();
            let made = pipeline::provision(&client, &tenants, Scope::Everything).await;
            for step in made.map_err(anyhow::Error::new)? {
                say(&format!("made {step}"))?;
            }
        }
        if steps.is_empty() && clash.is_none() {
            say("everything stands already")?;
        }
        clash.map_or(Ok(()), |clash| Err(anyhow!(clash).into()))
    }
}

fn say(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{line}").context("nobody reads standard output")
}
