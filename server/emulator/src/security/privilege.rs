//! Privileges: six or eight that come with every table, and those to change the organisation's definitions.
//!
//! Their ids follow from the table's id and the kind of access, so they need no keeping, and are the same in every
//! organisation where the table's is.

use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use crate::schema::{Schema, Table};
use crate::store::sql;
use crate::value::Cell;

/// What can be done with the rows of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Create,
    Read,
    Write,
    Delete,
    Append,
    AppendTo,
    Assign,
    Share,
}

const ALL: [Access; 8] = [
    Access::Create,
    Access::Read,
    Access::Write,
    Access::Delete,
    Access::Append,
    Access::AppendTo,
    Access::Assign,
    Access::Share,
];

impl Access {
    /// `AccessRights` in Dataverse's numbers.
    fn right(self) -> i64 {
        match self {
            Self::Read => 1,
            Self::Write => 2,
            Self::Append => 4,
            Self::AppendTo => 16,
            Self::Create => 32,
            Self::Delete => 65_536,
            Self::Share => 262_144,
            Self::Assign => 524_288,
        }
    }
}

/// A privilege of the organisation rather than of one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct General(pub(crate) &'static str);

/// Those that the metadata API asks for. The four of keys are inferred from the others; the rest is in the role
/// editor's customization tab.
pub(super) const GENERAL: &[&str] = &[
    "prvCreateEntity",
    "prvReadEntity",
    "prvWriteEntity",
    "prvDeleteEntity",
    "prvCreateAttribute",
    "prvReadAttribute",
    "prvWriteAttribute",
    "prvDeleteAttribute",
    "prvCreateEntityKey",
    "prvReadEntityKey",
    "prvWriteEntityKey",
    "prvDeleteEntityKey",
    "prvCreateRelationship",
    "prvReadRelationship",
    "prvWriteRelationship",
    "prvDeleteRelationship",
    "prvCreateOptionSet",
    "prvReadOptionSet",
    "prvWriteOptionSet",
    "prvDeleteOptionSet",
    "prvPublishCustomization",
    "prvBulkDelete",
    "prvActOnBehalfOfAnotherUser",
];

const NAMESPACE: Uuid = Uuid::from_u128(0x5a3c_1fe2_8a0d_4e7b_9b52_c1d0_7e55_0001);

impl General {
    pub(super) fn id(self) -> Uuid {
        Uuid::new_v5(&NAMESPACE, self.0.as_bytes())
    }
}

/// One privilege of a table.
#[derive(Clone, Debug)]
pub(crate) struct Privilege {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    access: Access,
    user_owned: bool,
}

/// The privileges of a table. One that is only read has none.
pub(crate) fn of_table(table: &Table) -> impl Iterator<Item = Privilege> + '_ {
    let fits = |access: &Access| table.user_owned || !matches!(access, Access::Assign | Access::Share);
    ALL.into_iter().filter(fits).filter(|_| !table.is_read_only()).map(|access| one(table, access))
}

/// The privilege for one kind of access to a table.
pub(super) fn one(table: &Table, access: Access) -> Privilege {
    // The one table whose privileges are not called as it is.
    let name = if table.logical == "systemuser" { "User" } else { &table.schema_name };
    let id = Uuid::new_v5(&table.id, format!("{access:?}").as_bytes());
    Privilege { id, name: format!("prv{access:?}{name}"), access, user_owned: table.user_owned }
}

impl Privilege {
    /// `SecurityPrivilegeMetadata`, as a table's definition lists it.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "CanBeBasic": self.user_owned, "CanBeDeep": self.user_owned, "CanBeGlobal": true,
            "CanBeLocal": self.user_owned, "CanBeEntityReference": false, "CanBeParentEntityReference": false,
            "CanBeRecordFilter": false, "Name": self.name, "PrivilegeId": self.id,
            "PrivilegeType": format!("{:?}", self.access),
        })
    }
}

/// Sees to it that every privilege is a row of `privileges`.
pub(super) async fn put_rows(
    connection: &mut SqliteConnection,
    schema: &Schema,
    tables: &[&Table],
    version: i64,
    now: i64,
) -> Result<(), sqlx::Error> {
    let Some(rows) = schema.table("privilege").map(|table| table.rows()) else { return Ok(()) };
    let general = GENERAL.iter().map(|name| (General(name).id(), (*name).to_owned(), 0, false));
    let of_tables = tables.iter().flat_map(|table| of_table(table));
    let of_tables = of_tables.map(|p| (p.id, p.name, p.access.right(), p.user_owned));
    for (id, name, right, narrow) in general.chain(of_tables) {
        let text = format!(
            "INSERT OR IGNORE INTO {rows} (privilegeid, name, accessright, canbebasic, canbelocal, canbedeep, \
             canbeglobal, versionnumber, createdon, modifiedon) VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?)"
        );
        let narrow = Cell::Integer(i64::from(narrow));
        let cells = vec![
            Cell::Id(id),
            Cell::Text(name),
            Cell::Integer(right),
            narrow.clone(),
            narrow.clone(),
            narrow,
            Cell::Integer(version),
            Cell::Integer(now),
            Cell::Integer(now),
        ];
        sql(text, cells).execute(&mut *connection).await?;
    }
    Ok(())
}

/// A table is gone, and its privileges with it.
pub(crate) async fn drop_privileges(
    connection: &mut SqliteConnection,
    schema: &Schema,
    table: &Table,
) -> Result<(), sqlx::Error> {
    let Some(rows) = schema.table("privilege").map(|table| table.rows()) else { return Ok(()) };
    for privilege in of_table(table) {
        let id = vec![Cell::Id(privilege.id)];
        sql(format!("DELETE FROM {rows} WHERE privilegeid = ?"), id.clone())
            .execute(&mut *connection)
            .await?;
        let text = "DELETE FROM role_privileges WHERE privilege = ?".to_owned();
        sql(text, id).execute(&mut *connection).await?;
    }
    Ok(())
}
