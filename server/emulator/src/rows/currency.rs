//! What money is worth in the organisation's own currency, kept beside it at the rate of the day it was written.

use uuid::Uuid;

use crate::fault::Result;
use crate::query::Resolver;
use crate::schema::currency::{self, CURRENCY, LOOKUP, RATE, RATE_SCALE};
use crate::schema::{Column, Table};
use crate::store::Transaction;
use crate::value::Cell;

/// A new row's money is in the organisation's currency, unless it is said to be in another.
pub(super) fn default<'a>(
    resolver: Resolver<'_>,
    table: &'a Table,
    given: &[(&Column, Cell)],
) -> Option<(&'a Column, Cell)> {
    let lookup = currency::currency(table)?;
    let said = given.iter().any(|(column, _)| column.logical == LOOKUP);
    (!said).then(|| (lookup, Cell::Id(resolver.organisation.identity.currency())))
}

/// Works out rate and worth of a row that was just written, where its money or its currency was.
pub(super) async fn settle(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    table: &Table,
    id: Uuid,
    given: &[(&Column, Cell)],
) -> Result<()> {
    let (Some(_), Some(currencies)) = (currency::currency(table), resolver.schema.table(CURRENCY)) else {
        return Ok(());
    };
    let touched = |column: &Column| given.iter().any(|(known, _)| known.logical == column.logical);
    let money: Vec<(&Column, String)> = currency::money(table).collect();
    if !given.iter().any(|(column, _)| column.logical == LOOKUP) && !money.iter().any(|(m, _)| touched(m)) {
        return Ok(());
    }
    let (rows, key) = (table.rows(), table.primary_id());
    let rate = format!(
        "(SELECT c.\"{RATE}\" FROM {} c WHERE c.\"{}\" = {rows}.\"{LOOKUP}\")",
        currencies.rows(),
        currencies.primary_id()
    );
    let one = 10_i64.pow(RATE_SCALE);
    let worth = money.iter().map(|(money, base)| {
        let amount = format!("\"{}\"", money.logical);
        // A currency of which one is worth one is exact.
        format!(
            "\"{base}\" = CASE coalesce({rate}, {one}) WHEN {one} THEN {amount} ELSE CAST(round({amount} * {one}.0 / \
             {rate}) AS INTEGER) END"
        )
    });
    let sets: Vec<String> = std::iter::once(format!("\"{RATE}\" = {rate}")).chain(worth).collect();
    let text = format!("UPDATE {rows} SET {} WHERE \"{key}\" = ?", sets.join(", "));
    transaction.execute(text, vec![Cell::Id(id)]).await?;
    Ok(())
}
