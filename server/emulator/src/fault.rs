//! Refusals, with Dataverse's own statuses, codes and texts: `server/exchanges/errors.http` records them, as the other
//! exchanges do for what they are about.

use http::{Method, StatusCode};
use serde_json::json;
use uuid::Uuid;

/// Why a request is refused.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) retry_after: Option<u64>,
}

pub(crate) type Result<T> = std::result::Result<T, Fault>;

impl Fault {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), retry_after: None }
    }

    pub(crate) fn bad(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// What OData's own parser says.
    pub(crate) fn syntax(message: impl Into<String>) -> Self {
        Self::bad("0x0", message)
    }

    /// A body that cannot be taken in.
    pub(crate) fn payload(set: &str, message: impl std::fmt::Display) -> Self {
        Self::bad(
            "0x80048d19",
            format!(
                "Error identified in Payload provided by the user for Entity :'{set}', For more information on this \
                 error please follow this help link https://go.microsoft.com/fwlink/?linkid=2195293  ---->  \
                 InnerException : Microsoft.OData.ODataException: {message}"
            ),
        )
    }

    /// Nothing is at this address, in two halves: what addresses begin with, and what follows.
    pub(crate) fn no_route(base: &str, target: &str) -> Self {
        let message = format!("No HTTP resource was found that matches the request URI '{base}{target}'.");
        Self::new(StatusCode::NOT_FOUND, "", message)
    }

    pub(crate) fn not_allowed(method: &Method) -> Self {
        let message = format!("The requested resource does not support http method '{method}'.");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "0x80060888", message)
    }

    pub(crate) fn no_segment(segment: &str) -> Self {
        let message = format!("Resource not found for the segment '{segment}'.");
        Self::new(StatusCode::NOT_FOUND, "0x8006088a", message)
    }

    pub(crate) fn no_row(table: &str, id: Uuid) -> Self {
        let message = format!("{table} With Id = {id} Does Not Exist");
        Self::new(StatusCode::NOT_FOUND, "0x80040217", message)
    }

    pub(crate) fn no_row_by_key(table: &str) -> Self {
        let message = format!("A record with the specified key values does not exist in {table} entity");
        Self::new(StatusCode::NOT_FOUND, "0x80060891", message)
    }

    pub(crate) fn no_property(name: &str, table: &str) -> Self {
        Self::syntax(format!(
            "Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{table}'."
        ))
    }

    pub(crate) fn duplicate_id() -> Self {
        Self::precondition("0x80040237", "A record with matching key values already exists.")
    }

    pub(crate) fn stale() -> Self {
        let message = "The version of the existing record doesn't match the RowVersion property provided.";
        Self::precondition("0x80060882", message)
    }

    pub(crate) fn precondition(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, code, message)
    }

    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self::bad("0x80040203", message)
    }

    /// \[D:webapi/query/filter-rows.md, D:fetchxml/filter-rows.md\]
    pub(crate) fn too_many_conditions() -> Self {
        Self::bad("0x8004430C", "Number of conditions in query exceeded maximum limit.")
    }

    /// What Dataverse can do and this emulator cannot: said, and logged, but never made up.
    pub(crate) fn unsupported(what: impl std::fmt::Display) -> Self {
        tracing::warn!(%what, "not supported by the emulator");
        let message = format!("The emulator does not support {what}.");
        Self::new(StatusCode::NOT_IMPLEMENTED, "0x80060888", message)
    }

    pub(crate) fn to_json(&self) -> Vec<u8> {
        json!({ "error": { "code": self.code, "message": self.message } }).to_string().into_bytes()
    }
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        // SQLITE_INTERRUPT: a reading that was broken off.
        if error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .is_some_and(|code| code == "9")
        {
            tracing::warn!("a query was broken off, for it read too much");
            return Self::new(StatusCode::INTERNAL_SERVER_ERROR, "0x80044151", "SQL timeout expired.");
        }
        tracing::error!(%error, "the organisation's file cannot be used as it should");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "0x80044150", "Generic SQL error.")
    }
}
