//! What a batch is made of: operations, alone or in change sets.

use http::Method;
use serde_json::Value;
use uuid::Uuid;

use crate::error::Error;
use crate::key::{RowKey, address};
use crate::odata::is_name;
use crate::query::Query;

/// One operation of a batch, or a change set of several that succeed or fail together.
#[derive(Clone, Debug)]
pub struct BatchOperation(pub(crate) OperationKind);

#[derive(Clone, Debug)]
pub(crate) enum OperationKind {
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

impl BatchOperation {
    fn one(method: Method, path: Result<String, Error>, body: Option<Value>, repeatable: bool) -> Self {
        Self(OperationKind::One(One { method, path, condition: None, preferences: None, body, repeatable }))
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
        Self::one(Method::PATCH, address(set, &RowKey::Id(id)), Some(row), true)
    }

    /// Makes the row under this id; [`Error::Precondition`] if there is one already.
    pub fn create_only(set: &str, id: Uuid, row: Value) -> Self {
        Self::upsert(set, id, row).condition("If-None-Match", "*", true)
    }

    /// As [`BatchOperation::upsert`], by an alternate key. Leave the key's columns out of the row.
    pub fn upsert_by_key(set: &str, key: &RowKey, row: Value) -> Self {
        Self::one(Method::PATCH, address(set, key), Some(row), true)
    }

    /// Changes a row that is there; an outcome of [`Error::NotFound`] if it is not.
    pub fn update(set: &str, key: impl Into<RowKey>, row: Value) -> Self {
        Self::one(Method::PATCH, address(set, &key.into()), Some(row), true).condition("If-Match", "*", true)
    }

    /// Deletes a row; an outcome of [`Error::NotFound`] if there is none.
    pub fn delete(set: &str, id: Uuid) -> Self {
        Self::one(Method::DELETE, address(set, &RowKey::Id(id)), None, true)
    }

    /// Reads one row. Not allowed in a change set.
    pub fn retrieve(set: &str, key: impl Into<RowKey>) -> Self {
        Self::one(Method::GET, address(set, &key.into()), None, true)
    }

    /// Reads the first page of a query. Not allowed in a change set.
    pub fn query(query: &Query) -> Self {
        let mut operation = Self::one(Method::GET, query.to_url(), None, true);
        if let OperationKind::One(one) = &mut operation.0 {
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
        if let OperationKind::One(one) = &mut self.0 {
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
                OperationKind::One(one) => all.push(one),
                OperationKind::ChangeSet(more) => all.extend(more),
            }
        }
        Self(OperationKind::ChangeSet(all))
    }
}

impl OperationKind {
    pub(crate) fn all(&self) -> &[One] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::ChangeSet(all) => all,
        }
    }
}
