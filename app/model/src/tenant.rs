//! Whose records these are. Every query takes a tenant by type.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One tenant. There is no query without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TenantId(pub Uuid);

impl TenantId {
    /// The tenant that every installation begins with.
    pub const FIRST: Self = Self(Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001));
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
