//! Views that are shown to those who have a link to them.

use model::{tenant::TenantId, time::Timestamp};
use sqlx::{Error, postgres::PgRow};
use uuid::Uuid;

use super::{InDatabase, Reader, StepIn, row::get};
use crate::{
    ShareLink,
    share_links::{AddShareLink, NoteVisit, RevokeShareLink},
    write::On,
};

impl On<InDatabase> for AddShareLink {
    // A row's lock here has no place in the order of all others, so that nothing else waits in its transaction.
    const TAKES_LONG: bool = true;

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<(), Error> {
        let Self(link) = self;
        step.schema
            .query(
                "INSERT INTO studio.share_links (tenant_id, id, view_address, made_by, made_at, ends_at, password) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(link.tenant.0)
            .bind(link.id)
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

impl On<InDatabase> for RevokeShareLink {
    // As above.
    const TAKES_LONG: bool = true;

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<bool, Error> {
        let query = step.schema.query("DELETE FROM studio.share_links WHERE tenant_id = $1 AND id = $2");
        let gone = query.bind(self.tenant.0).bind(self.id).execute(&mut *step.connection).await?;
        Ok(gone.rows_affected() > 0)
    }
}

impl On<InDatabase> for NoteVisit {
    // As above.
    const TAKES_LONG: bool = true;

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<(), Error> {
        step.schema
            .query(
                "UPDATE studio.share_links SET visits = visits + 1, visited_at = $3 WHERE tenant_id = $1 AND id = $2",
            )
            .bind(self.tenant.0)
            .bind(self.id)
            .bind(self.at.micros())
            .execute(&mut *step.connection)
            .await
            .map(|_| ())
    }
}

const LINKS: &str = "SELECT tenant_id, id, view_address, made_by, made_at, ends_at, password, visits, visited_at \
     FROM studio.share_links WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id = $2) ORDER BY made_at DESC, id";

pub(crate) async fn list(
    Reader { connection, schema, .. }: Reader<'_>,
    tenant: TenantId,
) -> Result<Vec<ShareLink>, Error> {
    let rows = schema.query(LINKS).bind(tenant.0).bind(None::<Uuid>).fetch_all(connection).await?;
    rows.iter().map(link).collect()
}

pub(crate) async fn one(
    Reader { connection, schema, .. }: Reader<'_>,
    tenant: TenantId,
    id: Uuid,
) -> Result<Option<ShareLink>, Error> {
    let row = schema.query(LINKS).bind(tenant.0).bind(id).fetch_optional(connection).await?;
    row.as_ref().map(link).transpose()
}

fn link(row: &PgRow) -> Result<ShareLink, Error> {
    Ok(ShareLink {
        tenant: TenantId(get(row, 0)?),
        id: get(row, 1)?,
        view: get(row, 2)?,
        made_by: get(row, 3)?,
        made_at: Timestamp::from_micros(get(row, 4)?),
        ends_at: Timestamp::from_micros(get(row, 5)?),
        password: get(row, 6)?,
        visits: get(row, 7)?,
        visited_at: get::<Option<i64>>(row, 8)?.map(Timestamp::from_micros),
    })
}
