//! The same figures out of several sources, held against each other.

use crate::{
    calendar::{Span, Window},
    figures::{Added, Figures, Tile},
    rollup::Grain,
};

/// A part of a window that lies in one bucket, and either within whole days of UTC or beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecountPart {
    /// What of time it is.
    pub span: Span,
    /// The place of its bucket among the window's.
    pub bucket: usize,
    /// Whether it lies within days (UTC) that the window holds whole.
    pub whole_day: bool,
}

/// The figures of a window as the rollups tell them, and as a plain count of the records does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recount {
    /// The stretch that was counted.
    pub window: Window,
    /// None while rollups are being made.
    pub rollups: Option<Figures>,
    /// Each record looked at once.
    pub rows: Figures,
    /// The buckets in which both differ, by figure, as places among the window's.
    pub differing: Vec<(Tile, Vec<usize>)>,
    /// The days (UTC) that the window holds whole; none where it holds none.
    pub whole_days: Option<Span>,
    /// What of the records lies in these days, and what beside them.
    pub within: Added,
    /// See `within`.
    pub beside: Added,
}

/// The days (UTC) that a span holds whole.
#[must_use]
pub fn whole_days(span: Span) -> Option<Span> {
    let first = Grain::Day.number(span.from.plus(Grain::Day.length() - 1));
    let end = Grain::Day.number(span.to);
    (first < end).then(|| Span { from: Grain::Day.start(first), to: Grain::Day.start(end) })
}

/// A window's buckets, cut where its whole days begin and end.
#[must_use]
pub fn parts(window: &Window) -> Vec<RecountPart> {
    let days = whole_days(window.span);
    let mut parts = Vec::new();
    for (bucket, at) in window.buckets.iter().enumerate() {
        let mut from = at.span.from;
        let cuts = days.into_iter().flat_map(|days| [days.from, days.to]);
        let inner = cuts.filter(|cut| *cut > at.span.from && *cut < at.span.to);
        for to in inner.chain([at.span.to]) {
            let whole_day = days.is_some_and(|days| from >= days.from && to <= days.to);
            parts.push(RecountPart { span: Span { from, to }, bucket, whole_day });
            from = to;
        }
    }
    parts
}

impl Recount {
    /// `rollups` stand in the order of the window's buckets, `rows` in that of its [`parts`]; `campaigns` are distinct ones,
    /// which do not add up.
    #[must_use]
    pub fn of(window: Window, rollups: Option<&[Added]>, rows: &[Added], campaigns: i64) -> Self {
        let parts = parts(&window);
        let mut by_bucket = vec![Added::default(); window.buckets.len()];
        let (mut within, mut beside) = (Added::default(), Added::default());
        for (part, added) in parts.iter().zip(rows) {
            by_bucket[part.bucket].add(added);
            if part.whole_day { &mut within } else { &mut beside }.add(added);
        }
        let figures = |added: &[Added]| Figures { sums: Added::total(added).sums(), campaigns };
        let differing = |rollups: &[Added]| -> Vec<(Tile, Vec<usize>)> {
            let of_tile = |tile: Tile| {
                let pairs = rollups.iter().zip(&by_bucket).enumerate();
                let differ = pairs.filter(|(_, (one, other))| tells(tile, one) != tells(tile, other));
                (tile, differ.map(|(bucket, _)| bucket).collect::<Vec<_>>())
            };
            Tile::ALL.into_iter().map(of_tile).filter(|(_, buckets)| !buckets.is_empty()).collect()
        };
        Self {
            rollups: rollups.map(figures),
            rows: figures(&by_bucket),
            differing: rollups.map(differing).unwrap_or_default(),
            whole_days: whole_days(window.span),
            within,
            beside,
            window,
        }
    }
}

/// What a figure is made of, so that two of the same that were made of something else are told apart. What has no part in it is
/// left out.
fn tells(tile: Tile, added: &Added) -> Added {
    let all = added.clone();
    let none = Added::default();
    match tile {
        Tile::Cost => Added { cost_e5: all.cost_e5, runs: all.runs, ..none },
        Tile::Latency => Added {
            latencies: all.latencies,
            latency_avg_sum: all.latency_avg_sum,
            latency_avg_runs: all.latency_avg_runs,
            ..none
        },
        Tile::Success => Added { agents: all.agents, successful: all.successful, ..none },
        Tile::Assets => Added { assets: all.assets, runs: all.runs, ..none },
        Tile::Tokens => Added { tokens_in: all.tokens_in, tokens_out: all.tokens_out, ..none },
    }
}

/// Whether two sources tell the same of a figure.
#[must_use]
pub fn agree(tile: Tile, one: &Added, other: &Added) -> bool {
    tells(tile, one) == tells(tile, other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        calendar::{Compare, Zone, window},
        range::Range,
        sketch::Sketch,
        time::Timestamp,
    };

    fn berlin() -> Window {
        let (zone, at) = (Zone::of_name("Europe/Berlin").unwrap(), "2026-11-21T13:20:00Z");
        window(Range::Days30, &zone, Timestamp::parse(at).unwrap(), Compare::Previous)
    }

    #[test]
    fn parts_cover_the_window_once() {
        let window = berlin();
        let parts = parts(&window);
        assert_eq!(parts[0].span.from, window.span.from);
        assert_eq!(parts.last().unwrap().span.to, window.span.to);
        assert!(parts.windows(2).all(|two| two[0].span.to == two[1].span.from));
        let days = whole_days(window.span).unwrap();
        assert_eq!(format!("{} {}", days.from, days.to), "2026-10-22T00:00:00Z 2026-11-21T00:00:00Z");
        let whole: i64 =
            parts.iter().filter(|part| part.whole_day).map(|part| part.span.to.since(part.span.from)).sum();
        assert_eq!(whole, days.to.since(days.from));
        let of_bucket = |part: &RecountPart| window.buckets[part.bucket].span;
        assert!(
            parts
                .iter()
                .all(|part| { part.span.from >= of_bucket(part).from && part.span.to <= of_bucket(part).to })
        );
        let live = calendar_of_hours();
        assert_eq!(whole_days(live.span), None);
        assert!(super::parts(&live).iter().all(|part| !part.whole_day));
    }

    fn calendar_of_hours() -> Window {
        let at = Timestamp::parse("2026-11-21T13:20:00Z").unwrap();
        window(Range::Live, &Zone::utc(), at, Compare::Previous)
    }

    #[test]
    fn a_difference_names_figure_and_bucket() {
        let window = berlin();
        let run = Added { runs: 1, agents: 5, successful: 4, tokens_in: 7, ..Added::default() };
        let rows = vec![run.clone(); parts(&window).len()];
        let mut rollups = vec![run; window.buckets.len()];
        // Two of the buckets are cut in two, so that they have two runs.
        let is_cut = |bucket: usize| parts(&window).iter().filter(|part| part.bucket == bucket).count() == 2;
        for bucket in (0..rollups.len()).filter(|bucket| is_cut(*bucket)) {
            let more = rollups[bucket].clone();
            rollups[bucket].add(&more);
        }
        let same = Recount::of(window.clone(), Some(&rollups), &rows, 3);
        assert_eq!((same.differing.len(), same.rollups.as_ref()), (0, Some(&same.rows)));
        rollups[4].tokens_in += 1;
        rollups[9].latencies = [900].into_iter().collect::<Sketch>();
        let other = Recount::of(window.clone(), Some(&rollups), &rows, 3);
        assert_eq!(other.differing, [(Tile::Latency, vec![9]), (Tile::Tokens, vec![4])]);
        let unmade = Recount::of(window, None, &rows, 3);
        assert_eq!((unmade.rollups, unmade.differing.len()), (None, 0));
        assert_eq!(unmade.within.runs + unmade.beside.runs, unmade.rows.sums.runs);
    }
}
