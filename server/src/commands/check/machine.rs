//! What a check finds on this machine: which mode was chosen, the folder, the ledger in it, the disk, the clock.

use std::{fs, path::Path};

use dataverse::Client;
use jiff::Timestamp;
use rustix::fs::{Access, access};

use super::report::StepOutcome;
use crate::{
    disk_room::{ROOM_LEAST, free_bytes},
    settings::{Mode, Settings},
};

/// The ledger's file in its folder.
const FILE: &str = "ledger.sqlite";
/// Tokens and their signatures stand five minutes at the most.
const CLOCKS_DIFFER_SECONDS: i64 = 60;

/// `embedded`: whether the embedded way was asked for.
pub fn mode(settings: &Settings, embedded: bool) -> StepOutcome {
    match &settings.way {
        Mode::Connected(organisation) => {
            StepOutcome::Held(format!("connected to {}", organisation.address))
        }
        Mode::Resting => {
            StepOutcome::Held("without Dataverse, because USE_DATAVERSE is false: a flow carries the records".to_owned())
        }
        Mode::Embedded if embedded => {
            StepOutcome::Held("embedded, as asked: an emulator inside the server, and no organisation".to_owned())
        }
        Mode::Embedded => StepOutcome::Failed(
            "embedded: nothing names an organisation, so that a server brings an emulator of its own; set DATAVERSE_URL and \
             how to sign in, or say `studio check --embedded` where that is meant"
                .to_owned(),
        ),
    }
}

pub fn folder(folder: &Path) -> StepOutcome {
    let shown = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let shown = shown.display();
    match fs::metadata(folder) {
        Err(_) => StepOutcome::Held(format!("{shown}, which the first start makes")),
        Ok(there) if !there.is_dir() => {
            StepOutcome::Failed(format!("{shown} is no folder; set STUDIO_DATA to another one"))
        }
        Ok(_) if access(folder, Access::WRITE_OK | Access::READ_OK).is_err() => StepOutcome::Failed(format!(
            "this user may not write to {shown}; let it, or set STUDIO_DATA to another folder"
        )),
        Ok(_) => StepOutcome::Held(shown.to_string()),
    }
}

pub async fn ledger(folder: &Path) -> StepOutcome {
    let file = folder.join(FILE);
    if !file.exists() {
        return StepOutcome::Held("none yet; the first start makes it".to_owned());
    }
    match ledger::whose(&file).await {
        Err(error) => StepOutcome::Failed(error.to_string()),
        Ok(identity) if identity.demo => StepOutcome::Held("it holds demo data".to_owned()),
        Ok(identity) => StepOutcome::Held(identity.owner.map_or_else(
            || "it belongs to no organisation yet".to_owned(),
            |owner| format!("it belongs to {owner}"),
        )),
    }
}

/// Of the folder, or of the nearest one above it that is there.
pub fn disk(folder: &Path) -> StepOutcome {
    let there = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    match free_bytes(there) {
        None => StepOutcome::Warned("the system does not say how much is free".to_owned()),
        Some(free) if free < ROOM_LEAST => StepOutcome::Warned(format!(
            "{} MB are free; records are turned away once it is full",
            free >> 20
        )),
        Some(free) => StepOutcome::Held(format!("{} MB are free", free >> 20)),
    }
}

/// How far this machine's clock is from the organisation's.
pub async fn clock(client: &Client, now: Timestamp) -> StepOutcome {
    match client.server_time().await {
        Err(error) => StepOutcome::Failed(error.to_string()),
        Ok(None) => StepOutcome::Warned("the organisation does not say what time it is".to_owned()),
        Ok(Some(there)) => {
            let ahead = now.as_second() - there.as_second();
            let differs = format!(
                "{} s {} the organisation's",
                ahead.abs(),
                if ahead < 0 { "behind" } else { "ahead of" }
            );
            if ahead.abs() > CLOCKS_DIFFER_SECONDS {
                return StepOutcome::Warned(format!(
                    "this machine's clock is {differs}; set it by NTP, or signing in fails before long"
                ));
            }
            StepOutcome::Held(format!("this machine's clock is {differs}"))
        }
    }
}
