//! People who may sign in, and those who have.

use model::{tenant::TenantId, time::Timestamp};

use super::Ledger;
use crate::{
    Account, LedgerError, Person, Session,
    people::{EndSession, KeepPerson, OpenSession, RemovePerson, ShowTenant},
};

impl Ledger {
    /// Those of all tenants, by tenant and name.
    pub async fn people(&self) -> Result<Vec<Person>, LedgerError> {
        read!(self, people::everyone())
    }

    /// What a name stands for: nothing, where there is none of that name.
    pub async fn account(&self, name: &str) -> Result<Account, LedgerError> {
        read!(self, people::account_of(name))
    }

    /// Keeps a person, or what changed of one. A new password ends their sessions; without one, the one that is kept stays.
    pub async fn keep_person(&self, person: Person, password: Option<String>) -> Result<(), LedgerError> {
        self.write(KeepPerson { person, password }).await
    }

    /// Lets a person go, and ends the sessions of one who is in no other tenant. Says whether there was one.
    pub async fn remove_person(&self, tenant: TenantId, name: String) -> Result<bool, LedgerError> {
        self.write(RemovePerson { tenant, name }).await
    }

    /// The session of this code, over or not.
    pub async fn session(&self, code: &str) -> Result<Option<Session>, LedgerError> {
        read!(self, people::session(code))
    }

    /// Keeps that a browser is signed in, in the place of the session that it had. What was over before `now` is forgotten.
    pub async fn open_session(
        &self,
        session: Session,
        instead_of: Option<String>,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        self.write(OpenSession { session, instead_of, now }).await
    }

    /// Ends a session. Says whether it was there.
    pub async fn end_session(&self, code: String) -> Result<bool, LedgerError> {
        self.write(EndSession(code)).await
    }

    /// Shows another tenant's records in a session from now on. Says whether it was there.
    pub async fn show_tenant(&self, code: String, tenant: TenantId) -> Result<bool, LedgerError> {
        self.write(ShowTenant { code, tenant }).await
    }
}
