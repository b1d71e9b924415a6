//! What was seen in Dataverse, held against the database: a page at a time, in one transaction.
//!
//! Most of a page says what is known. That is seen without a lock; only what has to be written is locked, and decided once
//! more under the lock.

mod deliveries_and_rejects;
mod known_records;
mod write;

pub(crate) use self::deliveries_and_rejects::{delivered_before, in_line, rejects, removed_unasked};

use model::{record::Kind, tenant::TenantId};
use sqlx::Error;

use super::{InDatabase, Step, StepIn, change_cursor, identity};
use crate::{
    RowOutcome,
    mirror::Reconcile,
    reconcile::{Decided, KnownRecords, MirrorPage, round},
    write::{Locks, On},
};

/// Takes in what is new, and says which records have to be locked for the rest: tenant and position.
async fn begin(step: &mut Step<'_>, page: &mut MirrorPage) -> Result<Vec<(TenantId, i64)>, Error> {
    page.reopen(step.now, step.asked_at);
    page.locked.clear();
    if !change_cursor::is_lent(step, page.kind, page.epoch).await? {
        return Ok(Vec::new());
    }
    page.is_behind = identity::read(step.connection, step.schema).await?.copied_at.is_some();
    let open = page.next_round();
    let known_records = known_records::load(step, page.kind, &page.rows_at(&open)).await?;
    let decided = round(page, &open, &known_records);
    let added = write::add(step, page.kind, &decided).await?;
    let settled: Vec<_> = decided.into_iter().filter(|(_, decided)| is_settled(decided, &added)).collect();
    write::close(step, page.kind, &settled).await?;
    let answers: Vec<_> = settled.iter().map(|(at, decided)| (*at, decided.outcome)).collect();
    page.answer(answers);
    let left = left(page, &known_records);
    page.locked = left.iter().copied().collect();
    Ok(left)
}

/// Says what became of each row, in the order of the page; none where the page was read under a loan that is over. The
/// records' rows and their entries are locked: a process that has the cursor since waits for them, or was here before.
impl On<InDatabase> for Reconcile {
    const TAKES_LONG: bool = true;

    async fn locks(&mut self, step: &mut StepIn<'_>) -> Result<Locks, Error> {
        let kind = self.page.kind;
        let records = begin(step, &mut self.page).await?;
        let rows: Vec<_> = records.into_iter().map(|(tenant, position)| (kind, tenant, position)).collect();
        Ok(Locks { entries: rows.clone(), rows, ..Locks::default() })
    }

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<Option<Vec<RowOutcome>>, Error> {
        let page = &mut self.page;
        if !change_cursor::is_lent(step, page.kind, page.epoch).await? {
            return Ok(None);
        }
        loop {
            let open = page.next_round();
            if open.is_empty() {
                return Ok(Some(page.answers()));
            }
            let known_records = known_records::load(step, page.kind, &page.rows_at(&open)).await?;
            let mut decided = round(page, &open, &known_records);
            let added = write::add(step, page.kind, &decided).await?;
            for (_, decided) in &mut decided {
                if is_of_just_now(page, decided, &added) {
                    decided.outcome = RowOutcome::Again;
                    decided.adopts = false;
                }
            }
            write::write(step, page.kind, &decided).await?;
            let answers: Vec<_> = decided.iter().map(|(at, decided)| (*at, decided.outcome)).collect();
            page.answer(answers);
        }
    }
}

fn is_settled(decided: &Decided<'_>, added: &write::InsertedKeys) -> bool {
    match (decided.outcome, decided.seen()) {
        (RowOutcome::Known | RowOutcome::Underway, _) => decided.is_idle(),
        (RowOutcome::Added, Some(record)) => {
            let mirrored = decided.mirrored;
            added.contains(&(mirrored.tenant, mirrored.id_of(record)))
        }
        _ => false,
    }
}

/// Whether the record came in while this page was decided, so that it is not locked.
fn is_of_just_now(page: &MirrorPage, decided: &Decided<'_>, added: &write::InsertedKeys) -> bool {
    match decided.known {
        Some(known) => !decided.is_idle() && !page.locked.contains(&(known.tenant, known.row.position)),
        None => decided.outcome == RowOutcome::Added && !is_settled(decided, added),
    }
}

fn left(page: &MirrorPage, known_records: &KnownRecords) -> Vec<(TenantId, i64)> {
    let open = page.open();
    let meant = page.rows_at(&open).into_iter().filter_map(|row| known_records.meant(row));
    meant.map(|known| (known.tenant, known.row.position)).collect()
}

/// Locks the outbox entries of records whose rows are locked, so that no process lends them out meanwhile.
pub(super) async fn lock_entries(
    step: &mut Step<'_>,
    kind: &'static Kind,
    records: &[(TenantId, i64)],
) -> Result<(), Error> {
    if records.is_empty() {
        return Ok(());
    }
    step.schema
        .query(
            "SELECT 1 FROM studio.outbox AS o JOIN unnest($1::uuid[], $2::bigint[]) AS wanted (tenant_id, position) \
             ON o.tenant_id = wanted.tenant_id AND o.position = wanted.position WHERE o.kind = $3 \
             ORDER BY o.tenant_id, o.position FOR UPDATE OF o",
        )
        .bind(records.iter().map(|(tenant, _)| tenant.0).collect::<Vec<_>>())
        .bind(records.iter().map(|(_, position)| *position).collect::<Vec<_>>())
        .bind(kind.name)
        .execute(&mut *step.connection)
        .await
        .map(|_| ())
}
