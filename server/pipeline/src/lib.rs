//! Moves records between ledger and Dataverse: makes the tables there, carries records across, reads them back.
//!
//! Everything here knows records through `model::record::Kind` alone.

mod flight;
mod handle;
mod pace;
pub mod provision;
mod read_back;
mod relay;
mod row;
mod settings;
mod status;
mod targets;

pub use handle::{Handle, start};
pub use provision::{Provisioned, Step, plan, provision};
pub use settings::{Settings, Tenant};
pub use status::RelayStatus;

/// Why the pipeline could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{step}: {source}; nothing is lost, run it again when that is seen to")]
    Provision {
        step: String,
        #[source]
        source: dataverse::Error,
    },
}
