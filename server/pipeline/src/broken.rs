//! Why a pass of the mirror or the read-back ended early. The next one begins where it began.

use dataverse::Error;
use ledger::LedgerError;

use crate::budget::Spent;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Dataverse(#[from] Error),
    #[error("another process reads the table")]
    Lost,
    #[error("{}", .0.reason)]
    Spent(Spent),
}

impl From<Spent> for Broken {
    fn from(spent: Spent) -> Self {
        Self::Spent(spent)
    }
}
