//! What a lookup is called as a relationship. A client names its own; the system's, to who made a row and whose it is,
//! have the names of Dataverse's table reference \[D:reference/entities\].

use std::borrow::Cow;

use super::column::{CellKind, Column};
use super::table::Table;

/// Tables whose name in these names is still that of the view's base.
const BASES: &[&str] = &["businessunit", "organization", "role", "systemuser", "team"];

/// A lookup's relationship.
pub(crate) fn name<'a>(table: &Table, column: &'a Column) -> Option<Cow<'a, str>> {
    if let Some(own) = column.relationship() {
        return Some(Cow::Borrowed(own));
    }
    if !matches!(column.kind, CellKind::Fixed(_)) {
        return None;
    }
    let (of, name) = (&table.logical, column.logical.as_str());
    Some(Cow::Owned(match name {
        "ownerid" => format!("owner_{of}"),
        "owninguser" => format!("user_{of}"),
        "owningteam" => format!("team_{of}"),
        "owningbusinessunit" => format!("business_unit_{of}"),
        "organizationid" => format!("organization_{of}"),
        _ if BASES.contains(&of.as_str()) => format!("lk_{of}base_{name}"),
        _ => format!("lk_{of}_{name}"),
    }))
}

/// The same, where the other side knows it: an owner is a user or a team, and has no rows of its own to begin from.
pub(crate) fn partner<'a>(table: &Table, column: &'a Column) -> Option<Cow<'a, str>> {
    name(table, column).filter(|_| !is_owner(column))
}

/// The table that a relationship names at the other end.
pub(crate) fn target(column: &Column) -> Option<&str> {
    if is_owner(column) { Some("owner") } else { column.target() }
}

fn is_owner(column: &Column) -> bool {
    matches!(column.kind, CellKind::Fixed(_)) && column.logical == "ownerid"
}
