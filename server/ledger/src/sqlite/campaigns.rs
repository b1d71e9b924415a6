//! Campaigns that have runs, page by page.

use model::{history::RunFilter, tenant::TenantId, time::Timestamp};
use sqlx::Error;

use super::{Reader, history, row::get, wanted::AnswerWanted};
use crate::{CampaignPage, CampaignsAsk, breakdown::GatheredParts, campaigns::FoundCampaign};

pub(crate) async fn campaigns(
    Reader { pool, .. }: Reader<'_>,
    tenant: TenantId,
    ask: &CampaignsAsk,
) -> Result<CampaignPage, Error> {
    let mut transaction = pool.begin().await?;
    let _wanted = AnswerWanted::on(&mut transaction).await?;
    // One look into the index for each campaign's newest run.
    let rows = sqlx::query(
        "WITH named AS MATERIALIZED (SELECT n.id AS id, n.name AS name, (SELECT max(r.created_at) FROM campaign_metrics AS r \
         WHERE r.tenant_id = n.tenant_id AND r.campaign_id = n.id AND r.withdrawn_at IS NULL) AS at FROM campaigns AS n \
         WHERE n.tenant_id = ?1 AND (?2 IS NULL OR instr(lower(n.id), lower(?2)) > 0 OR instr(lower(n.name), lower(?2)) > 0)) \
         SELECT id, name, at FROM named WHERE at IS NOT NULL AND (?3 IS NULL OR (at, id) < (?3, ?4)) ORDER BY at DESC, id DESC LIMIT ?5",
    )
    .bind(tenant.to_string())
    .bind(ask.search.clone())
    .bind(ask.cursor.as_ref().map(|cursor| cursor.last_run.micros()))
    .bind(ask.cursor.as_ref().map(|cursor| cursor.id.clone()))
    .bind(i64::try_from(ask.limit.saturating_add(1)).unwrap_or(i64::MAX))
    .fetch_all(&mut *transaction)
    .await?;
    let found = rows.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?, Timestamp::from_micros(get(row, 2)?))));
    let found: Vec<FoundCampaign> = found.collect::<Result<_, Error>>()?;
    let ids = found.iter().take(ask.limit).map(|(id, ..)| id.clone()).collect();
    let parts = GatheredParts::of_campaigns(&ask.window, ids);
    let parts = history::parts(&mut transaction, tenant, &RunFilter::default(), parts).await?;
    transaction.commit().await?;
    Ok(CampaignPage::of(found, ask.limit, parts.breakdown().parts))
}
