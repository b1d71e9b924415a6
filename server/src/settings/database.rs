//! Which PostgreSQL holds the ledger, where one does: the scaled way.

use std::time::Duration;

use ledger::Database;

use super::{Mistakes, Situation, Sources, mistakes::SettingReader, organisation::Mode};

pub(super) const ADDRESS: &str = "DATABASE_URL";
const ADDRESS_FILE: &str = "DATABASE_URL_FILE";
const SCHEMA: &str = "STUDIO_SCHEMA";
const LEASE_MOST: u64 = 86_400;

/// None: the ledger is an SQLite file in the data folder.
pub(super) fn database(reader: &mut SettingReader<'_>, way: &Mode) -> Option<Database> {
    if is_set(reader) && way.is_embedded() {
        reader.mistake(
            ADDRESS,
            "chooses the scaled way, which needs an organisation, or each server would have an emulator of its own; set \
             DATAVERSE_URL and how to sign in to it, or USE_DATAVERSE=false where a flow carries the records",
        );
    }
    let database = set(reader)?;
    in_schema(reader, database)
}

fn is_set(reader: &SettingReader<'_>) -> bool {
    [ADDRESS, ADDRESS_FILE].iter().any(|name| reader.text(name).is_some())
}

/// The address itself, or a file that holds it.
fn set(reader: &mut SettingReader<'_>) -> Option<Database> {
    if reader.text(ADDRESS_FILE).is_none() {
        return reader.read(ADDRESS, address);
    }
    if reader.text(ADDRESS).is_some() {
        reader.mistake(ADDRESS, format!("and {ADDRESS_FILE} are both set; keep one of them"));
        return None;
    }
    let text = reader.text_file(ADDRESS_FILE, "the database's address")?;
    address(&text).map_err(|sentence| reader.mistake(ADDRESS_FILE, sentence)).ok()
}

/// A database that a command was told, or the one of the settings.
///
/// # Errors
/// When there is none, or it cannot be meant.
pub fn database_at(sources: &Sources, told: Option<&str>) -> Result<Database, Mistakes> {
    let mut reader = SettingReader::of(sources);
    let database = match told {
        None => set(&mut reader),
        Some(text) => address(text).map_err(|sentence| reader.mistake("--to", sentence)).ok(),
    };
    if told.is_none() && !is_set(&reader) {
        reader.mistake(ADDRESS, "is missing, and nothing else names the database");
    }
    let database = database.and_then(|database| in_schema(&mut reader, database));
    reader.finish()?;
    // A mistake stands behind one that is missing.
    database.ok_or_else(|| Mistakes(Vec::new()))
}

fn in_schema(reader: &mut SettingReader<'_>, database: Database) -> Option<Database> {
    let situation = Situation { is_embedded: false, has_demo: false };
    reader.read_or_default(SCHEMA, situation, |name| database.in_schema(name).map_err(|bad| bad.to_string()))
}

fn address(text: &str) -> Result<Database, String> {
    let lower = text.to_ascii_lowercase();
    let file = ["sqlite:", "file:", "/", "./"].iter().any(|start| lower.starts_with(start))
        || [".db", ".sqlite", ".sqlite3"].iter().any(|end| lower.ends_with(end));
    if file && !lower.starts_with("postgres") {
        return Err("names a file, and is for PostgreSQL alone (postgres://user:password@host/database); SQLite needs no \
                    address: unset it, and STUDIO_DATA says which folder holds the ledger"
            .to_owned());
    }
    Database::parse(text).map_err(|bad| bad.to_string())
}

/// How long records that are on the way are one server's alone.
pub(super) fn lease(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (1..=LEASE_MOST).contains(seconds));
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| format!("must be a number of seconds from 1 to {LEASE_MOST}"))
}
