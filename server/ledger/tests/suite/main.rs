//! What every store must hold to, asked through the ledger's face.

mod records;
mod support;
