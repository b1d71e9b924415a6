//! Figures of campaign runs over a window: out of the rollups, and at the ends out of one index.

use model::{
    calendar::{Span, Window},
    figures::Added,
    history::{History, RunFilter},
    record::campaign_run,
    rollup::Rollup,
    tenant::TenantId,
};
use sqlx::{AssertSqlSafe, Error, SqliteConnection, sqlite::SqliteRow};

use super::{Reader, rollups, row::get, step::json, wanted::AnswerWanted};
use crate::history::{self, SpansCover};

/// What one bucket adds up to, as SQLite hands it over.
type Handed = (i64, i64, i64, i64, i64, i64, i64, Option<String>, i64, i64);

pub(crate) async fn history(
    Reader { pool, .. }: Reader<'_>,
    tenant: TenantId,
    window: &Window,
    filter: &RunFilter,
) -> Result<History, Error> {
    let mut transaction = pool.begin().await?;
    let _wanted = AnswerWanted::on(&mut transaction).await?;
    let added = added_up(&mut transaction, tenant, &history::spans(window), filter).await?;
    let campaigns = campaigns(&mut transaction, tenant, window.span, filter).await?;
    let previous_campaigns = self::campaigns(&mut transaction, tenant, window.previous, filter).await?;
    transaction.commit().await?;
    history::assemble(window, added, (campaigns, previous_campaigns)).await
}

/// What each span adds up to.
async fn added_up(
    connection: &mut SqliteConnection,
    tenant: TenantId,
    spans: &[Span],
    filter: &RunFilter,
) -> Result<Vec<Added>, Error> {
    match rolled_up(connection, tenant, spans, filter).await? {
        Some(all) => Ok(all),
        None => counted(connection, tenant, spans, filter).await,
    }
}

/// Whole cells out of the rollups, and the runs at each span's ends one by one; none where no rollups tell it.
pub(super) async fn rolled_up(
    connection: &mut SqliteConnection,
    tenant: TenantId,
    spans: &[Span],
    filter: &RunFilter,
) -> Result<Option<Vec<Added>>, Error> {
    let Some((kind, series)) = campaign_run::series(filter) else { return Ok(None) };
    let SpansCover { cells, edges, of_edges } = SpansCover::of(spans, series.finest());
    let mut all = vec![Added::default(); spans.len()];
    let add = |at: usize, rollup: Rollup| all[at].add(&campaign_run::added(&rollup));
    if !rollups::read(connection, tenant, (kind, series), &cells, add).await? {
        return Ok(None);
    }
    let rows = sums(connection, tenant, &edges, filter).await?;
    for (row, at) in rows.iter().zip(of_edges) {
        all[at].add(&added(row)?);
    }
    Ok(Some(all))
}

/// Each run, looked at once.
pub(super) async fn counted(
    connection: &mut SqliteConnection,
    tenant: TenantId,
    spans: &[Span],
    filter: &RunFilter,
) -> Result<Vec<Added>, Error> {
    let rows = sums(connection, tenant, spans, filter).await?;
    rows.iter().map(added).collect()
}

/// One sum for each span, each found by walking its stretch of the index: nothing is sorted, nothing read twice.
async fn sums(
    connection: &mut SqliteConnection,
    tenant: TenantId,
    spans: &[Span],
    filter: &RunFilter,
) -> Result<Vec<SqliteRow>, Error> {
    let bounds: Vec<(i64, i64)> = spans.iter().map(|span| (span.from.micros(), span.to.micros())).collect();
    let conditions = conditions(filter);
    let sql = format!(
        "SELECT (SELECT json_array(count(*), coalesce(sum(r.agents_total), 0), coalesce(sum(r.agents_successful), 0), \
         coalesce(sum(r.assets_generated), 0), coalesce(sum(r.tokens_in), 0), coalesce(sum(r.tokens_out), 0), \
         coalesce(sum(r.cost_usd_e5), 0), group_concat(r.latency_p95_ms, ' '), coalesce(sum(r.latency_avg_ms), 0), \
         count(r.latency_avg_ms)) FROM campaign_metrics AS r WHERE r.tenant_id = ?1 \
         AND r.created_at >= bound.value ->> 0 AND r.created_at < bound.value ->> 1 \
         AND r.withdrawn_at IS NULL{conditions}) FROM json_each(?2) AS bound ORDER BY bound.key"
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.to_string())
        .bind(json(&bounds))
        .bind(filter.campaign.clone())
        .bind(filter.phase.clone())
        .fetch_all(connection)
        .await
}

/// How many campaigns have a run in the span: one look into the index for each that is known.
pub(super) async fn campaigns(
    connection: &mut SqliteConnection,
    tenant: TenantId,
    span: Span,
    filter: &RunFilter,
) -> Result<i64, Error> {
    let phase = if filter.phase.is_some() { " AND r.phase = ?5" } else { "" };
    let campaign = if filter.campaign.is_some() { " AND n.id = ?4" } else { "" };
    let sql = format!(
        "SELECT count(*) FROM campaigns AS n WHERE n.tenant_id = ?1{campaign} AND EXISTS (SELECT 1 \
         FROM campaign_metrics AS r WHERE r.tenant_id = n.tenant_id AND r.campaign_id = n.id \
         AND r.created_at >= ?2 AND r.created_at < ?3 AND r.withdrawn_at IS NULL{phase})"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.to_string())
        .bind(span.from.micros())
        .bind(span.to.micros())
        .bind(filter.campaign.clone())
        .bind(filter.phase.clone())
        .fetch_one(connection)
        .await?;
    get(&row, 0)
}

fn conditions(filter: &RunFilter) -> String {
    let campaign = filter.campaign.as_ref().map_or("", |_| " AND r.campaign_id = ?3");
    let phase = filter.phase.as_ref().map_or("", |_| " AND r.phase = ?4");
    format!("{campaign}{phase}")
}

fn added(row: &SqliteRow) -> Result<Added, Error> {
    let handed: &str = get(row, 0)?;
    let handed: Handed = serde_json::from_str(handed).map_err(|error| Error::Decode(error.into()))?;
    let (
        runs,
        agents,
        successful,
        assets,
        tokens_in,
        tokens_out,
        cost_e5,
        latencies,
        average_sum,
        average_runs,
    ) = handed;
    Ok(Added {
        runs,
        agents,
        successful,
        assets,
        tokens_in,
        tokens_out,
        cost_e5,
        latencies: latencies
            .iter()
            .flat_map(|text| text.split(' '))
            .filter_map(|number| number.parse().ok())
            .collect(),
        latency_avg_sum: average_sum,
        latency_avg_runs: average_runs,
    })
}
