//! Why a pass of the mirror or the read-back ended early. The next one begins where it began.

use std::time::Duration;

use dataverse::Error;
use ledger::LedgerError;

use crate::budget::Spent;

#[derive(Debug, thiserror::Error)]
pub(crate) enum PassError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Dataverse(#[from] Error),
    #[error("another process reads the table")]
    Lost,
    #[error("{}", .0.reason)]
    Spent(Spent),
}

impl From<Spent> for PassError {
    fn from(spent: Spent) -> Self {
        Self::Spent(spent)
    }
}

/// What people read while Dataverse does not take what is sent.
pub(crate) fn reason(error: &Error, pause: Duration) -> String {
    match error {
        Error::Throttled { .. } => {
            format!("Dataverse asks for a pause of {} s; nothing is lost", pause.as_secs().max(1))
        }
        Error::Transport { .. } | Error::TimedOut { .. } => {
            // The cause last: where there is little room, that is what may be cut.
            format!("Dataverse does not answer; delivery goes on by itself when it does ({error})")
        }
        Error::OutOfTime => {
            "Dataverse answers so slowly that leases run out before all is sent; what was not sent is \
                             sent again, and a longer STUDIO_LEASE leaves more time"
                .to_owned()
        }
        error if error.is_transient() => {
            format!(
                "Dataverse fails at everything; nothing is lost, delivery goes on by itself when that is over ({error})"
            )
        }
        other => format!("{other}; nothing is lost, delivery goes on when that is seen to"),
    }
}
