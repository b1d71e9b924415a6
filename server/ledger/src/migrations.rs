//! The steps of a ledger's schema, compiled in. A new file is named here.
//!
//! `sqlx::migrate!` would do the same, and compile SQLite and the drivers once more to run while we are compiled.

use std::sync::LazyLock;

use sqlx::{
    SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
};

macro_rules! migrations {
    ($folder:literal: $($file:literal)+) => {
        &[$(($file, include_str!(concat!("../migrations/", $folder, "/", $file, ".sql")))),+]
    };
}

/// A file's name without its ending, and what it says.
type MigrationFile = (&'static str, &'static str);

const SQLITE_FILES: &[MigrationFile] = migrations!("sqlite":
    "0001_ledger"
    "0002_dead_letters"
    "0003_mirror"
    "0004_spending"
    "0005_unsent"
    "0006_ids_as_bytes"
    "0007_identity"
    "0008_absence"
    "0009_failing_since"
    "0010_backlog"
    "0011_met"
    "0012_came"
    "0013_archived"
    "0014_agent_tasks"
    "0015_rollups"
    "0016_generations"
    "0017_panel"
    "0018_figures_of_campaigns"
    "0019_service_keys"
    "0020_people"
    "0021_share_links"
);

const POSTGRES_FILES: &[MigrationFile] = migrations!("postgres":
    "0001_ledger"
    "0002_dead_letters"
    "0003_mirror"
    "0004_spending"
    "0005_unsent"
    "0006_outbox_keys"
    "0007_identity"
    "0008_absence"
    "0009_epochs"
    "0010_backlog"
    "0011_met"
    "0012_archived"
    "0013_agent_tasks"
    "0014_rollups"
    "0015_generations"
    "0016_panel"
    "0017_service_keys"
    "0018_pairs"
    "0019_people"
    "0020_share_links"
);

pub(crate) static SQLITE: LazyLock<Migrator> = LazyLock::new(|| migrator(SQLITE_FILES));
pub(crate) static POSTGRES: LazyLock<Migrator> = LazyLock::new(|| migrator(POSTGRES_FILES));

fn migrator(files: &[MigrationFile]) -> Migrator {
    Migrator::with_migrations(files.iter().filter_map(migration).collect())
}

/// The step that a file is, by the number and the words of its name; none for a name without a number.
fn migration((name, sql): &MigrationFile) -> Option<Migration> {
    let (number, words) = name.split_once('_')?;
    let description = words.replace('_', " ").into();
    let number = number.parse().ok()?;
    Some(Migration::new(number, description, MigrationType::Simple, sql.into_sql_str(), false))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[tokio::test]
    async fn every_file_is_compiled_in() {
        for (store, compiled) in [("sqlite", &SQLITE), ("postgres", &POSTGRES)] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(store);
            let there = Migrator::new(folder).await.unwrap();
            let said = |migrator: &Migrator| -> Vec<String> {
                let steps = migrator.iter();
                steps
                    .map(|step| {
                        format!("{} {} {:?} {}", step.version, step.description, step.checksum, step.no_tx)
                    })
                    .collect()
            };
            assert_eq!(said(compiled), said(&there), "{store}: name each file in migrations.rs");
        }
    }
}
