//! Generations of rollups: one of each kind is read, and another one may be under way, which has the records up to some place.

use std::collections::BTreeMap;

use model::{
    record::{Kind, Kinds},
    tenant::TenantId,
    time::Timestamp,
};
use sqlx::Error;
use uuid::Uuid;

use super::{adds_up, layout};
use crate::{RollupProgress, RollupState};

/// Of each kind, by its name.
#[derive(Clone, Debug, Default)]
pub(crate) struct RollupGenerations(BTreeMap<&'static str, KindGenerations>);

/// The generations that the records of one kind are added up in.
#[derive(Clone, Debug, Default)]
pub(crate) struct KindGenerations {
    /// None where the records themselves are counted.
    pub(crate) read: Option<i64>,
    pub(crate) making: Option<RollupMaking>,
}

/// A generation that is under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RollupMaking {
    pub(crate) generation: i64,
    /// The last record that is in it.
    pub(crate) after: RecordPlace,
    pub(crate) progress: RollupProgress,
}

/// Where a record stands in the order in which they are added up: those of one time follow each other, so that a step changes few
/// cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RecordPlace {
    pub(crate) tenant: TenantId,
    pub(crate) time: Timestamp,
    pub(crate) position: i64,
}

impl RecordPlace {
    /// Before all records.
    pub(crate) const FIRST: Self =
        Self { tenant: TenantId(Uuid::nil()), time: Timestamp::from_micros(i64::MIN), position: i64::MIN };
}

/// One row of what a store keeps: the kind's name, the generation, what it is made of, and how far it is, where it is under way.
pub(crate) type KeptGeneration<'a> = (&'a str, i64, &'a str, Option<(RecordPlace, RollupProgress)>);

impl RollupGenerations {
    /// What a store keeps, without what is made of other fields than now.
    pub(crate) fn of<'a>(kinds: Kinds, kept: impl IntoIterator<Item = KeptGeneration<'a>>) -> Self {
        let mut all = Self::default();
        for (name, generation, made_of, under_way) in kept {
            let Some(kind) = kinds.of_name(name).filter(|kind| layout(kind) == made_of) else { continue };
            match under_way {
                None => all.of_kind(kind).read = Some(generation),
                Some((after, progress)) => {
                    all.of_kind(kind).making = Some(RollupMaking { generation, after, progress });
                }
            }
        }
        all
    }

    pub(crate) fn of_kind(&mut self, kind: &'static Kind) -> &mut KindGenerations {
        self.0.entry(kind.name).or_default()
    }

    /// Those that a record is in, or comes into.
    pub(crate) fn with(&self, kind: &Kind, place: RecordPlace) -> impl Iterator<Item = i64> + use<> {
        let of_kind = self.0.get(kind.name);
        let read = of_kind.and_then(|of_kind| of_kind.read);
        let making = of_kind.and_then(|of_kind| of_kind.making);
        let making = making.filter(|making| place <= making.after);
        read.into_iter().chain(making.map(|making| making.generation))
    }

    /// The kind whose next records are to be added up, and in which generation.
    pub(crate) fn under_way(&self, kinds: Kinds) -> Option<(&'static Kind, RollupMaking)> {
        kinds.iter().find_map(|kind| Some((kind, self.0.get(kind.name)?.making?)))
    }

    /// The kinds that have neither.
    pub(crate) fn missing(&self, kinds: Kinds) -> Vec<&'static Kind> {
        let is_there = |kind: &Kind| {
            self.0.get(kind.name).is_some_and(|of_kind| of_kind.read.is_some() || of_kind.making.is_some())
        };
        kinds.iter().filter(|kind| adds_up(kind) && !is_there(kind)).collect()
    }

    /// What is told of each kind; `wished` are the names of those that are to be made anew.
    pub(crate) fn states(&self, kinds: Kinds, wished: &[String]) -> Vec<RollupState> {
        let state = |kind: &'static Kind| {
            let of_kind = self.0.get(kind.name).cloned().unwrap_or_default();
            RollupState {
                kind,
                read: of_kind.read,
                making: of_kind.making.map(|making| making.progress),
                wished: wished.iter().any(|name| name == kind.name),
            }
        };
        kinds.iter().filter(|kind| adds_up(kind)).map(state).collect()
    }
}

/// A kind's generation that is under way goes on to this record; `records`: how many more are in it.
impl RollupMaking {
    pub(crate) fn advanced(self, after: RecordPlace, records: usize) -> Self {
        let folded = self.progress.folded + i64::try_from(records).unwrap_or(0);
        let progress = RollupProgress { folded, of: self.progress.of.max(folded) };
        Self { after, progress, ..self }
    }
}

/// What a store says of generations in one text.
pub(crate) fn unreadable(error: &dyn std::fmt::Display) -> Error {
    Error::Decode(format!("the generations of rollups cannot be read: {error}").into())
}
