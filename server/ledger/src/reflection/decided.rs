//! What was decided about one row, and what that adds up to.

use std::collections::BTreeMap;

use model::{
    record::{Kind, Record, to_json},
    tenant::TenantId,
};
use uuid::Uuid;

use super::{Fact, Line, merged};
use crate::{Reflected, Reflection, Seen, letters::cut, passage::Passage};

/// What is done about one row.
pub(crate) struct Decided<'a> {
    pub(crate) kind: &'static Kind,
    pub(crate) reflection: &'a Reflection,
    /// The record that it means, where something is known of it.
    pub(crate) fact: Option<&'a Fact>,
    pub(crate) reflected: Reflected,
    /// Whether the record bears the row's id in Dataverse from now on.
    pub(crate) adopts: bool,
    /// Why it is refused, when it is.
    pub(super) reason: Option<String>,
}

/// What happened, by tenant.
pub(crate) type Sum = BTreeMap<TenantId, Passage>;

impl Decided<'_> {
    /// The row's content, where it has one.
    pub(crate) fn seen(&self) -> Option<&Record> {
        if let Seen::Row(record) = &self.reflection.seen { Some(record) } else { None }
    }

    /// The record that bears the row's id in Dataverse from now on, and that id where it is not its own.
    pub(crate) fn adoption(&self) -> Option<(&Fact, Option<Uuid>)> {
        let fact = self.fact.filter(|_| self.adopts)?;
        let own = fact.row.held.stored.id;
        Some((fact, Some(self.reflection.dataverse_id).filter(|id| *id != own)))
    }

    /// A record that waits to be sent for the first time, and stands there all the same: a withdrawal has to delete it.
    pub(crate) fn proves(&self) -> Option<&Fact> {
        self.fact.filter(|fact| {
            matches!(fact.line, Line::Waiting { first: true, .. })
                && matches!(self.reflected, Reflected::Known | Reflected::KeptOut)
                && self.seen().is_some()
        })
    }

    /// Whether nothing is to be written down about it.
    pub(crate) fn is_idle(&self) -> bool {
        self.reflected == Reflected::Known && !self.adopts && self.proves().is_none()
    }

    /// What is done, and to which record of ours.
    pub(crate) fn does(&self, reflected: Reflected) -> Option<&Fact> {
        self.fact.filter(|_| self.reflected == reflected)
    }

    /// What the record is from now on, when it was changed there.
    pub(crate) fn change(&self) -> Option<(&Fact, Record)> {
        let (fact, theirs) = (self.does(Reflected::Changed)?, self.seen()?);
        Some((fact, merged(&fact.row.held.stored.record, theirs)))
    }

    /// The dead letter that this settles.
    pub(crate) fn settles_letter(&self) -> Option<&Fact> {
        let is_settled =
            matches!(self.reflected, Reflected::Confirmed | Reflected::Changed | Reflected::Withdrawn);
        self.fact.filter(|fact| is_settled && matches!(fact.line, Line::Dead { .. } | Line::Dropped { .. }))
    }

    /// What waits no more, since it is there already, or something newer: only where ours may be older.
    pub(crate) fn leaves_line(&self) -> Option<&Fact> {
        let has_come =
            matches!(self.reflected, Reflected::Confirmed | Reflected::Changed | Reflected::Withdrawn);
        self.fact.filter(|fact| has_come && matches!(fact.line, Line::Waiting { .. }))
    }

    /// Why it is refused, and what was seen; each of a length that can be kept.
    pub(crate) fn reject(&self) -> Option<(String, String)> {
        let reason = self.reason.as_ref()?;
        let content = match &self.reflection.seen {
            Seen::Refused { content, .. } => content.clone(),
            Seen::Row(record) => serde_json::Value::Object(to_json(record)).to_string(),
            Seen::Gone | Seen::Released | Seen::Lost | Seen::Unseen => String::new(),
        };
        Some((cut(reason), cut(&content)))
    }

    pub(crate) fn add_to(&self, sum: &mut Sum) {
        let tenant = self.fact.map_or(self.reflection.tenant, |fact| fact.tenant);
        *sum.entry(tenant).or_default() += self.passage();
    }

    /// Whether anything changed that others can see.
    pub(crate) const fn is_news(&self) -> bool {
        !matches!(self.reflected, Reflected::Known | Reflected::Again | Reflected::Missing)
    }

    fn passage(&self) -> Passage {
        let Some(fact) = self.fact else {
            let added = i64::from(self.reflected == Reflected::Added);
            return Passage { mirrored: added, confirmed: added, ..Passage::default() };
        };
        let (held, nothing) = (&fact.row.held, fact.line == Line::Nothing);
        // What was never sent, and what Dataverse had refused, stands there after all.
        let was_unsent = nothing && held.stored.exported_at.is_none();
        let is_kept_here = self.kind.delivery.is_none();
        let was_first = matches!(
            fact.line,
            Line::Dead { first: true } | Line::Dropped { first: true } | Line::Waiting { first: true, .. }
        );
        let arrived = i64::from(was_unsent || was_first);
        let withdrawn_unsent = -i64::from(was_unsent && !is_kept_here);
        let unsent = -i64::from(was_unsent && is_kept_here);
        let (read, unread) = (i64::from(!fact.row.is_confirmed()), -i64::from(fact.row.is_confirmed()));
        match self.reflected {
            Reflected::Confirmed | Reflected::Changed => Passage {
                changed: i64::from(self.reflected == Reflected::Changed),
                confirmed: read,
                delivered: arrived,
                withdrawn_unsent,
                unsent,
                ..Passage::default()
            },
            Reflected::Withdrawn => Passage {
                removed: 1,
                removed_asked: i64::from(self.reflection.seen == Seen::Released),
                removed_unread: read,
                delivered: arrived,
                ..Passage::default()
            },
            Reflected::Requeued => {
                let kept_out = i64::from(self.seen().is_some());
                Passage {
                    confirmed: unread,
                    kept_out,
                    resent: 1 - kept_out,
                    delivered: arrived,
                    withdrawn_unsent,
                    unsent,
                    ..Passage::default()
                }
            }
            Reflected::KeptOut => Passage { kept_out: 1, ..Passage::default() },
            Reflected::Known
            | Reflected::Added
            | Reflected::Again
            | Reflected::Refused
            | Reflected::Missing => Passage::default(),
        }
    }
}
