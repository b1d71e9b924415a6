//! The same sums as Dataverse itself adds them up, whole days at a time: it adds up no more than 50,000 rows in one go, so that
//! a stretch with more of them is halved until each part has fewer.

use dataverse::{Apply, Client, Error, Filter, Query};
use model::{
    calendar::{Span, Zone},
    decimal,
    record::{FieldType, Kind},
    rollup::{Grain, MeasureSum, Rollup},
    tenant::TenantId,
    time::Timestamp,
};
use serde_json::Value as Json;

use crate::{
    decode_row::CREATED,
    mapping::{ColumnMapping, TableMapping},
    standard_names::TENANT_VALUE,
};

/// AggregateQueryRecordLimitExceeded.
const TOO_MANY: &str = "0x8004e023";
/// What the number of rows is called in an answer.
const ROWS: &str = "rows";

/// Why Dataverse does not tell the sums.
#[derive(Debug, thiserror::Error)]
pub enum RecountError {
    #[error("Dataverse does not aggregate more than 50,000 rows, and {day} has more")]
    TooMany {
        /// The day, in UTC.
        day: String,
    },
    #[error("Dataverse does not add them up: {0}")]
    Dataverse(#[from] Error),
    #[error("Dataverse adds up {column} to something that is no number")]
    Unreadable { column: String },
}

/// What a tenant's rows of whole days (UTC) add up to, as Dataverse says; percentiles are not among it. `first`: whose the rows
/// are that name no tenant.
///
/// # Errors
/// Says why there is no answer.
pub async fn recount(
    client: &Client,
    table: &TableMapping,
    (tenant, first): (TenantId, TenantId),
    days: Span,
) -> Result<Rollup, RecountError> {
    let mut sum = Rollup::empty(table.kind);
    let mut spans = vec![days];
    while let Some(span) = spans.pop() {
        match client.query(query(table, (tenant, first), span)).all().await {
            Ok(rows) => sum.merge(&read(table, rows.first().unwrap_or(&Json::Null))?),
            Err(Error::Rejected(refusal)) if refusal.code == TOO_MANY => spans.extend(halves(span)?),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(sum)
}

fn query(table: &TableMapping, (tenant, first): (TenantId, TenantId), span: Span) -> Query {
    let within = |column: &str| {
        let moment = |at: Timestamp| Zone::utc().at(at).timestamp();
        Filter::ge(column, moment(span.from)).and(Filter::lt(column, moment(span.to)))
    };
    let created = within(CREATED);
    // A row that has no time of its own happened when it was made.
    let time = match table.columns[table.kind.time].as_ref() {
        Some(ColumnMapping::Plain(column)) => within(column).or(Filter::is_null(column).and(created)),
        _ => created,
    };
    let theirs = Filter::eq(TENANT_VALUE, tenant.0);
    let whose = if tenant == first { theirs.or(Filter::is_null(TENANT_VALUE)) } else { theirs };
    let sums = columns(table)
        .fold(Apply::over(time.and(whose)), |apply, (at, _, column)| apply.sum(column, alias(at)));
    Query::of(&table.entity_set).apply(sums.count(ROWS))
}

/// What of the kind's measures Dataverse keeps in a column: its place among them, its field, and the column.
fn columns(table: &TableMapping) -> impl Iterator<Item = (usize, usize, &str)> {
    let measures = table.kind.measures.iter().enumerate();
    measures.filter_map(|(at, field)| match table.columns[*field].as_ref()? {
        ColumnMapping::Plain(column) => Some((at, *field, column.as_str())),
        _ => None,
    })
}

fn alias(measure: usize) -> String {
    format!("sum{measure}")
}

fn read(table: &TableMapping, row: &Json) -> Result<Rollup, RecountError> {
    let number = |name: &str, scale: u8| match row.get(name) {
        None | Some(Json::Null) => Ok(0),
        Some(given) => {
            let number = given.as_number().and_then(|number| decimal::parse(&number.to_string(), scale));
            number.ok_or_else(|| RecountError::Unreadable { column: name.to_owned() })
        }
    };
    let mut rollup = Rollup { records: number(ROWS, 0)?, ..Rollup::empty(table.kind) };
    for (at, field, _) in columns(table) {
        let sum = number(&alias(at), scale(table.kind, field))?;
        rollup.measures[at] = MeasureSum { sum, ..MeasureSum::default() };
    }
    Ok(rollup)
}

const fn scale(kind: &Kind, field: usize) -> u8 {
    match kind.fields[field].ty {
        FieldType::Decimal { scale, .. } => scale,
        _ => 0,
    }
}

/// Both halves of a stretch of days; a day is not cut.
fn halves(span: Span) -> Result<[Span; 2], RecountError> {
    let (first, end) = (Grain::Day.number(span.from), Grain::Day.number(span.to));
    let middle = Grain::Day.start(i64::midpoint(first, end));
    if middle <= span.from {
        return Err(RecountError::TooMany { day: Zone::utc().format(span.from, "%Y-%m-%d") });
    }
    Ok([Span { from: span.from, to: middle }, Span { from: middle, to: span.to }])
}

#[cfg(test)]
mod tests {
    use model::{record::KINDS, time::DAY};
    use serde_json::json;

    use super::*;
    use crate::Mapping;

    fn table() -> TableMapping {
        Mapping::standard(KINDS).tables().next().unwrap().clone()
    }

    fn days(from: &str, days: i64) -> Span {
        let from = Timestamp::parse(from).unwrap();
        Span { from, to: from.plus(days * DAY) }
    }

    #[test]
    fn rows_of_the_days_are_asked_for() {
        let span = days("2026-11-01T00:00:00Z", 2);
        let url = query(&table(), (TenantId::FIRST, TenantId::FIRST), span).to_url().unwrap();
        let url = url.replace("%20", " ").replace("%28", "(").replace("%29", ")").replace("%2C", ",");
        for part in [
            "apex_createdat ge 2026-11-01T00:00:00Z and apex_createdat lt 2026-11-03T00:00:00Z",
            "apex_createdat eq null and",
            "_apex_tenantid_value eq null",
            "apex_agentstotal with sum as sum0",
            "apex_costusd with sum as sum5",
            "$count as rows",
        ] {
            assert!(url.replace("%3A", ":").replace("%2F", "/").contains(part), "{part} in {url}");
        }
    }

    #[test]
    fn sums_are_read_to_the_digit() {
        let table = table();
        let row = json!({"sum0": 50, "sum5": 1234.56789, "sum6": null, "rows": 12});
        let rollup = read(&table, &row).unwrap();
        assert_eq!((rollup.records, rollup.measures[0].sum), (12, 50));
        assert_eq!((rollup.measures[5].sum, rollup.measures[6].sum), (123_456_789, 0));
        assert_eq!(
            read(&table, &Json::Null).unwrap(),
            Rollup::empty(table.kind),
            "of no rows nothing is said"
        );
        assert!(read(&table, &json!({"rows": "many"})).unwrap_err().to_string().contains("rows"));
    }

    #[test]
    fn days_are_halved_and_not_cut() {
        let [one, other] = halves(days("2026-11-01T00:00:00Z", 3)).unwrap();
        assert_eq!((one.to.since(one.from), other.to.since(other.from)), (DAY, 2 * DAY));
        let said = halves(days("2026-11-01T00:00:00Z", 1)).unwrap_err().to_string();
        assert_eq!(said, "Dataverse does not aggregate more than 50,000 rows, and 2026-11-01 has more");
    }
}
