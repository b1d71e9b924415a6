//! An organisation in which others are at work too.

use std::time::Duration;

use dataverse::{BatchOperation, BatchOptions, Client};
use emulator::{Emulator, Options};
use model::record::{KINDS, Record, Value};
use pipeline::{Mapping, ProvisionScope, Settings};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::support::{RUNS, Studio, settings};

/// With our tables and our tenant.
pub async fn beside_the_emulator() -> Studio<Emulator> {
    let emulator = Emulator::start(Options::default()).await.unwrap();
    let (url, token_url) = (emulator.url(), emulator.token_url());
    let (app, secret) = (emulator.client_id(), emulator.client_secret());
    let client = Client::new(dataverse::Settings::new(url, token_url, app, secret)).unwrap();
    let tenants = settings().tenants;
    pipeline::provision(&client, &Mapping::standard(KINDS), &tenants, ProvisionScope::Tables, &mut |_| ())
        .await
        .unwrap();
    Studio::beside(emulator, client).await
}

/// What the mirror sees before the relay has written down that it was delivered is left to the read-back.
pub fn watchful() -> Settings {
    Settings { read_back_every: Duration::from_millis(30), unconfirmed_after: Duration::ZERO, ..mirroring() }
}

pub fn mirroring() -> Settings {
    Settings { mirror_every: Duration::from_millis(30), ..settings() }
}

/// A run of another program's.
pub fn theirs(name: &str) -> Json {
    json!({
        "apex_name": name, "apex_campaignid": "theirs", "apex_runid": name, "apex_phase": "1", "apex_agentstotal": 4,
        "apex_agentssuccessful": 3, "apex_costusd": 0.3, "apex_createdat": "2026-11-20T10:00:00Z",
    })
}

/// Another program makes that many rows there.
pub async fn others_make(studio: &Studio<Emulator>, count: u128) {
    let rows =
        (1..=count).map(|n| BatchOperation::upsert(RUNS, Uuid::from_u128(n), theirs(&format!("t{n:04}"))));
    let written = studio.client.batch(rows.collect(), BatchOptions::default()).await.unwrap();
    assert!(written.iter().all(Result::is_ok));
}

/// The record with another content in the field at this position.
pub fn changed(record: &Record, at: usize, value: Value) -> Record {
    let mut values = record.values().to_vec();
    values[at] = value;
    Record::kept(record.kind(), values, record.names().to_vec())
}
