//! What stretches of time are put together of: whole cells of the rollups, and at their ends records counted one by one.

use std::collections::BTreeMap;

use model::{
    calendar::Span,
    figures::{Added, AddedSum},
    rollup::{CellRange, Cover, Grain},
    time::{DAY, HOUR, Timestamp},
};

/// A stretch from this length on is put together of days of UTC.
const LONG: i64 = 20 * HOUR;

/// How spans are made of pieces, and pieces of cells.
#[derive(Default)]
pub(crate) struct SpansCover {
    /// Each with the place of its piece.
    pub(crate) cells: Vec<(usize, CellRange)>,
    /// What is less than a cell.
    pub(crate) edges: Vec<Span>,
    /// The places of the edges' pieces.
    of_edges: Vec<usize>,
    /// What becomes of each piece.
    uses: Vec<Vec<(usize, PieceUse)>>,
}

/// What a piece is to a span.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PieceUse {
    Added,
    TakenAway,
}

impl SpansCover {
    /// A day that begins at another hour than UTC's is a day of UTC, more what it has of a neighbour and less what that has of it: the
    /// few hours between both midnights belong to two days, and are read once.
    pub(crate) fn of(spans: &[Span], finest: Grain) -> Self {
        let mut cover = Self::default();
        let mut between: BTreeMap<Timestamp, usize> = BTreeMap::new();
        for (at, span) in spans.iter().enumerate() {
            if span.to.since(span.from) < LONG {
                cover.add_to(at, *span, (finest, Grain::EightDays));
                continue;
            }
            let days = Span { from: nearest_midnight(span.from), to: nearest_midnight(span.to) };
            cover.add_to(at, days, (finest, Grain::EightDays));
            for (end, midnight, inside) in
                [(span.from, days.from, span.from < days.from), (span.to, days.to, days.to < span.to)]
            {
                if end != midnight {
                    let piece = *between.entry(end).or_insert_with(|| {
                        let span = Span { from: end.min(midnight), to: end.max(midnight) };
                        cover.piece(span, (finest, Grain::EightDays))
                    });
                    cover.uses[piece].push((at, if inside { PieceUse::Added } else { PieceUse::TakenAway }));
                }
            }
        }
        cover
    }

    /// Each span is one piece, of no coarser cells than its grain.
    pub(crate) fn within(spans: &[(Span, Grain)], finest: Grain) -> Self {
        let mut cover = Self::default();
        for (at, (span, coarsest)) in spans.iter().enumerate() {
            cover.add_to(at, *span, (finest, *coarsest));
        }
        cover
    }

    /// Nothing but edges: every record is counted.
    pub(crate) fn of_rows(spans: &[Span]) -> Self {
        let uses = (0..spans.len()).map(|at| vec![(at, PieceUse::Added)]).collect();
        Self { cells: Vec::new(), edges: spans.to_vec(), of_edges: (0..spans.len()).collect(), uses }
    }

    /// The piece that an edge belongs to; where each span is one piece, that is the span's place too.
    pub(crate) fn piece_of_edge(&self, edge: usize) -> usize {
        self.of_edges.get(edge).copied().unwrap_or_default()
    }

    fn add_to(&mut self, at: usize, span: Span, grains: (Grain, Grain)) {
        let piece = self.piece(span, grains);
        self.uses[piece].push((at, PieceUse::Added));
    }

    fn piece(&mut self, span: Span, (finest, coarsest): (Grain, Grain)) -> usize {
        let piece = self.uses.len();
        self.uses.push(Vec::new());
        let Cover { cells, edges } = Cover::within(span, finest, coarsest);
        self.cells.extend(cells.into_iter().map(|range| (piece, range)));
        self.of_edges.extend(edges.iter().map(|_| piece));
        self.edges.extend(edges);
        piece
    }
}

/// What the spans of a cover add up to, while its cells and edges are told.
pub(crate) struct SpanSums<'a> {
    cover: &'a SpansCover,
    spans: Vec<Added>,
    /// What is told of one piece mostly comes together, and goes to its spans as one.
    piece: usize,
    of_piece: AddedSum,
}

impl<'a> SpanSums<'a> {
    /// Of this many spans.
    pub(crate) fn of(cover: &'a SpansCover, spans: usize) -> Self {
        Self { cover, spans: vec![Added::default(); spans], piece: 0, of_piece: AddedSum::default() }
    }

    /// A cell of this piece.
    pub(crate) fn add(&mut self, piece: usize, added: &Added) {
        if piece != self.piece {
            self.tell();
            self.piece = piece;
        }
        self.of_piece.add(added);
    }

    /// An edge, by its place in the cover.
    pub(crate) fn add_edge(&mut self, edge: usize, added: &Added) {
        self.add(self.cover.piece_of_edge(edge), added);
    }

    pub(crate) fn finish(mut self) -> Vec<Added> {
        self.tell();
        self.spans
    }

    fn tell(&mut self) {
        let added = self.of_piece.take();
        for (at, of_piece) in self.cover.uses.get(self.piece).into_iter().flatten() {
            match of_piece {
                PieceUse::Added => self.spans[*at].add(&added),
                PieceUse::TakenAway => self.spans[*at].subtract(&added),
            }
        }
    }
}

/// The midnight of UTC that is not more than half a day away.
const fn nearest_midnight(at: Timestamp) -> Timestamp {
    Grain::Day.start(Grain::Day.number(at.plus(DAY / 2)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: i64 = HOUR / 60;

    /// How often each span has what lies at a moment.
    fn counts(cover: &SpansCover, spans: usize, at: Timestamp) -> Vec<i64> {
        let mut sums = SpanSums::of(cover, spans);
        let one = Added { runs: 1, ..Added::default() };
        let is_in = |span: &Span| span.from <= at && at < span.to;
        for (piece, range) in &cover.cells {
            if is_in(&Span { from: range.grain.start(range.first), to: range.grain.start(range.end) }) {
                sums.add(*piece, &one);
            }
        }
        for (edge, span) in cover.edges.iter().enumerate() {
            if is_in(span) {
                sums.add_edge(edge, &one);
            }
        }
        sums.finish().iter().map(|added| added.runs).collect()
    }

    proptest! {
        #[test]
        fn each_moment_is_in_its_spans_once(
            first in 0_i64..3 * 1_440,
            lengths in prop::collection::vec(0_i64..2 * 1_440, 1..5),
            seconds in 0_i64..60,
            finest in prop::sample::select(Grain::ALL.to_vec()),
            moments in prop::collection::vec(0_i64..9 * 1_440, 40),
        ) {
            let moment = |minutes: i64| Timestamp::from_micros(minutes * MINUTE + seconds * 1_000_000);
            let mut ends = vec![first];
            lengths.iter().for_each(|length| ends.push(ends[ends.len() - 1] + length));
            let spans: Vec<Span> =
                ends.windows(2).map(|two| Span { from: moment(two[0]), to: moment(two[1]) }).collect();
            let cover = SpansCover::of(&spans, finest);
            let borders = ends.iter().flat_map(|end| [moment(*end).plus(-1), moment(*end)]);
            for at in moments.iter().map(|minutes| moment(*minutes)).chain(borders) {
                let wanted: Vec<i64> =
                    spans.iter().map(|span| i64::from(span.from <= at && at < span.to)).collect();
                prop_assert_eq!(counts(&cover, spans.len(), at), wanted);
            }
        }
    }

    #[test]
    fn days_of_a_zone_share_their_borders() {
        let day = |number: i64| Timestamp::from_micros(number * DAY - 5 * HOUR - 30 * MINUTE);
        let days: Vec<Span> = (20_000..20_090).map(|at| Span { from: day(at), to: day(at + 1) }).collect();
        let cover = SpansCover::of(&days, Grain::Quarter);
        let cells: i64 = cover.cells.iter().map(|(_, range)| range.end - range.first).sum();
        assert_eq!(cells, 90 + 91 * (5 + 2));
        assert!(cover.edges.is_empty());
    }
}
