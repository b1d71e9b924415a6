//! Intake, relay, mirror, reconciliation: moves records between ledger and Dataverse.
