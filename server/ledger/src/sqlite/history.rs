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
use sqlx::{AssertSqlSafe, Error, SqliteConnection, sqlite::SqliteRow};

use super::{Reader, rollups, row::get, step::json, wanted::AnswerWanted};
use crate::{
    breakdown::GatheredParts,
    cover::{SpanSums, SpansCover},
    history::{self, AddedUp, HistoryAsk},
};

/// What one bucket adds up to, as SQLite hands it over.
type Handed = (i64, i64, i64, i64, i64, i64, i64, Option<String>, i64, i64);

pub(crate) async fn history(
    Reader { pool, .. }: Reader<'_>,
    ask: HistoryAsk<'_>,
) -> Result<(History, Vec<Breakdown>), Error> {
    let HistoryAsk { tenant, window, filter, by, shapes } = ask;
    let mut transaction = pool.begin().await?;
    let _wanted = AnswerWanted::on(&mut transaction).await?;
    let added = added_up(&mut transaction, tenant, &history::spans(window), filter).await?;
    let now = campaigns(&mut transaction, tenant, window.span, filter).await?;
    let before = campaigns(&mut transaction, tenant, window.previous, filter).await?;
    let mut parts = Vec::with_capacity(by.len());
    for dimension in by {
        let wanted = GatheredParts::of(window, filter, *dimension, shapes);
        parts.push(self::parts(&mut transaction, tenant, filter, wanted).await?);
    }
    transaction.commit().await?;
    history::assemble(window, AddedUp { added, campaigns: (now, before), parts }).await
}

/// Both stretches by one dimension.
pub(super) async fn parts(
    connection: &mut SqliteConnection,
    tenant: TenantId,
    filter: &RunFilter,
    mut parts: GatheredParts,
) -> Result<GatheredParts, Error> {
    let (series, cells) = (parts.series(tenant), std::mem::take(&mut parts.cover.cells));
    let add = |key: &str, at, place, rollup: Rollup| parts.add_cell(key, at, place, rollup);
    if !rollups::read_dimension(connection, &series, &cells, add).await? {
        parts.count_rows();
    }
    let rows = sums_by(connection, tenant, &parts.cover.edges, filter, parts.column()).await?;
    for row in &rows {
        let edge: i64 = get(row, 1)?;
        parts.add_runs(get(row, 2)?, usize::try_from(edge).unwrap_or(usize::MAX), &added(row)?);
    }
    let names = sqlx::query(
        "SELECT n.id, n.name FROM json_each(?2) AS w CROSS JOIN campaigns AS n ON n.tenant_id = ?1 AND n.id = w.value",
    )
    .bind(tenant.to_string())
    .bind(json(&parts.campaigns()))
    .fetch_all(connection)
    .await?;
    for row in &names {
        parts.name(get(row, 0)?, get(row, 1)?);
    }
    Ok(parts)
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
    let cover = SpansCover::of(spans, series.finest());
    let mut told = SpanSums::of(&cover, spans.len());
    let add = |piece, rollup: Rollup| told.add(piece, &campaign_run::added(rollup));
    if !rollups::read(connection, tenant, (kind, series), &cover.cells, add).await? {
        return Ok(None);
    }
    let rows = sums(connection, tenant, &cover.edges, filter).await?;
    for (edge, row) in rows.iter().enumerate() {
        told.add_edge(edge, &added(row)?);
    }
    Ok(Some(told.finish()))
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

/// What runs add up to, as [`Handed`].
const SUMS: &str = "json_array(count(*), coalesce(sum(r.agents_total), 0), coalesce(sum(r.agents_successful), 0), \
     coalesce(sum(r.assets_generated), 0), coalesce(sum(r.tokens_in), 0), coalesce(sum(r.tokens_out), 0), \
     coalesce(sum(r.cost_usd_e5), 0), group_concat(r.latency_p95_ms, ' '), coalesce(sum(r.latency_avg_ms), 0), \
     count(r.latency_avg_ms))";

/// One sum for each span, each found by walking its stretch of the index: nothing is sorted, nothing read twice.
async fn sums(
    connection: &mut SqliteConnection,
    tenant: TenantId,
    spans: &[Span],
    filter: &RunFilter,
) -> Result<Vec<SqliteRow>, Error> {
    let conditions = conditions(filter);
    let sql = format!(
        "SELECT (SELECT {SUMS} FROM campaign_metrics AS r WHERE r.tenant_id = ?1 \
         AND r.created_at >= bound.value ->> 0 AND r.created_at < bound.value ->> 1 \
         AND r.withdrawn_at IS NULL{conditions}) FROM json_each(?2) AS bound ORDER BY bound.key"
    );
    fetch(connection, sql, tenant, spans, filter).await
}

/// One sum for each span and each text of a column, with the span's place and the text behind it.
async fn sums_by(
    connection: &mut SqliteConnection,
    tenant: TenantId,
    spans: &[Span],
    filter: &RunFilter,
    column: &str,
) -> Result<Vec<SqliteRow>, Error> {
    let conditions = conditions(filter);
    let sql = format!(
        "SELECT {SUMS}, bound.key, r.{column} FROM json_each(?2) AS bound CROSS JOIN campaign_metrics AS r \
         WHERE r.tenant_id = ?1 AND r.created_at >= bound.value ->> 0 AND r.created_at < bound.value ->> 1 \
         AND r.withdrawn_at IS NULL{conditions} GROUP BY bound.key, r.{column}"
    );
    fetch(connection, sql, tenant, spans, filter).await
}

async fn fetch(
    connection: &mut SqliteConnection,
    sql: String,
    tenant: TenantId,
    spans: &[Span],
    filter: &RunFilter,
) -> Result<Vec<SqliteRow>, Error> {
    let bounds: Vec<(i64, i64)> = spans.iter().map(|span| (span.from.micros(), span.to.micros())).collect();
    sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.to_string())
        .bind(json(&bounds))
        .bind(filter.campaign.clone())
        .bind(filter.phase.clone())
        .fetch_all(connection)
        .await
}

/// How many campaigns have a run in the span: one look into the index for each that is known, or that ever had the phase.
pub(super) async fn campaigns(
    connection: &mut SqliteConnection,
    tenant: TenantId,
    span: Span,
    filter: &RunFilter,
) -> Result<i64, Error> {
    let known = known_campaigns(connection, tenant, filter).await?;
    let known_sql = match &known {
        Some(_) => "SELECT value AS id FROM json_each(?4)",
        None => "SELECT id FROM campaigns WHERE tenant_id = ?1",
    };
    let phase = if filter.phase.is_some() { " AND r.phase = ?5" } else { "" };
    let sql = format!(
        "SELECT count(*) FROM ({known_sql}) AS n WHERE EXISTS (SELECT 1 \
         FROM campaign_metrics AS r WHERE r.tenant_id = ?1 AND r.campaign_id = n.id \
         AND r.created_at >= ?2 AND r.created_at < ?3 AND r.withdrawn_at IS NULL{phase})"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.to_string())
        .bind(span.from.micros())
        .bind(span.to.micros())
        .bind(known.as_ref().map(json))
        .bind(filter.phase.clone())
        .fetch_one(connection)
        .await?;
    get(&row, 0)
}

/// Those that alone can have a run that is asked for; none where that may be any.
async fn known_campaigns(
    connection: &mut SqliteConnection,
    tenant: TenantId,
    filter: &RunFilter,
) -> Result<Option<Vec<String>>, Error> {
    match filter {
        RunFilter { campaign: Some(campaign), .. } => Ok(Some(vec![campaign.clone()])),
        RunFilter { phase: Some(phase), .. } => {
            let (kind, pairs) = campaign_run::campaigns_of_phase(phase);
            rollups::others(connection, tenant, kind, &pairs).await
        }
        RunFilter { campaign: None, phase: None } => Ok(None),
    }
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
