//! Lists of records: what is asked, and a page of the answer.

use std::{fmt, str::FromStr};

use model::{record::Stored, time::Instant};
use uuid::Uuid;

/// What to list: newest first, in pages that stay in step while records come in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListAsk {
    pub limit: usize,
    /// The `next` of the page before.
    pub cursor: Option<Cursor>,
    /// Only records whose field, by its position in the kind, holds exactly this text.
    pub filters: Vec<(usize, String)>,
    /// Inclusive, by the record's own time.
    pub from: Option<Instant>,
    /// Exclusive.
    pub to: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub items: Vec<Stored>,
    pub next: Option<Cursor>,
}

/// Where a page ended. Opaque to those who hand it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(crate) at: Instant,
    pub(crate) id: Uuid,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a cursor of this list; take `next` of the page before, or leave it out")]
pub struct BadCursor;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{}", self.at.micros(), self.id.simple())
    }
}

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let lower_hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 48 || !text.bytes().all(lower_hex) {
            return Err(BadCursor);
        }
        let micros = u64::from_str_radix(&text[..16], 16).map_err(|_| BadCursor)?;
        let id = Uuid::try_parse(&text[16..]).map_err(|_| BadCursor)?;
        Ok(Self { at: Instant::from_micros(micros.cast_signed()), id })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_is_read_back(at in any::<i64>(), id in any::<u128>()) {
            let cursor = Cursor { at: Instant::from_micros(at), id: Uuid::from_u128(id) };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn what_is_no_cursor_is_refused(text in ".{0,60}") {
            let read: Result<Cursor, BadCursor> = text.parse();
            prop_assert!(read.is_err() || read.map(|cursor| cursor.to_string()) == Ok(text));
        }
    }
}
