//! Who may what in a ledger, for commands, whether a server has the ledger meanwhile or not.

use std::{path::Path, sync::Arc, time::Duration};

use model::{clock::Clock, record::KINDS, rng::Seeded, tenant::TenantId};
use sqlx::{
    ConnectOptions as _, Connection as _, Error, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteSynchronous},
};

use tokio::time::{self, Instant};

use crate::{
    KeyTable, Ledger, LedgerError, OpenError, Person, ServiceKey, StoreSettings, ViewError,
    sqlite::{FILE, fault, people, service_keys},
    view,
};

/// How long it is waited for a process that makes the ledger.
const PATIENCE: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(100);

/// A ledger's keys and people.
pub struct AccessStore(LedgerPlace);

enum LedgerPlace {
    /// No other process has it, or it is a database.
    Ledger(Ledger),
    /// A server has it, and finds there what is written beside it.
    File(SqliteConnection),
}

/// Why they cannot be seen to.
#[derive(Debug, thiserror::Error)]
pub enum AccessStoreError {
    /// The ledger cannot be opened.
    #[error(transparent)]
    Open(#[from] ViewError),
    /// It does not do what was asked.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl AccessStore {
    /// Opens what is there, beside a process that may have it. Where there is none, one is made if `makes`.
    ///
    /// # Errors
    /// Each says what to do about it.
    pub async fn open(
        settings: StoreSettings,
        makes: bool,
        clock: Arc<dyn Clock>,
        random: impl Fn() -> Seeded,
    ) -> Result<Self, AccessStoreError> {
        let own = async || Ledger::open(KINDS, settings.clone(), Arc::clone(&clock), random()).await;
        let StoreSettings::Folder(folder) = &settings else {
            return Ok(Self(LedgerPlace::Ledger(own().await.map_err(ViewError::Open)?)));
        };
        if !makes && !folder.join(FILE).is_file() {
            return Err(ViewError::NoLedger { folder: folder.clone() }.into());
        }
        let asked = Instant::now();
        loop {
            // A ledger that fits is written beside whatever process has it, and keeps none from starting.
            if let Ok(store) = beside(folder).await {
                return Ok(store);
            }
            match own().await {
                Ok(ledger) => return Ok(Self(LedgerPlace::Ledger(ledger))),
                // Another process is about to make it, or to bring it up to date.
                Err(OpenError::InUse { .. }) if asked.elapsed() < PATIENCE => time::sleep(AGAIN).await,
                Err(error) => return Err(ViewError::Open(error).into()),
            }
        }
    }

    /// Whether other processes may have been told before of what is changed.
    #[must_use]
    pub const fn is_shared(&self, settings: &StoreSettings) -> bool {
        matches!(self.0, LedgerPlace::File(_)) || matches!(settings, StoreSettings::Database(_))
    }

    /// The secret and all keys.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn key_table(&mut self) -> Result<KeyTable, AccessStoreError> {
        match &mut self.0 {
            LedgerPlace::Ledger(ledger) => Ok(ledger.key_table().await?),
            LedgerPlace::File(connection) => Ok(service_keys::read(connection).await.map_err(fault::of)?),
        }
    }

    /// Keeps a secret, unless there is one. Answers with the one that is kept.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn keep_secret(&mut self, secret: String) -> Result<String, AccessStoreError> {
        match &mut self.0 {
            LedgerPlace::Ledger(ledger) => Ok(ledger.keep_secret(secret).await?),
            LedgerPlace::File(connection) => {
                Ok(service_keys::keep_secret(connection, &secret).await.map_err(fault::of)?)
            }
        }
    }

    /// Keeps a key. Says whether its name was free.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn add_key(&mut self, key: ServiceKey) -> Result<bool, AccessStoreError> {
        match &mut self.0 {
            LedgerPlace::Ledger(ledger) => Ok(ledger.add_key(key).await?),
            LedgerPlace::File(connection) => {
                let added = within(connection, async |connection| service_keys::add(connection, &key).await);
                Ok(added.await.map_err(fault::of)?)
            }
        }
    }

    /// Lets a key go. Says whether it was there.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn revoke_key(&mut self, tenant: TenantId, name: &str) -> Result<bool, AccessStoreError> {
        match &mut self.0 {
            LedgerPlace::Ledger(ledger) => Ok(ledger.revoke_key(tenant, name.to_owned()).await?),
            LedgerPlace::File(connection) => {
                Ok(service_keys::revoke(connection, tenant, name).await.map_err(fault::of)?)
            }
        }
    }

    /// Those of all tenants, by tenant and name.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn people(&mut self) -> Result<Vec<Person>, AccessStoreError> {
        match &mut self.0 {
            LedgerPlace::Ledger(ledger) => Ok(ledger.people().await?),
            LedgerPlace::File(connection) => Ok(people::list(connection).await.map_err(fault::of)?),
        }
    }

    /// Keeps a person, or what changed of one. Without a password the one that is kept stays.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn keep_person(
        &mut self,
        person: Person,
        password: Option<String>,
    ) -> Result<(), AccessStoreError> {
        match &mut self.0 {
            LedgerPlace::Ledger(ledger) => Ok(ledger.keep_person(person, password).await?),
            LedgerPlace::File(connection) => {
                let kept = within(connection, async |connection| {
                    people::keep(connection, &person, password.as_deref()).await
                });
                Ok(kept.await.map_err(fault::of)?)
            }
        }
    }

    /// Lets a person go. Says whether there was one.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn remove_person(&mut self, tenant: TenantId, name: &str) -> Result<bool, AccessStoreError> {
        match &mut self.0 {
            LedgerPlace::Ledger(ledger) => Ok(ledger.remove_person(tenant, name.to_owned()).await?),
            LedgerPlace::File(connection) => {
                let removed =
                    within(connection, async |connection| people::remove(connection, tenant, name).await);
                Ok(removed.await.map_err(fault::of)?)
            }
        }
    }

    /// Lets the ledger go.
    pub async fn close(self) {
        match self.0 {
            LedgerPlace::Ledger(ledger) => ledger.close().await,
            LedgerPlace::File(connection) => {
                if let Err(error) = connection.close().await {
                    tracing::debug!(%error, "a connection was not closed in order");
                }
            }
        }
    }
}

/// In a transaction that no other writes beside.
async fn within<T>(
    connection: &mut SqliteConnection,
    work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let done = work(&mut transaction).await?;
    transaction.commit().await?;
    Ok(done)
}

/// A ledger of this version's schema.
async fn beside(folder: &Path) -> Result<AccessStore, AccessStoreError> {
    let options = SqliteConnectOptions::new()
        .filename(folder.join(FILE))
        .create_if_missing(false)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging();
    let mut connection = options.connect().await.map_err(fault::of)?;
    view::check_schema(folder, &mut connection).await?;
    Ok(AccessStore(LedgerPlace::File(connection)))
}
