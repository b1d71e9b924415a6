//! What is taken and what is refused, on campaign runs.

use proptest::prelude::*;

use super::*;
use crate::{
    decimal,
    record::{campaign_run::CAMPAIGN_RUN, to_json},
};

const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

fn with(changes: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("campaignId", "\"c1\""),
        ("runId", "\"r1\""),
        ("phase", "\"2-3\""),
        ("agentsTotal", "5"),
        ("agentsSuccessful", "5"),
    ];
    for (name, value) in changes {
        fields.retain(|(known, _)| known != name);
        if !value.is_empty() {
            fields.push((name, value));
        }
    }
    let members: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

#[track_caller]
fn check(name: &str, value: &str, expect: Result<(), &str>) {
    let got = parse(&CAMPAIGN_RUN, &with(&[(name, value)]), NOW);
    match (got, expect) {
        (Ok(_), Ok(())) => {}
        (Err(faults), Err(part)) => {
            assert_eq!(faults.len(), 1, "{name}={value}: {faults:?}");
            assert!(faults[0].message.contains(part), "{name}={value}: {:?} lacks {part:?}", faults[0]);
        }
        (got, _) => panic!("{name}={value}: {got:?}, expected {expect:?}"),
    }
}

#[test]
fn texts_keep_to_their_rules() {
    check("campaignId", "\"名\"", Ok(()));
    check("campaignId", "\"\"", Err("1 to 64"));
    check("campaignId", "", Err("required"));
    check("campaignId", "null", Err("this is null"));
    check("campaignId", "7", Err("this is a number"));
    check("campaignId", "\" a\"", Err("white space"));
    check("campaignId", "\"a\\u0000\"", Err("control"));
    check("campaignId", "\"\\ud800\"", Err("Unicode"));
    check("campaignId", "\"ann@example.com\"", Err("e-mail"));
    check("phase", "\"12345678901234567\"", Err("this one has 17"));
    check("campaignName", "\"Autumn launch\"", Ok(()));
    check("campaignName", "\"\"", Err("1 to 100"));
    check("campaignId", "\"a\\u202eb\"", Err("invisible"));
    check("campaignName", "\"\u{3164}\"", Err("invisible"));
    check("runId", "\"call +49 170 1234567\"", Err("phone"));
}

#[test]
fn lengths_are_counted_as_dataverse_counts_them() {
    let rockets = |count: usize| format!("\"{}\"", "🚀".repeat(count));
    check("campaignId", &rockets(32), Ok(()));
    check("campaignId", &rockets(33), Err("this one has 66"));
}

#[test]
fn whole_numbers_keep_to_their_rules() {
    check("tokensIn", "2147483647", Ok(()));
    check("tokensIn", "5.0", Ok(()));
    check("tokensIn", "2147483648", Err("out of range"));
    check("tokensIn", "-1", Err("out of range"));
    check("tokensIn", "1.5", Err("fraction"));
    check("tokensIn", "1.0000000005", Err("fraction"));
    check("tokensIn", "2147483647.0000000001", Err("fraction"));
    check("tokensIn", "1e300", Err("out of range"));
    check("tokensIn", "\"5\"", Err("this is a text"));
    check("tokensIn", "true", Err("true or false"));
    check("agentsTotal", "[5]", Err("an array"));
}

#[test]
fn decimals_come_as_number_or_text() {
    check("costUSD", "0.30000000000000004", Ok(()));
    check("costUSD", "\"0.3\"", Ok(()));
    check("costUSD", "99999.99999", Ok(()));
    check("costUSD", "100000", Err("out of range"));
    check("costUSD", "-0.000001", Err("out of range"));
    check("costUSD", "\"abc\"", Err("none"));
    check("costUSD", "{}", Err("an object"));
}

#[test]
fn times_are_bounded() {
    check("createdAt", "\"2026-11-18T09:30:00Z\"", Ok(()));
    check("createdAt", "\"1999-12-31T23:59:59Z\"", Err("year 2000"));
    check("createdAt", "\"2126-11-18T09:30:00Z\"", Err("one day ahead"));
    check("createdAt", "\"yesterday\"", Err("written otherwise"));
    check("createdAt", "\"2026-11-18T09:30:00+25:00\"", Err("written otherwise"));
    check("createdAt", "1795000000", Err("this is a number"));
}

#[test]
fn strangers_are_named_with_a_guess() {
    check("campaign_id", "\"x\"", Err("did you mean campaignId?"));
    check("costUsd", "1", Err("did you mean costUSD?"));
    check("zebra", "1", Err("is not a field"));
    check("successRate", "97", Err("computed here"));
    let twice =
        r#"{"campaignId":"a","campaignId":"b","runId":"r","phase":"1","agentsTotal":1,"agentsSuccessful":1}"#;
    assert_eq!(parse(&CAMPAIGN_RUN, twice, NOW).unwrap_err()[0].message, "is there twice; send it once");
}

#[track_caller]
fn refuse(json: &str, compared: usize) -> Vec<FieldFault> {
    let mut guesses = Guesses::default();
    let faults = read(&CAMPAIGN_RUN, json, &mut guesses).unwrap().accept(NOW).unwrap_err();
    assert!(guesses.compared <= compared, "{} names were compared", guesses.compared);
    faults
}

#[test]
fn many_strays_cost_as_little_as_few() {
    let fields = CAMPAIGN_RUN.fields.len();
    let members: Vec<String> = (0..100_000).map(|n| format!("\"{n}\":1")).collect();
    let faults = refuse(&format!("{{{}}}", members.join(",")), 3 * fields);
    // Those that are named, the number of the others, and five fields that are missing.
    assert_eq!(faults.len(), members::NAMED + 1 + 5);
    assert_eq!(faults[members::NAMED].message, "has 99980 more members that are not its fields");

    // The records of one body share the guesses.
    let (mut guesses, one) =
        (Guesses::default(), with(&[("campaign_id", "1"), ("run_id", "1"), ("fase", "1")]));
    let seen: Vec<String> = (0..1_000)
        .map(|_| read(&CAMPAIGN_RUN, &one, &mut guesses).unwrap().accept(NOW).unwrap_err()[0].message.clone())
        .collect();
    assert!(seen[0].ends_with("did you mean campaignId?"), "{}", seen[0]);
    assert_eq!(seen[999], "is not a field of this record");
    assert!(guesses.compared <= 30 * fields, "{}", guesses.compared);
}

#[test]
fn stray_names_are_said_once_and_cut() {
    let long = "x".repeat(500_000);
    let twice = refuse(&format!("{{\"{long}\":1,\"{long}\":2,\"a\":1,\"a\":1,\"a\":1}}"), 100);
    assert_eq!(twice.iter().filter(|fault| fault.field == "a").count(), 1);
    assert!(twice.iter().all(|fault| fault.field.len() <= 64));
    let known = refuse(&format!("{{{}}}", vec!["\"phase\":\"1\""; 50].join(",")), 0);
    assert_eq!(known.iter().filter(|fault| fault.field == "phase").count(), 1);
    let derived = refuse(&format!("{{{}}}", vec!["\"successRate\":1"; 50].join(",")), 0);
    assert_eq!(derived.iter().filter(|fault| fault.field == "successRate").count(), 1);
    assert_eq!(refuse(r#"{"ann@example.com":1}"#, 100)[0].field, "(an e-mail address)");
}

#[test]
fn invisible_names_are_called_invisible() {
    for name in ["", " ", "\u{200b}"] {
        let faults = refuse(&with(&[]).replacen('{', &format!("{{\"{name}\":1,"), 1), 100);
        let said = [FieldFault::new("", "has a member whose name shows nothing")];
        assert_eq!(faults, said, "{name:?}");
    }
    let turned = refuse(&with(&[("\u{202e}run\u{200b}Id", "1")]), 100);
    assert_eq!(turned[0].field, "runId", "nothing that hides is repeated");
    let half = read(&CAMPAIGN_RUN, r#"{"\ud800":1}"#, &mut Guesses::default()).unwrap_err();
    assert!(half[0].message.starts_with("has a member whose name is no text"), "{half:?}");
}

#[test]
fn what_was_taken_once_is_read_again() {
    let again = |json: &str| {
        read(&CAMPAIGN_RUN, json, &mut Guesses::default()).and_then(|draft| draft.accept_again(NOW))
    };
    for odd in ["\"a\\u202eb\"", "\"ann@example.com.\"", "\" a\""] {
        let json = with(&[("campaignId", odd)]);
        assert!(parse(&CAMPAIGN_RUN, &json, NOW).is_err(), "{odd}");
        assert!(again(&json).is_ok(), "{odd}");
    }
    assert!(again(&with(&[("campaignId", "\"\"")])).is_err());
}

#[test]
fn every_broken_field_is_named_at_once() {
    let faults = parse(&CAMPAIGN_RUN, r#"{"campaignId":"","agentsTotal":"5","x":1}"#, NOW).unwrap_err();
    let mut names: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["agentsSuccessful", "agentsTotal", "campaignId", "phase", "runId", "x"]);
    assert_eq!(parse(&CAMPAIGN_RUN, "5", NOW).unwrap_err()[0].field, "");
}

#[test]
fn only_broken_json_faults_the_body() {
    assert!(body("{").is_err());
    assert!(body("[{},]").is_err());
    assert!(body("").is_err());
    assert!(matches!(body(" [1, {}] ").unwrap(), Body::Many(items) if items.len() == 2));
    assert!(matches!(body("5").unwrap(), Body::One("5")));
}

#[test]
fn a_missing_time_matches_the_stored_one() {
    let stored = parse(&CAMPAIGN_RUN, &with(&[]), NOW).unwrap();
    let again = parse(&CAMPAIGN_RUN, &with(&[]), NOW.plus(5)).unwrap();
    assert!(again.says_the_same(&stored));
    let other = parse(&CAMPAIGN_RUN, &with(&[("createdAt", "\"2026-11-01T00:00:00Z\"")]), NOW).unwrap();
    assert!(!other.says_the_same(&stored));
}

proptest! {
    #[test]
    fn any_body_is_answered(sent in ".{0,200}") {
        if let Ok(Body::One(one)) = body(&sent) {
            let _ = parse(&CAMPAIGN_RUN, one, NOW);
        }
    }

    #[test]
    fn shown_records_survive_being_sent_again(cost in 0_i64..9_999_999_999, total in 0_i64..1000, p95 in proptest::option::of(0_i64..100_000)) {
        let cost = decimal::format(cost, 5);
        let (total, p95) = (total.to_string(), p95.map_or(String::new(), |v| v.to_string()));
        let sent = with(&[("costUSD", &cost), ("agentsTotal", &total), ("agentsSuccessful", "0"), ("latencyP95Ms", &p95)]);
        let first = parse(&CAMPAIGN_RUN, &sent, NOW).unwrap();
        let mut shown = to_json(&first);
        shown.retain(|name, value| name != "successRate" && !value.is_null());
        let again = parse(&CAMPAIGN_RUN, &serde_json::Value::Object(shown).to_string(), NOW).unwrap();
        prop_assert!(again.says_the_same(&first));
    }
}
