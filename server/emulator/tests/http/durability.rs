//! What was acknowledged is there the next time.

use emulator::{Emulator, Options};
use serde_json::json;

use crate::client::{HttpClient, JsonAnswer};

#[tokio::test]
async fn the_same_folder_is_the_same_organisation() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { data: Some(folder.path().to_owned()), ..Options::default() };
    let client = HttpClient::with(options()).await;
    client.furnish().await;
    let id = client.thing(json!({ "x_name": "kept" })).await;
    let before = (client.emulator.tenant_id().to_owned(), client.emulator.client_secret().to_owned());
    let etag = client.get(&format!("x_things({id})")).await.header("etag").to_owned();
    client.emulator.stop().await;
    let client = HttpClient::with(options()).await;
    assert_eq!((client.emulator.tenant_id().to_owned(), client.emulator.client_secret().to_owned()), before);
    let row = client.get(&format!("x_things({id})")).await;
    assert_eq!((row.json["x_name"].as_str(), row.header("etag")), (Some("kept"), etag.as_str()));
    // Versions go on where they were, or delta links would miss rows.
    client.patch(&format!("x_things({id})"), &json!({ "x_count": 1 })).await;
    assert_ne!(client.get(&format!("x_things({id})")).await.header("etag"), etag);
}

#[tokio::test]
async fn a_dropped_organisation_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { data: Some(folder.path().to_owned()), ..Options::default() };
    let client = HttpClient::with(options()).await;
    client.furnish().await;
    let id = client.thing(json!({ "x_name": "kept" })).await;
    // A copy of the files while it runs is what a killed machine leaves behind.
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    let revived =
        HttpClient::with(Options { data: Some(copy.path().to_owned()), ..Options::default() }).await;
    assert_eq!(revived.get(&format!("x_things({id})")).await.json["x_name"], "kept");
}

#[tokio::test]
async fn organisations_stand_side_by_side() {
    let named = Options { name: "Other".to_owned(), ..Options::default() };
    let (one, other) = (HttpClient::new().await, HttpClient::with(named).await);
    assert_ne!(one.emulator.client_id(), other.emulator.client_id());
    assert_eq!(other.get("organizations").await.column("name"), [json!("Other")]);
    // Neither rows nor tokens, faults or time of the one are the other's.
    one.thing(json!({})).await;
    assert_eq!(other.get("x_things").await.status, 404);
    let foreign = one.request("GET", &format!("{}/api/data/v9.2/WhoAmI", other.emulator.url()));
    assert_eq!(JsonAnswer::of(foreign).await.status, 401);
    one.emulator.disturb(emulator::Disturbance::default());
    assert_eq!(one.get("WhoAmI").await.status, 503);
    one.emulator.advance_clock(std::time::Duration::from_secs(100_000));
    one.emulator.revoke_tokens();
    assert_eq!(other.get("WhoAmI").await.status, 200);
}

#[tokio::test]
async fn a_taken_port_is_a_sentence() {
    let client = HttpClient::with(Options::default()).await;
    let listen = client.emulator.url().strip_prefix("http://").unwrap().parse().unwrap();
    let error = Emulator::start(Options { listen, ..Options::default() }).await.unwrap_err();
    assert!(error.to_string().contains("choose another"), "{error}");
}

#[tokio::test]
async fn concurrent_writers_all_succeed() {
    let client = std::sync::Arc::new(HttpClient::new().await);
    let writers: Vec<_> = (0..20)
        .map(|n| {
            let client = std::sync::Arc::clone(&client);
            tokio::spawn(async move {
                let path = format!("x_things(00000000-0000-4000-8000-{:012})", n % 5);
                let answer: JsonAnswer = client.patch(&path, &json!({ "x_count": n })).await;
                answer.status.as_u16()
            })
        })
        .collect();
    for writer in writers {
        assert_eq!(writer.await.unwrap(), 204);
    }
    assert_eq!(client.get("x_things/$count").await.text, "5");
}

#[tokio::test]
async fn folders_of_earlier_versions_work() {
    use sqlx::ConnectOptions as _;

    let folder = tempfile::tempdir().unwrap();
    let options = || Options { data: Some(folder.path().to_owned()), ..Options::default() };
    let client = HttpClient::with(options()).await;
    client.furnish().await;
    let id = client.thing(json!({ "x_name": "old" })).await;
    client.emulator.stop().await;
    // What there was before there were several users and their privileges.
    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("organisation.sqlite"));
    let mut file = file.collation("dataverse", str::cmp).connect().await.unwrap();
    let body = "SELECT json_extract(body, '$.number') FROM definitions WHERE name = ";
    let number = async |file: &mut sqlx::SqliteConnection, name: &str| {
        let text = format!("{body}'{name}'");
        sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(text)).fetch_one(file).await.unwrap()
    };
    let (things, privileges) = (number(&mut file, "x_thing").await, number(&mut file, "privilege").await);
    let old = format!(
        "ALTER TABLE r_{things} DROP COLUMN createdby; ALTER TABLE r_{things} DROP COLUMN ownerid; \
         DROP TABLE r_{privileges}; DELETE FROM definitions WHERE name = 'privilege'; DROP TABLE user_roles; \
         DROP TABLE role_privileges; DROP TABLE applications; DELETE FROM facts WHERE name = 'administrator';"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(old)).execute(&mut file).await.unwrap();
    sqlx::Connection::close(file).await.unwrap();
    let client = HttpClient::with(options()).await;
    let row = client.get(&format!("x_things({id})")).await;
    assert_eq!(row.json["x_name"], "old", "{}", row.text);
    assert_eq!(row.json["_createdby_value"], client.get("WhoAmI").await.json["UserId"]);
    assert_eq!(client.patch(&format!("x_things({id})"), &json!({ "x_count": 1 })).await.status, 204);
    let known = client.get("privileges?$filter=name eq 'prvReadx_Thing'").await;
    assert_eq!(known.column("name"), [json!("prvReadx_Thing")]);
}

#[tokio::test]
async fn a_folder_has_one_emulator() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { data: Some(folder.path().to_owned()), ..Options::default() };
    let first = Emulator::start(options.clone()).await.unwrap();
    let refused = Emulator::start(options.clone()).await.unwrap_err().to_string();
    assert!(refused.contains("another emulator's now"), "{refused}");
    drop(first);
    Emulator::start(options).await.unwrap().stop().await;
}
