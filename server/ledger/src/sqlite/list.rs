//! Lists, page by page.

use futures::TryStreamExt as _;
use model::{record::Kind, tenant::TenantId};
use sqlx::{AssertSqlSafe, Error, query::Query};

use super::{
    Reader, row,
    statements::{self, Statements},
    wanted::AnswerWanted,
};
use crate::{HeldRecord, ListAsk, RecordPage, row::Filling};

pub(crate) async fn list(
    Reader { pool, .. }: Reader<'_>,
    tenant: TenantId,
    kind: &'static Kind,
    ask: &ListAsk,
) -> Result<RecordPage, Error> {
    let statements = statements::of(kind);
    let sql = sql(kind, statements, ask);
    let mut query: Query<'_, _, _> = sqlx::query(AssertSqlSafe(sql)).bind(tenant.to_string());
    for (_, text) in &ask.filters {
        query = query.bind(text.clone());
    }
    for bound in [ask.from, ask.to].into_iter().flatten() {
        query = query.bind(bound.micros());
    }
    if let Some(cursor) = ask.cursor {
        query = query.bind(cursor.at.micros()).bind(cursor.position);
    }
    let mut filling = Filling::up_to(ask.limit);
    let mut reader = pool.acquire().await?;
    let _wanted = AnswerWanted::on(&mut reader).await?;
    let mut rows = query.bind(filling.asked()).fetch(&mut *reader);
    while let Some(row) = rows.try_next().await? {
        if !filling.takes(row::read(kind, &row, 0)?) {
            break;
        }
    }
    Ok(filling.page())
}

pub(crate) async fn read(
    Reader { pool, .. }: Reader<'_>,
    tenant: TenantId,
    kind: &'static Kind,
    id: uuid::Uuid,
) -> Result<Option<HeldRecord>, Error> {
    let row = sqlx::query(statements::of(kind).by_ids)
        .bind(format!("[\"{id}\"]"))
        .bind(tenant.to_string())
        .fetch_optional(pool)
        .await?;
    row.map(|row| row::read(kind, &row, 0).map(|row| row.held)).transpose()
}

pub(crate) async fn names(
    Reader { pool, .. }: Reader<'_>,
    tenant: TenantId,
    kind: &'static Kind,
    pointer: usize,
    text: Option<&str>,
    most: usize,
) -> Result<Vec<(String, Option<String>)>, Error> {
    let Some(Some(names)) = statements::of(kind).names.get(pointer) else { return Ok(Vec::new()) };
    let (tenant, most) = (tenant.to_string(), i64::try_from(most).unwrap_or(i64::MAX));
    let asked = |sql: &'static str| sqlx::query(sql).bind(tenant.clone()).bind(most);
    let mut rows = match text {
        None => asked(names.all).fetch_all(pool).await?,
        Some(text) => asked(names.one).bind(text.to_owned()).fetch_all(pool).await?,
    };
    if let Some(text) = text.filter(|_| rows.is_empty()) {
        rows = asked(names.like).bind(text.to_owned()).fetch_all(pool).await?;
    }
    rows.iter().map(|row| Ok((row::get(row, 0)?, row::get(row, 1)?))).collect()
}

pub(super) fn sql(kind: &Kind, statements: &Statements, ask: &ListAsk) -> String {
    let Statements { select, time, .. } = statements;
    let (beyond, order) = ask.order.in_sql();
    let mut sql = format!("{select} WHERE r.tenant_id = ? AND r.withdrawn_at IS NULL");
    for (at, _) in &ask.filters {
        sql.push_str(&format!(" AND r.{} = ?", kind.fields[*at].column));
    }
    if ask.from.is_some() {
        sql.push_str(&format!(" AND r.{time} >= ?"));
    }
    if ask.to.is_some() {
        sql.push_str(&format!(" AND r.{time} < ?"));
    }
    if ask.cursor.is_some() {
        sql.push_str(&format!(" AND (r.{time}, r.position) {beyond} (?, ?)"));
    }
    sql.push_str(&format!(" ORDER BY r.{time} {order}, r.position {order} LIMIT ?"));
    sql
}
