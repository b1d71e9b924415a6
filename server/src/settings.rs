//! What the server was told: environment, then `studio.toml`, then defaults. Every mistake is found before any is told.

mod database;
mod logging;
mod mistakes;
mod names;
mod organisation;
mod sign_in;
mod sources;
mod table;
mod values;

use std::{
    net::SocketAddr,
    path::{self, PathBuf},
    time::Duration,
};

use ledger::Database;
use model::{calendar::Zone, time::Timestamp};
use pipeline::NamesByKind;

pub use database::database_at;
pub use logging::{LogFormat, Logging};
pub use mistakes::{Mistake, Mistakes};
pub use organisation::{Mode, OrganisationSettings};
pub use sign_in::{ProviderSettings, SignInSettings};
pub use sources::{SettingOrigin, Sources};
pub use table::{Setting, Situation, TABLE, default_folders};
pub use values::PublicUrl;

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
    /// Whether browsers tell how fast the panel was painted.
    pub beacon: bool,
    pub sign_in: SignInSettings,
    pub way: Mode,
    /// What the runs of a month may cost, in hundred-thousandths of a dollar.
    pub cost_budget_e5: Option<i64>,
    /// Requests to Dataverse a day, at most.
    pub budget: Option<u64>,
    /// How often Dataverse is asked what others wrote there.
    pub mirror_every: Duration,
    /// Where the ledger lives when it is not in the data folder.
    pub database: Option<Database>,
    /// How long records that are on the way are this server's alone.
    pub lease: Duration,
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
        let has_demo = demo(&mut reader, &way);
        let situation = Situation { is_embedded: way.is_embedded(), has_demo };
        let lease = reader.read_or_default("STUDIO_LEASE", situation, database::lease);
        let listen = reader.read_or_default("STUDIO_ADDR", situation, values::address);
        let data = reader.read_or_default("STUDIO_DATA", situation, values::folder);
        let seed = reader.read_or_default("STUDIO_DEMO_SEED", situation, values::seed);
        let zone = reader.read_or_default("STUDIO_TZ", situation, values::zone);
        let filter = reader.read_or_default("STUDIO_LOG", situation, logging::filter);
        let format = reader.read_or_default("STUDIO_LOG_FORMAT", situation, logging::format);
        let mirror_every = reader.read_or_default("STUDIO_MIRROR_SECONDS", situation, values::seconds);
        let public_url = reader.read("STUDIO_PUBLIC_URL", values::public_url);
        let beacon = reader.read_or_default("STUDIO_BEACON", situation, values::switch);
        let cost_budget_e5 = reader.read("STUDIO_COST_BUDGET", values::dollars);
        let budget = reader.read("STUDIO_DATAVERSE_BUDGET", values::some);
        let frozen = frozen(&mut reader, &way);
        let names = names::names(&mut reader);
        let sign_in = sign_in::sign_in(&mut reader);
        reader.finish()?;
        let (Some(lease), Some(listen), Some(data), Some(seed), Some(zone), Some(filter), Some(format)) =
            (lease, listen, data, seed, zone, filter, format)
        else {
            // A mistake stands behind each that is missing.
            return Err(Mistakes(Vec::new()));
        };
        let (Some(mirror_every), Some(beacon)) = (mirror_every, beacon) else {
            return Err(Mistakes(Vec::new()));
        };
        Ok(Self {
            listen,
            data,
            demo: has_demo.then_some(DemoSettings { seed }),
            zone,
            logging: Logging { filter, format },
            frozen,
            public_url,
            beacon,
            sign_in,
            cost_budget_e5,
            way,
            budget,
            mirror_every,
            database,
            lease,
            names,
        })
    }

    /// What the defaults in force depend on.
    #[must_use]
    pub const fn situation(&self) -> Situation {
        Situation { is_embedded: self.way.is_embedded(), has_demo: self.demo.is_some() }
    }

    /// Where the ledger lives, in words: never with a password.
    #[must_use]
    pub fn ledger_place(&self) -> String {
        match &self.database {
            Some(database) => database.to_string(),
            None => path::absolute(&self.data).unwrap_or_else(|_| self.data.clone()).display().to_string(),
        }
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
    let situation = Situation { is_embedded: way.is_embedded(), has_demo: false };
    match reader.read_or_default("STUDIO_DEMO", situation, values::switch) {
        Some(true) if !way.is_embedded() => {
            reader.mistake(
                "STUDIO_DEMO",
                "is on, and demo data would reach a real organisation; set it to off, or take the Dataverse settings away",
            );
            false
        }
        on => on.unwrap_or(false),
    }
}

fn frozen(reader: &mut SettingReader<'_>, way: &Mode) -> Option<Timestamp> {
    let at = reader.read("STUDIO_NOW", values::moment)?;
    if !way.is_embedded() {
        reader.mistake(
            "STUDIO_NOW",
            "stops the clock for tests and pictures, which only the embedded way allows; take it away",
        );
    }
    Some(at)
}

#[cfg(test)]
mod tests;
