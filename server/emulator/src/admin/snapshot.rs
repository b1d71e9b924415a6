//! The organisation put aside under a name, brought back, or founded anew. Credentials stay in every case.

use std::path::{Path, PathBuf};

use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use crate::emulator::folder::make_private;
use crate::fault::{Fault, Result};
use crate::organisation::Organisation;
use crate::store::{definitions, run, sql};
use crate::value::Cell;

/// Tables of the file that a snapshot touches: identity and credentials are in those that it does not.
const KEPT: &str = "name NOT LIKE 'sqlite_%' AND name NOT IN ('facts', 'applications')";

/// Copies the organisation into a file of its own.
pub(super) async fn take(organisation: &Organisation, name: &str) -> Result<()> {
    let file = file(organisation, name)?;
    let mut writer = organisation.store.write().await;
    if file.exists() {
        std::fs::remove_file(&file).map_err(|error| unusable(&error))?;
    }
    let target = Cell::Text(named(organisation, &file));
    sql("VACUUM INTO ?".to_owned(), vec![target]).execute(&mut *writer).await?;
    Ok(())
}

/// Puts back what a snapshot holds. Delta links given out since are expired then.
pub(super) async fn restore(organisation: &Organisation, name: &str) -> Result<()> {
    let file = file(organisation, name)?;
    if !file.exists() {
        return Err(Fault::new(http::StatusCode::NOT_FOUND, "", format!("There is no snapshot '{name}'.")));
    }
    let mut writer = organisation.store.write().await;
    let source = Cell::Text(named(organisation, &file));
    sql("ATTACH ? AS snapshot".to_owned(), vec![source]).execute(&mut *writer).await?;
    run(&mut writer, "BEGIN IMMEDIATE").await?;
    let outcome = copy(&mut writer).await;
    let end = if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" };
    run(&mut writer, end).await?;
    run(&mut writer, "DETACH snapshot").await?;
    outcome?;
    let schema = definitions::load(&mut writer).await?;
    organisation.replace_schema(schema.into());
    Ok(())
}

async fn copy(writer: &mut SqliteConnection) -> std::result::Result<(), sqlx::Error> {
    clear(writer).await?;
    let text = format!("SELECT type, name, sql FROM snapshot.sqlite_master WHERE sql IS NOT NULL AND {KEPT}");
    let mut made = sql(text, Vec::new()).fetch_all(&mut *writer).await?;
    // Tables before what stands on them.
    made.sort_by_key(|row| row.try_get::<String, _>(0).ok().filter(|kind| kind == "table").is_none());
    for row in &made {
        let (kind, name, text): (String, String, String) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        run(writer, &text).await?;
        if kind == "table" {
            run(writer, &format!("INSERT INTO main.\"{name}\" SELECT * FROM snapshot.\"{name}\"")).await?;
        }
    }
    let version = "UPDATE facts SET value = (SELECT value FROM snapshot.facts WHERE name = 'version') WHERE name = 'version'";
    run(writer, version).await
}

async fn clear(writer: &mut SqliteConnection) -> std::result::Result<(), sqlx::Error> {
    let text = format!("SELECT name FROM main.sqlite_master WHERE type = 'table' AND {KEPT}");
    for row in sql(text, Vec::new()).fetch_all(&mut *writer).await? {
        let name: String = row.try_get(0)?;
        run(writer, &format!("DROP TABLE main.\"{name}\"")).await?;
    }
    Ok(())
}

/// An organisation without tables of its own, faults or snapshots' past; under the same credentials.
pub(super) async fn reset(organisation: &Organisation) -> Result<()> {
    organisation.disturbances.clear();
    let mut writer = organisation.store.write().await;
    run(&mut writer, "BEGIN IMMEDIATE").await?;
    let cleared = clear(&mut writer).await;
    run(&mut writer, if cleared.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
    cleared?;
    organisation.settle(&mut writer).await?;
    Ok(())
}

/// The names of the snapshots that there are.
pub(super) fn names(organisation: &Organisation) -> Result<Vec<String>> {
    let folder = folder(organisation)?;
    let files = std::fs::read_dir(folder).map_err(|error| unusable(&error))?;
    let names = files.filter_map(|file| {
        let path = file.ok()?.path();
        let fits = path.extension().is_some_and(|extension| extension == "sqlite");
        path.file_stem().filter(|_| fits).map(|stem| stem.to_string_lossy().into_owned())
    });
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    Ok(names)
}

/// Snapshots lie in the data folder, or in a temporary one that goes with the organisation.
fn file(organisation: &Organisation, name: &str) -> Result<PathBuf> {
    let fine =
        !name.is_empty() && name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !fine {
        return Err(Fault::bad("", "A snapshot's name takes letters, digits and hyphens."));
    }
    Ok(folder(organisation)?.join(format!("{name}.sqlite")))
}

fn folder(organisation: &Organisation) -> Result<PathBuf> {
    let folder = match &organisation.options.data {
        Some(data) => data.join("snapshots"),
        None => organisation.scratch().map_err(|error| unusable(&error))?,
    };
    make_private(&folder).map_err(|error| unusable(&error))?;
    Ok(folder)
}

/// A database in memory opens others in memory too, unless their address says otherwise.
fn named(organisation: &Organisation, file: &Path) -> String {
    match organisation.options.data {
        Some(_) => file.to_string_lossy().into_owned(),
        None => format!("file:{}?mode=rwc", file.to_string_lossy()),
    }
}

fn unusable(error: &std::io::Error) -> Fault {
    Fault::new(
        http::StatusCode::INTERNAL_SERVER_ERROR,
        "",
        format!("The folder of snapshots cannot be used: {error}"),
    )
}
