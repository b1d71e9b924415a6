//! The connection tried step by step: signed in, recognised, tables there, a row written, read back and deleted again.
//! A step whose ground failed is not tried; whatever was written is deleted, however the rest went.

use std::time::Duration;

use dataverse::{Client, Error};
use jiff::Timestamp;
use ledger::{Database, Ledger};
use model::{
    identity,
    record::{CAMPAIGNS, KINDS},
    rng::Seeded,
};
use pipeline::{Mapping, ProvisionPlan, ProvisionScope, WRITER};
use serde_json::json;
use uuid::Uuid;

use super::{
    machine,
    report::{CheckReport, StepOutcome},
};
use crate::{clock, random};

/// Where the trial row goes: a campaign that says what it is, gone again a moment later.
fn set() -> &'static str {
    CAMPAIGNS.entity_set
}
const TRIAL: &str = "Studio Metrics check (can be deleted)";

type Sentence = Result<String, String>;

/// Whether the organisation takes what a server sends it.
///
/// # Errors
/// When standard output is closed.
pub async fn organisation(
    client: &Client,
    mapping: &Mapping,
    now: Timestamp,
    report: &mut CheckReport,
) -> anyhow::Result<()> {
    let signed_in = report.step("Token", sign_in(client)).await?;
    let known = signed_in && report.step("Application", recognised(client)).await?;
    if known {
        report.step("Clock", machine::clock(client, now)).await?;
        report.step("Roles", roles(client)).await?;
    }
    let stands = known && report.step("Tables", tables(client, mapping)).await?;
    if stands {
        let id = new_id();
        let written = report.step("Write", write(client, id)).await?;
        if written {
            report.step("Read-back", read_back(client, id)).await?;
        }
        report.step("Delete", delete(client, id, written)).await?;
    }
    Ok(())
}

/// Whether the ledger in a database reads and writes. It is brought up to date first, as by a start.
pub async fn ledger(database: Database) -> Sentence {
    let settings = ledger::StoreSettings::Database(database);
    let ledger = Ledger::open(KINDS, settings, clock::clock(None), Seeded::new(random::seed())).await;
    let ledger = ledger.map_err(|error| error.to_string())?;
    let healthy = ledger.healthy().await;
    ledger.close().await;
    healthy.map(|()| "it reads and writes".to_owned()).map_err(|error| error.to_string())
}

async fn sign_in(client: &Client) -> Sentence {
    client.sign_in().await.map_err(|error| advised(&error))?;
    let holds = client.token_stats().in_hand.map_or(Duration::ZERO, |token| token.expires_in);
    Ok(format!("signed in; the token is used for {} minutes", holds.as_secs() / 60))
}

async fn recognised(client: &Client) -> Sentence {
    let who = client.who_am_i().await.map_err(|error| advised(&error))?;
    Ok(format!("the organisation knows it as user {}", who.user_id))
}

/// The error, and which setting to look at where something else answers than was meant.
fn advised(error: &Error) -> String {
    let setting = match error {
        Error::NotFound(_) | Error::Malformed(_) => {
            "; is DATAVERSE_URL the address of the environment, as in https://contoso.crm.dynamics.com?"
        }
        Error::Transport { reason, .. } if reason.contains("certificate") => {
            "; DATAVERSE_CA_FILE names authorities to trust"
        }
        _ => "",
    };
    format!("{error}{setting}")
}

/// Roles that may do more than a server needs.
const WIDE: [&str; 2] = ["System Administrator", "System Customizer"];

async fn roles(client: &Client) -> StepOutcome {
    let looked = async {
        let user = client.who_am_i().await?.user_id;
        client.metadata().roles_of(user).await
    };
    match looked.await {
        Err(error) if error.forbidden().is_some() => {
            StepOutcome::Held("its role may not look at roles, and need not".to_owned())
        }
        Err(error) => StepOutcome::Failed(error.to_string()),
        Ok(roles) => match roles.iter().find(|role| WIDE.contains(&role.as_str())) {
            Some(wide) => StepOutcome::Warned(format!(
                "{wide} may do more than a server needs; give it {WRITER} instead once the tables stand"
            )),
            None => StepOutcome::Held(roles.join(", ")),
        },
    }
}

async fn tables(client: &Client, mapping: &Mapping) -> Sentence {
    // An application that may only do its work cannot look at roles, and need not.
    let whole = pipeline::plan(client, mapping, ProvisionScope::Everything).await;
    let (plan, seen) = match whole {
        Err(pipeline::Error::Provision { cause, .. }) if cause.forbidden().is_some() => {
            let tables = pipeline::plan(client, mapping, ProvisionScope::Tables).await;
            (tables, "all tables stand; its role may not look at the roles")
        }
        whole => (whole, "all tables and roles stand"),
    };
    let ProvisionPlan { steps, conflicts } = plan.map_err(|error| error.to_string())?;
    if !conflicts.is_empty() {
        return Err(format!("something else is there under our names: {}", conflicts.join("; ")));
    }
    match steps.first() {
        None => Ok(seen.to_owned()),
        Some(first) => Err(format!(
            "{} things are missing, {first} the first of them; run `studio provision`",
            steps.len()
        )),
    }
}

async fn write(client: &Client, id: Uuid) -> Sentence {
    let written = client.upsert(set(), id, &json!({"apex_name": TRIAL})).await;
    written.map(|()| "a row was written".to_owned()).map_err(|error| error.to_string())
}

async fn read_back(client: &Client, id: Uuid) -> Sentence {
    match client.retrieve(set(), id, &["apex_name"]).await {
        Ok(Some(row)) if row["apex_name"] == TRIAL => Ok("it was read back as written".to_owned()),
        Ok(_) => {
            Err("the row was acknowledged, and is not there as it was written; another application or a \
                      plug-in may change rows of this table"
                .to_owned())
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Also after a write that failed: its answer may be lost, and the row there all the same.
async fn delete(client: &Client, id: Uuid, written: bool) -> Sentence {
    match client.delete(set(), id).await {
        Ok(()) => Ok("it was deleted again".to_owned()),
        Err(Error::NotFound(_)) if !written => Ok("there is nothing to clean up".to_owned()),
        Err(error) if written => {
            Err(format!("{error}; the row {id} of {} stays there, and can be deleted by hand", set()))
        }
        Err(error) => Err(error.to_string()),
    }
}

fn new_id() -> Uuid {
    let mut tail = [0; 10];
    tail[..8].copy_from_slice(&random::seed().to_be_bytes());
    tail[8..].copy_from_slice(&random::seed().to_be_bytes()[..2]);
    identity::timed_id(clock::clock(None).now(), tail)
}
