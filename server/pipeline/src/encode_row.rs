//! A record as a row of Dataverse, and a row held against the record that it should be.

use model::{
    decimal,
    record::{Field, FieldType, Record, Value, field_json},
    tenant::TenantId,
    time::{SECOND, Timestamp},
};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::{
    lookup_rows::{Codes, LookupRows},
    mapping::{ColumnMapping, TableMapping},
    standard_names::{TENANT, TENANT_VALUE, TENANTS_SET},
};

/// The row to upsert, without its id. `lookups`: which rows stand for what the record points at.
pub(crate) fn row(table: &TableMapping, tenant: TenantId, record: &Record, lookups: &LookupRows) -> Json {
    let mut row: Map<String, Json> = Map::new();
    for (at, content) in cells(table, tenant, record, lookups) {
        match (&table.columns[at], content) {
            (Some(ColumnMapping::Plain(column) | ColumnMapping::Choice { column, .. }), content) => {
                row.insert(column.clone(), content);
            }
            (Some(ColumnMapping::Lookup { navigation, target, .. }), content) => {
                let bound = content.as_str().map(|id| format!("/{}({id})", target.entity_set));
                row.insert(format!("{navigation}@odata.bind"), bound.into());
            }
            (Some(ColumnMapping::Inside(_)) | None, _) => {}
        }
    }
    row.insert(table.name_column.clone(), record.title().into());
    row.insert(format!("{TENANT}@odata.bind"), format!("/{TENANTS_SET}({tenant})").into());
    Json::Object(row)
}

/// What Dataverse keeps of a record: the position of each field that has a column, and what stands in that. A lookup is the
/// id of the row that it points at.
fn cells<'a>(
    table: &'a TableMapping,
    tenant: TenantId,
    record: &'a Record,
    lookups: &'a LookupRows,
) -> impl Iterator<Item = (usize, Json)> + 'a {
    record.fields().zip(&table.columns).enumerate().filter_map(move |(at, ((field, value), column))| {
        let content = match (column.as_ref()?, value) {
            (ColumnMapping::Inside(_), _) => return None,
            (ColumnMapping::Plain(_), _) if matches!(field.ty, FieldType::Json { .. }) => {
                enclosing(table, record, at).map_or(Json::Null, |json| json.to_string().into())
            }
            (ColumnMapping::Plain(_), value) => content(field.ty, value),
            (ColumnMapping::Choice { numbers, .. }, value) => number(field, numbers, value),
            (ColumnMapping::Lookup { target, .. }, Value::Text(code)) => {
                lookups.id(tenant, target, code).to_string().into()
            }
            (ColumnMapping::Lookup { .. }, _) => Json::Null,
        };
        Some((at, content))
    })
}

fn content(ty: FieldType, value: &Value) -> Json {
    match (value, ty) {
        (Value::Nothing, _) => Json::Null,
        (Value::Text(text), _) => json!(text),
        // At up to 15 digits the nearest double reads and prints as the very same decimal.
        (Value::Integer(number), FieldType::Decimal { scale, .. }) => {
            serde_json::from_str(&decimal::format(*number, scale)).unwrap_or(Json::Null)
        }
        (Value::Integer(number), FieldType::Time) => json!(Timestamp::from_micros(*number).to_string()),
        (Value::Integer(number), FieldType::Flag) => json!(*number != 0),
        (Value::Integer(number), _) => json!(number),
        (Value::Uuid(id), _) => json!(id),
    }
}

/// The number of a choice's label.
fn number(field: &Field, numbers: &[i32], value: &Value) -> Json {
    let FieldType::Choice(labels) = field.ty else { return Json::Null };
    let at = labels.iter().position(|label| *label == value.text());
    at.and_then(|at| numbers.get(at)).copied().map_or(Json::Null, Json::from)
}

/// The JSON of the field at this position, with the fields that are kept inside it. None where there is nothing of it.
fn enclosing(table: &TableMapping, record: &Record, at: usize) -> Option<Json> {
    let own = serde_json::from_str(record.values()[at].text()).unwrap_or(Json::Null);
    let inside = record.fields().zip(&table.columns).filter(|((_, value), column)| {
        *column == &Some(ColumnMapping::Inside(at)) && **value != Value::Nothing
    });
    let inside: Map<String, Json> =
        inside.map(|((field, value), _)| (field.json.to_owned(), field_json(field, value))).collect();
    match own {
        Json::Object(mut members) => {
            members.extend(inside);
            Some(Json::Object(members))
        }
        Json::Null => (!inside.is_empty()).then_some(Json::Object(inside)),
        other => Some(other),
    }
}

/// The columns to read back.
pub(crate) fn columns(table: &TableMapping) -> Vec<&str> {
    table.read().chain([TENANT_VALUE]).collect()
}

/// Which row it is, and whose. A row without a tenant is the organisation's first tenant's.
pub(crate) fn identity(table: &TableMapping, row: &Json, first: TenantId) -> Option<(TenantId, Uuid)> {
    let id = |column: &str| row.get(column)?.as_str()?.parse::<Uuid>().ok();
    let tenant = id(TENANT_VALUE).map_or(first, TenantId);
    Some((tenant, id(&table.primary_key)?))
}

/// A row, and whose it is there.
pub(crate) struct EncodedRow {
    pub(crate) tenant: TenantId,
    pub(crate) row: Json,
}

/// The columns in which a row is not what the tenant's record says. `codes`: what the rows are called that it points at.
pub(crate) fn differences(
    table: &TableMapping,
    tenant: TenantId,
    record: &Record,
    found: &EncodedRow,
    (lookups, codes): &(&LookupRows, &Codes),
) -> Vec<String> {
    let there = |column: &str| found.row.get(column).unwrap_or(&Json::Null);
    let mut differing = Vec::new();
    for (at, ours) in cells(table, tenant, record, lookups) {
        let ty = record.kind().fields[at].ty;
        let column = match &table.columns[at] {
            Some(
                ColumnMapping::Plain(column)
                | ColumnMapping::Choice { column, .. }
                | ColumnMapping::Lookup { value: column, .. },
            ) => column,
            Some(ColumnMapping::Inside(_)) | None => continue,
        };
        let value = &record.values()[at];
        // Another row of the same code is as good.
        let row = there(column).as_str().and_then(|id| codes.get(&id.parse().ok()?));
        let is_other_row = matches!(table.columns[at], Some(ColumnMapping::Lookup { .. })) && row.is_some();
        let same = if is_other_row {
            row.map(String::as_str) == Some(value.text())
        } else {
            is_same(ty, value, &ours, there(column))
        };
        if !same {
            differing.push(column.clone());
        }
    }
    differing.extend((found.tenant != tenant).then(|| TENANT_VALUE.to_owned()));
    differing
}

/// Whether Dataverse says what we would write.
fn is_same(ty: FieldType, value: &Value, ours: &Json, theirs: &Json) -> bool {
    match (value, ty) {
        (Value::Integer(number), FieldType::Decimal { scale, .. }) => {
            theirs.is_number() && decimal::parse(&theirs.to_string(), scale) == Some(*number)
        }
        (Value::Integer(number), FieldType::Time) => {
            let read = theirs.as_str().and_then(Timestamp::parse);
            read.is_some_and(|read| same_second(Timestamp::from_micros(*number), read))
        }
        (_, FieldType::Json { .. }) => parsed(ours) == parsed(theirs),
        _ => ours == theirs,
    }
}

/// JSON in a column of text.
fn parsed(cell: &Json) -> Option<Json> {
    serde_json::from_str(cell.as_str()?).ok()
}

/// Dataverse keeps whole seconds.
fn same_second(ours: Timestamp, theirs: Timestamp) -> bool {
    ours == theirs || ours.micros().div_euclid(SECOND) == theirs.micros().div_euclid(SECOND)
}

#[cfg(test)]
mod tests {
    use model::record::{KINDS, Remote, campaign_run::CAMPAIGN_RUN, parse};

    use super::*;
    use crate::Mapping;

    fn table() -> TableMapping {
        Mapping::standard(KINDS).of(&CAMPAIGN_RUN).unwrap().clone()
    }

    fn record() -> Record {
        let json = r#"{"campaignId":"c","runId":"r","phase":"1","agentsTotal":195,"agentsSuccessful":190,
            "costUSD":"99999.00001","latencyP95Ms":7,"createdAt":"2026-11-21T09:30:00.123456Z"}"#;
        parse(&CAMPAIGN_RUN, json, Timestamp::from_micros(1_795_500_000_000_000)).unwrap()
    }

    #[test]
    fn rows_hold_exact_digits_and_lookups() {
        let row = row(&table(), TenantId::FIRST, &record(), &LookupRows::default());
        assert_eq!(row["apex_costusd"].to_string(), "99999.00001");
        assert_eq!(row["apex_successrate"].to_string(), "97.44");
        assert_eq!(row["apex_createdat"], "2026-11-21T09:30:00.123456Z");
        assert_eq!(row["apex_latencyavgms"], Json::Null);
        assert_eq!(row["apex_name"], "c · r · 1");
        assert_eq!(row["apex_tenantid@odata.bind"], "/apex_tenants(00000000-0000-7000-8000-000000000001)");
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut EncodedRow), expect: &[&str]) {
        let row = row(&table(), TenantId::FIRST, &record(), &LookupRows::default());
        let mut found = EncodedRow { tenant: TenantId::FIRST, row };
        change(&mut found);
        assert_eq!(
            differences(
                &table(),
                TenantId::FIRST,
                &record(),
                &found,
                &(&LookupRows::default(), &Codes::new())
            ),
            expect
        );
    }

    #[test]
    fn a_row_is_held_against_its_record() {
        check(|_| {}, &[]);
        check(|found| found.row["apex_createdat"] = json!("2026-11-21T09:30:00Z"), &[]);
        check(|found| found.row["apex_createdat"] = json!("2026-11-21T09:30:01Z"), &["apex_createdat"]);
        check(|found| found.row["apex_costusd"] = json!(99_999.000_02), &["apex_costusd"]);
        check(|found| found.row["apex_latencyavgms"] = json!(1), &["apex_latencyavgms"]);
        check(|found| found.row = json!({}), &row_columns_with_content());
        check(|found| found.tenant = TenantId(Uuid::from_u128(7)), &[TENANT_VALUE]);
    }

    fn row_columns_with_content() -> Vec<&'static str> {
        let record = record();
        let fields = record.fields().filter(|(_, value)| **value != Value::Nothing);
        let column = |field: &Field| match field.remote {
            Remote::Column(column) => Some(column),
            _ => None,
        };
        fields.filter_map(|(field, _)| column(field)).collect()
    }
}
