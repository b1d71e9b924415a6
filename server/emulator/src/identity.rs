//! Who the organisation is and whom it lets in: ids, credentials, and the tokens that are given out on them.

mod jwt;
mod token;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use crate::store::definitions::{facts, put_fact};
use crate::surroundings::Surroundings;

pub(crate) use token::respond;

/// Ids and credentials, made once and kept with the organisation.
pub(crate) struct Identity {
    pub(crate) tenant: Uuid,
    pub(crate) client: Uuid,
    pub(crate) secret: String,
    pub(crate) organization: Uuid,
    pub(crate) user: Uuid,
    pub(crate) business_unit: Uuid,
    /// Signs the tokens.
    key: Vec<u8>,
    /// Tokens of an earlier generation are no longer taken.
    pub(crate) generation: AtomicU64,
    pub(crate) issued: AtomicU64,
}

impl Identity {
    /// The organisation's identity: what the file holds, or a new one that it holds from now on.
    pub(crate) async fn load(
        connection: &mut SqliteConnection,
        surroundings: &Surroundings,
    ) -> Result<Self, sqlx::Error> {
        let mut known = facts(connection).await?;
        for name in ["tenant", "client", "organization", "user", "business_unit"] {
            let new = surroundings.id().to_string();
            remember(connection, &mut known, name, new).await?;
        }
        for name in ["secret", "key"] {
            let new = URL_SAFE_NO_PAD.encode(surroundings.bytes::<32>());
            remember(connection, &mut known, name, new).await?;
        }
        let id = |name: &str| known.get(name).and_then(|text| text.parse().ok()).unwrap_or_default();
        let text = |name: &str| known.get(name).cloned().unwrap_or_default();
        Ok(Self {
            tenant: id("tenant"),
            client: id("client"),
            secret: text("secret"),
            organization: id("organization"),
            user: id("user"),
            business_unit: id("business_unit"),
            key: text("key").into_bytes(),
            generation: AtomicU64::new(0),
            issued: AtomicU64::new(0),
        })
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
