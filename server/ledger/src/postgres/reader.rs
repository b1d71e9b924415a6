//! What a question is answered with, within a transaction that only reads.

use model::{tenant::TenantId, time::Timestamp};
use sqlx::PgConnection;

use super::{counted::Counted, schema::PostgresSchema, tenant_reader::TenantReader};
use crate::hours::Tallies;

pub(crate) struct Reader<'a> {
    pub(super) connection: &'a mut PgConnection,
    pub(super) schema: &'a PostgresSchema,
    pub(super) counted: &'a Counted,
    pub(super) hours: &'a Tallies<String>,
    /// This process's own time.
    pub(super) now: Timestamp,
}

impl<'a> Reader<'a> {
    pub(super) const fn of(self, tenant: TenantId) -> TenantReader<'a> {
        TenantReader { connection: self.connection, schema: self.schema, tenant }
    }
}
