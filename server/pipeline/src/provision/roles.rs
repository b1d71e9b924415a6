//! The two roles that people and services are given, and no more than each needs.

use dataverse::{PrivilegeDepth, RoleDefinition, RolePrivilege};

use super::tables::WantedTable;

/// For people who look at the tables in Dataverse.
pub const READER: &str = "Studio Metrics reader";
/// For the application that this server signs in as.
pub const WRITER: &str = "Studio Metrics writer";

/// Deletes belong to it: a run that is withdrawn here goes there as well, and `studio check` cleans up after itself.
const WRITING: &[&str] = &["Create", "Read", "Write", "Delete", "Append", "AppendTo"];

/// Definitions are read before anything else is: whether all tables stand, and which columns there are.
const DEFINITIONS: &[&str] =
    &["prvReadEntity", "prvReadAttribute", "prvReadRelationship", "prvReadOptionSet"];

pub(super) fn roles(tables: &[WantedTable]) -> Vec<RoleDefinition> {
    let role = |name: &str, verbs: &[&str]| {
        let over = |wanted: &WantedTable| -> Vec<RolePrivilege> {
            verbs.iter().map(|verb| RolePrivilege::over_all(verb, &wanted.table.schema_name)).collect()
        };
        let definitions = DEFINITIONS
            .iter()
            .map(|name| RolePrivilege { name: (*name).to_owned(), depth: PrivilegeDepth::Global });
        let privileges = definitions.chain(tables.iter().flat_map(over)).collect();
        RoleDefinition { name: name.to_owned(), privileges }
    };
    vec![role(READER, &["Read"]), role(WRITER, WRITING)]
}
