//! Columns find their fields, or the command says at once everything that is in the way.

use model::record::KINDS;

use super::*;

const WHOLE: [&str; 5] = ["campaignId", "runId", "phase", "agentsTotal", "agentsSuccessful"];

fn kind() -> &'static Kind {
    KINDS.iter().next().unwrap()
}

fn wishes(renamed: &[&str], ignored: &[&str], ignores_unknown: bool) -> ColumnWishes {
    let words: Vec<String> = renamed.iter().map(|word| (*word).to_owned()).collect();
    let renamed = ColumnWishes::renamed(&words, kind()).unwrap();
    ColumnWishes {
        renamed,
        ignored: ignored.iter().map(|name| (*name).to_owned()).collect(),
        ignores_unknown,
    }
}

fn map(header: &[&str], wishes: &ColumnWishes) -> Result<ColumnMap, Vec<String>> {
    ColumnMap::of(kind(), &header.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), wishes)
}

fn fields(map: &ColumnMap) -> Vec<&str> {
    let name = |column: &ColumnUse| if let ColumnUse::Member(name, _) = column { name } else { "-" };
    map.columns.iter().map(name).collect()
}

fn with(more: &[&'static str]) -> Vec<&'static str> {
    [&WHOLE[..], more].concat()
}

#[test]
fn names_are_compared_by_their_letters() {
    let header =
        ["Campaign_ID", "run-id", "PHASE", "agents total", "AgentsSuccessful", "cost_usd", "Campaign Name"];
    let map = map(&header, &ColumnWishes::default()).unwrap();
    let expected =
        ["campaignId", "runId", "phase", "agentsTotal", "agentsSuccessful", "costUSD", "campaignName"];
    assert_eq!(fields(&map), expected);
}

#[test]
fn strange_columns_are_all_named() {
    let faults =
        map(&["runId", "phase", "Agenten", "agentsTotal", "Notiz"], &ColumnWishes::default()).unwrap_err();
    assert_eq!(faults.len(), 2, "{faults:?}");
    for piece in [
        "\"Agenten\", \"Notiz\" are no fields",
        "--map \"Agenten\"=FIELD",
        "--ignore-unknown",
        "latencyP95Ms",
    ] {
        assert!(faults[0].contains(piece), "{piece}: {faults:?}");
    }
    assert!(faults[1].contains("no column for campaignId, agentsSuccessful"), "{faults:?}");
    let many: Vec<String> = (0..1_000).map(|n| format!("x{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let said = map(&many, &ColumnWishes::default()).unwrap_err().concat();
    assert!(said.contains("and 980 more") && said.len() < 1_000, "{said}");
}

#[test]
fn columns_are_renamed_and_left_out() {
    let header = with(&["Kosten", "Notiz", "x"]);
    let kept = map(&header, &wishes(&["kosten=cost_usd"], &["NOTIZ"], true)).unwrap();
    assert_eq!(fields(&kept)[5..], ["costUSD", "-", "-"]);
    assert_eq!(kept.unread().collect::<Vec<_>>(), [6, 7]);
    let faults = map(&with(&[]), &wishes(&["Kosten=costUSD"], &[], false)).unwrap_err();
    assert!(faults[0].contains("\"Kosten\", which is not there"), "{faults:?}");
    for (word, piece) in [("Kosten", "no sign ="), ("a=b", "names no field")] {
        let refused = ColumnWishes::renamed(&[word.to_owned()], kind()).unwrap_err();
        assert!(refused.contains(piece), "{refused}");
    }
}

#[test]
fn a_field_has_one_column() {
    let faults = map(&with(&["Phase"]), &ColumnWishes::default()).unwrap_err();
    assert!(faults[0].contains("\"phase\" and \"Phase\" are both for phase"), "{faults:?}");
}

#[test]
fn what_is_computed_or_added_is_unread() {
    let map = map(&with(&["_line", "_reason", "Success Rate"]), &ColumnWishes::default()).unwrap();
    assert_eq!(fields(&map)[5..], ["-", "-", "-"]);
    assert_eq!(map.unread().collect::<Vec<_>>(), [7], "what was added goes without saying");
}

#[test]
fn members_of_json_are_renamed_too() {
    let wishes = wishes(&["cost=costUSD"], &["note"], false);
    let name = |name: &'static str| wishes.name_of(kind(), Cow::Borrowed(name), &[]).map(Cow::into_owned);
    assert_eq!(name("cost").as_deref(), Some("costUSD"));
    assert_eq!([name("note"), name("_reason")], [None, None]);
    assert_eq!(name("stray").as_deref(), Some("stray"), "for the kind to refuse");
    let generous = ColumnWishes { ignores_unknown: true, ..wishes.clone() };
    assert_eq!(generous.name_of(kind(), Cow::Borrowed("stray"), &[]), None);
}

#[test]
fn exact_names_mean_one_column_alone() {
    let kept = map(&with(&["costUSD", "Cost USD"]), &wishes(&[], &["Cost USD"], false)).unwrap();
    assert_eq!(fields(&kept)[5..], ["costUSD", "-"]);
    let kept = map(&with(&["costUSD", "Cost USD"]), &wishes(&["Cost USD=tokensIn"], &[], false)).unwrap();
    assert_eq!(fields(&kept)[5..], ["costUSD", "tokensIn"]);
    let header = ["campaign_id", "campaign-id", "runId", "phase", "agentsTotal", "agentsSuccessful"];
    let kept = map(&header, &wishes(&[], &["campaign-id"], false)).unwrap();
    assert_eq!(fields(&kept)[..2], ["campaignId", "-"]);
    let both = wishes(&["Cost USD=costUSD"], &["costUSD"], false);
    assert_eq!(fields(&map(&with(&["costUSD", "Cost USD"]), &both).unwrap())[5..], ["-", "costUSD"]);
    let names = ["costUSD", "Cost USD"].map(ToOwned::to_owned);
    let name = |name| both.name_of(kind(), Cow::Borrowed(name), &names);
    assert_eq!([name("costUSD"), name("Cost USD")], [None, Some(Cow::Borrowed("costUSD"))]);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (renamed, ignored, piece) in [
        (&["A=phase", "A=runId"][..], &[][..], "\"A\" that it is phase, and that it is runId"),
        (&["A=phase"], &["A"], "\"A\" is in --map and in --ignore"),
    ] {
        let said = wishes(renamed, ignored, false).contradiction();
        assert!(said.as_ref().is_some_and(|said| said.contains(piece)), "{said:?}");
    }
    assert_eq!(wishes(&["A=phase", "B=phase"], &["C"], false).contradiction(), None);
    let said = map(&with(&["Kosten"]), &wishes(&["kosten=costUSD"], &["KOSTEN", "x"], false)).unwrap_err();
    assert!(said.concat().contains("\"Kosten\" is in --map and in --ignore"), "{said:?}");
    assert!(said.concat().contains("--ignore speaks of a column \"x\", which is not there"), "{said:?}");
}
