//! Lists of records: what is asked, and a page of the answer.

use std::{fmt, str::FromStr};

use model::{record::Stored, time::Timestamp};

/// What to list, in pages that stay in step while records come in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListAsk {
    /// How many records a page has at most.
    pub limit: usize,
    /// The `next` of the page before.
    pub cursor: Option<PageCursor>,
    /// Only records whose field, by its position in the kind, holds exactly this text.
    pub filters: Vec<(usize, String)>,
    /// Inclusive, by the record's own time.
    pub from: Option<Timestamp>,
    /// Exclusive.
    pub to: Option<Timestamp>,
    /// By the record's own time; of one time, by when they came.
    pub order: ListOrder,
}

/// In which order records are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListOrder {
    #[default]
    NewestFirst,
    OldestFirst,
}

impl ListOrder {
    /// How a place further on in the list compares with one before it, and the word for the order, as SQL writes both.
    pub(crate) const fn in_sql(self) -> (&'static str, &'static str) {
        match self {
            Self::NewestFirst => ("<", "DESC"),
            Self::OldestFirst => (">", "ASC"),
        }
    }
}

/// One page of a list, in the order that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordPage {
    /// The records of this page.
    pub items: Vec<Stored>,
    /// Where the next page begins, if there is one.
    pub next: Option<PageCursor>,
}

/// Where a page ended. Opaque to those who hand it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageCursor {
    pub(crate) at: Timestamp,
    pub(crate) position: i64,
}

/// A cursor that no list of this server handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a cursor of this list; take `next` of the page before, or leave it out")]
pub struct BadCursor;

impl fmt::Display for PageCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.at.micros(), self.position)
    }
}

impl FromStr for PageCursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let lower_hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 32 || !text.bytes().all(lower_hex) {
            return Err(BadCursor);
        }
        let number = |part: &str| u64::from_str_radix(part, 16).map(u64::cast_signed).map_err(|_| BadCursor);
        let (at, position) = text.split_at(16);
        Ok(Self { at: Timestamp::from_micros(number(at)?), position: number(position)? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_is_read_back(at in any::<i64>(), position in any::<i64>()) {
            let cursor = PageCursor { at: Timestamp::from_micros(at), position };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn what_is_no_cursor_is_refused(text in ".{0,60}") {
            let read: Result<PageCursor, BadCursor> = text.parse();
            prop_assert!(read.is_err() || read.map(|cursor| cursor.to_string()) == Ok(text));
        }
    }
}
