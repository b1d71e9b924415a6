//! Which organisation the records go to: one inside this process, a real one, or none.

use std::{path::Path, time::Duration};

use dataverse::Client;
use emulator::{Controls, Emulator};
use jiff::civil::Date;
use ledger::Owner;

use crate::settings::{Mode, OrganisationSettings};

/// Where the records go.
pub enum DataverseEndpoint {
    Inside(Box<Emulator>),
    Real(OrganisationSettings),
    Nobody,
}

/// The emulator's part of the data folder.
pub(super) const FOLDER: &str = "emulator";

impl DataverseEndpoint {
    /// Starts the emulator where the records go to one.
    ///
    /// # Errors
    /// When the emulator cannot start.
    pub async fn open(way: &Mode, data: &Path) -> Result<Self, emulator::Error> {
        Ok(match way {
            Mode::Resting => Self::Nobody,
            Mode::Connected(organisation) => Self::Real(organisation.clone()),
            Mode::Embedded => {
                // Its descriptors are this process's, and so is its memory.
                let options = emulator::Options {
                    data: Some(data.join(FOLDER)),
                    only_here: true,
                    connections: 64,
                    ..emulator::Options::default()
                };
                Self::Inside(Box::new(Emulator::start(options).await?))
            }
        })
    }

    /// The organisation of an emulator inside this process.
    #[must_use]
    pub fn inside(&self) -> Option<Owner> {
        let Self::Inside(emulator) = self else { return None };
        let place = "inside this server".to_owned();
        Some(Owner { id: emulator.organization_id(), place, inside: true })
    }

    /// How people know it.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Inside(emulator) => format!("{} (the emulator inside this server)", emulator.url()),
            Self::Real(organisation) => organisation.address.clone(),
            Self::Nobody => "none; USE_DATAVERSE is false, a flow carries the records".to_owned(),
        }
    }

    /// A client of it that waits up to `patience` where Dataverse asks to be left alone; none where there is none to talk
    /// to. What is leased for a time has to be answered within it, or another process might send a newer state first.
    ///
    /// # Errors
    /// When no connection can be set up.
    pub fn client(
        &self,
        patience: Duration,
        lease: Option<Duration>,
    ) -> Result<Option<Client>, dataverse::Error> {
        let mut settings = match self {
            Self::Nobody => return Ok(None),
            Self::Inside(emulator) => dataverse::Settings::new(
                emulator.url(),
                emulator.token_url(),
                emulator.client_id(),
                emulator.client_secret(),
            ),
            Self::Real(organisation) => dataverse::Settings::new(
                &organisation.address,
                &organisation.token_url,
                &organisation.client_id,
                organisation.credential.clone(),
            ),
        };
        if let Self::Real(organisation) = self {
            settings.extra_roots.clone_from(&organisation.extra_roots);
        }
        settings.patience = patience;
        if let Some(lease) = lease {
            settings.deadline = settings.deadline.min(lease / 2);
        }
        Client::new(settings).map(Some)
    }

    /// A hand on the faults of the emulator inside.
    #[must_use]
    pub fn controls(&self) -> Option<Controls> {
        if let Self::Inside(emulator) = self { Some(emulator.controls()) } else { None }
    }

    /// When the credentials end, where that is known.
    #[must_use]
    pub fn expires(&self) -> Option<Date> {
        if let Self::Real(organisation) = self { organisation.expires } else { None }
    }

    /// How often delivered records are read back: beside us it costs nothing, elsewhere requests are counted.
    #[must_use]
    pub fn read_back_every(&self) -> Duration {
        Duration::from_secs(if matches!(self, Self::Inside(_)) { 10 } else { 30 })
    }

    /// Ends what was started.
    pub async fn close(self) {
        if let Self::Inside(emulator) = self {
            emulator.stop().await;
        }
    }
}
