//! A table that stands in the ledger's database already, taken in.

use std::ops::ControlFlow;

use anyhow::{Context as _, anyhow};
use app::presenter::count;
use ledger::{ImportError, ImportProgress};
use model::{record::Kind, rng::Seeded, tenant::TenantId};

use super::{
    say,
    target::{self, ImportTarget},
    words::{is_or_are, it_or_them, rows_were, were},
};
use crate::{
    clock,
    commands::{
        Failure,
        progress::{Progress, rows_of},
        record_kind::counted,
        stop::StopRequest,
    },
    random,
    settings::{Sources, database_at},
};

pub async fn run(table: Option<&str>, kind: &'static Kind, sources: &Sources) -> Result<(), Failure> {
    let settings = target::settings(sources)?;
    let database = database_at(sources, None)?;
    let stop = StopRequest::listen().context("signals cannot be listened for")?;
    let usual = format!("public.{}", kind.table);
    let table = table.unwrap_or(&usual);
    let clock = clock::clock(None);
    // Whose the ledger is, as for a file; it is written over a connection of its own.
    match stop.bounds(ImportTarget::open(&settings, &clock)).await {
        Some(target) => target?.close().await,
        None => return Err(Failure::Interrupted("stopped as asked; nothing was written".to_owned())),
    }
    say(&format!("From {table} into {database}"));
    let (mut progress, mut rows_seen) = (Progress::on_stderr(), (0, 0));
    let wish = stop.clone();
    let mut tell = |word: ImportProgress| {
        match word {
            ImportProgress::Progress { rows, of } => {
                rows_seen = (rows, of);
                progress.tell(|| format!("  {}", rows_of(rows, of, false)));
            }
            ImportProgress::Refused { row, reason } => {
                progress.clear();
                say(&format!("  not taken in: row {row}: {reason}"));
            }
        }
        if wish.is_asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let (meant, random) = ((TenantId::FIRST, kind), Seeded::new(random::seed()));
    let taking = ledger::import(database, table, meant, clock, random, &mut tell);
    let ended = stop.bounds(taking).await;
    drop(progress);
    let done = match ended {
        None => return Err(stopped(rows_seen)),
        Some(Err(ImportError::Stopped { rows, of })) => return Err(stopped((rows, of))),
        Some(done) => done.context("not everything was taken in")?,
    };
    say(&format!(
        "{} {} new, {} known already; {} of these count as delivered, the others wait to be.",
        counted(done.stored, kind),
        is_or_are(done.stored),
        were(done.known),
        count(done.exported)
    ));
    if done.refused == 0 {
        return Ok(());
    }
    let (rows, them) = (rows_were(done.refused), it_or_them(done.refused));
    Err(anyhow!("{rows} not taken in, each for the reason above; mend {them} there and call this again")
        .into())
}

fn stopped((rows, of): (i64, i64)) -> Failure {
    let far = rows_of(rows, of, false);
    Failure::Interrupted(format!(
        "stopped as asked: {far} are in; call this again, and it goes on: nothing is taken in twice"
    ))
}
