//! `studio recount`: the figures out of the rollups, out of the records, and as Dataverse adds them up, while the server runs
//! or not.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow};
use app::pages::RecountVerdict;
use clap::Args;
use ledger::LedgerView;
use model::{
    calendar::{self, Compare},
    figures::Tile,
    range::Range,
    record::KINDS,
    rng::Seeded,
    tenant::TenantId,
};
use pipeline::Mapping;

use super::{Failure, help, say, stop};
use crate::{
    clock,
    delivery_service::{DataverseEndpoint, RecountRoad},
    random,
    recounts::{self, RecountReport, apart, shown},
    settings::{Mode, Settings, Sources},
};

/// No request waits for it, so that an organisation may ask for pauses.
const PATIENCE: Duration = Duration::from_mins(5);
const WITHIN: Duration = Duration::from_mins(30);

#[derive(Debug, Args)]
#[command(after_help = help::OF_RECOUNT)]
pub struct RecountCommand {
    /// The stretch that is recounted: live, 30d, 60d or 90d
    #[arg(long, value_name = "RANGE", default_value = "90d", value_parser = range)]
    range: Range,
}

impl RecountCommand {
    pub async fn run(self, sources: &Sources) -> Result<(), Failure> {
        let settings = Settings::read(sources)?;
        let report =
            stop::unless_interrupted(recount(&settings, self.range), "nothing was changed").await??;
        tell(&report);
        match report.verdict() {
            RecountVerdict::Equal | RecountVerdict::NotThereYet => return Ok(()),
            RecountVerdict::Nothing => {
                return Err(anyhow!(
                    "there was nothing to hold the records against; ask again when it is there"
                )
                .into());
            }
            RecountVerdict::Different => {}
        }
        let differences = report.differences().join("; ");
        Err(anyhow!(
            "not equal ({differences}); keep the ledger as it is, say `studio rollups rebuild`, and report it"
        )
        .into())
    }
}

async fn recount(settings: &Settings, range: Range) -> anyhow::Result<RecountReport> {
    let clock = clock::clock(settings.frozen);
    let view = LedgerView::open(settings.ledger(), Arc::clone(&clock), Seeded::new(random::seed())).await?;
    let window = calendar::window(range, &settings.zone, clock.now(), Compare::Previous);
    let counted = async {
        let recounted = view.recount(TenantId::FIRST, &window).await?;
        anyhow::Ok((recounted, view.delivery_counts(TenantId::FIRST).await?))
    };
    let counted = counted.await;
    view.close().await;
    let (recounted, counts) = counted?;
    let remote = match road(settings).await? {
        Ok(road) => recounts::remote(&road, TenantId::FIRST, &recounted, WITHIN).await,
        Err(reason) => Err(reason),
    };
    Ok(RecountReport { at: clock.now(), recounted, remote, apart: apart(&counts) })
}

/// The way to the organisation of the settings; or why it is not asked.
async fn road(settings: &Settings) -> anyhow::Result<Result<RecountRoad, String>> {
    let organisation = match settings.way.clone() {
        Mode::Connected(organisation) => organisation,
        Mode::Resting => {
            return Ok(Err("a flow carries the records, so that Dataverse is not asked".to_owned()));
        }
        Mode::Embedded => {
            return Ok(Err(
                "the Dataverse inside a server is asked by that server alone; /pipeline shows it".to_owned(),
            ));
        }
    };
    let client = DataverseEndpoint::Real(organisation).client(PATIENCE, None);
    let client = client.context("no connection can be set up")?.context("there is no organisation")?;
    let mapping = Mapping::named(KINDS, &settings.names).as_it_stands(&client).await;
    Ok(match mapping {
        Ok(mapping) => Ok(RecountRoad { client, mapping: Arc::new(mapping) }),
        Err(error) => Err(format!("Dataverse does not say how its tables stand: {error}")),
    })
}

fn tell(report: &RecountReport) {
    let recount = &report.recounted.recount;
    let (window, dash) = (&recount.window, || "–".to_owned());
    say(&format!("{} to {}, {}", window.span.from, window.span.to, window.zone));
    let row = |cells: [String; 4]| {
        let [name, rollups, rows, there] = cells;
        say(&format!("  {name:<10} {rollups:>26} {rows:>26} {there:>26}"));
    };
    row(["", "rollups", "records", "Dataverse"].map(str::to_owned));
    for tile in Tile::ALL {
        let there = report.remote.as_ref().ok().filter(|_| tile != Tile::Latency);
        row([
            tile.key().to_owned(),
            recount.rollups.as_ref().map_or_else(dash, |figures| shown(tile, figures)),
            shown(tile, &recount.rows),
            there.map_or_else(dash, |remote| shown(tile, &remote.figures)),
        ]);
    }
    let millis = |took: Duration| format!("{} ms", took.as_millis());
    row([
        "took".to_owned(),
        recount.rollups.as_ref().map_or_else(dash, |_| millis(report.recounted.rollups_took)),
        millis(report.recounted.rows_took),
        report.remote.as_ref().map_or_else(|_| dash(), |remote| millis(remote.took)),
    ]);
    if let Some(note) = report.note() {
        say(&format!("{note}."));
    }
    match report.verdict() {
        RecountVerdict::Equal => say("Equal, whichever way they are counted."),
        RecountVerdict::NotThereYet => say("Equal here; Dataverse does not have all of it yet."),
        RecountVerdict::Different | RecountVerdict::Nothing => {}
    }
}

fn range(word: &str) -> Result<Range, String> {
    Range::of_key(word).ok_or_else(|| "must be live, 30d, 60d or 90d".to_owned())
}
