//! `studio provision`: makes in the organisation what the product needs there; again, it changes nothing.

use std::io::Write as _;

use anyhow::Context as _;
use clap::Args;

use super::Failure;
use crate::{
    carrier::{self, Target},
    settings::{Mistake, Mistakes, Settings, Sources, Way},
};

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
        let client = Target::Real(organisation).client().context("no connection can be set up")?;
        let client = client.context("there is no organisation")?;
        let (steps, conflicts, word) = if self.dry_run {
            let (steps, conflicts) =
                pipeline::plan(&client).await.context("the organisation cannot be read")?;
            (steps, conflicts, "would make")
        } else {
            let done = pipeline::provision(&client, &carrier::tenants()).await.map_err(anyhow::Error::new)?;
            (done.made, done.conflicts, "made")
        };
        let mut out = std::io::stdout().lock();
        for step in &steps {
            writeln!(out, "{word} {step}").context("nobody reads standard output")?;
        }
        if steps.is_empty() {
            writeln!(out, "everything stands already").context("nobody reads standard output")?;
        }
        if conflicts.is_empty() {
            return Ok(());
        }
        Err(anyhow::anyhow!(
            "the organisation holds something else than expected:\n  {}",
            conflicts.join("\n  ")
        )
        .into())
    }
}
