//! The marks of the mirror, and what it asks.

use model::{record::Kind, time::Timestamp};
use sqlx::{Error, postgres::PgRow};

use super::{InDatabase, Reader, Step, StepIn, handlings::handle, row::get};
use crate::{
    ChangeCursor, MassDeletion, MassDeletionAnswer,
    change_cursor::{CursorCommand, StoredCursor, UseCursor},
    dead_letters::SYSTEM,
    mirror::handling,
    write::On,
};

const READ: &str = "SELECT link, read_at, leased_until, epoch, gone, gone_of, asked_at, answer, unseen, policy FROM studio.marks \
     WHERE tenant_id = $1 AND kind = $2";

impl On<InDatabase> for UseCursor {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<Option<ChangeCursor>, Error> {
        let Self { kind, command } = &*self;
        let kind = *kind;
        step.schema
        .query("INSERT INTO studio.marks (tenant_id, kind) VALUES ($1, $2) ON CONFLICT (tenant_id, kind) DO NOTHING")
        .bind(SYSTEM.0)
        .bind(kind.name)
        .execute(&mut *step.connection)
        .await?;
        let query = step.schema.query(&format!("{READ} FOR UPDATE")).bind(SYSTEM.0).bind(kind.name);
        let mut entry = entry(&query.fetch_one(&mut *step.connection).await?)?;
        if !entry.run(command, step.now) {
            return Ok(None);
        }
        write(step, kind, &entry).await?;
        if let Some(handling) = handling(&entry, command, kind, step.now) {
            handle(step, SYSTEM, &handling).await?;
        }
        if matches!(command, CursorCommand::Answer { .. }) {
            // What was deleted before is known to a person by now: it counts no more towards the next question.
            let known = "UPDATE studio.passages SET removed_asked = removed WHERE kind = $1 AND removed_asked <> removed";
            step.schema.query(known).bind(kind.name).execute(&mut *step.connection).await?;
        }
        Ok(Some(entry.lent(kind)))
    }
}

/// Whether the loan of this epoch still holds.
pub(super) async fn is_lent(step: &mut Step<'_>, kind: &'static Kind, epoch: i64) -> Result<bool, Error> {
    let query = step.schema.query(READ).bind(SYSTEM.0).bind(kind.name);
    let row = query.fetch_optional(&mut *step.connection).await?;
    Ok(row.as_ref().map(entry).transpose()?.is_some_and(|entry| entry.is_lent(epoch)))
}

fn entry(row: &PgRow) -> Result<StoredCursor, Error> {
    let time = |at: usize| Ok::<_, Error>(get::<Option<i64>>(row, at)?.map(Timestamp::from_micros));
    let answer: Option<&str> = get(row, 7)?;
    let question = match (get(row, 4)?, get(row, 5)?, time(6)?) {
        (Some(gone), Some(of), Some(asked_at)) => {
            let unseen = get::<Option<i64>>(row, 8)?.unwrap_or(0);
            Some(MassDeletion {
                gone,
                unseen,
                of,
                asked_at,
                answer: answer.and_then(MassDeletionAnswer::of_key),
            })
        }
        _ => None,
    };
    let policy = get::<Option<&str>>(row, 9)?.and_then(MassDeletionAnswer::of_key);
    Ok(StoredCursor {
        link: get(row, 0)?,
        read_at: time(1)?,
        leased_until: time(2)?,
        epoch: get(row, 3)?,
        question,
        policy,
    })
}

async fn write(step: &mut Step<'_>, kind: &Kind, entry: &StoredCursor) -> Result<(), Error> {
    let question = entry.question.as_ref();
    step.schema
        .query(
            "UPDATE studio.marks SET link = $3, read_at = $4, leased_until = $5, epoch = $6, gone = $7, gone_of = $8, \
             asked_at = $9, answer = $10, unseen = $11, policy = $12 WHERE tenant_id = $1 AND kind = $2",
        )
        .bind(SYSTEM.0)
        .bind(kind.name)
        .bind(entry.link.clone())
        .bind(entry.read_at.map(Timestamp::micros))
        .bind(entry.leased_until.map(Timestamp::micros))
        .bind(entry.epoch)
        .bind(question.map(|question| question.gone))
        .bind(question.map(|question| question.of))
        .bind(question.map(|question| question.asked_at.micros()))
        .bind(question.and_then(|question| question.answer).map(MassDeletionAnswer::key))
        .bind(question.map(|question| question.unseen))
        .bind(entry.policy.map(MassDeletionAnswer::key))
        .execute(&mut *step.connection)
        .await
        .map(|_| ())
}

/// The marks as they stand, of those kinds that have one.
pub(crate) async fn all(
    Reader { connection, schema, .. }: Reader<'_>,
) -> Result<Vec<(&'static Kind, StoredCursor)>, Error> {
    let mut all = Vec::new();
    for kind in schema.kinds() {
        let row = schema.query(READ).bind(SYSTEM.0).bind(kind.name).fetch_optional(&mut *connection).await?;
        all.extend(row.as_ref().map(entry).transpose()?.map(|entry| (kind, entry)));
    }
    Ok(all)
}
