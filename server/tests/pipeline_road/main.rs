//! The pipeline beside the emulator: what others do there comes in, and a lost ledger is read anew.

mod mirror;
mod named;
mod others;
mod rebuild;
mod restored;
#[path = "../../pipeline/tests/suite/support.rs"]
mod support;
