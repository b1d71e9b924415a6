//! What a server says when it refuses.

/// What Dataverse said when it refused: its code, its words, and how support finds the request again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// `0x…` in lower case, or empty where the server gave none.
    pub code: String,
    /// In the words of the server.
    pub message: String,
    /// `x-ms-service-request-id` or `REQ_ID`.
    pub request_id: Option<String>,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.status)?;
        if !self.code.is_empty() {
            write!(f, " {}", self.code)?;
        }
        write!(f, ": {}", self.message)?;
        match &self.request_id {
            Some(id) => write!(f, " (request {id})"),
            None => Ok(()),
        }
    }
}
