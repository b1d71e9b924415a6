//! What a question is answered with, within a transaction that only reads.

use model::{record::Kind, tenant::TenantId, time::Timestamp};
use sqlx::{Error, PgConnection};

use super::{counted::Counted, hours, row::get, schema::Schema};

pub(crate) struct Reader<'a> {
    pub(super) connection: &'a mut PgConnection,
    pub(super) schema: &'a Schema,
    pub(super) counted: &'a Counted,
    pub(super) hours: &'a hours::Counted,
    /// This process's own time.
    pub(super) now: Timestamp,
}

/// The same for one tenant.
pub(super) struct Asked<'a> {
    pub(super) connection: &'a mut PgConnection,
    pub(super) schema: &'a Schema,
    pub(super) tenant: TenantId,
}

impl<'a> Reader<'a> {
    pub(super) const fn of(self, tenant: TenantId) -> Asked<'a> {
        Asked { connection: self.connection, schema: self.schema, tenant }
    }
}

impl Asked<'_> {
    /// What a statement with the tenant and the kind's name brings.
    pub(super) async fn numbers<const N: usize>(
        &mut self,
        kind: &Kind,
        sql: &str,
    ) -> Result<[i64; N], Error> {
        let query = self.schema.query(sql).bind(self.tenant.0).bind(kind.name);
        let row = query.fetch_one(&mut *self.connection).await?;
        let mut numbers = [0; N];
        for (at, number) in numbers.iter_mut().enumerate() {
            *number = get(&row, at)?;
        }
        Ok(numbers)
    }
}
