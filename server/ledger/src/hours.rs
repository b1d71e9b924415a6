//! The hours of the last two days, filled from one source after the other.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use model::{
    record::Kind,
    tenant::TenantId,
    time::{HOUR, Timestamp},
};

use crate::{
    HourBalance,
    decision::{beginning, hour_of},
};

/// How many hours are kept and shown, this one included.
const HOURS: i64 = 48;

/// Which hours are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HourRange {
    pub(crate) tenant: TenantId,
    pub(crate) first: i64,
    last: i64,
}

impl HourRange {
    pub(crate) fn new(tenant: TenantId, from: Timestamp, now: Timestamp) -> Self {
        let last = hour_of(now);
        Self { tenant, first: hour_of(from).clamp(last - HOURS + 1, last), last }
    }

    /// When the first hour begins of which rows are counted, whatever is asked for.
    pub(crate) const fn counted_from(&self) -> Timestamp {
        beginning(self.last - HOURS + 1)
    }

    /// Positions are nearly in the order of arrival: none of an earlier hour's rows comes after one of this time.
    pub(crate) const fn searched_from(&self) -> Timestamp {
        self.counted_from().plus(-HOUR)
    }

    /// One for each hour, with nothing in it yet.
    pub(crate) fn balances(&self, kind: &'static Kind) -> Vec<HourBalance> {
        let empty = |hour| HourBalance {
            kind,
            hour: beginning(hour),
            received: 0,
            mirrored: 0,
            durable: 0,
            archived: 0,
            pending: 0,
            dead: 0,
            delivered: 0,
            confirmed: 0,
        };
        (self.first..=self.last).map(empty).collect()
    }

    /// Puts what a source says of an hour in its place.
    pub(crate) fn put(&self, hours: &mut [HourBalance], hour: i64, put: impl FnOnce(&mut HourBalance)) {
        let at = usize::try_from(hour - self.first).ok();
        if let Some(balance) = at.and_then(|at| hours.get_mut(at)) {
            put(balance);
        }
    }
}

/// What a store asks, and what it does with the four numbers that it is told of an hour.
pub(crate) type HourSource<'a> = (&'a str, fn(&mut HourBalance, [i64; 4]));

pub(crate) const fn sources<'a>([received, passed, backlog]: [&'a str; 3]) -> [HourSource<'a>; 3] {
    [
        (received, |balance, [received, ..]| balance.received = received),
        (passed, |balance, [mirrored, delivered, confirmed, archived]| {
            (balance.mirrored, balance.archived) = (mirrored, archived);
            (balance.delivered, balance.confirmed) = (delivered, confirmed);
        }),
        (backlog, |balance, [pending, dead, ..]| (balance.pending, balance.dead) = (pending, dead)),
    ]
}

/// What was counted before: rows keep their hour, and as long as none is archived only later ones have to be counted. `T`
/// says up to where that was.
pub(crate) struct Tallies<T>(Mutex<HashMap<TableOfTenant, HourTally<T>>>);

/// A kind's table, of one tenant where each tenant is counted by itself.
type TableOfTenant = (&'static str, Option<TenantId>);

#[derive(Clone)]
pub(crate) struct HourTally<T> {
    pub(crate) up_to: T,
    /// The last of these hours, and how many rows of them had left by then.
    archived: (i64, i64),
    pub(crate) rows: HashMap<(TenantId, i64), i64>,
}

impl<T> Default for Tallies<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Tallies<T> {
    pub(crate) fn of(&self, key: TableOfTenant) -> Option<HourTally<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()
    }

    pub(crate) fn keep(&self, key: TableOfTenant, stretch: &HourRange, mut tally: HourTally<T>) {
        tally.rows.retain(|(_, hour), _| *hour > stretch.last - HOURS);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, tally);
    }
}

impl<T> HourTally<T> {
    pub(crate) fn new(up_to: T, stretch: &HourRange, archived: i64) -> Self {
        Self { up_to, archived: (stretch.last, archived), rows: HashMap::new() }
    }

    /// Whether no row can have left since.
    pub(crate) fn holds(&self, stretch: &HourRange, archived: i64) -> bool {
        self.archived == (stretch.last, archived) || (self.archived.1, archived) == (0, 0)
    }

    pub(crate) fn add(&mut self, tenant: TenantId, hour: i64, rows: i64) {
        *self.rows.entry((tenant, hour)).or_default() += rows;
    }
}
