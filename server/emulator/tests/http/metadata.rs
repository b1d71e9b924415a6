//! Tables and all that describes them, made and read as client libraries do it.

use std::time::Duration;

use emulator::Options;
use serde_json::{Value, json};

use crate::client::{HttpClient, JsonAnswer, label, name_column};

#[tokio::test]
async fn tables_are_described_as_they_were_made() {
    let client = HttpClient::new().await;
    let table = client
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
    // The currency's comes with the column of money.
    let relationship = &table["ManyToOneRelationships"][1];
    assert_eq!(relationship["ReferencingEntityNavigationPropertyName"], "x_PlaceId");
}

#[tokio::test]
async fn options_come_through_casts() {
    let client = HttpClient::new().await;
    let path = "EntityDefinitions(LogicalName='x_thing')/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet($select=Options)";
    let answer = client.get(path).await;
    let columns = answer.json["value"].as_array().unwrap();
    assert_eq!(columns.len(), 1, "{}", answer.text);
    assert_eq!(columns[0]["OptionSet"]["Options"][1]["Label"]["LocalizedLabels"][0]["Label"], "High");
    // A table without any answers with an empty list: a 404 would fail every write of Microsoft's Python client.
    let none = client.get(&path.replace("x_thing", "x_place")).await;
    assert_eq!(none.json["value"], json!([]));
}

#[tokio::test]
async fn microsofts_python_client_makes_its_tables() {
    let client = HttpClient::with(Options::default()).await;
    let body = json!({ "Entities": [{
        "@odata.type": "Microsoft.Dynamics.CRM.ComplexEntityMetadata", "SchemaName": "new_Item",
        "DisplayName": label("Item"), "OwnershipType": "UserOwned",
        "Attributes": [
            { "@odata.type": "Microsoft.Dynamics.CRM.ComplexStringAttributeMetadata", "SchemaName": "new_Name", "IsPrimaryName": true, "MaxLength": 200 },
            { "@odata.type": "Microsoft.Dynamics.CRM.ComplexDateTimeAttributeMetadata", "SchemaName": "new_When", "Format": "DateOnly" },
            { "@odata.type": "Microsoft.Dynamics.CRM.ComplexPicklistAttributeMetadata", "SchemaName": "new_Kind", "OptionSet": { "Options": [{ "Value": 1, "Label": label("One") }] } },
        ],
    }] });
    assert_eq!(client.post("CreateEntities?SolutionUniqueName=mine", &body).await.status, 400);
    assert_eq!(client.post("CreateEntities?SolutionUniqueName=Default", &body).await.status, 204);
    let select = "MetadataId,LogicalName,SchemaName,EntitySetName,PrimaryNameAttribute,PrimaryIdAttribute";
    let found =
        client.get(&format!("EntityDefinitions?$select={select}&$filter=LogicalName eq 'new_item'")).await;
    let id = found.json["value"][0]["MetadataId"].as_str().unwrap().to_owned();
    assert_eq!(found.json["value"][0]["EntitySetName"], "new_items");
    let column = json!({ "@odata.type": "Microsoft.Dynamics.CRM.IntegerAttributeMetadata", "SchemaName": "new_Count" });
    assert_eq!(client.post(&format!("EntityDefinitions({id})/Attributes"), &column).await.status, 204);
    let listed = client
        .get(
            "EntityDefinitions?$filter=IsPrivate eq false and (SchemaName eq 'new_Item')&$select=LogicalName",
        )
        .await;
    assert_eq!(listed.column("LogicalName"), [json!("new_item")]);
    let one = client.get(&format!("EntityDefinitions({id})/Attributes(LogicalName='new_count')")).await;
    let column_id = one.json["MetadataId"].as_str().unwrap();
    let request = client
        .request("DELETE", &format!("EntityDefinitions({id})/Attributes({column_id})"))
        .header("if-match", "*");
    assert_eq!(JsonAnswer::of(request).await.status, 204);
    let gone = client.get(&format!("EntityDefinitions({id})/Attributes(LogicalName='new_count')")).await;
    assert_eq!(gone.status, 404);
}

#[tokio::test]
async fn definitions_are_queried_by_expressions() {
    let client = HttpClient::new().await;
    let ask = async |query: Value| {
        let answer = client.get(&format!("RetrieveMetadataChanges(Query=@p1)?@p1={query}")).await;
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
    assert_eq!(thing["ManyToOneRelationships"][1]["SchemaName"], "x_place_things");
    let level = thing["Attributes"].as_array().unwrap().iter().find(|c| c["LogicalName"] == "x_level");
    assert_eq!(level.unwrap()["OptionSet"]["Options"].as_array().unwrap().len(), 2);
    let role = all.iter().find(|table| table["LogicalName"] == "role").unwrap();
    assert_eq!(role["ManyToManyRelationships"][0]["SchemaName"], "systemuserroles_association");
    let nonsense = client.get("RetrieveMetadataChanges(Query=@p1)?@p1=nonsense").await;
    assert_eq!(nonsense.status, 400);
}

#[tokio::test]
async fn duplicates_and_nonsense_are_refused() {
    let client = HttpClient::new().await;
    let table = |name: &str| json!({ "SchemaName": name, "Attributes": [name_column()] });
    let refusal = async |path: &str, body: Value| {
        let answer = client.post(path, &body).await;
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
    assert_eq!(client.get("EntityDefinitions(LogicalName='nothing')").await.status, 404);
    assert_eq!(
        client.delete("EntityDefinitions(LogicalName='x_place')").await.refusal(),
        (400, "0x8004f01f")
    );
    assert_eq!(client.patch("EntityDefinitions(LogicalName='x_thing')", &json!({})).await.status, 405);
}

#[tokio::test]
async fn keys_become_active_after_a_while() {
    let options = Options { key_delay: Duration::from_secs(20), token_seconds: 3599, ..Options::default() };
    let client = HttpClient::with(options).await;
    client.furnish().await;
    let keys = "EntityDefinitions(LogicalName='x_thing')/Keys";
    let made = client.post(keys, &json!({ "SchemaName": "x_CodeKey", "KeyAttributes": ["x_code"] })).await;
    assert!(made.header("odata-entityid").contains("/Keys("));
    assert_eq!(client.get(keys).await.json["value"][0]["EntityKeyIndexStatus"], "Pending");
    assert_eq!(client.get("x_things(x_code='a')").await.status, 400);
    client.emulator.advance_clock(Duration::from_secs(21));
    assert_eq!(client.get(keys).await.json["value"][0]["EntityKeyIndexStatus"], "Active");
    assert_eq!(client.get("x_things(x_code='a')").await.status, 404);
}

#[tokio::test]
async fn global_choices_are_made_shared_and_extended() {
    let client = HttpClient::new().await;
    let choice = json!({ "Name": "x_shared", "Options": [{ "Label": label("A") }, { "Label": label("B") }] });
    assert_eq!(client.post("GlobalOptionSetDefinitions", &choice).await.status, 204);
    let column = json!({
        "@odata.type": "Microsoft.Dynamics.CRM.PicklistAttributeMetadata", "SchemaName": "x_Shared",
        "GlobalOptionSet@odata.bind": "/GlobalOptionSetDefinitions(Name='x_shared')",
    });
    assert_eq!(client.post("EntityDefinitions(LogicalName='x_thing')/Attributes", &column).await.status, 204);
    let option = json!({ "OptionSetName": "x_shared", "Label": label("C") });
    assert_eq!(client.post("InsertOptionValue", &option).await.json["NewOptionValue"], 100_000_002);
    client.thing(json!({ "x_shared": 100_000_002 })).await;
    let path = "GlobalOptionSetDefinitions(Name='x_shared')/Microsoft.Dynamics.CRM.OptionSetMetadata";
    assert_eq!(client.get(path).await.json["Options"].as_array().unwrap().len(), 3);
    assert_eq!(
        client.delete("GlobalOptionSetDefinitions(Name='x_shared')").await.refusal(),
        (400, "0x8004f01f")
    );
}

#[tokio::test]
async fn change_tracking_is_put_on() {
    let client = HttpClient::new().await;
    let mut whole = client.get("EntityDefinitions(LogicalName='x_place')").await.json;
    whole["ChangeTrackingEnabled"] = true.into();
    let path = format!("EntityDefinitions({})", whole["MetadataId"].as_str().unwrap());
    assert_eq!(JsonAnswer::of(client.request("PUT", &path).json(&whole)).await.status, 204);
    let prefer = client.request("GET", "x_places").header("prefer", "odata.track-changes");
    assert!(JsonAnswer::of(prefer).await.text.contains("deltaLink"));
}

#[tokio::test]
async fn csdl_describes_the_organisation() {
    let client = HttpClient::new().await;
    let csdl = client.get("$metadata").await;
    assert_eq!(csdl.header("content-type"), "application/xml");
    for part in [
        "<EntityType Name=\"x_thing\"",
        "<PropertyRef Name=\"x_thingid\" />",
        "<Property Name=\"x_cost\" Type=\"Edm.Decimal\" Scale=\"5\" />",
        "<Property Name=\"x_level\" Type=\"Edm.Int32\" />",
        "<NavigationProperty Name=\"x_PlaceId\" Type=\"mscrm.x_place\"",
        "<NavigationProperty Name=\"x_place_things\" Type=\"Collection(mscrm.x_thing)\"",
        "<NavigationProperty Name=\"systemuserroles_association\" Type=\"Collection(mscrm.role)\"",
        "<EntitySet Name=\"x_things\" EntityType=\"Microsoft.Dynamics.CRM.x_thing\">",
        "<Parameter Name=\"Targets\" Type=\"Collection(mscrm.x_thing)\"",
        "<FunctionImport Name=\"WhoAmI\"",
    ] {
        assert!(csdl.text.contains(part), "{part}");
    }
    // Every element is closed by itself or by its like, and every type and set that is named is there.
    let mut open = Vec::new();
    for tag in csdl.text.split('<').skip(2).map(|rest| rest.split('>').next().unwrap()) {
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name)),
            None if tag.ends_with('/') => {}
            None => open.push(tag.split(' ').next().unwrap()),
        }
    }
    assert!(open.is_empty(), "{open:?}");
    for name in csdl.text.split("mscrm.").skip(1).map(|rest| rest.split(['"', ')']).next().unwrap()) {
        assert!(csdl.text.contains(&format!("Name=\"{name}\"")), "{name}");
    }
    for set in csdl.text.split("Target=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(csdl.text.contains(&format!("<EntitySet Name=\"{set}\"")), "{set}");
    }
}

#[tokio::test]
async fn query_functions_that_are_described_are_answered() {
    let client = HttpClient::new().await;
    let csdl = client.get("$metadata").await.text;
    let functions =
        csdl.split("<Function Name=\"").skip(1).map(|rest| rest.split("</Function>").next().unwrap());
    let mut asked = 0;
    for function in functions.filter(|function| function.contains("\"PropertyName\"")) {
        let name = function.split('"').next().unwrap();
        let column = match name {
            "EqualUserLanguage" | "In" | "NotIn" | "Between" | "NotBetween" => "x_count",
            "ContainValues" | "DoesNotContainValues" => "x_tags",
            _ if name.ends_with("UserId") => "ownerid",
            _ if name.ends_with("BusinessId") => "owningbusinessunit",
            _ => "x_at",
        };
        let more = match function {
            _ if function.contains("PropertyValue2") => ",PropertyValue1=3,PropertyValue2=2026",
            _ if function.contains("Edm.Int64") && name == "InFiscalYear" => ",PropertyValue=2026",
            _ if function.contains("Edm.Int64") => ",PropertyValue=3",
            _ if function.contains("PropertyValues") => ",PropertyValues=[\"1\",\"2\"]",
            _ if function.contains("\"PropertyValue\"") => ",PropertyValue='2026-03-01'",
            _ => "",
        };
        let column = match column.starts_with('o') {
            true => format!("_{column}_value"),
            false => column.to_owned(),
        };
        let filter = format!("Microsoft.Dynamics.CRM.{name}(PropertyName='{column}'{more})");
        let answer = client.get(&format!("x_things?$filter={filter}")).await;
        assert_eq!(answer.status, 200, "{filter}: {}", answer.text);
        asked += 1;
    }
    assert!(asked > 50, "{asked}");
}

#[tokio::test]
async fn failed_keys_can_be_rebuilt() {
    let options = Options { key_delay: Duration::from_secs(20), ..Options::default() };
    let client = HttpClient::with(options).await;
    client.furnish().await;
    let twin = client.thing(json!({ "x_code": "same" })).await;
    client.thing(json!({ "x_code": "SAME" })).await;
    let keys = "EntityDefinitions(LogicalName='x_thing')/Keys";
    let status = async || client.get(keys).await.column("EntityKeyIndexStatus");
    let key = json!({ "SchemaName": "x_CodeKey", "KeyAttributes": ["x_code"] });
    assert_eq!(client.post(keys, &key).await.status, 204);
    assert_eq!(status().await, [json!("Pending")]);
    client.emulator.advance_clock(Duration::from_secs(15));
    assert_eq!(status().await, [json!("InProgress")]);
    client.emulator.advance_clock(Duration::from_secs(6));
    assert_eq!(status().await, [json!("Failed")]);
    assert_eq!(client.get("x_things(x_code='same')").await.status, 400);
    let again = json!({ "EntityLogicalName": "x_thing", "EntityKeyLogicalName": "x_codekey" });
    assert_eq!(client.post("ReactivateEntityKey", &again).await.status, 204);
    client.emulator.advance_clock(Duration::from_secs(21));
    assert_eq!(status().await, [json!("Failed")]);
    client.delete(&format!("x_things({twin})")).await;
    assert_eq!(client.post("ReactivateEntityKey", &again).await.status, 204);
    client.emulator.advance_clock(Duration::from_secs(15));
    assert_eq!(status().await, [json!("InProgress")]);
    client.emulator.advance_clock(Duration::from_secs(6));
    assert_eq!(status().await, [json!("Active")]);
    assert_eq!(client.get("x_things(x_code='same')").await.status, 200);
    assert_eq!(client.post("x_things", &json!({ "x_code": "Same" })).await.refusal(), (412, "0x80060892"));
    let unknown = json!({ "EntityLogicalName": "x_thing", "EntityKeyLogicalName": "x_none" });
    assert_eq!(client.post("ReactivateEntityKey", &unknown).await.status, 404);
}

#[tokio::test]
async fn new_parts_join_their_solution() {
    let client = HttpClient::with(Options::default()).await;
    let publisher = json!({
        "uniquename": "apex", "friendlyname": "Apex", "customizationprefix": "apex",
        "customizationoptionvalueprefix": 72_700,
    });
    let publisher = client.post("publishers", &publisher).await.id();
    let table = json!({ "SchemaName": "apex_Run", "Attributes": [name_column()] });
    let make = async || {
        let request =
            client.request("POST", "EntityDefinitions").header("mscrm.solutionuniquename", "apexbase");
        JsonAnswer::of(request.json(&table)).await
    };
    let refused = make().await;
    assert_eq!(refused.refusal(), (400, "0x80040203"));
    assert!(refused.text.contains("apexbase"));
    let solution = json!({
        "uniquename": "ApexBase", "friendlyname": "Base", "version": "1.0.0.0",
        "publisherid@odata.bind": format!("/publishers({publisher})"),
    });
    assert_eq!(client.post("solutions", &solution).await.status, 204);
    assert_eq!(make().await.status, 204);
    let found =
        client.get("solutions?$select=uniquename&$expand=publisherid($select=customizationprefix)").await;
    assert_eq!(found.column("uniquename"), [json!("Default"), json!("Active"), json!("ApexBase")]);
    assert_eq!(found.json["value"][0]["publisherid"]["customizationprefix"], "new");
}

#[tokio::test]
async fn columns_keep_formats_and_change_whole() {
    let client = HttpClient::new().await;
    let attributes = "EntityDefinitions(LogicalName='x_thing')/Attributes";
    let column = |kind: &str, name: &str, more: Value| {
        let mut column = json!({
            "@odata.type": format!("Microsoft.Dynamics.CRM.{kind}AttributeMetadata"), "SchemaName": name,
        });
        column.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        column
    };
    for (kind, name, more) in [
        ("String", "x_Mail", json!({ "FormatName": { "Value": "Email" } })),
        ("Integer", "x_Length", json!({ "Format": "Duration" })),
        ("DateTime", "x_Due", json!({ "Format": "DateOnly" })),
    ] {
        assert_eq!(client.post(attributes, &column(kind, name, more)).await.status, 204);
    }
    let one = async |name: &str| client.get(&format!("{attributes}(LogicalName='{name}')")).await.json;
    assert_eq!(one("x_mail").await["FormatName"]["Value"], "Email");
    assert_eq!(one("x_length").await["Format"], "Duration");
    let due = one("x_due").await;
    assert_eq!(
        (&due["Format"], &due["DateTimeBehavior"]["Value"]),
        (&json!("DateOnly"), &json!("UserLocal"))
    );
    // Kept as a moment, shown as a day.
    let id = client.thing(json!({ "x_due": "2026-03-04T05:06:07Z" })).await;
    let shown =
        client.request("GET", &format!("x_things({id})")).header("prefer", "odata.include-annotations=\"*\"");
    let shown = JsonAnswer::of(shown).await.json;
    assert_eq!(shown["x_due@OData.Community.Display.V1.FormattedValue"], "3/4/2026");
    assert_eq!(shown["x_due"], "2026-03-04T05:06:07Z");
    let mut due = due;
    due["DateTimeBehavior"]["Value"] = "TimeZoneIndependent".into();
    let put = async |name: &str, body: &Value| {
        let path = format!("{attributes}(LogicalName='{name}')");
        JsonAnswer::of(client.request("PUT", &path).header("if-match", "*").json(body)).await.status.as_u16()
    };
    assert_eq!(put("x_due", &due).await, 204);
    assert_eq!(one("x_due").await["DateTimeBehavior"]["Value"], "TimeZoneIndependent");
    due["DateTimeBehavior"]["Value"] = "DateOnly".into();
    assert_eq!(put("x_due", &due).await, 400);
    let bad = column("String", "x_Bad", json!({ "FormatName": { "Value": "Nonsense" } }));
    assert_eq!(client.post(attributes, &bad).await.refusal(), (400, "0x80040203"));
    // The two options of a yes or no come by expanding, like those of a choice.
    let cast = format!("{attributes}(LogicalName='x_done')/Microsoft.Dynamics.CRM.BooleanAttributeMetadata");
    let done = client.get(&format!("{cast}?$expand=OptionSet")).await.json;
    assert_eq!(done["OptionSet"]["TrueOption"]["Label"]["UserLocalizedLabel"]["Label"], "Yes");
    assert!(client.get(&cast).await.json.get("OptionSet").is_none());
}

#[tokio::test]
async fn definitions_are_filtered_by_their_enums() {
    let client = HttpClient::new().await;
    let filter =
        "$filter=OwnershipType eq Microsoft.Dynamics.CRM.OwnershipTypes'UserOwned'&$select=LogicalName";
    let owned = client.get(&format!("EntityDefinitions?{filter}")).await;
    assert_eq!(owned.column("LogicalName"), [json!("x_thing")]);
    let filter =
        "$filter=AttributeType eq Microsoft.Dynamics.CRM.AttributeTypeCode'Money'&$select=LogicalName";
    let money = client.get(&format!("EntityDefinitions(LogicalName='x_thing')/Attributes?{filter}")).await;
    assert_eq!(money.column("LogicalName"), [json!("x_price"), json!("x_price_base")]);
    let inside =
        "$select=LogicalName;$filter=AttributeType eq Microsoft.Dynamics.CRM.AttributeTypeCode'Memo'";
    let table =
        client.get(&format!("EntityDefinitions(LogicalName='x_thing')?$expand=Attributes({inside})")).await;
    let memos: Vec<_> =
        table.json["Attributes"].as_array().unwrap().iter().map(|c| &c["LogicalName"]).collect();
    assert_eq!(memos, ["x_note"], "{}", table.text);
}

#[tokio::test]
async fn choices_and_relationships_are_changed_by_put() {
    let client = HttpClient::new().await;
    let place = client.post("x_places", &json!({ "x_name": "here" })).await.id();
    client.thing(json!({ "x_PlaceId@odata.bind": format!("/x_places({place})") })).await;
    let path = "RelationshipDefinitions(SchemaName='x_place_things')/Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata";
    let mut whole = client.get(path).await.json;
    assert_eq!(whole["CascadeConfiguration"]["Delete"], "RemoveLink");
    whole["CascadeConfiguration"]["Delete"] = "Restrict".into();
    assert_eq!(JsonAnswer::of(client.request("PUT", path).json(&whole)).await.status, 204);
    assert_eq!(client.delete(&format!("x_places({place})")).await.refusal(), (400, "0x8004f01f"));
    client.post("GlobalOptionSetDefinitions", &json!({ "Name": "x_shared", "Options": [] })).await;
    let path = "GlobalOptionSetDefinitions(Name='x_shared')";
    let mut whole = client.get(path).await.json;
    whole["DisplayName"] = label("Shared");
    assert_eq!(JsonAnswer::of(client.request("PUT", path).json(&whole)).await.status, 204);
    assert_eq!(client.get(path).await.json["DisplayName"]["UserLocalizedLabel"]["Label"], "Shared");
}

#[tokio::test]
async fn relationships_have_long_names() {
    let client = HttpClient::new().await;
    let relationship = async |name: String, lookup: &str| {
        let body = json!({
            "@odata.type": "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata", "SchemaName": name,
            "ReferencedEntity": "x_place", "ReferencingEntity": "x_thing", "Lookup": { "SchemaName": lookup },
        });
        client.post("RelationshipDefinitions", &body).await.refusal().0
    };
    let long = format!("x_{}", "n".repeat(253));
    assert_eq!(relationship(format!("{long}n"), "x_OtherId").await, 400);
    assert_eq!(
        relationship(long.clone(), &format!("x_{}", "l".repeat(63))).await,
        400,
        "the lookup's is a column's"
    );
    assert_eq!(relationship(long.clone(), "x_OtherId").await, 204);
    let found = client.get(&format!("RelationshipDefinitions(SchemaName='{long}')")).await;
    assert_eq!(found.json["ReferencingAttribute"], "x_otherid");
    let place = client.post("x_places", &json!({ "x_name": "here" })).await.id();
    client.thing(json!({ "x_name": "a", "x_OtherId@odata.bind": format!("/x_places({place})") })).await;
    let inside = client.get(&format!("x_places({place})?$expand={long}($select=x_name)")).await;
    assert_eq!(inside.json[&long][0]["x_name"], "a");
}
