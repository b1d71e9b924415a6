//! Rollups: what records add up to in quarter hours, hours, days and eight days of UTC, as numbers that can be added and subtracted.

use crate::{
    calendar::Span,
    record::{Kind, Record, Value},
    sketch::{Sketch, read_signed, write_signed},
    time::{DAY, HOUR, Timestamp},
};

const QUARTER: i64 = HOUR / 4;

/// How long a cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grain {
    Quarter,
    Hour,
    Day,
    /// Eight days, counted from 1970 on: what a long stretch needs few of.
    EightDays,
}

impl Grain {
    /// From the finest to the coarsest.
    pub const ALL: [Self; 4] = [Self::Quarter, Self::Hour, Self::Day, Self::EightDays];

    /// How long it is, in microseconds.
    #[must_use]
    pub const fn length(self) -> i64 {
        match self {
            Self::Quarter => QUARTER,
            Self::Hour => HOUR,
            Self::Day => DAY,
            Self::EightDays => 8 * DAY,
        }
    }

    /// The number of the cell that a moment lies in, from 1970 on.
    #[must_use]
    pub const fn number(self, at: Timestamp) -> i64 {
        at.micros().div_euclid(self.length())
    }

    /// When the cell of this number begins.
    #[must_use]
    pub const fn start(self, number: i64) -> Timestamp {
        Timestamp::from_micros(number * self.length())
    }

    /// The number by which it is kept.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Quarter => 0,
            Self::Hour => 1,
            Self::Day => 2,
            Self::EightDays => 3,
        }
    }

    /// The grain that has this number.
    #[must_use]
    pub fn of_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|grain| i64::from(grain.code()) == code)
    }

    /// This grain and those that are coarser.
    pub fn and_coarser(self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |grain| *grain >= self)
    }

    const fn finer(self) -> Option<Self> {
        match self {
            Self::Quarter => None,
            Self::Hour => Some(Self::Quarter),
            Self::Day => Some(Self::Hour),
            Self::EightDays => Some(Self::Day),
        }
    }
}

/// Whole cells that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellRange {
    /// How long each of them is.
    pub grain: Grain,
    /// The first one's number.
    pub first: i64,
    /// The number after the last one's.
    pub end: i64,
}

/// What a span of time is put together of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cover {
    /// Whole cells, as few as there can be.
    pub cells: Vec<CellRange>,
    /// What is left: less than the finest cell at each end, or a span that holds no whole one. Its records are counted one by one.
    pub edges: Vec<Span>,
}

impl Cover {
    /// Covers each moment of the span once, by cells of no finer grain than `finest`.
    #[must_use]
    pub fn of(span: Span, finest: Grain) -> Self {
        Self::within(span, finest, Grain::EightDays)
    }

    /// The same by cells of no coarser grain than `coarsest`.
    #[must_use]
    pub fn within(span: Span, finest: Grain, coarsest: Grain) -> Self {
        let mut cover = Self::default();
        cover.add(span, coarsest, finest);
        cover
    }

    fn add(&mut self, span: Span, grain: Grain, finest: Grain) {
        if span.from >= span.to {
            return;
        }
        let first = grain.number(span.from.plus(grain.length() - 1));
        let end = grain.number(span.to);
        let around = if first < end {
            self.cells.push(CellRange { grain, first, end });
            [Span { from: span.from, to: grain.start(first) }, Span { from: grain.start(end), to: span.to }]
        } else {
            [span, Span { from: span.to, to: span.to }]
        };
        for part in around {
            match grain.finer().filter(|finer| *finer >= finest) {
                Some(finer) => self.add(part, finer, finest),
                None if part.from < part.to => self.edges.push(part),
                None => {}
            }
        }
    }
}

/// What the records of one cell add up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollup {
    /// How many there are.
    pub records: i64,
    /// One for each of the kind's measures.
    pub measures: Vec<MeasureSum>,
    /// One for each field whose percentiles are told.
    pub sketches: Vec<Sketch>,
}

/// What one field adds up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeasureSum {
    /// How many records have it.
    pub count: i64,
    /// What they have of it, together. It wraps, so that whatever was added can be subtracted again.
    pub sum: i64,
}

impl Rollup {
    /// That of no records.
    #[must_use]
    pub fn empty(kind: &Kind) -> Self {
        Self {
            records: 0,
            measures: vec![MeasureSum::default(); kind.measures.len()],
            sketches: vec![Sketch::default(); kind.sketches.len()],
        }
    }

    /// Counts a record, or takes it back where `sign` is -1.
    pub fn fold(&mut self, record: &Record, sign: i64) {
        let kind = record.kind();
        self.records += sign;
        for (measure, field) in self.measures.iter_mut().zip(kind.measures) {
            if let Some(number) = record.values()[*field].number() {
                measure.count += sign;
                measure.sum = measure.sum.wrapping_add(number.wrapping_mul(sign));
            }
        }
        for (sketch, field) in self.sketches.iter_mut().zip(kind.sketches) {
            if let Some(number) = record.values()[*field].number() {
                sketch.add(u32::try_from(number.max(0)).unwrap_or(u32::MAX), sign);
            }
        }
    }

    /// Adds what another cell's records add up to.
    pub fn merge(&mut self, other: &Self) {
        self.records += other.records;
        for (measure, other) in self.measures.iter_mut().zip(&other.measures) {
            measure.count += other.count;
            measure.sum = measure.sum.wrapping_add(other.sum);
        }
        for (sketch, other) in self.sketches.iter_mut().zip(&other.sketches) {
            sketch.merge(other);
        }
    }

    /// Whether nothing is left of what was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records == 0
            && self.measures.iter().all(|measure| *measure == MeasureSum::default())
            && self.sketches.iter().all(Sketch::is_empty)
    }

    /// As it is kept: equal rollups have equal bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(32);
        write_signed(&mut bytes, self.records);
        for measure in &self.measures {
            write_signed(&mut bytes, measure.count);
            write_signed(&mut bytes, measure.sum);
        }
        self.sketches.iter().for_each(|sketch| sketch.write(&mut bytes));
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) made of one of the same kind; none of anything else.
    #[must_use]
    pub fn of_bytes(kind: &Kind, mut bytes: &[u8]) -> Option<Self> {
        let rollup = Self {
            records: read_signed(&mut bytes)?,
            measures: kind
                .measures
                .iter()
                .map(|_| Some(MeasureSum { count: read_signed(&mut bytes)?, sum: read_signed(&mut bytes)? }))
                .collect::<Option<_>>()?,
            sketches: kind.sketches.iter().map(|_| Sketch::read(&mut bytes)).collect::<Option<_>>()?,
        };
        bytes.is_empty().then_some(rollup)
    }
}

/// Along what a record is counted: all of its kind together, and once more by each of the kind's dimensions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Series {
    /// Position in the kind's dimensions; none for all records.
    pub dimension: Option<usize>,
    /// What the dimension's field says; empty where it says nothing, and of all records.
    pub key: String,
}

impl Series {
    /// That of all records.
    pub const ALL: Self = Self { dimension: None, key: String::new() };

    /// How fine it is kept. Days begin at a quarter hour in some zones; of one campaign or phase there are few enough records to count
    /// what is less than an hour.
    #[must_use]
    pub const fn finest(&self) -> Grain {
        if self.dimension.is_none() { Grain::Quarter } else { Grain::Hour }
    }

    /// Those that a record belongs to.
    pub fn of(record: &Record) -> impl Iterator<Item = Self> {
        let along = record.kind().dimensions.iter().enumerate();
        let dimensions = along.map(|(dimension, field)| Self {
            dimension: Some(dimension),
            key: key(&record.values()[*field]),
        });
        std::iter::once(Self::ALL).chain(dimensions)
    }
}

/// Between both texts of a pair.
const BETWEEN: char = '\u{1f}';
const AFTER_BETWEEN: char = '\u{20}';

/// Which pairs of one text there are. They stand among the series, behind the kind's dimensions, and have no cells. A pair stays
/// when the last record that has it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairsOfText {
    /// The number that such pairs are kept by, as if they were a dimension.
    pub dimension: usize,
    /// The keys of the pairs begin with it; behind it stands the other text.
    pub first: String,
    /// The first key of none of them. Where texts have the mark that is between them, others are among them.
    pub end: String,
}

impl PairsOfText {
    /// Those in which the first field of the kind's pair of this place says `text`.
    #[must_use]
    pub fn of(kind: &Kind, place: usize, text: &str) -> Self {
        Self {
            dimension: kind.dimensions.len() + place,
            first: format!("{text}{BETWEEN}"),
            end: format!("{text}{AFTER_BETWEEN}"),
        }
    }
}

impl Series {
    /// The pairs that a record has.
    pub fn pairs(record: &Record) -> impl Iterator<Item = Self> {
        let kind = record.kind();
        kind.pairs.iter().enumerate().map(|(place, [one, other])| {
            let PairsOfText { dimension, first, .. } =
                PairsOfText::of(kind, place, &key(&record.values()[*one]));
            Self { dimension: Some(dimension), key: first + &key(&record.values()[*other]) }
        })
    }
}

fn key(value: &Value) -> String {
    match value {
        Value::Nothing => String::new(),
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Uuid(id) => id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::campaign_run::CAMPAIGN_RUN;

    const MINUTE: i64 = HOUR / 60;

    proptest! {
        #[test]
        fn a_pair_is_among_those_of_its_text(text in ".*", campaign in ".*") {
            let pairs = PairsOfText::of(&CAMPAIGN_RUN, 0, &text);
            let key = pairs.first.clone() + &campaign;
            prop_assert!(pairs.first <= key && key < pairs.end);
            prop_assert_eq!(key.strip_prefix(&pairs.first), Some(&*campaign));
        }

        #[test]
        fn a_cover_has_each_moment_once(
            from in 0_i64..4 * 1_440,
            length in 0_i64..4 * 1_440,
            offset in -70_000_000_i64..70_000_000,
            finest in prop::sample::select(Grain::ALL.to_vec()),
        ) {
            let at = |minutes: i64| Timestamp::from_micros(minutes * MINUTE + offset);
            let span = Span { from: at(from), to: at(from + length) };
            let cover = Cover::of(span, finest);
            let mut spans: Vec<Span> = cover.cells.iter().map(|range| Span {
                from: range.grain.start(range.first),
                to: range.grain.start(range.end),
            }).collect();
            spans.extend(&cover.edges);
            spans.sort_by_key(|span| span.from);
            prop_assert!(spans.iter().all(|span| span.from < span.to));
            prop_assert!(spans.windows(2).all(|two| two[0].to == two[1].from), "{:?}", spans);
            prop_assert_eq!(spans.first().map_or(span.from, |first| first.from), span.from);
            prop_assert_eq!(spans.last().map_or(span.from, |last| last.to), span.to);
            prop_assert!(cover.edges.iter().all(|edge| edge.to.since(edge.from) < 2 * finest.length()));
            let cells: i64 = cover.cells.iter().map(|range| range.end - range.first).sum();
            prop_assert!(cells <= 4 + 2 * (3 + 23 + 7), "{:?}", cover);
        }
    }
}
