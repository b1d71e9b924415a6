//! `$batch`: up to 1,000 operations in one request, each with an outcome of its own.

pub(crate) mod multipart;
mod outcome;
mod write;

use std::collections::VecDeque;

use http::{HeaderMap, Method};
use serde_json::Value;
use uuid::Uuid;

use crate::Error;
use crate::call::Expected;
use crate::client::{Client, EntityId};
use crate::key::{Key, address};
use crate::load::{MOST, is_too_much};
use crate::query::{Query, is_name};

/// One operation of a batch, or a change set of several that succeed or fail together.
#[derive(Clone, Debug)]
pub struct Operation(pub(crate) Kind);

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    One(One),
    ChangeSet(Vec<One>),
}

#[derive(Clone, Debug)]
pub(crate) struct One {
    pub(crate) method: Method,
    pub(crate) path: Result<String, Error>,
    pub(crate) condition: Option<(&'static str, String)>,
    pub(crate) preferences: Option<String>,
    pub(crate) body: Option<Value>,
    pub(crate) repeatable: bool,
}

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

/// How one operation ended.
pub type Outcome = Result<Answer, Error>;

/// What an operation that succeeded brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The status of its own answer.
    pub status: u16,
    /// The row written, where the server names it.
    pub entity: Option<EntityId>,
    /// The row's ETag, where the answer has one.
    pub etag: Option<String>,
    /// What was read, or `None` for writes.
    pub body: Option<Value>,
}

impl Operation {
    fn one(method: Method, path: Result<String, Error>, body: Option<Value>, repeatable: bool) -> Self {
        Self(Kind::One(One { method, path, condition: None, preferences: None, body, repeatable }))
    }

    /// Makes a row. Not repeated when the answer is lost.
    pub fn create(set: &str, row: Value) -> Self {
        let path = match is_name(set) {
            true => Ok(set.to_owned()),
            false => Err(Error::Misuse(format!("`{set}` is no entity set's name"))),
        };
        Self::one(Method::POST, path, Some(row), false)
    }

    /// Makes the row under this id, or changes it if it is there.
    pub fn upsert(set: &str, id: Uuid, row: Value) -> Self {
        Self::one(Method::PATCH, address(set, &Key::Id(id)), Some(row), true)
    }

    /// Makes the row under this id; [`Error::Precondition`] if there is one already.
    pub fn create_only(set: &str, id: Uuid, row: Value) -> Self {
        Self::upsert(set, id, row).condition("If-None-Match", "*", true)
    }

    /// As [`Operation::upsert`], by an alternate key. Leave the key's columns out of the row.
    pub fn upsert_by_key(set: &str, key: &Key, row: Value) -> Self {
        Self::one(Method::PATCH, address(set, key), Some(row), true)
    }

    /// Changes a row that is there; an outcome of [`Error::NotFound`] if it is not.
    pub fn update(set: &str, key: impl Into<Key>, row: Value) -> Self {
        Self::one(Method::PATCH, address(set, &key.into()), Some(row), true).condition("If-Match", "*", true)
    }

    /// Deletes a row; an outcome of [`Error::NotFound`] if there is none.
    pub fn delete(set: &str, id: Uuid) -> Self {
        Self::one(Method::DELETE, address(set, &Key::Id(id)), None, true)
    }

    /// Reads one row. Not allowed in a change set.
    pub fn retrieve(set: &str, key: impl Into<Key>) -> Self {
        Self::one(Method::GET, address(set, &key.into()), None, true)
    }

    /// Reads the first page of a query. Not allowed in a change set.
    pub fn query(query: &Query) -> Self {
        let mut operation = Self::one(Method::GET, query.to_url(), None, true);
        if let Kind::One(one) = &mut operation.0 {
            one.preferences = query.preferences();
        }
        operation
    }

    /// Only while the row's ETag is still this one. Has no meaning for a change set as a whole.
    #[must_use]
    pub fn if_match(self, etag: &str) -> Self {
        self.condition("If-Match", etag, false)
    }

    fn condition(mut self, name: &'static str, value: &str, repeatable: bool) -> Self {
        if let Kind::One(one) = &mut self.0 {
            one.condition = Some((name, value.to_owned()));
            one.repeatable = repeatable;
        }
        self
    }

    /// Several operations that succeed or fail together. Change sets cannot be nested: one inside is dissolved.
    pub fn change_set(operations: Vec<Self>) -> Self {
        let mut all = Vec::with_capacity(operations.len());
        for operation in operations {
            match operation.0 {
                Kind::One(one) => all.push(one),
                Kind::ChangeSet(more) => all.extend(more),
            }
        }
        Self(Kind::ChangeSet(all))
    }
}

impl Kind {
    pub(crate) fn all(&self) -> &[One] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::ChangeSet(all) => all,
        }
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
        operations: Vec<Operation>,
        options: BatchOptions,
    ) -> Result<Vec<Outcome>, Error> {
        let mut waiting: VecDeque<Kind> = operations.into_iter().map(|operation| operation.0).collect();
        let mut outcomes = Vec::new();
        while !waiting.is_empty() {
            let kinds = take(&mut waiting, self.inner.load.rows())?;
            let rows = members(&kinds);
            match self.send_batch(&kinds, rows, options).await {
                Ok(more) => {
                    self.inner.load.bore(rows);
                    outcomes.extend(more);
                    if !options.continue_on_error && outcomes.iter().any(Result::is_err) {
                        outcomes.extend((0..members(&waiting)).map(|_| Err(Error::NotAttempted)));
                        break;
                    }
                }
                Err(error) if kinds.len() > 1 && is_too_much(&error) => {
                    self.inner.load.broke(rows);
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
        kinds: &[Kind],
        rows: usize,
        options: BatchOptions,
    ) -> Result<Vec<Outcome>, Error> {
        let boundary = write::boundary(self.inner.surroundings.as_ref());
        let body = write::body(&self.inner.base, &boundary, kinds)?;
        let mut call = self.call("batch", Method::POST, "$batch").repeatable(is_repeatable(kinds));
        call.rows = rows;
        call.answer = Expected::Parts;
        call.divisible = kinds.len() > 1;
        call.body = Some((write::content_type(&boundary)?, body.into()));
        if options.continue_on_error {
            call = call.header("prefer", "odata.continue-on-error")?;
        }
        let items = self.inner.send(call).await?.parts()?;
        let outcomes = outcome::outcomes(kinds, items, self.inner.surroundings.wall())?;
        // A part can be throttled by itself, and means everybody all the same.
        for wait in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()?.retry_after()) {
            self.inner.pace.close_until(self.inner.surroundings.instant() + wait);
        }
        Ok(outcomes)
    }
}

/// As many as fit into one request, and one at least.
fn take(waiting: &mut VecDeque<Kind>, most: usize) -> Result<Vec<Kind>, Error> {
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

fn members<'a>(kinds: impl IntoIterator<Item = &'a Kind>) -> usize {
    kinds.into_iter().map(|kind| kind.all().len()).sum()
}

fn is_repeatable(kinds: &[Kind]) -> bool {
    kinds.iter().flat_map(Kind::all).all(|one| one.repeatable)
}

/// One answer inside a batch.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) status: http::StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) content_id: Option<String>,
    pub(crate) body: Vec<u8>,
}
