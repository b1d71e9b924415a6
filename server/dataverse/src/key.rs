//! How one row is addressed: by its id, or by the columns of an alternate key.

use uuid::Uuid;

use crate::error::Error;
use crate::odata::{Literal, encode, is_name};

/// The address of a row within its set.
#[derive(Clone, Debug, PartialEq)]
pub enum RowKey {
    /// By its primary key.
    Id(Uuid),
    /// Columns and values of an alternate key. Values that hold any of `/ < > * % & : \ ? +` are refused by
    /// Dataverse in addresses, so keep such text out of keys.
    Columns(Vec<(String, Literal)>),
}

impl From<Uuid> for RowKey {
    fn from(id: Uuid) -> Self {
        Self::Id(id)
    }
}

impl RowKey {
    /// By an alternate key, of which this is a column.
    pub fn column(name: impl Into<String>, value: impl Into<Literal>) -> Self {
        Self::Columns(vec![(name.into(), value.into())])
    }

    /// Adds another of the key's columns.
    #[must_use]
    pub fn and(self, name: impl Into<String>, value: impl Into<Literal>) -> Self {
        let mut columns = match self {
            Self::Id(_) => Vec::new(),
            Self::Columns(columns) => columns,
        };
        columns.push((name.into(), value.into()));
        Self::Columns(columns)
    }

    /// The part between the parentheses, percent-encoded.
    fn in_address(&self) -> Result<String, Error> {
        match self {
            Self::Id(id) => Ok(id.to_string()),
            Self::Columns(columns) => {
                let mut parts = Vec::with_capacity(columns.len());
                for (name, value) in columns {
                    if !is_name(name) {
                        return Err(Error::Misuse(format!("`{name}` is no column's name")));
                    }
                    parts.push(format!("{name}={}", encode(&value.to_odata()?)));
                }
                Ok(parts.join(","))
            }
        }
    }
}

/// `set(key)`, checked and encoded.
pub(crate) fn address(set: &str, key: &RowKey) -> Result<String, Error> {
    if !is_name(set) {
        return Err(Error::Misuse(format!("`{set}` is no entity set's name")));
    }
    Ok(format!("{set}({})", key.in_address()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_quoted_and_encoded() {
        let key = RowKey::column("a", "O'Neil & #1").and("b", 2);
        assert_eq!(address("sets", &key).unwrap(), "sets(a=%27O%27%27Neil%20%26%20%231%27,b=2)");
        assert_eq!(
            address("sets", &RowKey::Id(Uuid::nil())).unwrap(),
            "sets(00000000-0000-0000-0000-000000000000)"
        );
        assert!(address("sets)/x", &RowKey::Id(Uuid::nil())).is_err());
        assert!(address("sets", &RowKey::column("a=1,b", 1)).is_err());
    }
}
