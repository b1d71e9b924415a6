//! Views that are shown to those who have a link to them.

use model::{tenant::TenantId, time::Timestamp};
use uuid::Uuid;

use super::Ledger;
use crate::{
    LedgerError, ShareLink,
    share_links::{AddShareLink, NoteVisit, RevokeShareLink},
};

impl Ledger {
    /// A tenant's links, the newest first, those that are over too.
    pub async fn share_links(&self, tenant: TenantId) -> Result<Vec<ShareLink>, LedgerError> {
        read!(self, share_links::list(tenant))
    }

    /// One of them, over or not.
    pub async fn share_link(&self, tenant: TenantId, id: Uuid) -> Result<Option<ShareLink>, LedgerError> {
        read!(self, share_links::one(tenant, id))
    }

    /// Keeps a link.
    pub async fn add_share_link(&self, link: ShareLink) -> Result<(), LedgerError> {
        self.write(AddShareLink(link)).await
    }

    /// Lets a link go. Says whether it was there.
    pub async fn revoke_share_link(&self, tenant: TenantId, id: Uuid) -> Result<bool, LedgerError> {
        self.write(RevokeShareLink { tenant, id }).await
    }

    /// Counts that a link was opened.
    pub async fn note_visit(&self, tenant: TenantId, id: Uuid, at: Timestamp) -> Result<(), LedgerError> {
        self.write(NoteVisit { tenant, id, at }).await
    }
}
