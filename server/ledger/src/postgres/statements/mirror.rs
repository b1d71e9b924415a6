//! The statements for rows of Dataverse.

use model::record::Kind;

use super::{arrays, columns};
use crate::reconcile::OutboxState;

pub(in crate::postgres) struct MirrorStatements {
    /// Records by their ids, and where they stand: the tenants, the ids, the kind's name, now.
    pub(in crate::postgres) known_by_id: String,
    /// The same by their ids in Dataverse, where these are others.
    pub(in crate::postgres) known_by_id_there: String,
    /// Now; then arrays: tenants, ids, ids in Dataverse, and one for each field. Takes in what is new of rows that stand
    /// in Dataverse, and hands back tenant and id of each.
    pub(in crate::postgres) insert: String,
    /// The tenants, the positions, the ids in Dataverse.
    pub(in crate::postgres) match_to: String,
    /// The tenants, the positions, now.
    pub(in crate::postgres) met: String,
    /// The tenants, the positions, now, then an array for each field.
    pub(in crate::postgres) changed_there: String,
    /// The tenants, the positions, now.
    pub(in crate::postgres) gone_there: String,
    /// The tenants, the positions.
    pub(in crate::postgres) unsend: String,
    /// The tenant, the kind's name, the position after which, exported_at before which, how many.
    pub(in crate::postgres) delivered_before: String,
    /// The kind's name, the position after which, how many.
    pub(in crate::postgres) in_line: String,
}

pub(super) fn make(kind: &Kind, row: &str, join: &str) -> MirrorStatements {
    let table = format!("studio.{}", kind.table);
    let ours = "r.tenant_id = n.tenant_id AND r.position = n.position";
    let these = format!(" FROM unnest($1::uuid[], $2::bigint[]) AS n (tenant_id, position) WHERE {ours}");
    let line = OutboxState::sql("$4");
    let known_head = format!(
        "SELECT {row}, r.tenant_id, {line} FROM unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, id) \
         JOIN {table} AS r ON r.tenant_id = wanted.tenant_id"
    );
    let known = format!(
        " LEFT JOIN studio.outbox AS o ON o.tenant_id = r.tenant_id AND o.kind = $3 AND o.position = r.position \
         LEFT JOIN studio.dead_letters AS d ON d.tenant_id = r.tenant_id AND d.kind = $3 AND d.position = r.position{join}"
    );
    MirrorStatements {
        known_by_id: format!("{known_head} AND r.id = wanted.id{known}"),
        known_by_id_there: format!("{known_head} AND r.dataverse_id = wanted.id{known}"),
        insert: insert(kind, &table),
        match_to: format!(
            "UPDATE {table} AS r SET dataverse_id = n.dataverse_id, unmet = 0 \
             FROM unnest($1::uuid[], $2::bigint[], $3::uuid[]) AS n (tenant_id, position, dataverse_id) WHERE {ours}"
        ),
        met: format!(
            "UPDATE {table} AS r SET exported_at = coalesce(r.exported_at, $3), confirmed_at = $3, unmet = 0{these}"
        ),
        changed_there: changed_there(kind, &table),
        gone_there: format!(
            "UPDATE {table} AS r SET withdrawn_at = $3, revision = r.revision + 1, \
             exported_at = coalesce(r.exported_at, $3), confirmed_at = $3, unmet = 0{these}"
        ),
        unsend: format!("UPDATE {table} AS r SET exported_at = NULL, confirmed_at = NULL, unmet = 0{these}"),
        in_line: format!(
            "SELECT r.position, r.tenant_id, r.id, coalesce(r.dataverse_id, r.id) FROM studio.outbox AS o \
             JOIN {table} AS r ON r.tenant_id = o.tenant_id AND r.position = o.position \
             WHERE o.kind = $1 AND o.position > $2 AND r.withdrawn_at IS NULL ORDER BY r.position LIMIT $3"
        ),
        delivered_before: format!(
            "SELECT r.position, r.id, coalesce(r.dataverse_id, r.id) FROM {table} AS r WHERE r.tenant_id = $1 \
             AND r.position > $3 AND r.exported_at < $4 AND r.withdrawn_at IS NULL AND NOT EXISTS (SELECT 1 \
             FROM studio.outbox AS o WHERE o.tenant_id = r.tenant_id AND o.kind = $2 AND o.position = r.position) \
             ORDER BY r.position LIMIT $5"
        ),
    }
}

/// As for requests, and nothing of it waits for delivery.
fn insert(kind: &Kind, table: &str) -> String {
    let (columns, arrays) = (columns(kind), arrays(kind, 5));
    format!(
        "WITH come AS (SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::uuid[]{arrays}) WITH ORDINALITY \
         AS come (tenant_id, id, dataverse_id, {columns}, place) ORDER BY place), \
         placed AS (SELECT nextval('{table}_position') AS position, come.* FROM come) \
         INSERT INTO {table} (tenant_id, position, id, dataverse_id, received_at, exported_at, confirmed_at, {columns}) \
         SELECT tenant_id, position, id, dataverse_id, $1, $1, $1, {columns} FROM placed ORDER BY tenant_id, id \
         ON CONFLICT DO NOTHING RETURNING tenant_id, id, position"
    )
}

fn changed_there(kind: &Kind, table: &str) -> String {
    let (columns, arrays) = (columns(kind), arrays(kind, 4));
    let sets: String =
        kind.fields.iter().map(|field| format!("{} = n.{}, ", field.column, field.column)).collect();
    format!(
        "UPDATE {table} AS r SET {sets}revision = r.revision + 1, exported_at = coalesce(r.exported_at, $3), \
         confirmed_at = $3, withdrawn_at = NULL, unmet = 0 FROM unnest($1::uuid[], $2::bigint[]{arrays}) \
         AS n (tenant_id, position, {columns}) WHERE r.tenant_id = n.tenant_id AND r.position = n.position"
    )
}
