//! Keys that services send with their requests. Of a key's text only its code is kept.

use model::{tenant::TenantId, time::Timestamp};
use sqlx::Error;

use crate::write::Write;

/// What a key is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyScope {
    /// Sends records, and corrects and withdraws them.
    Write,
    /// Reads figures and records.
    Read,
    /// Both, and what administrators do.
    Admin,
}

/// One key of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceKey {
    /// Whose records it is for.
    pub tenant: TenantId,
    /// What it is called among the tenant's keys.
    pub name: String,
    /// What its text comes to under the ledger's secret, in hexadecimal digits.
    pub code: String,
    /// What it is good for.
    pub scope: KeyScope,
    /// Since when there is such a key.
    pub made_at: Timestamp,
    /// From when on it is none any more.
    pub expires_at: Option<Timestamp>,
    /// How many requests a minute it is good for; none where nothing limits them.
    pub rate_per_minute: Option<u32>,
    /// When it was sent last, as far as that was noted.
    pub used_at: Option<Timestamp>,
}

/// All that requests are held against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyTable {
    /// What codes are made with; none before the first key.
    pub secret: Option<String>,
    /// Whether there ever was a key, so that what writes needs one.
    pub is_closed: bool,
    /// Whether there ever were people, so that what is read needs a sign-in.
    pub is_peopled: bool,
    /// Those of all tenants, by name. One that is good for something this version does not know is left out.
    pub keys: Vec<ServiceKey>,
}

/// That a key was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// Of whose keys.
    pub tenant: TenantId,
    /// Which of them, by its code: a later one of the same name is another one.
    pub code: String,
    /// When.
    pub at: Timestamp,
}

impl KeyScope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Write, Self::Read, Self::Admin];

    /// As it is written and kept.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Read => "read",
            Self::Admin => "admin",
        }
    }

    /// The one of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }
}

/// None of a later version's.
pub(crate) fn scope(word: &str) -> Option<KeyScope> {
    let known = KeyScope::of_word(word);
    if known.is_none() {
        tracing::warn!(
            scope = word,
            "a key is good for something that this version does not know, and opens nothing"
        );
    }
    known
}

pub(crate) fn rate(kept: Option<i64>) -> Result<Option<u32>, Error> {
    kept.map(u32::try_from).transpose().map_err(|error| Error::Decode(error.into()))
}

/// Keeps a secret, unless there is one. Answers with the one that is kept.
pub(crate) struct KeepSecret(pub(crate) String);

/// Keeps a key, from which on what writes needs one. Says whether its name was free.
pub(crate) struct AddKey(pub(crate) ServiceKey);

/// Lets a key go. Says whether it was there.
pub(crate) struct RevokeKey {
    pub(crate) tenant: TenantId,
    pub(crate) name: String,
}

/// Notes when keys were sent.
pub(crate) struct NoteKeyUses(pub(crate) Vec<KeyUse>);

impl Write for KeepSecret {
    type Answer = String;
}

impl Write for AddKey {
    type Answer = bool;
}

impl Write for RevokeKey {
    type Answer = bool;
}

impl Write for NoteKeyUses {
    type Answer = ();

    fn weight(&self) -> usize {
        crate::write::SMALL * (1 + self.0.len())
    }
}
