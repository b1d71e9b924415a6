//! The ledger that files are taken into: the one of the settings, whose it is looked at as by a server's start.

use std::sync::Arc;

use anyhow::anyhow;
use ledger::{Ledger, OpenError};
use model::{clock::Clock, record::KINDS, rng::Seeded};

use crate::{
    data_folder,
    delivery_service::{DataverseEndpoint, belonging},
    random,
    settings::{Mistake, Mistakes, Settings, Sources},
};

/// # Errors
/// Mistakes in the settings, and demo data as the ledger's content.
pub fn settings(sources: &Sources) -> Result<Settings, Mistakes> {
    let settings = Settings::read(sources)?;
    if settings.demo.is_none() {
        return Ok(settings);
    }
    let sentence = "is on as long as nothing else is set, and records of your own are not to be mixed with demo data; set \
                    STUDIO_DEMO=off and STUDIO_DATA, or what your server is set to, and call this again";
    Err(Mistakes(vec![Mistake::new("STUDIO_DEMO", sentence)]))
}

/// The ledger of the settings, opened as by a server's start.
pub struct ImportTarget {
    pub ledger: Ledger,
    organisation: DataverseEndpoint,
}

impl ImportTarget {
    /// # Errors
    /// Each says what to do about it.
    pub async fn open(settings: &Settings, clock: &Arc<dyn Clock>) -> anyhow::Result<Self> {
        if settings.database.is_none() {
            data_folder::prepare(&settings.data)?;
        }
        let random = Seeded::new(random::seed());
        let ledger = Ledger::open(KINDS, settings.ledger(), Arc::clone(clock), random).await.map_err(told)?;
        match belonging::open(settings, &ledger).await {
            Ok(organisation) => Ok(Self { ledger, organisation }),
            Err(refused) => {
                ledger.close().await;
                Err(refused)
            }
        }
    }

    pub async fn close(self) {
        self.ledger.close().await;
        self.organisation.close().await;
    }
}

fn told(error: OpenError) -> anyhow::Error {
    match error {
        OpenError::InUse { folder, holder } => anyhow!(
            "the ledger in {} is in use by a server or another import ({holder}), and a ledger in a folder is written by one \
             process: stop that server, call this again, and start it afterwards; nothing was written (on PostgreSQL both may \
             go on)",
            folder.display()
        ),
        other => other.into(),
    }
}
