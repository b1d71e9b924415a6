//! What is written is read again as it was, whatever a record says and whichever types its fields have.

#[path = "../../ledger/tests/suite/specimen.rs"]
mod specimen;

use std::io::Cursor;

use model::{
    record::{Draft, FieldType, Given, Identity, JsonRoot, KINDS, Record},
    time::{DAY, Timestamp},
};
use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::select,
    strategy::{BoxedStrategy, Strategy},
};
use uuid::Uuid;

use super::*;
use crate::commands::import::{
    ColumnMap, ColumnWishes, CsvRows, FileRows, MemberReader, RowReader, TextLines,
};

const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

/// Anything that a field of this type may be given.
fn given(ty: FieldType) -> BoxedStrategy<Given<'static>> {
    let text = |texts: &'static str| texts.prop_map(|text| Given::Text(text.into())).boxed();
    match ty {
        FieldType::Text { .. } => text("[!-~ä=𝄞]([ -~é,;\"]{0,10}[!-~])?"),
        FieldType::LongText { .. } => text("[ -~\r\n\t\"=é𝄞\u{200f}]{1,30}"),
        FieldType::Whole { min, max } => (min..=max).prop_map(Given::Whole).boxed(),
        FieldType::Decimal { scale, min, max } => {
            (min..=max).prop_map(move |number| Given::Number(decimal::format(number, scale).into())).boxed()
        }
        FieldType::Time => (Timestamp::EARLIEST.micros()..NOW.plus(DAY).micros())
            .prop_map(|micros| Given::Time(Timestamp::from_micros(micros)))
            .boxed(),
        FieldType::Uuid => (1..u128::MAX).prop_map(|id| Given::Uuid(Uuid::from_u128(id))).boxed(),
        FieldType::Choice(labels) => select(labels).prop_map(|label| Given::Text(label.into())).boxed(),
        FieldType::Flag => any::<bool>().prop_map(Given::Flag).boxed(),
        FieldType::Json { root, .. } => ("[ -!#-\\[\\]-~é]{0,10}", any::<i32>())
            .prop_map(move |(text, number)| {
                let json = match root {
                    JsonRoot::Object => serde_json::json!({ text: [number, null, "a\n\",;"] }),
                    JsonRoot::Array => serde_json::json!([text, { "x": number }]),
                };
                Given::Json(json.to_string().into())
            })
            .boxed(),
    }
}

fn weight(need: Need) -> f64 {
    if need == Need::Required { 0.98 } else { 0.7 }
}

/// Records of a kind, among them such as are refused: those are passed over.
fn records(kind: &'static Kind) -> impl Strategy<Value = Vec<Stored>> {
    let fields: Vec<_> =
        kind.fields.iter().map(|field| option::weighted(weight(field.need), given(field.ty))).collect();
    let names = vec(option::of(given(FieldType::Text { max_chars: 9 })), kind.pointers.len());
    let record = (fields, names, 1..u128::MAX).prop_map(move |(fields, names, id)| {
        let mut draft = Draft::new(kind);
        for (at, given) in fields.into_iter().enumerate() {
            if let Some(given) = given {
                draft.set(at, given);
            }
        }
        for (at, given) in names.into_iter().enumerate() {
            if let Some(given) = given.filter(|_| kind.pointers[at].name.is_some()) {
                draft.set_name(at, given);
            }
        }
        let record = draft.accept(NOW).ok()?;
        Some(Stored { id: Uuid::from_u128(id), revision: 1, received_at: NOW, exported_at: None, record })
    });
    vec(record, 1..20).prop_map(|records| records.into_iter().flatten().collect())
}

fn written(text: &RecordText, records: &[Stored]) -> Vec<u8> {
    let mut lines = text.head();
    records.iter().for_each(|stored| text.push(&mut lines, stored));
    lines
}

fn read(mut reader: RowReader) -> Vec<Record> {
    std::iter::from_fn(|| reader.next(NOW).unwrap()).map(|row| row.record.unwrap()).collect()
}

fn of_csv(kind: &'static Kind, text: Vec<u8>) -> Vec<Record> {
    let mut rows = CsvRows::open(Box::new(Cursor::new(text)), None).unwrap();
    let (_, header) = rows.next().unwrap().unwrap();
    let header: Vec<String> =
        header.unwrap().iter().map(|cell| String::from_utf8(cell.to_vec()).unwrap()).collect();
    let map = ColumnMap::of(kind, &header, &ColumnWishes::default()).unwrap();
    read(RowReader { kind, rows: FileRows::Csv { rows: Box::new(rows), map } })
}

fn of_json(kind: &'static Kind, text: Vec<u8>) -> Vec<Record> {
    let lines = TextLines::open(Box::new(Cursor::new(text)));
    let members = MemberReader::new(ColumnWishes::default());
    read(RowReader { kind, rows: FileRows::JsonLines { lines, members } })
}

#[track_caller]
fn same(found: &[Record], expected: &[Stored]) {
    assert_eq!(found.len(), expected.len());
    for (found, Stored { record: expected, .. }) in found.iter().zip(expected) {
        assert_eq!((found.values(), found.names()), (expected.values(), expected.names()));
    }
}

fn kinds() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().chain([&specimen::KEYED])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn records_survive_csv(
        runs in kinds().map(|kind| records(kind).prop_map(move |all| (kind, all))).collect::<Vec<_>>()
    ) {
        for (kind, records) in runs {
            same(&of_csv(kind, written(&RecordText::csv(kind, b','), &records)), &records);
        }
    }

    #[test]
    fn records_survive_json_lines(
        runs in kinds().map(|kind| records(kind).prop_map(move |all| (kind, all))).collect::<Vec<_>>()
    ) {
        for (kind, records) in runs {
            same(&of_json(kind, written(&RecordText::json_lines(kind), &records)), &records);
        }
    }
}

/// A kind of which each record bears an id of its own.
fn with_ids() -> &'static Kind {
    let Kind { fields, time, pointers, rules, title, .. } = specimen::KEYED;
    let identity = Identity::Given("eventId");
    let (name, noun, table) = ("event", "event", "events");
    Box::leak(Box::new(Kind {
        name,
        noun,
        table,
        fields,
        identity,
        time,
        pointers,
        rules,
        title,
        delivery: None,
        retention: None,
        api: None,
        measures: &[],
        sketches: &[],
        dimensions: &[],
        pairs: &[],
    }))
}

fn one(kind: &'static Kind) -> Stored {
    let json = format!(
        r#"{{{}"campaignId":"c","runId":"=1+1","phase":"1","agentsTotal":4,"agentsSuccessful":3,"costUSD":"-1.5"}}"#,
        specimen::MORE
    );
    let record = model::record::parse(kind, &json, NOW).unwrap();
    Stored { id: Uuid::from_u128(7), revision: 1, received_at: NOW, exported_at: None, record }
}

#[test]
fn ids_of_their_own_survive() {
    let kind = with_ids();
    let stored = [one(kind)];
    for found in [
        of_csv(kind, written(&RecordText::csv(kind, b','), &stored)),
        of_json(kind, written(&RecordText::json_lines(kind), &stored)),
    ] {
        same(&found, &stored);
        assert_eq!(found[0].own_id(model::tenant::TenantId::FIRST), Some(stored[0].id));
    }
}

#[test]
fn spreadsheets_run_no_formulas() {
    let sheet = written(&RecordText::spreadsheet(&specimen::KEYED, b','), &[one(&specimen::KEYED)]);
    let sheet = String::from_utf8(sheet).unwrap();
    assert!(sheet.starts_with("\u{feff}campaignId,campaignName,runId,"), "{sheet}");
    assert!(sheet.contains("c,,'=1+1,1,4,3,") && sheet.contains(",-1.50000,"), "{sheet}");
    assert!(sheet.contains(",failed\r\n") && sheet.ends_with(",1\r\n"), "{sheet}");
}
