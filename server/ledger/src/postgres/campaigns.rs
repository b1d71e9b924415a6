//! Campaigns that have runs, page by page.

use model::{history::RunFilter, tenant::TenantId, time::Timestamp};
use sqlx::{Error, Row as _};

use super::{Reader, history, row::get};
use crate::{CampaignPage, CampaignsAsk, breakdown::GatheredParts, campaigns::FoundCampaign};

pub(crate) async fn campaigns(
    Reader { connection, schema, .. }: Reader<'_>,
    tenant: TenantId,
    ask: &CampaignsAsk,
) -> Result<CampaignPage, Error> {
    let holds =
        |column: &str| format!("position(lower($2 COLLATE \"C\") IN lower(n.{column} COLLATE \"C\")) > 0");
    // One look into the index for each campaign's newest run.
    let sql = format!(
        "SELECT n.id, n.name, l.at FROM studio.campaigns AS n CROSS JOIN LATERAL (SELECT r.created_at AS at \
         FROM studio.campaign_metrics AS r WHERE r.tenant_id = n.tenant_id AND r.campaign_id = n.id \
         AND r.withdrawn_at IS NULL ORDER BY r.created_at DESC LIMIT 1) AS l WHERE n.tenant_id = $1 \
         AND ($2::text IS NULL OR {} OR {}) \
         AND ($3::bigint IS NULL OR (l.at, n.id COLLATE \"C\") < ($3, $4::text COLLATE \"C\")) \
         ORDER BY l.at DESC, n.id COLLATE \"C\" DESC LIMIT $5",
        holds("id"),
        holds("name"),
    );
    let rows = schema
        .query(&sql)
        .bind(tenant.0)
        .bind(ask.search.clone())
        .bind(ask.cursor.as_ref().map(|cursor| cursor.last_run.micros()))
        .bind(ask.cursor.as_ref().map(|cursor| cursor.id.clone()))
        .bind(i64::try_from(ask.limit.saturating_add(1)).unwrap_or(i64::MAX))
        .fetch_all(&mut *connection)
        .await?;
    let found =
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, Timestamp::from_micros(get(row, 2)?))));
    let found: Vec<FoundCampaign> = found.collect::<Result<_, Error>>()?;
    let ids = found.iter().take(ask.limit).map(|(id, ..)| id.clone()).collect();
    let parts = GatheredParts::of_campaigns(&ask.window, ids);
    let parts = history::parts(connection, schema, tenant, &RunFilter::default(), parts).await?;
    Ok(CampaignPage::of(found, ask.limit, parts.breakdown().parts))
}
