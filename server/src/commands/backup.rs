//! `studio backup` and `studio restore`: the ledger as one file, taken while the server runs, put back where there is none.

mod rotation;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::Args;
use ledger::LedgerIdentity;
use model::time::Timestamp;

use super::{Failure, say, stop};
use crate::{
    clock,
    settings::{Mistake, Mistakes, Settings, Sources, default_folders},
};

#[derive(Debug, Args)]
pub struct Backup {
    /// The new file; one that is there already is not touched
    #[arg(required_unless_present = "to")]
    file: Option<PathBuf>,
    /// Names the file by the time and puts it into this folder, which is made when it is missing
    #[arg(long, value_name = "DIR", conflicts_with = "file")]
    to: Option<PathBuf>,
    /// Removes all but the newest N of the backups in that folder, once the new one is on disk
    #[arg(long, value_name = "N", requires = "to", conflicts_with = "file", value_parser = clap::value_parser!(u16).range(1..))]
    keep: Option<u16>,
}

#[derive(Debug, Args)]
pub struct Restore {
    /// What `studio backup` wrote
    file: PathBuf,
}

impl Backup {
    pub async fn run(self, sources: &Sources) -> Result<(), Failure> {
        let folder = of_a_folder(
            sources,
            "copied by PostgreSQL's own tools: pg_dump --schema=studio --format=custom",
        )?;
        let folder = match folder {
            DataFolder::Named(folder) => folder,
            DataFolder::Default(folder) => the_only_one(folder)?,
        };
        let now = clock::clock(None).now();
        let file = self.target(now)?;
        let made = stop::unless_interrupted(ledger::back_up(&folder, &file, now), INTERRUPTED).await?;
        let records = made.context("no backup was made")?;
        let whose = whose(&ledger::whose(&file).await.context("the backup cannot be read")?);
        let removed = self.rotated(&file, now);
        say(&format!(
            "{records} records are in {}, on disk and found sound: those of the ledger in {}, which {whose}.",
            file.display(),
            folder.display()
        ));
        removed?.iter().for_each(|old| say(&format!("removed {old}")));
        Ok(())
    }

    /// Older backups and what is left of killed ones are removed, as far as it was asked. Says which those were.
    fn rotated(&self, new: &Path, now: Timestamp) -> anyhow::Result<Vec<String>> {
        let Some(folder) = &self.to else { return Ok(Vec::new()) };
        let mut removed = Vec::new();
        if let Some(keep) = self.keep {
            let old = rotation::prune(folder, new, usize::from(keep));
            let old = old.context("older backups cannot be removed")?;
            removed.extend(old.iter().map(|old| old.display().to_string()));
        }
        let left = rotation::remove_leftovers(folder, now)
            .context("what is left of backups that were killed cannot be removed")?;
        removed.extend(left.iter().map(|old| format!("{}, of a backup that was killed", old.display())));
        Ok(removed)
    }

    fn target(&self, now: Timestamp) -> anyhow::Result<PathBuf> {
        match (&self.to, &self.file) {
            (Some(folder), _) => {
                fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
                Ok(rotation::file(folder, now))
            }
            (None, Some(file)) => Ok(file.clone()),
            (None, None) => Err(anyhow::anyhow!("no file is named")),
        }
    }
}

impl Restore {
    pub async fn run(self, sources: &Sources) -> Result<(), Failure> {
        let folder =
            of_a_folder(sources, "put back by PostgreSQL's own tools: pg_restore, for what pg_dump wrote")?;
        let folder = match folder {
            DataFolder::Named(folder) => folder,
            DataFolder::Default(folder) => beside_none(folder)?,
        };
        let now = clock::clock(None).now();
        let restored =
            stop::unless_interrupted(ledger::restore(&self.file, &folder, now), INTERRUPTED).await?;
        let records = restored.context("nothing was put back")?;
        let whose =
            whose(&ledger::whose(&folder.join(FILE)).await.context("what was put back cannot be read")?);
        say(&format!(
            "{records} records are in {}, in a ledger that {whose}. The next start looks at what stands in Dataverse before it sends anything: what came \
             there after that backup comes in, and only what is not there is sent. What came in here and never went there is \
             lost.",
            folder.display()
        ));
        Ok(())
    }
}

/// Both clear up when they are dropped.
const INTERRUPTED: &str = "nothing of it is left; call it again";

/// A folder, and whether it was named. Where none was, it is the one that a server with this environment would have, and
/// the server that is meant may have another environment.
enum DataFolder {
    Named(PathBuf),
    Default(PathBuf),
}

/// The ledger in its folder.
const FILE: &str = "ledger.sqlite";

/// The only one of the default folders that holds a ledger.
fn the_only_one(default: PathBuf) -> Result<PathBuf, Failure> {
    match &with_a_ledger()[..] {
        [] => Ok(default),
        [one] => Ok(one.clone()),
        several => {
            let sentence =
                format!("is not set, and a ledger is in {}; name the one that is meant", listed(several));
            Err(Mistakes(vec![Mistake::new("STUDIO_DATA", sentence)]).into())
        }
    }
}

/// The default folder, while no other one holds a ledger.
fn beside_none(default: PathBuf) -> Result<PathBuf, Failure> {
    let others: Vec<PathBuf> = with_a_ledger().into_iter().filter(|folder| *folder != default).collect();
    if others.is_empty() {
        return Ok(default);
    }
    let sentence = format!(
        "is not set, and a ledger is in {}, while these settings would have one put into {}; name the folder that is meant",
        listed(&others),
        default.display()
    );
    Err(Mistakes(vec![Mistake::new("STUDIO_DATA", sentence)]).into())
}

fn with_a_ledger() -> Vec<PathBuf> {
    default_folders().map(PathBuf::from).filter(|folder| folder.join(FILE).is_file()).collect()
}

fn listed(folders: &[PathBuf]) -> String {
    folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(" and ")
}

/// Goes on after "the ledger".
fn whose(identity: &LedgerIdentity) -> String {
    let holds = if identity.demo { "holds demo data and " } else { "" };
    match &identity.owner {
        Some(owner) => format!("{holds}belongs to {owner}"),
        None => format!("{holds}belongs to no organisation yet"),
    }
}

/// The folder, unless the ledger that is chosen is not in one: then what to do instead.
fn of_a_folder(sources: &Sources, instead: &str) -> Result<DataFolder, Failure> {
    let settings = Settings::read(sources)?;
    if settings.database.is_none() {
        let is_named = sources.get("STUDIO_DATA").is_some();
        return Ok(if is_named {
            DataFolder::Named(settings.data)
        } else {
            DataFolder::Default(settings.data)
        });
    }
    let sentence = format!("is set, and a ledger in PostgreSQL is {instead} (docs/postgres.md says more)");
    Err(Mistakes(vec![Mistake::new("DATABASE_URL", sentence)]).into())
}
