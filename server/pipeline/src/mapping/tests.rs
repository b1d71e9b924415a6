//! Every way to keep a field in Dataverse, there and back, on a kind that has them all.

use ledger::RowSighting;
use model::{
    identity,
    record::{
        CAMPAIGNS, Destination, Field, FieldType, Identity, JsonRoot, Kind, Need, PersonalData, Pointer,
        Policy, Record, Remote, Rules, parse,
    },
    tenant::TenantId,
    time::Timestamp,
};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::*;
use crate::{
    decode_row::decode,
    encode_row::{self, EncodedRow},
    lookup_rows::LookupRows,
    standard_names::TENANT_VALUE,
};

const T: TenantId = TenantId::FIRST;
const NOW: Timestamp = Timestamp::from_micros(1_795_500_000_000_000);
const PAYLOAD: usize = 4;
const JSON: FieldType =
    FieldType::Json { root: JsonRoot::Object, max_bytes: 1_000, personal_data: PersonalData::Refused };
const NOTE: FieldType = FieldType::LongText { max_chars: 100, personal_data: PersonalData::Refused };

static FIELDS: &[Field] = &[
    Field::new("severity", "severity", "Severity", FieldType::Choice(&["info", "error"]))
        .dataverse("x_severity"),
    Field::text("campaignId", "campaign_id", "Campaign", 64)
        .need(Need::Optional)
        .remote(Remote::Lookup("x_campaignid")),
    Field::new("isTest", "is_test", "Test", FieldType::Flag).need(Need::DefaultZero).dataverse("x_istest"),
    Field::new("trace", "trace", "Trace", FieldType::Uuid).need(Need::Optional).dataverse("x_trace"),
    Field::new("payload", "payload", "Payload", JSON).need(Need::Optional).dataverse("x_payload"),
    Field::count("durationMs", "duration_ms", "Duration")
        .need(Need::Optional)
        .remote(Remote::Inside(PAYLOAD)),
    Field::new("note", "note", "Note", NOTE).need(Need::Optional).dataverse("x_note"),
    Field::text("here", "here", "Here", 10).need(Need::Optional),
    Field::new("at", "at", "At", FieldType::Time).dataverse("x_at"),
];

static KINDS: Kinds = Kinds::new(&[&EVENT]);
static EVENT: Kind = Kind {
    name: "event",
    noun: "event",
    table: "events",
    fields: FIELDS,
    identity: Identity::Fresh,
    time: 8,
    pointers: &[Pointer { field: 1, target: &CAMPAIGNS, name: None }],
    rules: Rules::NONE,
    title: |_| "An event".to_owned(),
    delivery: Some(Destination {
        logical_name: "x_event",
        entity_set: "x_events",
        primary_key: "x_eventid",
        display_name: "Event",
        policy: Policy::Every,
    }),
    retention: None,
    api: None,
    measures: &[],
    sketches: &[],
    dimensions: &[],
    pairs: &[],
};

fn table() -> TableMapping {
    Mapping::standard(KINDS).of(&EVENT).unwrap().clone()
}

fn event(more: &str) -> Record {
    let json = format!(r#"{{"severity":"error","at":"2026-11-21T09:30:00Z"{more}}}"#);
    parse(&EVENT, &json, NOW).unwrap()
}

fn campaign() -> Uuid {
    identity::natural_id(T, "campaign", &["c1"])
}

fn lookups() -> LookupRows {
    let lookups = LookupRows::default();
    lookups.stands(campaign(), "c1");
    lookups
}

/// The row as it is read: what is bound when it is written has a value then.
fn as_read(record: &Record) -> Json {
    let mut row = encode_row::row(&table(), T, record, &lookups());
    let members = row.as_object_mut().unwrap();
    members.retain(|name, _| !name.contains('@'));
    members.insert("x_eventid".to_owned(), Uuid::from_u128(9).to_string().into());
    members.insert(TENANT_VALUE.to_owned(), T.to_string().into());
    if record.values()[1].text() == "c1" {
        members.insert("_x_campaignid_value".to_owned(), campaign().to_string().into());
    }
    row
}

fn seen(row: &Json) -> RowSighting {
    decode(&table(), row, &lookups().codes(), T, NOW).unwrap().seen
}

#[test]
fn each_type_is_encoded() {
    let event = event(
        r#","campaignId":"c1","isTest":true,"payload":{"a":1},"durationMs":7,"note":"one\ntwo","here":"x""#,
    );
    let row = encode_row::row(&table(), T, &event, &lookups());
    assert_eq!((&row["x_severity"], &row["x_istest"]), (&json!(FIRST_CHOICE + 1), &json!(true)));
    assert_eq!(row["x_campaignid@odata.bind"], format!("/apex_campaigns({})", campaign()));
    assert_eq!(
        (&row["x_payload"], &row["x_note"]),
        (&json!(r#"{"a":1,"durationMs":7}"#), &json!("one\ntwo"))
    );
    assert!(row.as_object().unwrap().keys().all(|name| name != "here" && name != "durationMs"));
}

#[test]
fn what_is_written_is_read_back() {
    for more in [
        "",
        r#","campaignId":"c1","trace":"e6963b74-7ff1-5584-a42e-b887407b7717","isTest":true"#,
        r#","payload":{"b":[1,{"c":null}],"a":0.5},"durationMs":0,"note":" two\nlines ""#,
        r#","durationMs":5"#,
        r#","payload":{"a":1}"#,
        r#","payload":{}"#,
    ] {
        let event = event(more);
        let found = EncodedRow { tenant: T, row: as_read(&event) };
        assert_eq!(seen(&found.row), RowSighting::Row(Box::new(event.clone())), "{more}");
        assert_eq!(
            encode_row::differences(&table(), T, &event, &found, &(&lookups(), &lookups().codes())),
            Vec::<String>::new(),
            "{more}"
        );
    }
}

#[test]
fn what_others_wrote_is_seen_or_refused() {
    let ours = event(r#","campaignId":"c1","payload":{"a":1},"durationMs":7"#);
    let other = Uuid::from_u128(5);
    for (column, value) in [
        ("x_severity", json!(FIRST_CHOICE)),
        ("_x_campaignid_value", json!(other)),
        ("x_payload", json!(r#"{"a":1,"durationMs":8}"#)),
        ("x_istest", json!(true)),
    ] {
        let mut row = as_read(&ours);
        row[column] = value;
        let RowSighting::Row(theirs) = seen(&row) else { panic!("{column}: {row}") };
        assert!(!theirs.says_the_same(&ours), "{column}");
        let found = EncodedRow { tenant: T, row };
        assert_eq!(
            encode_row::differences(&table(), T, &ours, &found, &(&lookups(), &lookups().codes())),
            [column]
        );
    }
    let mut row = as_read(&ours);
    row["x_severity"] = json!(7);
    let RowSighting::Refused { reason, .. } = seen(&row) else { panic!("{row}") };
    assert!(reason.starts_with("x_severity must be one of info, error"), "{reason}");
}
