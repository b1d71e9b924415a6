//! Power Automate's way: the flow of the template, played as its definition says, against PostgreSQL and the emulator.

mod template;

use dataverse::{Client, Filter, Query};
use emulator::{Emulator, Options};
use serde_json::{Map, Value as Json, json};

use self::template::Template;
use crate::{
    database::TestDatabase,
    reach::{self, borrowed},
    studio::{Studio, TestFolder, command, run, with},
};

const SETUP: &str = include_str!("../../../docs/power-automate/setup.sql");
const RUNS: &str = "apex_campaignmetricses";

/// A ledger in PostgreSQL, an organisation with the tables, and nothing that carries between them but the flow.
struct FlowStage {
    database: TestDatabase,
    studio: Studio,
    client: Client,
    _emulator: Emulator,
}

impl FlowStage {
    async fn set() -> Self {
        let emulator = Emulator::start(Options::default()).await.unwrap();
        let organisation = reach::settings(&emulator);
        let folder = TestFolder::new();
        let mut provision = command(&folder, &borrowed(&organisation));
        provision.arg("provision");
        let made = tokio::task::spawn_blocking(move || provision.output().unwrap()).await.unwrap();
        assert!(made.status.success(), "{made:?}");
        let database = TestDatabase::new();
        let studio = Studio::with(&[&database.settings()[..], &[("USE_DATAVERSE", "false")]].concat());
        database.run(&SETUP.replace("studio_flow", &database.flow())).await;
        Self { database, studio, client: reach::client(&emulator), _emulator: emulator }
    }

    /// What the flow gets to read, as its role.
    async fn pending(&self, template: &Template) -> Vec<Json> {
        let (table, order, most) = template.question();
        let rows = format!(
            "SELECT coalesce(json_agg(p), '[]')::text FROM (SELECT * FROM {table} ORDER BY {order} LIMIT {most}) AS p"
        );
        serde_json::from_str(&self.ask_as_flow(&rows).await).unwrap()
    }

    /// What was carried is said as its role, too.
    async fn mark(&self, table: &str, line: &Map<String, Json>) {
        let columns: Vec<&str> = line.keys().map(String::as_str).collect();
        let columns = columns.join(", ");
        let line = Json::Object(line.clone()).to_string().replace('\'', "''");
        self.ask_as_flow(&format!(
            "INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_record(NULL::{table}, '{line}') RETURNING 'done'"
        ))
        .await;
    }

    async fn ask_as_flow(&self, sql: &str) -> String {
        let flow = self.database.flow();
        let sql = sql.replace("studio_flow", &flow);
        self.database.ask_as(&flow, &sql).await
    }

    /// One run of the flow. Says how many rows it carried.
    async fn play(&self, template: &Template) -> usize {
        let rows = self.pending(template).await;
        for row in &rows {
            let (set, id, content) = template.upsert(row);
            self.client.upsert(&set, id.parse().unwrap(), &Json::Object(content)).await.unwrap();
            let (table, line) = template.mark(row);
            self.mark(&table, &line).await;
        }
        rows.len()
    }

    async fn balance(&self) -> Json {
        self.studio.json("/api/pipeline").await["balance"][0].clone()
    }
}

#[tokio::test]
async fn what_the_flow_carries_counts_as_delivered() {
    let (stage, template) = (FlowStage::set().await, Template::read());
    let base = |n: u32| {
        let more = json!({"costUSD": format!("12.{n:05}"), "createdAt": format!("2026-10-{:02}T01:00:00.5Z", n % 28 + 1)});
        with(&run("c", &n.to_string()), &more)
    };
    let some: Json =
        (0..40)
            .map(|n| {
                if n == 7 {
                    with(&base(n), &json!({"agentsTotal": 0, "agentsSuccessful": 0}))
                } else {
                    base(n)
                }
            })
            .collect();
    let stored = stage.studio.post(&some).await.json::<Json>().await.unwrap();
    assert_eq!(stored["stored"], 40);
    assert_eq!(stage.balance().await["pending"], 40);

    assert_eq!(stage.play(&template).await, 40);
    let balance = stage.balance().await;
    assert_eq!(
        (&balance["delivered"], &balance["pending"], &balance["unaccounted"]),
        (&40.into(), &0.into(), &0.into())
    );
    assert_eq!(stage.play(&template).await, 0);
    let query =
        Query::of(RUNS).select(["apex_runid", "apex_costusd", "apex_successrate", "_apex_tenantid_value"]);
    let rows = stage.client.query(query.filter(Filter::eq("apex_runid", "39"))).all().await.unwrap();
    assert_eq!(
        (rows.len(), &rows[0]["apex_costusd"], &rows[0]["apex_successrate"]),
        (1, &json!(12.00039), &json!(75.0))
    );
    assert_eq!(rows[0]["_apex_tenantid_value"], "00000000-0000-7000-8000-000000000001");

    // A correction is carried again, under the same id.
    let (id, corrected) =
        (stored["items"][39]["id"].as_str().unwrap(), with(&base(39), &json!({"tokensIn": 9})));
    let put = stage.studio.request("PUT", &format!("/api/metrics/campaign/{id}")).json(&corrected);
    assert_eq!(put.send().await.unwrap().status(), 200);
    assert_eq!(stage.play(&template).await, 1);
    let query = Query::of(RUNS).select(["apex_tokensin"]).filter(Filter::eq("apex_runid", "39"));
    assert_eq!(stage.client.query(query).all().await.unwrap()[0]["apex_tokensin"], 9);
    assert_eq!(stage.balance().await["unaccounted"], 0);
}

#[tokio::test]
async fn corrections_during_flows_keep_waiting() {
    let (stage, template) = (FlowStage::set().await, Template::read());
    let id = stage.studio.stored(&run("c", "r")).await;
    let before = stage.pending(&template).await.remove(0);
    let corrected = with(&run("c", "r"), &json!({"tokensIn": 9}));
    let put = stage.studio.request("PUT", &format!("/api/metrics/campaign/{id}")).json(&corrected);
    assert_eq!(put.send().await.unwrap().status(), 200);
    let (table, late) = template.mark(&before);
    stage.mark(&table, &late).await;
    assert_eq!(stage.balance().await["pending"], 1, "what it says now was not carried");
    assert_eq!(stage.play(&template).await, 1);
    assert_eq!(stage.balance().await["delivered"], 1);
}

#[tokio::test]
async fn withdrawals_during_flows_wait_for_deletion() {
    let (stage, template) = (FlowStage::set().await, Template::read());
    let id = stage.studio.stored(&run("c", "r")).await;
    let in_hand = stage.pending(&template).await.remove(0);
    let withdrawn =
        stage.studio.request("DELETE", &format!("/api/metrics/campaign/{id}")).send().await.unwrap();
    assert!(withdrawn.status().is_success());
    let (set, row_id, content) = template.upsert(&in_hand);
    stage.client.upsert(&set, row_id.parse().unwrap(), &Json::Object(content)).await.unwrap();
    let (table, line) = template.mark(&in_hand);
    stage.mark(&table, &line).await;
    let waits = "SELECT count(*)::text FROM studio.outbox AS o JOIN studio.campaign_metrics AS r USING (tenant_id, position) \
         WHERE r.withdrawn_at IS NOT NULL";
    assert_eq!(stage.database.ask(waits).await, "1", "it stands there, and nothing else would delete it");
    assert_eq!(stage.play(&template).await, 0, "nor is it carried any more");
    assert_eq!(stage.balance().await["unaccounted"], 0);
}

#[tokio::test]
async fn the_flow_template_is_consistent() {
    let (stage, template) = (FlowStage::set().await, Template::read());
    template.check();
    stage.studio.stored(&run("c", "r")).await;
    let row = stage.pending(&template).await.remove(0);
    for column in template.columns_read() {
        assert!(row.get(&column).is_some(), "{column} is not in studio_flow.pending, which has {row}");
    }
    let table = stage.client.metadata().table("apex_campaignmetrics").await.unwrap().unwrap();
    for column in template.columns_written() {
        let known = table.columns.iter().any(|there| there.logical_name == column);
        assert!(known, "{column} is no column of apex_campaignmetrics");
    }
    // What the flow may not do.
    let flow = stage.database.flow();
    for sql in [
        "SELECT count(*)::text FROM studio.campaign_metrics",
        "DELETE FROM studio_flow.exported RETURNING id::text",
    ] {
        let refused = stage.database.refused_as(&flow, &sql.replace("studio_flow", &flow)).await;
        assert!(refused.contains("permission denied"), "{sql}: {refused}");
    }
}
