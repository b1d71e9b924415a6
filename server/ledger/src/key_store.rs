//! A ledger's keys for commands, whether a server has the ledger meanwhile or not.

use std::{path::Path, sync::Arc, time::Duration};

use model::{clock::Clock, record::KINDS, rng::Random, tenant::TenantId};
use sqlx::{
    ConnectOptions as _, Connection as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteSynchronous},
};

use crate::{
    KeyTable, Ledger, LedgerError, OpenError, ServiceKey, StoreSettings, ViewError,
    sqlite::{FILE, fault, service_keys},
    view,
};

/// A ledger's keys.
pub struct KeyStore(KeyPlace);

enum KeyPlace {
    /// No other process has it, or it is a database.
    Ledger(Ledger),
    /// A server has it, and finds there what is written beside it.
    File(SqliteConnection),
}

/// Why keys cannot be seen to.
#[derive(Debug, thiserror::Error)]
pub enum KeyStoreError {
    /// The ledger cannot be opened.
    #[error(transparent)]
    Open(#[from] ViewError),
    /// It does not do what was asked.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl KeyStore {
    /// Opens the ledger, or writes beside the process that has it.
    ///
    /// # Errors
    /// Each says what to do about it.
    pub async fn open(
        settings: StoreSettings,
        clock: Arc<dyn Clock>,
        random: impl Random,
    ) -> Result<Self, KeyStoreError> {
        match (Ledger::open(KINDS, settings.clone(), clock, random).await, settings) {
            (Ok(ledger), _) => Ok(Self(KeyPlace::Ledger(ledger))),
            (Err(OpenError::InUse { .. }), StoreSettings::Folder(folder)) => beside(&folder).await,
            (Err(error), _) => Err(ViewError::Open(error).into()),
        }
    }

    /// Whether other processes may have been told of a key before.
    #[must_use]
    pub const fn is_shared(&self, settings: &StoreSettings) -> bool {
        matches!(self.0, KeyPlace::File(_)) || matches!(settings, StoreSettings::Database(_))
    }

    /// The secret and all keys.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn table(&mut self) -> Result<KeyTable, KeyStoreError> {
        match &mut self.0 {
            KeyPlace::Ledger(ledger) => Ok(ledger.key_table().await?),
            KeyPlace::File(connection) => Ok(service_keys::read(connection).await.map_err(fault::of)?),
        }
    }

    /// Keeps a secret, unless there is one. Answers with the one that is kept.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn keep_secret(&mut self, secret: String) -> Result<String, KeyStoreError> {
        match &mut self.0 {
            KeyPlace::Ledger(ledger) => Ok(ledger.keep_secret(secret).await?),
            KeyPlace::File(connection) => {
                Ok(service_keys::keep_secret(connection, &secret).await.map_err(fault::of)?)
            }
        }
    }

    /// Keeps a key. Says whether its name was free.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn add(&mut self, key: ServiceKey) -> Result<bool, KeyStoreError> {
        match &mut self.0 {
            KeyPlace::Ledger(ledger) => Ok(ledger.add_key(key).await?),
            KeyPlace::File(connection) => Ok(service_keys::add(connection, &key).await.map_err(fault::of)?),
        }
    }

    /// Lets a key go. Says whether it was there.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn revoke(&mut self, tenant: TenantId, name: &str) -> Result<bool, KeyStoreError> {
        match &mut self.0 {
            KeyPlace::Ledger(ledger) => Ok(ledger.revoke_key(tenant, name.to_owned()).await?),
            KeyPlace::File(connection) => {
                Ok(service_keys::revoke(connection, tenant, name).await.map_err(fault::of)?)
            }
        }
    }

    /// Lets the ledger go.
    pub async fn close(self) {
        match self.0 {
            KeyPlace::Ledger(ledger) => ledger.close().await,
            KeyPlace::File(connection) => {
                if let Err(error) = connection.close().await {
                    tracing::debug!(%error, "a connection was not closed in order");
                }
            }
        }
    }
}

async fn beside(folder: &Path) -> Result<KeyStore, KeyStoreError> {
    let options = SqliteConnectOptions::new()
        .filename(folder.join(FILE))
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging();
    let mut connection = options.connect().await.map_err(fault::of)?;
    view::check_schema(folder, &mut connection).await?;
    Ok(KeyStore(KeyPlace::File(connection)))
}
