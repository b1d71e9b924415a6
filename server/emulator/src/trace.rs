//! The last requests and their answers, for a person to read.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use uuid::Uuid;

/// Exchanges that are kept.
const KEPT: usize = 200;
/// Bytes that are kept of a body.
const LONGEST: usize = 2048;

/// One exchange. Headers are left out: one of them is the token.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TracedExchange {
    pub(crate) at: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) request: String,
    /// `null` for a request that was cut off or never answered.
    pub(crate) status: Option<u16>,
    pub(crate) milliseconds: u64,
    pub(crate) answer: String,
    pub(crate) changed: Changed,
}

/// Rows that a request has made, changed or deleted: their number, and the first of them by address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Changed {
    total: usize,
    rows: Vec<String>,
}

/// How many rows a request is shown to have changed.
const SHOWN: usize = 20;

impl Changed {
    pub(crate) fn note(&mut self, what: &str, set: &str, id: Uuid) {
        self.total += 1;
        if self.rows.len() < SHOWN {
            self.rows.push(format!("{what} {set}({id})"));
        }
    }

    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// Forgets the changes after the first `total`.
    pub(crate) fn back_to(&mut self, total: usize) {
        self.total = total;
        self.rows.truncate(total);
    }
}

#[derive(Default)]
pub(crate) struct Trace {
    kept: Mutex<VecDeque<TracedExchange>>,
}

impl Trace {
    pub(crate) fn add(&self, exchange: TracedExchange) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(exchange);
    }

    pub(crate) fn clear(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Newest first.
    pub(crate) fn newest(&self, most: usize) -> Vec<TracedExchange> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().rev().take(most).cloned().collect()
    }
}

/// The beginning of a body.
pub(crate) fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(LONGEST)]).into_owned()
}
