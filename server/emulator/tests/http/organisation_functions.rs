//! Functions that tell of the organisation itself, and the messages that tables know.

use emulator::Options;
use serde_json::json;

use crate::client::HttpClient;

#[tokio::test]
async fn languages_and_organisation_are_told() {
    let client = HttpClient::with(Options::default()).await;
    for (function, property, expect) in [
        ("RetrieveAvailableLanguages", "LocaleIds", json!([1033])),
        ("RetrieveAvailableLanguages()", "LocaleIds", json!([1033])),
        ("RetrieveProvisionedLanguages()", "RetrieveProvisionedLanguages", json!([1033])),
        ("RetrieveInstalledLanguagePacks()", "RetrieveInstalledLanguagePacks", json!([1033])),
        ("RetrieveDeprovisionedLanguages()", "RetrieveDeprovisionedLanguages", json!([])),
    ] {
        let answer = client.get(function).await;
        assert_eq!(answer.json[property], expect, "{function}: {}", answer.text);
    }
    let version = client.get("RetrieveVersion()").await.json["Version"].clone();
    let kind = "Microsoft.Dynamics.CRM.EndpointAccessType'Default'";
    let whole = client.get(&format!("RetrieveCurrentOrganization(AccessType={kind})")).await.json;
    let aliased = client.get(&format!("RetrieveCurrentOrganization(AccessType=@p1)?@p1={kind}")).await.json;
    assert_eq!(whole, aliased);
    let detail = &whole["Detail"];
    assert_eq!(detail["OrganizationId"], client.get("WhoAmI").await.json["OrganizationId"]);
    assert_eq!(detail["OrganizationVersion"], version);
    assert_eq!(detail["Endpoints"]["Keys"][0], "WebApplication");
    assert_eq!(detail["Endpoints"]["Values"][0], format!("{}/", client.emulator.url()));
    assert_eq!(client.get("RetrieveCurrentOrganization").await.status, 400);
    assert_eq!(client.post("RetrieveVersion", &json!({})).await.status, 404);
}

#[tokio::test]
async fn rows_of_tables_are_counted() {
    let client = HttpClient::new().await;
    for name in ["a", "b"] {
        client.thing(json!({ "x_name": name })).await;
    }
    for path in [
        "RetrieveTotalRecordCount(EntityNames=['x_thing','x_place'])",
        "RetrieveTotalRecordCount(EntityNames=@p1)?@p1=['x_thing','x_place']",
        "RetrieveTotalRecordCount(EntityNames=@p1)?@p1=[\"x_thing\",\"x_place\"]",
    ] {
        let found = client.get(path).await.json["EntityRecordCountCollection"].clone();
        let expect =
            json!({ "Count": 2, "IsReadOnly": false, "Keys": ["x_thing", "x_place"], "Values": [2, 0] });
        assert_eq!(found, expect, "{path}");
    }
    let unknown = client.get("RetrieveTotalRecordCount(EntityNames=['x_nothing'])").await;
    assert_eq!(unknown.refusal(), (400, "0x80040203"));
    assert_eq!(client.get("RetrieveTotalRecordCount").await.status, 400);
    let stranger = client.as_application(Some(Vec::new())).await;
    assert_eq!(stranger.get("RetrieveTotalRecordCount(EntityNames=['x_thing'])").await.status, 403);
}

#[tokio::test]
async fn messages_say_what_tables_can() {
    let client = HttpClient::new().await;
    let filter = "(sdkmessageid/name eq 'CreateMultiple' or sdkmessageid/name eq 'UpdateMultiple')";
    let ask = async |table: &str| {
        let path = format!(
            "sdkmessagefilters?$select=sdkmessagefilterid&$expand=sdkmessageid($select=name)\
             &$filter={filter} and primaryobjecttypecode eq '{table}'"
        );
        let answer = client.get(&path).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let mut names: Vec<_> =
            answer.column("sdkmessageid").iter().map(|message| message["name"].to_string()).collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(ask("x_thing").await, "\"CreateMultiple\" \"UpdateMultiple\"");
    assert_eq!(ask("x_nothing").await, "");
    let expand = "sdkmessageid_sdkmessagefilter($select=primaryobjecttypecode)";
    let message = client.get(&format!("sdkmessages?$filter=name eq 'UpsertMultiple'&$expand={expand}")).await;
    let tables = message.json["value"][0]["sdkmessageid_sdkmessagefilter"].as_array().unwrap();
    assert!(tables.iter().any(|one| one["primaryobjecttypecode"] == "x_place"), "{}", message.text);
    // None writes there, and a table that is gone knows nothing any more.
    assert_eq!(client.post("sdkmessages", &json!({ "name": "Dance" })).await.refusal(), (400, "0x80040800"));
    assert_eq!(client.delete("EntityDefinitions(LogicalName='x_thing')").await.status, 204);
    assert_eq!(ask("x_thing").await, "");
}
