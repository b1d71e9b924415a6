//! The system's own lookups are relationships like others: in definitions, and walked from both ends.

use serde_json::{Value, json};

use crate::client::HttpClient;

#[tokio::test]
async fn definitions_list_the_systems_relationships() {
    let client = HttpClient::new().await;
    let list = async |table: &str, side: &str| {
        client.get(&format!("EntityDefinitions(LogicalName='{table}')/{side}Relationships")).await.json["value"]
            .as_array()
            .unwrap()
            .clone()
    };
    let all = list("x_thing", "ManyToOne").await;
    let ends = |name: &str| {
        let found = all.iter().find(|one| one["SchemaName"] == name).unwrap_or_else(|| panic!("{name}"));
        [
            &found["ReferencedEntity"],
            &found["ReferencedAttribute"],
            &found["ReferencingEntityNavigationPropertyName"],
        ]
        .map(|end| end.as_str().unwrap().to_owned())
    };
    let user = "systemuser";
    for (name, expect) in [
        ("lk_x_thing_createdby", [user, "systemuserid", "createdby"]),
        ("lk_x_thing_modifiedby", [user, "systemuserid", "modifiedby"]),
        ("lk_x_thing_createdonbehalfby", [user, "systemuserid", "createdonbehalfby"]),
        ("user_x_thing", [user, "systemuserid", "owninguser"]),
        ("team_x_thing", ["team", "teamid", "owningteam"]),
        ("business_unit_x_thing", ["businessunit", "businessunitid", "owningbusinessunit"]),
        ("owner_x_thing", ["owner", "ownerid", "ownerid"]),
    ] {
        assert_eq!(ends(name), expect, "{name}");
    }
    // A table of the organisation's has no owner.
    let names: Vec<Value> =
        list("x_place", "ManyToOne").await.iter().map(|one| one["SchemaName"].clone()).collect();
    assert!(names.contains(&json!("organization_x_place")) && !names.contains(&json!("user_x_place")));
    let of_users = list(user, "OneToMany").await;
    assert!(of_users.iter().any(|one| one["SchemaName"] == "lk_x_thing_createdby"));
    let path = "RelationshipDefinitions(SchemaName='lk_x_thing_createdby')";
    let one = client.get(path).await.json;
    let by_id =
        client.get(&format!("RelationshipDefinitions({})", one["MetadataId"].as_str().unwrap())).await;
    assert_eq!(by_id.json["SchemaName"], "lk_x_thing_createdby");
    assert_eq!(client.delete(path).await.status, 404, "the system's own stay");
    let lookup = client.get(&format!("{path}/Lookup")).await.json;
    assert_eq!((&lookup["LogicalName"], &lookup["Targets"]), (&json!("createdby"), &json!([user])));
}

#[tokio::test]
async fn system_lookups_are_walked_both_ways() {
    let client = HttpClient::new().await;
    let id = client.thing(json!({ "x_name": "a" })).await;
    let user = client.get("WhoAmI").await.json["UserId"].as_str().unwrap().to_owned();
    let expand = "createdby($select=fullname),modifiedby($select=systemuserid),owninguser($select=fullname),\
                  owningbusinessunit($select=name),createdonbehalfby($select=fullname),owningteam($select=name)";
    let row = client.get(&format!("x_things({id})?$select=x_name&$expand={expand}")).await.json;
    assert_eq!(row["createdby"]["fullname"], "# Emulated application user");
    assert_eq!(row["owninguser"]["fullname"], row["createdby"]["fullname"]);
    assert_eq!(row["modifiedby"]["systemuserid"], json!(user));
    assert!(row["owningbusinessunit"]["name"].is_string());
    assert_eq!((&row["createdonbehalfby"], &row["owningteam"]), (&Value::Null, &Value::Null));
    for path in [
        format!("systemusers({user})/lk_x_thing_createdby"),
        format!("systemusers({user})/user_x_thing?$select=x_name"),
        "x_things?$filter=contains(createdby/fullname,'application user')".to_owned(),
    ] {
        let answer = client.get(&path).await;
        assert_eq!(answer.column("x_name"), ["a"], "{path}");
    }
    let count = client.get(&format!("systemusers({user})/lk_x_thing_modifiedby/$count")).await;
    assert_eq!(count.text.trim_start_matches('\u{feff}'), "1");
    let inside = client.get(&format!("systemusers({user})?$expand=user_x_thing($select=x_name)")).await.json;
    assert_eq!(inside["user_x_thing"][0]["x_name"], "a");
    let any = "systemusers?$filter=lk_x_thing_createdby/any(t:t/x_name eq 'a')";
    assert_eq!(client.get(any).await.column("systemuserid"), [json!(user)]);
    let unit = row["owningbusinessunit"]["businessunitid"].as_str().unwrap();
    let of_unit = client.get(&format!("businessunits({unit})/business_unit_x_thing")).await;
    assert_eq!(of_unit.column("x_name"), ["a"]);
    let csdl = client.get("$metadata").await.text;
    for part in [
        "<NavigationProperty Name=\"createdby\" Type=\"mscrm.systemuser\" Nullable=\"false\" Partner=\"lk_x_thing_createdby\">",
        "<NavigationProperty Name=\"lk_x_thing_createdby\" Type=\"Collection(mscrm.x_thing)\" Partner=\"createdby\" />",
        "<NavigationPropertyBinding Path=\"user_x_thing\" Target=\"x_things\" />",
    ] {
        assert!(csdl.contains(part), "{part}");
    }
}
