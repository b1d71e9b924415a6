//! The few tables that an organisation is born with, as far as client libraries ask for them.

use uuid::Uuid;

use super::column::{Column, Kind, system_columns};
use super::plural;
use super::table::Table;

/// Logical name, schema name, name column, other text columns.
const TABLES: &[(&str, &str, &str, &[&str])] = &[
    ("organization", "Organization", "Name", &["UniqueName"]),
    ("businessunit", "BusinessUnit", "Name", &[]),
    (
        "systemuser",
        "SystemUser",
        "FullName",
        &["DomainName", "ApplicationId", "AzureActiveDirectoryObjectId"],
    ),
    ("team", "Team", "Name", &[]),
    ("role", "Role", "Name", &[]),
    ("publisher", "Publisher", "FriendlyName", &["UniqueName", "CustomizationPrefix", "Description"]),
    ("solution", "Solution", "FriendlyName", &["UniqueName", "Version", "Description"]),
];

/// Built-in tables, numbered from `first`.
pub(crate) fn built_in(first: i64, id: &mut dyn FnMut() -> Uuid) -> Vec<Table> {
    let mut tables = Vec::new();
    for (number, (logical, schema_name, name, texts)) in (first..).zip(TABLES) {
        let mut columns = system_columns(logical, schema_name, false, id);
        for text in std::iter::once(name).chain(*texts) {
            columns.push(column(text, Kind::Text { max_length: 256 }, id));
        }
        match *logical {
            "publisher" => {
                let prefix = Kind::Integer { min: 10_000, max: 99_999 };
                columns.push(column("CustomizationOptionValuePrefix", prefix, id));
            }
            "solution" => columns.push(column("PublisherId", lookup("publisher", "publisherid", id()), id)),
            "role" => {
                columns.push(column("BusinessUnitId", lookup("businessunit", "businessunitid", id()), id));
            }
            _ => {}
        }
        let schema_name = (*schema_name).to_owned();
        tables.push(Table {
            number,
            id: id(),
            logical: (*logical).to_owned(),
            set: plural(logical),
            display: schema_name.clone(),
            display_collection: format!("{schema_name}s"),
            schema_name,
            description: String::new(),
            user_owned: false,
            custom: false,
            change_tracking: false,
            primary_name: name.to_ascii_lowercase(),
            columns,
            keys: Vec::new(),
        });
    }
    tables
}

fn lookup(target: &str, navigation: &str, relationship_id: Uuid) -> Kind {
    Kind::Lookup {
        target: target.to_owned(),
        navigation: navigation.to_owned(),
        relationship: format!("{target}_{navigation}"),
        relationship_id,
        on_delete: super::column::OnDelete::RemoveLink,
    }
}

fn column(schema_name: &str, kind: Kind, id: &mut dyn FnMut() -> Uuid) -> Column {
    Column {
        id: id(),
        logical: schema_name.to_ascii_lowercase(),
        schema_name: schema_name.to_owned(),
        display: schema_name.to_owned(),
        description: String::new(),
        required: "None".to_owned(),
        kind,
        custom: false,
        writable: true,
    }
}
