//! The few tables that an organisation is born with, as far as client libraries ask for them.

use uuid::Uuid;

use super::column::{CellKind, Column, OnDelete, system_columns};
use super::currency::RATE_SCALE;
use super::plural;
use super::table::Table;

/// What a column of theirs holds.
enum Holds {
    Text,
    Whole,
    Guid,
    Flag,
    /// A rate of exchange.
    Rate,
    /// A lookup to a table, by a navigation property of the column's own name.
    Lookup(&'static str),
}

use Holds::{Flag, Guid, Lookup, Rate, Text, Whole};

/// Logical name, schema name, name column, other columns.
type Definition = (&'static str, &'static str, &'static str, &'static [(&'static str, Holds)]);

const TABLES: &[Definition] = &[
    ("organization", "Organization", "Name", &[("UniqueName", Text)]),
    ("businessunit", "BusinessUnit", "Name", &[("ParentBusinessUnitId", Lookup("businessunit"))]),
    (
        "systemuser",
        "SystemUser",
        "FullName",
        &[
            ("DomainName", Text),
            ("ApplicationId", Guid),
            ("AzureActiveDirectoryObjectId", Guid),
            ("IsDisabled", Flag),
            ("BusinessUnitId", Lookup("businessunit")),
        ],
    ),
    ("team", "Team", "Name", &[]),
    ("role", "Role", "Name", &[("BusinessUnitId", Lookup("businessunit"))]),
    (
        "privilege",
        "Privilege",
        "Name",
        &[
            ("AccessRight", Whole),
            ("CanBeBasic", Flag),
            ("CanBeLocal", Flag),
            ("CanBeDeep", Flag),
            ("CanBeGlobal", Flag),
        ],
    ),
    (
        "publisher",
        "Publisher",
        "FriendlyName",
        &[
            ("UniqueName", Text),
            ("CustomizationPrefix", Text),
            ("Description", Text),
            ("CustomizationOptionValuePrefix", Whole),
        ],
    ),
    (
        "solution",
        "Solution",
        "FriendlyName",
        &[
            ("UniqueName", Text),
            ("Version", Text),
            ("Description", Text),
            ("IsManaged", Flag),
            ("PublisherId", Lookup("publisher")),
        ],
    ),
    (
        "transactioncurrency",
        "TransactionCurrency",
        "CurrencyName",
        &[
            ("ISOCurrencyCode", Text),
            ("CurrencySymbol", Text),
            ("CurrencyPrecision", Whole),
            ("ExchangeRate", Rate),
        ],
    ),
    ("sdkmessage", "SdkMessage", "Name", &[("CategoryName", Text), ("IsPrivate", Flag)]),
    (
        "sdkmessagefilter",
        "SdkMessageFilter",
        "Name",
        &[
            ("PrimaryObjectTypeCode", Text),
            ("SecondaryObjectTypeCode", Text),
            ("Availability", Whole),
            ("IsCustomProcessingStepAllowed", Flag),
            ("IsVisible", Flag),
            ("SdkMessageId", Lookup("sdkmessage")),
        ],
    ),
];

/// The built-in tables, still without a number of their own.
pub(crate) fn built_in(id: &mut dyn FnMut() -> Uuid) -> Vec<Table> {
    TABLES
        .iter()
        .map(|(logical, schema_name, name, more)| {
            let mut columns = system_columns(logical, schema_name, false, id);
            columns.push(column(logical, name, &Text, id));
            columns.extend(more.iter().map(|(name, holds)| column(logical, name, holds, id)));
            let schema_name = (*schema_name).to_owned();
            Table {
                number: 0,
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
            }
        })
        .collect()
}

fn column(table: &str, schema_name: &str, holds: &Holds, id: &mut dyn FnMut() -> Uuid) -> Column {
    let logical = schema_name.to_ascii_lowercase();
    let kind = match holds {
        Text => CellKind::Text { max_length: 256 },
        Whole => CellKind::Integer { min: 0, max: i32::MAX },
        Guid => CellKind::Guid,
        Rate => CellKind::Decimal { scale: RATE_SCALE, min: 0.000_000_000_1, max: 100_000_000_000.0 },
        Flag => CellKind::Boolean { yes: "Yes".to_owned(), no: "No".to_owned(), default: false },
        Lookup(target) => CellKind::Lookup {
            target: (*target).to_owned(),
            navigation: logical.clone(),
            relationship: match table {
                // The one that client libraries ask for by its name.
                "sdkmessagefilter" => format!("{logical}_{table}"),
                _ => format!("{target}_{table}_{logical}"),
            },
            relationship_id: id(),
            on_delete: OnDelete::RemoveLink,
        },
    };
    Column {
        id: id(),
        logical,
        schema_name: schema_name.to_owned(),
        display: schema_name.to_owned(),
        description: String::new(),
        required: "None".to_owned(),
        kind,
        format: None,
        custom: false,
        writable: true,
    }
}
