//! A change of columns of one row that must be there, whatever kind of request asks for it.

use crate::address::RowAddress;
use crate::answer::{Answer, Request};
use crate::fault::Result;
use crate::query::Resolver;
use crate::rows::{Guard, Payload, existing, write};
use crate::schema::Table;
use crate::store::Transaction;

use super::condition::guard;

/// `row` is the JSON object that a `PATCH` would have sent.
pub(super) async fn change(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    request: &Request,
    table: &Table,
    key: &RowAddress,
    row: &str,
) -> Result<Answer> {
    let payload = Payload::parse(resolver.schema, table, row)?;
    let id = existing(resolver, transaction.connection(), table, key).await?;
    let guard = match guard(request)? {
        Guard::None => Guard::MustExist,
        given => given,
    };
    write(resolver, transaction, table, id, &payload, &Vec::new(), &guard).await?;
    Ok(Answer::no_content().with("odata-entityid", format!("{}{}({id})", request.base, table.set)))
}
