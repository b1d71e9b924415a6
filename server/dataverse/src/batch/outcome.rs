//! Which answer belongs to which operation.

use std::time::SystemTime;

use serde_json::Value;

use super::multipart::{AnswerItem, AnswerPart};
use super::operation::OperationKind;
use crate::client::EntityId;
use crate::error::{Error, from_response};

/// How one operation ended.
pub type OperationOutcome = Result<OperationResult, Error>;

/// What an operation that succeeded brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OperationResult {
    /// The status of its own answer.
    pub status: u16,
    /// The row written, where the server names it.
    pub entity: Option<EntityId>,
    /// The row's ETag, where the answer has one.
    pub etag: Option<String>,
    /// What was read, or `None` for writes.
    pub body: Option<Value>,
}

/// One outcome for each operation, in order. Answers that are missing belong to operations that were not attempted.
pub(super) fn outcomes(
    kinds: &[OperationKind],
    items: Vec<AnswerItem>,
    wall: SystemTime,
) -> Result<Vec<OperationOutcome>, Error> {
    if items.len() > kinds.len() {
        return Err(Error::Malformed(format!("{} answers to {} operations", items.len(), kinds.len())));
    }
    let mut items = items.into_iter();
    let mut all = Vec::new();
    let mut first_content_id = 1;
    for kind in kinds {
        match (kind, items.next()) {
            (OperationKind::One(_), Some(AnswerItem::One(part))) => all.push(outcome(&part, wall)),
            (OperationKind::One(_), Some(AnswerItem::ChangeSet(mut parts))) if parts.len() == 1 => {
                all.push(outcome(&parts.remove(0), wall));
            }
            (OperationKind::ChangeSet(ones), Some(item)) => {
                let parts = match item {
                    AnswerItem::One(part) => vec![part],
                    AnswerItem::ChangeSet(parts) => parts,
                };
                all.extend(of_change_set(ones.len(), first_content_id, &parts, wall)?);
            }
            (OperationKind::One(_), Some(_)) => {
                return Err(Error::Malformed("a change set where one answer was expected".to_owned()));
            }
            (kind, None) => all.extend(kind.all().iter().map(|_| Err(Error::NotAttempted))),
        }
        if let OperationKind::ChangeSet(ones) = kind {
            first_content_id += ones.len();
        }
    }
    Ok(all)
}

/// Either every member has its answer, or one error stands for all: the guilty one's, if its Content-ID names it.
fn of_change_set(
    members: usize,
    first_content_id: usize,
    parts: &[AnswerPart],
    wall: SystemTime,
) -> Result<Vec<OperationOutcome>, Error> {
    let content_ids: Vec<Option<String>> = parts.iter().map(|part| part.content_id.clone()).collect();
    let outcomes: Vec<OperationOutcome> = parts.iter().map(|part| outcome(part, wall)).collect();
    if let Some((at, Err(error))) = outcomes.iter().enumerate().find(|(_, outcome)| outcome.is_err()) {
        let guilty = content_ids[at]
            .as_deref()
            .and_then(|id| id.parse::<usize>().ok())
            .and_then(|id| id.checked_sub(first_content_id))
            .or((members == 1).then_some(0));
        return Ok((0..members)
            .map(|member| match guilty == Some(member) {
                true => Err(error.clone()),
                false => Err(Error::RolledBack(Box::new(error.clone()))),
            })
            .collect());
    }
    if outcomes.len() != members {
        return Err(Error::Malformed(format!("{} answers to a change set of {members}", outcomes.len())));
    }
    Ok(outcomes)
}

fn outcome(part: &AnswerPart, wall: SystemTime) -> OperationOutcome {
    if !part.status.is_success() && part.status != http::StatusCode::NOT_MODIFIED {
        return Err(from_response(part.status, &part.headers, &part.body, wall));
    }
    let text = |name: &str| part.headers.get(name).and_then(|v| v.to_str().ok());
    let body = match part.body.is_empty() {
        true => None,
        false => Some(
            serde_json::from_slice(&part.body)
                .map_err(|e| Error::Malformed(format!("a part that is no JSON: {e}")))?,
        ),
    };
    Ok(OperationResult {
        status: part.status.as_u16(),
        entity: text("odata-entityid").or_else(|| text("location")).map(EntityId::from_url),
        etag: text("etag").map(str::to_owned),
        body,
    })
}
