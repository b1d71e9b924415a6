//! Tables and all that describes them, made and read as client libraries do it.

use std::time::Duration;

use emulator::Options;
use serde_json::{Value, json};

use crate::desk::{Answer, Desk, label, name_column};

#[tokio::test]
async fn tables_are_described_as_they_were_made() {
    let desk = Desk::new().await;
    let table = desk
        .get("EntityDefinitions(LogicalName='x_thing')?$expand=Attributes,Keys,ManyToOneRelationships")
        .await
        .json;
    assert_eq!(table["EntitySetName"], "x_things");
    assert_eq!(table["PrimaryIdAttribute"], "x_thingid");
    assert_eq!(table["PrimaryNameAttribute"], "x_name");
    assert_eq!(table["ChangeTrackingEnabled"], true);
    let column = |name: &str| {
        let all = table["Attributes"].as_array().unwrap();
        all.iter().find(|column| column["LogicalName"] == name).unwrap().clone()
    };
    assert_eq!(column("x_code")["MaxLength"], 20);
    assert_eq!(column("x_cost")["Precision"], 5);
    assert_eq!(column("x_cost")["@odata.type"], "#Microsoft.Dynamics.CRM.DecimalAttributeMetadata");
    assert_eq!(column("x_day")["DateTimeBehavior"]["Value"], "DateOnly");
    assert_eq!(column("x_placeid")["Targets"], json!(["x_place"]));
    assert_eq!(column("x_tags")["AttributeType"], "Virtual");
    assert_eq!(column("statecode")["AttributeType"], "State");
    let relationship = &table["ManyToOneRelationships"][0];
    assert_eq!(relationship["ReferencingEntityNavigationPropertyName"], "x_PlaceId");
}

#[tokio::test]
async fn options_come_through_casts() {
    let desk = Desk::new().await;
    let path = "EntityDefinitions(LogicalName='x_thing')/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet($select=Options)";
    let answer = desk.get(path).await;
    let columns = answer.json["value"].as_array().unwrap();
    assert_eq!(columns.len(), 1, "{}", answer.text);
    assert_eq!(columns[0]["OptionSet"]["Options"][1]["Label"]["LocalizedLabels"][0]["Label"], "High");
    // A table without any answers with an empty list: a 404 would fail every write of Microsoft's Python client.
    let none = desk.get(&path.replace("x_thing", "x_place")).await;
    assert_eq!(none.json["value"], json!([]));
}

#[tokio::test]
async fn microsofts_python_client_makes_its_tables() {
    let desk = Desk::with(Options::default()).await;
    let body = json!({ "Entities": [{
        "@odata.type": "Microsoft.Dynamics.CRM.ComplexEntityMetadata", "SchemaName": "new_Item",
        "DisplayName": label("Item"), "OwnershipType": "UserOwned",
        "Attributes": [
            { "@odata.type": "Microsoft.Dynamics.CRM.ComplexStringAttributeMetadata", "SchemaName": "new_Name", "IsPrimaryName": true, "MaxLength": 200 },
            { "@odata.type": "Microsoft.Dynamics.CRM.ComplexDateTimeAttributeMetadata", "SchemaName": "new_When", "Format": "DateOnly" },
            { "@odata.type": "Microsoft.Dynamics.CRM.ComplexPicklistAttributeMetadata", "SchemaName": "new_Kind", "OptionSet": { "Options": [{ "Value": 1, "Label": label("One") }] } },
        ],
    }] });
    assert!(desk.post("CreateEntities?SolutionUniqueName=mine", &body).await.status.is_success());
    let select = "MetadataId,LogicalName,SchemaName,EntitySetName,PrimaryNameAttribute,PrimaryIdAttribute";
    let found =
        desk.get(&format!("EntityDefinitions?$select={select}&$filter=LogicalName eq 'new_item'")).await;
    let id = found.json["value"][0]["MetadataId"].as_str().unwrap().to_owned();
    assert_eq!(found.json["value"][0]["EntitySetName"], "new_items");
    let column = json!({ "@odata.type": "Microsoft.Dynamics.CRM.IntegerAttributeMetadata", "SchemaName": "new_Count" });
    assert_eq!(desk.post(&format!("EntityDefinitions({id})/Attributes"), &column).await.status, 204);
    let listed = desk
        .get(
            "EntityDefinitions?$filter=IsPrivate eq false and (SchemaName eq 'new_Item')&$select=LogicalName",
        )
        .await;
    assert_eq!(listed.column("LogicalName"), [json!("new_item")]);
    let one = desk.get(&format!("EntityDefinitions({id})/Attributes(LogicalName='new_count')")).await;
    let column_id = one.json["MetadataId"].as_str().unwrap();
    let request = desk
        .request("DELETE", &format!("EntityDefinitions({id})/Attributes({column_id})"))
        .header("if-match", "*");
    assert_eq!(Answer::of(request).await.status, 204);
    let gone = desk.get(&format!("EntityDefinitions({id})/Attributes(LogicalName='new_count')")).await;
    assert_eq!(gone.status, 404);
}

#[tokio::test]
async fn definitions_are_queried_by_expressions() {
    let desk = Desk::new().await;
    let ask = async |query: Value| {
        let answer = desk.get(&format!("RetrieveMetadataChanges(Query=@p1)?@p1={query}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json["EntityMetadata"].as_array().unwrap().clone()
    };
    let named = |name: &str, value: Value| json!({ "Conditions": [{ "PropertyName": name, "ConditionOperator": "Equals", "Value": { "Value": value } }] });
    // As Microsoft's Python client asks for one column with its type's own properties.
    let found = ask(json!({
        "Properties": { "PropertyNames": ["LogicalName", "Attributes"] },
        "Criteria": named("LogicalName", "x_thing".into()),
        "AttributeQuery": {
            "Properties": { "PropertyNames": ["Precision"] }, "Criteria": named("LogicalName", "x_cost".into()),
        },
    }))
    .await;
    assert_eq!(found.len(), 1);
    let columns = found[0]["Attributes"].as_array().unwrap();
    assert_eq!((columns.len(), &columns[0]["Precision"]), (1, &json!(5)));
    assert!(columns[0].get("MaxValue").is_none() && found[0].get("Keys").is_none());
    let custom = ask(json!({
        "Properties": { "AllProperties": false, "PropertyNames": ["EntitySetName"] },
        "Criteria": { "FilterOperator": "And", "Filters": [
            named("IsCustomEntity", true.into()),
            { "FilterOperator": "Or", "Conditions": [
                { "PropertyName": "SchemaName", "ConditionOperator": "In", "Value": { "Value": ["x_Place"] } },
                { "PropertyName": "SchemaName", "ConditionOperator": "Equals", "Value": { "Value": "none" } },
            ] },
        ] },
    }))
    .await;
    assert_eq!(custom.len(), 1);
    assert_eq!(custom[0]["EntitySetName"], "x_places");
    // Nothing asked for: everything, with choices and relationships.
    let all = ask(json!({})).await;
    let thing = all.iter().find(|table| table["LogicalName"] == "x_thing").unwrap();
    assert_eq!(thing["ManyToOneRelationships"][0]["SchemaName"], "x_place_things");
    let level = thing["Attributes"].as_array().unwrap().iter().find(|c| c["LogicalName"] == "x_level");
    assert_eq!(level.unwrap()["OptionSet"]["Options"].as_array().unwrap().len(), 2);
    let nonsense = desk.get("RetrieveMetadataChanges(Query=@p1)?@p1=nonsense").await;
    assert_eq!(nonsense.status, 400);
}

#[tokio::test]
async fn duplicates_and_nonsense_are_refused() {
    let desk = Desk::new().await;
    let table = |name: &str| json!({ "SchemaName": name, "Attributes": [name_column()] });
    let refusal = async |path: &str, body: Value| {
        let answer = desk.post(path, &body).await;
        (answer.status.as_u16(), answer.json["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    let expect = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(refusal("EntityDefinitions", table("x_THING")).await, expect(400, "0x80047010"));
    let mut taken = table("x_Other");
    taken["EntitySetName"] = "x_things".into();
    assert_eq!(refusal("EntityDefinitions", taken).await, expect(400, "0x8006088e"));
    assert_eq!(refusal("EntityDefinitions", table("x; DROP TABLE")).await, expect(400, "0x80040203"));
    assert_eq!(
        refusal("EntityDefinitions", json!({ "SchemaName": "x_Bare" })).await,
        expect(400, "0x80040203")
    );
    let attributes = "EntityDefinitions(LogicalName='x_thing')/Attributes";
    let twice = json!({ "AttributeType": "String", "SchemaName": "x_Code" });
    assert_eq!(refusal(attributes, twice).await, expect(400, "0x80047013"));
    let file =
        json!({ "@odata.type": "Microsoft.Dynamics.CRM.FileAttributeMetadata", "SchemaName": "x_File" });
    assert_eq!(refusal(attributes, file).await.0, 501);
    assert_eq!(desk.get("EntityDefinitions(LogicalName='nothing')").await.status, 404);
    assert_eq!(desk.delete("EntityDefinitions(LogicalName='x_place')").await.refusal(), (400, "0x8004f01f"));
    assert_eq!(desk.patch("EntityDefinitions(LogicalName='x_thing')", &json!({})).await.status, 405);
}

#[tokio::test]
async fn keys_become_active_after_a_while() {
    let options = Options { key_delay: Duration::from_secs(20), token_seconds: 3599, ..Options::default() };
    let desk = Desk::with(options).await;
    desk.furnish().await;
    let keys = "EntityDefinitions(LogicalName='x_thing')/Keys";
    let made = desk.post(keys, &json!({ "SchemaName": "x_CodeKey", "KeyAttributes": ["x_code"] })).await;
    assert!(made.header("odata-entityid").contains("/Keys("));
    assert_eq!(desk.get(keys).await.json["value"][0]["EntityKeyIndexStatus"], "Pending");
    assert_eq!(desk.get("x_things(x_code='a')").await.status, 400);
    desk.emulator.advance_clock(Duration::from_secs(21));
    assert_eq!(desk.get(keys).await.json["value"][0]["EntityKeyIndexStatus"], "Active");
    assert_eq!(desk.get("x_things(x_code='a')").await.status, 404);
}

#[tokio::test]
async fn global_choices_are_made_shared_and_extended() {
    let desk = Desk::new().await;
    let choice = json!({ "Name": "x_shared", "Options": [{ "Label": label("A") }, { "Label": label("B") }] });
    assert_eq!(desk.post("GlobalOptionSetDefinitions", &choice).await.status, 204);
    let column = json!({
        "@odata.type": "Microsoft.Dynamics.CRM.PicklistAttributeMetadata", "SchemaName": "x_Shared",
        "GlobalOptionSet@odata.bind": "/GlobalOptionSetDefinitions(Name='x_shared')",
    });
    assert_eq!(desk.post("EntityDefinitions(LogicalName='x_thing')/Attributes", &column).await.status, 204);
    let option = json!({ "OptionSetName": "x_shared", "Label": label("C") });
    assert_eq!(desk.post("InsertOptionValue", &option).await.json["NewOptionValue"], 100_000_002);
    desk.thing(json!({ "x_shared": 100_000_002 })).await;
    let path = "GlobalOptionSetDefinitions(Name='x_shared')/Microsoft.Dynamics.CRM.OptionSetMetadata";
    assert_eq!(desk.get(path).await.json["Options"].as_array().unwrap().len(), 3);
    assert_eq!(
        desk.delete("GlobalOptionSetDefinitions(Name='x_shared')").await.refusal(),
        (400, "0x8004f01f")
    );
}

#[tokio::test]
async fn change_tracking_is_put_on() {
    let desk = Desk::new().await;
    let mut whole = desk.get("EntityDefinitions(LogicalName='x_place')").await.json;
    whole["ChangeTrackingEnabled"] = true.into();
    let path = format!("EntityDefinitions({})", whole["MetadataId"].as_str().unwrap());
    assert_eq!(Answer::of(desk.request("PUT", &path).json(&whole)).await.status, 204);
    let prefer = desk.request("GET", "x_places").header("prefer", "odata.track-changes");
    assert!(Answer::of(prefer).await.text.contains("deltaLink"));
}

#[tokio::test]
async fn csdl_describes_the_tables() {
    let desk = Desk::new().await;
    let csdl = desk.get("$metadata").await;
    assert_eq!(csdl.header("content-type"), "application/xml");
    for part in [
        "<EntityType Name=\"x_thing\"",
        "<PropertyRef Name=\"x_thingid\" />",
        "<Property Name=\"x_cost\" Type=\"Edm.Decimal\" Scale=\"5\" />",
        "<NavigationProperty Name=\"x_PlaceId\" Type=\"mscrm.x_place\"",
        "<EntitySet Name=\"x_things\" EntityType=\"Microsoft.Dynamics.CRM.x_thing\">",
    ] {
        assert!(csdl.text.contains(part), "{part}");
    }
}
