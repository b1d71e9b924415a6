//! The ledger's face where it is asked whose it is.

use model::record::Kind;

use super::{Ledger, Settings, Store};
use crate::{Claim, ClaimError, Identity, LedgerError, Place, There, Traces, identity::Asked, sqlite::FILE};

impl Ledger {
    /// To which organisation it belongs, and what it holds.
    pub async fn identity(&self) -> Result<Identity, LedgerError> {
        either!(self, store => store.identity().await)
    }

    /// What waits to be sent as it stands now, by position: those after `after`.
    pub async fn in_line(
        &self,
        kind: &'static Kind,
        after: i64,
        most: usize,
    ) -> Result<Vec<There>, LedgerError> {
        either!(self, store => store.in_line(kind, after, most).await)
    }

    /// What stands in Dataverse was looked at: from now on what waits here is the newest again.
    pub async fn looked(&self) -> Result<(), LedgerError> {
        self.desk().looked().await
    }

    /// Says that records are to be taken there, which binds a ledger that has no owner yet. After a refusal nothing is to be
    /// taken there.
    ///
    /// # Errors
    /// Each says what to do about it.
    pub async fn claim(&self, claim: Claim, traces: Traces) -> Result<Identity, ClaimError> {
        let place = (*self.place).clone();
        let identity = self.desk().claim(Asked { claim, traces, place }).await??;
        if let Store::Database(postgres) = &*self.store {
            postgres.keep_to(identity.generation);
        }
        Ok(identity)
    }
}

impl Settings {
    /// Which ledger is meant, as its keeper knows it.
    #[must_use]
    pub fn place(&self) -> Place {
        match self {
            Self::Folder(folder) => Place::File(folder.join(FILE)),
            Self::Database(database) => database.place(),
        }
    }
}
