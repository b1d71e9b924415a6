//! Moves records between ledger and Dataverse: makes the tables there, carries records across, reads them back.
//!
//! Everything here knows records through `model::record::Kind` alone.

mod budget;
mod decode_row;
mod delivery;
mod encode_row;
mod handle;
mod ledger_port;
mod lookup_rows;
mod mapping;
mod meters;
mod mirror;
mod organisation;
mod pass_error;
mod provision;
mod rate_limit;
mod read_back;
mod rebuild;
mod recount;
mod relay;
mod row_tally;
mod settings;
mod standard_names;
mod status;
mod status_handle;
mod supervise;
mod targets;
mod worker_context;

pub use handle::{Handle, start};
pub use ledger_port::LedgerPort;
pub use mapping::{Mapping, NamesByKind, TableMapping, TableNames};
pub use organisation::{ChangePages, RemoteOrganisation, RowWrite, RowWritten, Which};
pub use provision::{ProvisionPlan, ProvisionScope, ProvisionStep, READER, WRITER, plan, provision, stands};
pub use rebuild::rebuild;
pub use recount::{RecountError, recount};
pub use settings::{Settings, Tenant};
pub use status::{BudgetStatus, MirrorState, MirrorStatus, RelayStatus};
pub use supervise::{Fall, supervise};

/// Why the pipeline could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Told whole in its own sentence, which goes onto the panel as it is.
    #[error("{step}: {cause}; nothing is lost, run it again when that is seen to")]
    Provision { step: String, cause: dataverse::Error },
    #[error(
        "the organisation holds something else under our names, so nothing was made: {}; rename it there, or mend it, and \
         run it again",
        conflicts.join("; ")
    )]
    Clash { conflicts: Vec<String> },
    #[error(
        "{missing} things are missing there, {first} the first of them; an administrator runs `studio provision`, and records \
         that wait here are sent then"
    )]
    Unprovisioned { missing: usize, first: String },
    #[error("{reason}; run it again when that is seen to, what was read stays")]
    Rebuild { reason: String },
}

impl Error {
    /// How long Dataverse asked to be left alone.
    #[must_use]
    pub fn retry_after(&self) -> Option<std::time::Duration> {
        match self {
            Self::Provision { cause, .. } => cause.retry_after(),
            Self::Clash { .. } | Self::Unprovisioned { .. } | Self::Rebuild { .. } => None,
        }
    }
}
