//! Each type's rule, on a kind that has them all.

use proptest::prelude::*;

use super::super::{
    Draft, Field, FieldFault, Identity, Kind, Record, Rules, Storage, field::fields, field_json, parse,
};
use super::*;
use crate::tenant::TenantId;

const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

fields! { FIELDS:
    NOTE = Field::new("note", "note", "Note", FieldType::LongText {
        max_chars: 40, personal_data: PersonalData::Refused,
    }).need(Need::Optional),
    CHAT = Field::new("chat", "chat", "Chat", FieldType::LongText {
        max_chars: 40, personal_data: PersonalData::Allowed,
    }).need(Need::Optional),
    DELTA = Field::new("delta", "delta", "Delta", FieldType::Whole { min: -5, max: 5 }).need(Need::Optional),
    RATIO = Field::new("ratio", "ratio", "Ratio", FieldType::Decimal { scale: 2, min: -150, max: 150 })
        .need(Need::Optional),
    REFERENCE = Field::new("reference", "reference", "Reference", FieldType::Uuid).need(Need::Optional),
    COLOUR = Field::new("colour", "colour", "Colour", FieldType::Choice(&["red", "green"])).need(Need::Optional),
    IS_ON = Field::new("isOn", "is_on", "On", FieldType::Flag).need(Need::DefaultZero),
    PAYLOAD = Field::new("payload", "payload", "Payload", FieldType::Json {
        root: JsonRoot::Object, max_bytes: 40, personal_data: PersonalData::Refused,
    }).need(Need::Optional),
    ITEMS = Field::new("items", "items", "Items", FieldType::Json {
        root: JsonRoot::Array, max_bytes: 40, personal_data: PersonalData::Allowed,
    }).need(Need::Optional),
    AT = Field::new("at", "at", "At", FieldType::Time),
}

static THING: Kind = Kind {
    name: "thing",
    noun: "thing",
    table: "things",
    fields: FIELDS,
    identity: Identity::Given("thingId"),
    time: AT,
    pointers: &[],
    rules: Rules::NONE,
    title: |_| String::new(),
    delivery: None,
    retention: None,
    api: None,
    measures: &[DELTA],
    sketches: &[],
    dimensions: &[COLOUR],
    pairs: &[],
};

fn thing(name: &str, value: &str) -> Result<Record, Vec<FieldFault>> {
    parse(&THING, &format!(r#"{{"at":"2026-11-18T09:30:00Z","{name}":{value}}}"#), NOW)
}

#[track_caller]
fn check(name: &str, value: &str, expect: Result<(), &str>) {
    match (thing(name, value), expect) {
        (Ok(_), Ok(())) => {}
        (Err(faults), Err(part)) => {
            assert_eq!(faults.len(), 1, "{name}={value}: {faults:?}");
            assert!(faults[0].message.contains(part), "{name}={value}: {:?} lacks {part:?}", faults[0]);
        }
        (got, _) => panic!("{name}={value}: {got:?}, expected {expect:?}"),
    }
}

#[test]
fn long_texts_have_their_own_rules() {
    check("note", r#"" at main.rs:7\n\tat lib.rs:9 ""#, Ok(()));
    check("note", r#""\u200fשלום""#, Ok(()));
    check("note", r#""a\u0000""#, Err("control character"));
    check("note", r#""""#, Err("this one has 0"));
    check("note", r#""ann@example.com said so""#, Err("e-mail"));
    check("chat", r#""ann@example.com said so""#, Ok(()));
    check("chat", &format!("\"{}\"", "x".repeat(41)), Err("1 to 40"));
}

#[test]
fn numbers_have_both_bounds() {
    check("delta", "-5", Ok(()));
    check("delta", "-6", Err("from -5 to 5"));
    check("ratio", "\"-1.5\"", Ok(()));
    check("ratio", "-1.505", Ok(()));
    check("ratio", "-1.51", Err("from -1.50 to 1.50"));
}

#[test]
fn uuids_choices_and_flags_are_read() {
    check("reference", r#""e6963b74-7ff1-5584-a42e-b887407b7717""#, Ok(()));
    check("reference", r#""e6963b747ff15584a42eb887407b7717""#, Err("written otherwise"));
    check("reference", r#""00000000-0000-0000-0000-000000000000""#, Err("no digit but 0"));
    check("colour", r#""red""#, Ok(()));
    check("colour", r#""Red""#, Err("one of red, green; this one is none of them"));
    check("colour", "1", Err("this is a number"));
    check("isOn", "true", Ok(()));
    check("isOn", "1", Err("must be true or false; this is a number"));
}

#[test]
fn json_is_bounded_without_personal_data() {
    check("payload", r#"{"a":[1,{"b":null}]}"#, Ok(()));
    check("payload", "[]", Err("must be an object of at most 40 bytes; this is an array"));
    check("payload", "7", Err("this is a number"));
    check("payload", &format!("{{\"a\":\"{}\"}}", "x".repeat(40)), Err("this one has 48"));
    check("payload", r#"{"to":{"mail":"ann@example.com"}}"#, Err("holds an e-mail address"));
    check("payload", r#"{"ann@example.com":1}"#, Err("holds an e-mail address"));
    check("payload", r#"{"a":"\u0000"}"#, Err("U+0000"));
    check("items", r#"["ann@example.com"]"#, Ok(()));
}

#[test]
fn equal_json_reads_equal() {
    let one = thing("payload", r#"{ "b": 1.50, "a": [ ] }"#).unwrap();
    let two = thing("payload", r#"{"a":[],"b":1.5}"#).unwrap();
    assert!(one.says_the_same(&two));
    assert_eq!(one.values()[PAYLOAD].text(), r#"{"a":[],"b":1.5}"#);
}

#[test]
fn senders_may_give_the_id() {
    let other = TenantId(Uuid::from_u128(2));
    let id = "e6963b74-7ff1-5584-a42e-b887407b7717";
    let given = thing("thingId", &format!("\"{id}\"")).unwrap();
    assert_eq!(given.own_id(TenantId::FIRST).unwrap().to_string(), id);
    assert_ne!(given.own_id(other), given.own_id(TenantId::FIRST), "two tenants, two records");
    assert_eq!(thing("isOn", "true").unwrap().own_id(TenantId::FIRST), None);
    check("thingId", "7", Err("must be a UUID"));
    check("thing_id", "7", Err("did you mean thingId?"));
}

#[test]
fn typed_sources_need_no_text_in_between() {
    let mut draft = Draft::new(&THING);
    draft.give("at", Given::Time(NOW));
    draft.give("delta", Given::Whole(-3));
    draft.give("ratio", Given::Whole(1));
    draft.give("reference", Given::Uuid(Uuid::from_u128(9)));
    let record = draft.accept(NOW).unwrap();
    let numbers = [AT, DELTA, RATIO, IS_ON].map(|at| record.values()[at].number());
    assert_eq!(numbers, [Some(NOW.micros()), Some(-3), Some(100), Some(0)]);
    assert_eq!(record.values()[REFERENCE].uuid(), Some(Uuid::from_u128(9)));
    assert_eq!(
        (record.values()[NOTE].clone(), record.values()[CHAT].clone()),
        (Value::Nothing, Value::Nothing)
    );
    assert_eq!(
        (record.values()[COLOUR].clone(), record.values()[ITEMS].clone()),
        (Value::Nothing, Value::Nothing)
    );
}

#[test]
fn a_required_time_is_the_records_own() {
    assert_eq!(thing("isOn", "true").unwrap().time().to_string(), "2026-11-18T09:30:00Z");
    let faults = parse(&THING, "{}", NOW).unwrap_err();
    assert_eq!((faults[0].field.as_str(), faults[0].message.as_str()), ("at", "is required"));
}

proptest! {
    #[test]
    fn every_type_survives_being_sent_again(
        note in "[a-zé \n]{1,40}", delta in -5_i64..=5, ratio in -150_i64..=150, id in 1_u128.., colour in 0..2_usize,
        is_on: bool, key in "[a-z]{1,5}", number: i32,
    ) {
        let mut draft = Draft::new(&THING);
        draft.give("at", Given::Time(NOW));
        draft.give("note", Given::Text(Cow::Owned(note)));
        draft.give("delta", Given::Whole(delta));
        draft.give("ratio", Given::Text(Cow::Owned(decimal::format(ratio, 2))));
        draft.give("reference", Given::Uuid(Uuid::from_u128(id)));
        draft.give("colour", Given::Text(Cow::Borrowed(["red", "green"][colour])));
        draft.give("isOn", Given::Flag(is_on));
        draft.give("payload", Given::Json(Cow::Owned(serde_json::json!({ key: number }).to_string())));
        let first = draft.accept(NOW).unwrap();
        for (field, value) in first.fields() {
            let kept = match value {
                Value::Nothing => field.need == Need::Optional,
                Value::Text(_) => field.ty.storage() == Storage::Text,
                Value::Integer(_) => field.ty.storage() == Storage::Integer,
                Value::Uuid(_) => field.ty.storage() == Storage::Uuid,
            };
            prop_assert!(kept, "{}: {value:?}", field.json);
        }
        let mut shown: serde_json::Map<_, _> =
            first.fields().map(|(field, value)| (field.json.to_owned(), field_json(field, value))).collect();
        shown.retain(|_, value| !value.is_null());
        let again = parse(&THING, &serde_json::Value::Object(shown).to_string(), NOW).unwrap();
        prop_assert!(again.says_the_same(&first));
    }
}

#[test]
fn content_stands_in_for_an_id() {
    let id = |value: &str| thing("delta", value).unwrap().known_by_content().own_id(TenantId::FIRST);
    assert!(id("1").is_some() && id("1") == id("1") && id("1") != id("2"));
    let given = r#"{"at":"2026-11-18T09:30:00Z","thingId":"0a000000-0000-4000-8000-00000000000b"}"#;
    let given = parse(&THING, given, NOW).unwrap();
    assert_eq!(given.clone().known_by_content(), given, "the sender's own stays");
    let timeless = |value: &str| thing("delta", value).unwrap().without_own_time().known_by_content();
    assert_eq!(timeless("1").own_id(TenantId::FIRST), timeless("1").own_id(TenantId::FIRST));
    assert_ne!(timeless("1").own_id(TenantId::FIRST), id("1"));
}
