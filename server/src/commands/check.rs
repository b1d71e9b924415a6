//! `studio check`: what is in force, with secrets masked, and whether the road to Dataverse holds.

mod trial;

use std::{fmt::Write as _, io::Write as _, time::Duration};

use anyhow::{Context as _, anyhow};
use dataverse::Client;
use emulator::Emulator;
use model::record::KINDS;
use pipeline::{Mapping, NamesByKind};

use super::Failure;
use crate::{
    clock,
    delivery_service::{self, DataverseEndpoint, expiry},
    settings::{Mode, SettingOrigin, Settings, Situation, Sources, TABLE},
};

/// How long a step sits out what Dataverse asks for.
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn run(sources: &Sources) -> Result<(), Failure> {
    let settings = Settings::read(sources)?;
    let mapping = Mapping::named(KINDS, &settings.names);
    tell(&in_force(sources, &settings.way, settings.situation()))?;
    tell(&names(&settings.names))?;
    let mut held = true;
    if let Some(database) = settings.database {
        tell(&format!("\nTrying {database}\n"))?;
        held &= trial::ledger(database, &mut tell).await?;
    }
    let target = target(settings.way).await?;
    match target.client(PATIENCE, None).context("no connection can be set up")? {
        Some(client) => held &= dataverse(&target, &client, &mapping).await?,
        None => tell("\nUSE_DATAVERSE is false: there is no connection to Dataverse to try.\n")?,
    }
    target.close().await;
    if held { Ok(()) } else { Err(anyhow!("not everything held; the lines above say what and why").into()) }
}

async fn dataverse(target: &DataverseEndpoint, client: &Client, mapping: &Mapping) -> Result<bool, Failure> {
    tell(&format!("\nTrying {}\n", target.place()))?;
    if matches!(target, DataverseEndpoint::Inside(_)) {
        let tenants = delivery_service::tenants();
        let stands =
            pipeline::provision(client, mapping, &tenants, pipeline::ProvisionScope::Tables, &mut |_| ())
                .await;
        stands.map_err(anyhow::Error::new)?;
    }
    let held = trial::run(client, mapping, &mut tell).await?;
    if let Some(warning) = target.expires().and_then(|day| expiry::warning(day, clock::clock(None).now())) {
        tell(&format!("  ! {warning}\n"))?;
    }
    Ok(held)
}

/// The embedded way is tried with an emulator of its own, since the folder's may be at work.
async fn target(way: Mode) -> anyhow::Result<DataverseEndpoint> {
    Ok(match way {
        Mode::Resting => DataverseEndpoint::Nobody,
        Mode::Connected(organisation) => DataverseEndpoint::Real(organisation),
        Mode::Embedded => {
            DataverseEndpoint::Inside(Box::new(Emulator::start(emulator::Options::default()).await?))
        }
    })
}

fn in_force(sources: &Sources, mode: &Mode, situation: Situation) -> String {
    let mut told =
        format!("Studio Metrics {}, {}\n\nSettings in force:\n", env!("CARGO_PKG_VERSION"), mode.name());
    for setting in TABLE {
        let value = match sources.get(setting.name) {
            Some(_) if setting.secret => "(set, not shown)",
            Some(value) => value,
            None => setting.default_in(situation).unwrap_or("–"),
        };
        let origin = match sources.origin(setting.name) {
            Some(SettingOrigin::Environment) => "  (environment)".to_owned(),
            Some(SettingOrigin::File) => format!("  ({})", sources.file_name().display()),
            None => String::new(),
        };
        // Writing to a String cannot fail.
        _ = writeln!(told, "  {:<34} {value}{origin}", setting.name);
    }
    told
}

/// Tables and columns that have names of their own.
fn names(names: &NamesByKind) -> String {
    let mut told = String::new();
    for (place, name) in names.places() {
        _ = writeln!(told, "  {:<34} {name}", format!("tables.{place}"));
    }
    told
}

fn tell(text: &str) -> anyhow::Result<()> {
    std::io::stdout().lock().write_all(text.as_bytes()).context("nobody reads standard output")
}
