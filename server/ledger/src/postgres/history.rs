//! Figures of campaign runs over a window: out of the rollups, and at the ends out of one index.

use model::{
    breakdown::Breakdown,
    calendar::Span,
    figures::Added,
    history::{History, RunFilter},
    record::campaign_run,
    rollup::Rollup,
    tenant::TenantId,
};
use sqlx::{Error, PgConnection, Row as _, postgres::PgRow};

use super::{Reader, intake::StatementText, rollups, row::get, schema::PostgresSchema};
use crate::{
    breakdown::GatheredParts,
    cover::{SpanSums, SpansCover},
    history::{self, AddedUp, HistoryAsk},
};

pub(crate) async fn history(
    Reader { connection, schema, .. }: Reader<'_>,
    ask: HistoryAsk<'_>,
) -> Result<(History, Vec<Breakdown>), Error> {
    let HistoryAsk { tenant, window, filter, by, shapes } = ask;
    let added = added_up(connection, schema, tenant, &history::spans(window), filter).await?;
    let now = campaigns(connection, schema, tenant, window.span, filter).await?;
    let before = campaigns(connection, schema, tenant, window.previous, filter).await?;
    let mut parts = Vec::with_capacity(by.len());
    for dimension in by {
        let wanted = GatheredParts::of(window, filter, *dimension, shapes);
        parts.push(self::parts(connection, schema, tenant, filter, wanted).await?);
    }
    history::assemble(window, AddedUp { added, campaigns: (now, before), parts }).await
}

/// Both stretches by one dimension.
pub(super) async fn parts(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    tenant: TenantId,
    filter: &RunFilter,
    mut parts: GatheredParts,
) -> Result<GatheredParts, Error> {
    let (series, cells) = (parts.series(tenant), std::mem::take(&mut parts.cover.cells));
    let add = |key: &str, at, place, rollup: Rollup| parts.add_cell(key, at, place, rollup);
    if !rollups::read_dimension(connection, schema, &series, &cells, add).await? {
        parts.count_rows();
    }
    let rows = sums_by(connection, schema, tenant, &parts.cover.edges, filter, parts.column()).await?;
    for row in &rows {
        let edge = usize::try_from(get::<i64>(row, 11)? - 1).unwrap_or(usize::MAX);
        parts.add_runs(row.try_get(10)?, edge, &added(row)?);
    }
    let wanted: Vec<String> = parts.campaigns().into_iter().cloned().collect();
    let names = schema.query("SELECT id, name FROM studio.campaigns WHERE tenant_id = $1 AND id = ANY($2)");
    for row in &names.bind(tenant.0).bind(wanted).fetch_all(connection).await? {
        parts.name(row.try_get(0)?, row.try_get(1)?);
    }
    Ok(parts)
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
    let cover = SpansCover::of(spans, series.finest());
    let mut told = SpanSums::of(&cover, spans.len());
    let add = |piece, rollup: Rollup| told.add(piece, &campaign_run::added(rollup));
    if !rollups::read(connection, schema, tenant, (kind, series), &cover.cells, add).await? {
        return Ok(None);
    }
    let rows = sums(connection, schema, tenant, &cover.edges, filter).await?;
    for (edge, row) in rows.iter().enumerate() {
        told.add_edge(edge, &added(row)?);
    }
    Ok(Some(told.finish()))
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

/// What runs add up to, as [`added`] reads it.
const SUMS: &str = "count(*), coalesce(sum(r.agents_total), 0)::bigint, coalesce(sum(r.agents_successful), 0)::bigint, \
     coalesce(sum(r.assets_generated), 0)::bigint, coalesce(sum(r.tokens_in), 0)::bigint, \
     coalesce(sum(r.tokens_out), 0)::bigint, coalesce(sum(r.cost_usd_e5), 0)::bigint, \
     array_agg(r.latency_p95_ms) FILTER (WHERE r.latency_p95_ms IS NOT NULL), \
     coalesce(sum(r.latency_avg_ms), 0)::bigint, count(r.latency_avg_ms)";

/// One sum for each span, each found by walking its stretch of the index.
async fn sums(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    tenant: TenantId,
    spans: &[Span],
    filter: &RunFilter,
) -> Result<Vec<PgRow>, Error> {
    let conditions = conditions(filter);
    let sql = format!(
        "SELECT s.* FROM unnest($2::bigint[], $3::bigint[]) WITH ORDINALITY AS bound (low, high, place) \
         CROSS JOIN LATERAL (SELECT {SUMS} FROM studio.campaign_metrics AS r WHERE r.tenant_id = $1 \
         AND r.created_at >= bound.low AND r.created_at < bound.high AND r.withdrawn_at IS NULL{conditions}) AS s \
         ORDER BY bound.place"
    );
    bind_spans(schema.query(&sql).bind(tenant.0), spans, filter).fetch_all(connection).await
}

/// One sum for each span and each text of a column, with the text and the span's place behind it.
async fn sums_by(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    tenant: TenantId,
    spans: &[Span],
    filter: &RunFilter,
    column: &str,
) -> Result<Vec<PgRow>, Error> {
    let conditions = conditions(filter);
    let sql = format!(
        "SELECT s.*, bound.place FROM unnest($2::bigint[], $3::bigint[]) WITH ORDINALITY AS bound (low, high, place) \
         CROSS JOIN LATERAL (SELECT {SUMS}, r.{column} AS text FROM studio.campaign_metrics AS r WHERE r.tenant_id = $1 \
         AND r.created_at >= bound.low AND r.created_at < bound.high AND r.withdrawn_at IS NULL{conditions} \
         GROUP BY r.{column}) AS s"
    );
    bind_spans(schema.query(&sql).bind(tenant.0), spans, filter).fetch_all(connection).await
}

fn bind_spans(query: StatementText, spans: &[Span], filter: &RunFilter) -> StatementText {
    let query = query
        .bind(spans.iter().map(|span| span.from.micros()).collect::<Vec<_>>())
        .bind(spans.iter().map(|span| span.to.micros()).collect::<Vec<_>>());
    filter.campaign.iter().chain(&filter.phase).fold(query, |query, text| query.bind(text.clone()))
}

/// How many campaigns have a run in the span: one look into the index for each that is known, or that ever had the phase, and no
/// more, which the LIMIT says to the planner.
pub(super) async fn campaigns(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    tenant: TenantId,
    span: Span,
    filter: &RunFilter,
) -> Result<i64, Error> {
    let known = known_campaigns(connection, schema, tenant, filter).await?;
    let known_sql = match &known {
        Some(_) => "unnest($4::text[]) AS n (id)",
        None => "(SELECT id FROM studio.campaigns WHERE tenant_id = $1 AND $4::text[] IS NULL) AS n",
    };
    let phase = if filter.phase.is_some() { " AND r.phase = $5" } else { "" };
    let sql = format!(
        "SELECT count(*) FROM {known_sql} CROSS JOIN LATERAL (SELECT 1 \
         FROM studio.campaign_metrics AS r WHERE r.tenant_id = $1 AND r.campaign_id = n.id \
         AND r.created_at >= $2 AND r.created_at < $3 AND r.withdrawn_at IS NULL{phase} LIMIT 1) AS found"
    );
    let query = schema.query(&sql).bind(tenant.0).bind(span.from.micros()).bind(span.to.micros()).bind(known);
    let query = filter.phase.iter().fold(query, |query, phase| query.bind(phase.clone()));
    get(&query.fetch_one(connection).await?, 0)
}

/// Those that alone can have a run that is asked for; none where that may be any.
async fn known_campaigns(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    tenant: TenantId,
    filter: &RunFilter,
) -> Result<Option<Vec<String>>, Error> {
    match filter {
        RunFilter { campaign: Some(campaign), .. } => Ok(Some(vec![campaign.clone()])),
        RunFilter { phase: Some(phase), .. } => {
            let (kind, pairs) = campaign_run::campaigns_of_phase(phase);
            rollups::others(connection, schema, tenant, kind, &pairs).await
        }
        RunFilter { campaign: None, phase: None } => Ok(None),
    }
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
