//! Many rows of one table in one request, all or nothing: `CreateMultiple`, `UpdateMultiple`, `UpsertMultiple`.

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::batch::{BatchOperation, BatchOptions, OperationOutcome, OperationResult};
use crate::client::Client;
use crate::error::Error;
use crate::odata::is_name;
use crate::request_size::is_too_much;

#[derive(Serialize)]
struct BulkTargets {
    #[serde(rename = "Targets")]
    targets: Vec<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Created {
    #[serde(rename = "Ids")]
    ids: Vec<Uuid>,
}

impl Client {
    /// Makes rows, all or none; their ids in the order of the rows. Not repeated when its answer is lost.
    pub async fn create_multiple(
        &self,
        set: &str,
        logical_name: &str,
        rows: Vec<Value>,
    ) -> Result<Vec<Uuid>, Error> {
        let sent = rows.len();
        let reply =
            self.multiple(set, "CreateMultiple", "create_multiple", logical_name, rows, false).await?;
        let created: Created = reply.json()?;
        if created.ids.len() != sent {
            return Err(Error::Malformed(format!("{} ids for {sent} rows", created.ids.len())));
        }
        Ok(created.ids)
    }

    /// Changes rows that are there, each named by its primary key column; all or none.
    pub async fn update_multiple(
        &self,
        set: &str,
        logical_name: &str,
        rows: Vec<Value>,
    ) -> Result<(), Error> {
        self.multiple(set, "UpdateMultiple", "update_multiple", logical_name, rows, true).await.map(drop)
    }

    /// Makes or changes rows, each named by its primary key column, or by `@odata.id` with an alternate key whose
    /// columns are then left out of the row; all or none. The same row twice in one call is a mistake.
    pub async fn upsert_multiple(
        &self,
        set: &str,
        logical_name: &str,
        rows: Vec<Value>,
    ) -> Result<(), Error> {
        self.multiple(set, "UpsertMultiple", "upsert_multiple", logical_name, rows, true).await.map(drop)
    }

    /// Makes or changes rows under their ids in the fastest way, with an outcome for each: `UpsertMultiple` with as many
    /// rows at once as the server bears, and where that refuses (it names no culprit), a `$batch` that goes on past
    /// errors.
    ///
    /// # Errors
    /// When the first request failed as a whole. Where a later one does, what was not run has its error.
    pub async fn upsert_each(
        &self,
        set: &str,
        logical_name: &str,
        id_column: &str,
        rows: Vec<(Uuid, Value)>,
    ) -> Result<Vec<OperationOutcome>, Error> {
        let mut outcomes: Vec<OperationOutcome> = Vec::with_capacity(rows.len());
        while outcomes.len() < rows.len() {
            let left = &rows[outcomes.len()..];
            let some = &left[..left.len().min(self.inner.request_size.rows())];
            match self.upsert_some(set, logical_name, id_column, some).await {
                Ok(more) => outcomes.extend(more),
                Err(error) if some.len() > 1 && is_too_much(&error) => {
                    self.inner.request_size.too_large(some.len());
                }
                Err(error) if outcomes.is_empty() => return Err(error),
                Err(error) => outcomes.extend(left.iter().map(|_| Err(error.clone()))),
            }
        }
        Ok(outcomes)
    }

    async fn upsert_some(
        &self,
        set: &str,
        logical_name: &str,
        id_column: &str,
        rows: &[(Uuid, Value)],
    ) -> Result<Vec<OperationOutcome>, Error> {
        let mut named = Vec::with_capacity(rows.len());
        for (id, row) in rows {
            let mut row = object(row.clone())?;
            row.insert(id_column.to_owned(), Value::String(id.to_string()));
            named.push(Value::Object(row));
        }
        match self.upsert_multiple(set, logical_name, named).await {
            Ok(()) => {
                self.inner.request_size.accepted(rows.len());
                Ok(rows
                    .iter()
                    .map(|_| Ok(OperationResult { status: 204, ..OperationResult::default() }))
                    .collect())
            }
            Err(error) if error.is_lane_fault() || error.is_transient() || is_too_much(&error) => Err(error),
            Err(_) => {
                let operation = |(id, row): &(Uuid, Value)| BatchOperation::upsert(set, *id, row.clone());
                let operations = rows.iter().map(operation).collect();
                self.batch(operations, BatchOptions { continue_on_error: true }).await
            }
        }
    }

    async fn multiple(
        &self,
        set: &str,
        action: &str,
        operation: &'static str,
        logical_name: &str,
        rows: Vec<Value>,
        repeatable: bool,
    ) -> Result<crate::call::CallResponse, Error> {
        if !is_name(set) || !is_name(logical_name) {
            return Err(Error::Misuse(format!("`{set}` or `{logical_name}` is no name of a set or table")));
        }
        let count = rows.len();
        let mut targets = Vec::with_capacity(count);
        for row in rows {
            let mut row = object(row)?;
            // Mandatory on each target, and by logical name, not by set [D:bulk-operations.md].
            row.insert("@odata.type".to_owned(), format!("Microsoft.Dynamics.CRM.{logical_name}").into());
            targets.push(row);
        }
        let path = format!("{set}/Microsoft.Dynamics.CRM.{action}");
        let mut call =
            self.call(operation, Method::POST, path).json(&BulkTargets { targets })?.repeatable(repeatable);
        call.rows = count;
        call.divisible = count > 1;
        self.inner.send(call).await
    }
}

fn object(row: Value) -> Result<Map<String, Value>, Error> {
    match row {
        Value::Object(row) => Ok(row),
        _ => Err(Error::Misuse("a row that is no JSON object".to_owned())),
    }
}
