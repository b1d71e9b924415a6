//! References from the one side of a 1:N relationship: `…/Collection/$ref` \[D:webapi/associate-disassociate-entities-using-web-api.md\].
//! What they set or clear is the lookup on the other side.

use serde_json::{Value, json};

use crate::address::RowAddress;
use crate::answer::{Answer, Request};
use crate::fault::{Fault, Result};
use crate::query::{self, Resolver};
use crate::rows::{existing, find_row};
use crate::schema::{Column, Table};
use crate::security::end_of;
use crate::store::{StoreReader, Transaction};

use super::change::change;

/// `POST set(key)/Collection/$ref`: the row that is to point at this one is in the body.
pub(super) async fn associate(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    request: &Request,
    (table, key): (&Table, &RowAddress),
    navigation: &str,
) -> Result<Answer> {
    let (child, lookup) = sides(resolver, table, navigation)?;
    let body: Value = serde_json::from_slice(&request.body)
        .map_err(|error| Fault::payload(&table.set, format!("the body is not JSON: {error}")))?;
    let other = body.get("@odata.id").and_then(Value::as_str).map(end_of).transpose()?.flatten();
    let other =
        other.ok_or_else(|| Fault::payload(&table.set, "'@odata.id' resolver no row to be referred to."))?;
    let id = existing(resolver, transaction.connection(), table, key).await?;
    let navigation = lookup.navigation().unwrap_or_default();
    let row = json!({ format!("{navigation}@odata.bind"): format!("/{}({id})", table.set) }).to_string();
    change(resolver, transaction, request, child, &other, &row).await?;
    Ok(Answer::no_content())
}

/// `DELETE set(key)/Collection(key)/$ref`, or `…/Collection/$ref?$id=<address>`.
pub(super) async fn disassociate(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    request: &Request,
    (table, key): (&Table, &RowAddress),
    navigation: &str,
    other: &RowAddress,
) -> Result<Answer> {
    let (child, lookup) = sides(resolver, table, navigation)?;
    let id = existing(resolver, transaction.connection(), table, key).await?;
    let (other, _) = find_row(resolver, transaction.connection(), child, other).await?;
    let other = other.ok_or_else(|| Fault::no_row_by_key(&child.logical))?;
    let pointed_at = {
        let mut reader = StoreReader::Within(transaction.connection());
        query::pointed_at(resolver, &mut reader, child, other, lookup).await?
    };
    if pointed_at != Some(id) {
        let message = format!("The row '{other}' of '{}' is not in '{navigation}' of this one.", child.set);
        return Err(Fault::new(http::StatusCode::NOT_FOUND, "0x80040217", message));
    }
    let row = json!({ format!("{}@odata.bind", lookup.navigation().unwrap_or_default()): null }).to_string();
    change(resolver, transaction, request, child, &RowAddress::Id(other), &row).await?;
    Ok(Answer::no_content())
}

fn sides<'a>(resolver: Resolver<'a>, table: &Table, navigation: &str) -> Result<(&'a Table, &'a Column)> {
    resolver.collection(table, navigation).ok_or_else(|| Fault::no_segment(navigation))
}
