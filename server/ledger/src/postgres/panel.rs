//! What people set on the panel.

use model::{
    identity::timed_id,
    note::{DayNote, WrittenNote},
    tenant::TenantId,
    time::Timestamp,
};
use sqlx::Error;

use super::{InDatabase, Reader, StepIn, row::get};
use crate::{
    NotesFull, PanelSettings,
    panel::{AddNote, MOST_NOTES, RemoveNote, SetCostBudget},
    write::On,
};

impl On<InDatabase> for AddNote {
    /// Two processes that keep the last one at the same moment may keep both.
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<Self::Answer, Error> {
        let note = DayNote {
            id: timed_id(step.now, step.random.tail()),
            written: self.note.clone(),
            made_at: step.now,
        };
        let kept = step
            .schema
            .query(
                "INSERT INTO studio.day_notes (tenant_id, id, day, words, author, made_at) \
                 SELECT $1, $2, $3, $4, $5, $6 \
                 WHERE (SELECT count(*) FROM studio.day_notes WHERE tenant_id = $1) < $7",
            )
            .bind(self.tenant.0)
            .bind(note.id)
            .bind(note.written.day.clone())
            .bind(note.written.text.clone())
            .bind(note.written.author.clone())
            .bind(note.made_at.micros())
            .bind(MOST_NOTES)
            .execute(&mut *step.connection)
            .await?
            .rows_affected();
        step.changed |= kept > 0;
        Ok(if kept > 0 { Ok(note) } else { Err(NotesFull) })
    }
}

impl On<InDatabase> for RemoveNote {
    // The row's lock has no place in the order of all others, so that nothing else waits in its transaction.
    const TAKES_LONG: bool = true;

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<bool, Error> {
        let gone = step
            .schema
            .query("DELETE FROM studio.day_notes WHERE tenant_id = $1 AND id = $2")
            .bind(self.tenant.0)
            .bind(self.id)
            .execute(&mut *step.connection)
            .await?
            .rows_affected();
        step.changed |= gone > 0;
        Ok(gone > 0)
    }
}

impl On<InDatabase> for SetCostBudget {
    // As above.
    const TAKES_LONG: bool = true;

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<(), Error> {
        step.schema
            .query(
                "INSERT INTO studio.panel_settings (tenant_id, cost_budget_e5) VALUES ($1, $2) \
                 ON CONFLICT (tenant_id) DO UPDATE SET cost_budget_e5 = excluded.cost_budget_e5",
            )
            .bind(self.tenant.0)
            .bind(self.budget_e5)
            .execute(&mut *step.connection)
            .await?;
        step.changed = true;
        Ok(())
    }
}

pub(crate) async fn notes(
    Reader { connection, schema, .. }: Reader<'_>,
    tenant: TenantId,
    first: &str,
    last: &str,
) -> Result<Vec<DayNote>, Error> {
    let rows = schema
        .query(
            "SELECT id, day, words, author, made_at FROM studio.day_notes \
             WHERE tenant_id = $1 AND day BETWEEN $2 AND $3 ORDER BY day, made_at, id",
        )
        .bind(tenant.0)
        .bind(first.to_owned())
        .bind(last.to_owned())
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            let written = WrittenNote { day: get(row, 1)?, text: get(row, 2)?, author: get(row, 3)? };
            Ok(DayNote { id: get(row, 0)?, written, made_at: Timestamp::from_micros(get(row, 4)?) })
        })
        .collect()
}

pub(crate) async fn settings(
    Reader { connection, schema, .. }: Reader<'_>,
    tenant: TenantId,
) -> Result<PanelSettings, Error> {
    let row = schema
        .query("SELECT cost_budget_e5 FROM studio.panel_settings WHERE tenant_id = $1")
        .bind(tenant.0)
        .fetch_optional(connection)
        .await?;
    Ok(PanelSettings { cost_budget_e5: row.map(|row| get(&row, 0)).transpose()?.flatten() })
}
