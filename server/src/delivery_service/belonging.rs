//! Whose ledger it is, asked before anything is told into it, sent from it or read into it: what was made up for a demo
//! never reaches a real organisation, and what an emulator took does not count as delivered.

use std::{fs, path::Path, time::Duration};

use dataverse::Client;
use ledger::{Claim, ClaimError, Ledger, LedgerError, Owner, Traces};
use tokio::time;

use super::DataverseEndpoint;
use crate::{
    demo,
    settings::{Mode, Settings},
};

/// How long a start waits for an organisation under a new address to say who it is. Later it is asked all the same, before
/// anything goes there.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub enum ContactError {
    #[error(transparent)]
    Claim(#[from] ClaimError),
    #[error("the organisation cannot be asked who it is: {0}; nothing is lost, and it is asked again")]
    Organisation(#[from] dataverse::Error),
}

/// Claims the ledger for where the settings take its records, and opens the way there.
///
/// # Errors
/// When its records are not to be taken there, or the emulator cannot start.
pub async fn open(settings: &Settings, ledger: &Ledger) -> anyhow::Result<DataverseEndpoint> {
    let (way, folder) = (&settings.way, &settings.data);
    let traces = if settings.database.is_none() { traces(folder) } else { Traces::default() };
    let tells = settings.demo.is_some();
    let claim = match way {
        Mode::Embedded => Claim::Inside { emulator: None, tells },
        Mode::Connected(_) => Claim::Connected(None),
        Mode::Resting => Claim::Resting,
    };
    // Refused before there is an emulator beside records of a real organisation.
    let known = ledger.claim(claim, traces).await?;
    let target = DataverseEndpoint::open(way, folder).await?;
    if let Some(emulator) = target.inside() {
        ledger.claim(Claim::Inside { emulator: Some(emulator), tells }, traces).await?;
    }
    let is_new = known.owner.is_some_and(|owner| owner.place != target.place());
    if let (true, DataverseEndpoint::Real(_), Some(client)) =
        (is_new, &target, target.client(Duration::ZERO, None)?)
    {
        match time::timeout(PATIENCE, contact(&target, &client, ledger)).await {
            Ok(Err(ContactError::Claim(refused))) => return Err(refused.into()),
            Ok(Err(ContactError::Organisation(error))) => {
                tracing::warn!(%error, "the organisation does not say who it is; nothing goes there before it does");
            }
            Ok(Ok(())) | Err(_) => {}
        }
    }
    Ok(target)
}

/// Asks the organisation who it is, and claims the ledger for it.
///
/// # Errors
/// When it does not say, or the ledger is another's.
pub async fn contact(
    target: &DataverseEndpoint,
    client: &Client,
    ledger: &Ledger,
) -> Result<(), ContactError> {
    let asked = owner(target, client).await?;
    ledger.claim(Claim::Connected(Some(asked)), Traces::default()).await?;
    Ok(())
}

/// A real organisation, as it says itself.
///
/// # Errors
/// When it does not say.
pub async fn owner(target: &DataverseEndpoint, client: &Client) -> Result<Owner, dataverse::Error> {
    let id = client.who_am_i().await?.organization_id;
    Ok(Owner { id, place: target.place(), inside: false })
}

/// What a version that did not keep whose a ledger is left in its folder.
pub fn traces(folder: &Path) -> Traces {
    Traces {
        story: demo::is_told(folder),
        emulator: fs::exists(folder.join(super::EMULATOR)).unwrap_or(true),
    }
}

/// Whether the ledger holds anything.
///
/// # Errors
/// When it does not answer.
pub async fn is_empty(ledger: &Ledger) -> Result<bool, LedgerError> {
    for tenant in super::tenants() {
        if ledger.delivery_counts(tenant.id).await?.balance.iter().any(|balance| balance.durable > 0) {
            return Ok(false);
        }
    }
    Ok(true)
}
