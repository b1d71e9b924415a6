//! What people set on the panel.

use model::{
    identity::timed_id,
    note::{DayNote, WrittenNote},
    tenant::TenantId,
    time::Timestamp,
};
use sqlx::Error;

use super::{
    InFile, Reader, StepIn,
    row::{get, written_id},
};
use crate::{
    NotesFull, PanelSettings,
    panel::{AddNote, MOST_NOTES, RemoveNote, SetCostBudget},
    write::On,
};

impl On<InFile> for AddNote {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<Self::Answer, Error> {
        let note = DayNote {
            id: timed_id(step.now, step.random.tail()),
            written: self.note.clone(),
            made_at: step.now,
        };
        let kept = sqlx::query(
            "INSERT INTO day_notes (tenant_id, id, day, words, author, made_at) SELECT ?1, ?2, ?3, ?4, ?5, ?6 \
             WHERE (SELECT count(*) FROM day_notes WHERE tenant_id = ?1) < ?7",
        )
        .bind(self.tenant.to_string())
        .bind(note.id.to_string())
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

impl On<InFile> for RemoveNote {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<bool, Error> {
        let gone = sqlx::query("DELETE FROM day_notes WHERE tenant_id = ?1 AND id = ?2")
            .bind(self.tenant.to_string())
            .bind(self.id.to_string())
            .execute(&mut *step.connection)
            .await?
            .rows_affected();
        step.changed |= gone > 0;
        Ok(gone > 0)
    }
}

impl On<InFile> for SetCostBudget {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO panel_settings (tenant_id, cost_budget_e5) VALUES (?1, ?2) \
             ON CONFLICT (tenant_id) DO UPDATE SET cost_budget_e5 = excluded.cost_budget_e5",
        )
        .bind(self.tenant.to_string())
        .bind(self.budget_e5)
        .execute(&mut *step.connection)
        .await?;
        step.changed = true;
        Ok(())
    }
}

pub(crate) async fn notes(
    Reader { pool, .. }: Reader<'_>,
    tenant: TenantId,
    first: &str,
    last: &str,
) -> Result<Vec<DayNote>, Error> {
    let rows = sqlx::query(
        "SELECT id, day, words, author, made_at FROM day_notes WHERE tenant_id = ?1 AND day BETWEEN ?2 AND ?3 \
         ORDER BY day, made_at, id",
    )
    .bind(tenant.to_string())
    .bind(first.to_owned())
    .bind(last.to_owned())
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            let written = WrittenNote { day: get(row, 1)?, text: get(row, 2)?, author: get(row, 3)? };
            Ok(DayNote { id: written_id(row, 0)?, written, made_at: Timestamp::from_micros(get(row, 4)?) })
        })
        .collect()
}

pub(crate) async fn settings(
    Reader { pool, .. }: Reader<'_>,
    tenant: TenantId,
) -> Result<PanelSettings, Error> {
    let row = sqlx::query("SELECT cost_budget_e5 FROM panel_settings WHERE tenant_id = ?1")
        .bind(tenant.to_string())
        .fetch_optional(pool)
        .await?;
    Ok(PanelSettings { cost_budget_e5: row.map(|row| get(&row, 0)).transpose()?.flatten() })
}
