//! Entra's refusals, as a client sees them \[ENTRA\].

use http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use crate::answer::Answer;
use crate::organisation::Organisation;

pub(super) struct TokenRefusal {
    status: StatusCode,
    error: &'static str,
    code: u32,
    message: String,
}

pub(super) type TokenResult<T> = std::result::Result<T, TokenRefusal>;

pub(super) fn refusal(
    status: u16,
    error: &'static str,
    code: u32,
    message: impl Into<String>,
) -> TokenRefusal {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    TokenRefusal { status, error, code, message: message.into() }
}

impl TokenRefusal {
    pub(super) fn bad_request(code: u32, message: impl Into<String>) -> Self {
        refusal(400, "invalid_request", code, message)
    }

    pub(super) fn unknown_tenant(tenant: &str) -> Self {
        let message = format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the \
             correct cloud."
        );
        Self::bad_request(90_002, message)
    }

    /// The client has not proved that it is the application that it names.
    pub(super) fn client(code: u32, message: impl Into<String>) -> Self {
        refusal(401, "invalid_client", code, message)
    }

    pub(super) fn missing(parameter: &str) -> Self {
        Self::bad_request(
            900_144,
            format!("The request body must contain the following parameter: '{parameter}'."),
        )
    }

    pub(super) fn unknown_application(client: &str, tenant: Uuid) -> Self {
        let message = format!(
            "Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the \
             application has not been installed by the administrator of the tenant."
        );
        refusal(400, "unauthorized_client", 700_016, message)
    }

    pub(super) fn to_answer(&self, organisation: &Organisation) -> Answer {
        let now = time(organisation.surroundings.now_s());
        let (trace, correlation) = (organisation.surroundings.id(), organisation.surroundings.id());
        let description = format!(
            "AADSTS{}: {} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}",
            self.code, self.message
        );
        let body = json!({
            "error": self.error,
            "error_description": description,
            "error_codes": [self.code],
            "timestamp": now,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.code),
        });
        Answer::of_kind("application/json; charset=utf-8", body.to_string()).status(self.status)
    }
}

/// A moment in the way that Entra prints it.
pub(super) fn time(seconds: i64) -> String {
    let moment = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    moment.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}
