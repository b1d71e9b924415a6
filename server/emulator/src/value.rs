//! A value in a column: between JSON, SQL and people.

pub(crate) mod decimal;
mod json_in;
mod json_out;
pub(crate) mod time;

use sqlx::Sqlite;
use sqlx::encode::{Encode, IsNull};
use sqlx::sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo};
use uuid::Uuid;

pub(crate) use json_in::{JsonMembers, read};
pub(crate) use json_out::{formatted, grouped, write, write_text};

/// A value as the file keeps it. Decimals are whole numbers of their last digit, times are seconds since 1970, dates
/// are text, ids are 16 bytes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Id(Uuid),
}

impl sqlx::Type<Sqlite> for Cell {
    fn type_info() -> SqliteTypeInfo {
        <i64 as sqlx::Type<Sqlite>>::type_info()
    }
}

impl Encode<'_, Sqlite> for Cell {
    fn encode_by_ref(
        &self,
        buffer: &mut SqliteArgumentsBuffer,
    ) -> Result<IsNull, Box<dyn std::error::Error + Send + Sync>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) => Encode::<Sqlite>::encode_by_ref(number, buffer),
            Self::Real(number) => Encode::<Sqlite>::encode_by_ref(number, buffer),
            Self::Text(text) => Encode::<Sqlite>::encode_by_ref(text, buffer),
            Self::Id(id) => Encode::<Sqlite>::encode(id.as_bytes().to_vec(), buffer),
        }
    }
}
