//! `studio check`: what is in force, with secrets masked, and whether the road to Dataverse holds.

mod machine;
mod report;
mod trial;

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Args;
use dataverse::Client;
use emulator::Emulator;
use jiff::Timestamp;
use model::record::KINDS;
use pipeline::Mapping;

use self::report::{CheckReport, StepOutcome};
use super::Failure;
use crate::{
    clock,
    delivery_service::{self, DataverseEndpoint, expiry},
    settings::{Mode, SettingOrigin, Settings, Sources, TABLE},
    version::VERSION,
};

/// How long a step sits out what Dataverse asks for.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub struct Check {
    /// Writes what was found as one JSON document
    #[arg(long)]
    json: bool,
    /// Says that the embedded way is meant: an emulator inside the server, and no organisation
    #[arg(long)]
    embedded: bool,
}

impl Check {
    pub async fn run(self, sources: &Sources) -> Result<(), Failure> {
        let settings = Settings::read(sources)?;
        let mut report = CheckReport::new(self.json);
        report.heading(&format!("Studio Metrics {VERSION}"))?;
        in_force(sources, &settings, &mut report)?;
        report.heading("\nThis machine")?;
        report.step("Mode", async { machine::mode(&settings, self.embedded) }).await?;
        ledger(&settings, &mut report).await?;
        let (name, mapping) = (settings.way.name(), Mapping::named(KINDS, &settings.names));
        let target = target(settings.way).await?;
        report.heading(&format!("\nDataverse: {}", target.place()))?;
        if let Some(client) = target.client(PATIENCE, None).context("no connection can be set up")? {
            dataverse(&target, &client, &mapping, &mut report).await?;
        }
        target.close().await;
        if report.finish(name)? {
            return Ok(());
        }
        Err(anyhow!("not everything held; what was found says what and why").into())
    }
}

async fn ledger(settings: &Settings, report: &mut CheckReport) -> anyhow::Result<()> {
    if let Some(database) = settings.database.clone() {
        report.heading(&format!("  the ledger is in {database}"))?;
        report.step("Ledger", trial::ledger(database)).await?;
        return Ok(());
    }
    report.step("Folder", async { machine::folder(&settings.data) }).await?;
    report.step("Ledger", machine::ledger(&settings.data)).await?;
    report.step("Disk", async { machine::disk(&settings.data) }).await?;
    Ok(())
}

async fn dataverse(
    target: &DataverseEndpoint,
    client: &Client,
    mapping: &Mapping,
    report: &mut CheckReport,
) -> Result<(), Failure> {
    if matches!(target, DataverseEndpoint::Inside(_)) {
        let tenants = delivery_service::tenants();
        let scope = pipeline::ProvisionScope::Everything;
        let stands = pipeline::provision(client, mapping, &tenants, scope, &mut |_| ()).await;
        stands.map_err(anyhow::Error::new)?;
    }
    let now = clock::clock(None).now();
    let machine = Timestamp::from_microsecond(now.micros()).context("the clock shows no time")?;
    trial::organisation(client, mapping, machine, report).await?;
    if let Some(day) = target.expires() {
        let ends = expiry::warning(day, now)
            .map_or_else(|| StepOutcome::Held(format!("it ends on {day}")), StepOutcome::Warned);
        report.step("Secret", async { ends }).await?;
    }
    Ok(())
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

fn in_force(sources: &Sources, settings: &Settings, report: &mut CheckReport) -> anyhow::Result<()> {
    report.heading("\nSettings in force")?;
    let file = sources.file_name().display().to_string();
    for setting in TABLE {
        let origin = match sources.origin(setting.name) {
            Some(SettingOrigin::Environment) => Some("environment"),
            Some(SettingOrigin::File) => Some(file.as_str()),
            None => None,
        };
        let value = match sources.get(setting.name) {
            Some(_) if setting.secret => Some("(set, not shown)"),
            Some(value) => Some(value),
            None => setting.default_in(settings.situation()),
        };
        report.setting(setting.name, value, origin)?;
    }
    for (place, name) in settings.names.places() {
        report.setting(&format!("tables.{place}"), Some(name), Some(&file))?;
    }
    Ok(())
}
