//! Lists, page by page.

use futures::TryStreamExt as _;
use model::{record::Kind, tenant::TenantId};
use sqlx::Error;
use uuid::Uuid;

use super::{
    Reader,
    row::{self, get},
    statements::{self, Statements},
    tenant_reader::TenantReader,
};
use crate::{HeldRecord, ListAsk, RecordPage, row::Filling};

pub(crate) async fn list(
    Reader { connection, schema, .. }: Reader<'_>,
    tenant: TenantId,
    kind: &'static Kind,
    ask: &ListAsk,
) -> Result<RecordPage, Error> {
    let mut query = schema.query(&sql(kind, statements::of(kind), ask)).bind(tenant.0);
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
    let mut rows = query.bind(filling.asked()).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        if !filling.takes(row::read(kind, &row)?) {
            break;
        }
    }
    Ok(filling.page())
}

pub(crate) async fn read(
    Reader { connection, schema, .. }: Reader<'_>,
    tenant: TenantId,
    kind: &'static Kind,
    id: Uuid,
) -> Result<Option<HeldRecord>, Error> {
    let query = schema.query(&statements::of(kind).by_ids).bind(tenant.0).bind(vec![id]);
    let row = query.fetch_optional(connection).await?;
    row.map(|row| row::read(kind, &row).map(|row| row.held)).transpose()
}

pub(crate) async fn names(
    reader: Reader<'_>,
    tenant: TenantId,
    kind: &'static Kind,
    pointer: usize,
    text: Option<&str>,
    most: usize,
) -> Result<Vec<(String, Option<String>)>, Error> {
    let asked = reader.of(tenant);
    let Some(Some(names)) = statements::of(kind).names.get(pointer) else { return Ok(Vec::new()) };
    let TenantReader { connection, schema, tenant } = asked;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let query = |sql: &str| schema.query(sql).bind(tenant.0).bind(most);
    let mut rows = match text {
        None => query(&names.all).fetch_all(&mut *connection).await?,
        Some(text) => query(&names.one).bind(text.to_owned()).fetch_all(&mut *connection).await?,
    };
    if let Some(text) = text.filter(|_| rows.is_empty()) {
        rows = query(&names.like).bind(text.to_owned()).fetch_all(connection).await?;
    }
    rows.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?))).collect()
}

fn sql(kind: &Kind, statements: &Statements, ask: &ListAsk) -> String {
    let Statements { select, time, .. } = statements;
    let (beyond, order) = ask.order.in_sql();
    let mut sql = format!("{select} WHERE r.tenant_id = $1 AND r.withdrawn_at IS NULL");
    let mut marks = 2..;
    let mut mark = || format!("${}", marks.next().unwrap_or_default());
    for (at, _) in &ask.filters {
        sql.push_str(&format!(" AND r.{} = {}", kind.fields[*at].column, mark()));
    }
    if ask.from.is_some() {
        sql.push_str(&format!(" AND r.{time} >= {}", mark()));
    }
    if ask.to.is_some() {
        sql.push_str(&format!(" AND r.{time} < {}", mark()));
    }
    if ask.cursor.is_some() {
        sql.push_str(&format!(" AND (r.{time}, r.position) {beyond} ({}, {})", mark(), mark()));
    }
    sql.push_str(&format!(" ORDER BY r.{time} {order}, r.position {order} LIMIT {}", mark()));
    sql
}
