//! `$batch`: up to 1,000 operations in one request, each with an outcome of its own.

mod multipart;
mod outcome;
mod write;

use http::{HeaderMap, Method};
use serde_json::Value;
use uuid::Uuid;

use crate::Error;
use crate::client::{Client, EntityId};
use crate::key::{Key, address};
use crate::query::{Query, is_name};

/// The server's own limit on one batch.
const MOST_OPERATIONS: usize = 1000;

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
    pub status: u16,
    /// The row written, where the server names it.
    pub entity: Option<EntityId>,
    pub etag: Option<String>,
    /// What was read, or `None` for writes.
    pub body: Option<Value>,
}

impl Operation {
    fn one(method: Method, path: Result<String, Error>, body: Option<Value>, repeatable: bool) -> Self {
        Self(Kind::One(One { method, path, condition: None, preferences: None, body, repeatable }))
    }

    pub fn create(set: &str, row: Value) -> Self {
        let path = match is_name(set) {
            true => Ok(set.to_owned()),
            false => Err(Error::Misuse(format!("`{set}` is no entity set's name"))),
        };
        Self::one(Method::POST, path, Some(row), false)
    }

    pub fn upsert(set: &str, id: Uuid, row: Value) -> Self {
        Self::one(Method::PATCH, address(set, &Key::Id(id)), Some(row), true)
    }

    pub fn upsert_by_key(set: &str, key: &Key, row: Value) -> Self {
        Self::one(Method::PATCH, address(set, key), Some(row), true)
    }

    /// Changes a row that is there; an outcome of [`Error::NotFound`] if it is not.
    pub fn update(set: &str, key: impl Into<Key>, row: Value) -> Self {
        Self::one(Method::PATCH, address(set, &key.into()), Some(row), true).condition("If-Match", "*", true)
    }

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
    /// Runs operations in one request. One outcome for each operation, in order; a change set counts as its members.
    ///
    /// `Err` means that the batch as a whole had no answer: throttled, no network, bad credentials. Up to 1,000
    /// operations; execution time is metered, so that some tens in parallel requests go further than 1,000 in one.
    pub async fn batch(
        &self,
        operations: Vec<Operation>,
        options: BatchOptions,
    ) -> Result<Vec<Outcome>, Error> {
        let kinds: Vec<Kind> = operations.into_iter().map(|operation| operation.0).collect();
        let rows = kinds.iter().map(|kind| kind.all().len()).sum::<usize>();
        if rows == 0 {
            return Ok(Vec::new());
        }
        if rows > MOST_OPERATIONS {
            return Err(Error::Misuse(format!(
                "{rows} operations in one batch; {MOST_OPERATIONS} are allowed"
            )));
        }
        let repeatable = kinds.iter().flat_map(Kind::all).all(|one| one.repeatable);
        let boundary = write::boundary(self.inner.surroundings.as_ref());
        let body = write::body(&self.inner.base, &boundary, &kinds)?;
        let mut call = self.call("batch", Method::POST, "$batch").repeatable(repeatable);
        call.rows = rows;
        call.multipart_is_answer = true;
        call.body = Some((write::content_type(&boundary)?, body.into()));
        if options.continue_on_error {
            call = call.header("prefer", "odata.continue-on-error")?;
        }
        let reply = self.inner.send(call).await?;
        let kind = reply.header("content-type").unwrap_or_default();
        outcome::outcomes(&kinds, kind, &reply.body, self.inner.surroundings.wall())
    }
}

/// One answer inside a batch.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) status: http::StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) content_id: Option<String>,
    pub(crate) body: Vec<u8>,
}
