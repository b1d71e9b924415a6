//! A copy of the file, taken while it is written to, and put back where there is none.

use std::{
    collections::HashSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use model::{record::KINDS, time::Timestamp};
use sqlx::{Error, Row, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{FILE, folder, identity, interruptible::InterruptibleConnection, open, rollups};
use crate::{LedgerIdentity, OpenError};

/// Why there is no backup, or nothing was put back. Nothing that was there before was changed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("there is no ledger in {}; set STUDIO_DATA to the folder of the server that is meant", folder.display())]
    NoLedger { folder: PathBuf },
    #[error("{} is there already; name another file, or move that one aside", file.display())]
    Taken { file: PathBuf },
    #[error(
        "{} is there already, and no ledger is put in the place of another; set STUDIO_DATA to an empty folder, or move that \
         file aside",
        file.display()
    )]
    LedgerThere { file: PathBuf },
    #[error("{} is no backup of a ledger ({reason}); name another file", file.display())]
    NoBackup { file: PathBuf, reason: String },
    #[error(
        "{} was written by a newer version (its schema is {found}, this version knows {known}); use that version",
        file.display()
    )]
    Newer { file: PathBuf, found: i64, known: i64 },
    #[error("{} cannot be written ({reason}); see to that and call this again", file.display())]
    Unwritable { file: PathBuf, reason: String },
    #[error(transparent)]
    Folder(#[from] OpenError),
}

/// Copies the folder's ledger into a new file: all of one moment, on disk and found sound when this returns. It bears the
/// time, so that the server that opens it looks at Dataverse before it sends anything. Says how many records it holds. A future
/// that is dropped leaves nothing behind.
///
/// # Errors
/// Each says what to do about it. A file that is there already is never touched.
pub async fn back_up(folder: &Path, file: &Path, now: Timestamp) -> Result<i64, BackupError> {
    let ledger = folder.join(FILE);
    if !ledger.is_file() {
        return Err(BackupError::NoLedger { folder: folder.to_owned() });
    }
    copy(&ledger, file, now).await
}

/// Puts a backup into a folder that holds no ledger: with what its log holds beside it, where it is another folder's ledger
/// whose server was killed. Says how many records came over.
///
/// # Errors
/// Each says what to do about it. A ledger that is there already is never touched.
pub async fn restore(file: &Path, folder: &Path, now: Timestamp) -> Result<i64, BackupError> {
    judge(file, file).await?;
    let _ours = folder::claim(folder)?;
    // What SQLite keeps beside a file belongs to that file alone.
    let remains = ["", "-wal", "-shm"].map(|end| folder.join(format!("{FILE}{end}")));
    if let Some(taken) = remains.into_iter().find(|path| path.exists()) {
        return Err(BackupError::LedgerThere { file: taken });
    }
    copy(file, &folder.join(FILE), now).await
}

/// To which organisation a file's ledger belongs, and whether it is a demo's. The file is one that came of a copy.
///
/// # Errors
/// When it cannot be read.
pub async fn whose(file: &Path) -> Result<LedgerIdentity, BackupError> {
    let read = async {
        let mut connection = read_only(file).await?;
        let identity = identity::read(&mut connection).await?;
        connection.close().await?;
        Ok::<_, Error>(identity)
    };
    read.await.map_err(|error| BackupError::NoBackup { file: file.to_owned(), reason: error.to_string() })
}

/// All of one moment. It is the copy that is judged and counted.
async fn copy(from: &Path, to: &Path, now: Timestamp) -> Result<i64, BackupError> {
    let unfinished = UnfinishedCopy::beside(to)?;
    // Readers never wait for the writer, nor it for them.
    let mut connection = read_only(from).await.map_err(|error| unwritable(to, &error))?;
    let copied = sqlx::query("VACUUM INTO ?1")
        .bind(unfinished.0.to_string_lossy().into_owned())
        .execute(&mut *connection)
        .await;
    copied.map_err(|error| unwritable(to, &error))?;
    let records = judge(&unfinished.0, to).await?;
    sign(&unfinished.0, now).await.map_err(|error| unwritable(to, &error))?;
    publish(&unfinished.0, to)?;
    Ok(records)
}

/// The file where the finished one will be. Whatever becomes of it, it goes, with all that SQLite keeps beside it.
struct UnfinishedCopy(PathBuf);

/// What SQLite keeps beside a file, after its name.
const COMPANIONS: [&str; 3] = ["-journal", "-wal", "-shm"];

impl UnfinishedCopy {
    /// An empty file that only this user may read. What is left of a copy of that name that was killed goes.
    fn beside(file: &Path) -> Result<Self, BackupError> {
        if file.exists() {
            return Err(BackupError::Taken { file: file.to_owned() });
        }
        let unfinished = Self(with_end(file, ".unfinished"));
        let made = unfinished.remove().and_then(|()| folder::make_private(&unfinished.0));
        made.map_err(|error| unwritable(file, &error))?;
        Ok(unfinished)
    }

    fn remove(&self) -> io::Result<()> {
        let companions = COMPANIONS.map(|end| with_end(&self.0, end));
        companions.iter().chain([&self.0]).try_for_each(|file| match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
    }
}

impl Drop for UnfinishedCopy {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            tracing::warn!(file = %self.0.display(), %error, "an unfinished copy stays behind; remove it");
        }
    }
}

fn with_end(file: &Path, end: &str) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(end);
    file.with_file_name(name)
}

/// Brings the copy up to date, and writes into it when it was taken, unless it is a copy already.
async fn sign(file: &Path, now: Timestamp) -> Result<(), Error> {
    let mut connection = InterruptibleConnection::open(&SqliteConnectOptions::new().filename(file)).await?;
    open::migrate(&mut connection).await.map_err(|error| Error::Configuration(error.into()))?;
    rollups::making::begin_missing(&mut connection, KINDS).await?;
    let identity = identity::read(&mut connection).await?;
    let copied_at = identity.copied_at.or(Some(now));
    identity::write(&mut connection, &LedgerIdentity { copied_at, ..identity }).await?;
    connection.close().await
}

/// Whether a file is a sound ledger that this version understands. `named` is how it is called when it is not.
async fn judge(file: &Path, named: &Path) -> Result<i64, BackupError> {
    let no_backup = |reason: String| BackupError::NoBackup { file: named.to_owned(), reason };
    let look = async {
        let mut connection = read_only(file).await?;
        let damage = open::integrity(&mut connection).await?;
        let schema =
            number(&mut connection, "SELECT coalesce(max(version), 0) FROM _sqlx_migrations").await?;
        let records = records(&mut connection).await?;
        connection.close().await?;
        Ok::<_, Error>((damage, schema, records))
    };
    // SQLite says less about a file that cannot be opened.
    File::open(file).map_err(|error| no_backup(error.to_string()))?;
    match look.await {
        Err(error) => Err(no_backup(error.to_string())),
        Ok((Some(damage), ..)) => Err(no_backup(damage)),
        Ok((None, found, _)) if found > open::known_schema() => {
            Err(BackupError::Newer { file: named.to_owned(), found, known: open::known_schema() })
        }
        Ok((None, _, records)) => Ok(records),
    }
}

/// How many records of every kind there are. A ledger of an earlier version lacks the tables of later kinds.
async fn records(connection: &mut SqliteConnection) -> Result<i64, Error> {
    let there = "SELECT name FROM sqlite_master WHERE type = 'table'";
    let there: HashSet<String> =
        sqlx::query_scalar(there).fetch_all(&mut *connection).await?.into_iter().collect();
    let mut tables = KINDS.iter().map(|kind| kind.table).filter(|table| there.contains(*table)).peekable();
    tables.peek().ok_or(Error::RowNotFound)?;
    let mut records = 0;
    for table in tables {
        let count = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        let count: i64 = sqlx::query_scalar(count).fetch_one(&mut *connection).await?;
        records += count;
    }
    Ok(records)
}

/// On disk first, then under its name, which must still be free.
fn publish(unfinished: &Path, file: &Path) -> Result<(), BackupError> {
    let there = File::open(unfinished).and_then(|copy| copy.sync_all());
    there.map_err(|error| unwritable(file, &error))?;
    fs::hard_link(unfinished, file).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Taken { file: file.to_owned() },
        _ => unwritable(file, &error),
    })?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    open::sync_folder(folder).map_err(|error| unwritable(file, &error))
}

async fn read_only(file: &Path) -> Result<InterruptibleConnection, Error> {
    InterruptibleConnection::open(&SqliteConnectOptions::new().filename(file).read_only(true)).await
}

async fn number(connection: &mut SqliteConnection, sql: &'static str) -> Result<i64, Error> {
    sqlx::query(sql).fetch_one(connection).await?.try_get(0)
}

fn unwritable(file: &Path, error: &dyn std::fmt::Display) -> BackupError {
    BackupError::Unwritable { file: file.to_owned(), reason: error.to_string() }
}
