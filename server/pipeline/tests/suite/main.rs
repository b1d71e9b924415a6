//! The pipeline between a real ledger and a fake Dataverse.

mod fake;
mod read_back;
mod relay;
mod support;
