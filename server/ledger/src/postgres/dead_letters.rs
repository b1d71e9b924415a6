//! Dead letters: what people read of them, and what they do about them. Their records' rows are locked already.

use model::{record::Kind, tenant::TenantId, time::Timestamp};
use sqlx::{Error, postgres::PgRow};
use uuid::Uuid;

use super::{InDatabase, Reader, Step, StepIn, handlings::handle, row::get, statements};
use crate::{
    ChangeOutcome, DeadLetter, Handled, Handling,
    affected::Affected as _,
    change::ChangeTarget,
    dead_letters::{self, DeadLetterStore, GiveUp, Mend, Resend, ResendAll},
    row::Row,
    write::{Locks, On},
};

impl On<InDatabase> for Resend {
    async fn locks(&mut self, _step: &mut StepIn<'_>) -> Result<Locks, Error> {
        Ok(self.target.locks())
    }

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<bool, Error> {
        dead_letters::resend(step, self).await
    }
}

impl On<InDatabase> for GiveUp {
    async fn locks(&mut self, _step: &mut StepIn<'_>) -> Result<Locks, Error> {
        Ok(self.target.locks())
    }

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<bool, Error> {
        dead_letters::give_up(step, self).await
    }
}

impl On<InDatabase> for Mend {
    async fn locks(&mut self, _step: &mut StepIn<'_>) -> Result<Locks, Error> {
        Ok(self.target.locks())
    }

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<ChangeOutcome, Error> {
        dead_letters::mend(step, self).await
    }
}

impl DeadLetterStore for Step<'_> {
    async fn reason(&mut self, target: &ChangeTarget, row: &Row) -> Result<Option<String>, Error> {
        let query = self.schema.query(
            "SELECT reason FROM studio.dead_letters WHERE tenant_id = $1 AND kind = $2 AND position = $3 \
             AND dropped_at IS NULL",
        );
        let query = query.bind(target.tenant.0).bind(target.kind.name).bind(row.position);
        let letter = query.fetch_optional(&mut *self.connection).await?;
        letter.map(|letter| get(&letter, 0)).transpose()
    }

    async fn give_up(&mut self, target: &ChangeTarget, row: &Row) -> Result<(), Error> {
        let query = self.schema.query(
            "UPDATE studio.dead_letters SET dropped_at = $4 WHERE tenant_id = $1 AND kind = $2 AND position = $3",
        );
        let query = query.bind(target.tenant.0).bind(target.kind.name).bind(row.position);
        let done = query.bind(self.now.micros()).execute(&mut *self.connection).await?;
        done.ensure(1, "dead_letters", target.id)
    }

    async fn note(
        &mut self,
        target: &ChangeTarget,
        what: Handled,
        by: &str,
        reason: String,
    ) -> Result<(), Error> {
        self.changed = true;
        let by = by.to_owned();
        let handling = Handling { at: self.now, by, kind: target.kind, id: Some(target.id), what, reason };
        handle(self, target.tenant, &handling).await
    }
}

/// Puts all of them back in line, those of the oldest records first, and says how many there were. What another process
/// has in hand now is passed over: it comes back in line, or dead again, by itself.
impl On<InDatabase> for ResendAll {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<u64, Error> {
        let Self { tenant, most, by } = &*self;
        let (tenant, most) = (*tenant, *most);
        let (most, mut sent) = (i64::try_from(most).unwrap_or(i64::MAX), 0);
        for kind in step.schema.kinds() {
            let resend = &statements::of(kind).resend;
            let query = step.schema.query(&resend.lock).bind(tenant.0).bind(kind.name).bind(most - sent);
            let rows = query.fetch_all(&mut *step.connection).await?;
            let positions: Vec<i64> = rows.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?;
            if positions.is_empty() {
                continue;
            }
            let ask =
                |sql: &str| step.schema.query(sql).bind(tenant.0).bind(kind.name).bind(positions.clone());
            let note =
                ask(&resend.note).bind(step.now.micros()).bind(by.to_owned()).bind(Handled::Resent.key());
            note.execute(&mut *step.connection).await?;
            let enqueued =
                ask(&resend.enqueue).bind(step.now.micros()).execute(&mut *step.connection).await?;
            ask(resend.clear).execute(&mut *step.connection).await?;
            step.changed = true;
            sent += i64::try_from(enqueued.rows_affected()).unwrap_or(i64::MAX);
        }
        Ok(u64::try_from(sent).unwrap_or(0))
    }
}

/// Those that are not given up, newest first.
pub(crate) async fn dead_letters(
    reader: Reader<'_>,
    tenant: TenantId,
    most: usize,
) -> Result<Vec<DeadLetter>, Error> {
    let asked = reader.of(tenant);
    let mut letters = Vec::new();
    for kind in asked.schema.kinds() {
        let rows = asked
            .schema
            .query(&statements::of(kind).dead)
            .bind(asked.tenant.0)
            .bind(kind.name)
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_all(&mut *asked.connection)
            .await?;
        for row in &rows {
            letters.push(letter(kind, row)?);
        }
    }
    letters.sort_by_key(|letter| std::cmp::Reverse(letter.died_at));
    letters.truncate(most);
    Ok(letters)
}

pub(crate) async fn dead_letter(
    reader: Reader<'_>,
    tenant: TenantId,
    kind: &'static Kind,
    id: Uuid,
) -> Result<Option<DeadLetter>, Error> {
    let asked = reader.of(tenant);
    let query = asked.schema.query(&statements::of(kind).dead_one);
    let query = query.bind(asked.tenant.0).bind(kind.name).bind(id);
    let row = query.fetch_optional(&mut *asked.connection).await?;
    row.map(|row| letter(kind, &row)).transpose()
}

fn letter(kind: &'static Kind, row: &PgRow) -> Result<DeadLetter, Error> {
    Ok(DeadLetter {
        kind,
        revision: get(row, 0)?,
        attempts: get(row, 1)?,
        enqueued_at: Timestamp::from_micros(get(row, 2)?),
        died_at: Timestamp::from_micros(get(row, 3)?),
        reason: get(row, 4)?,
        id: get(row, 5)?,
        deletes: get(row, 6)?,
        request: get(row, 7)?,
        response: get(row, 8)?,
    })
}
