//! Takes in a table of records that another program kept in the ledger's database: checked as at the door, known again when
//! it is taken in again, and not sent to Dataverse where it says that this was done.

mod error;
mod importer;
mod source_table;

use std::{ops::ControlFlow, sync::Arc};

use futures::TryStreamExt as _;
use model::{
    clock::Clock,
    record::{Kind, Record},
    rng::Random,
    tenant::TenantId,
    time::Timestamp,
};

pub use self::error::ImportError;
use self::{
    importer::Importer,
    source_table::{Foreign, SourceTable},
};
use crate::{Database, Verdict};

/// Rows that are taken in together.
const CHUNK: usize = 500;

/// What an import has to say on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportProgress {
    Progress {
        rows: i64,
        of: i64,
    },
    /// This row was not taken in, and why. What it says is not repeated.
    Refused {
        row: String,
        reason: String,
    },
}

/// Hears what an import has to say, and says whether it goes on.
pub type Tell<'a> = dyn FnMut(ImportProgress) -> ControlFlow<()> + Send + 'a;

/// What became of the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Records that are new in the ledger.
    pub stored: i64,
    /// There already, and saying the same.
    pub known: i64,
    /// Rows that are no records, each of them named.
    pub refused: i64,
    /// Rows of the first two that Dataverse has already: they count as delivered.
    pub exported: i64,
}

/// Takes in all rows of `table`, as in `public.campaign_metrics`, oldest first. Where `tell` breaks at a progress, it stops:
/// what was taken in so far is kept.
///
/// # Errors
/// Each says what to do about it. Rows that are refused are told, and are no error.
pub async fn import(
    database: Database,
    table: &str,
    (tenant, kind): (TenantId, &'static Kind),
    clock: Arc<dyn Clock>,
    random: impl Random,
    tell: &mut Tell<'_>,
) -> Result<Imported, ImportError> {
    let mut importer = Importer::open(&database, tenant, kind, Box::new(random)).await?;
    let mut origin = SourceTable::open(&database, table, kind).await?;
    let (of, stretches) = origin.stretches().await?;
    let (mut done, mut rows) = (Imported::default(), 0);
    for stretch in stretches {
        let mut chunks = origin.rows(&stretch).await?.try_chunks(CHUNK);
        while let Some(chunk) = chunks.try_next().await.map_err(|broken| broken.1)? {
            rows += i64::try_from(chunk.len()).unwrap_or(0);
            take_in(&mut importer, kind, chunk, clock.now(), &mut done, tell).await?;
            if tell(ImportProgress::Progress { rows, of }).is_break() {
                return Err(ImportError::Stopped { rows, of });
            }
        }
        drop(chunks);
        origin.done().await?;
    }
    importer.end().await?;
    Ok(done)
}

async fn take_in(
    importer: &mut Importer,
    kind: &'static Kind,
    chunk: Vec<Foreign>,
    now: Timestamp,
    done: &mut Imported,
    tell: &mut Tell<'_>,
) -> Result<(), ImportError> {
    let mut refuse = |row: String, reason: String| {
        // Where it is to stop, that is asked for again once these rows are in.
        let _ = tell(ImportProgress::Refused { row, reason });
        1
    };
    let (mut names, mut records): (Vec<String>, Vec<(Record, Option<Timestamp>)>) = (Vec::new(), Vec::new());
    for row in chunk {
        let accepted = row.draft(kind).accept(now);
        let Foreign { name, exported_at, .. } = row;
        match accepted {
            Ok(record) => {
                names.push(name);
                records.push((record, exported_at));
            }
            Err(faults) => {
                let said: Vec<String> =
                    faults.iter().map(|fault| format!("{} {}", fault.field, fault.message)).collect();
                done.refused += refuse(name, said.join("; "));
            }
        }
    }
    let exported: Vec<bool> = records.iter().map(|(_, exported_at)| exported_at.is_some()).collect();
    let outcomes = importer.store(records).await?;
    for ((name, exported), outcome) in names.into_iter().zip(exported).zip(outcomes) {
        match outcome.verdict {
            Verdict::Stored(_) => done.stored += 1,
            Verdict::Duplicate(_) => done.known += 1,
            Verdict::Conflict { .. } => {
                done.refused +=
                    refuse(name, "a run of this key is there already and says something else".to_owned());
                continue;
            }
            Verdict::Withdrawn => {
                done.refused += refuse(name, "it was withdrawn here, and stays so".to_owned());
                continue;
            }
        }
        done.exported += i64::from(exported);
    }
    Ok(())
}
