//! Running a batch: in order, stopping at the first failure unless told to go on.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::json;
use serde_json::value::RawValue;

use crate::answer::{Answer, Request};
use crate::dispatch;
use crate::fault::{Fault, Result};
use crate::organisation::Organisation;
use crate::schema::Schema;
use crate::store::Transaction;
use crate::value::JsonMembers;

use super::multipart::{RequestItem, RequestPart, read};
use super::write::BatchWriter;

/// An address inside a batch may be longer than one on its own \[D:webapi/query/overview.md\].
const LONGEST_URL: usize = 65_536;

/// A thousand requests for whole pages must not fill the memory.
const LARGEST_ANSWER: usize = 256 * 1024 * 1024;

/// How deep inside of a body references are looked for.
const DEEPEST: usize = 32;

/// Answers `POST $batch`.
pub(crate) async fn respond(organisation: &Organisation, request: &Request) -> Result<Answer> {
    let kind = request.header("content-type").unwrap_or_default();
    let go_on = request.preference("odata.continue-on-error").is_some_and(|value| value != "false");
    let mut output = BatchWriter::new(organisation.surroundings.id());
    let items = match read(kind, &request.body) {
        Ok(items) => items,
        // A body that cannot be read is told of in a part, as everything else [TS].
        Err(fault) => {
            output.one(&refused(organisation, fault), None);
            return Ok(output.finish(true));
        }
    };
    let mut writer = organisation.store.write().await;
    let schema = organisation.schema();
    let mut transaction = Transaction::begin(&mut writer, organisation.surroundings.now_s()).await?;
    let mut batch = Batch { organisation, schema: schema.clone(), request, references: HashMap::new() };
    let mut failed = false;
    for item in items {
        let well = match item {
            RequestItem::One(part) => {
                let answer = batch.alone(&mut transaction, &part).await?;
                let well = answer.status.as_u16() < 400;
                output.one(&answer, part.content_id.as_deref());
                well
            }
            RequestItem::ChangeSet(parts) => batch.change_set(&mut transaction, &mut output, parts).await?,
        };
        failed |= !well;
        if output.length() > LARGEST_ANSWER {
            let message = "The answers to this batch are too large to be sent at once; ask for less.";
            output.one(&Fault::argument(message).into(), None);
            failed = true;
            break;
        }
        if !well && !go_on {
            break;
        }
    }
    // What came before a failure stays, as in the cloud: only change sets are whole.
    let changed = transaction.commit().await?;
    if !Arc::ptr_eq(&schema, &batch.schema) {
        organisation.replace_schema(batch.schema);
    }
    // The outer status of a stopped batch is its failure's: `server/exchanges/batches.http`. 400 is the one that every
    // client reads.
    let mut answer = output.finish(failed && !go_on);
    answer.changed = changed;
    Ok(answer)
}

/// A refusal within a batch, with the id by which support finds it.
fn refused(organisation: &Organisation, fault: Fault) -> Answer {
    Answer::from(fault).with("req_id", organisation.surroundings.id().to_string())
}

struct Batch<'a> {
    organisation: &'a Organisation,
    /// With what the batch itself has changed of it.
    schema: Arc<Schema>,
    request: &'a Request,
    /// Addresses of what was written, by Content-ID.
    references: HashMap<String, String>,
}

impl Batch<'_> {
    /// A request outside of change sets: whole or not at all by itself.
    async fn alone(&mut self, transaction: &mut Transaction<'_>, part: &RequestPart) -> Result<Answer> {
        if !in_steps(part) {
            return Ok(self.one(transaction, part).await);
        }
        transaction.savepoint().await?;
        let answer = self.one(transaction, part).await;
        transaction.settle(answer.status.as_u16() < 400).await?;
        Ok(answer)
    }

    async fn one(&mut self, transaction: &mut Transaction<'_>, part: &RequestPart) -> Answer {
        match self.attempt(transaction, part).await {
            Ok(answer) => {
                if let (Some(id), Some(address)) = (&part.content_id, answer.header("odata-entityid")) {
                    self.references.insert(id.clone(), address.to_owned());
                }
                answer
            }
            Err(fault) => refused(self.organisation, fault),
        }
    }

    async fn attempt(&mut self, transaction: &mut Transaction<'_>, part: &RequestPart) -> Result<Answer> {
        if part.url.len() > LONGEST_URL {
            return Err(Fault::bad(
                "0x80060888",
                "The length of the URL exceeds the limit of 65536 characters.",
            ));
        }
        let target = self.target(&part.url)?;
        if target.starts_with("$batch") {
            return Err(Fault::bad("0x80060888", "A batch request cannot contain another batch request."));
        }
        let request = Request {
            method: part.method.clone(),
            target,
            base: self.request.base.clone(),
            headers: part.headers.clone(),
            body: self.with_references(&part.body)?,
            caller: self.request.caller.clone(),
        };
        dispatch::within(self.organisation, &mut self.schema, transaction, &request).await
    }

    /// What follows `/api/data/v9.x/`: the origin before it may be a proxy's, so it is not looked at.
    fn target(&self, url: &str) -> Result<String> {
        if let Some(reference) = url.strip_prefix('$')
            && reference.starts_with(|c: char| c.is_ascii_digit())
        {
            let (id, rest) = reference.split_once('/').map_or((reference, ""), |(id, rest)| (id, rest));
            let address = self.reference(id)?;
            let path = after_root(address).unwrap_or(address);
            return Ok(if rest.is_empty() { path.to_owned() } else { format!("{path}/{rest}") });
        }
        Ok(after_root(url).unwrap_or_else(|| url.trim_start_matches('/')).to_owned())
    }

    fn reference(&self, id: &str) -> Result<&str> {
        self.references.get(id).map(String::as_str).ok_or_else(|| {
            let message = format!("Content-ID Reference: '${id}' does not exist in the batch context.");
            Fault::bad("0x80060888", message)
        })
    }

    /// `"Nav@odata.bind":"$1"` becomes the address of what `1` made; all else stays as it was sent, to the last digit.
    fn with_references(&self, body: &bytes::Bytes) -> Result<bytes::Bytes> {
        if !may_refer(body) {
            return Ok(body.clone());
        }
        // A body that is no JSON is refused where it is read.
        match std::str::from_utf8(body).ok().and_then(|text| serde_json::from_str::<&RawValue>(text).ok()) {
            Some(raw) => Ok(self.resolved(raw, 0)?.into()),
            None => Ok(body.clone()),
        }
    }

    fn resolved(&self, raw: &RawValue, depth: usize) -> Result<String> {
        let text = raw.get();
        if depth > DEEPEST || !may_refer(text.as_bytes()) {
            return Ok(text.to_owned());
        }
        if let Ok(JsonMembers(members)) = serde_json::from_str(text) {
            let parts: Result<Vec<String>> = members
                .iter()
                .map(|(name, value)| Ok(format!("{}:{}", json!(name), self.member(name, value, depth)?)))
                .collect();
            return Ok(format!("{{{}}}", parts?.join(",")));
        }
        if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(text) {
            let parts: Result<Vec<String>> =
                items.into_iter().map(|item| self.resolved(item, depth + 1)).collect();
            return Ok(format!("[{}]", parts?.join(",")));
        }
        Ok(text.to_owned())
    }

    fn member(&self, name: &str, value: &RawValue, depth: usize) -> Result<String> {
        let reference = value.get().strip_prefix("\"$").and_then(|rest| rest.strip_suffix('"'));
        match reference.filter(|_| name.ends_with("@odata.bind")) {
            Some(id) => Ok(json!(self.reference(id)?).to_string()),
            None => self.resolved(value, depth + 1),
        }
    }

    /// All or none; a failure is answered by one part alone, inside the set's wrapper [powerapps-docs issue 2843].
    async fn change_set(
        &mut self,
        transaction: &mut Transaction<'_>,
        output: &mut BatchWriter,
        parts: Vec<RequestPart>,
    ) -> Result<bool> {
        transaction.savepoint().await?;
        let schema = self.schema.clone();
        let mut answers = Vec::with_capacity(parts.len());
        for part in &parts {
            let answer = if part.method == http::Method::GET {
                Fault::bad("0x80060888", "A change set cannot contain GET requests.").into()
            } else {
                self.one(transaction, part).await
            };
            let well = answer.status.as_u16() < 400;
            if !well {
                answers.clear();
            }
            answers.push((answer, part.content_id.clone()));
            if !well {
                transaction.settle(false).await?;
                self.schema = schema;
                output.change_set(&answers, self.organisation.surroundings.id());
                return Ok(false);
            }
        }
        transaction.settle(true).await?;
        output.change_set(&answers, self.organisation.surroundings.id());
        Ok(true)
    }
}

/// Whether a request may fail after it has written something: most write one row and are done.
fn in_steps(part: &RequestPart) -> bool {
    let several = part.body.iter().skip(1).any(|byte| matches!(byte, b'{' | b'['));
    part.method != http::Method::GET
        && (several || part.method == http::Method::DELETE || part.headers.contains_key("prefer"))
}

/// Whether a body may hold a reference such as `"$1"`: most hold none, and need no second reading.
fn may_refer(body: &[u8]) -> bool {
    body.windows(2).any(|pair| pair == b"\"$")
}

fn after_root(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("/api/data/v")?;
    rest.split_once('/').map(|(_, path)| path)
}
