//! What the server was told: environment, then `studio.toml`, then defaults. Every mistake is found before any is told.

mod database;
mod logging;
mod mistakes;
mod names;
mod organisation;
mod sources;
mod table;
mod values;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use ledger::Database;
use model::{calendar::Zone, time::Timestamp};
use pipeline::NamesByKind;

pub use database::database_at;
pub use logging::{LogFormat, Logging};
pub use mistakes::{Mistake, Mistakes};
pub use organisation::{Mode, OrganisationSettings};
pub use sources::Sources;
pub use table::TABLE;
pub use values::{DEFAULT_FOLDERS, PublicUrl};

use mistakes::SettingReader;

/// Everything that can be set, read and checked.
#[derive(Clone, Debug)]
pub struct Settings {
    pub listen: SocketAddr,
    /// The data folder.
    pub data: PathBuf,
    /// None: the ledger starts empty and nothing is invented.
    pub demo: Option<DemoSettings>,
    /// The time zone of people who have chosen none.
    pub zone: Zone,
    pub logging: Logging,
    /// The moment at which the clock stands still.
    pub frozen: Option<Timestamp>,
    /// How people reach the server when something stands in front of it.
    pub public_url: Option<PublicUrl>,
    pub way: Mode,
    /// Requests to Dataverse a day, at most.
    pub budget: Option<u64>,
    /// How often Dataverse is asked what others wrote there.
    pub mirror_every: Duration,
    /// Where the ledger lives when it is not in the data folder.
    pub database: Option<Database>,
    /// How long records that are on the way are this server's alone, where that is set.
    pub lease: Option<Duration>,
    /// What the organisation calls tables and columns that have names of their own.
    pub names: NamesByKind,
}

/// What the demo data are grown from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoSettings {
    pub seed: u64,
}

impl Settings {
    /// # Errors
    /// All mistakes at once, each under its setting's name.
    pub fn read(sources: &Sources) -> Result<Self, Mistakes> {
        let mut reader = SettingReader::of(sources);
        let way = organisation::way(&mut reader);
        let database = database::database(&mut reader, &way);
        let lease = reader.read("STUDIO_LEASE", database::lease);
        let listen = reader.read("STUDIO_ADDR", values::address);
        let data = reader.read("STUDIO_DATA", values::folder);
        let seed = reader.read("STUDIO_DEMO_SEED", values::seed);
        let zone = reader.read("STUDIO_TZ", values::zone);
        let level = reader.read("STUDIO_LOG", logging::filter);
        let format = reader.read("STUDIO_LOG_FORMAT", logging::format);
        let public_url = reader.read("STUDIO_PUBLIC_URL", values::public_url);
        let budget = reader.read("STUDIO_DATAVERSE_BUDGET", values::some);
        let mirror_every = reader.read("STUDIO_MIRROR_SECONDS", values::some);
        let demo_on = demo(&mut reader, &way);
        let frozen = frozen(&mut reader, &way);
        let names = names::names(&mut reader);
        reader.finish()?;
        Ok(Self {
            listen: listen.unwrap_or_else(values::default_address),
            data: data.unwrap_or_else(|| values::default_folder(&way, demo_on)),
            demo: demo_on.then_some(DemoSettings { seed: seed.unwrap_or(values::DEFAULT_SEED) }),
            zone: zone.unwrap_or_else(Zone::utc),
            logging: Logging {
                filter: level.unwrap_or_else(|| logging::DEFAULT_FILTER.to_owned()),
                format: format.unwrap_or_default(),
            },
            frozen,
            public_url,
            budget,
            mirror_every: mirror_every.map_or_else(|| way.mirror_every(), Duration::from_secs),
            way,
            database,
            lease,
            names,
        })
    }

    /// Where the ledger lives.
    #[must_use]
    pub fn ledger(&self) -> ledger::StoreSettings {
        match &self.database {
            Some(database) => ledger::StoreSettings::Database(database.clone()),
            None => ledger::StoreSettings::Folder(self.data.clone()),
        }
    }
}

/// Demo data are for the organisation that the server brings along: they are not wanted in a real one.
fn demo(reader: &mut SettingReader<'_>, way: &Mode) -> bool {
    let embedded = matches!(way, Mode::Embedded);
    match reader.read("STUDIO_DEMO", values::switch) {
        Some(true) if !embedded => {
            reader.mistake(
                "STUDIO_DEMO",
                "is on, and demo data would reach a real organisation; set it to off, or take the Dataverse settings away",
            );
            false
        }
        Some(on) => on,
        None => embedded,
    }
}

fn frozen(reader: &mut SettingReader<'_>, way: &Mode) -> Option<Timestamp> {
    let at = reader.read("STUDIO_NOW", values::moment)?;
    if !matches!(way, Mode::Embedded) {
        reader.mistake(
            "STUDIO_NOW",
            "stops the clock for tests and pictures, which only the embedded way allows; take it away",
        );
    }
    Some(at)
}

#[cfg(test)]
mod tests;
