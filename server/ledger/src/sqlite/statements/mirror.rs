//! The statements for rows of Dataverse.

use model::record::Kind;

use super::{Inserts, leak};
use crate::reconcile::OutboxState;

pub(in crate::sqlite) struct MirrorStatements {
    /// The tenant, received_at; then of each row position, id, dataverse_id and fields.
    pub(in crate::sqlite) insert: Inserts,
    /// Records by their ids, those of other tenants too, and where they stand: the ids as a JSON array, the kind's name,
    /// now.
    pub(in crate::sqlite) known_by_id: &'static str,
    /// The same by their ids in Dataverse, where these are others.
    pub(in crate::sqlite) known_by_id_there: &'static str,
    /// dataverse_id, position.
    pub(in crate::sqlite) match_to: &'static str,
    /// confirmed_at, the positions as a JSON array.
    pub(in crate::sqlite) met: &'static str,
    /// The fields, then revision, confirmed_at twice, position.
    pub(in crate::sqlite) changed_there: &'static str,
    /// withdrawn_at, revision, position.
    pub(in crate::sqlite) gone_there: &'static str,
    /// The position.
    pub(in crate::sqlite) unsend: &'static str,
    /// The kind's name, the position after which, exported_at before which, how many.
    pub(in crate::sqlite) delivered_before: &'static str,
    /// The kind's name, the position after which, how many.
    pub(in crate::sqlite) in_line: &'static str,
}

pub(super) fn make(kind: &Kind, row: &str, join: &str) -> MirrorStatements {
    let table = kind.table;
    let columns: Vec<&str> = kind.fields.iter().map(|field| field.column).collect();
    let sets: String = columns.iter().map(|column| format!("{column} = ?, ")).collect();
    let known = format!(
        " LEFT JOIN outbox AS o ON o.tenant_id = r.tenant_id AND o.kind = ?2 AND o.position = r.position \
         LEFT JOIN dead_letters AS d ON d.tenant_id = r.tenant_id AND d.kind = ?2 AND d.position = r.position{join}"
    );
    MirrorStatements {
        insert: Inserts::new(
            &format!(
                "{table} (tenant_id, received_at, exported_at, confirmed_at, position, id, dataverse_id, {})",
                columns.join(", ")
            ),
            "shared.tenant, shared.at, shared.at, shared.at",
            columns.len() + 3,
        ),
        known_by_id: leak(format!("{} ON r.id = unhex(wanted.value, '-'){known}", known_head(row, table))),
        known_by_id_there: leak(format!(
            "{} ON r.dataverse_id = unhex(wanted.value, '-') AND r.dataverse_id IS NOT NULL{known}",
            known_head(row, table)
        )),
        match_to: leak(format!("UPDATE {table} SET dataverse_id = ?1, unmet = 0 WHERE position = ?2")),
        met: leak(format!(
            "UPDATE {table} SET exported_at = coalesce(exported_at, ?1), confirmed_at = ?1, unmet = 0 \
             WHERE position IN (SELECT value FROM json_each(?2))"
        )),
        changed_there: leak(format!(
            "UPDATE {table} SET {sets}revision = ?, exported_at = coalesce(exported_at, ?), confirmed_at = ?, \
             withdrawn_at = NULL, unmet = 0 WHERE position = ?"
        )),
        gone_there: leak(format!(
            "UPDATE {table} SET withdrawn_at = ?1, revision = ?2, exported_at = coalesce(exported_at, ?1), \
             confirmed_at = ?1, unmet = 0 WHERE position = ?3"
        )),
        unsend: leak(format!(
            "UPDATE {table} SET exported_at = NULL, confirmed_at = NULL, unmet = 0 WHERE position = ?1"
        )),
        in_line: leak(format!(
            "SELECT r.position, r.tenant_id, r.id, coalesce(r.dataverse_id, r.id) FROM {table} AS r \
             WHERE r.position > ?2 AND r.withdrawn_at IS NULL AND EXISTS (SELECT 1 FROM outbox AS o \
             WHERE o.tenant_id = r.tenant_id AND o.kind = ?1 AND o.position = r.position) \
             ORDER BY r.position LIMIT ?3"
        )),
        delivered_before: leak(format!(
            "SELECT r.position, r.tenant_id, r.id, coalesce(r.dataverse_id, r.id) FROM {table} AS r \
             WHERE r.position > ?2 AND r.exported_at < ?3 AND r.withdrawn_at IS NULL AND NOT EXISTS (SELECT 1 \
             FROM outbox AS o WHERE o.tenant_id = r.tenant_id AND o.kind = ?1 AND o.position = r.position) \
             ORDER BY r.position LIMIT ?4"
        )),
    }
}

fn known_head(row: &str, table: &str) -> String {
    let line = OutboxState::sql("?3");
    format!("SELECT r.tenant_id, {line}, {row} FROM json_each(?1) AS wanted CROSS JOIN {table} AS r")
}
