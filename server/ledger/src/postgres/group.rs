//! One transaction's work, put into the order in which rows may be locked.
//!
//! What waits together was asked for by senders of whom none had an answer yet, so any order between them is a fair one.

use std::collections::BTreeSet;

use model::{record::Kind, tenant::TenantId};
use sqlx::Error;
use uuid::Uuid;

use super::{InDatabase, Step, intake, mirror, row::get, statements};
use crate::{
    command::{RecordsRequest, Work},
    write::Locks,
};

/// Does all of it.
pub(super) async fn perform(step: &mut Step<'_>, works: &mut [Work<InDatabase>]) -> Result<(), Error> {
    for kind in step.schema.kinds() {
        let mut requests: Vec<&mut RecordsRequest> =
            works.iter_mut().filter_map(|work| request(work, kind)).collect();
        intake::store(step, &mut requests, &[]).await?;
    }
    let mut locks = Locks::default();
    for work in &mut *works {
        if let Work::Write(job) = work {
            locks = locks.and(job.locks(step).await?);
        }
    }
    for kind in step.schema.kinds() {
        lock(step, kind, &locks).await?;
    }
    do_those(step, works, false).await?;
    step.close().await?;
    do_those(step, works, true).await
}

fn request<'a>(work: &'a mut Work<InDatabase>, kind: &Kind) -> Option<&'a mut RecordsRequest> {
    match work {
        Work::Store(request) if request.kind == kind => Some(request),
        _ => None,
    }
}

/// Does what comes last, or all else.
async fn do_those(step: &mut Step<'_>, works: &mut [Work<InDatabase>], last: bool) -> Result<(), Error> {
    for work in works {
        if let Work::Write(job) = work
            && job.comes_last() == last
        {
            job.perform(step).await?;
        }
    }
    Ok(())
}

/// Locks the kind's rows, and the entries of the outbox where those are wanted too.
async fn lock(step: &mut Step<'_>, kind: &'static Kind, locks: &Locks) -> Result<(), Error> {
    let of_kind = |rows: &[(&'static Kind, TenantId, i64)]| -> BTreeSet<(TenantId, i64)> {
        rows.iter().filter(|(of, ..)| *of == kind).map(|(_, tenant, position)| (*tenant, *position)).collect()
    };
    let mut rows = of_kind(&locks.rows);
    rows.extend(positions(step, kind, locks).await?);
    if !rows.is_empty() {
        let tenants: Vec<Uuid> = rows.iter().map(|(tenant, _)| tenant.0).collect();
        let positions: Vec<i64> = rows.iter().map(|(_, position)| *position).collect();
        let query = step.schema.query(&statements::of(kind).lock).bind(tenants).bind(positions);
        query.execute(&mut *step.connection).await?;
    }
    let entries: Vec<_> = of_kind(&locks.entries).into_iter().collect();
    mirror::lock_entries(step, kind, &entries).await
}

/// Where the records are whose ids are known.
async fn positions(
    step: &mut Step<'_>,
    kind: &'static Kind,
    locks: &Locks,
) -> Result<Vec<(TenantId, i64)>, Error> {
    let (mut tenants, mut ids): (Vec<Uuid>, Vec<Uuid>) = (Vec::new(), Vec::new());
    for (_, tenant, id) in locks.records.iter().filter(|(of, ..)| *of == kind) {
        tenants.push(tenant.0);
        ids.push(*id);
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let query = step.schema.query(&statements::of(kind).positions).bind(tenants).bind(ids);
    let rows = query.fetch_all(&mut *step.connection).await?;
    rows.iter().map(|row| Ok((TenantId(get(row, 0)?), get(row, 1)?))).collect()
}
