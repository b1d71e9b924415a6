//! Carries a ledger from a folder into a database: all of it, table by table as the schema says, and compares at the end.
//!
//! Where it is killed it goes on when it is called again: rows go over in the order of their keys, so that what is there
//! is the beginning of what was here, or it is something else, and nothing is touched. The folder stays as it was.

mod digest;
mod error;
mod plan;
mod source;
mod target;

use std::{ops::ControlFlow, path::Path, sync::Arc};

use futures::{TryStreamExt as _, future::ready};
use model::{
    breakdown::{Dimension, PartShapes},
    calendar::{self, Compare, Zone},
    clock::Clock,
    history::RunFilter,
    range::Range,
    record::KINDS,
    rng::Random,
};

pub use self::error::MoveError;
use self::{digest::Digest, plan::Road, source::CopySource, target::CopyTarget};
use crate::{
    Database, DeliveryCounts,
    history::HistoryAsk,
    opening::Opening,
    postgres::{self, Postgres},
};

/// Rows that go over in one transaction.
const CHUNK: usize = 2_000;

/// How far a table is.
#[derive(Clone, Copy, Debug)]
pub struct CopyProgress<'a> {
    /// The table that is copied.
    pub table: &'a str,
    /// Rows that are copied already.
    pub rows: i64,
    /// Rows that there are.
    pub of: i64,
}

/// What both ledgers hold alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedRecords {
    /// Each table, with its rows.
    pub tables: Vec<ComparedTable>,
    /// Whose balance and figures are the same here and there.
    pub tenants: usize,
}

/// A table that is the same in both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedTable {
    /// The table's name.
    pub table: String,
    /// How many rows it has.
    pub rows: i64,
    /// Over every column of every row that both have.
    pub checksum: u64,
}

/// Hears how far a table is, and says whether the copy goes on.
pub type ToldCopy<'a> = dyn FnMut(CopyProgress<'_>) -> ControlFlow<()> + Send + 'a;

/// Carries all of the folder's ledger into an empty database, or goes on with that, and compares both. Where `told` breaks it
/// stops, and goes on when it is called again.
///
/// # Errors
/// Each says what to do about it.
pub async fn move_to_postgres(
    folder: &Path,
    database: Database,
    clock: Arc<dyn Clock>,
    random: impl Random,
    told: &mut ToldCopy<'_>,
) -> Result<MovedRecords, MoveError> {
    let source = CopySource::open(folder).await?;
    let mut target = CopyTarget::open(&database).await?;
    let roads = plan::roads(&source.tables().await?, &target.tables().await?)?;
    let mut begun = Vec::new();
    for road in &roads {
        begun.push(beginning(&source, &mut target, road, &database).await?);
    }
    // From here on no server writes there; what one wrote before is met now.
    if target.begin().await? {
        refuse_what_came(&source, &mut target, (&roads, &begun), &database).await?;
    }
    for (road, rows) in roads.iter().zip(begun) {
        go_on(&source, &mut target, road, rows, told).await?;
    }
    target.set_sequences(&roads.iter().map(|road| road.table.as_str()).collect::<Vec<_>>()).await?;
    let mut tables = Vec::new();
    for road in &roads {
        tables.push(compared(&source, &mut target, road).await?);
    }
    let random = Arc::new(random);
    target.add_up(&*random).await?;
    let tenants = same_figures(&source, database, clock, random).await?;
    target.end().await?;
    Ok(MovedRecords { tables, tenants })
}

/// How many rows went over already; refuses a table that holds others.
async fn beginning(
    source: &CopySource,
    target: &mut CopyTarget,
    road: &Road,
    database: &Database,
) -> Result<i64, MoveError> {
    let rows = target.count(&road.table).await?;
    if rows == 0 || of_source(source, road, rows).await? == of_target(target, road).await? {
        return Ok(rows);
    }
    Err(MoveError::Taken { place: database.to_string(), table: road.table.clone(), rows })
}

/// Between the first look and the fence a server that runs there may have written.
async fn refuse_what_came(
    source: &CopySource,
    target: &mut CopyTarget,
    (roads, begun): (&[Road], &[i64]),
    database: &Database,
) -> Result<(), MoveError> {
    for (road, rows) in roads.iter().zip(begun) {
        let met = beginning(source, target, road, database).await;
        if !matches!(&met, Ok(met) if met == rows) {
            target.end().await?;
            let (place, table) = (database.to_string(), road.table.clone());
            return Err(MoveError::Taken { place, table, rows: met? });
        }
    }
    Ok(())
}

async fn go_on(
    source: &CopySource,
    target: &mut CopyTarget,
    road: &Road,
    begun: i64,
    told: &mut ToldCopy<'_>,
) -> Result<(), MoveError> {
    let (mut rows, of) = (begun, source.count(&road.table).await?);
    let select = road.select(begun, i64::MAX);
    let mut chunks = source.rows(select).try_chunks(CHUNK);
    loop {
        if told(CopyProgress { table: &road.table, rows, of }).is_break() {
            return Err(MoveError::Stopped { table: road.table.clone(), rows, of });
        }
        let Some(chunk) = chunks.try_next().await.map_err(|broken| CopySource::failed(broken.1))? else {
            break;
        };
        target.insert(road, &chunk).await?;
        rows += i64::try_from(chunk.len()).unwrap_or(0);
    }
    Ok(())
}

async fn compared(
    source: &CopySource,
    target: &mut CopyTarget,
    road: &Road,
) -> Result<ComparedTable, MoveError> {
    let (here, there) = (of_source(source, road, i64::MAX).await?, of_target(target, road).await?);
    if here != there {
        return Err(MoveError::Differs { what: format!("the table {}", road.table) });
    }
    Ok(ComparedTable { table: road.table.clone(), rows: here.rows, checksum: here.checksum })
}

async fn of_source(source: &CopySource, road: &Road, most: i64) -> Result<Digest, MoveError> {
    let rows = source.rows(road.select(0, most));
    let digest = rows.try_fold(Digest::default(), |digest, row| ready(Ok(digest.with(&row))));
    digest.await.map_err(CopySource::failed)
}

async fn of_target(target: &mut CopyTarget, road: &Road) -> Result<Digest, MoveError> {
    let mut digest = Digest::default();
    target.each_row(road, &mut |row| digest = digest.with(row)).await?;
    Ok(digest)
}

/// What people see of both: where the records stand, and the figures of the last 90 days. Says of how many tenants.
async fn same_figures(
    source: &CopySource,
    database: Database,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> Result<usize, MoveError> {
    let now = clock.now();
    let changes = tokio::sync::watch::Sender::new(0);
    let opening = Opening { kinds: KINDS, clock, random, changes };
    let ledger = Postgres::look_into(database, opening).await?;
    let window = calendar::window(Range::Days90, &Zone::utc(), now, Compare::Previous);
    let tenants = source.tenants().await?;
    for tenant in &tenants {
        let counts =
            postgres::reading!(ledger, reader => postgres::delivery_counts::delivery_counts(reader, *tenant));
        let counts = counts.map_err(MoveError::Target)?;
        if whatever_waits_longest(counts) != whatever_waits_longest(source.delivery_counts(*tenant).await?) {
            return Err(MoveError::Differs { what: format!("the balance of tenant {tenant}") });
        }
        let filter = RunFilter::default();
        let ask = HistoryAsk {
            tenant: *tenant,
            window: &window,
            filter: &filter,
            by: &Dimension::ALL,
            shapes: PartShapes::Untold,
        };
        let history = postgres::reading!(ledger, reader => postgres::history::history(reader, ask))
            .map_err(MoveError::Target)?;
        if history != source.history(ask).await? {
            return Err(MoveError::Differs { what: format!("the history of tenant {tenant}") });
        }
    }
    ledger.close().await;
    Ok(tenants.len())
}

/// Each store finds the oldest that waits by an index of its own, and where a clock was set back that is another entry. All
/// entries were compared one by one.
fn whatever_waits_longest(counts: DeliveryCounts) -> DeliveryCounts {
    DeliveryCounts { oldest_pending: None, ..counts }
}
