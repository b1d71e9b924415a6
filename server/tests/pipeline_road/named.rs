//! Tables of an organisation that stand under names of its own.

use std::{collections::BTreeMap, sync::Arc};

use dataverse::{Client, ColumnDefinition, ColumnKind, TableDefinition};
use emulator::{Emulator, Options};
use ledger::ListAsk;
use model::record::{KINDS, campaign_run::Run};
use pipeline::{Mapping, NamesByKind, ProvisionScope, TableNames};
use serde_json::json;
use uuid::Uuid;

use crate::{
    others::watchful,
    support::{KIND, Studio, T, run, settings},
};

fn names() -> NamesByKind {
    let columns = [("campaignId", "crm_campaign"), ("costUSD", "crm_spent")];
    let columns = columns.map(|(json, name)| (json.to_owned(), name.to_owned()));
    let table = TableNames { table: Some("crm_execution".to_owned()), columns: BTreeMap::from(columns) };
    NamesByKind(BTreeMap::from([(KIND.name.to_owned(), table)]))
}

/// A table that stands already, with some of its columns, and a set that is called otherwise than one would guess.
async fn theirs(client: &Client) {
    let spent = ColumnKind::Decimal { precision: 5, min: 0.0, max: 99_999.999_99 };
    let table = TableDefinition::new("crm_Execution", "Execution", "Executions", "crm_Title")
        .entity_set("crm_allexecutions")
        .column(ColumnDefinition::new("crm_Campaign", "Campaign", ColumnKind::Text { max_length: 64 }))
        .column(ColumnDefinition::new("crm_Spent", "Spent", spent));
    client.metadata().create_table(&table).await.unwrap();
}

#[tokio::test]
async fn renamed_tables_are_written_and_read() {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let (url, token_url) = (emulator.url(), emulator.token_url());
    let (app, secret) = (emulator.client_id(), emulator.client_secret());
    let client = Client::new(dataverse::Settings::new(url, token_url, app, secret)).unwrap();
    theirs(&client).await;
    let mapping = Mapping::named(KINDS, &names());
    let mut made = Vec::new();
    pipeline::provision(&client, &mapping, &settings().tenants, ProvisionScope::Tables, &mut |step| {
        made.push(step.to_string());
    })
    .await
    .unwrap();
    assert!(!made.iter().any(|step| step.contains("apex_campaignmetrics")), "{made:?}");
    assert!(
        made.iter().any(|step| step.contains("apex_runid of crm_execution")),
        "what it lacks is added: {made:?}"
    );
    let mapping = Arc::new(mapping.as_it_stands(&client).await.unwrap());
    let mut studio = Studio::beside(emulator, client).await;
    let id = studio.store(vec![run("r1", r#","costUSD":"0.3""#)]).await[0];
    studio.start_with(pipeline::Settings { mapping, ..watchful() });
    studio.drained().await;
    let row = studio.client.retrieve("crm_allexecutions", id, &[]).await.unwrap().unwrap();
    assert_eq!((&row["crm_campaign"], &row["crm_spent"]), (&json!("c1"), &json!(0.3)), "{row}");
    assert_eq!(row["crm_title"], "c1 · r1 · 1");
    let other = Uuid::from_u128(5);
    let theirs = json!({
        "crm_title": "x", "crm_campaign": "theirs", "apex_runid": "r2", "apex_phase": "1", "apex_agentstotal": 4,
        "apex_agentssuccessful": 3, "crm_spent": 1.5, "apex_createdat": "2026-11-20T10:00:00Z",
    });
    studio.client.upsert("crm_allexecutions", other, &theirs).await.unwrap();
    studio.until("it is here", |status| status.mirror.added == 1).await;
    let listed =
        studio.ledger.list(T, KIND, &ListAsk { limit: 10, ..ListAsk::default() }).await.unwrap().items;
    let said = listed.iter().filter_map(|stored| Run::of(&stored.record));
    let said: Vec<_> = said.map(|run| (run.campaign_id(), run.cost_e5())).collect();
    assert!(said.contains(&("theirs", 150_000)), "{said:?}");
}

#[test]
fn what_names_nothing_is_refused() {
    let odd = TableNames {
        table: Some("Crm Run".to_owned()),
        columns: BTreeMap::from([("campaign".to_owned(), "crm_campaign".to_owned())]),
    };
    let names = NamesByKind(BTreeMap::from([
        (KIND.name.to_owned(), odd),
        ("runs".to_owned(), TableNames::default()),
    ]));
    let said: Vec<String> =
        names.mistakes(KINDS).into_iter().map(|(place, sentence)| format!("{place} {sentence}")).collect();
    assert!(
        said[0]
            .starts_with("campaign-run.columns.campaign is no field with a column; these are: campaignId,")
    );
    assert!(
        said[1].starts_with("runs is no kind that goes to Dataverse; these do: campaign-run"),
        "{said:?}"
    );
    assert!(said[2].starts_with("campaign-run.table is `Crm Run`, which is no logical name"), "{said:?}");
}
