//! One thing that is missing in an organisation, and how it is made.

use std::fmt;

use dataverse::{
    ChoiceOption, Client, ColumnDefinition, Error, KeyDefinition, LookupDefinition, RoleDefinition,
    RolePrivilege, TableDefinition,
};
use uuid::Uuid;

use super::solution::{self, PREFIX, SOLUTION};

/// One thing that is missing there.
#[derive(Clone, Debug, PartialEq)]
pub enum ProvisionStep {
    Publisher,
    Solution,
    Table(Box<TableDefinition>),
    Column { table: String, column: ColumnDefinition },
    Option { table: String, column: String, choice: ChoiceOption },
    Key { table: String, key: KeyDefinition },
    Lookup(LookupDefinition),
    ChangeTracking { table: String },
    Role(RoleDefinition),
    Privileges { role: String, id: Uuid, privileges: Vec<RolePrivilege> },
}

impl ProvisionStep {
    pub(super) async fn make(&self, client: &Client) -> Result<(), Error> {
        let metadata = client.metadata().in_solution(SOLUTION);
        match self {
            Self::Publisher => solution::create_publisher(client).await,
            Self::Solution => solution::create_solution(client).await,
            Self::Table(table) => metadata.create_table(table).await,
            Self::Column { table, column } => metadata.create_column(table, column).await,
            Self::Option { table, column, choice } => {
                metadata.insert_column_option(table, column, choice).await
            }
            Self::Key { table, key } => metadata.create_key(table, key).await,
            Self::Lookup(lookup) => metadata.create_lookup(lookup).await,
            Self::ChangeTracking { table } => metadata.enable_change_tracking(table).await,
            Self::Role(role) => metadata.create_role(role).await.map(drop),
            Self::Privileges { id, privileges, .. } => metadata.add_privileges(*id, privileges).await,
        }
    }
}

impl fmt::Display for ProvisionStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Publisher => write!(f, "publisher of the prefix {PREFIX}_"),
            Self::Solution => write!(f, "solution {SOLUTION}"),
            Self::Table(table) => {
                write!(f, "table {} with {}", table.logical_name(), many(table.columns.len() + 1, "column"))
            }
            Self::Column { table, column } => write!(f, "column {} of {table}", column.logical_name()),
            Self::Option { table, column, choice } => {
                write!(f, "option {} ({}) of {column} of {table}", choice.label, choice.value)
            }
            Self::Key { table, key } => write!(f, "alternate key {} of {table}", key.schema_name),
            Self::Lookup(lookup) => {
                write!(f, "lookup {} of {}", lookup.lookup_schema_name, lookup.referencing)
            }
            Self::ChangeTracking { table } => write!(f, "change tracking of {table}"),
            Self::Role(role) => {
                write!(f, "role {} with {}", role.name, many(role.privileges.len(), "privilege"))
            }
            Self::Privileges { role, privileges, .. } => {
                let names: Vec<&str> = privileges.iter().map(|privilege| privilege.name.as_str()).collect();
                write!(f, "privileges of role {role}: {}", names.join(", "))
            }
        }
    }
}

fn many(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
