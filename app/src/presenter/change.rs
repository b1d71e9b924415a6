//! How a figure's change is told: arrow, amount and words, good or bad.

use std::cmp::Ordering;

use model::{decimal, figures::Tile};

use super::words::{self, NBSP};
use crate::panel::{DeltaView, Tone};

/// A change against the stretch before.
pub(crate) struct Change {
    /// By how much the figure is more than it was, in what its amount is told in.
    pub by: i64,
    /// "12.0 %", without a sign.
    pub amount: String,
    pub tone: Tone,
    words: [&'static str; 2],
}

/// Both in the figure's smallest unit; none where a percentage is told and there was nothing before.
pub(crate) fn change(tile: Tile, now: i64, before: i64) -> Option<Change> {
    let more = ["more", "less"];
    let difference = now - before;
    let tenths = words::rounded(difference, 10);
    let (by, amount, words) = match tile {
        Tile::Cost | Tile::Tokens => {
            let by = per_mille(now, before)?;
            (by, format!("{}{NBSP}%", decimal::format(by.abs(), 1)), more)
        }
        Tile::Latency => (difference, words::duration_text(difference.abs()), ["slower", "faster"]),
        Tile::Success => (tenths, format!("{}{NBSP}points", decimal::format(tenths.abs(), 1)), more),
        Tile::Assets => (tenths, decimal::format(tenths.abs(), 1), more),
    };
    Some(Change { by, amount, tone: tone(tile, by), words })
}

/// Whether a figure that moved this way is better now.
pub(super) fn tone(tile: Tile, by: i64) -> Tone {
    let is_better_higher = matches!(tile, Tile::Success | Tile::Assets);
    match by.cmp(&0) {
        _ if tile == Tile::Tokens => Tone::Neutral,
        Ordering::Equal => Tone::Neutral,
        Ordering::Greater if is_better_higher => Tone::Good,
        Ordering::Less if !is_better_higher => Tone::Good,
        Ordering::Greater | Ordering::Less => Tone::Bad,
    }
}

impl Change {
    /// "12.0 % more than before".
    pub(super) fn in_words(&self) -> DeltaView {
        let words = match self.by.cmp(&0) {
            Ordering::Equal => "same as before".to_owned(),
            Ordering::Greater => format!("{} {} than before", self.amount, self.words[0]),
            Ordering::Less => format!("{} {} than before", self.amount, self.words[1]),
        };
        DeltaView { words, ..self.in_short() }
    }

    /// "12.0 %".
    pub(crate) fn in_short(&self) -> DeltaView {
        let arrow = match self.by.cmp(&0) {
            Ordering::Equal => "–",
            Ordering::Greater => "▲",
            Ordering::Less => "▼",
        };
        DeltaView { arrow: arrow.to_owned(), words: self.amount.clone(), tone: self.tone }
    }
}

/// Thousandths by which `now` is more than `before`; none where there was nothing before.
pub(super) fn per_mille(now: i64, before: i64) -> Option<i64> {
    if before == 0 {
        return None;
    }
    decimal::divide(i128::from(now - before), i128::from(before), 3)
}
