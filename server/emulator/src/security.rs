//! Who may do what: users, their roles, and the privileges that a request needs \[D:security-roles\].
//!
//! A privilege reaches the user's own rows or all of them: there is one business unit.

mod ask;
mod caller;
mod depth;
mod privilege;
mod role;
mod seed;

pub(crate) use ask::{AccessRequest, RoleRead, RoleWrite, end_of};
pub(crate) use caller::Caller;
pub(crate) use privilege::{Access, General, drop_privileges, of_table};
pub(crate) use role::{read, write};
pub(crate) use seed::{settle, table_made};
