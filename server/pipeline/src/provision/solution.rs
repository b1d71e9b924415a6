//! The publisher that owns the prefix, and the solution that everything is made in, so that an administrator finds it in
//! one place and can carry it to another environment.

use dataverse::{Client, Error, Filter, Query};
use serde_json::{Value, json};

pub(super) const PREFIX: &str = "apex";
pub(super) const SOLUTION: &str = "StudioMetrics";
/// With it the first choice is 100000000.
const CHOICE_PREFIX: u32 = 10_000;

pub(super) async fn has_publisher(client: &Client) -> Result<bool, Error> {
    publisher(client).await.map(|found| found.is_some())
}

pub(super) async fn has_solution(client: &Client) -> Result<bool, Error> {
    let query = Query::of("solutions").select(["solutionid"]).filter(Filter::eq("uniquename", SOLUTION));
    client.query(query).all().await.map(|rows| !rows.is_empty())
}

pub(super) async fn create_publisher(client: &Client) -> Result<(), Error> {
    let row = json!({
        "uniquename": PREFIX, "friendlyname": "Apex", "customizationprefix": PREFIX,
        "customizationoptionvalueprefix": CHOICE_PREFIX,
    });
    client.create("publishers", &row).await.map(drop)
}

pub(super) async fn create_solution(client: &Client) -> Result<(), Error> {
    let publisher = publisher(client).await?.unwrap_or_default();
    let id = publisher["publisherid"].as_str().unwrap_or_default();
    let row = json!({
        "uniquename": SOLUTION, "friendlyname": "Studio Metrics", "version": "1.0.0.0",
        "publisherid@odata.bind": format!("/publishers({id})"),
    });
    client.create("solutions", &row).await.map(drop)
}

async fn publisher(client: &Client) -> Result<Option<Value>, Error> {
    let query =
        Query::of("publishers").select(["publisherid"]).filter(Filter::eq("customizationprefix", PREFIX));
    Ok(client.query(query).all().await?.into_iter().next())
}
