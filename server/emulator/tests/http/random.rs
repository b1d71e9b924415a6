//! Random conditions against random rows: what the emulator finds by `$filter` and by FetchXML is what a plain
//! evaluation here finds.

mod condition;
mod rows;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::client::{HttpClient, JsonAnswer};

use condition::{RandomCondition, any_condition};
use rows::RandomRow;

/// A client with a few dozen rows, and what stands in them.
struct Room {
    runtime: Runtime,
    client: HttpClient,
    rows: Vec<RandomRow>,
}

impl Room {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let rows = rows::all();
        let client = runtime.block_on(async {
            let client = HttpClient::new().await;
            let targets: Vec<Value> = rows.iter().map(RandomRow::to_json).collect();
            let create = "x_things/Microsoft.Dynamics.CRM.CreateMultiple";
            let made = client.post(create, &serde_json::json!({ "Targets": targets })).await;
            assert_eq!(made.status, 200, "{}", made.text);
            client
        });
        Self { runtime, client, rows }
    }

    fn ask(&self, name: &str, text: &str) -> JsonAnswer {
        let query = [(name, text), ("$select", "x_big"), ("$orderby", "x_big")];
        let query = if name == "fetchXml" { &query[..1] } else { &query[..] };
        self.runtime.block_on(JsonAnswer::of(self.client.request("GET", "x_things").query(query)))
    }

    /// Numbers of the rows that fit, as they are evaluated here.
    fn expected(&self, condition: &RandomCondition) -> Vec<i64> {
        let fit = |row: &&RandomRow| condition.holds(row) == Some(true);
        self.rows.iter().filter(fit).map(|row| row.number).collect()
    }

    fn check(&self, name: &str, text: &str, condition: &RandomCondition) -> Result<(), TestCaseError> {
        let answer = self.ask(name, text);
        prop_assert_eq!(answer.status, 200, "{}: {}", text, answer.text);
        let found: Vec<i64> = answer.column("x_big").iter().map(|number| number.as_i64().unwrap()).collect();
        prop_assert_eq!(found, self.expected(condition), "{}", text);
        Ok(())
    }
}

fn run(
    cases: u32,
    strategy: &impl Strategy<Value = RandomCondition>,
    test: impl Fn(&RandomCondition) -> Result<(), TestCaseError>,
) {
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    if let Err(error) = runner.run(strategy, |condition| test(&condition)) {
        panic!("{error}");
    }
}

#[test]
fn filters_find_the_rows_that_fit() {
    let room = Room::new();
    run(400, &any_condition(true), |condition| room.check("$filter", &condition.to_odata(), condition));
}

#[test]
fn fetches_find_the_rows_that_fit() {
    let room = Room::new();
    run(250, &any_condition(false), |condition| {
        let xml = format!(
            "<fetch><entity name='x_thing'><attribute name='x_big'/><filter>{}</filter><order attribute='x_big'/></entity></fetch>",
            condition.to_fetch()
        );
        room.check("fetchXml", &xml, condition)
    });
}

#[test]
fn groups_add_up_to_what_was_found() {
    let room = Room::new();
    run(80, &any_condition(true), |condition| {
        let apply = format!(
            "filter({})/groupby((x_level),aggregate($count as n,x_count with sum as total))",
            condition.to_odata()
        );
        let answer = room.runtime.block_on(JsonAnswer::of(
            room.client.request("GET", "x_things").query(&[("$apply", apply.as_str())]),
        ));
        prop_assert_eq!(answer.status, 200, "{}: {}", apply, answer.text);
        let sum = |name: &str| answer.column(name).iter().map(|n| n.as_i64().unwrap()).sum::<i64>();
        let fit: Vec<&RandomRow> =
            room.rows.iter().filter(|row| condition.holds(row) == Some(true)).collect();
        prop_assert_eq!(sum("n"), i64::try_from(fit.len()).unwrap());
        prop_assert_eq!(sum("total"), fit.iter().filter_map(|row| row.count).sum::<i64>());
        Ok(())
    });
}

/// Pages of any size, in any order, put together are what one answer would be, in both notations.
#[test]
fn pages_put_together_are_the_whole() {
    let room = Room::new();
    let columns =
        ["x_name", "x_count", "x_cost", "x_done", "x_day", "x_level", "_x_placeid_value", "createdon"];
    let order = prop::collection::vec((prop::sample::select(columns.to_vec()), any::<bool>()), 0..4);
    let mut runner = TestRunner::new(Config { cases: 25, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&(order, 3..70_usize), |(order, size)| {
        let words = |(column, descending): &(&str, bool)| format!("{column}{}", if *descending { " desc" } else { "" });
        let orderby = order.iter().map(words).collect::<Vec<_>>().join(",");
        let path = format!("x_things?$select=x_big&$orderby={orderby}");
        let whole = room.runtime.block_on(room.client.get(&path)).column("x_big");
        prop_assert_eq!(whole.len(), room.rows.len());
        let mut pages = Vec::new();
        let mut next = Some(path.clone());
        while let Some(link) = next {
            let request = room.client.request("GET", &link).header("prefer", format!("odata.maxpagesize={size}"));
            let page = room.runtime.block_on(JsonAnswer::of(request));
            let rows = page.column("x_big");
            prop_assert!(rows.len() == size || page.json["@odata.nextLink"].is_null());
            pages.extend(rows);
            next = page.json["@odata.nextLink"].as_str().map(str::to_owned);
        }
        prop_assert_eq!(&pages, &whole, "{} by {}", path, size);
        let element = |(column, descending): &(&str, bool)| {
            let column = column.trim_start_matches('_').trim_end_matches("_value");
            format!("<order attribute='{column}' descending='{descending}'/>")
        };
        let inside: String = order.iter().map(element).collect();
        let mut fetched = Vec::new();
        let (mut page, mut more, mut cookie) = (1, true, String::new());
        while more {
            let xml = format!(
                "<fetch useraworderby='1' count='{size}' page='{page}'{cookie}><entity name='x_thing'><attribute name='x_big'/>{inside}</entity></fetch>"
            );
            let request = room.client.request("GET", "x_things").query(&[("fetchXml", xml)]);
            let answer = room.runtime.block_on(JsonAnswer::of(request.header("prefer", "odata.include-annotations=\"*\"")));
            fetched.extend(answer.column("x_big"));
            more = answer.json["@Microsoft.Dynamics.CRM.morerecords"] == true;
            cookie = cookie_of(&answer.json);
            page += 1;
        }
        prop_assert_eq!(&fetched, &whole, "{} by {}", inside, size);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

/// The attribute for the next page. Its percent signs are doubled ones, and all that they hide is ASCII.
fn cookie_of(answer: &Value) -> String {
    let annotation = answer["@Microsoft.Dynamics.CRM.fetchxmlpagingcookie"].as_str().unwrap_or_default();
    let inner = annotation.split("pagingcookie=\"").nth(1).and_then(|rest| rest.split('"').next());
    let place = inner.and_then(|inner| inner.split("%2522").nth(3)).unwrap_or_default();
    let page = inner.and_then(|inner| inner.split("%2522").nth(1)).unwrap_or_default();
    match inner {
        Some(_) => format!(
            " paging-cookie='&lt;cookie page=&quot;{page}&quot;&gt;&lt;place last=&quot;{place}&quot; /&gt;&lt;/cookie&gt;'"
        ),
        None => String::new(),
    }
}

/// Nothing that is nearly a query makes the emulator fail: what it cannot take is the client's mistake.
#[test]
fn mutilated_queries_are_the_clients_mistake() {
    let room = Room::new();
    let mutilated = (any_condition(false), 0..300_usize, 0..20_usize, ".{0,4}");
    let mut runner = TestRunner::new(Config { cases: 100, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&mutilated, |(condition, at, cut, put)| {
        let whole = condition.to_odata();
        let at = whole.floor_char_boundary(at);
        let end = whole.floor_char_boundary((at + cut).min(whole.len()));
        let text = format!("{}{put}{}", &whole[..at], &whole[end..]);
        for (name, text) in [
            ("$filter", text.clone()),
            ("$apply", format!("filter({text})/groupby((x_level))")),
            ("$expand", format!("x_PlaceId($select=x_name;$filter={text})")),
            ("$orderby", text.clone()),
            (
                "fetchXml",
                format!("<fetch><entity name='x_thing'>{}{put}</entity></fetch>", condition.to_fetch()),
            ),
        ] {
            let status = room.ask(name, &text).status.as_u16();
            prop_assert!(matches!(status, 200 | 400 | 404 | 414 | 501), "{}={}: {}", name, text, status);
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
