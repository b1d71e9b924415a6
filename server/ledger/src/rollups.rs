//! What a transaction changes in the rollups: gathered while it goes on, and written at its end.

mod generations;
mod work;

use std::collections::BTreeMap;

use model::{
    record::{Kind, Record},
    rollup::{Grain, Rollup, Series},
    tenant::TenantId,
};

use sqlx::Error;

use crate::HeldRecord;

pub use self::work::{RollupProgress, RollupState};
pub(crate) use self::{
    generations::{RecordPlace, RollupGenerations, RollupMaking, unreadable},
    work::{RollupTurn, RollupWork},
};

/// One series of one kind's records of one tenant, in one generation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SeriesKey {
    pub(crate) tenant: TenantId,
    pub(crate) kind: &'static str,
    pub(crate) generation: i64,
    pub(crate) series: Series,
}

/// Which cell of a series: its grain and its number.
pub(crate) type CellPlace = (Grain, i64);

/// What came and went, by series and cell of its finest grain.
#[derive(Default)]
pub(crate) struct RollupChanges {
    generations: RollupGenerations,
    by_series: BTreeMap<SeriesKey, SeriesChanges>,
}

/// What came and went of one series.
pub(crate) struct SeriesChanges {
    pub(crate) kind: &'static Kind,
    finest: Grain,
    cells: BTreeMap<i64, Rollup>,
}

/// Whether a kind's records are added up at all.
pub(crate) const fn adds_up(kind: &Kind) -> bool {
    !(kind.measures.is_empty() && kind.dimensions.is_empty())
}

impl RollupChanges {
    /// Of a transaction that sees these generations.
    pub(crate) fn of(generations: RollupGenerations) -> Self {
        Self { generations, ..Self::default() }
    }

    pub(crate) const fn generations(&mut self) -> &mut RollupGenerations {
        &mut self.generations
    }

    pub(crate) fn into_generations(self) -> RollupGenerations {
        self.generations
    }

    /// Counts a record at this position that is there from now on, or takes back one that is not, where `sign` is -1.
    pub(crate) fn add(&mut self, tenant: TenantId, position: i64, record: &Record, sign: i64) {
        let kind = record.kind();
        if adds_up(kind) {
            let place = RecordPlace { tenant, time: record.time(), position };
            for generation in self.generations.with(kind, place) {
                self.add_to(generation, tenant, record, sign);
            }
        }
    }

    /// Takes back a record as it was, unless it was withdrawn.
    pub(crate) fn take_back(&mut self, tenant: TenantId, position: i64, held: &HeldRecord) {
        if held.withdrawn_at.is_none() {
            self.add(tenant, position, &held.stored.record, -1);
        }
    }

    /// The same of one generation.
    pub(crate) fn add_to(&mut self, generation: i64, tenant: TenantId, record: &Record, sign: i64) {
        let kind = record.kind();
        for series in Series::of(record) {
            let finest = series.finest();
            let of_series = self.by_series.entry(SeriesKey { tenant, kind: kind.name, generation, series });
            let changes = of_series.or_insert_with(|| SeriesChanges { kind, finest, cells: BTreeMap::new() });
            let of_cell = changes.cells.entry(finest.number(record.time()));
            of_cell.or_insert_with(|| Rollup::empty(kind)).fold(record, sign);
        }
        if sign > 0 {
            for series in Series::pairs(record) {
                let finest = series.finest();
                let pair = self.by_series.entry(SeriesKey { tenant, kind: kind.name, generation, series });
                pair.or_insert_with(|| SeriesChanges { kind, finest, cells: BTreeMap::new() });
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&SeriesKey, &SeriesChanges)> {
        self.by_series.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_series.is_empty()
    }
}

impl SeriesChanges {
    /// What is added to each cell that changes, of every grain.
    fn cells(&self) -> BTreeMap<CellPlace, Rollup> {
        let mut cells: BTreeMap<CellPlace, Rollup> = BTreeMap::new();
        for (number, change) in &self.cells {
            let at = self.finest.start(*number);
            for grain in self.finest.and_coarser() {
                let cell = cells.entry((grain, grain.number(at)));
                cell.or_insert_with(|| Rollup::empty(self.kind)).merge(change);
            }
        }
        cells.retain(|_, change| !change.is_empty());
        cells
    }
}

/// The cells that a transaction changes, where a store keeps them.
#[derive(Default)]
pub(crate) struct ChangedCells(BTreeMap<CellKey, (&'static Kind, Rollup)>);

/// Which cell of a store: its series' number there, and its place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CellKey {
    pub(crate) tenant: TenantId,
    pub(crate) series: i64,
    pub(crate) grain: Grain,
    pub(crate) number: i64,
}

impl CellKey {
    /// By the numbers that a store keeps.
    pub(crate) fn of(tenant: TenantId, series: i64, grain: i64, number: i64) -> Result<Self, Error> {
        let unknown = || Error::Decode(format!("there are rollups of an unknown grain, {grain}").into());
        Ok(Self { tenant, series, grain: Grain::of_code(grain).ok_or_else(unknown)?, number })
    }
}

impl ChangedCells {
    /// `series` has the number of each of the changes' series, in their order.
    pub(crate) fn of(changes: &RollupChanges, series: &[i64]) -> Self {
        let mut cells = BTreeMap::new();
        for ((key, changes), series) in changes.iter().zip(series) {
            for ((grain, number), change) in changes.cells() {
                let key = CellKey { tenant: key.tenant, series: *series, grain, number };
                cells.insert(key, (changes.kind, change));
            }
        }
        Self(cells)
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &CellKey> + Clone {
        self.0.keys()
    }

    /// Takes in one more change of a cell.
    pub(crate) fn add(&mut self, kind: &'static Kind, key: CellKey, content: &[u8]) -> Result<(), Error> {
        let change = read(kind, content)?;
        self.0.entry(key).or_insert_with(|| (kind, Rollup::empty(kind))).1.merge(&change);
        Ok(())
    }

    /// Adds what a store has of a cell.
    pub(crate) fn meet(&mut self, key: CellKey, content: &[u8]) -> Result<(), Error> {
        if let Some((kind, cell)) = self.0.get_mut(&key) {
            cell.merge(&read(kind, content)?);
        }
        Ok(())
    }

    /// Those of which nothing is left, and the content of the others.
    pub(crate) fn settle(self) -> (Vec<CellKey>, Vec<(CellKey, Vec<u8>)>) {
        let (gone, kept): (Vec<_>, Vec<_>) = self.0.into_iter().partition(|(_, (_, cell))| cell.is_empty());
        let kept = kept.into_iter().map(|(key, (_, cell))| (key, cell.to_bytes())).collect();
        (gone.into_iter().map(|(key, _)| key).collect(), kept)
    }
}

/// A cell's content, as a store keeps it.
pub(crate) fn read(kind: &Kind, content: &[u8]) -> Result<Rollup, Error> {
    let broken = || Error::Decode(format!("a rollup of {} cannot be read", kind.table).into());
    Rollup::of_bytes(kind, content).ok_or_else(broken)
}

/// What the content of a kind's cells is made of. Where that changes, they are made anew.
pub(crate) fn layout(kind: &Kind) -> String {
    let columns = |fields: &[usize]| {
        fields.iter().map(|field| kind.fields[*field].column).collect::<Vec<_>>().join(",")
    };
    let pairs: String = kind.pairs.iter().map(|pair| format!(";{}", columns(pair))).collect();
    let [measures, sketches, dimensions] = [kind.measures, kind.sketches, kind.dimensions].map(columns);
    format!("2;{measures};{sketches};{dimensions}{pairs}")
}

/// The number that a series' dimension is kept by: its place among the kind's, -1 for all records.
pub(crate) fn dimension_number(dimension: Option<usize>) -> i64 {
    dimension.map_or(-1, |at| i64::try_from(at).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use model::record::KINDS;

    use super::*;

    /// Processes of two layouts would read each other's cells wrongly. So where one of these changes, a migration has to
    /// keep the processes of before out, as the one that made the rollups does.
    #[test]
    fn layouts_change_with_a_migration() {
        let layouts: Vec<String> = KINDS.iter().map(layout).collect();
        assert_eq!(
            layouts,
            [
                "2;agents_total,agents_successful,assets_generated,tokens_in,tokens_out,cost_usd_e5,latency_avg_ms;\
                 latency_p95_ms;campaign_id,phase;phase,campaign_id",
                "2;tokens_in,tokens_out,latency_ms,cost_usd_e5;latency_ms;campaign_id,agent_name,model,status",
            ]
        );
    }
}
