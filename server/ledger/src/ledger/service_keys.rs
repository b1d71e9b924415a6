//! Keys that services send with their requests.

use model::tenant::TenantId;

use super::Ledger;
use crate::{
    KeyTable, KeyUse, LedgerError, ServiceKey,
    service_keys::{AddKey, KeepSecret, NoteKeyUses, RevokeKey},
};

impl Ledger {
    /// The secret and all keys, of one moment.
    pub async fn key_table(&self) -> Result<KeyTable, LedgerError> {
        read!(self, service_keys::table())
    }

    /// Keeps a secret that codes are made with, unless there is one. Answers with the one that is kept.
    pub async fn keep_secret(&self, secret: String) -> Result<String, LedgerError> {
        self.write(KeepSecret(secret)).await
    }

    /// Keeps a key. Says whether its name was free among its tenant's.
    pub async fn add_key(&self, key: ServiceKey) -> Result<bool, LedgerError> {
        self.write(AddKey(key)).await
    }

    /// Lets a key go. Says whether it was there.
    pub async fn revoke_key(&self, tenant: TenantId, name: String) -> Result<bool, LedgerError> {
        self.write(RevokeKey { tenant, name }).await
    }

    /// Notes when keys were sent.
    pub async fn note_key_uses(&self, uses: Vec<KeyUse>) -> Result<(), LedgerError> {
        self.write(NoteKeyUses(uses)).await
    }
}
