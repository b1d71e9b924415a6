//! What is done to a ledger that goes to another organisation: nothing of what the one before took is known to be there, so
//! that every record that stands waits for its first delivery, and counts as that.

use model::{
    record::{Kind, Kinds},
    time::Timestamp,
};

use crate::decision::hour_of;

/// The statements, in their order. `studio.` stands for the schema, where there is one; `writer` is whose rows in the hours
/// are written, where rows have such.
pub(crate) fn anew(kinds: Kinds, now: Timestamp, writer: Option<i64>) -> Vec<String> {
    kinds.delivered().flat_map(|(kind, _)| of_kind(kind, now, writer)).collect()
}

fn of_kind(kind: &Kind, now: Timestamp, writer: Option<i64>) -> Vec<String> {
    let (table, name, hour) = (kind.table, kind.name, hour_of(now));
    let due = kind.due(now).unwrap_or(now).micros();
    let (column, own, copied) = match writer {
        Some(number) => (", writer", format!(", {number}"), ", writer"),
        None => ("", String::new(), ""),
    };
    vec![
        // A refusal was the other's; that a record was dropped is a person's decision, and stays.
        format!(
            "DELETE FROM studio.dead_letters AS d WHERE kind = '{name}' AND (dropped_at IS NULL OR EXISTS (SELECT 1 \
             FROM studio.{table} AS r WHERE r.tenant_id = d.tenant_id AND r.position = d.position \
             AND r.withdrawn_at IS NOT NULL))"
        ),
        format!("UPDATE studio.dead_letters SET first = 1 WHERE kind = '{name}'"),
        format!("DELETE FROM studio.outbox WHERE kind = '{name}'"),
        format!(
            "UPDATE studio.{table} SET exported_at = NULL, confirmed_at = NULL, unmet = 0 \
             WHERE exported_at IS NOT NULL OR confirmed_at IS NOT NULL"
        ),
        format!(
            "INSERT INTO studio.outbox (tenant_id, kind, position, revision, first, enqueued_at, due_at) \
             SELECT tenant_id, '{name}', position, revision, 1, received_at, {due} FROM studio.{table} AS r \
             WHERE withdrawn_at IS NULL AND NOT EXISTS (SELECT 1 FROM studio.dead_letters AS d \
             WHERE d.tenant_id = r.tenant_id AND d.kind = '{name}' AND d.position = r.position)"
        ),
        // What others had made at the one before is what this ledger brings along, and what left stays behind.
        format!(
            "INSERT INTO studio.receipt_hours AS h (tenant_id, kind, hour{column}, requests, taken, checksum) \
             SELECT tenant_id, kind, hour{copied}, 0, mirrored - archived, 0 FROM studio.passages \
             WHERE kind = '{name}' AND mirrored <> archived \
             ON CONFLICT (tenant_id, kind, hour{column}) DO UPDATE SET taken = h.taken + excluded.taken"
        ),
        format!(
            "UPDATE studio.passages SET delivered = 0, confirmed = 0, withdrawn_unsent = 0, mirrored = 0, \
             removed_unread = 0, archived = 0 WHERE kind = '{name}'"
        ),
        format!(
            "INSERT INTO studio.passages AS p (tenant_id, kind, hour{column}, withdrawn_unsent) \
             SELECT tenant_id, '{name}', {hour}{own}, count(*) FROM studio.{table} \
             WHERE withdrawn_at IS NOT NULL GROUP BY tenant_id ON CONFLICT (tenant_id, kind, hour{column}) \
             DO UPDATE SET withdrawn_unsent = p.withdrawn_unsent + excluded.withdrawn_unsent"
        ),
        format!("DELETE FROM studio.rejects WHERE kind = '{name}'"),
        format!(
            "UPDATE studio.marks SET link = NULL, read_at = NULL, leased_until = NULL, epoch = epoch + 1, gone = NULL, \
             gone_of = NULL, unseen = NULL, asked_at = NULL, answer = NULL, policy = NULL WHERE kind = '{name}'"
        ),
    ]
}
