//! The marks of the mirror, and what it asks.

use model::{
    record::{KINDS, Kind},
    time::Instant,
};
use sqlx::{Error, PgConnection, postgres::PgRow};

use super::{handlings::handle, row::get, schema::Schema, step::Step};
use crate::{
    Answer, Mark, Question,
    letters::HOUSE,
    marks::{Entry, Errand},
};

const READ: &str = "SELECT link, read_at, leased_until, epoch, gone, gone_of, asked_at, answer FROM studio.marks \
     WHERE tenant_id = $1 AND kind = $2";

/// The mark as it is afterwards; none when that may not be done now.
pub(super) async fn run(
    step: &mut Step<'_>,
    kind: &'static Kind,
    errand: &Errand,
) -> Result<Option<Mark>, Error> {
    step.schema
        .query("INSERT INTO studio.marks (tenant_id, kind) VALUES ($1, $2) ON CONFLICT (tenant_id, kind) DO NOTHING")
        .bind(HOUSE.0)
        .bind(kind.name)
        .execute(&mut *step.connection)
        .await?;
    let query = step.schema.query(&format!("{READ} FOR UPDATE")).bind(HOUSE.0).bind(kind.name);
    let mut entry = entry(&query.fetch_one(&mut *step.connection).await?)?;
    if !entry.run(errand, step.now) {
        return Ok(None);
    }
    write(step, kind, &entry).await?;
    if let (Errand::Answer { answer, by }, Some(question)) = (errand, &entry.question) {
        let handling = question.handling(kind, *answer, by, step.now);
        handle(step, HOUSE, &handling).await?;
    }
    Ok(Some(entry.lent(kind)))
}

fn entry(row: &PgRow) -> Result<Entry, Error> {
    let time = |at: usize| Ok::<_, Error>(get::<Option<i64>>(row, at)?.map(Instant::from_micros));
    let answer: Option<&str> = get(row, 7)?;
    let question = match (get(row, 4)?, get(row, 5)?, time(6)?) {
        (Some(gone), Some(of), Some(asked_at)) => {
            Some(Question { gone, of, asked_at, answer: answer.and_then(Answer::of_key) })
        }
        _ => None,
    };
    Ok(Entry { link: get(row, 0)?, read_at: time(1)?, leased_until: time(2)?, epoch: get(row, 3)?, question })
}

async fn write(step: &mut Step<'_>, kind: &Kind, entry: &Entry) -> Result<(), Error> {
    let question = entry.question.as_ref();
    step.schema
        .query(
            "UPDATE studio.marks SET link = $3, read_at = $4, leased_until = $5, epoch = $6, gone = $7, gone_of = $8, \
             asked_at = $9, answer = $10 WHERE tenant_id = $1 AND kind = $2",
        )
        .bind(HOUSE.0)
        .bind(kind.name)
        .bind(entry.link.clone())
        .bind(entry.read_at.map(Instant::micros))
        .bind(entry.leased_until.map(Instant::micros))
        .bind(entry.epoch)
        .bind(question.map(|question| question.gone))
        .bind(question.map(|question| question.of))
        .bind(question.map(|question| question.asked_at.micros()))
        .bind(question.and_then(|question| question.answer).map(Answer::key))
        .execute(&mut *step.connection)
        .await
        .map(|_| ())
}

/// What is asked and not settled yet.
pub(super) async fn questions(
    connection: &mut PgConnection,
    schema: &Schema,
) -> Result<Vec<(&'static Kind, Question)>, Error> {
    let mut questions = Vec::new();
    for kind in KINDS {
        let row = schema.query(READ).bind(HOUSE.0).bind(kind.name).fetch_optional(&mut *connection).await?;
        let entry = row.as_ref().map(entry).transpose()?;
        questions.extend(entry.and_then(|entry| entry.question).map(|question| (*kind, question)));
    }
    Ok(questions)
}
