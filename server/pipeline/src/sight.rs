//! A row of Dataverse as the mirror sees it: a record, read as strictly as at the door, or the reason why it is none.

use ledger::{Reflection, Seen};
use model::{
    privacy::personal_data,
    record::{FieldFault, Kind, Need, Record, parse, parse_again},
    tenant::TenantId,
    time::Timestamp,
};
use serde_json::{Map, Value as Json};

use crate::row;

/// When Dataverse made the row: the time of a record that has none of its own.
const CREATED: &str = "createdon";
/// When it was written last, by the clock there.
const MODIFIED: &str = "modifiedon";

/// The columns that a record is read from.
pub(crate) fn columns(kind: &Kind) -> Vec<&'static str> {
    row::columns(kind).chain([CREATED, MODIFIED]).collect()
}

/// What the row says, and whose it is; nothing where it has no id.
pub(crate) fn of(kind: &Kind, row: &Json, first: TenantId, now: Timestamp) -> Option<Reflection> {
    let (tenant, dataverse_id) = row::identity(kind, row, first)?;
    let is_own = |record: &Record| !kind.natural_key.is_empty() && record.id(kind, tenant) == dataverse_id;
    let seen = match record(kind, row, now, is_own) {
        Ok(record) => Seen::Row(Box::new(record)),
        Err(reason) => refused(reason, row),
    };
    let modified_at = row.get(MODIFIED).and_then(Json::as_str).and_then(Timestamp::parse);
    Some(Reflection { tenant, dataverse_id, seen, stands: false, modified_at, is_whole: false })
}

/// A row that is not taken, with what it says as far as that may be shown.
pub(crate) fn refused(reason: String, row: &Json) -> Seen {
    Seen::Refused { reason, content: shown(row) }
}

/// A row under the id that we alone give to it is one of ours come back: it kept to the rules of the day on which it was
/// taken in, and those of today may be more.
fn record(
    kind: &Kind,
    row: &Json,
    now: Timestamp,
    is_own: impl Fn(&Record) -> bool,
) -> Result<Record, String> {
    let mut untimed = false;
    let said = kind.fields.iter().filter(|field| field.need != Need::Derived).filter_map(|field| {
        let there = row.get(field.dataverse).filter(|value| !value.is_null());
        let made = || {
            untimed |= field.need == Need::Arrival;
            row.get(CREATED).filter(|_| field.need == Need::Arrival)
        };
        there.or_else(made).map(|value| (field.json.to_owned(), value.clone()))
    });
    let said = Json::Object(said.collect()).to_string();
    let own = || parse_again(kind, &said, now).ok().filter(is_own);
    let mut record =
        parse(kind, &said, now).or_else(|faults| own().ok_or_else(|| sentence(kind, &faults)))?;
    record.timed &= !untimed;
    Ok(record)
}

/// In the words of Dataverse's columns, since that is where it can be put right.
fn sentence(kind: &Kind, faults: &[FieldFault]) -> String {
    let column = |fault: &FieldFault| {
        let field = kind.fields.iter().find(|field| field.json == fault.field);
        field.map_or_else(|| fault.field.clone(), |field| field.dataverse.to_owned())
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
            Shape, Value,
            campaign_run::{CAMPAIGN_RUN, Run},
        },
        time::SECOND,
    };
    use proptest::prelude::*;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_795_500_000_000_000);

    fn see(row: &Json) -> Reflection {
        of(&CAMPAIGN_RUN, row, TenantId::FIRST, NOW).unwrap()
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
    fn a_row_of_somebody_else_becomes_a_record() {
        let seen = see(&row());
        assert_eq!((seen.tenant, seen.dataverse_id), (TenantId::FIRST, Uuid::from_u128(7)));
        let Seen::Row(record) = seen.seen else { panic!("{seen:?}") };
        let run = Run(&record);
        assert_eq!((run.cost_e5(), run.success_rate_bp(), run.tokens_in()), (30_000, Some(7_500), 0));
        assert_eq!((run.created_at().to_string().as_str(), record.timed), ("2026-11-20T10:00:00Z", false));
    }

    #[test]
    fn what_breaks_a_rule_is_refused_by_the_column_and_personal_data_is_not_repeated() {
        let mut row = row();
        row["apex_runid"] = Json::Null;
        row["apex_phase"] = "ann@example.com".into();
        let Seen::Refused { reason, content } = see(&row).seen else { panic!("taken: {row}") };
        assert!(reason.starts_with("apex_runid is required; apex_phase looks like"), "{reason}");
        assert!(!content.contains("example.com") && content.contains("an e-mail address"), "{content}");
        assert!(!content.contains("etag"), "{content}");
    }

    #[test]
    fn a_record_of_ours_that_breaks_a_newer_rule_comes_back_as_it_is() {
        for phase in ["2\u{202e}3", "ann@example.com.", "a +491701234567"] {
            let mut row = row();
            row["apex_phase"] = phase.into();
            assert!(matches!(see(&row).seen, Seen::Refused { .. }), "{phase} of somebody else");
            let id = identity::natural_id(TenantId::FIRST, CAMPAIGN_RUN.name, &["c", "r", phase]);
            row["apex_campaignmetricsid"] = id.to_string().into();
            let Seen::Row(record) = see(&row).seen else { panic!("{phase} of ours is refused") };
            assert_eq!(Run(&record).phase(), phase);
        }
    }

    fn value(shape: Shape) -> BoxedStrategy<Value> {
        match shape {
            Shape::Text { max_chars } => proptest::string::string_regex(&format!("[a-zé]{{1,{max_chars}}}"))
                .unwrap()
                .prop_map(Value::Text)
                .boxed(),
            Shape::Whole { .. } => (5_i64..2_000_000_000).prop_map(Value::Whole).boxed(),
            Shape::Decimal { max, .. } => (0..=max).prop_map(Value::Decimal).boxed(),
            Shape::Time => (0_i64..1_700_000_000)
                .prop_map(|at| Value::Time(Timestamp::EARLIEST.plus(at % 800_000_000 * SECOND)))
                .boxed(),
        }
    }

    fn record() -> impl Strategy<Value = Record> {
        let values: Vec<BoxedStrategy<Value>> =
            CAMPAIGN_RUN.fields.iter().map(|field| value(field.shape)).collect();
        values.prop_map(|mut values| {
            values[4] = Value::Whole(5);
            (CAMPAIGN_RUN.derive)(&mut values);
            Record { values, name: None, timed: true }
        })
    }

    proptest! {
        #[test]
        fn what_the_relay_writes_the_mirror_reads(record in record()) {
            let mut row = row::of(&CAMPAIGN_RUN, TenantId::FIRST, &record);
            row["apex_campaignmetricsid"] = Uuid::from_u128(9).to_string().into();
            prop_assert_eq!(see(&row).seen, Seen::Row(Box::new(record)));
        }
    }
}
