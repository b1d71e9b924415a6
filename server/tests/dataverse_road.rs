//! The client and the emulator against each other, over real HTTP: provisioning, writing, reading, changes, trouble.

use std::time::Duration;

use dataverse::{
    BatchOperation, BatchOptions, ChoiceDefinition, ChoiceOption, Client, ColumnDefinition, ColumnKind,
    Error, Expand, Filter, IndexStatus, KeyDefinition, Literal, LookupDefinition, Query, RowChange, RowKey,
    Settings, TableDefinition, TimeBehaviour,
};
use emulator::{Disturbance, Emulator, FaultEffect, Limits, Options};
use serde_json::{Value, json};
use uuid::Uuid;

const RUNS: &str = "x_runs";

async fn road() -> (Emulator, Client) {
    road_with(Options::default()).await
}

async fn road_with(options: Options) -> (Emulator, Client) {
    let emulator = Emulator::start(options).await.unwrap();
    let client = client(&emulator, |_| ());
    provision(&client).await;
    (emulator, client)
}

fn client(emulator: &Emulator, change: impl FnOnce(&mut Settings)) -> Client {
    let mut settings =
        Settings::new(emulator.url(), emulator.token_url(), emulator.client_id(), emulator.client_secret());
    change(&mut settings);
    Client::new(settings).unwrap()
}

fn runs() -> TableDefinition {
    let column = ColumnDefinition::new;
    TableDefinition::new("x_Run", "Run", "Runs", "x_Name")
        .entity_set(RUNS)
        .tracked()
        .column(column("x_Phase", "Phase", ColumnKind::Text { max_length: 16 }).required())
        .column(column("x_Count", "Count", ColumnKind::Integer { min: 0, max: i32::MAX }))
        .column(column("x_Cost", "Cost", ColumnKind::Decimal { precision: 5, min: 0.0, max: 99_999.999_99 }))
        .column(column("x_At", "At", ColumnKind::DateTime(TimeBehaviour::UserLocal)))
        .column(column("x_Note", "Note", ColumnKind::Memo { max_length: 65_536 }))
        .column(column("x_Done", "Done", ColumnKind::Boolean { yes: "Yes".into(), no: "No".into() }))
        .column(column("x_Level", "Level", ColumnKind::GlobalChoice("x_level".into())))
}

async fn provision(client: &Client) {
    let metadata = client.metadata();
    let options = vec![ChoiceOption::new(100_000_000, "low"), ChoiceOption::new(100_000_001, "high")];
    let choice = ChoiceDefinition { name: "x_level".into(), display_name: "Level".into(), options };
    metadata.create_global_choice(&choice).await.unwrap();
    let places = TableDefinition::new("x_Place", "Place", "Places", "x_Name").entity_set("x_places");
    metadata.create_table(&places).await.unwrap();
    metadata.create_table(&runs()).await.unwrap();
    let lookup = LookupDefinition {
        schema_name: "x_place_runs".into(),
        referenced: "x_place".into(),
        referencing: "x_run".into(),
        lookup_schema_name: "x_PlaceId".into(),
        display_name: "Place".into(),
    };
    metadata.create_lookup(&lookup).await.unwrap();
}

fn id(n: u128) -> Uuid {
    Uuid::from_u128(0xabc_0000 + n)
}

fn run(n: u128) -> Value {
    json!({ "x_name": format!("run {n}"), "x_phase": "1", "x_count": n as u64, "x_cost": 0.1, "x_done": n.is_multiple_of(2) })
}

async fn fill(client: &Client, rows: u128) {
    let operations = (0..rows).map(|n| BatchOperation::upsert(RUNS, id(n), run(n))).collect();
    for outcome in client.batch(operations, BatchOptions::default()).await.unwrap() {
        outcome.unwrap();
    }
}

#[tokio::test]
async fn provisioned_tables_compare_equal() {
    let (_emulator, client) = road().await;
    let metadata = client.metadata();
    assert!(metadata.table("x_nothing").await.unwrap().is_none());
    let table = metadata.table("x_run").await.unwrap().unwrap();
    assert_eq!((table.entity_set_name.as_str(), table.primary_id.as_str()), (RUNS, "x_runid"));
    assert!(table.change_tracking);
    for wanted in runs().columns {
        let column = table.column(&wanted.logical_name()).unwrap();
        assert_eq!(column.conflict(&wanted), None, "{}", wanted.schema_name);
    }
    assert_eq!(table.column("x_level").unwrap().options[1], ChoiceOption::new(100_000_001, "high"));
    let lookup = table.column("x_placeid").unwrap();
    assert_eq!(
        (lookup.targets.as_slice(), lookup.navigation.as_deref()),
        (&["x_place".to_owned()][..], Some("x_PlaceId"))
    );
    let wider = ColumnDefinition::new("x_Phase", "Phase", ColumnKind::Text { max_length: 64 });
    assert!(table.column("x_phase").unwrap().conflict(&wider).unwrap().contains("length"));
    let other = ColumnDefinition::new("x_Phase", "Phase", ColumnKind::BigInteger);
    assert!(table.column("x_phase").unwrap().conflict(&other).unwrap().contains("String, not BigInt"));

    metadata.insert_option("x_level", &ChoiceOption::new(100_000_002, "top")).await.unwrap();
    assert_eq!(metadata.global_choice("x_level").await.unwrap().unwrap().len(), 3);
    assert_eq!(metadata.global_choice("x_other").await.unwrap(), None);
    assert!(!metadata.table("x_place").await.unwrap().unwrap().change_tracking);
    metadata.enable_change_tracking("x_place").await.unwrap();
    assert!(metadata.table("x_place").await.unwrap().unwrap().change_tracking);
    let extra =
        ColumnDefinition::new("x_Extra", "Extra", ColumnKind::MultiChoice(vec![ChoiceOption::new(1, "one")]));
    metadata.create_column("x_place", &extra).await.unwrap();
    let place = metadata.table("x_place").await.unwrap().unwrap();
    assert_eq!(place.column("x_extra").unwrap().conflict(&extra), None);
    assert_eq!(place.column("x_extra").unwrap().options, [ChoiceOption::new(1, "one")]);
    metadata.publish("x_run").await.unwrap();
}

#[tokio::test]
async fn rows_are_made_changed_read_and_deleted() {
    let (_emulator, client) = road().await;
    let place = client.create("x_places", &json!({ "x_name": "Here" })).await.unwrap().id.unwrap();
    let mut row = run(1);
    row["x_PlaceId@odata.bind"] = format!("/x_places({place})").into();
    row["x_at"] = "2026-03-01T12:34:56.789Z".into();
    row["x_note"] = "line\r\n\"quoted\" \\ é 名 --batch_".into();
    client.upsert(RUNS, id(1), &row).await.unwrap();
    let read = client.retrieve(RUNS, id(1), &[]).await.unwrap().unwrap();
    assert_eq!(read["x_at"], "2026-03-01T12:34:56Z");
    assert_eq!(read["x_note"], row["x_note"]);
    assert_eq!(read["_x_placeid_value"], place.to_string());
    let etag = read["@odata.etag"].as_str().unwrap();
    client.update_if_match(RUNS, id(1), etag, &json!({ "x_count": 5 })).await.unwrap();
    let stale = client.update_if_match(RUNS, id(1), etag, &json!({ "x_count": 6 })).await.unwrap_err();
    assert!(stale.is_stale() && !stale.is_lane_fault(), "{stale:?}");
    let taken = client.create_only(RUNS, id(1), &run(1)).await.unwrap_err();
    assert!(taken.is_duplicate() && !taken.is_stale(), "{taken:?}");
    client.clear_lookup(RUNS, id(1), "x_PlaceId").await.unwrap();
    assert_eq!(
        client.retrieve(RUNS, id(1), &["_x_placeid_value"]).await.unwrap().unwrap()["_x_placeid_value"],
        Value::Null
    );
    assert!(matches!(client.update(RUNS, id(2), &run(2)).await, Err(Error::NotFound(_))));
    client.delete(RUNS, id(1)).await.unwrap();
    assert_eq!(client.retrieve(RUNS, id(1), &[]).await.unwrap(), None);
}

#[tokio::test]
async fn keys_address_rows_once_their_index_stands() {
    let (_emulator, client) = road().await;
    let columns = vec!["x_phase".to_owned(), "x_count".to_owned()];
    let key = KeyDefinition { schema_name: "x_PhaseKey".into(), display_name: "Phase".into(), columns };
    client.metadata().create_key("x_run", &key).await.unwrap();
    let table = client.metadata().table("x_run").await.unwrap().unwrap();
    assert_eq!(table.keys[0].status, IndexStatus::Active);
    let key = RowKey::column("x_phase", "O'Neil").and("x_count", 3);
    client.upsert_by_key(RUNS, &key, &json!({ "x_name": "first" })).await.unwrap();
    client.upsert_by_key(RUNS, &key, &json!({ "x_name": "second" })).await.unwrap();
    let row = client.retrieve(RUNS, key, &[]).await.unwrap().unwrap();
    assert_eq!((row["x_name"].as_str(), row["x_phase"].as_str()), (Some("second"), Some("O'Neil")));
    let double = client.create(RUNS, &json!({ "x_phase": "o'neil", "x_count": 3 })).await.unwrap_err();
    assert!(double.is_duplicate(), "{double:?}");
}

#[tokio::test]
async fn queries_find_and_nothing_breaks_out() {
    let (_emulator, client) = road().await;
    fill(&client, 25).await;
    let odd = "50%_[x] 'a' + b & c # d / é 名 \" \\";
    client.upsert(RUNS, id(99), &json!({ "x_name": odd, "x_cost": 7 })).await.unwrap();
    let names = async |query: Query| -> Vec<String> {
        let rows = client.query(query).all().await.unwrap();
        rows.iter().map(|row| row["x_name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(Query::of(RUNS).filter(Filter::eq("x_name", odd))).await, [odd]);
    assert_eq!(names(Query::of(RUNS).filter(Filter::contains("x_name", "50%_[x] 'A'"))).await, [odd]);
    assert!(names(Query::of(RUNS).filter(Filter::contains("x_name", "r_n"))).await.is_empty(), "no wildcard");
    let filter = Filter::ge("x_count", 20)
        .and(Filter::eq("x_done", true))
        .or(Filter::gt("x_cost", Literal::decimal("6.99999")));
    let query = Query::of(RUNS).select(["x_name"]).filter(filter).order_by_desc("x_count");
    assert_eq!(names(query).await, ["run 24", "run 22", "run 20", odd]);
    assert_eq!(
        names(Query::of(RUNS).filter(Filter::any_of("x_count", [3, 4])).order_by("x_name")).await,
        ["run 3", "run 4"]
    );
    let mut pages = client.query(Query::of(RUNS).page_size(7).count().filter(Filter::is_not_null("x_count")));
    let mut sizes = Vec::new();
    while let Some(page) = pages.next_page().await.unwrap() {
        sizes.push(page.len());
    }
    assert_eq!((sizes, pages.count()), (vec![7, 7, 7, 4], Some(25)));
    let query = Query::of(RUNS).expand(Expand::of("x_PlaceId").select(["x_name"])).top(2).formatted();
    assert_eq!(client.query(query).all().await.unwrap().len(), 2);
    let wrong = client.query(Query::of(RUNS).filter(Filter::eq("x_nme", 1))).next_page().await.unwrap_err();
    assert!(!wrong.is_lane_fault() && wrong.to_string().contains("x_nme"), "{wrong}");
}

#[tokio::test]
async fn each_batched_operation_has_its_outcome() {
    let (_emulator, client) = road().await;
    let operations = vec![
        BatchOperation::upsert(RUNS, id(1), run(1)),
        BatchOperation::upsert(RUNS, id(2), json!({ "x_phase": "far too long for sixteen" })),
        BatchOperation::change_set(vec![
            BatchOperation::create("x_places", json!({ "x_name": "undone" })),
            BatchOperation::upsert(RUNS, id(3), json!({ "x_count": -1 })),
        ]),
        BatchOperation::upsert(
            RUNS,
            id(4),
            json!({ "x_PlaceId@odata.bind": format!("/x_places({})", id(5)) }),
        ),
        BatchOperation::retrieve(RUNS, id(1)),
        BatchOperation::query(&Query::of(RUNS).filter(Filter::eq("x_name", "run 1"))),
    ];
    let outcomes = client.batch(operations.clone(), BatchOptions::default()).await.unwrap();
    assert!(outcomes[0].is_ok());
    assert_eq!(outcomes[1].as_ref().unwrap_err().code(), Some("0x80044331"));
    assert!(matches!(outcomes[2], Err(Error::RolledBack(_))));
    assert_eq!(outcomes[3].as_ref().unwrap_err().code(), Some("0x80040203"));
    assert!(matches!(outcomes[4], Err(Error::NotFound(_))));
    assert_eq!(outcomes[5].as_ref().unwrap().body.as_ref().unwrap()["x_name"], "run 1");
    assert_eq!(outcomes[6].as_ref().unwrap().body.as_ref().unwrap()["value"].as_array().unwrap().len(), 1);
    assert!(client.query(Query::of("x_places")).all().await.unwrap().is_empty());
    let outcomes = client.batch(operations, BatchOptions { continue_on_error: false }).await.unwrap();
    assert!(outcomes[1].is_err() && outcomes[2..].iter().all(|o| matches!(o, Err(Error::NotAttempted))));
}

#[tokio::test]
async fn a_thousand_rows_go_by_every_road() {
    let (_emulator, client) = road().await;
    fill(&client, 1000).await;
    let named = (0..1000).map(|n| {
        let mut row = run(n + 1);
        row["x_runid"] = id(n).to_string().into();
        row
    });
    client.upsert_multiple(RUNS, "x_run", named.collect()).await.unwrap();
    let ids = client.create_multiple(RUNS, "x_run", (0..1000).map(run).collect()).await.unwrap();
    assert_eq!(ids.len(), 1000);
    let mut rows: Vec<_> = (500..1500).map(|n| (id(n), run(n))).collect();
    rows[7].1 = json!({ "x_count": -1 });
    let outcomes = client.upsert_each(RUNS, "x_run", "x_runid", rows).await.unwrap();
    let failed: Vec<_> = outcomes.iter().enumerate().filter(|(_, o)| o.is_err()).map(|(at, _)| at).collect();
    assert_eq!(failed, [7]);
    assert_eq!(client.query(Query::of(RUNS)).all().await.unwrap().len(), 2500);
}

#[tokio::test]
async fn changes_are_followed_through_deletes_and_expiry() {
    let (emulator, client) = road().await;
    fill(&client, 10).await;
    let mut first = client.changes_from_start(RUNS, &["x_name"]).unwrap().page_size(4);
    let mut rows = 0;
    while let Some(page) = first.next_page().await.unwrap() {
        rows += page.len();
    }
    assert_eq!(rows, 10);
    client.update(RUNS, id(3), &json!({ "x_name": "new" })).await.unwrap();
    client.delete(RUNS, id(4)).await.unwrap();
    let link = first.delta_link().unwrap().clone();
    let mut delta = client.changes_since(&link).unwrap();
    let page = delta.next_page().await.unwrap().unwrap();
    assert!(matches!(&page[0], RowChange::Upserted(row) if row["x_name"] == "new"));
    assert_eq!(page[1..], [RowChange::Deleted(id(4))]);
    let kept = serde_json::to_string(delta.delta_link().unwrap()).unwrap();
    emulator.advance_clock(Duration::from_secs(8 * 86_400));
    let link = serde_json::from_str(&kept).unwrap();
    let error = client.changes_since(&link).unwrap().next_page().await.unwrap_err();
    assert!(matches!(error, Error::DeltaExpired(_)), "{error:?}");
}

#[tokio::test]
async fn trouble_on_the_road_is_lived_through() {
    let (emulator, client) = road().await;
    let trouble = |effect, status, times| Disturbance {
        effect,
        status,
        retry_after: status.map(|_| 0),
        times: Some(times),
        ..Disturbance::default()
    };
    emulator.disturb(trouble(FaultEffect::Answer, Some(429), 2));
    client.upsert(RUNS, id(1), &run(1)).await.unwrap();
    emulator.revoke_tokens();
    client.upsert(RUNS, id(2), &run(2)).await.unwrap();
    assert_eq!(client.token_stats().fetches, 2);
    emulator.disturb(trouble(FaultEffect::CutAfter, None, 1));
    let error = client.create(RUNS, &run(3)).await.unwrap_err();
    assert!(error.is_lane_fault(), "{error:?}");
    assert_eq!(client.query(Query::of(RUNS)).all().await.unwrap().len(), 3, "made once, and not twice");
    emulator.disturb(trouble(FaultEffect::Answer, Some(500), 1));
    assert!(client.create(RUNS, &run(4)).await.unwrap_err().is_transient());
    let wrong = self::client(&emulator, |settings| settings.credential = "wrong".into());
    assert!(matches!(wrong.who_am_i().await, Err(Error::Credentials { aadsts: Some(7_000_215), .. })));
}

#[tokio::test]
async fn limits_reach_the_caller() {
    let limits = Limits { requests: 20, ..Limits::default() };
    let emulator = Emulator::start(Options { limits, ..Options::default() }).await.unwrap();
    let client = client(&emulator, |settings| settings.patience = Duration::ZERO);
    let mut refused = None;
    for _ in 0..21 {
        refused = client.who_am_i().await.err();
    }
    let error = refused.unwrap();
    assert_eq!(error.code(), Some("0x80072322"));
    assert!(error.retry_after().unwrap() > Duration::from_secs(1));
    assert_eq!(emulator.totals().0, 20, "a refused request is none");
    assert!(client.held_back_for().is_some());
}
