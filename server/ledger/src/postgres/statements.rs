//! The SQL of a kind, made once from its table of fields. Names come from descriptors in the code, never from outside;
//! `studio.` stands for the ledger's schema, see `schema`.

mod mirror;

use model::record::{Field, Kind, Storage};

use crate::{per_kind::PerKind, row::named};

/// A dead letter with its record.
const LETTER: &str = "d.revision, d.attempts, d.enqueued_at, d.died_at, d.reason, r.id, r.withdrawn_at IS NOT NULL, \
     d.request, d.response";

/// The statements of one kind. `$1` is the tenant, or the tenants, unless it is said otherwise.
pub(crate) struct Statements {
    /// Records by their ids: the tenant, the ids.
    pub(crate) by_ids: String,
    /// The kind's name, received_at; arrays of tenants and ids; due_at, and an array for each field. Takes in what is new,
    /// puts it into the outbox if it is ever due, and hands back tenant and id of each.
    pub(crate) insert: String,
    /// The same for records that were there before, with an array of exported_at in front of the fields: what was exported
    /// waits for nothing.
    pub(crate) import: String,
    /// Which positions these ids have: the tenants, the ids.
    pub(crate) positions: String,
    /// Locks rows in the order of their keys: the tenants, the positions.
    pub(crate) lock: String,
    /// The tenant, the position, the revision, then the fields.
    pub(crate) correct: String,
    /// The tenant, the position, withdrawn_at, the revision.
    pub(crate) withdraw: String,
    /// A tenant's records that are not withdrawn, by time, and in the last column the tenant: the tenant, the time and position after
    /// which, how many.
    pub(crate) standing: String,
    /// The tenant, exported_at, the positions.
    pub(crate) exported: String,
    /// The tenant, confirmed_at, the positions, the revisions.
    pub(crate) confirmed: String,
    /// The tenant, the positions.
    pub(crate) at_positions: String,
    /// Of each pointer, where names are kept of what it points at.
    pub(crate) names: Vec<Option<NameStatements>>,
    pub(crate) resend: ResendStatements,
    pub(crate) newest_position: String,
    /// Position and received_at of the tenant's first row from this position on.
    pub(crate) from_position: String,
    /// Rows by hour of arrival, settled ones and all: the tenant, received_at from which on, the position from which on.
    pub(crate) by_hour: String,
    /// The same: the tenant, received_at from which on, the transaction up to which the rows were counted.
    pub(crate) by_hour_since: String,
    /// The tenant, the transaction up to which the rows were counted.
    pub(crate) counted: String,
    /// The rows of each tenant, as far as their transactions are settled; and up to where they are.
    pub(crate) all_counted: String,
    pub(crate) withdrawn: String,
    /// The tenant, exported_at at the most, how many.
    pub(crate) to_confirm: String,
    /// The tenant.
    pub(crate) oldest_to_confirm: String,
    /// Since when the oldest of those waits that Dataverse never had and that still stand: the tenant, the kind's name.
    pub(crate) oldest_first: String,
    /// The tenant, the kind's name, how many.
    pub(crate) dead: String,
    /// The tenant, the kind's name, the id.
    pub(crate) dead_one: String,
    pub(crate) mirror: mirror::MirrorStatements,
    /// The head of a list, up to its conditions.
    pub(crate) select: String,
    /// The column of the record's own time.
    pub(crate) time: &'static str,
}

/// What sends dead letters again: the tenant, the kind's name; then the positions.
pub(crate) struct ResendStatements {
    /// Their positions, with their records' rows locked: how many.
    pub(crate) lock: String,
    /// The time, who, and what they did.
    pub(crate) note: String,
    /// The time.
    pub(crate) enqueue: String,
    pub(crate) clear: &'static str,
}

/// Of the names that have a record: the tenant, how many; then the text.
pub(crate) struct NameStatements {
    pub(crate) all: String,
    /// The one with this id.
    pub(crate) one: String,
    /// Those that contain the text.
    pub(crate) like: String,
}

/// The statements of a kind, the same ones for the life of the process.
pub(crate) fn of(kind: &'static Kind) -> &'static Statements {
    static MADE: PerKind<Statements> = PerKind::none();
    MADE.of(kind, make)
}

/// The record's columns as every statement hands them over: numbers all alike, whatever their width in the table.
fn row(kind: &Kind) -> String {
    let mut row =
        "r.position, r.id, r.revision, r.received_at, r.exported_at, r.withdrawn_at, r.confirmed_at, \
                   r.dataverse_id, r.unmet::bigint"
            .to_owned();
    row.extend(kind.fields.iter().map(|field| format!(", {}", read(field))));
    let mut names = vec![", NULL::text".to_owned(); kind.pointers.len()];
    for (at, ..) in named(kind) {
        names[at] = format!(", n{at}.name");
    }
    row + &names.concat()
}

fn join(kind: &Kind) -> String {
    let join = |(at, names, of): (usize, &str, &str)| {
        format!(" LEFT JOIN studio.{names} AS n{at} ON n{at}.tenant_id = r.tenant_id AND n{at}.id = r.{of}")
    };
    named(kind).map(join).collect()
}

fn all_names(kind: &Kind) -> Vec<Option<NameStatements>> {
    let mut all: Vec<Option<NameStatements>> = kind.pointers.iter().map(|_| None).collect();
    for (at, names, of) in named(kind) {
        all[at] = Some(self::names(names, of, &format!("studio.{}", kind.table)));
    }
    all
}

fn read(field: &Field) -> String {
    format!("r.{}::{}", field.column, sql_type(field))
}

/// What a field is handed over as, whatever the width of its column.
fn sql_type(field: &Field) -> &'static str {
    match field.ty.storage() {
        Storage::Text => "text",
        Storage::Integer => "bigint",
        Storage::Uuid => "uuid",
    }
}

fn make(kind: &Kind) -> Statements {
    let table = format!("studio.{}", kind.table);
    let (row, join) = (row(kind), join(kind));
    let sets: String = kind
        .fields
        .iter()
        .enumerate()
        .map(|(at, field)| format!("{} = ${}, ", field.column, at + 4))
        .collect();
    Statements {
        by_ids: format!("SELECT {row} FROM {table} AS r{join} WHERE r.tenant_id = $1 AND r.id = ANY($2)"),
        standing: format!(
            "SELECT {row}, r.tenant_id FROM {table} AS r{join} WHERE r.tenant_id = $1 \
             AND (r.{time}, r.position) > ($2, $3) AND r.withdrawn_at IS NULL ORDER BY r.{time}, r.position LIMIT $4",
            time = kind.fields[kind.time].column,
        ),
        insert: insert(&table, &columns(kind), &arrays(kind, 6), ("", "")),
        import: insert(
            &table,
            &format!("exported_at, {}", columns(kind)),
            &format!(", $6::bigint[]{}", arrays(kind, 7)),
            (", unmet", ", (exported_at IS NOT NULL)::integer"),
        ),
        positions: format!(
            "SELECT r.tenant_id, r.position FROM unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, id) \
             JOIN {table} AS r ON r.tenant_id = wanted.tenant_id AND r.id = wanted.id"
        ),
        lock: format!(
            "SELECT 1 FROM {table} AS r JOIN unnest($1::uuid[], $2::bigint[]) AS wanted (tenant_id, position) \
             ON r.tenant_id = wanted.tenant_id AND r.position = wanted.position \
             ORDER BY r.tenant_id, r.position FOR NO KEY UPDATE OF r"
        ),
        correct: format!(
            "UPDATE {table} SET {sets}revision = $3, exported_at = NULL, confirmed_at = NULL \
             WHERE tenant_id = $1 AND position = $2"
        ),
        withdraw: format!(
            "UPDATE {table} SET withdrawn_at = $3, revision = $4, exported_at = NULL, confirmed_at = NULL \
             WHERE tenant_id = $1 AND position = $2"
        ),
        exported: format!(
            "UPDATE {table} SET exported_at = $2, unmet = 0 WHERE tenant_id = $1 AND position = ANY($3)"
        ),
        confirmed: format!(
            "UPDATE {table} AS r SET confirmed_at = $2 \
             FROM unnest($3::bigint[], $4::bigint[]) AS read (position, revision) \
             WHERE r.tenant_id = $1 AND r.position = read.position AND r.revision = read.revision \
             AND r.exported_at IS NOT NULL AND r.confirmed_at IS NULL"
        ),
        at_positions: format!(
            "SELECT {row} FROM {table} AS r{join} WHERE r.tenant_id = $1 AND r.position = ANY($2)"
        ),
        names: all_names(kind),
        resend: resend(&table),
        newest_position: format!("SELECT coalesce(max(position), 0) FROM {table} WHERE tenant_id = $1"),
        from_position: format!(
            "SELECT position, received_at FROM {table} WHERE tenant_id = $1 AND position >= $2 \
             ORDER BY position LIMIT 1"
        ),
        by_hour: by_hour(&table, "position >= $3"),
        by_hour_since: by_hour(&table, "arrived_in >= $3::xid8"),
        counted: format!(
            "SELECT pg_snapshot_xmin(pg_current_snapshot())::text, \
             count(*) FILTER (WHERE arrived_in < pg_snapshot_xmin(pg_current_snapshot())), count(*) \
             FROM {table} WHERE tenant_id = $1 AND arrived_in >= $2::xid8"
        ),
        all_counted: all_counted(&table, kind),
        withdrawn: format!("SELECT count(*) FROM {table} WHERE tenant_id = $1 AND withdrawn_at IS NOT NULL"),
        to_confirm: format!(
            "SELECT {row} FROM {table} AS r{join} WHERE r.tenant_id = $1 AND r.exported_at <= $2 \
             AND r.confirmed_at IS NULL AND r.unmet = 0 AND (r.exported_at, r.position) > ($4, $5) \
             ORDER BY r.exported_at, r.position LIMIT $3"
        ),
        oldest_to_confirm: oldest_to_confirm(&table),
        oldest_first: oldest_first(&table),
        dead: format!(
            "SELECT {LETTER} FROM studio.dead_letters AS d \
             JOIN {table} AS r ON r.tenant_id = d.tenant_id AND r.position = d.position \
             WHERE d.tenant_id = $1 AND d.kind = $2 AND d.dropped_at IS NULL ORDER BY d.died_at DESC, d.position DESC LIMIT $3"
        ),
        dead_one: format!(
            "SELECT {LETTER} FROM {table} AS r JOIN studio.dead_letters AS d \
             ON d.tenant_id = r.tenant_id AND d.kind = $2 AND d.position = r.position AND d.dropped_at IS NULL \
             WHERE r.tenant_id = $1 AND r.id = $3"
        ),
        mirror: mirror::make(kind, &row, &join),
        select: format!("SELECT {row} FROM {table} AS r{join}"),
        time: kind.fields[kind.time].column,
    }
}

fn oldest_first(table: &str) -> String {
    format!(
        "SELECT o.enqueued_at FROM studio.outbox AS o JOIN {table} AS r ON r.tenant_id = o.tenant_id \
         AND r.position = o.position WHERE o.tenant_id = $1 AND o.kind = $2 AND o.first = 1 \
         AND r.withdrawn_at IS NULL ORDER BY o.position LIMIT 1"
    )
}

fn oldest_to_confirm(table: &str) -> String {
    format!(
        "SELECT exported_at FROM {table} WHERE tenant_id = $1 AND exported_at > 0 AND confirmed_at IS NULL \
         AND unmet = 0 ORDER BY exported_at LIMIT 1"
    )
}

/// Positions are given in the order of arrival, and rows written in the order of their keys: two processes that take in
/// the same records never wait for each other in a circle.
fn insert(table: &str, columns: &str, arrays: &str, (more, made): (&str, &str)) -> String {
    format!(
        "WITH come AS (SELECT * FROM unnest($3::uuid[], $4::uuid[]{arrays}) WITH ORDINALITY \
         AS come (tenant_id, id, {columns}, place) ORDER BY place), \
         placed AS (SELECT nextval('{table}_position') AS position, come.* FROM come), \
         fresh AS (INSERT INTO {table} (tenant_id, position, id, received_at, {columns}{more}) \
         SELECT tenant_id, position, id, $2, {columns}{made} FROM placed ORDER BY tenant_id, id \
         ON CONFLICT (tenant_id, id) DO NOTHING RETURNING tenant_id, position, id, revision, exported_at), \
         line AS (INSERT INTO studio.outbox (tenant_id, kind, position, revision, first, enqueued_at, due_at) \
         SELECT tenant_id, $1, position, revision, 1, $2, $5::bigint FROM fresh \
         WHERE $5::bigint IS NOT NULL AND exported_at IS NULL) \
         SELECT tenant_id, id, position FROM fresh"
    )
}

fn columns(kind: &Kind) -> String {
    kind.fields.iter().map(|field| field.column).collect::<Vec<_>>().join(", ")
}

fn all_counted(table: &str, kind: &Kind) -> String {
    format!(
        "SELECT r.tenant_id, pg_snapshot_xmin(pg_current_snapshot())::text, \
         count(*) FILTER (WHERE r.arrived_in < pg_snapshot_xmin(pg_current_snapshot())), \
         (SELECT coalesce(sum(p.archived), 0)::bigint FROM studio.passages AS p \
         WHERE p.tenant_id = r.tenant_id AND p.kind = '{}') FROM {table} AS r GROUP BY r.tenant_id",
        kind.name
    )
}

fn by_hour(table: &str, since: &str) -> String {
    format!(
        "SELECT received_at / 3600000000, \
         count(*) FILTER (WHERE arrived_in < pg_snapshot_xmin(pg_current_snapshot())), count(*) \
         FROM {table} WHERE tenant_id = $1 AND received_at >= $2 AND {since} GROUP BY 1"
    )
}

/// An array for each field, as parameters from `first` on.
fn arrays(kind: &Kind, first: usize) -> String {
    let array = |(at, field): (usize, &Field)| format!(", ${}::{}[]", at + first, sql_type(field));
    kind.fields.iter().enumerate().map(array).collect()
}

/// Of the names in one table, those to which a field of the other points.
fn names(names: &str, of: &str, table: &str) -> NameStatements {
    let those = |condition: &str, order: &str| {
        format!(
            "SELECT n.id, n.name FROM studio.{names} AS n WHERE n.tenant_id = $1{condition} AND EXISTS (SELECT 1 \
             FROM {table} AS r WHERE r.tenant_id = n.tenant_id AND r.{of} = n.id AND r.withdrawn_at IS NULL) \
             ORDER BY {order}n.named_at DESC, n.id LIMIT $2"
        )
    };
    // Of this collation, as in SQLite, only the letters from A to Z have a small one.
    let holds =
        |column: &str| format!("position(lower($3 COLLATE \"C\") IN lower(n.{column} COLLATE \"C\")) > 0");
    NameStatements {
        all: those("", ""),
        one: those(" AND n.id = $3", ""),
        like: those(
            &format!(" AND ({} OR {})", holds("id"), holds("name")),
            "lower(coalesce(n.name, '') COLLATE \"C\") = lower($3 COLLATE \"C\") DESC, ",
        ),
    }
}

fn resend(table: &str) -> ResendStatements {
    let those = format!(
        "FROM studio.dead_letters AS d JOIN {table} AS r ON r.tenant_id = d.tenant_id AND r.position = d.position \
         WHERE d.tenant_id = $1 AND d.kind = $2"
    );
    ResendStatements {
        lock: format!(
            "SELECT r.position {those} AND d.dropped_at IS NULL ORDER BY r.position LIMIT $3 FOR UPDATE OF r SKIP LOCKED"
        ),
        note: format!(
            "INSERT INTO studio.handlings (tenant_id, at, by_whom, kind, id, what, reason) \
             SELECT $1, $4, $5, $2, r.id, $6, d.reason {those} AND d.position = ANY($3) ORDER BY d.position"
        ),
        enqueue: format!(
            "INSERT INTO studio.outbox AS o (tenant_id, kind, position, revision, first, enqueued_at, due_at, epoch) \
             SELECT $1, $2, d.position, r.revision, d.first, d.enqueued_at, $4, d.epoch {those} AND d.position = ANY($3) \
             ORDER BY d.position ON CONFLICT (tenant_id, kind, position) DO UPDATE SET \
             revision = excluded.revision, attempts = 0, \
             due_at = CASE WHEN o.leased_until IS NULL THEN least(o.due_at, excluded.due_at) ELSE o.due_at END"
        ),
        clear: "DELETE FROM studio.dead_letters WHERE tenant_id = $1 AND kind = $2 AND position = ANY($3)",
    }
}
