//! What was decided about one row, and what that adds up to.

use std::collections::BTreeMap;

use model::{
    record::{Kind, Record, to_json},
    tenant::TenantId,
};
use uuid::Uuid;

use super::{KnownRecord, OutboxState, merged};
use crate::{MirroredRow, RowOutcome, RowSighting, dead_letters::cut, flow_counts::FlowCounts};

/// What is done about one row.
pub(crate) struct Decided<'a> {
    pub(crate) kind: &'static Kind,
    pub(crate) mirrored: &'a MirroredRow,
    /// The record that it means, where something is known of it.
    pub(crate) known: Option<&'a KnownRecord>,
    pub(crate) outcome: RowOutcome,
    /// Whether the record bears the row's id in Dataverse from now on.
    pub(crate) adopts: bool,
    /// Why it is refused, when it is.
    pub(super) reason: Option<String>,
}

/// What happened, by tenant.
pub(crate) type Sum = BTreeMap<TenantId, FlowCounts>;

impl Decided<'_> {
    /// The row's content, where it has one.
    pub(crate) fn seen(&self) -> Option<&Record> {
        if let RowSighting::Row(record) = &self.mirrored.seen { Some(record) } else { None }
    }

    /// The record that bears the row's id in Dataverse from now on, and that id where it is not its own.
    pub(crate) fn adoption(&self) -> Option<(&KnownRecord, Option<Uuid>)> {
        let known = self.known.filter(|_| self.adopts)?;
        let own = known.row.held.stored.id;
        Some((known, Some(self.mirrored.dataverse_id).filter(|id| *id != own)))
    }

    /// A record that waits to be sent for the first time, and stands there all the same: a withdrawal has to delete it.
    pub(crate) fn proves_arrival(&self) -> Option<&KnownRecord> {
        self.known.filter(|known| {
            matches!(known.line, OutboxState::Waiting { first: true, .. })
                && matches!(self.outcome, RowOutcome::Known | RowOutcome::KeptOut)
                && self.seen().is_some()
        })
    }

    /// Whether nothing is to be written down about it.
    pub(crate) fn is_idle(&self) -> bool {
        let is_known = matches!(self.outcome, RowOutcome::Known | RowOutcome::Underway);
        is_known && !self.adopts && self.proves_arrival().is_none()
    }

    /// What is done, and to which record of ours.
    pub(crate) fn does(&self, outcome: RowOutcome) -> Option<&KnownRecord> {
        self.known.filter(|_| self.outcome == outcome)
    }

    /// What the record is from now on, when it was changed there.
    pub(crate) fn change(&self) -> Option<(&KnownRecord, Record)> {
        let (known, theirs) = (self.does(RowOutcome::Changed)?, self.seen()?);
        Some((known, merged(&known.row.held.stored.record, theirs)))
    }

    /// The dead letter that this settles.
    pub(crate) fn settles_letter(&self) -> Option<&KnownRecord> {
        let is_settled =
            matches!(self.outcome, RowOutcome::Confirmed | RowOutcome::Changed | RowOutcome::Withdrawn);
        self.known.filter(|known| {
            is_settled && matches!(known.line, OutboxState::Dead { .. } | OutboxState::Dropped { .. })
        })
    }

    /// What waits no more, since it is there already, or something newer: only where ours may be older.
    pub(crate) fn leaves_line(&self) -> Option<&KnownRecord> {
        let has_come =
            matches!(self.outcome, RowOutcome::Confirmed | RowOutcome::Changed | RowOutcome::Withdrawn);
        self.known.filter(|known| has_come && matches!(known.line, OutboxState::Waiting { .. }))
    }

    /// Why it is refused, and what was seen; each of a length that can be kept.
    pub(crate) fn reject(&self) -> Option<(String, String)> {
        let reason = self.reason.as_ref()?;
        let content = match &self.mirrored.seen {
            RowSighting::Refused { content, .. } => content.clone(),
            RowSighting::Row(record) => serde_json::Value::Object(to_json(record)).to_string(),
            RowSighting::Gone | RowSighting::Released | RowSighting::Lost | RowSighting::Unseen => {
                String::new()
            }
        };
        Some((cut(reason), cut(&content)))
    }

    pub(crate) fn add_to(&self, sum: &mut Sum) {
        let tenant = self.known.map_or(self.mirrored.tenant, |known| known.tenant);
        *sum.entry(tenant).or_default() += self.counts();
    }

    /// Whether anything changed that others can see.
    pub(crate) const fn is_news(&self) -> bool {
        !matches!(
            self.outcome,
            RowOutcome::Known | RowOutcome::Underway | RowOutcome::Again | RowOutcome::Missing
        )
    }

    fn counts(&self) -> FlowCounts {
        let Some(known) = self.known else {
            let added = i64::from(self.outcome == RowOutcome::Added);
            return FlowCounts { mirrored: added, confirmed: added, ..FlowCounts::default() };
        };
        let (held, nothing) = (&known.row.held, known.line == OutboxState::Nothing);
        // What was never sent, and what Dataverse had refused, stands there after all.
        let was_unsent = nothing && held.stored.exported_at.is_none();
        let is_kept_here = self.kind.delivery.is_none();
        let was_first = matches!(
            known.line,
            OutboxState::Dead { first: true }
                | OutboxState::Dropped { first: true }
                | OutboxState::Waiting { first: true, .. }
        );
        let arrived = i64::from(was_unsent || was_first);
        let withdrawn_unsent = -i64::from(was_unsent && !is_kept_here);
        let unsent = -i64::from(was_unsent && is_kept_here);
        let (read, unread) = (i64::from(!known.row.is_confirmed()), -i64::from(known.row.is_confirmed()));
        match self.outcome {
            RowOutcome::Confirmed | RowOutcome::Changed => FlowCounts {
                changed: i64::from(self.outcome == RowOutcome::Changed),
                confirmed: read,
                delivered: arrived,
                withdrawn_unsent,
                unsent,
                ..FlowCounts::default()
            },
            RowOutcome::Withdrawn => FlowCounts {
                removed: 1,
                removed_asked: i64::from(self.mirrored.seen == RowSighting::Released),
                removed_unread: read,
                delivered: arrived,
                ..FlowCounts::default()
            },
            RowOutcome::Requeued => {
                let kept_out = i64::from(self.seen().is_some());
                FlowCounts {
                    confirmed: unread,
                    kept_out,
                    resent: 1 - kept_out,
                    delivered: arrived,
                    withdrawn_unsent,
                    unsent,
                    ..FlowCounts::default()
                }
            }
            RowOutcome::KeptOut => FlowCounts { kept_out: 1, ..FlowCounts::default() },
            RowOutcome::Known
            | RowOutcome::Underway
            | RowOutcome::Added
            | RowOutcome::Again
            | RowOutcome::Refused
            | RowOutcome::Missing => FlowCounts::default(),
        }
    }
}
