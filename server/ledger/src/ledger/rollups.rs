//! What figures are made of: how far that is, and how it is made anew.

use super::{Ledger, Store};
use crate::{LedgerError, RollupState};

impl Ledger {
    /// How the rollups of each kind are, out of which its figures come.
    pub async fn rollups(&self) -> Result<Vec<RollupState>, LedgerError> {
        read!(self, rollups::states())
    }

    /// Asks for the rollups of all kinds anew; [`make_rollups`](Self::make_rollups) does it. Meanwhile those that are there are read.
    pub async fn wish_rollups(&self) -> Result<(), LedgerError> {
        either!(self, store => store.wish_rollups().await)
    }

    /// One step towards rollups that are wanted or missing, which adds up to `most` more records, in a transaction beside all
    /// others. Says whether another step follows: of several processes one is at it at a time.
    pub async fn make_rollups(&self, most: i64) -> Result<bool, LedgerError> {
        either!(self, store => store.make_rollups(most).await)
    }
}
