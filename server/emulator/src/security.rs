//! Who may do what: users, their roles, and the privileges that a request needs \[D:security-roles\].
//!
//! Privileges are checked by table, not by row: whatever its depth (user, business unit, organisation), a privilege
//! holds for every row of its table.

mod ask;
mod caller;
mod depth;
mod founding;
mod privilege;
mod role;

pub(crate) use ask::{Ask, end_of};
pub(crate) use caller::Caller;
pub(crate) use founding::{settle, table_made};
pub(crate) use privilege::{Access, General, drop_privileges, of_table};
pub(crate) use role::{read, write};
