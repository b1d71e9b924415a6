//! Every table that the product keeps in an organisation, and what points where.

use dataverse::{
    ChoiceOption, ColumnDefinition, ColumnKind, LookupDefinition, TableDefinition, TimeBehaviour,
};
use model::record::{Destination, Field, FieldType, Need, TARGETS, TENANTS, Target};

use crate::{
    mapping::{ColumnMapping, FIRST_CHOICE, Mapping, TableMapping},
    standard_names::{NAME, TENANT},
};

/// A table with its lookups, which are made once all tables stand.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct WantedTable {
    pub(super) table: TableDefinition,
    pub(super) lookups: Vec<LookupDefinition>,
    /// Records arrive here; otherwise lookups point at it.
    pub(super) delivered: bool,
}

/// What lookups point at first, then what is delivered.
pub(super) fn wanted(mapping: &Mapping) -> Vec<WantedTable> {
    let targets = TARGETS.iter().map(|target| pointed_at(target));
    let kinds = mapping.tables().filter_map(|table| Some(delivered(table, table.kind.delivery.as_ref()?)));
    targets.chain(kinds).collect()
}

fn delivered(table: &TableMapping, delivery: &Destination) -> WantedTable {
    let name = &table.logical_name;
    let pointers = table.columns.iter().flatten().filter_map(|column| match column {
        ColumnMapping::Lookup { navigation, target, .. } => Some(lookup(target, navigation, name)),
        _ => None,
    });
    let lookups = std::iter::once(lookup(&TENANTS, TENANT, name)).chain(pointers).collect();
    WantedTable { table: kind_table(table, delivery), lookups, delivered: true }
}

fn pointed_at(target: &Target) -> WantedTable {
    let table =
        TableDefinition::new(target.logical_name, target.display_name, target.display_collection_name, NAME)
            .entity_set(target.entity_set);
    let table = match target.code {
        None => table,
        Some(code) => {
            table.column(ColumnDefinition::new(code, "Id in records", ColumnKind::Text { max_length: 64 }))
        }
    };
    let is_tenant = target.logical_name == TENANTS.logical_name;
    let lookups = if is_tenant { Vec::new() } else { vec![lookup(&TENANTS, TENANT, target.logical_name)] };
    WantedTable { table, lookups, delivered: false }
}

/// A column of `referencing` that points at `target`.
pub(super) fn lookup(target: &Target, column: &str, referencing: &str) -> LookupDefinition {
    let short = referencing.trim_start_matches("apex_");
    LookupDefinition {
        schema_name: format!("{}_{short}", target.logical_name),
        referenced: target.logical_name.to_owned(),
        referencing: referencing.to_owned(),
        lookup_schema_name: column.to_owned(),
        display_name: target.display_name.to_owned(),
    }
}

fn kind_table(table: &TableMapping, delivery: &Destination) -> TableDefinition {
    let plural = format!("{}s", delivery.display_name);
    let mut made =
        TableDefinition::new(table.logical_name.clone(), delivery.display_name, plural, NAME).tracked();
    if !table.is_theirs {
        made = made.entity_set(delivery.entity_set);
    }
    let columns = table.kind.fields.iter().zip(&table.columns);
    columns
        .filter_map(|(field, column)| definition(field, column.as_ref()?))
        .fold(made, TableDefinition::column)
}

fn definition(field: &Field, column: &ColumnMapping) -> Option<ColumnDefinition> {
    let (ColumnMapping::Plain(name) | ColumnMapping::Choice { column: name, .. }) = column else {
        return None;
    };
    let column = ColumnDefinition::new(name.clone(), field.label, column_kind(field.ty));
    Some(if field.need == Need::Required { column.required() } else { column })
}

fn column_kind(ty: FieldType) -> ColumnKind {
    let length = |chars: usize| u32::try_from(chars).unwrap_or(u32::MAX);
    match ty {
        FieldType::Text { max_chars } => ColumnKind::Text { max_length: length(max_chars) },
        FieldType::Uuid => ColumnKind::Text { max_length: 36 },
        FieldType::LongText { max_chars, .. } => ColumnKind::Memo { max_length: length(max_chars) },
        FieldType::Json { max_bytes, .. } => ColumnKind::Memo { max_length: length(max_bytes) },
        FieldType::Whole { min, max } => match (i32::try_from(min), i32::try_from(max)) {
            (Ok(min), Ok(max)) => ColumnKind::Integer { min, max },
            _ => ColumnKind::BigInteger,
        },
        FieldType::Decimal { scale, min, max } => {
            ColumnKind::Decimal { precision: scale, min: bound(min, scale), max: bound(max, scale) }
        }
        FieldType::Time => ColumnKind::DateTime(TimeBehaviour::UserLocal),
        FieldType::Flag => ColumnKind::Boolean { yes: "Yes".to_owned(), no: "No".to_owned() },
        FieldType::Choice(labels) => choice(labels),
    }
}

/// Numbered in the order of the labels.
pub(super) fn choice(labels: &[&str]) -> ColumnKind {
    let choices = labels.iter().zip(FIRST_CHOICE..);
    ColumnKind::Choice(choices.map(|(label, value)| ChoiceOption::new(value, *label)).collect())
}

/// A column's bound is a float in the metadata, whatever the column holds.
fn bound(bound: i64, scale: u8) -> f64 {
    model::decimal::format(bound, scale).parse().unwrap_or(f64::MAX)
}
