//! What a question about one tenant is answered with.

use model::{record::Kind, tenant::TenantId};
use sqlx::{Error, PgConnection};

use super::{row::get, schema::PostgresSchema};

pub(super) struct TenantReader<'a> {
    pub(super) connection: &'a mut PgConnection,
    pub(super) schema: &'a PostgresSchema,
    pub(super) tenant: TenantId,
}

impl TenantReader<'_> {
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
