//! What is done about a ledger while it is waited for by none: what is counted as it changes is counted anew, old hours are
//! added up, and old receipts go.

use model::time::{DAY, Timestamp};

use crate::{decision::hour_of, write::Write};

/// Mends what was counted wrong where it was, adds up old hours and lets old receipts go; answers how many of these.
pub(crate) struct Tend {
    pub(crate) mends: bool,
}

impl Write for Tend {
    type Answer = i64;
}

/// What is kept of the backlog, in this order everywhere.
pub(crate) const COUNTED: [&str; 5] =
    ["waiting", "waiting_first", "refused", "refused_first", "dropped_first"];

/// Hours before this one are added up into one.
pub(crate) const fn oldest_hour(now: Timestamp) -> i64 {
    hour_of(now.plus(-7 * DAY))
}

/// Receipts from before are not kept: what they add up to is, and no older hour is shown by itself.
pub(crate) const fn oldest_receipt(now: Timestamp) -> Timestamp {
    now.plus(-3 * DAY)
}

/// Receipts that go in one transaction, and such transactions at a time: other writing goes on between them.
pub(crate) const RECEIPTS: i64 = 2_000;
pub(crate) const TURNS: usize = 100;

/// By how much what is kept of an hour's backlog is too small: what is there, less what is kept of it. Hours before the given
/// one are taken as one.
pub(crate) fn differences(before: i64) -> String {
    let less = COUNTED.map(|column| format!("-{column}")).join(", ");
    let sums = COUNTED.map(|column| format!("CAST(sum({column}) AS bigint) AS {column}")).join(", ");
    let differs = COUNTED.map(|column| format!("sum({column}) <> 0")).join(" OR ");
    let is = |what: &str| format!("CASE WHEN dropped_at IS {what} THEN 1 ELSE 0 END");
    let (open, dropped) = (is("NULL"), is("NOT NULL"));
    format!(
        "SELECT tenant_id, kind, hour, {sums} FROM (\
         SELECT tenant_id, kind, CASE WHEN hour < {before} THEN 0 ELSE hour END AS hour, {columns} FROM (\
         SELECT tenant_id, kind, enqueued_at / 3600000000 AS hour, 1 AS waiting, first AS waiting_first, 0 AS refused, \
         0 AS refused_first, 0 AS dropped_first FROM studio.outbox \
         UNION ALL SELECT tenant_id, kind, enqueued_at / 3600000000, 0, 0, {open}, first * {open}, first * {dropped} \
         FROM studio.dead_letters \
         UNION ALL SELECT tenant_id, kind, hour, {less} FROM studio.backlog) AS each_one) AS by_hour \
         GROUP BY tenant_id, kind, hour HAVING {differs}",
        columns = COUNTED.join(", ")
    )
}

/// Makes what is kept of the backlog what is there. One statement sees both at one moment. `writer`: where rows have one.
pub(crate) fn mend(before: i64, writer: Option<i64>) -> String {
    let (columns, differences) = (COUNTED.join(", "), differences(before));
    let sums = COUNTED.map(|column| format!("{column} = t.{column} + excluded.{column}")).join(", ");
    let (key, own) = writer.map_or(("", String::new()), |writer| (", writer", format!(", {writer}")));
    format!(
        "INSERT INTO studio.backlog AS t (tenant_id, kind, hour{key}, {columns}) \
         SELECT tenant_id, kind, hour{own}, {columns} FROM ({differences}) AS missing WHERE 1 = 1 \
         ON CONFLICT (tenant_id, kind, hour{key}) DO UPDATE SET {sums}"
    )
}
