//! One row at a time: create, read, update, upsert, delete; by id or by alternate key, with or without an ETag.

use http::Method;
use serde_json::Value;
use uuid::Uuid;

use super::{Client, EntityId};
use crate::Error;
use crate::key::{Key, address};
use crate::query::is_name;

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
        key: impl Into<Key>,
        select: &[&str],
    ) -> Result<Option<Value>, Error> {
        let mut path = address(set, &key.into())?;
        if let Some(bad) = select.iter().find(|name| !is_name(name)) {
            return Err(Error::Misuse(format!("`{bad}` is no column's name")));
        }
        if !select.is_empty() {
            path = format!("{path}?$select={}", select.join(","));
        }
        match self.inner.send(self.call("retrieve", Method::GET, path)).await {
            Ok(reply) => reply.json().map(Some),
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Changes columns of a row that is there; [`Error::NotFound`] if it is not.
    pub async fn update(&self, set: &str, key: impl Into<Key>, row: &Value) -> Result<(), Error> {
        self.patch("update", set, &key.into(), row, Some(("if-match", "*")), true).await
    }

    /// Changes the row only while its ETag is still this one; [`Error::Precondition`] if not.
    pub async fn update_if_match(
        &self,
        set: &str,
        key: impl Into<Key>,
        etag: &str,
        row: &Value,
    ) -> Result<(), Error> {
        self.patch("update", set, &key.into(), row, Some(("if-match", etag)), false).await
    }

    /// Makes the row under this id, or changes it if it is there.
    pub async fn upsert(&self, set: &str, id: Uuid, row: &Value) -> Result<(), Error> {
        self.patch("upsert", set, &Key::Id(id), row, None, true).await
    }

    /// As [`Client::upsert`], by an alternate key. Leave the key's columns out of the row.
    pub async fn upsert_by_key(&self, set: &str, key: &Key, row: &Value) -> Result<(), Error> {
        self.patch("upsert", set, key, row, None, true).await
    }

    /// Makes the row under this id; [`Error::Precondition`] if there is one already.
    pub async fn create_only(&self, set: &str, id: Uuid, row: &Value) -> Result<(), Error> {
        self.patch("create", set, &Key::Id(id), row, Some(("if-none-match", "*")), false).await
    }

    async fn patch(
        &self,
        operation: &'static str,
        set: &str,
        key: &Key,
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
        let call = self.call("delete", Method::DELETE, address(set, &Key::Id(id))?).repeatable(true);
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
            self.call("delete", Method::DELETE, address(set, &Key::Id(id))?).header("if-match", etag)?;
        self.inner.send(call).await.map(drop)
    }

    /// Empties a lookup. `navigation` is the navigation property, in its own casing.
    pub async fn clear_lookup(&self, set: &str, key: impl Into<Key>, navigation: &str) -> Result<(), Error> {
        if !is_name(navigation) {
            return Err(Error::Misuse(format!("`{navigation}` is no navigation property's name")));
        }
        let path = format!("{}/{navigation}/$ref", address(set, &key.into())?);
        self.inner.send(self.call("update", Method::DELETE, path).repeatable(true)).await.map(drop)
    }
}
