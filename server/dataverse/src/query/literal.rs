//! A value inside an address, by its type.

use uuid::Uuid;

use crate::Error;

/// A value to compare with, or a part of a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// Nothing.
    Null,
    /// Text; quotes are doubled.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Digits with a sign, a point and an exponent at most: exact, since it never passes through a float.
    Decimal(String),
    /// True or false.
    Boolean(bool),
    /// An id.
    Id(Uuid),
    /// An instant.
    Time(jiff::Timestamp),
    /// A calendar day, for columns that hold dates alone.
    Date(jiff::civil::Date),
}

impl Literal {
    /// An exact number, by its digits.
    pub fn decimal(digits: impl Into<String>) -> Self {
        Self::Decimal(digits.into())
    }

    /// As OData writes it, not yet percent-encoded.
    pub(crate) fn to_odata(&self) -> Result<String, Error> {
        Ok(match self {
            Self::Null => "null".to_owned(),
            Self::Text(text) => format!("'{}'", text.replace('\'', "''")),
            Self::Integer(number) => number.to_string(),
            Self::Decimal(digits) if is_decimal(digits) => digits.clone(),
            Self::Decimal(digits) => return Err(Error::Misuse(format!("`{digits}` is no decimal number"))),
            Self::Boolean(value) => value.to_string(),
            Self::Id(id) => id.to_string(),
            Self::Time(time) => time.to_string(),
            Self::Date(date) => date.to_string(),
        })
    }
}

fn is_decimal(digits: &str) -> bool {
    let unsigned = digits.strip_prefix('-').unwrap_or(digits);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let all = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    all(whole) && all(fraction)
}

impl From<&str> for Literal {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Literal {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i32> for Literal {
    fn from(number: i32) -> Self {
        Self::Integer(i64::from(number))
    }
}

impl From<u32> for Literal {
    fn from(number: u32) -> Self {
        Self::Integer(i64::from(number))
    }
}

impl From<i64> for Literal {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for Literal {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<Uuid> for Literal {
    fn from(id: Uuid) -> Self {
        Self::Id(id)
    }
}

impl From<jiff::Timestamp> for Literal {
    fn from(time: jiff::Timestamp) -> Self {
        Self::Time(time)
    }
}

impl From<jiff::civil::Date> for Literal {
    fn from(date: jiff::civil::Date) -> Self {
        Self::Date(date)
    }
}
