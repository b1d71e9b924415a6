//! Writing a batch's answer as the strictest of the known readers needs it: `server/exchanges/change-sets.http`.

use http::StatusCode;
use uuid::Uuid;

use crate::answer::{Answer, JSON};

pub(super) struct BatchWriter {
    boundary: String,
    out: String,
}

impl BatchWriter {
    pub(super) fn new(id: Uuid) -> Self {
        Self { boundary: format!("batchresponse_{id}"), out: String::new() }
    }

    pub(super) fn length(&self) -> usize {
        self.out.len()
    }

    pub(super) fn one(&mut self, answer: &Answer, content_id: Option<&str>) {
        self.line(&format!("--{}", self.boundary));
        self.part(answer, content_id);
    }

    pub(super) fn change_set(&mut self, answers: &[(Answer, Option<String>)], id: Uuid) {
        let inner = format!("changesetresponse_{id}");
        self.line(&format!("--{}", self.boundary));
        // Exactly one header, or one of the readers takes the set for a single answer.
        self.line(&format!("Content-Type: multipart/mixed; boundary={inner}"));
        self.line("");
        for (answer, content_id) in answers {
            self.line(&format!("--{inner}"));
            self.part(answer, content_id.as_deref());
        }
        self.line(&format!("--{inner}--"));
    }

    pub(super) fn finish(mut self, failed: bool) -> Answer {
        self.line(&format!("--{}--", self.boundary));
        let status = if failed { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        Answer::of_kind(&format!("multipart/mixed; boundary={}", self.boundary), self.out).status(status)
    }

    fn part(&mut self, answer: &Answer, content_id: Option<&str>) {
        self.line("Content-Type: application/http");
        self.line("Content-Transfer-Encoding: binary");
        if let Some(id) = content_id {
            self.line(&format!("Content-ID: {id}"));
        }
        self.line("");
        let reason = answer.status.canonical_reason().unwrap_or("Unknown");
        self.line(&format!("HTTP/1.1 {} {reason}", answer.status.as_u16()));
        for (name, value) in &answer.headers {
            // What is refused is not streamed [D:webapi/execute-batch-operations-using-web-api.md].
            let value = if *name == "content-type" && value == JSON && answer.status.is_success() {
                "application/json; odata.metadata=minimal; odata.streaming=true"
            } else {
                value
            };
            self.line(&format!("{}: {value}", cased(name)));
        }
        self.line("OData-Version: 4.0");
        self.line("");
        // Bodies are JSON or numbers written here: always text.
        self.out.push_str(&String::from_utf8_lossy(&answer.body));
        self.line("");
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push_str("\r\n");
    }
}

/// Headers as the cloud writes them, for readers that compare them so.
fn cased(name: &'static str) -> &'static str {
    match name {
        "odata-entityid" => "OData-EntityId",
        "location" => "Location",
        "content-type" => "Content-Type",
        "etag" => "ETag",
        "req_id" => "REQ_ID",
        "preference-applied" => "Preference-Applied",
        other => other,
    }
}
