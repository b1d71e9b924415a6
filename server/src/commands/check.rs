//! `studio check`: what is in force, with secrets masked, and whether the road to Dataverse holds.

use std::{fmt::Write as _, io::Write as _};

use anyhow::{Context as _, anyhow};
use dataverse::{Client, Error};
use emulator::Emulator;
use model::identity;
use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use super::Failure;
use crate::{
    carrier::{self, Target},
    chance, clock,
    settings::{Settings, Sources, TABLE, Way},
};

/// Where the trial row goes: a campaign that says what it is, gone again a moment later.
const SET: &str = "apex_campaigns";
const TRIAL: &str = "Studio Metrics check (can be deleted)";

pub async fn run() -> Result<(), Failure> {
    let sources = Sources::of_machine();
    let settings = Settings::read(&sources)?;
    tell(&in_force(&sources))?;
    let target = target(settings.way).await?;
    let Some(client) = target.client().context("no connection can be set up")? else {
        tell("\nUSE_DATAVERSE is false: there is no connection to try.\n")?;
        return Ok(());
    };
    tell(&format!("\nTrying {}\n", target.place()))?;
    let held = try_out(&client, matches!(target, Target::Inside(_))).await;
    target.close().await;
    if held? { Ok(()) } else { Err(anyhow!("not everything held; the lines above say what and why").into()) }
}

/// The embedded way is tried with an emulator of its own, since the folder's may be at work.
async fn target(way: Way) -> anyhow::Result<Target> {
    Ok(match way {
        Way::Resting => Target::Nobody,
        Way::Connected(organisation) => Target::Real(organisation),
        Way::Embedded => Target::Inside(Box::new(Emulator::start(emulator::Options::default()).await?)),
    })
}

fn in_force(sources: &Sources) -> String {
    let mut told = "Settings in force:\n".to_owned();
    for setting in TABLE {
        let value = match sources.get(setting.name) {
            Some(_) if setting.secret => "(set, not shown)",
            Some(value) => value,
            None if setting.default.is_empty() => "–",
            None => setting.default,
        };
        // Writing to a String cannot fail.
        _ = writeln!(told, "  {:<26} {value}", setting.name);
    }
    told
}

/// Token, write, read-back, delete, each with its time; whether all held.
async fn try_out(client: &Client, empty: bool) -> anyhow::Result<bool> {
    if empty {
        pipeline::provision(client, &carrier::tenants()).await?;
    }
    let now = clock::clock(None).now();
    let id = identity::timed_id(now, tail(chance::seed(), chance::seed()));
    let row = json!({"apex_name": TRIAL});
    let signed_in = tried("Token", "signed in", async { client.who_am_i().await.map(|_| true) }).await?;
    let written = signed_in
        && tried("Write", "a row was written", async { client.upsert(SET, id, &row).await.map(|()| true) })
            .await?;
    let read = written && tried("Read-back", "it was read back as written", read_back(client, id)).await?;
    let gone = written
        && tried("Delete", "it was deleted again", async { client.delete(SET, id).await.map(|()| true) })
            .await?;
    Ok(signed_in && written && read && gone)
}

async fn read_back(client: &Client, id: Uuid) -> Result<bool, Error> {
    let row = client.retrieve(SET, id, &["apex_name"]).await?;
    Ok(row.is_some_and(|row| row["apex_name"] == TRIAL))
}

/// Says how a step went and how long it took.
async fn tried(
    name: &str,
    well: &str,
    step: impl Future<Output = Result<bool, Error>>,
) -> anyhow::Result<bool> {
    let started = Instant::now();
    let outcome = step.await;
    let took = started.elapsed().as_millis();
    let held = matches!(outcome, Ok(true));
    let sentence = match outcome {
        Ok(true) => well.to_owned(),
        Ok(false) => "the organisation answered, but with something else".to_owned(),
        Err(error) => error.to_string(),
    };
    tell(&format!("  {} {name:<10} {took:>6} ms  {sentence}\n", if held { "✓" } else { "✗" }))?;
    Ok(held)
}

fn tail(high: u64, low: u64) -> [u8; 10] {
    let mut tail = [0; 10];
    tail[..8].copy_from_slice(&high.to_be_bytes());
    tail[8..].copy_from_slice(&low.to_be_bytes()[..2]);
    tail
}

fn tell(text: &str) -> anyhow::Result<()> {
    std::io::stdout().lock().write_all(text.as_bytes()).context("nobody reads standard output")
}
