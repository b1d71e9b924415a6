//! The parts of a stretch: the same arithmetic over the same cells, whichever store added them up.

use std::collections::{BTreeMap, btree_map::Entry};

use model::{
    breakdown::{AddedPart, Breakdown, Dimension, PartShapes},
    calendar::{BucketSize, Span, Window},
    figures::{Added, AddedSum},
    history::RunFilter,
    record::{
        Kind,
        campaign_run::{self, RunDimension},
    },
    rollup::{Grain, Rollup, Series},
    tenant::TenantId,
};

use crate::{cover::SpansCover, rollups::CellPlace};

/// The most cells of a part's shape.
const SHAPE_MAX: i64 = 400;

/// All series of one dimension, or those of some keys.
pub(crate) struct SeriesOfDimension {
    pub(crate) tenant: TenantId,
    pub(crate) kind: &'static Kind,
    /// The number that the dimension is kept by.
    pub(crate) dimension: i64,
    pub(crate) keys: Option<Vec<String>>,
}

/// What a store is asked for, and what it has told of it.
pub(crate) struct GatheredParts {
    dimension: Dimension,
    spans: [Span; 2],
    along: RunDimension,
    /// Place 0 is of the stretch that is shown, place 1 of the one before.
    pub(crate) cover: SpansCover,
    shape: (Grain, i64, i64),
    /// The keys that are told of, where not all are.
    keys: Option<Vec<String>>,
    parts: BTreeMap<String, GatheredPart>,
}

/// One part while it is added up.
#[derive(Default)]
struct GatheredPart {
    name: Option<String>,
    now: AddedSum,
    before: AddedSum,
    cells: BTreeMap<i64, Added>,
}

impl GatheredParts {
    /// Where runs are told apart by something else too, no cell says anything of them.
    pub(crate) fn of(window: &Window, filter: &RunFilter, dimension: Dimension, shapes: PartShapes) -> Self {
        let spans = [window.span, window.previous];
        let grain = match window.size {
            BucketSize::Hour => Grain::Hour,
            BucketSize::Day => Grain::Day,
        };
        let finest = Series { dimension: Some(0), key: String::new() }.finest();
        let coarsest = match shapes {
            PartShapes::Told => grain,
            PartShapes::Untold => Grain::EightDays,
        };
        let cover = if filter.is_beyond(dimension) {
            SpansCover::of_rows(&spans)
        } else {
            SpansCover::within(&[(window.span, coarsest), (window.previous, Grain::EightDays)], finest)
        };
        let first = grain.number(window.span.from.plus(grain.length() - 1));
        let end = grain.number(window.span.to);
        // Of many years no line is drawn.
        let is_short = shapes == PartShapes::Told && end - first <= SHAPE_MAX;
        let shape = (grain, first, if is_short { end } else { first });
        let keys = filter.along(dimension).map(|key| vec![key.clone()]);
        let along = campaign_run::dimension(dimension);
        Self { dimension, spans, along, cover, shape, keys, parts: BTreeMap::new() }
    }

    /// No cell tells of them just now: every run is counted.
    pub(crate) fn count_rows(&mut self) {
        self.cover = SpansCover::of_rows(&self.spans);
    }

    /// Some campaigns, without a filter.
    pub(crate) fn of_campaigns(window: &Window, ids: Vec<String>) -> Self {
        let all = RunFilter::default();
        Self { keys: Some(ids), ..Self::of(window, &all, Dimension::Campaign, PartShapes::Untold) }
    }

    /// The series whose cells are wanted.
    pub(crate) fn series(&self, tenant: TenantId) -> SeriesOfDimension {
        SeriesOfDimension {
            tenant,
            kind: self.along.kind,
            dimension: i64::try_from(self.along.place).unwrap_or(i64::MAX),
            keys: self.keys.clone(),
        }
    }

    /// The column that tells them apart.
    pub(crate) const fn column(&self) -> &'static str {
        self.along.column
    }

    pub(crate) fn add_cell(&mut self, key: &str, at: usize, (grain, number): CellPlace, rollup: Rollup) {
        let added = campaign_run::added(rollup);
        let is_of_shape = at == 0 && grain == self.shape.0 && (self.shape.1..self.shape.2).contains(&number);
        let part = self.add(key, at, &added);
        if is_of_shape {
            match part.cells.entry(number) {
                Entry::Vacant(cell) => _ = cell.insert(added),
                // Several rows may be of one cell, as of several processes that write.
                Entry::Occupied(mut cell) => cell.get_mut().add(&added),
            }
        }
    }

    /// Runs of the edge at this place of the cover.
    pub(crate) fn add_runs(&mut self, key: &str, edge: usize, added: &Added) {
        let at = self.cover.piece_of_edge(edge);
        if self.keys.as_ref().is_none_or(|keys| keys.iter().any(|of| of == key)) {
            self.add(key, at, added);
        }
    }

    fn add(&mut self, key: &str, at: usize, added: &Added) -> &mut GatheredPart {
        let part = self.parts.entry(key.to_owned()).or_default();
        if at == 0 {
            part.now.add(added);
        } else {
            part.before.add(added);
        }
        part
    }

    /// The campaigns whose names are wanted.
    pub(crate) fn campaigns(&self) -> Vec<&String> {
        if self.dimension == Dimension::Campaign { self.parts.keys().collect() } else { Vec::new() }
    }

    pub(crate) fn name(&mut self, key: &str, name: Option<String>) {
        if let Some(part) = self.parts.get_mut(key) {
            part.name = name;
        }
    }

    pub(crate) fn breakdown(self) -> Breakdown {
        let parts = self.parts.into_iter().map(|(key, part)| AddedPart {
            key,
            name: part.name,
            now: part.now.total(),
            before: part.before.total(),
            cells: part.cells,
        });
        Breakdown::of(self.dimension, parts.collect(), self.shape)
    }
}
