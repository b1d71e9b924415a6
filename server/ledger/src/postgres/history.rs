//! Figures of campaign runs over a window: out of the rollups, and at the ends out of one index.

use model::{
    calendar::{Span, Window},
    figures::Added,
    history::{History, RunFilter},
    record::campaign_run,
    rollup::Rollup,
    tenant::TenantId,
};
use sqlx::{Error, PgConnection, postgres::PgRow};

use super::{Reader, rollups, row::get, schema::PostgresSchema};
use crate::history::{self, SpansCover};

pub(crate) async fn history(
    Reader { connection, schema, .. }: Reader<'_>,
    tenant: TenantId,
    window: &Window,
    filter: &RunFilter,
) -> Result<History, Error> {
    let added = added_up(connection, schema, tenant, &history::spans(window), filter).await?;
    let campaigns = campaigns(connection, schema, tenant, window.span, filter).await?;
    let previous_campaigns = self::campaigns(connection, schema, tenant, window.previous, filter).await?;
    history::assemble(window, added, (campaigns, previous_campaigns)).await
}

/// What each span adds up to.
async fn added_up(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    tenant: TenantId,
    spans: &[Span],
    filter: &RunFilter,
) -> Result<Vec<Added>, Error> {
    match rolled_up(connection, schema, tenant, spans, filter).await? {
        Some(all) => Ok(all),
        None => counted(connection, schema, tenant, spans, filter).await,
    }
}

/// Whole cells out of the rollups, and the runs at each span's ends one by one; none where no rollups tell it.
pub(super) async fn rolled_up(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    tenant: TenantId,
    spans: &[Span],
    filter: &RunFilter,
) -> Result<Option<Vec<Added>>, Error> {
    let Some((kind, series)) = campaign_run::series(filter) else { return Ok(None) };
    let SpansCover { cells, edges, of_edges } = SpansCover::of(spans, series.finest());
    let mut all = vec![Added::default(); spans.len()];
    let add = |at: usize, rollup: Rollup| all[at].add(&campaign_run::added(&rollup));
    if !rollups::read(connection, schema, tenant, (kind, series), &cells, add).await? {
        return Ok(None);
    }
    let rows = sums(connection, schema, tenant, &edges, filter).await?;
    for (row, at) in rows.iter().zip(of_edges) {
        all[at].add(&added(row)?);
    }
    Ok(Some(all))
}

/// Each run, looked at once.
pub(super) async fn counted(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    tenant: TenantId,
    spans: &[Span],
    filter: &RunFilter,
) -> Result<Vec<Added>, Error> {
    sums(connection, schema, tenant, spans, filter).await?.iter().map(added).collect()
}

/// One sum for each span, each found by walking its stretch of the index.
async fn sums(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    tenant: TenantId,
    spans: &[Span],
    filter: &RunFilter,
) -> Result<Vec<PgRow>, Error> {
    let conditions = conditions(filter);
    let sum = |column: &str| format!("coalesce(sum(r.{column}), 0)::bigint");
    let sql = format!(
        "SELECT s.* FROM unnest($2::bigint[], $3::bigint[]) WITH ORDINALITY AS bound (low, high, place) \
         CROSS JOIN LATERAL (SELECT count(*), {}, {}, {}, {}, {}, {}, \
         array_agg(r.latency_p95_ms) FILTER (WHERE r.latency_p95_ms IS NOT NULL), {}, count(r.latency_avg_ms) \
         FROM studio.campaign_metrics AS r WHERE r.tenant_id = $1 AND r.created_at >= bound.low \
         AND r.created_at < bound.high AND r.withdrawn_at IS NULL{conditions}) AS s ORDER BY bound.place",
        sum("agents_total"),
        sum("agents_successful"),
        sum("assets_generated"),
        sum("tokens_in"),
        sum("tokens_out"),
        sum("cost_usd_e5"),
        sum("latency_avg_ms"),
    );
    let mut query = schema
        .query(&sql)
        .bind(tenant.0)
        .bind(spans.iter().map(|span| span.from.micros()).collect::<Vec<_>>())
        .bind(spans.iter().map(|span| span.to.micros()).collect::<Vec<_>>());
    for text in filter.campaign.iter().chain(&filter.phase) {
        query = query.bind(text.clone());
    }
    query.fetch_all(connection).await
}

/// How many campaigns have a run in the span: one look into the index for each that is known, and no more, which the LIMIT
/// says to the planner.
pub(super) async fn campaigns(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    tenant: TenantId,
    span: Span,
    filter: &RunFilter,
) -> Result<i64, Error> {
    let conditions = conditions(filter);
    let sql = format!(
        "SELECT count(*) FROM studio.campaigns AS n CROSS JOIN LATERAL (SELECT 1 \
         FROM studio.campaign_metrics AS r WHERE r.tenant_id = n.tenant_id AND r.campaign_id = n.id \
         AND r.created_at >= $2 AND r.created_at < $3 AND r.withdrawn_at IS NULL{conditions} LIMIT 1) AS found \
         WHERE n.tenant_id = $1"
    );
    let mut query = schema.query(&sql).bind(tenant.0).bind(span.from.micros()).bind(span.to.micros());
    for text in filter.campaign.iter().chain(&filter.phase) {
        query = query.bind(text.clone());
    }
    get(&query.fetch_one(connection).await?, 0)
}

/// The filter's conditions; their texts are bound from the fourth parameter on.
fn conditions(filter: &RunFilter) -> String {
    let named = [("campaign_id", &filter.campaign), ("phase", &filter.phase)];
    let given = named.iter().filter(|(_, text)| text.is_some());
    given.enumerate().map(|(at, (column, _))| format!(" AND r.{column} = ${}", at + 4)).collect()
}

fn added(row: &PgRow) -> Result<Added, Error> {
    let latencies: Option<Vec<i32>> = get(row, 7)?;
    Ok(Added {
        runs: get(row, 0)?,
        agents: get(row, 1)?,
        successful: get(row, 2)?,
        assets: get(row, 3)?,
        tokens_in: get(row, 4)?,
        tokens_out: get(row, 5)?,
        cost_e5: get(row, 6)?,
        latencies: latencies.into_iter().flatten().filter_map(|ms| u32::try_from(ms).ok()).collect(),
        latency_avg_sum: get(row, 8)?,
        latency_avg_runs: get(row, 9)?,
    })
}
