//! The refusal that a fault answers with, in the words of the cloud.

use http::StatusCode;

use super::Disturbance;
use crate::answer::Answer;
use crate::fault::Fault;

impl Disturbance {
    /// The refusal of [`super::FaultEffect::Answer`], with the code and words that the cloud has for the status.
    pub(crate) fn answer(&self) -> Answer {
        let status =
            StatusCode::from_u16(self.status.unwrap_or(503)).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        let (code, message) = match status.as_u16() {
            401 => return Answer::empty(status).with("www-authenticate", "Bearer"),
            403 => ("0x80072560", "The user is not a member of the organization."),
            429 => (
                "0x80072322",
                "Number of requests exceeded the limit of 6000 over time window of 300 seconds.",
            ),
            503 => ("0x80048d3d", "The service is unavailable."),
            500 => ("0x80040216", "An unexpected error occurred."),
            _ => ("0x80040216", "A fault that was asked for."),
        };
        let mut fault = Fault::new(status, code, message);
        // A 429 always says when to come back [D:api-limits.md].
        fault.retry_after = self.retry_after.or((status == StatusCode::TOO_MANY_REQUESTS).then_some(1));
        fault.into()
    }
}
