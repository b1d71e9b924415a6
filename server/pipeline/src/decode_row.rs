//! A row of Dataverse as the mirror sees it: a record, read as strictly as at the door, or the reason why it is none.

use std::borrow::Cow;

use ledger::{MirroredRow, RowSighting};
use model::{
    privacy::personal_data,
    record::{Draft, FieldFault, FieldType, Given, Need, Record},
    tenant::TenantId,
    time::Timestamp,
};
use serde_json::{Map, Value as Json};

use crate::{
    encode_row,
    lookup_rows::Codes,
    mapping::{ColumnMapping, TableMapping},
};

/// When Dataverse made the row: the time of a record that has none of its own.
pub(crate) const CREATED: &str = "createdon";
/// When it was written last, by the clock there.
const MODIFIED: &str = "modifiedon";

/// The columns that a record is read from.
pub(crate) fn columns(table: &TableMapping) -> Vec<&str> {
    let mut columns = encode_row::columns(table);
    columns.extend([CREATED, MODIFIED]);
    columns
}

/// What the row says, and whose it is; nothing where it has no id.
pub(crate) fn decode(
    table: &TableMapping,
    row: &Json,
    codes: &Codes,
    first: TenantId,
    now: Timestamp,
) -> Option<MirroredRow> {
    let (tenant, dataverse_id) = encode_row::identity(table, row, first)?;
    let is_own = |record: &Record| record.own_id(tenant) == Some(dataverse_id);
    let seen = match record(table, row, codes, now, is_own) {
        Ok(record) => RowSighting::Row(Box::new(record)),
        Err(reason) => refused(reason, row),
    };
    let modified_at = row.get(MODIFIED).and_then(Json::as_str).and_then(Timestamp::parse);
    Some(MirroredRow { tenant, dataverse_id, seen, stands: false, modified_at, is_whole: false })
}

/// A row that is not taken, with what it says as far as that may be shown.
pub(crate) fn refused(reason: String, row: &Json) -> RowSighting {
    RowSighting::Refused { reason, content: shown(row) }
}

/// A row under the id that we alone give to it is one of ours come back: it kept to the rules of the day on which it was
/// taken in, and those of today may be more.
fn record(
    table: &TableMapping,
    row: &Json,
    codes: &Codes,
    now: Timestamp,
    is_own: impl Fn(&Record) -> bool,
) -> Result<Record, String> {
    let own = || draft(table, row, codes).accept_again(now).ok().filter(is_own);
    let accepted = draft(table, row, codes).accept(now);
    let record = accepted.or_else(|faults| own().ok_or_else(|| sentence(table, &faults)))?;
    Ok(if has_own_time(table, row) { record } else { record.without_own_time() })
}

fn draft<'a>(table: &'a TableMapping, row: &'a Json, codes: &'a Codes) -> Draft<'a> {
    let mut draft = Draft::new(table.kind);
    for (at, field) in table.kind.fields.iter().enumerate().filter(|(_, field)| field.need != Need::Derived) {
        let there = table.columns[at].as_ref().and_then(|column| given(table, row, codes, at, column));
        let made = || cell(row, CREATED).map(Given::from).filter(|_| field.need == Need::DefaultNow);
        if let Some(given) = there.or_else(made) {
            draft.set(at, given);
        }
    }
    draft
}

/// What the row gives for the field at this position.
fn given<'a>(
    table: &TableMapping,
    row: &'a Json,
    codes: &'a Codes,
    at: usize,
    column: &ColumnMapping,
) -> Option<Given<'a>> {
    match column {
        ColumnMapping::Plain(column) if matches!(table.kind.fields[at].ty, FieldType::Json { .. }) => {
            let text = cell(row, column)?.as_str()?;
            Some(Given::Json(Cow::Owned(own_part(table, text, at)?)))
        }
        ColumnMapping::Plain(column) => cell(row, column).map(Given::from),
        ColumnMapping::Choice { column, numbers } => {
            let FieldType::Choice(labels) = table.kind.fields[at].ty else { return None };
            let number = cell(row, column)?.as_i64();
            let place = numbers.iter().position(|known| Some(i64::from(*known)) == number);
            // A number without a label of ours is none of them.
            Some(Given::Text(Cow::Borrowed(place.map_or("", |place| labels[place]))))
        }
        ColumnMapping::Lookup { value, .. } => {
            let id = cell(row, value)?.as_str()?.parse().ok()?;
            // A row that has no code is called by its id.
            Some(Given::Text(codes.get(&id).map_or_else(|| Cow::Owned(id.to_string()), Cow::from)))
        }
        ColumnMapping::Inside(json) => {
            let Some(ColumnMapping::Plain(column)) = &table.columns[*json] else { return None };
            let members: Json = serde_json::from_str(cell(row, column)?.as_str()?).ok()?;
            Some(Given::from(members.get(table.kind.fields[at].json)?).into_owned())
        }
    }
}

/// The JSON of a field without the fields that are kept inside it; none where nothing is left of it.
fn own_part(table: &TableMapping, text: &str, at: usize) -> Option<String> {
    let Ok(Json::Object(mut members)) = serde_json::from_str(text) else { return Some(text.to_owned()) };
    let before = members.len();
    for (field, column) in table.kind.fields.iter().zip(&table.columns) {
        if column == &Some(ColumnMapping::Inside(at)) {
            members.remove(field.json);
        }
    }
    (before == 0 || !members.is_empty()).then(|| Json::Object(members).to_string())
}

fn cell<'a>(row: &'a Json, column: &str) -> Option<&'a Json> {
    row.get(column).filter(|value| !value.is_null())
}

/// Whether the row says when the record happened; otherwise the time when the row was made stands in for it.
fn has_own_time(table: &TableMapping, row: &Json) -> bool {
    table.name_of(table.kind.time).is_some_and(|column| cell(row, column).is_some())
}

/// In the words of Dataverse's columns, since that is where it can be put right.
fn sentence(table: &TableMapping, faults: &[FieldFault]) -> String {
    let column = |fault: &FieldFault| {
        let at = table.kind.field(&fault.field).map(|(at, _)| at);
        at.and_then(|at| table.name_of(at)).unwrap_or(&fault.field).to_owned()
    };
    let faults: Vec<String> =
        faults.iter().map(|fault| format!("{} {}", column(fault), fault.message)).collect();
    faults.join("; ")
}

/// The row without annotations, and without anything that looks like personal data.
fn shown(row: &Json) -> String {
    let members = row.as_object().into_iter().flatten().filter(|(column, _)| !column.contains('@'));
    let shown = members.map(|(column, value)| {
        let secret = value.as_str().and_then(personal_data);
        (column.clone(), secret.map_or_else(|| value.clone(), |what| format!("({what}, not kept)").into()))
    });
    Json::Object(shown.collect::<Map<_, _>>()).to_string()
}

#[cfg(test)]
mod tests {
    use model::{
        identity,
        record::{
            FieldType, KINDS, Value,
            campaign_run::{CAMPAIGN_RUN, Run},
        },
        time::SECOND,
    };
    use proptest::prelude::*;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::{Mapping, lookup_rows::LookupRows};

    const NOW: Timestamp = Timestamp::from_micros(1_795_500_000_000_000);

    fn table() -> TableMapping {
        Mapping::standard(KINDS).of(&CAMPAIGN_RUN).unwrap().clone()
    }

    fn see(row: &Json) -> MirroredRow {
        decode(&table(), row, &Codes::new(), TenantId::FIRST, NOW).unwrap()
    }

    fn row() -> Json {
        json!({
            "@odata.etag": "W/\"1\"", "apex_campaignmetricsid": "00000000-0000-0000-0000-000000000007",
            "apex_campaignid": "c", "apex_runid": "r", "apex_phase": "1", "apex_agentstotal": 4,
            "apex_agentssuccessful": 3, "apex_costusd": 0.3, "apex_successrate": 12.0, "apex_tokensin": null,
            "apex_createdat": null, "createdon": "2026-11-20T10:00:00Z", "_apex_tenantid_value": null,
        })
    }

    #[test]
    fn foreign_rows_become_records() {
        let seen = see(&row());
        assert_eq!((seen.tenant, seen.dataverse_id), (TenantId::FIRST, Uuid::from_u128(7)));
        let RowSighting::Row(record) = seen.seen else { panic!("{seen:?}") };
        let run = Run::of(&record).unwrap();
        assert_eq!((run.cost_e5(), run.success_rate_bp(), run.tokens_in()), (30_000, Some(7_500), 0));
        assert_eq!(
            (run.created_at().to_string().as_str(), record.has_own_time()),
            ("2026-11-20T10:00:00Z", false)
        );
    }

    #[test]
    fn broken_rules_name_the_column() {
        let mut row = row();
        row["apex_runid"] = Json::Null;
        row["apex_phase"] = "ann@example.com".into();
        let RowSighting::Refused { reason, content } = see(&row).seen else { panic!("taken: {row}") };
        assert!(reason.starts_with("apex_runid is required; apex_phase looks like"), "{reason}");
        assert!(!content.contains("example.com") && content.contains("an e-mail address"), "{content}");
        assert!(!content.contains("etag"), "{content}");
    }

    #[test]
    fn our_old_records_come_back_unchanged() {
        for phase in ["2\u{202e}3", "ann@example.com.", "a +491701234567"] {
            let mut row = row();
            row["apex_phase"] = phase.into();
            assert!(matches!(see(&row).seen, RowSighting::Refused { .. }), "{phase} of another program");
            let id = identity::natural_id(TenantId::FIRST, CAMPAIGN_RUN.name, &["c", "r", phase]);
            row["apex_campaignmetricsid"] = id.to_string().into();
            let RowSighting::Row(record) = see(&row).seen else { panic!("{phase} of ours is refused") };
            assert_eq!(Run::of(&record).unwrap().phase(), phase);
        }
    }

    fn value(ty: FieldType) -> BoxedStrategy<Value> {
        match ty {
            FieldType::Text { max_chars } => {
                let text = proptest::string::string_regex(&format!("[a-zé]{{1,{max_chars}}}")).unwrap();
                text.prop_map(Value::Text).boxed()
            }
            FieldType::Decimal { min, max, .. } => (min..=max).prop_map(Value::Integer).boxed(),
            FieldType::Time => (0_i64..800_000_000)
                .prop_map(|at| Value::Integer(Timestamp::EARLIEST.plus(at * SECOND).micros()))
                .boxed(),
            _ => (5_i64..2_000_000_000).prop_map(Value::Integer).boxed(),
        }
    }

    fn record() -> impl Strategy<Value = Record> {
        let values: Vec<BoxedStrategy<Value>> =
            CAMPAIGN_RUN.fields.iter().map(|field| value(field.ty)).collect();
        values.prop_map(|mut values| {
            values[4] = Value::Integer(5);
            (CAMPAIGN_RUN.rules.derive)(&mut values);
            Record::kept(&CAMPAIGN_RUN, values, vec![None])
        })
    }

    proptest! {
        #[test]
        fn what_the_relay_writes_the_mirror_reads(record in record()) {
            let mut row = encode_row::row(&table(), TenantId::FIRST, &record, &LookupRows::default());
            row["apex_campaignmetricsid"] = Uuid::from_u128(9).to_string().into();
            prop_assert_eq!(see(&row).seen, RowSighting::Row(Box::new(record)));
        }
    }
}
