//! Dead letters: what people read of them, and what they do about them.

use model::{record::Kind, tenant::TenantId, time::Timestamp};
use sqlx::{Error, sqlite::SqliteRow};
use uuid::Uuid;

use super::{InFile, Reader, Step, StepIn, handlings::handle, row::get, statements};
use crate::{
    ChangeOutcome, DeadLetter, Handled, Handling,
    affected::Affected as _,
    change::ChangeTarget,
    dead_letters::{self, DeadLetterStore, GiveUp, Mend, Resend, ResendAll},
    row::Row,
    write::On,
};

impl On<InFile> for Resend {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<bool, Error> {
        dead_letters::resend(step, self).await
    }
}

impl On<InFile> for GiveUp {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<bool, Error> {
        dead_letters::give_up(step, self).await
    }
}

impl On<InFile> for Mend {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<ChangeOutcome, Error> {
        dead_letters::mend(step, self).await
    }
}

impl DeadLetterStore for Step<'_> {
    async fn reason(&mut self, target: &ChangeTarget, row: &Row) -> Result<Option<String>, Error> {
        let query = sqlx::query(
            "SELECT reason FROM dead_letters WHERE tenant_id = ?1 AND kind = ?2 AND position = ?3 \
             AND dropped_at IS NULL",
        );
        let query = query.bind(target.tenant.to_string()).bind(target.kind.name).bind(row.position);
        let letter = query.fetch_optional(&mut *self.connection).await?;
        letter.map(|letter| get(&letter, 0)).transpose()
    }

    async fn give_up(&mut self, target: &ChangeTarget, row: &Row) -> Result<(), Error> {
        let query = sqlx::query(
            "UPDATE dead_letters SET dropped_at = ?4 WHERE tenant_id = ?1 AND kind = ?2 AND position = ?3",
        );
        let query = query.bind(target.tenant.to_string()).bind(target.kind.name).bind(row.position);
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

/// Puts all of them back in line, those of the oldest records first, and says how many there were.
impl On<InFile> for ResendAll {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<u64, Error> {
        let Self { tenant, most, by } = &*self;
        let (tenant, most) = (*tenant, *most);
        let (tenant, now) = (tenant.to_string(), step.now.micros());
        let (most, mut sent) = (i64::try_from(most).unwrap_or(i64::MAX), 0);
        for kind in step.kinds {
            let found = sqlx::query(
                "SELECT json_group_array(position), count(*) FROM (SELECT position FROM dead_letters WHERE tenant_id = ?1 \
             AND kind = ?2 AND dropped_at IS NULL ORDER BY position LIMIT ?3)",
            );
            let found = found.bind(tenant.clone()).bind(kind.name).bind(most - sent);
            let found = found.fetch_one(&mut *step.connection).await?;
            let (positions, found): (String, i64) = (get(&found, 0)?, get(&found, 1)?);
            if found == 0 {
                continue;
            }
            let [note, enqueue, count, clear] = statements::of(kind).resend;
            let note = sqlx::query(note).bind(tenant.clone()).bind(kind.name).bind(positions.clone());
            let note = note.bind(now).bind(by.to_owned()).bind(Handled::Resent.key());
            note.execute(&mut *step.connection).await?;
            let enqueue = sqlx::query(enqueue).bind(tenant.clone()).bind(kind.name).bind(positions.clone());
            enqueue.bind(now).execute(&mut *step.connection).await?;
            let count = sqlx::query(count).bind(tenant.clone()).bind(kind.name).bind(positions.clone());
            count.execute(&mut *step.connection).await?;
            let clear = sqlx::query(clear).bind(tenant.clone()).bind(kind.name).bind(positions);
            clear.execute(&mut *step.connection).await?;
            step.changed = true;
            sent += found;
        }
        Ok(u64::try_from(sent).unwrap_or(0))
    }
}

/// Those that are not given up, newest first.
pub(crate) async fn dead_letters(
    Reader { pool, kinds, .. }: Reader<'_>,
    tenant: TenantId,
    most: usize,
) -> Result<Vec<DeadLetter>, Error> {
    let mut letters = Vec::new();
    for kind in kinds {
        let rows = sqlx::query(statements::of(kind).dead)
            .bind(tenant.to_string())
            .bind(kind.name)
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_all(pool)
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
    Reader { pool, .. }: Reader<'_>,
    tenant: TenantId,
    kind: &'static Kind,
    id: Uuid,
) -> Result<Option<DeadLetter>, Error> {
    let row = sqlx::query(statements::of(kind).dead_one)
        .bind(tenant.to_string())
        .bind(kind.name)
        .bind(id)
        .fetch_optional(pool)
        .await?;
    row.map(|row| letter(kind, &row)).transpose()
}

fn letter(kind: &'static Kind, row: &SqliteRow) -> Result<DeadLetter, Error> {
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
