//! What requests to Dataverse cost, by the hour, for all tenants together.

use crate::write::Write;

/// Adds a cost to this hour.
pub(crate) struct Spend {
    pub(crate) cost: i64,
}

impl Write for Spend {
    type Answer = ();
}
