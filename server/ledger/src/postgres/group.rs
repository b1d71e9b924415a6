//! One transaction's work, put into the order in which rows may be locked.
//!
//! What waits together was asked by people of whom none had an answer yet, so any order between them is a fair one.

use std::collections::BTreeMap;

use model::{record::Kind, tenant::TenantId, time::Timestamp};
use sqlx::Error;
use uuid::Uuid;

use super::{
    change, confirm, identity, intake, lease, marks, mirror, row::get, settle, spending, statements,
    step::Step,
};
use crate::{
    command::{Request, Work},
    letters,
};

/// As much as an array of a thousand records may need, where this user may make tables for a while.
const TRIAL: &str = "DO $$ BEGIN \
     CREATE TEMPORARY TABLE ledger_trial ON COMMIT DROP AS \
     SELECT repeat('-', 1000) AS filled FROM generate_series(1, 8000); \
     EXCEPTION WHEN insufficient_privilege THEN NULL; END $$";

/// Does all of it. `asked_at` is this process's own time.
pub(super) async fn perform(
    step: &mut Step<'_>,
    works: &mut [Work],
    asked_at: Timestamp,
) -> Result<(), Error> {
    for kind in step.schema.kinds() {
        let mut requests: Vec<&mut Request> =
            works.iter_mut().filter_map(|work| request(work, kind)).collect();
        intake::store(step, &mut requests, &[]).await?;
    }
    let mut reflected = BTreeMap::new();
    for work in &mut *works {
        if let Work::Reflect { page, .. } = work {
            let records = mirror::begin(step, page, asked_at).await?;
            reflected.entry(page.kind.name).or_insert_with(Vec::new).extend(records);
        }
    }
    for kind in step.schema.kinds() {
        let reflected = reflected.remove(kind.name).unwrap_or_default();
        lock(step, kind, works, &reflected).await?;
        mirror::lock_entries(step, kind, &reflected).await?;
    }
    for work in &mut *works {
        change(step, work, asked_at).await?;
    }
    step.close().await?;
    for work in works {
        if let Work::Lease { most, hold, answer } = work {
            answer.fill(lease::lease(step, *most, *hold).await?);
        }
    }
    Ok(())
}

fn request<'a>(work: &'a mut Work, kind: &Kind) -> Option<&'a mut Request> {
    match work {
        Work::Store(request) if request.kind == kind => Some(request),
        _ => None,
    }
}

/// Locks every row of the kind that stands and that something is done to.
async fn lock(
    step: &mut Step<'_>,
    kind: &'static Kind,
    works: &[Work],
    reflected: &[(TenantId, i64)],
) -> Result<(), Error> {
    let mut rows: BTreeMap<_, ()> = reflected.iter().map(|record| (*record, ())).collect();
    let (mut tenants, mut ids): (Vec<Uuid>, Vec<Uuid>) = (Vec::new(), Vec::new());
    for work in works {
        match work {
            Work::Correct { target, .. }
            | Work::Withdraw { target, .. }
            | Work::Resend { target, .. }
            | Work::Drop { target, .. }
            | Work::Mend { target, .. }
                if target.kind == kind =>
            {
                tenants.push(target.tenant.0);
                ids.push(target.id);
            }
            Work::Settle { tickets, .. } => {
                let ours = tickets.iter().filter(|ticket| ticket.kind == kind);
                rows.extend(ours.map(|ticket| ((ticket.tenant, ticket.position), ())));
            }
            Work::Confirm { kind: of, tenant, read, .. } if *of == kind => {
                rows.extend(read.iter().map(|(position, _)| ((*tenant, *position), ())));
            }
            _ => {}
        }
    }
    if !ids.is_empty() {
        let query = step.schema.query(&statements::of(kind).positions).bind(tenants).bind(ids);
        for row in &query.fetch_all(&mut *step.connection).await? {
            rows.insert((TenantId(get(row, 0)?), get::<i64>(row, 1)?), ());
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    let tenants: Vec<Uuid> = rows.keys().map(|(tenant, _)| tenant.0).collect();
    let positions: Vec<i64> = rows.keys().map(|(_, position)| *position).collect();
    let query = step.schema.query(&statements::of(kind).lock).bind(tenants).bind(positions);
    query.execute(&mut *step.connection).await.map(|_| ())
}

async fn change(step: &mut Step<'_>, work: &mut Work, asked_at: Timestamp) -> Result<(), Error> {
    match work {
        Work::Store(_) | Work::Lease { .. } => {}
        // A database is looked after beside the writer, see `upkeep`.
        Work::Tend { answer, .. } => answer.fill(0),
        Work::Correct { target, record, answer } => answer.fill(change::correct(step, target, record).await?),
        Work::Withdraw { target, fetched, answer } => {
            answer.fill(change::withdraw(step, target, *fetched).await?);
        }
        Work::Settle { tickets, how, answer } => {
            answer.fill(settle::settle(step, tickets, *how, asked_at).await?);
        }
        Work::Confirm { kind, tenant, read, answer } => {
            answer.fill(confirm::confirm(step, kind, *tenant, read).await?);
        }
        Work::Resend { target, by, answer } => answer.fill(letters::resend(step, target, by).await?),
        Work::ResendAll { tenant, most, by, answer } => {
            answer.fill(super::letters::resend_all(step, *tenant, *most, by).await?);
        }
        Work::Drop { target, by, answer } => answer.fill(letters::drop_letter(step, target, by).await?),
        Work::Mend { target, record, by, answer } => {
            answer.fill(letters::mend(step, target, record, by).await?);
        }
        Work::Reflect { page, answer } => answer.fill(mirror::reflect(step, page).await?),
        Work::Mark { kind, errand, answer } => answer.fill(marks::run(step, kind, errand).await?),
        Work::Claim { asked, answer } => answer.fill(identity::claim(step, asked).await?),
        Work::Looked(answer) => {
            identity::looked(step).await?;
            answer.fill(());
        }
        Work::Spend { cost, answer } => {
            spending::spend(step, *cost).await?;
            answer.fill(());
        }
        // The transaction around it takes a number of its own, which only a database that writes gives out.
        Work::Probe(answer) => {
            step.schema.query("SELECT pg_current_xact_id()::text").execute(&mut *step.connection).await?;
            answer.fill(());
        }
        // Room is taken at once where a table grows, and given back with the transaction.
        Work::Trial(answer) => {
            step.schema.script(TRIAL).execute(&mut *step.connection).await?;
            answer.fill(());
        }
        #[cfg(test)]
        Work::Spoil(sql, answer) => {
            answer.fill(());
            step.schema.script(sql).execute(&mut *step.connection).await?;
        }
        #[cfg(test)]
        Work::BreakOff(_) => panic!("asked for by a test"),
    }
    Ok(())
}
