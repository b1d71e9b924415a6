//! `studio rollups`: what figures are made of is made anew, while the server runs or not.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, anyhow};
use app::presenter::count;
use clap::{Args, Subcommand};
use ledger::{Ledger, LedgerView, OpenError, RollupState, StoreSettings, ViewError, wish_rollups};
use model::{record::KINDS, rng::Seeded};
use tokio::time::{self, Instant};

use super::{Failure, help, progress::Progress, say, stop::StopRequest};
use crate::{
    clock, random,
    settings::{Settings, Sources},
    upkeep::RollupPace,
};

/// How often it is looked how far another process is.
const LOOKED_EVERY: Duration = Duration::from_millis(250);
/// A server takes it up within a second.
const TAKEN_UP: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
#[command(after_help = help::OF_LEDGER)]
pub struct Rollups {
    #[command(subcommand)]
    what: RollupsCommand,
}

#[derive(Debug, Subcommand)]
enum RollupsCommand {
    /// Makes them anew out of the records; a server that runs does it, and shows its figures meanwhile
    #[command(after_help = help::OF_LEDGER)]
    Rebuild,
}

impl Rollups {
    pub async fn run(self, sources: &Sources) -> Result<(), Failure> {
        let settings = Settings::read(sources)?;
        let stop = StopRequest::listen().context("signals cannot be listened for")?;
        let RollupsCommand::Rebuild = self.what;
        let rebuilding = rebuild(settings.ledger(), &stop);
        match stop.bounds(rebuilding).await {
            Some(Ok(true)) => {
                say("All rollups are made anew, and figures come from them.");
                Ok(())
            }
            Some(Err(error)) => Err(error.into()),
            Some(Ok(false)) | None => Err(Failure::Interrupted(
                "stopped as asked; figures come from the rollups of before, and a server goes on with the new ones".to_owned(),
            )),
        }
    }
}

/// Says whether they are made; if not, the end was asked for before.
async fn rebuild(place: StoreSettings, stop: &StopRequest) -> anyhow::Result<bool> {
    let random = || Seeded::new(random::seed());
    let view = match (&place, LedgerView::open(place.clone(), clock::clock(None), random()).await) {
        (_, Ok(view)) => Some(view),
        // At rest it is brought up to date here.
        (_, Err(ViewError::Older { .. })) => None,
        (_, Err(error)) => return Err(error.into()),
    };
    let opened = Ledger::open(KINDS, place.clone(), clock::clock(None), random()).await;
    let made = match (opened, place, &view) {
        (Ok(ledger), place, _) => {
            let is_shared = matches!(place, StoreSettings::Database(_));
            let made = here(&ledger, is_shared, stop).await;
            ledger.close().await;
            made
        }
        (Err(OpenError::InUse { holder, .. }), StoreSettings::Folder(folder), Some(view)) => {
            beside(view, &folder, &holder, stop).await
        }
        (Err(error), ..) => Err(error.into()),
    };
    if let Some(view) = view {
        view.close().await;
    }
    made
}

/// By this process, or by the one of several that is at it.
async fn here(ledger: &Ledger, is_shared: bool, stop: &StopRequest) -> anyhow::Result<bool> {
    let (mut progress, mut pace) = (Progress::on_stderr(), RollupPace::default());
    ledger.wish_rollups().await?;
    while !stop.is_asked() {
        let began = Instant::now();
        let more = ledger.make_rollups(pace.step()).await?;
        let pause = pace.follow(began.elapsed());
        let states = ledger.rollups().await?;
        // What is read no more goes as well.
        if !more && states.iter().all(RollupState::is_settled) {
            return Ok(true);
        }
        progress.tell(|| line(&states));
        // Others may be at it, or write beside this.
        if !more {
            time::sleep(LOOKED_EVERY).await;
        } else if is_shared {
            time::sleep(pause).await;
        }
    }
    Ok(false)
}

/// By the server that has the folder.
async fn beside(view: &LedgerView, folder: &Path, holder: &str, stop: &StopRequest) -> anyhow::Result<bool> {
    let mut progress = Progress::on_stderr();
    wish_rollups(folder).await?;
    let asked = Instant::now();
    while !stop.is_asked() {
        let states = view.rollups().await?;
        if states.iter().all(RollupState::is_settled) {
            return Ok(true);
        }
        if states.iter().any(|state| state.wished) && asked.elapsed() > TAKEN_UP {
            return Err(anyhow!(
                "the process that has the ledger in {} ({holder}) does not make rollups, as a server does; it is written down \
                 there, and the next server makes them",
                folder.display()
            ));
        }
        progress.tell(|| line(&states));
        time::sleep(LOOKED_EVERY).await;
    }
    Ok(false)
}

fn line(states: &[RollupState]) -> String {
    let under_way = states.iter().find_map(|state| Some((state.kind, state.making?)));
    under_way.map_or_else(
        || "  asked for".to_owned(),
        |(kind, making)| {
            format!("  {}: {} of {} records", kind.table, count(making.folded), count(making.of))
        },
    )
}
