//! Conditions: comparisons, text functions, and how they are joined.

use crate::error::Error;
use crate::odata::{Literal, is_name, is_path};

/// A condition on rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter(Node);

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Compare {
        column: String,
        operator: &'static str,
        value: Literal,
    },
    Text {
        function: &'static str,
        column: String,
        value: String,
    },
    /// `Microsoft.Dynamics.CRM.In` and `NotIn`.
    List {
        function: &'static str,
        column: String,
        values: Vec<Literal>,
    },
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
}

impl Filter {
    fn compare(column: impl Into<String>, operator: &'static str, value: impl Into<Literal>) -> Self {
        Self(Node::Compare { column: column.into(), operator, value: value.into() })
    }

    fn text(function: &'static str, column: impl Into<String>, value: impl Into<String>) -> Self {
        Self(Node::Text { function, column: column.into(), value: value.into() })
    }

    fn list<V: Into<Literal>>(
        function: &'static str,
        column: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        Self(Node::List { function, column: column.into(), values })
    }

    /// The column holds this value. Text is compared without case.
    pub fn eq(column: impl Into<String>, value: impl Into<Literal>) -> Self {
        Self::compare(column, "eq", value)
    }

    /// The column holds another value.
    pub fn ne(column: impl Into<String>, value: impl Into<Literal>) -> Self {
        Self::compare(column, "ne", value)
    }

    /// The column holds more.
    pub fn gt(column: impl Into<String>, value: impl Into<Literal>) -> Self {
        Self::compare(column, "gt", value)
    }

    /// The column holds this or more.
    pub fn ge(column: impl Into<String>, value: impl Into<Literal>) -> Self {
        Self::compare(column, "ge", value)
    }

    /// The column holds less.
    pub fn lt(column: impl Into<String>, value: impl Into<Literal>) -> Self {
        Self::compare(column, "lt", value)
    }

    /// The column holds this or less.
    pub fn le(column: impl Into<String>, value: impl Into<Literal>) -> Self {
        Self::compare(column, "le", value)
    }

    /// The column is empty.
    pub fn is_null(column: impl Into<String>) -> Self {
        Self::compare(column, "eq", Literal::Null)
    }

    /// The column is not empty.
    pub fn is_not_null(column: impl Into<String>) -> Self {
        Self::compare(column, "ne", Literal::Null)
    }

    /// Without regard to case. Dataverse takes `%`, `_` and `[…]` inside the value for wildcards; they are escaped here.
    pub fn contains(column: impl Into<String>, value: impl Into<String>) -> Self {
        Self::text("contains", column, value)
    }

    /// As [`Filter::contains`], at the beginning.
    pub fn starts_with(column: impl Into<String>, value: impl Into<String>) -> Self {
        Self::text("startswith", column, value)
    }

    /// As [`Filter::contains`], at the end.
    pub fn ends_with(column: impl Into<String>, value: impl Into<String>) -> Self {
        Self::text("endswith", column, value)
    }

    /// The column's value is one of these.
    pub fn any_of<V: Into<Literal>>(column: impl Into<String>, values: impl IntoIterator<Item = V>) -> Self {
        Self::list("In", column, values)
    }

    /// The column's value is none of these.
    pub fn none_of<V: Into<Literal>>(column: impl Into<String>, values: impl IntoIterator<Item = V>) -> Self {
        Self::list("NotIn", column, values)
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(match self.0 {
            Node::And(mut parts) => {
                parts.push(other.0);
                Node::And(parts)
            }
            first => Node::And(vec![first, other.0]),
        })
    }

    /// At least one holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(match self.0 {
            Node::Or(mut parts) => {
                parts.push(other.0);
                Node::Or(parts)
            }
            first => Node::Or(vec![first, other.0]),
        })
    }

    /// It does not hold.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "it reads like its neighbours `and` and `or`")]
    pub fn not(self) -> Self {
        Self(Node::Not(Box::new(self.0)))
    }

    /// As OData writes it, not yet percent-encoded.
    pub fn to_odata(&self) -> Result<String, Error> {
        self.0.to_odata()
    }
}

impl Node {
    fn to_odata(&self) -> Result<String, Error> {
        Ok(match self {
            Self::Compare { column, operator, value } => {
                format!("{} {operator} {}", checked(column, is_path)?, value.to_odata()?)
            }
            Self::Text { function, column, value } => {
                let value = Literal::Text(escape_wildcards(value)).to_odata()?;
                format!("{function}({},{value})", checked(column, is_path)?)
            }
            Self::List { function, column, values } => {
                let column = checked(column, is_name)?;
                let values: Result<Vec<_>, _> = values.iter().map(listed).collect();
                format!(
                    "Microsoft.Dynamics.CRM.{function}(PropertyName='{column}',PropertyValues=[{}])",
                    values?.join(",")
                )
            }
            Self::And(parts) => joined(parts, " and ")?,
            Self::Or(parts) => joined(parts, " or ")?,
            Self::Not(inner) => format!("not ({})", inner.to_odata()?),
        })
    }
}

fn joined(parts: &[Node], word: &str) -> Result<String, Error> {
    let parts: Result<Vec<_>, Error> = parts
        .iter()
        .map(|part| {
            let text = part.to_odata()?;
            Ok(if matches!(part, Node::And(_) | Node::Or(_)) { format!("({text})") } else { text })
        })
        .collect();
    Ok(parts?.join(word))
}

fn checked(column: &str, rule: fn(&str) -> bool) -> Result<&str, Error> {
    if rule(column) { Ok(column) } else { Err(Error::Misuse(format!("`{column}` is no column's name"))) }
}

/// Lists take their values as JSON strings, numbers too [filter-rows; seen of Microsoft's Python client].
fn listed(value: &Literal) -> Result<String, Error> {
    let text = match value {
        Literal::Text(text) => text.clone(),
        other => other.to_odata()?,
    };
    Ok(serde_json::Value::String(text).to_string())
}

/// SQL's wildcards are live inside Dataverse's text functions; a class of one character takes their meaning away.
fn escape_wildcards(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '%' | '_' | '[' => {
                out.push('[');
                out.push(c);
                out.push(']');
            }
            _ => out.push(c),
        }
    }
    out
}
