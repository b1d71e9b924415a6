//! The marks of the mirror, and what it asks.

use model::{record::Kind, time::Timestamp};
use sqlx::{Error, SqliteConnection, sqlite::SqliteRow};

use super::{InFile, Reader, Step, StepIn, handlings::handle, row::get};
use crate::{
    ChangeCursor, MassDeletion, MassDeletionAnswer,
    change_cursor::{CursorCommand, StoredCursor, UseCursor},
    dead_letters::SYSTEM,
    mirror::handling,
    write::On,
};

const READ: &str = "SELECT link, read_at, leased_until, epoch, gone, gone_of, asked_at, answer, unseen, policy FROM marks WHERE tenant_id = ?1 AND kind = ?2";

impl On<InFile> for UseCursor {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<Option<ChangeCursor>, Error> {
        let Self { kind, command } = &*self;
        let kind = *kind;
        let mut entry = read(step.connection, kind).await?.unwrap_or_default();
        if !entry.run(command, step.now) {
            return Ok(None);
        }
        write(step.connection, kind, &entry).await?;
        if let Some(handling) = handling(&entry, command, kind, step.now) {
            handle(step, SYSTEM, &handling).await?;
        }
        if matches!(command, CursorCommand::Answer { .. }) {
            // What was deleted before is known to a person by now: it counts no more towards the next question.
            sqlx::query(
                "UPDATE passages SET removed_asked = removed WHERE kind = ?1 AND removed_asked <> removed",
            )
            .bind(kind.name)
            .execute(&mut *step.connection)
            .await?;
        }
        Ok(Some(entry.lent(kind)))
    }
}

/// Whether the loan of this epoch still holds.
pub(super) async fn is_lent(step: &mut Step<'_>, kind: &'static Kind, epoch: i64) -> Result<bool, Error> {
    let entry = read(step.connection, kind).await?;
    Ok(entry.is_some_and(|entry| entry.is_lent(epoch)))
}

async fn read(connection: &mut SqliteConnection, kind: &Kind) -> Result<Option<StoredCursor>, Error> {
    let row = sqlx::query(READ).bind(SYSTEM.to_string()).bind(kind.name).fetch_optional(connection).await?;
    row.as_ref().map(entry).transpose()
}

fn entry(row: &SqliteRow) -> Result<StoredCursor, Error> {
    let number = |at: usize| get::<Option<i64>>(row, at);
    let answer: Option<&str> = get(row, 7)?;
    let question = match (number(4)?, number(5)?, number(6)?) {
        (Some(gone), Some(of), Some(asked_at)) => Some(MassDeletion {
            gone,
            unseen: number(8)?.unwrap_or(0),
            of,
            asked_at: Timestamp::from_micros(asked_at),
            answer: answer.and_then(MassDeletionAnswer::of_key),
        }),
        _ => None,
    };
    Ok(StoredCursor {
        link: get(row, 0)?,
        read_at: number(1)?.map(Timestamp::from_micros),
        leased_until: number(2)?.map(Timestamp::from_micros),
        epoch: get(row, 3)?,
        question,
        policy: get::<Option<&str>>(row, 9)?.and_then(MassDeletionAnswer::of_key),
    })
}

async fn write(connection: &mut SqliteConnection, kind: &Kind, entry: &StoredCursor) -> Result<(), Error> {
    let question = entry.question.as_ref();
    sqlx::query(
        "INSERT OR REPLACE INTO marks (tenant_id, kind, link, read_at, leased_until, epoch, gone, gone_of, asked_at, answer, \
         unseen, policy) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )
    .bind(SYSTEM.to_string())
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
    .execute(connection)
    .await
    .map(|_| ())
}

/// The marks as they stand, of those kinds that have one.
pub(crate) async fn all(
    Reader { pool, kinds, .. }: Reader<'_>,
) -> Result<Vec<(&'static Kind, StoredCursor)>, Error> {
    let mut all = Vec::new();
    for kind in kinds {
        let mut connection = pool.acquire().await?;
        all.extend(read(&mut connection, kind).await?.map(|entry| (kind, entry)));
    }
    Ok(all)
}
