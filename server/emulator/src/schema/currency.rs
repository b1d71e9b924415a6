//! Columns that come with money: in which currency it is, at what rate, and what it is worth in the organisation's own
//! \[D:transaction-currency-currency-entity.md\].

use uuid::Uuid;

use super::column::{CellKind, Column, OnDelete};
use super::table::Table;

pub(crate) const CURRENCY: &str = "transactioncurrency";
pub(crate) const LOOKUP: &str = "transactioncurrencyid";
pub(crate) const RATE: &str = "exchangerate";
/// Digits of a rate after the point.
pub(crate) const RATE_SCALE: u32 = 10;

/// What is missing beside the columns of money that a table has.
pub(crate) fn beside_money(columns: &[Column], table: &str, id: &mut dyn FnMut() -> Uuid) -> Vec<Column> {
    let is_there = |name: &str| columns.iter().any(|column| column.logical == name);
    let mut missing = Vec::new();
    for money in columns.iter().filter(|column| is_own_money(column)) {
        if !is_there(&base_name(money)) {
            let CellKind::Money { precision, .. } = money.kind else { continue };
            let kind = CellKind::Money { precision, min: f64::MIN, max: f64::MAX };
            let schema_name = format!("{}_Base", money.schema_name);
            missing.push(column(&schema_name, &format!("{} (Base)", money.display), kind, false, id));
        }
    }
    if missing.is_empty() || is_there(LOOKUP) {
        return missing;
    }
    let lookup = CellKind::Lookup {
        target: CURRENCY.to_owned(),
        navigation: LOOKUP.to_owned(),
        relationship: format!("TransactionCurrency_{table}"),
        relationship_id: id(),
        on_delete: OnDelete::Restrict,
    };
    missing.push(column("TransactionCurrencyId", "Currency", lookup, true, id));
    let rate = CellKind::Decimal { scale: RATE_SCALE, min: 0.0, max: 100_000_000_000.0 };
    missing.push(column("ExchangeRate", "Exchange Rate", rate, false, id));
    missing
}

/// Money that a client writes, and the name of the column that holds what it is worth.
pub(crate) fn money(table: &Table) -> impl Iterator<Item = (&Column, String)> {
    table.columns.iter().filter(|column| is_own_money(column)).map(|column| (column, base_name(column)))
}

/// The lookup to the currency of a table's money, if it has any.
pub(crate) fn currency(table: &Table) -> Option<&Column> {
    table.column(LOOKUP).filter(|column| column.target() == Some(CURRENCY))
}

fn is_own_money(column: &Column) -> bool {
    matches!(column.kind, CellKind::Money { .. }) && column.writable
}

fn base_name(money: &Column) -> String {
    format!("{}_base", money.logical)
}

fn column(
    schema_name: &str,
    display: &str,
    kind: CellKind,
    writable: bool,
    id: &mut dyn FnMut() -> Uuid,
) -> Column {
    Column {
        id: id(),
        logical: schema_name.to_ascii_lowercase(),
        schema_name: schema_name.to_owned(),
        display: display.to_owned(),
        description: String::new(),
        required: "None".to_owned(),
        kind,
        format: None,
        custom: false,
        writable,
    }
}
