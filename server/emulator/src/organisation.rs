//! One organisation: its file, its schema, its identity, its limits; everything that requests share.

mod seed;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use sqlx::sqlite::SqliteConnection;
use tempfile::TempDir;

use crate::fault_injection::Disturbances;
use crate::identity::OrganisationIdentity;
use crate::limits::Limiter;
use crate::options::Options;
use crate::schema::{AlternateKey, KeyState, Schema};
use crate::sdk_messages;
use crate::security;
use crate::store::{RowStore, Transaction, definitions, run};
use crate::surroundings::Surroundings;
use crate::trace::Trace;
use crate::value::Cell;

pub(crate) struct Organisation {
    pub(crate) options: Options,
    pub(crate) surroundings: Surroundings,
    pub(crate) identity: OrganisationIdentity,
    pub(crate) store: RowStore,
    pub(crate) limiter: Limiter,
    pub(crate) disturbances: Disturbances,
    pub(crate) trace: Trace,
    /// Held by a change of definitions for as long as a disturbance wants it.
    pub(crate) customizing: tokio::sync::Mutex<()>,
    /// For one large body at a time.
    pub(crate) room: Arc<tokio::sync::Semaphore>,
    schema: RwLock<Arc<Schema>>,
    /// What an organisation without a folder of its own puts aside; made when it is first needed.
    scratch: OnceLock<TempDir>,
}

impl Organisation {
    /// Opens what the folder holds, or founds an organisation there.
    pub(crate) async fn open(options: Options) -> Result<Self, sqlx::Error> {
        let surroundings = Surroundings::new(options.seed);
        let file = options.data.as_ref().map(|folder| folder.join("organisation.sqlite"));
        let store = RowStore::open(file.as_deref()).await?;
        let identity = {
            let mut writer = store.write().await;
            run(&mut writer, "BEGIN IMMEDIATE").await?;
            let identity = OrganisationIdentity::load(&mut writer, &surroundings).await?;
            run(&mut writer, "COMMIT").await?;
            identity
        };
        let limiter = Limiter::new(options.limits);
        let organisation = Self {
            options,
            surroundings,
            identity,
            store,
            limiter,
            disturbances: Disturbances::default(),
            trace: Trace::default(),
            customizing: tokio::sync::Mutex::default(),
            room: Arc::new(tokio::sync::Semaphore::new(1)),
            schema: RwLock::default(),
            scratch: OnceLock::new(),
        };
        let mut writer = organisation.store.write().await;
        organisation.settle(&mut writer).await?;
        drop(writer);
        Ok(organisation)
    }

    /// Brings the file to the state that every organisation begins with, and the schema in line with the file.
    pub(crate) async fn settle(&self, writer: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        crate::store::prepare(writer).await?;
        let mut transaction = Transaction::begin(writer, self.surroundings.now_s()).await?;
        let mut schema = definitions::load(transaction.connection()).await?;
        seed::tables(transaction.connection(), &mut schema, &self.surroundings).await?;
        seed::rows(&mut transaction, &schema, &self.identity, &self.options.name).await?;
        security::settle(&mut transaction, &schema, &self.identity).await?;
        sdk_messages::settle(&mut transaction, &schema).await?;
        // Deletes are forgotten when no delta link can ask for them any more.
        let oldest = self.surroundings.now_s() - i64::from(self.options.tracking_days) * 86_400;
        let text = "DELETE FROM tombstones WHERE deleted_on < ?".to_owned();
        transaction.execute(text, vec![Cell::Integer(oldest)]).await?;
        transaction.commit().await?;
        self.replace_schema(Arc::new(schema));
        Ok(())
    }

    pub(crate) fn schema(&self) -> Arc<Schema> {
        Arc::clone(&self.schema.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A temporary folder that is removed with the organisation.
    pub(crate) fn scratch(&self) -> std::io::Result<PathBuf> {
        if let Some(folder) = self.scratch.get() {
            return Ok(folder.path().to_owned());
        }
        // Where two make one at the same time, the other's is dropped.
        let folder = tempfile::Builder::new().prefix("emulator-").tempdir()?;
        Ok(self.scratch.get_or_init(|| folder).path().to_owned())
    }

    /// From now on every request sees this one.
    pub(crate) fn replace_schema(&self, schema: Arc<Schema>) {
        *self.schema.write().unwrap_or_else(PoisonError::into_inner) = schema;
    }

    /// How far a key's index is now: built after a delay, as in the cloud.
    pub(crate) fn key_state(&self, key: &AlternateKey) -> KeyState {
        let delay = i64::try_from(self.options.key_delay.as_secs()).unwrap_or(i64::MAX);
        let (since, end) = match key.state {
            KeyState::Pending(since) => (since, KeyState::Active),
            KeyState::Failing(since) => (since, KeyState::Failed),
            state => return state,
        };
        match self.surroundings.now_s().saturating_sub(since) {
            passed if passed >= delay => end,
            passed if passed > delay / 2 => KeyState::InProgress,
            _ => key.state,
        }
    }
}
