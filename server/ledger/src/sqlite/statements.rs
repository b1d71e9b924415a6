//! The SQL of a kind, made once from its table of fields. Names come from descriptors in the code, never from outside.

mod mirror;

use std::sync::LazyLock;

use model::record::Kind;

use crate::{dead_letters::SYSTEM, lease::weight, per_kind::PerKind, row::named};

/// How many rows one INSERT takes, where they have few columns. Few sizes, so that each statement is prepared once.
const CHUNKS: [usize; 4] = [1, 8, 64, 512];
/// The most parameters that one statement has.
const PARAMETERS_MAX: usize = 32_766;

/// A dead letter with its record.
const LETTER: &str = "d.revision, d.attempts, d.enqueued_at, d.died_at, d.reason, r.id, r.withdrawn_at IS NOT NULL, \
     d.request, d.response";

/// The statements of one kind.
pub(super) struct Statements {
    /// Records by their ids: the ids as a JSON array, the tenant.
    pub(super) by_ids: &'static str,
    /// The tenant, received_at; then of each row position, id and fields.
    pub(super) insert: Inserts,
    /// The outbox entries of the positions from the second to the third parameter; the first is the kind's name, the fourth
    /// due_at.
    pub(super) enqueue: &'static str,
    /// The fields, then revision, position.
    pub(super) correct: &'static str,
    /// withdrawn_at, revision, position.
    pub(super) withdraw: &'static str,
    pub(super) newest_position: &'static str,
    /// The newest position that was ever given out.
    pub(super) newest_claimed: &'static str,
    /// Position and received_at of the first row from this position on.
    pub(super) from_position: &'static str,
    /// Rows by tenant and hour of arrival: the position after which, received_at from which on.
    pub(super) by_hour: &'static str,
    /// exported_at, the positions as a JSON array.
    pub(super) exported: &'static str,
    pub(super) confirmed: &'static str,
    /// Position, time and weight of what is due, oldest first: the tenant, the kind's name, now, how many. Under which id a
    /// record that another program exported stands there is not known until its row was met: it waits until then, or until
    /// the whole table was read.
    pub(super) due: &'static str,
    /// Entries with their records: the tenant, the kind's name, the positions as a JSON array.
    pub(super) leased: &'static str,
    /// Of each pointer, where names are kept of what it points at.
    pub(super) names: Vec<Option<NameStatements>>,
    pub(super) counted: &'static str,
    pub(super) withdrawn: &'static str,
    pub(super) to_confirm: &'static str,
    /// The tenant.
    pub(super) oldest_to_confirm: &'static str,
    /// Since when the oldest of those waits that Dataverse never had and that still stand: the tenant, the kind's name.
    pub(super) oldest_first: &'static str,
    pub(super) dead: &'static str,
    /// The tenant, the kind's name, the id.
    pub(super) dead_one: &'static str,
    /// What sends dead letters again: a note of who wanted that, an entry in the outbox, what that adds to what waits, and the
    /// letter's end. The tenant, the kind's name, the positions as a JSON array, the time; of the note also who and what.
    pub(super) resend: [&'static str; 4],
    pub(super) mirror: mirror::MirrorStatements,
    /// Tenants and records that are not withdrawn, by time: tenant, time and position after which, how many.
    pub(super) standing: &'static str,
    /// The head of a list, up to its conditions.
    pub(super) select: String,
    /// The column of the record's own time.
    pub(super) time: &'static str,
}

/// Of the names that have a record: the tenant, how many; then the text.
pub(super) struct NameStatements {
    /// Keeps one: the tenant, the id, the name, the time.
    pub(super) keep: &'static str,
    pub(super) all: &'static str,
    /// The one with this id.
    pub(super) one: &'static str,
    /// Those that contain the text.
    pub(super) like: &'static str,
}

/// One INSERT for each of `CHUNKS`, and how many rows it takes.
pub(super) struct Inserts([(&'static str, usize); CHUNKS.len()]);

impl Inserts {
    /// What all rows have in common (`common`, out of the tenant and a time) is bound once; then of each row `width`
    /// parameters, the first of which is never NULL. None is numbered: SQLite looks numbers up one by one, and did little
    /// else.
    pub(super) fn new(into: &str, common: &str, width: usize) -> Self {
        let row = format!("({})", vec!["?"; width].join(", "));
        Self(CHUNKS.map(|size| {
            let size = size.min((PARAMETERS_MAX - 2) / width);
            let rows = vec![row.as_str(); size].join(", ");
            // What is not bound is NULL: those rows are not there. A fault ends the whole group, so that SQLite need not
            // remember what one statement alone did.
            let sql = leak(format!(
                "WITH shared (tenant, at) AS (VALUES (?, ?)) INSERT OR ROLLBACK INTO {into} SELECT {common}, given.* \
                 FROM (VALUES {rows}) AS given CROSS JOIN shared WHERE given.column1 IS NOT NULL"
            ));
            (sql, size)
        }))
    }

    /// The statement for the next of `rows` rows, and how many of them it takes.
    pub(super) fn next(&self, rows: usize) -> (&'static str, usize) {
        let fits = self.0.iter().find(|(_, size)| *size >= rows);
        let (sql, size) = fits.unwrap_or(&self.0[CHUNKS.len() - 1]);
        (sql, rows.min(*size))
    }
}

/// The statements of a kind, the same ones for the life of the process.
pub(super) fn of(kind: &'static Kind) -> &'static Statements {
    static MADE: PerKind<Statements> = PerKind::none();
    MADE.of(kind, make)
}

/// The tenant, a time; then of each receipt the kind's name, what was taken and the checksum.
pub(super) fn receipts() -> &'static Inserts {
    static MADE: LazyLock<Inserts> = LazyLock::new(|| {
        let into = "receipts (tenant_id, at, kind, taken, checksum)";
        Inserts::new(into, "shared.tenant, shared.at", 3)
    });
    &MADE
}

fn make(kind: &Kind) -> Statements {
    let table = kind.table;
    let columns: Vec<&str> = kind.fields.iter().map(|field| field.column).collect();
    let (row, join) = (row(kind), join(kind));
    let sets: String = columns.iter().map(|column| format!("{column} = ?, ")).collect();
    Statements {
        standing: leak(format!(
            "SELECT r.tenant_id, {row} FROM {table} AS r{join} WHERE (r.tenant_id, r.{time}, r.position) > (?1, ?2, ?3) \
             AND r.withdrawn_at IS NULL ORDER BY r.tenant_id, r.{time}, r.position LIMIT ?4",
            time = kind.fields[kind.time].column,
        )),
        by_ids: leak(format!(
            "SELECT {row} FROM json_each(?1) AS wanted CROSS JOIN {table} AS r \
             ON r.id = unhex(wanted.value, '-') AND r.tenant_id = ?2{join}"
        )),
        insert: Inserts::new(
            &format!("{table} (tenant_id, received_at, position, id, {})", columns.join(", ")),
            "shared.tenant, shared.at",
            columns.len() + 2,
        ),
        enqueue: leak(format!(
            "INSERT OR ROLLBACK INTO outbox (tenant_id, kind, position, revision, first, enqueued_at, due_at) \
             SELECT tenant_id, ?1, position, revision, 1, received_at, ?4 FROM {table} \
             WHERE position BETWEEN ?2 AND ?3"
        )),
        correct: leak(format!(
            "UPDATE {table} SET {sets}revision = ?, exported_at = NULL, confirmed_at = NULL WHERE position = ?"
        )),
        withdraw: leak(format!(
            "UPDATE {table} SET withdrawn_at = ?1, revision = ?2, exported_at = NULL, confirmed_at = NULL \
             WHERE position = ?3"
        )),
        from_position: leak(format!(
            "SELECT position, received_at FROM {table} WHERE position >= ?1 ORDER BY position LIMIT 1"
        )),
        by_hour: leak(format!(
            "SELECT tenant_id, received_at / 3600000000, count(*), max(position) FROM {table} \
             WHERE position > ?1 AND received_at >= ?2 GROUP BY 1, 2"
        )),
        newest_position: leak(format!("SELECT coalesce(max(position), 0) FROM {table}")),
        newest_claimed: leak(format!(
            "SELECT max(coalesce((SELECT max(position) FROM {table}), 0), \
             coalesce((SELECT newest FROM positions WHERE table_name = '{table}'), 0))"
        )),
        exported: leak(format!(
            "UPDATE {table} SET exported_at = ?1, unmet = 0 WHERE position IN (SELECT value FROM json_each(?2))"
        )),
        confirmed: leak(format!(
            "UPDATE {table} AS r SET confirmed_at = ?1 FROM json_each(?2) AS read \
             WHERE r.position = read.value ->> 0 AND r.revision = read.value ->> 1 \
             AND r.exported_at IS NOT NULL AND r.confirmed_at IS NULL"
        )),
        due: leak(format!(
            "SELECT o.position, o.due_at, {weight} FROM outbox AS o CROSS JOIN {table} AS r ON r.position = o.position \
             WHERE o.tenant_id = ?1 AND o.kind = ?2 AND o.due_at <= ?3 AND (r.unmet = 0 OR EXISTS (SELECT 1 FROM marks \
             WHERE tenant_id = '{SYSTEM}' AND kind = ?2 AND link IS NOT NULL)) ORDER BY o.due_at, o.position LIMIT ?4",
            weight = weight(kind)
        )),
        leased: leak(format!(
            "SELECT o.revision, o.attempts, o.enqueued_at, o.due_at, o.failing_since, o.first, {row} \
             FROM json_each(?3) AS chosen CROSS JOIN outbox AS o CROSS JOIN {table} AS r ON r.position = o.position{join} \
             WHERE o.tenant_id = ?1 AND o.kind = ?2 AND o.position = chosen.value"
        )),
        names: all_names(kind),
        counted: leak(format!(
            "SELECT tenant_id, count(*), max(position) FROM {table} WHERE position > ?1 GROUP BY tenant_id"
        )),
        withdrawn: leak(format!(
            "SELECT count(*) FROM {table} WHERE tenant_id = ?1 AND withdrawn_at IS NOT NULL"
        )),
        to_confirm: leak(format!(
            "SELECT r.tenant_id, {row} FROM {table} AS r{join} WHERE r.exported_at <= ?1 \
             AND r.confirmed_at IS NULL AND r.unmet = 0 AND (r.exported_at, r.position) > (?3, ?4) \
             ORDER BY r.exported_at, r.position LIMIT ?2"
        )),
        oldest_first: leak(oldest_first(table)),
        oldest_to_confirm: leak(format!(
            "SELECT exported_at FROM {table} WHERE exported_at > 0 AND confirmed_at IS NULL AND tenant_id = ?1 \
             AND unmet = 0 ORDER BY exported_at LIMIT 1"
        )),
        dead: leak(format!(
            "SELECT {LETTER} FROM dead_letters AS d CROSS JOIN {table} AS r ON r.position = d.position \
             WHERE d.tenant_id = ?1 AND d.kind = ?2 AND d.dropped_at IS NULL ORDER BY d.died_at DESC, d.position DESC LIMIT ?3"
        )),
        dead_one: leak(format!(
            "SELECT {LETTER} FROM {table} AS r CROSS JOIN dead_letters AS d \
             ON d.tenant_id = ?1 AND d.kind = ?2 AND d.position = r.position AND d.dropped_at IS NULL \
             WHERE r.id = ?3 AND r.tenant_id = ?1"
        )),
        resend: resend(table),
        mirror: mirror::make(kind, &row, &join),
        select: format!("SELECT {row} FROM {table} AS r{join}"),
        time: kind.fields[kind.time].column,
    }
}

/// What every statement hands over of a record.
fn row(kind: &Kind) -> String {
    let mut row =
        "r.position, r.id, r.revision, r.received_at, r.exported_at, r.withdrawn_at, r.confirmed_at, \
                   r.dataverse_id, r.unmet"
            .to_owned();
    row.extend(kind.fields.iter().map(|field| format!(", r.{}", field.column)));
    let mut names = vec![", NULL".to_owned(); kind.pointers.len()];
    for (at, ..) in named(kind) {
        names[at] = format!(", n{at}.name");
    }
    row + &names.concat()
}

fn join(kind: &Kind) -> String {
    let join = |(at, names, of): (usize, &str, &str)| {
        format!(" LEFT JOIN {names} AS n{at} ON n{at}.tenant_id = r.tenant_id AND n{at}.id = r.{of}")
    };
    named(kind).map(join).collect()
}

fn all_names(kind: &Kind) -> Vec<Option<NameStatements>> {
    let mut all: Vec<Option<NameStatements>> = kind.pointers.iter().map(|_| None).collect();
    for (at, table, of) in named(kind) {
        all[at] = Some(names(table, of, kind.table));
    }
    all
}

/// Of the names in one table, those to which a field of the other points.
fn names(names: &str, of: &str, table: &str) -> NameStatements {
    let those = |condition: &str, order: &str| {
        leak(format!(
            "SELECT n.id, n.name FROM {names} AS n WHERE n.tenant_id = ?1{condition} AND EXISTS (SELECT 1 \
             FROM {table} AS r WHERE r.tenant_id = n.tenant_id AND r.{of} = n.id AND r.withdrawn_at IS NULL) \
             ORDER BY {order}n.named_at DESC, n.id LIMIT ?2"
        ))
    };
    NameStatements {
        keep: leak(format!(
            "INSERT INTO {names} (tenant_id, id, name, named_at) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (tenant_id, id) DO UPDATE SET name = excluded.name, named_at = excluded.named_at \
             WHERE excluded.name IS NOT NULL"
        )),
        all: those("", ""),
        one: those(" AND n.id = ?3", ""),
        like: those(
            " AND (instr(lower(n.id), lower(?3)) > 0 OR instr(lower(n.name), lower(?3)) > 0)",
            "lower(coalesce(n.name, '')) = lower(?3) DESC, ",
        ),
    }
}

fn resend(table: &str) -> [&'static str; 4] {
    let those = format!(
        "FROM json_each(?3) AS asked CROSS JOIN dead_letters AS d ON d.tenant_id = ?1 AND d.kind = ?2 \
         AND d.position = asked.value CROSS JOIN {table} AS r ON r.position = d.position WHERE r.tenant_id = ?1"
    );
    let id = "lower(substr(hex(r.id), 1, 8) || '-' || substr(hex(r.id), 9, 4) || '-' || substr(hex(r.id), 13, 4) || '-' \
              || substr(hex(r.id), 17, 4) || '-' || substr(hex(r.id), 21))";
    [
        leak(format!(
            "INSERT INTO handlings (tenant_id, at, by_whom, kind, id, what, reason) \
             SELECT ?1, ?4, ?5, ?2, {id}, ?6, d.reason {those} ORDER BY d.position"
        )),
        leak(format!(
            "INSERT INTO outbox (tenant_id, kind, position, revision, first, enqueued_at, due_at, epoch) \
             SELECT ?1, ?2, d.position, r.revision, d.first, d.enqueued_at, ?4, d.epoch {those}"
        )),
        "INSERT INTO backlog (tenant_id, kind, hour, waiting, waiting_first) \
         SELECT ?1, ?2, enqueued_at / 3600000000, count(*), sum(first) FROM dead_letters WHERE tenant_id = ?1 \
         AND kind = ?2 AND position IN (SELECT value FROM json_each(?3)) GROUP BY 3 \
         ON CONFLICT (tenant_id, kind, hour) DO UPDATE SET \
         waiting = waiting + excluded.waiting, waiting_first = waiting_first + excluded.waiting_first",
        "DELETE FROM dead_letters WHERE tenant_id = ?1 AND kind = ?2 AND position IN (SELECT value FROM json_each(?3))",
    ]
}

fn oldest_first(table: &str) -> String {
    format!(
        "SELECT o.enqueued_at FROM outbox AS o CROSS JOIN {table} AS r ON r.position = o.position \
         WHERE o.tenant_id = ?1 AND o.kind = ?2 AND o.first = 1 AND r.withdrawn_at IS NULL \
         ORDER BY o.position LIMIT 1"
    )
}

fn leak(sql: String) -> &'static str {
    sql.leak()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_rows_go_in_small_statements() {
        for width in [3, 15, 63, 64, 200, PARAMETERS_MAX / 2] {
            let inserts = Inserts::new("a_table (columns)", "shared.tenant", width);
            let (sql, rows) = inserts.next(10_000);
            assert!(sql.matches('?').count() <= PARAMETERS_MAX, "{width}");
            assert_eq!(rows, 512.min((PARAMETERS_MAX - 2) / width));
            assert_eq!(inserts.next(1).1, 1);
            assert_eq!(sql.matches('?').count(), rows * width + 2);
        }
    }
}
