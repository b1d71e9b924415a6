//! A lost ledger, read anew out of Dataverse.

use std::{sync::Arc, time::Duration};

use model::clock::Clock;

use crate::{
    Error, LedgerPort, Mapping, RemoteOrganisation, Tenant,
    lookup_rows::LookupRows,
    mirror::{ChangeReader, Gone, Loan},
    pass_error::PassError,
    row_tally::RowTally,
};

/// No other process works on a ledger that is being rebuilt.
const HOLD: Duration = Duration::from_secs(600);

/// Reads every table into an empty ledger, and leaves it so that a mirror goes on from there. Tells of the rows read so
/// far; says how many there were.
///
/// # Errors
/// Says what kept it from going on. Run again, it begins anew, and what is here already is known.
pub async fn rebuild(
    ledger: impl LedgerPort,
    organisation: impl RemoteOrganisation,
    mapping: Arc<Mapping>,
    tenants: &[Tenant],
    clock: Arc<dyn Clock>,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<u64, Error> {
    let tenants = tenants.iter().map(|tenant| tenant.id).collect();
    let (organisation, lookups) = (Arc::new(organisation), Arc::new(LookupRows::default()));
    let reader =
        ChangeReader::new(Arc::new(ledger), organisation, Arc::clone(&mapping), lookups, clock, tenants);
    rows(&reader, &mapping, progress).await.map_err(|broken| Error::Rebuild { reason: broken.to_string() })
}

async fn rows(
    reader: &ChangeReader,
    mapping: &Mapping,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<u64, PassError> {
    let mut rows = 0;
    for table in mapping.tables() {
        let cursor = reader.ledger.take_cursor(table.kind, HOLD).await?.ok_or(PassError::Lost)?;
        let mut listener = |tally: RowTally| {
            rows += tally.rows;
            progress(rows);
        };
        let loan = Loan { cursor: &cursor, hold: HOLD };
        let reading = reader.read(table, None, &loan, &mut Gone::default(), &mut listener).await?;
        let again = reading.again.into_iter().map(|id| (id, None)).collect();
        reader.look_again(&cursor, &again, &mut |_| ()).await?;
        if !reader.ledger.keep_cursor(&cursor, Some(&reading.link), HOLD).await? {
            return Err(PassError::Lost);
        }
        reader.ledger.free_cursor(&cursor).await?;
    }
    Ok(rows)
}
