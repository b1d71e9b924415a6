//! Views that are shown to those who have a link to them, for a while.

use model::{tenant::TenantId, time::Timestamp};
use uuid::Uuid;

use crate::write::Write;

/// One link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareLink {
    /// Whose records it shows.
    pub tenant: TenantId,
    /// Which of their links it is.
    pub id: Uuid,
    /// The view, as the panel's address says it.
    pub view: String,
    /// Who made it.
    pub made_by: String,
    /// When.
    pub made_at: Timestamp,
    /// From when on it shows nothing.
    pub ends_at: Timestamp,
    /// What is left of its password, where it has one.
    pub password: Option<String>,
    /// How often it was opened.
    pub visits: i64,
    /// When it was opened last.
    pub visited_at: Option<Timestamp>,
}

/// Keeps a link.
pub(crate) struct AddShareLink(pub(crate) ShareLink);

/// Lets a link go. Says whether it was there.
pub(crate) struct RevokeShareLink {
    pub(crate) tenant: TenantId,
    pub(crate) id: Uuid,
}

/// Counts that a link was opened.
pub(crate) struct NoteVisit {
    pub(crate) tenant: TenantId,
    pub(crate) id: Uuid,
    pub(crate) at: Timestamp,
}

impl Write for AddShareLink {
    type Answer = ();
}

impl Write for RevokeShareLink {
    type Answer = bool;
}

impl Write for NoteVisit {
    type Answer = ();
}
