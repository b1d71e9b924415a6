//! Who the organisation is and whom it lets in: ids, applications, and the tokens that are given out to them.

pub(crate) mod application;
mod assertion;
mod certificate;
mod discovery;
mod jwt;
mod refusal;
mod registration;
mod signing_key;
mod token;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use crate::store::definitions::{facts, put_fact};
use crate::surroundings::Surroundings;

use application::{Application, RegisteredCredential};
use signing_key::SigningKey;

pub(crate) use discovery::{discover, keys};
pub(crate) use registration::{NewCredential, add_credential, register, remove_credential, unregister};
pub use registration::{Registered, Registration, RegistrationError};
pub(crate) use token::respond;

/// Ids and credentials, made once and kept with the organisation.
pub(crate) struct OrganisationIdentity {
    pub(crate) tenant: Uuid,
    /// The organisation's own application, a System Administrator.
    pub(crate) client: Uuid,
    pub(crate) object: Uuid,
    pub(crate) secret: String,
    pub(crate) organization: Uuid,
    pub(crate) user: Uuid,
    pub(crate) business_unit: Uuid,
    /// Roles that every organisation has.
    pub(crate) administrator: Uuid,
    pub(crate) customizer: Uuid,
    pub(crate) basic_user: Uuid,
    /// All applications of the tenant, its own among them.
    applications: RwLock<BTreeMap<Uuid, Application>>,
    /// Signs the tokens.
    key: SigningKey,
    /// Tokens of an earlier generation are no longer taken.
    pub(crate) generation: AtomicU64,
    pub(crate) issued: AtomicU64,
}

const IDS: &[&str] = &[
    "tenant",
    "client",
    "organization",
    "user",
    "business_unit",
    "object",
    "administrator",
    "customizer",
    "basic_user",
];

impl OrganisationIdentity {
    /// The currency that the organisation keeps its books in.
    pub(crate) fn currency(&self) -> Uuid {
        Uuid::new_v5(&self.organization, b"transactioncurrency")
    }

    /// The organisation's identity: what the file holds, or a new one that it holds from now on.
    pub(crate) async fn load(
        connection: &mut SqliteConnection,
        surroundings: &Surroundings,
    ) -> Result<Self, sqlx::Error> {
        let mut known = facts(connection).await?;
        for name in IDS {
            let new = surroundings.id().to_string();
            remember(connection, &mut known, name, new).await?;
        }
        let secret = URL_SAFE_NO_PAD.encode(surroundings.bytes::<32>());
        remember(connection, &mut known, "secret", secret).await?;
        let unusable = |error| sqlx::Error::Decode(Box::new(error));
        remember(connection, &mut known, "signing_key", SigningKey::make().map_err(unusable)?).await?;
        let id = |name: &str| known.get(name).and_then(|text| text.parse().ok()).unwrap_or_default();
        let text = |name: &str| known.get(name).cloned().unwrap_or_default();
        let (client, object, secret) = (id("client"), id("object"), text("secret"));
        let credentials = vec![RegisteredCredential::secret(client, &secret, None)];
        let name = "Emulated application".to_owned();
        let own = Application { client, object, name, credentials };
        let registered = application::load(connection).await?;
        let applications = registered.into_iter().chain([own]).map(|found| (found.client, found));
        Ok(Self {
            tenant: id("tenant"),
            client,
            object,
            secret,
            organization: id("organization"),
            user: id("user"),
            business_unit: id("business_unit"),
            administrator: id("administrator"),
            customizer: id("customizer"),
            basic_user: id("basic_user"),
            applications: RwLock::new(applications.collect()),
            key: SigningKey::read(&text("signing_key")).map_err(unusable)?,
            generation: AtomicU64::new(0),
            issued: AtomicU64::new(0),
        })
    }

    pub(crate) fn application(&self, client: Uuid) -> Option<Application> {
        self.applications.read().unwrap_or_else(PoisonError::into_inner).get(&client).cloned()
    }

    pub(crate) fn applications(&self) -> Vec<Application> {
        self.applications.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Puts an application in its place, or takes it away.
    fn replace(&self, client: Uuid, application: Option<Application>) {
        let mut all = self.applications.write().unwrap_or_else(PoisonError::into_inner);
        match application {
            Some(application) => all.insert(client, application),
            None => all.remove(&client),
        };
    }
}

async fn remember(
    connection: &mut SqliteConnection,
    known: &mut BTreeMap<String, String>,
    name: &str,
    new: String,
) -> Result<(), sqlx::Error> {
    if !known.contains_key(name) {
        put_fact(connection, name, &new).await?;
        known.insert(name.to_owned(), new);
    }
    Ok(())
}
