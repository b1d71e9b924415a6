//! What every store must hold to, asked through the ledger's face.

mod delivery;
mod figures;
mod interleaving;
mod lists;
mod migrations;
mod opening;
mod outside;
mod records;
mod support;
