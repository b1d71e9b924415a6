//! People who may sign in, and those who have. Of passwords, and of what browsers send, only codes are kept.

use model::{tenant::TenantId, time::Timestamp};
use sqlx::Error;

use crate::write::Write;

/// What a person may do in a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PersonRole {
    /// To see figures and records, and to share what they see.
    Reader,
    /// That, and to decide for the tenant.
    Admin,
}

/// One of a tenant's people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Whose records they see.
    pub tenant: TenantId,
    /// What they are called. The same name is the same person in each tenant.
    pub name: String,
    /// What they may do there.
    pub role: PersonRole,
    /// Since when.
    pub made_at: Timestamp,
    /// Whether they sign in with a password; else a proxy says who they are.
    pub has_password: bool,
}

/// What a name stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// What is left of the password.
    pub password: Option<String>,
    /// Each tenant whose records they see, and as what.
    pub roles: Vec<(TenantId, PersonRole)>,
}

/// That a browser is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What the browser sends, under the ledger's secret.
    pub code: String,
    /// Who they are.
    pub name: String,
    /// Whose records they look at.
    pub shown: TenantId,
    /// Each tenant whose records they see, and as what. By now, where they stand among the people.
    pub roles: Vec<(TenantId, PersonRole)>,
    /// Whether that was told by a provider, and holds for the session.
    pub is_told: bool,
    /// When they signed in.
    pub made_at: Timestamp,
    /// From when on they have to do so again.
    pub ends_at: Timestamp,
}

impl PersonRole {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Reader, Self::Admin];

    /// As it is written and kept.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Admin => "admin",
        }
    }

    /// The one of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

impl Session {
    /// What they may do where they look; nothing where they were let go meanwhile.
    #[must_use]
    pub fn role(&self) -> Option<PersonRole> {
        self.roles.iter().find(|(tenant, _)| *tenant == self.shown).map(|(_, role)| *role)
    }
}

/// Roles as a session keeps them: none where the people's own count.
pub(crate) fn told_roles(session: &Session) -> Option<String> {
    let words: Vec<_> = session.roles.iter().map(|(tenant, role)| (tenant, role.word())).collect();
    session.is_told.then(|| serde_json::json!(words).to_string())
}

/// What [`told_roles`] made. A role of a later version is none.
pub(crate) fn read_roles(kept: &str) -> Result<Vec<(TenantId, PersonRole)>, Error> {
    let words: Vec<(TenantId, String)> =
        serde_json::from_str(kept).map_err(|error| Error::Decode(error.into()))?;
    Ok(words.iter().filter_map(|(tenant, word)| Some((*tenant, PersonRole::of_word(word)?))).collect())
}

/// Keeps a person, or what changed of one. Without a password the one that is kept stays.
pub(crate) struct KeepPerson {
    pub(crate) person: Person,
    pub(crate) password: Option<String>,
}

/// Lets a person go, with the sessions of those who are in no tenant any more. Says whether there was one.
pub(crate) struct RemovePerson {
    pub(crate) tenant: TenantId,
    pub(crate) name: String,
}

/// Keeps that a browser is signed in, in the place of what it had.
pub(crate) struct OpenSession {
    pub(crate) session: Session,
    /// The session that the browser had before, by its code.
    pub(crate) instead_of: Option<String>,
    /// What ended before this is forgotten.
    pub(crate) now: Timestamp,
}

/// Ends a session. Says whether it was there.
pub(crate) struct EndSession(pub(crate) String);

/// Shows another tenant's records from now on.
pub(crate) struct ShowTenant {
    pub(crate) code: String,
    pub(crate) tenant: TenantId,
}

impl Write for KeepPerson {
    type Answer = ();
}

impl Write for RemovePerson {
    type Answer = bool;
}

impl Write for OpenSession {
    type Answer = ();
}

impl Write for EndSession {
    type Answer = bool;
}

impl Write for ShowTenant {
    type Answer = bool;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn told_roles_come_back() {
        let session = Session {
            code: String::new(),
            name: "Jana".to_owned(),
            shown: TenantId::FIRST,
            roles: vec![(TenantId::FIRST, PersonRole::Admin)],
            is_told: true,
            made_at: Timestamp::from_micros(0),
            ends_at: Timestamp::from_micros(1),
        };
        let kept = told_roles(&session).unwrap();
        assert_eq!(read_roles(&kept).unwrap(), session.roles);
        assert!(read_roles(&kept.replace("admin", "owner")).unwrap().is_empty(), "of a later version");
        assert!(read_roles("{").is_err() && read_roles(r#"[["x","admin"]]"#).is_err());
        assert_eq!(told_roles(&Session { is_told: false, ..session }), None);
    }
}
