//! A record as a row of Dataverse, and a row held against the record that it should be.

use model::{
    decimal,
    record::{Kind, Record, Shape, Value},
    tenant::TenantId,
    time::{SECOND, Timestamp},
};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

/// The lookup by which every row belongs to a tenant; made under this very name, so it is bound by it too.
pub(crate) const TENANT: &str = "apex_tenantid";
pub(crate) const TENANT_VALUE: &str = "_apex_tenantid_value";
pub(crate) const TENANTS_SET: &str = "apex_tenants";
pub(crate) const NAME: &str = "apex_name";

/// The row to upsert, without its id.
pub(crate) fn of(kind: &Kind, tenant: TenantId, record: &Record) -> Json {
    let mut row: Map<String, Json> = kind
        .fields
        .iter()
        .zip(&record.values)
        .map(|(field, value)| (field.dataverse.to_owned(), content(field.shape, value)))
        .collect();
    row.insert(NAME.to_owned(), (kind.destination.title)(record).into());
    row.insert(format!("{TENANT}@odata.bind"), format!("/{TENANTS_SET}({tenant})").into());
    Json::Object(row)
}

fn content(shape: Shape, value: &Value) -> Json {
    match (value, shape) {
        (Value::Nothing, _) => Json::Null,
        (Value::Text(text), _) => json!(text),
        // At up to 15 digits the nearest double reads and prints as the very same decimal.
        (Value::Decimal(number), Shape::Decimal { scale, .. }) => {
            serde_json::from_str(&decimal::format(*number, scale)).unwrap_or(Json::Null)
        }
        (Value::Whole(number) | Value::Decimal(number), _) => json!(number),
        (Value::Time(at), _) => json!(at.to_string()),
    }
}

/// The columns to read back.
pub(crate) fn columns(kind: &Kind) -> impl Iterator<Item = &'static str> {
    kind.fields.iter().map(|field| field.dataverse).chain([TENANT_VALUE])
}

/// Which row it is, and whose. A row without a tenant is the organisation's first tenant's.
pub(crate) fn identity(kind: &Kind, row: &Json, first: TenantId) -> Option<(TenantId, Uuid)> {
    let id = |column: &str| row.get(column)?.as_str()?.parse::<Uuid>().ok();
    let tenant = id(TENANT_VALUE).map_or(first, TenantId);
    Some((tenant, id(kind.destination.primary_key)?))
}

/// A row, and whose it is there.
pub(crate) struct Found {
    pub(crate) tenant: TenantId,
    pub(crate) row: Json,
}

/// The columns in which a row is not what the tenant's record says.
pub(crate) fn differences(
    kind: &Kind,
    tenant: TenantId,
    record: &Record,
    found: &Found,
) -> Vec<&'static str> {
    let there = |column: &str| found.row.get(column).unwrap_or(&Json::Null);
    kind.fields
        .iter()
        .zip(&record.values)
        .filter(|(field, value)| !says(field.shape, value, there(field.dataverse)))
        .map(|(field, _)| field.dataverse)
        .chain((found.tenant != tenant).then_some(TENANT_VALUE))
        .collect()
}

fn says(shape: Shape, value: &Value, there: &Json) -> bool {
    match (value, shape) {
        (Value::Nothing, _) => there.is_null(),
        (Value::Text(text), _) => there.as_str() == Some(text),
        (Value::Decimal(number), Shape::Decimal { scale, .. }) => {
            there.is_number() && decimal::parse(&there.to_string(), scale) == Some(*number)
        }
        (Value::Whole(number) | Value::Decimal(number), _) => there.as_i64() == Some(*number),
        (Value::Time(at), _) => {
            there.as_str().and_then(Timestamp::parse).is_some_and(|read| same_second(*at, read))
        }
    }
}

/// Dataverse keeps whole seconds.
fn same_second(ours: Timestamp, theirs: Timestamp) -> bool {
    ours == theirs || ours.micros().div_euclid(SECOND) == theirs.micros().div_euclid(SECOND)
}

#[cfg(test)]
mod tests {
    use model::record::{campaign_run::CAMPAIGN_RUN, parse};

    use super::*;

    fn record() -> Record {
        let json = r#"{"campaignId":"c","runId":"r","phase":"1","agentsTotal":195,"agentsSuccessful":190,
            "costUSD":"99999.00001","latencyP95Ms":7,"createdAt":"2026-11-21T09:30:00.123456Z"}"#;
        parse(&CAMPAIGN_RUN, json, Timestamp::from_micros(1_795_500_000_000_000)).unwrap()
    }

    #[test]
    fn a_row_holds_exact_digits_and_the_lookup() {
        let row = of(&CAMPAIGN_RUN, TenantId::FIRST, &record());
        assert_eq!(row["apex_costusd"].to_string(), "99999.00001");
        assert_eq!(row["apex_successrate"].to_string(), "97.44");
        assert_eq!(row["apex_createdat"], "2026-11-21T09:30:00.123456Z");
        assert_eq!(row["apex_latencyavgms"], Json::Null);
        assert_eq!(row["apex_name"], "c · r · 1");
        assert_eq!(row["apex_tenantid@odata.bind"], "/apex_tenants(00000000-0000-7000-8000-000000000001)");
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut Found), expect: &[&str]) {
        let row = of(&CAMPAIGN_RUN, TenantId::FIRST, &record());
        let mut found = Found { tenant: TenantId::FIRST, row };
        change(&mut found);
        assert_eq!(differences(&CAMPAIGN_RUN, TenantId::FIRST, &record(), &found), expect);
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
        let fields = CAMPAIGN_RUN.fields.iter().zip(&record.values);
        fields.filter(|(_, value)| **value != Value::Nothing).map(|(field, _)| field.dataverse).collect()
    }
}
