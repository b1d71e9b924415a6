//! Whether the database takes what is written.

use sqlx::Error;

use super::{InDatabase, StepIn};
use crate::{
    probe::{Probe, ProbeWrite},
    write::On,
};

/// As much as an array of a thousand records may need, where this user may make tables for a while.
const TRIAL: &str = "DO $$ BEGIN \
     CREATE TEMPORARY TABLE ledger_trial ON COMMIT DROP AS \
     SELECT repeat('-', 1000) AS filled FROM generate_series(1, 8000); \
     EXCEPTION WHEN insufficient_privilege THEN NULL; END $$";

/// The transaction around it takes a number of its own, which only a database that writes gives out.
impl On<InDatabase> for Probe {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<(), Error> {
        let number = step.schema.query("SELECT pg_current_xact_id()::text");
        number.execute(&mut *step.connection).await.map(|_| ())
    }
}

/// Room is taken at once where a table grows, and given back with the transaction.
impl On<InDatabase> for ProbeWrite {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<(), Error> {
        step.schema.script(TRIAL).execute(&mut *step.connection).await.map(|_| ())
    }
}
