//! Roles and privileges: made, given, and heeded.

use emulator::Options;
use serde_json::{Value, json};

use crate::client::{HttpClient, JsonAnswer};

/// Makes a role with these privileges, by their names, and gives its id.
async fn role(client: &HttpClient, name: &str, privileges: &[&str]) -> String {
    let unit = client.get("WhoAmI").await.json["BusinessUnitId"].as_str().unwrap().to_owned();
    let body = json!({ "name": name, "businessunitid@odata.bind": format!("/businessunits({unit})") });
    let made = client.post("roles", &body).await;
    assert_eq!(made.status, 204, "{}", made.text);
    let found =
        format!("roles?$select=roleid,name&$filter=name eq '{name}' and _businessunitid_value eq {unit}");
    assert_eq!(client.get(&found).await.json["value"][0]["roleid"], made.id());
    grant(client, &made.id(), privileges).await;
    made.id()
}

async fn grant(client: &HttpClient, role: &str, names: &[&str]) {
    if names.is_empty() {
        return;
    }
    let filter: Vec<String> = names.iter().map(|name| format!("name eq '{name}'")).collect();
    let found =
        client.get(&format!("privileges?$select=privilegeid,name&$filter={}", filter.join(" or "))).await;
    let found = found.json["value"].as_array().unwrap().clone();
    assert_eq!(found.len(), names.len(), "{found:?}");
    let one = |privilege: &Value| {
        json!({
            "Depth": "Global", "PrivilegeId": privilege["privilegeid"], "PrivilegeName": privilege["name"],
            "BusinessUnitId": "00000000-0000-0000-0000-000000000000",
        })
    };
    let body = json!({ "Privileges": found.iter().map(one).collect::<Vec<_>>() });
    let given = client.post(&format!("roles({role})/Microsoft.Dynamics.CRM.AddPrivilegesRole"), &body).await;
    assert_eq!(given.status, 204, "{}", given.text);
}

async fn held(client: &HttpClient, path: &str) -> Vec<String> {
    let answer = client.get(path).await;
    let held = answer.json["RolePrivileges"].as_array().unwrap_or_else(|| panic!("{}", answer.text));
    held.iter().map(|privilege| privilege["PrivilegeName"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_table_comes_with_its_privileges() {
    let client = HttpClient::new().await;
    let table = client.get("EntityDefinitions(LogicalName='x_thing')?$select=Privileges").await.json;
    let listed = table["Privileges"].as_array().unwrap();
    let names: Vec<&str> = listed.iter().map(|privilege| privilege["Name"].as_str().unwrap()).collect();
    let expect = [
        "prvCreatex_Thing",
        "prvReadx_Thing",
        "prvWritex_Thing",
        "prvDeletex_Thing",
        "prvAppendx_Thing",
        "prvAppendTox_Thing",
        "prvAssignx_Thing",
        "prvSharex_Thing",
    ];
    assert_eq!(names, expect);
    let alone = client.get("EntityDefinitions(LogicalName='x_thing')/Privileges").await;
    assert_eq!(alone.json["value"], table["Privileges"]);
    let row = client.get("privileges?$filter=name eq 'prvReadx_Thing'").await.json["value"][0].clone();
    assert_eq!(row["privilegeid"], listed[1]["PrivilegeId"]);
    assert_eq!((&row["accessright"], &row["canbebasic"]), (&json!(1), &json!(true)));
    // The rows of this one have no owner, so they cannot be assigned, and depths make no difference.
    let place = client.get("privileges?$filter=endswith(name,'x_Place')").await;
    assert_eq!(place.json["value"].as_array().unwrap().len(), 6);
    assert_eq!(place.json["value"][0]["canbebasic"], false);
    // They go when the table goes, and none can be made up.
    client.delete("EntityDefinitions(LogicalName='x_thing')").await;
    assert_eq!(client.get("privileges?$filter=endswith(name,'x_Thing')").await.json["value"], json!([]));
    assert_eq!(client.post("privileges", &json!({ "name": "prvAll" })).await.refusal(), (400, "0x80040800"));
}

#[tokio::test]
async fn roles_hold_given_privileges() {
    let client = HttpClient::new().await;
    let id = role(&client, "Writer", &["prvReadx_Thing", "prvCreatex_Thing"]).await;
    let expect = ["prvCreatex_Thing", "prvReadx_Thing"];
    for path in [
        format!("RetrieveRolePrivilegesRole(RoleId={id})"),
        format!("RetrieveRolePrivilegesRole(RoleId=@r)?@r={id}"),
        format!("roles({id})/Microsoft.Dynamics.CRM.RetrieveRolePrivilegesRole()"),
    ] {
        assert_eq!(held(&client, &path).await, expect, "{path}");
    }
    let path = format!("RetrieveRolePrivilegesRole(RoleId={id})");
    let one = client.get(&path).await.json["RolePrivileges"][0].clone();
    assert_eq!(one["Depth"], "Global");
    let body = json!({ "PrivilegeId": one["PrivilegeId"] });
    let action = |name: &str| format!("roles({id})/Microsoft.Dynamics.CRM.{name}");
    assert_eq!(client.post(&action("RemovePrivilegeRole"), &body).await.status, 204);
    assert_eq!(held(&client, &path).await, ["prvReadx_Thing"]);
    let body = json!({ "Privileges": [{ "PrivilegeId": one["PrivilegeId"], "Depth": "Basic" }] });
    assert_eq!(client.post(&action("ReplacePrivilegesRole"), &body).await.status, 204);
    assert_eq!(held(&client, &path).await, ["prvCreatex_Thing"]);
    assert_eq!(client.get(&path).await.json["RolePrivileges"][0]["Depth"], "Basic");
    for (body, expect) in [
        (json!({}), (400, "0x80048d19")),
        (json!({ "Privileges": [{ "PrivilegeId": id, "Depth": "Global" }] }), (404, "0x80040217")),
        (json!({ "Privileges": [{ "PrivilegeId": one["PrivilegeId"] }] }), (400, "0x80048d19")),
    ] {
        assert_eq!(client.post(&action("AddPrivilegesRole"), &body).await.refusal(), expect, "{body}");
    }
    let global = client.get("privileges?$filter=name eq 'prvReadx_Place'").await;
    let body = json!({ "Privileges": [
        { "PrivilegeId": global.json["value"][0]["privilegeid"], "Depth": "Local" },
    ] });
    assert_eq!(client.post(&action("AddPrivilegesRole"), &body).await.refusal(), (400, "0x80040203"));
    assert_eq!(client.get("RetrieveRolePrivilegesRole").await.status, 400);
    let nobody = "roles(00000000-0000-4000-8000-000000000001)/Microsoft.Dynamics.CRM.AddPrivilegesRole";
    assert_eq!(client.post(nobody, &json!({ "Privileges": [] })).await.refusal(), (404, "0x80040217"));
}

#[tokio::test]
async fn users_get_roles_and_lose_them() {
    let client = HttpClient::new().await;
    let id = role(&client, "Reader", &["prvReadx_Thing"]).await;
    let visitor = client.as_application(Some(Vec::new())).await;
    let user = visitor.registered.user_id.clone().unwrap();
    assert_eq!(visitor.get("WhoAmI").await.json["UserId"], user);
    let refused = visitor.get("x_things").await;
    assert_eq!(refused.refusal(), (403, "0x80040220"));
    let message = refused.json["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with(&format!("Principal user (Id={user}, type=8, roleCount=0, privilegeCount=0,"))
            && message.contains("is missing prvReadx_Thing privilege (Id="),
        "{message}"
    );
    let roles = format!("systemusers({user})/systemuserroles_association");
    let reference = json!({ "@odata.id": format!("{}/api/data/v9.2/roles({id})", client.emulator.url()) });
    assert_eq!(client.post(&format!("{roles}/$ref"), &reference).await.status, 204);
    assert_eq!(client.get(&format!("{roles}?$select=name")).await.column("name"), [json!("Reader")]);
    let users = client.get(&format!("roles({id})/systemuserroles_association?$select=systemuserid")).await;
    assert_eq!(users.column("systemuserid"), [json!(user)]);
    assert_eq!(visitor.get("x_things").await.status, 200);
    let mine = format!("systemusers({user})/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()");
    assert_eq!(held(&client, &mine).await, ["prvReadx_Thing"]);
    assert_eq!(client.delete(&format!("{roles}({id})/$ref")).await.status, 204);
    assert_eq!(client.get(&roles).await.json["value"], json!([]));
    assert_eq!(visitor.get("x_things").await.status, 403);
    // From the other side, and off again by address.
    let reference = json!({ "@odata.id": format!("systemusers({user})") });
    let association = format!("roles({id})/systemuserroles_association/$ref");
    assert_eq!(client.post(&association, &reference).await.status, 204);
    assert_eq!(visitor.get("x_things").await.status, 200);
    assert_eq!(client.delete(&format!("{association}?$id=systemusers({user})")).await.status, 204);
    assert_eq!(visitor.get("x_things").await.status, 403);
}

#[tokio::test]
async fn every_request_needs_its_privilege() {
    let client = HttpClient::new().await;
    let place = client.post("x_places", &json!({ "x_name": "here" })).await.id();
    let thing =
        client.thing(json!({ "x_name": "a", "x_PlaceId@odata.bind": format!("/x_places({place})") })).await;
    let id = role(&client, "Growing", &[]).await;
    let visitor = client.as_application(Some(vec![id.clone()])).await;
    let (one, name) = (format!("x_things({thing})"), json!({ "x_name": "b" }));
    let bound = json!({ "x_PlaceId@odata.bind": format!("/x_places({place})") });
    let many = json!({ "Targets": [{ "@odata.type": "Microsoft.Dynamics.CRM.x_thing", "x_name": "c" }] });
    let expanded = format!("{one}?$expand=x_PlaceId");
    let steps: &[(&str, &str, &str, &Value, u16)] = &[
        ("prvReadx_Thing", "GET", "x_things", &Value::Null, 200),
        ("prvReadx_Place", "GET", &expanded, &Value::Null, 200),
        ("prvCreatex_Thing", "POST", "x_things", &name, 204),
        ("prvWritex_Thing", "PATCH", &one, &name, 204),
        ("prvAppendx_Thing", "PATCH", &one, &bound, 403),
        ("prvAppendTox_Place", "PATCH", &one, &bound, 204),
        ("prvDeletex_Thing", "DELETE", &one, &Value::Null, 204),
    ];
    for (privilege, method, path, body, expect) in steps {
        let before = visitor.send(method, path, body).await;
        assert_eq!(before.refusal(), (403, "0x80040220"), "{privilege}");
        assert!(before.text.contains(privilege), "{privilege}: {}", before.text);
        grant(&client, &id, &[privilege]).await;
        let after = visitor.send(method, path, body).await;
        assert_eq!(after.status.as_u16(), *expect, "{privilege}: {}", after.text);
    }
    // However the other table is reached.
    let stranger = role(&client, "Places", &["prvReadx_Place"]).await;
    let stranger = client.as_application(Some(vec![stranger])).await;
    assert_eq!(stranger.get("x_places").await.status, 200);
    let fetch = "<fetch><entity name='x_place'><link-entity name='x_thing' from='x_placeid' to='x_placeid'/></entity></fetch>";
    for path in [
        "x_places?$expand=x_place_things".to_owned(),
        "x_places?$filter=x_place_things/any(t:t/x_count eq 1)".to_owned(),
        format!("x_places({place})/x_place_things"),
        format!("x_places({place})/x_place_things/$count"),
        format!("x_places?fetchXml={fetch}"),
    ] {
        let refused = stranger.get(&path).await;
        assert_eq!(refused.refusal(), (403, "0x80040220"), "{path}: {}", refused.text);
    }
    let bulk = "x_places/Microsoft.Dynamics.CRM.CreateMultiple";
    let many = json!({ "Targets": [
        { "@odata.type": "Microsoft.Dynamics.CRM.x_place", "x_name": many["Targets"][0]["x_name"] },
    ] });
    assert_eq!(visitor.send("POST", bulk, &many).await.refusal(), (403, "0x80040220"));
    // A privilege for one table is none for another, nor for the organisation.
    assert_eq!(visitor.get("x_places").await.status, 200);
    assert_eq!(visitor.get("roles").await.refusal(), (403, "0x80040220"));
    assert_eq!(visitor.get("EntityDefinitions").await.refusal(), (403, "0x80040220"));
    let table = json!({ "SchemaName": "x_Mine", "Attributes": [crate::client::name_column()] });
    let refused = visitor.send("POST", "EntityDefinitions", &table).await;
    assert!(refused.text.contains("prvCreateEntity"), "{}", refused.text);
    assert_eq!(visitor.get("$metadata").await.status, 200);
}

#[tokio::test]
async fn the_organisations_own_roles_are_there() {
    let client = HttpClient::new().await;
    let names = client.get("roles?$select=name&$orderby=name").await.column("name");
    assert_eq!(names, [json!("Basic User"), json!("System Administrator"), json!("System Customizer")]);
    let customizer = client.as_application(Some(vec!["System Customizer".to_owned()])).await;
    let table = json!({ "SchemaName": "x_Mine", "Attributes": [crate::client::name_column()] });
    assert_eq!(customizer.send("POST", "EntityDefinitions", &table).await.status, 204);
    // A new table belongs to those who customize as well.
    assert_eq!(customizer.send("POST", "x_mines", &json!({ "x_name": "a" })).await.status, 204);
    assert_eq!(customizer.send("POST", "roles", &json!({ "name": "b" })).await.status, 403);
    let reader = client.as_application(Some(vec!["Basic User".to_owned()])).await;
    assert_eq!(reader.get("EntityDefinitions?$select=LogicalName").await.status, 200);
    assert_eq!(reader.get("x_mines").await.status, 403);
    // The role that may do everything cannot be cut down by mistake.
    let all =
        client.get("roles?$filter=name eq 'System Administrator'").await.json["value"][0]["roleid"].clone();
    let action = format!("roles({})/Microsoft.Dynamics.CRM.ReplacePrivilegesRole", all.as_str().unwrap());
    assert_eq!(client.post(&action, &json!({ "Privileges": [] })).await.status, 400);
}

#[tokio::test]
async fn strangers_and_the_disabled_stay_outside() {
    let client = HttpClient::with(Options::default()).await;
    let stranger = client.as_application(None).await;
    let refused = stranger.get("WhoAmI").await;
    assert_eq!(refused.refusal(), (403, "0x80072560"));
    assert_eq!(refused.json["error"]["message"], "The user is not a member of the organization.");
    // Made a user through the API, as provisioning scripts do it, it is in.
    let body = json!({ "applicationid": stranger.registered.client_id, "fullname": "# script" });
    let made = client.post("systemusers", &body).await;
    assert_eq!(made.status, 204, "{}", made.text);
    assert_eq!(stranger.get("WhoAmI").await.json["UserId"], made.id());
    let found = format!("systemusers?$filter=applicationid eq {}", stranger.registered.client_id);
    assert_eq!(client.get(&found).await.column("fullname"), [json!("# script")]);
    let disabled = client.patch(&format!("systemusers({})", made.id()), &json!({ "isdisabled": true })).await;
    assert_eq!(disabled.status, 204);
    assert_eq!(stranger.get("WhoAmI").await.refusal(), (403, "0x80040225"));
}

#[tokio::test]
async fn a_batch_needs_its_privileges_too() {
    let client = HttpClient::new().await;
    let id = role(&client, "Reader", &["prvReadx_Thing"]).await;
    let visitor = client.as_application(Some(vec![id])).await;
    let body = "--b\r\nContent-Type: application/http\r\n\r\nGET x_things HTTP/1.1\r\n\r\n\r\n--b\r\nContent-Type: \
                application/http\r\n\r\nPOST x_things HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{}\r\n--b--\r\n";
    let request =
        visitor.request("POST", "$batch").header("content-type", "multipart/mixed; boundary=b").body(body);
    let answer = JsonAnswer::of(request).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.text.contains("HTTP/1.1 200 OK") && answer.text.contains("HTTP/1.1 403"),
        "{}",
        answer.text
    );
    assert!(answer.text.contains("prvCreatex_Thing"));
}

/// Makes a role whose privileges reach its user's own rows alone.
async fn own_rows(client: &HttpClient, access: &[&str]) -> String {
    let id = role(client, "Own", &[]).await;
    let table = client.get("EntityDefinitions(LogicalName='x_thing')/Privileges").await.json;
    let wanted = |one: &&Value| access.iter().any(|access| one["PrivilegeType"] == *access);
    let one = |one: &Value| json!({ "PrivilegeId": one["PrivilegeId"], "Depth": "Basic" });
    let list: Vec<Value> = table["value"].as_array().unwrap().iter().filter(wanted).map(one).collect();
    let action = format!("roles({id})/Microsoft.Dynamics.CRM.AddPrivilegesRole");
    assert_eq!(client.post(&action, &json!({ "Privileges": list })).await.status, 204);
    id
}

#[tokio::test]
async fn rows_say_who_wrote_them() {
    let client = HttpClient::new().await;
    let visitor = client.as_application(Some(vec!["System Administrator".to_owned()])).await;
    let (me, other) = (
        client.get("WhoAmI").await.json["UserId"].clone(),
        json!(visitor.registered.user_id.clone().unwrap()),
    );
    let mine = client.thing(json!({ "x_name": "a" })).await;
    let theirs = visitor.send("POST", "x_things", &json!({ "x_name": "b" })).await.id();
    let people = async |id: &str| {
        let row = client.get(&format!("x_things({id})")).await.json;
        ["_createdby_value", "_modifiedby_value", "_ownerid_value", "_owninguser_value"]
            .map(|name| row[name] == me)
    };
    assert_eq!(people(&mine).await, [true; 4]);
    assert_eq!(people(&theirs).await, [false; 4]);
    visitor.send("PATCH", &format!("x_things({mine})"), &json!({ "x_count": 1 })).await;
    assert_eq!(people(&mine).await, [true, false, true, true]);
    let filter = format!("x_things?$select=x_name&$filter=_createdby_value eq {}", other.as_str().unwrap());
    assert_eq!(client.get(&filter).await.column("x_name"), [json!("b")]);
    let expanded = client.get(&format!("x_things({theirs})?$expand=createdby($select=systemuserid)")).await;
    assert_eq!(expanded.json["createdby"]["systemuserid"], other);
    let here = "x_things?$select=x_name&$filter=Microsoft.Dynamics.CRM.EqualUserId(PropertyName='ownerid')";
    assert_eq!(
        visitor.get(&here.replace("'ownerid'", "'_ownerid_value'")).await.column("x_name"),
        [json!("b")]
    );
    // Handing a row on is a privilege of its own.
    let assign = json!({ "ownerid@odata.bind": format!("/systemusers({})", other.as_str().unwrap()) });
    assert_eq!(client.patch(&format!("x_things({mine})"), &assign).await.status, 204);
    assert_eq!(people(&mine).await, [true, true, false, false]);
    let id = own_rows(&client, &["Read", "Write"]).await;
    let weak = client.as_application(Some(vec![id])).await;
    let refused = weak.send("PATCH", &format!("x_things({mine})"), &assign).await;
    assert!(refused.text.contains("prvAssignx_Thing"), "{}", refused.text);
}

#[tokio::test]
async fn basic_privileges_reach_own_rows() {
    let client = HttpClient::new().await;
    let theirs = client.thing(json!({ "x_name": "theirs" })).await;
    let id = own_rows(&client, &["Read", "Create", "Write", "Delete"]).await;
    let visitor = client.as_application(Some(vec![id])).await;
    let made = visitor.send("POST", "x_things", &json!({ "x_name": "own" })).await;
    assert_eq!(made.status, 204, "{}", made.text);
    let own = format!("x_things({})", made.id());
    assert_eq!(visitor.get("x_things").await.column("x_name"), [json!("own")]);
    assert_eq!(visitor.get("x_things/$count").await.text, "1");
    assert_eq!(visitor.get("x_things?$apply=aggregate($count as n)").await.json["value"][0]["n"], 1);
    let fetch = "<fetch><entity name='x_thing'><attribute name='x_name'/></entity></fetch>";
    assert_eq!(visitor.get(&format!("x_things?fetchXml={fetch}")).await.column("x_name"), [json!("own")]);
    let foreign = format!("x_things({theirs})");
    let refused = visitor.get(&foreign).await;
    assert_eq!(refused.refusal(), (403, "0x80048306"));
    assert!(refused.text.contains("AccessRights: ReadAccess"), "{}", refused.text);
    let change = json!({ "x_count": 1 });
    assert_eq!(visitor.send("PATCH", &foreign, &change).await.refusal(), (403, "0x80048306"));
    assert_eq!(visitor.send("DELETE", &foreign, &Value::Null).await.refusal(), (403, "0x80048306"));
    assert_eq!(visitor.send("PATCH", &own, &change).await.status, 204);
    let tracked = visitor.request("GET", "x_things").header("prefer", "odata.track-changes");
    assert_eq!(JsonAnswer::of(tracked).await.refusal(), (403, "0x80040220"));
    assert_eq!(visitor.send("DELETE", &own, &Value::Null).await.status, 204);
    assert_eq!(client.get("x_things").await.column("x_name"), [json!("theirs")]);
}

#[tokio::test]
async fn one_application_stands_in_for_another() {
    let client = HttpClient::new().await;
    client.thing(json!({ "x_name": "seen" })).await;
    let id = role(&client, "Reader", &["prvReadx_Thing", "prvReadx_Place"]).await;
    let reader = client.as_application(Some(vec![id])).await;
    let user = reader.registered.user_id.clone().unwrap();
    let instead = async |method: &str, path: &str, header: &str, id: &str| {
        JsonAnswer::of(client.request(method, path).header(header, id).json(&json!({}))).await
    };
    assert_eq!(instead("GET", "WhoAmI", "mscrmcallerid", &user).await.json["UserId"], user);
    let object = reader.registered.object_id.clone();
    assert_eq!(instead("GET", "WhoAmI", "callerobjectid", &object).await.json["UserId"], user);
    // With no more rights than either of the two.
    assert_eq!(instead("GET", "x_things", "mscrmcallerid", &user).await.column("x_name"), [json!("seen")]);
    assert_eq!(instead("POST", "x_things", "mscrmcallerid", &user).await.refusal(), (403, "0x80040220"));
    let id = role(&client, "Delegate", &["prvActOnBehalfOfAnotherUser", "prvReadx_Thing"]).await;
    let delegate = client.as_application(Some(vec![id])).await;
    let own = client.get("WhoAmI").await.json["UserId"].as_str().unwrap().to_owned();
    let through =
        async |path: &str| JsonAnswer::of(delegate.request("GET", path).header("mscrmcallerid", &own)).await;
    assert_eq!(through("x_things").await.status, 200);
    assert_eq!(through("x_places").await.refusal(), (403, "0x80040220"));
    let refused = JsonAnswer::of(reader.request("GET", "WhoAmI").header("mscrmcallerid", &own)).await;
    assert!(
        refused.status == 403 && refused.text.contains("prvActOnBehalfOfAnotherUser"),
        "{}",
        refused.text
    );
    assert_eq!(instead("GET", "WhoAmI", "mscrmcallerid", "nonsense").await.status, 400);
    let nobody = "00000000-0000-4000-8000-000000000001";
    assert_eq!(instead("GET", "WhoAmI", "mscrmcallerid", nobody).await.refusal(), (403, "0x80072560"));
}
