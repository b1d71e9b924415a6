//! Every table that the product keeps in an organisation, and what points where.

use dataverse::{Behaviour, ColumnDefinition, ColumnKind, LookupDefinition, TableDefinition};
use model::record::{Field, Kind, Need, Shape};

use super::coming;
use crate::{
    organisation::kinds,
    row::{NAME, TENANT},
    targets::{CAMPAIGNS, TARGETS, TENANTS, TargetTable, USERS},
};

/// A table with its lookups, which are made once all tables stand.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    pub(super) table: TableDefinition,
    pub(super) lookups: Vec<LookupDefinition>,
    /// Records arrive here; otherwise lookups point at it.
    pub(super) delivered: bool,
}

/// What lookups point at first, then what is delivered.
pub(super) fn wanted() -> Vec<Wanted> {
    let targets = TARGETS.iter().map(target);
    let kinds = kinds().map(|kind| delivered(kind_table(kind), &[]));
    let coming = coming::tables().into_iter().map(|(table, points_at)| delivered(table, points_at));
    targets.chain(kinds).chain(coming).collect()
}

fn delivered(table: TableDefinition, points_at: &[Pointer]) -> Wanted {
    let name = table.logical_name();
    let lookups =
        std::iter::once(&Pointer::Tenant).chain(points_at).map(|pointer| pointer.lookup(&name)).collect();
    Wanted { table, lookups, delivered: true }
}

fn target(target: &TargetTable) -> Wanted {
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
    let lookups = if is_tenant { Vec::new() } else { vec![Pointer::Tenant.lookup(target.logical_name)] };
    Wanted { table, lookups, delivered: false }
}

/// What a record can point at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pointer {
    Tenant,
    Campaign,
    User,
}

impl Pointer {
    fn lookup(self, referencing: &str) -> LookupDefinition {
        let (target, column) = match self {
            Self::Tenant => (&TENANTS, TENANT),
            Self::Campaign => (&CAMPAIGNS, "apex_campaignid"),
            Self::User => (&USERS, "apex_userid"),
        };
        let short = referencing.trim_start_matches("apex_");
        LookupDefinition {
            schema_name: format!("{}_{short}", target.logical_name),
            referenced: target.logical_name.to_owned(),
            referencing: referencing.to_owned(),
            lookup_schema_name: column.to_owned(),
            display_name: target.display_name.to_owned(),
        }
    }
}

fn kind_table(kind: &Kind) -> TableDefinition {
    let destination = &kind.destination;
    let plural = format!("{}s", destination.display_name);
    let table = TableDefinition::new(destination.logical_name, destination.display_name, plural, NAME)
        .entity_set(destination.entity_set)
        .tracked();
    kind.fields.iter().fold(table, |table, field| table.column(column(field)))
}

fn column(field: &Field) -> ColumnDefinition {
    let column = ColumnDefinition::new(field.dataverse, field.label, column_kind(field.shape));
    if field.need == Need::Required { column.required() } else { column }
}

fn column_kind(shape: Shape) -> ColumnKind {
    match shape {
        Shape::Text { max_chars } => {
            ColumnKind::Text { max_length: u32::try_from(max_chars).unwrap_or(u32::MAX) }
        }
        Shape::Whole { max } => {
            i32::try_from(max).map_or(ColumnKind::BigInteger, |max| ColumnKind::Integer { min: 0, max })
        }
        Shape::Decimal { scale, max } => {
            ColumnKind::Decimal { precision: scale, min: 0.0, max: limit(max, scale) }
        }
        Shape::Time => ColumnKind::DateTime(Behaviour::UserLocal),
    }
}

/// A column's limit is a float in the metadata, whatever the column holds.
fn limit(max: i64, scale: u8) -> f64 {
    model::decimal::format(max, scale).parse().unwrap_or(f64::MAX)
}
