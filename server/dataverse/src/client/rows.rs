//! One row at a time: create, read, update, upsert, delete; by id or by alternate key, with or without an ETag.

use http::{Method, StatusCode};
use serde_json::Value;
use uuid::Uuid;

use super::{Client, EntityId};
use crate::error::Error;
use crate::key::{RowKey, address};
use crate::odata::is_name;
use crate::query::Query;

/// Whether a row is still what its ETag stood for.
#[derive(Clone, Debug, PartialEq)]
pub enum Freshness {
    /// It is.
    Unchanged,
    /// It is not: this is what it is now.
    Changed(Value),
    /// There is no such row any more.
    Gone,
}

impl Client {
    /// Makes a row. Not repeated when its answer is lost: who wants that chooses the id and upserts.
    pub async fn create(&self, set: &str, row: &Value) -> Result<EntityId, Error> {
        if !is_name(set) {
            return Err(Error::Misuse(format!("`{set}` is no entity set's name")));
        }
        let reply = self.inner.send(self.call("create", Method::POST, set).json(row)?).await?;
        let url = reply.header("odata-entityid").or_else(|| reply.header("location"));
        url.map(EntityId::from_url)
            .ok_or_else(|| Error::Malformed("a row was made, but the answer does not say which".to_owned()))
    }

    /// Reads one row; `None` where there is none. `select` empty brings every column.
    pub async fn retrieve(
        &self,
        set: &str,
        key: impl Into<RowKey>,
        select: &[&str],
    ) -> Result<Option<Value>, Error> {
        self.retrieve_with(&Query::of(set).select(select.iter().copied()), key).await
    }

    /// Reads one row with the query's columns, and what it points at. A filter, an order and the like have no place here.
    pub async fn retrieve_with(&self, query: &Query, key: impl Into<RowKey>) -> Result<Option<Value>, Error> {
        let mut call = self.call("retrieve", Method::GET, query.row_url(&key.into())?);
        if let Some(preferences) = query.preferences() {
            call = call.header("prefer", &preferences)?;
        }
        match self.inner.send(call).await {
            Ok(reply) => reply.json().map(Some),
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads one row unless its ETag is still this one.
    pub async fn retrieve_if_changed(
        &self,
        query: &Query,
        key: impl Into<RowKey>,
        etag: &str,
    ) -> Result<Freshness, Error> {
        let call = self.call("retrieve", Method::GET, query.row_url(&key.into())?);
        match self.inner.send(call.header("if-none-match", etag)?).await {
            Ok(reply) if reply.status == StatusCode::NOT_MODIFIED => Ok(Freshness::Unchanged),
            Ok(reply) => reply.json().map(Freshness::Changed),
            Err(Error::NotFound(_)) => Ok(Freshness::Gone),
            Err(error) => Err(error),
        }
    }

    /// How many rows match the query's filter; the server counts to 5,000 and no further.
    pub async fn count(&self, query: &Query) -> Result<u64, Error> {
        let reply = self.inner.send(self.call("count", Method::GET, query.count_url()?)).await?;
        let text = std::str::from_utf8(reply.bytes()).unwrap_or_default();
        text.trim_start_matches('\u{feff}')
            .trim()
            .parse()
            .map_err(|_| Error::Malformed("a count that is no number".to_owned()))
    }

    /// Changes columns of a row that is there; [`Error::NotFound`] if it is not.
    pub async fn update(&self, set: &str, key: impl Into<RowKey>, row: &Value) -> Result<(), Error> {
        self.patch("update", set, &key.into(), row, Some(("if-match", "*")), true).await
    }

    /// Changes the row only while its ETag is still this one; [`Error::Precondition`] if not.
    pub async fn update_if_match(
        &self,
        set: &str,
        key: impl Into<RowKey>,
        etag: &str,
        row: &Value,
    ) -> Result<(), Error> {
        self.patch("update", set, &key.into(), row, Some(("if-match", etag)), false).await
    }

    /// Makes the row under this id, or changes it if it is there.
    pub async fn upsert(&self, set: &str, id: Uuid, row: &Value) -> Result<(), Error> {
        self.patch("upsert", set, &RowKey::Id(id), row, None, true).await
    }

    /// As [`Client::upsert`], by an alternate key. Leave the key's columns out of the row.
    pub async fn upsert_by_key(&self, set: &str, key: &RowKey, row: &Value) -> Result<(), Error> {
        self.patch("upsert", set, key, row, None, true).await
    }

    /// Makes the row under this id; [`Error::Precondition`] if there is one already.
    pub async fn create_only(&self, set: &str, id: Uuid, row: &Value) -> Result<(), Error> {
        self.patch("create", set, &RowKey::Id(id), row, Some(("if-none-match", "*")), false).await
    }

    async fn patch(
        &self,
        operation: &'static str,
        set: &str,
        key: &RowKey,
        row: &Value,
        condition: Option<(&'static str, &str)>,
        repeatable: bool,
    ) -> Result<(), Error> {
        let mut call = self.call(operation, Method::PATCH, address(set, key)?).json(row)?;
        if let Some((name, value)) = condition {
            call = call.header(name, value)?;
        }
        self.inner.send(call.repeatable(repeatable)).await.map(drop)
    }

    /// Deletes a row; [`Error::NotFound`] if there is none.
    pub async fn delete(&self, set: &str, id: Uuid) -> Result<(), Error> {
        let call = self.call("delete", Method::DELETE, address(set, &RowKey::Id(id))?).repeatable(true);
        match self.inner.send_counting(call).await {
            Ok(_) => Ok(()),
            // Gone on a second try: the first one's answer was lost, its effect was not.
            Err((Error::NotFound(_), tries)) if tries > 1 => Ok(()),
            Err((error, _)) => Err(error),
        }
    }

    /// Deletes the row only while its ETag is still this one.
    pub async fn delete_if_match(&self, set: &str, id: Uuid, etag: &str) -> Result<(), Error> {
        let call =
            self.call("delete", Method::DELETE, address(set, &RowKey::Id(id))?).header("if-match", etag)?;
        self.inner.send(call).await.map(drop)
    }

    /// Empties a lookup. `navigation` is the navigation property, in its own casing.
    pub async fn clear_lookup(
        &self,
        set: &str,
        key: impl Into<RowKey>,
        navigation: &str,
    ) -> Result<(), Error> {
        if !is_name(navigation) {
            return Err(Error::Misuse(format!("`{navigation}` is no navigation property's name")));
        }
        let path = format!("{}/{navigation}/$ref", address(set, &key.into())?);
        self.inner.send(self.call("update", Method::DELETE, path).repeatable(true)).await.map(drop)
    }
}
