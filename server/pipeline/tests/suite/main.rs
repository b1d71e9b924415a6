//! The pipeline between a real ledger and a Dataverse: a fake that fails as told, or a simulation. The emulator is
//! met in the server's tests.

mod fake;
mod read_back;
mod relay;
mod simulation;
#[path = "../../../ledger/tests/suite/specimen.rs"]
mod specimen;
mod support;
