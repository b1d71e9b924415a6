//! `/pipeline`: how far the records have come, as a page.

mod known;

use app::{
    compose::{counted, sentence},
    pages::{
        HandlingLine, Hour, LetterLine, Letters, Others, PipelineFacts, PolicyView, QuestionView, RejectLine,
        pipeline_page,
    },
};
use axum::{
    extract::{Request, State},
    response::Response,
};
use http::StatusCode;
use ledger::{Answer, Handled, Handling, HourBalance, LedgerError, Question, Reject};
use model::{
    delivery::{Delivery, DeliveryState},
    record::Kind,
    tenant::TenantId,
};
use pipeline::{MirrorState, MirrorStatus, RelayStatus};

use super::{Visitor, document, fault, frame};
use crate::{
    access::Asker,
    carrier::{Demo, Standing},
    house::{House, SharedHouse},
    routes::pipeline::first_hour,
};

/// Lines of each list; what there is more is counted.
const LINES: usize = 10;

pub async fn pipeline(State(house): State<SharedHouse>, asker: Asker, request: Request) -> Response {
    let frame = frame(&house, &Visitor::of(request.headers()));
    match facts(&house, asker.tenant).await {
        Ok(facts) => document(request, StatusCode::OK, || {}, move || pipeline_page(&frame, &facts)).await,
        Err(error) => fault::unavailable(&house, request, &error).await,
    }
}

async fn facts(house: &House, tenant: TenantId) -> Result<PipelineFacts, LedgerError> {
    let delivery = house.carrier.delivery(&house.ledger, tenant).await?;
    let (now, standing) = (house.now(), house.carrier.standing());
    let hours = house.ledger.hours(tenant, first_hour(now)).await?;
    Ok(PipelineFacts {
        now,
        warnings: alarms(&delivery).chain(standing.warnings(now)).collect(),
        dataverse: known::known(&standing),
        demo: house.carrier.demo.as_ref().map(Demo::trouble),
        hours: hours.iter().map(hour).collect(),
        letters: letters(house, tenant, delivery.refused).await?,
        others: others(house, tenant, &standing).await?,
        delivery,
    })
}

/// Those that the page's first sentence leaves out.
fn alarms(delivery: &Delivery) -> impl Iterator<Item = String> {
    let first = usize::from(delivery.closed.is_none() && delivery.state == DeliveryState::Ok);
    delivery.alarms.iter().skip(first).map(|alarm| sentence(alarm))
}

fn hour(hour: &HourBalance) -> Hour {
    Hour {
        table: hour.kind.shown_table(),
        at: hour.hour,
        received: hour.received,
        mirrored: hour.mirrored,
        durable: hour.durable,
        delivered: hour.delivered,
        confirmed: hour.confirmed,
        pending: hour.pending,
        dead: hour.dead,
        unaccounted: hour.unaccounted(),
    }
}

async fn letters(house: &House, tenant: TenantId, all: i64) -> Result<Letters, LedgerError> {
    let mut lines = Vec::new();
    for letter in house.ledger.dead_letters(tenant, LINES).await? {
        lines.push(LetterLine {
            kind: letter.kind.name,
            id: letter.id.to_string(),
            title: title(house, tenant, letter.kind, letter.id).await?,
            reason: letter.reason,
            died_at: letter.died_at,
        });
    }
    let mut handlings = Vec::new();
    for handling in house.ledger.handlings(tenant, LINES).await? {
        let what = told(house, tenant, &handling).await?;
        handlings.push(HandlingLine { at: handling.at, by: handling.by, what });
    }
    Ok(Letters { all, lines, handlings })
}

/// What people call a record.
async fn title(
    house: &House,
    tenant: TenantId,
    kind: &'static Kind,
    id: uuid::Uuid,
) -> Result<String, LedgerError> {
    let held = house.ledger.read(tenant, kind, id).await?;
    Ok(held.map_or_else(|| id.to_string(), |held| held.stored.record.title()))
}

async fn told(house: &House, tenant: TenantId, handling: &Handling) -> Result<String, LedgerError> {
    let record = match handling.id {
        Some(id) => title(house, tenant, handling.kind, id).await?,
        None => handling.kind.noun.to_owned(),
    };
    Ok(match handling.what {
        Handled::Mended => format!("mended {record}"),
        Handled::Resent => format!("sent {record} again"),
        Handled::Dropped => format!("dropped {record}: {}", handling.reason),
        Handled::Answered => format!("answered: {}", handling.reason),
    })
}

async fn others(house: &House, tenant: TenantId, standing: &Standing) -> Result<Option<Others>, LedgerError> {
    let Some(RelayStatus { mirror, .. }) = &standing.relay else { return Ok(None) };
    let counted = house.ledger.standing(tenant).await?;
    Ok(Some(Others {
        state: state(mirror),
        added: counted.balance.iter().map(|balance| balance.mirrored).sum(),
        changed: counted.reflected.changed,
        withdrawn: counted.reflected.withdrawn,
        kept_out: counted.reflected.kept_out,
        resent: counted.reflected.resent,
        rejected: counted.reflected.rejected,
        rejects: house.ledger.rejects(tenant, None, LINES).await?.into_iter().map(reject).collect(),
        questions: house.ledger.questions().await?.iter().map(question).collect(),
        policies: house.ledger.policies().await?.iter().map(policy).collect(),
    }))
}

fn state(mirror: &MirrorStatus) -> String {
    match &mirror.state {
        MirrorState::Reading => {
            let rows = counted(i64::try_from(mirror.rows_read).unwrap_or(i64::MAX), "row", "rows");
            format!("Reading everything that is there: {rows} so far.")
        }
        MirrorState::Watching => {
            let last = mirror.last_pass.map_or_else(|| "not yet".to_owned(), known::moment);
            format!("What others write there comes in by itself; looked at last: {last}.")
        }
        MirrorState::Asking => "Stopped until the question above is answered.".to_owned(),
        MirrorState::Paused(reason) => format!("Paused: {reason}"),
    }
}

fn reject(reject: Reject) -> RejectLine {
    RejectLine {
        table: reject.kind.shown_table(),
        id: reject.dataverse_id.to_string(),
        reason: reject.reason,
        content: reject.content,
        at: reject.at,
    }
}

fn policy((kind, answer): &(&'static Kind, Answer)) -> PolicyView {
    PolicyView {
        kind: kind.name,
        said: match answer {
            Answer::Withdraw => "What is deleted there is withdrawn here without asking.",
            Answer::SendAgain => "What is deleted there is sent again without asking.",
        },
    }
}

fn question((kind, question): &(&'static Kind, Question)) -> QuestionView {
    QuestionView {
        kind: kind.name,
        table: kind.shown_table(),
        gone: question.gone,
        unseen: question.unseen,
        of: question.of,
        answered: question.answer.map(|answer| match answer {
            Answer::Withdraw => "They are being withdrawn here too.",
            Answer::SendAgain => "They are being sent again.",
        }),
    }
}
