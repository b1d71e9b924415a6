//! The campaigns that have runs: what is asked of them, and a page of the answer.

use std::{fmt, str::FromStr};

use model::{breakdown::Part, calendar::Window, time::Timestamp};

use crate::BadCursor;

/// Which campaigns to list, and over which stretch their figures are.
#[derive(Clone, Debug)]
pub struct CampaignsAsk {
    /// The stretch, and the one that it is compared with.
    pub window: Window,
    /// Only those whose id or name contains this.
    pub search: Option<String>,
    /// How many a page has at most.
    pub limit: usize,
    /// The `next` of the page before.
    pub cursor: Option<CampaignCursor>,
}

/// Where a page of campaigns ended. Opaque to those who hand it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignCursor {
    pub(crate) last_run: Timestamp,
    pub(crate) id: String,
}

/// One campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignRow {
    /// When its newest run was made.
    pub last_run: Timestamp,
    /// Its id, its name, and what its runs come to; without a run in either stretch its sums are empty.
    pub part: Part,
}

/// A page of campaigns: those first that ran last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignPage {
    /// The campaigns of this page.
    pub rows: Vec<CampaignRow>,
    /// Where the next page begins, if there is one.
    pub next: Option<CampaignCursor>,
}

/// No campaign's id is longer: 64 units, each of four bytes at most.
const ID_BYTES_MAX: usize = 256;

/// What a store has found: id, name, newest run.
pub(crate) type FoundCampaign = (String, Option<String>, Timestamp);

impl CampaignPage {
    /// `found` is one more than the page has, where there are more.
    pub(crate) fn of(mut found: Vec<FoundCampaign>, limit: usize, mut parts: Vec<Part>) -> Self {
        let has_more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| has_more);
        let next = next.map(|(id, _, last_run)| CampaignCursor { last_run: *last_run, id: id.clone() });
        let row = |(id, name, last_run): FoundCampaign| {
            let at = parts.iter().position(|part| part.key == id);
            let part = at.map_or_else(Part::default, |at| parts.swap_remove(at));
            CampaignRow { last_run, part: Part { key: id, name, ..part } }
        };
        Self { rows: found.into_iter().map(row).collect(), next }
    }
}

impl fmt::Display for CampaignCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.last_run.micros())?;
        self.id.bytes().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for CampaignCursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Self, BadCursor> {
        let lower_hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        if text.len() < 18 || !text.len().is_multiple_of(2) || !text.bytes().all(lower_hex) {
            return Err(BadCursor);
        }
        let (at, id) = text.split_at(16);
        let at = u64::from_str_radix(at, 16).map_err(|_| BadCursor)?;
        let byte = |at: usize| u8::from_str_radix(&id[at..at + 2], 16).map_err(|_| BadCursor);
        let bytes: Vec<u8> = (0..id.len()).step_by(2).map(byte).collect::<Result<_, _>>()?;
        let id = String::from_utf8(bytes).map_err(|_| BadCursor)?;
        // No campaign is called so.
        if id.chars().any(char::is_control) || id.len() > ID_BYTES_MAX {
            return Err(BadCursor);
        }
        Ok(Self { last_run: Timestamp::from_micros(at.cast_signed()), id })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_is_read_back(at in any::<i64>(), id in "[^\\p{Cc}]{1,64}") {
            let cursor = CampaignCursor { last_run: Timestamp::from_micros(at), id };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn what_is_no_cursor_is_refused(text in ".{0,60}") {
            let read: Result<CampaignCursor, BadCursor> = text.parse();
            prop_assert!(read.is_err() || read.map(|cursor| cursor.to_string()) == Ok(text));
        }
    }
}
