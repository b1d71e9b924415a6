//! `$batch`: up to 1,000 operations in one request, each with an outcome of its own.

pub(crate) mod multipart;
mod operation;
mod outcome;
mod write;

use std::collections::VecDeque;

use http::Method;

use crate::call::Expected;
use crate::client::Client;
use crate::error::Error;
use crate::request_size::{MOST, is_too_much};

use operation::OperationKind;

pub use operation::BatchOperation;
pub use outcome::{OperationOutcome, OperationResult};

/// How a batch is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchOptions {
    /// Go on past an operation that fails. Without it, those after the first failure are not attempted.
    pub continue_on_error: bool,
}

impl Default for BatchOptions {
    fn default() -> Self {
        Self { continue_on_error: true }
    }
}

impl Client {
    /// Runs any number of operations, in as few requests as the server bears (1,000 operations at most in one, a change
    /// set never divided), and gives an outcome for each, in order. A request that was too much for the server is sent
    /// again as two halves.
    ///
    /// # Errors
    /// When the first request failed as a whole. Where a later one does, what was not run has its error.
    pub async fn batch(
        &self,
        operations: Vec<BatchOperation>,
        options: BatchOptions,
    ) -> Result<Vec<OperationOutcome>, Error> {
        let mut waiting: VecDeque<OperationKind> =
            operations.into_iter().map(|operation| operation.0).collect();
        let mut outcomes = Vec::new();
        while !waiting.is_empty() {
            let kinds = take(&mut waiting, self.inner.request_size.rows())?;
            let rows = members(&kinds);
            match self.send_batch(&kinds, rows, options).await {
                Ok(more) => {
                    self.inner.request_size.accepted(rows);
                    outcomes.extend(more);
                    if !options.continue_on_error && outcomes.iter().any(Result::is_err) {
                        outcomes.extend((0..members(&waiting)).map(|_| Err(Error::NotAttempted)));
                        break;
                    }
                }
                Err(error) if kinds.len() > 1 && is_too_much(&error) => {
                    self.inner.request_size.too_large(rows);
                    kinds.into_iter().rev().for_each(|kind| waiting.push_front(kind));
                }
                Err(error) if outcomes.is_empty() => return Err(error),
                Err(error) => {
                    let left = rows + members(&waiting);
                    outcomes.extend((0..left).map(|_| Err(error.clone())));
                    break;
                }
            }
        }
        Ok(outcomes)
    }

    async fn send_batch(
        &self,
        kinds: &[OperationKind],
        rows: usize,
        options: BatchOptions,
    ) -> Result<Vec<OperationOutcome>, Error> {
        let boundary = write::boundary(self.inner.runtime.as_ref());
        let body = write::body(&self.inner.base, &boundary, kinds)?;
        let mut call = self.call("batch", Method::POST, "$batch").repeatable(is_repeatable(kinds));
        call.rows = rows;
        call.answer = Expected::Parts;
        call.divisible = kinds.len() > 1;
        call.is_query = is_query(kinds);
        call.body = Some((write::content_type(&boundary)?, body.into()));
        if options.continue_on_error {
            call = call.header("prefer", "odata.continue-on-error")?;
        }
        let items = self.inner.send(call).await?.parts()?;
        let outcomes = outcome::outcomes(kinds, items, self.inner.runtime.wall())?;
        // A part can be throttled by itself, and the pause holds for all calls all the same.
        for wait in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()?.retry_after()) {
            self.inner.throttle.close_until(self.inner.runtime.instant() + wait);
        }
        Ok(outcomes)
    }
}

/// As many as fit into one request, and one at least.
fn take(waiting: &mut VecDeque<OperationKind>, most: usize) -> Result<Vec<OperationKind>, Error> {
    let mut taken = Vec::new();
    let mut rows = 0;
    while let Some(next) = waiting.front() {
        let more = next.all().len();
        if more > MOST {
            return Err(Error::Misuse(format!("a change set of {more} operations; {MOST} are allowed")));
        }
        if rows > 0 && rows + more > most {
            break;
        }
        rows += more;
        taken.extend(waiting.pop_front());
    }
    Ok(taken)
}

fn members<'a>(kinds: impl IntoIterator<Item = &'a OperationKind>) -> usize {
    kinds.into_iter().map(|kind| kind.all().len()).sum()
}

fn is_repeatable(kinds: &[OperationKind]) -> bool {
    kinds.iter().flat_map(OperationKind::all).all(|one| one.repeatable)
}

/// Whether it only asks for rows.
fn is_query(kinds: &[OperationKind]) -> bool {
    kinds.iter().flat_map(OperationKind::all).all(|one| one.method == Method::GET)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn batches_that_only_read_are_queries() {
        let read = || BatchOperation::retrieve("sets", Uuid::nil()).0;
        let write = || BatchOperation::upsert("sets", Uuid::nil(), json!({})).0;
        assert!(is_query(&[read(), read()]));
        assert!(!is_query(&[read(), write()]) && !is_query(&[write()]));
    }
}
