//! Views that are shown to those who have a link to them.

use model::{tenant::TenantId, time::Timestamp};
use sqlx::{Error, sqlite::SqliteRow};
use uuid::Uuid;

use super::{
    InFile, Reader, StepIn,
    row::{self, get},
};
use crate::{
    ShareLink,
    share_links::{AddShareLink, NoteVisit, RevokeShareLink},
    write::On,
};

impl On<InFile> for AddShareLink {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<(), Error> {
        let Self(link) = self;
        sqlx::query(
            "INSERT INTO share_links (tenant_id, id, view_address, made_by, made_at, ends_at, password) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .bind(link.tenant.to_string())
        .bind(link.id.to_string())
        .bind(link.view.clone())
        .bind(link.made_by.clone())
        .bind(link.made_at.micros())
        .bind(link.ends_at.micros())
        .bind(link.password.clone())
        .execute(&mut *step.connection)
        .await
        .map(|_| ())
    }
}

impl On<InFile> for RevokeShareLink {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<bool, Error> {
        let gone = sqlx::query("DELETE FROM share_links WHERE tenant_id = ?1 AND id = ?2")
            .bind(self.tenant.to_string())
            .bind(self.id.to_string())
            .execute(&mut *step.connection)
            .await?;
        Ok(gone.rows_affected() > 0)
    }
}

impl On<InFile> for NoteVisit {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<(), Error> {
        sqlx::query(
            "UPDATE share_links SET visits = visits + 1, visited_at = ?3 WHERE tenant_id = ?1 AND id = ?2",
        )
        .bind(self.tenant.to_string())
        .bind(self.id.to_string())
        .bind(self.at.micros())
        .execute(&mut *step.connection)
        .await
        .map(|_| ())
    }
}

const LINKS: &str = "SELECT tenant_id, id, view_address, made_by, made_at, ends_at, password, visits, visited_at \
     FROM share_links WHERE tenant_id = ?1 AND (?2 IS NULL OR id = ?2) ORDER BY made_at DESC, id";

pub(crate) async fn list(Reader { pool, .. }: Reader<'_>, tenant: TenantId) -> Result<Vec<ShareLink>, Error> {
    let rows = sqlx::query(LINKS).bind(tenant.to_string()).bind(None::<String>).fetch_all(pool).await?;
    rows.iter().map(link).collect()
}

pub(crate) async fn one(
    Reader { pool, .. }: Reader<'_>,
    tenant: TenantId,
    id: Uuid,
) -> Result<Option<ShareLink>, Error> {
    let row = sqlx::query(LINKS).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(pool).await?;
    row.as_ref().map(link).transpose()
}

fn link(row: &SqliteRow) -> Result<ShareLink, Error> {
    Ok(ShareLink {
        tenant: row::tenant(row, 0)?,
        id: row::written_id(row, 1)?,
        view: get(row, 2)?,
        made_by: get(row, 3)?,
        made_at: Timestamp::from_micros(get(row, 4)?),
        ends_at: Timestamp::from_micros(get(row, 5)?),
        password: get(row, 6)?,
        visits: get(row, 7)?,
        visited_at: get::<Option<i64>>(row, 8)?.map(Timestamp::from_micros),
    })
}
