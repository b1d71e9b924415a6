//! Agents' tasks, from their sender to Dataverse and back: the road of every kind.

use dataverse::{Client, Query};
use emulator::{Emulator, Options};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::{
    reach,
    studio::{RUNS, Studio, TASKS, run, task, until, with},
};

const ROWS: &str = "apex_agent_metrics";
const CAMPAIGNS: &str = "apex_campaigns";

/// A server that mirrors an organisation every second, and another way into that organisation.
struct TaskStudio {
    studio: Studio,
    other: Client,
    _emulator: Emulator,
}

impl TaskStudio {
    async fn new() -> Self {
        let emulator = reach::provisioned(Options::default()).await;
        let mut settings = reach::settings(&emulator);
        settings.push(("STUDIO_MIRROR_SECONDS", "1".to_owned()));
        let studio = Studio::with(&reach::borrowed(&settings));
        Self { studio, other: reach::client(&emulator), _emulator: emulator }
    }

    /// The row of a task, once it is as it should be.
    async fn row(&self, what: &str, is_right: impl Fn(&Json) -> bool) -> Json {
        until(what, async || self.other.query(Query::of(ROWS)).all().await.ok()?.into_iter().find(&is_right))
            .await
    }

    async fn task(&self, id: &str) -> (u16, Json) {
        let answer = self.studio.get(&format!("{TASKS}/{id}")).await;
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn settled(&self) -> Json {
        until("everything is delivered and read back", async || {
            let pipeline = self.studio.json("/api/pipeline").await;
            (pipeline["pending"] == 0 && pipeline["unconfirmed"] == 0).then_some(pipeline)
        })
        .await
    }
}

fn whole(name: &str) -> Json {
    let members = json!({
        "campaignId": "c", "model": "atlas-3", "tokensIn": 10, "tokensOut": 20, "latencyMs": 900, "costUSD": "0.00123",
        "status": "error", "errorMessage": "no answer\n\tat line 3",
    });
    with(&task(name), &members)
}

#[tokio::test]
async fn tasks_go_to_dataverse_and_back() {
    let shared = TaskStudio::new().await;
    let studio = &shared.studio;
    studio.stored(&with(&run("c", "r"), &json!({"campaignName": "Autumn launch"}))).await;
    let id = studio.stored_at(TASKS, &whole("t")).await;
    assert_eq!(studio.post_at(TASKS, &whole("t")).await.status(), 200, "the same again");
    assert_eq!(studio.post_at(TASKS, &with(&whole("t"), &json!({"tokensIn": 11}))).await.status(), 409);

    let row = shared.row("the task in Dataverse", |row| row["apex_taskid"] == "t").await;
    assert_eq!(row["apex_agentmetricid"], json!(id));
    assert_eq!((&row["apex_status"], &row["apex_costusd"]), (&json!(100_000_001), &json!(0.00123)));
    assert_eq!(row["apex_errormessage"], "no answer\n\tat line 3");
    let campaign = Uuid::try_parse(row["_apex_campaignid_value"].as_str().unwrap()).unwrap();
    let campaigns = shared.other.query(Query::of(CAMPAIGNS)).all().await.unwrap();
    let pointed_at: Vec<&Json> =
        campaigns.iter().filter(|row| row["apex_campaignid"] == json!(campaign)).collect();
    assert_eq!(
        (&pointed_at[0]["apex_code"], &pointed_at[0]["apex_name"]),
        (&json!("c"), &json!("Autumn launch"))
    );
    let pipeline = shared.settled().await;
    let balance = &pipeline["balance"][1];
    assert_eq!((&balance["table"], &balance["received"]), (&json!("apex_agentmetric"), &json!(1)));
    assert_eq!((&balance["confirmed"], &pipeline["unaccounted"]), (&json!(1), &json!(0)));

    // People correct it there, and its sender here.
    let theirs = json!({"apex_status": 100_000_002, "apex_tokensin": 12});
    shared.other.update(ROWS, Uuid::try_parse(&id).unwrap(), &theirs).await.unwrap();
    until("their edit is read in", async || {
        let (_, task) = shared.task(&id).await;
        (task["status"] == "timeout")
            .then(|| assert_eq!((&task["tokensIn"], &task["campaignId"]), (&json!(12), &json!("c"))))
    })
    .await;
    let better = with(&task("t"), &json!({"tokensIn": 13}));
    let answer = studio.request("PUT", &format!("{TASKS}/{id}")).json(&better).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let row = shared.row("the correction in Dataverse", |row| row["apex_tokensin"] == 13).await;
    assert_eq!(row["_apex_campaignid_value"], Json::Null, "it points at no campaign any more");

    let answer = studio.request("DELETE", &format!("{TASKS}/{id}")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    until("it is deleted there", async || {
        shared.other.query(Query::of(ROWS)).all().await.unwrap().is_empty().then_some(())
    })
    .await;
    assert_eq!(shared.task(&id).await.0, 410);
    assert_eq!(shared.settled().await["unaccounted"], 0);
}

#[tokio::test]
async fn foreign_tasks_are_read_in() {
    let shared = TaskStudio::new().await;
    shared.studio.stored(&run("c", "r")).await;
    shared.settled().await;
    let campaign =
        shared.other.query(Query::of(CAMPAIGNS)).all().await.unwrap()[0]["apex_campaignid"].clone();
    let theirs = Uuid::from_u128(0x7e57);
    let row = json!({
        "apex_name": "theirs", "apex_taskid": "theirs", "apex_agentname": "Max", "apex_timestamp": "2026-11-20T10:00:00Z",
        "apex_status": 100_000_000, "apex_campaignid@odata.bind": format!("/{CAMPAIGNS}({})", campaign.as_str().unwrap()),
    });
    shared.other.upsert(ROWS, theirs, &row).await.unwrap();
    let read = until("the task that others wrote", async || {
        shared.studio.json(&format!("{TASKS}?agent=Max&campaign=c&status=success")).await["tasks"]
            .get(0)
            .cloned()
    })
    .await;
    assert_eq!((&read["taskId"], &read["costUSD"]), (&json!("theirs"), &Json::Null));
    shared.other.delete(ROWS, theirs).await.unwrap();
    let id = read["id"].as_str().unwrap();
    until("it is withdrawn here", async || (shared.task(id).await.0 == 410).then_some(())).await;
    assert_eq!(shared.settled().await["unaccounted"], 0);
}

#[tokio::test]
async fn task_lists_are_filtered() {
    let studio = Studio::start();
    let tasks = json!([whole("a"), task("b"), with(&task("c"), &json!({"agentName": "Max"}))]);
    assert_eq!(studio.post_at(TASKS, &tasks).await.status(), 200);
    studio.stored(&run("c", "r")).await;
    let names = async |query: &str| {
        let list = studio.json(&format!("{TASKS}?{query}")).await["tasks"].clone();
        let names = list.as_array().unwrap().iter().map(|task| task["taskId"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    for (query, expected) in [
        ("", vec!["c", "b", "a"]),
        ("agent=Mia", vec!["b", "a"]),
        ("status=error&model=atlas-3&campaign=c", vec!["a"]),
        ("agent=Max&status=error", vec![]),
        ("to=2026-11-20T10:00:00Z", vec![]),
    ] {
        assert_eq!(names(query).await, expected, "{query}");
    }
    assert_eq!(studio.json(&format!("{RUNS}?limit=1000")).await["runs"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_demo_s_agents_report_their_tasks() {
    let studio = Studio::with(&[("STUDIO_DEMO", "on"), ("STUDIO_NOW", "2026-11-21T13:00:00Z")]);
    let list = studio.json(&format!("{TASKS}?limit=1000")).await["tasks"].clone();
    let newest = &studio.json(&format!("{RUNS}?limit=1")).await["runs"][0];
    let of_newest = |task: &&Json| {
        let id = format!("{}.{}.", newest["campaignId"].as_str().unwrap(), newest["runId"].as_str().unwrap());
        let phase = format!("{id}{}.", newest["phase"].as_str().unwrap());
        task["taskId"].as_str().unwrap().starts_with(&phase)
    };
    let of_newest: Vec<&Json> = list.as_array().unwrap().iter().filter(of_newest).collect();
    assert_eq!(json!(of_newest.len()), newest["agentsTotal"]);
    let tokens: i64 = of_newest.iter().map(|task| task["tokensIn"].as_i64().unwrap()).sum();
    assert_eq!(json!(tokens), newest["tokensIn"]);
}
