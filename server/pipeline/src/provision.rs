//! Makes the product's tables in an organisation, out of the kinds' own tables of fields. What is there already is left
//! as it is; run again, nothing changes.

use std::fmt;

use dataverse::{Behaviour, Client, ColumnDefinition, ColumnKind, LookupDefinition, Table, TableDefinition};
use model::record::{Field, KINDS, Kind, Need, Shape};

use crate::{
    Error, Tenant,
    row::{NAME, TENANT},
    targets::{TARGETS, TENANTS, TargetTable, create_tenant},
};

/// One thing that is missing there.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Table(Box<TableDefinition>),
    Column { table: String, column: ColumnDefinition },
    Lookup(LookupDefinition),
    ChangeTracking { table: String },
}

/// What was made, and what stands in the way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provisioned {
    pub made: Vec<Step>,
    /// Columns that are there and cannot hold what they should, each with the reason. They are left alone.
    pub conflicts: Vec<String>,
}

/// Makes what is missing, one thing after the other: the organisation takes a lock for each.
///
/// # Errors
/// Names the step that failed. What was made stays, and is found when it is run again.
pub async fn provision(client: &Client, tenants: &[Tenant]) -> Result<Provisioned, Error> {
    let (steps, conflicts) = plan(client).await?;
    for step in &steps {
        tracing::info!(%step, "provisioning");
        make(client, step).await.map_err(|source| Error::Provision { step: step.to_string(), source })?;
    }
    for tenant in tenants {
        create_tenant(client, tenant.id, &tenant.name).await.map_err(|source| Error::Provision {
            step: format!("the row of tenant {}", tenant.name),
            source,
        })?;
    }
    Ok(Provisioned { made: steps, conflicts })
}

/// What would be made, in order, and what stands in the way.
///
/// # Errors
/// When the organisation cannot be read.
pub async fn plan(client: &Client) -> Result<(Vec<Step>, Vec<String>), Error> {
    let mut steps = Vec::new();
    let mut conflicts = Vec::new();
    let wanted = TARGETS.iter().map(target_table).chain(KINDS.iter().map(|kind| kind_table(kind)));
    for wanted in wanted {
        let there = read(client, &wanted.logical_name()).await?;
        compare(wanted, there, &mut steps, &mut conflicts);
    }
    let pointing = TARGETS.iter().filter(|target| target.logical_name != TENANTS.logical_name);
    let pointing = pointing
        .map(|target| target.logical_name)
        .chain(KINDS.iter().map(|kind| kind.destination.logical_name));
    for table in pointing {
        let there = read(client, table).await?;
        if there.is_none_or(|there| there.column(TENANT).is_none()) {
            steps.push(Step::Lookup(tenant_lookup(table)));
        }
    }
    Ok((steps, conflicts))
}

async fn read(client: &Client, table: &str) -> Result<Option<Table>, Error> {
    let step = || format!("reading the definition of {table}");
    client.metadata().table(table).await.map_err(|source| Error::Provision { step: step(), source })
}

fn compare(
    wanted: TableDefinition,
    there: Option<Table>,
    steps: &mut Vec<Step>,
    conflicts: &mut Vec<String>,
) {
    let Some(there) = there else {
        steps.push(Step::Table(Box::new(wanted)));
        return;
    };
    let table = wanted.logical_name();
    for column in wanted.columns {
        match there.column(&column.logical_name()) {
            None => steps.push(Step::Column { table: table.clone(), column }),
            Some(standing) => {
                conflicts.extend(standing.conflict(&column).map(|reason| format!("{table}: {reason}")));
            }
        }
    }
    if wanted.change_tracking && !there.change_tracking {
        steps.push(Step::ChangeTracking { table });
    }
}

async fn make(client: &Client, step: &Step) -> Result<(), dataverse::Error> {
    let metadata = client.metadata();
    match step {
        Step::Table(table) => metadata.create_table(table).await,
        Step::Column { table, column } => metadata.create_column(table, column).await,
        Step::Lookup(lookup) => metadata.create_lookup(lookup).await,
        Step::ChangeTracking { table } => metadata.enable_change_tracking(table).await,
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

fn target_table(target: &TargetTable) -> TableDefinition {
    let table =
        TableDefinition::new(target.logical_name, target.display_name, target.display_collection_name, NAME)
            .entity_set(target.entity_set);
    match target.code {
        None => table,
        Some(code) => {
            table.column(ColumnDefinition::new(code, "Id in records", ColumnKind::Text { max_length: 64 }))
        }
    }
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

fn tenant_lookup(table: &str) -> LookupDefinition {
    let short = table.trim_start_matches("apex_");
    LookupDefinition {
        schema_name: format!("apex_tenant_{short}"),
        referenced: TENANTS.logical_name.to_owned(),
        referencing: table.to_owned(),
        lookup_schema_name: TENANT.to_owned(),
        display_name: TENANTS.display_name.to_owned(),
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(table) => {
                write!(f, "table {} with {} columns", table.logical_name(), table.columns.len() + 1)
            }
            Self::Column { table, column } => write!(f, "column {} of {table}", column.logical_name()),
            Self::Lookup(lookup) => {
                write!(f, "lookup {} of {}", lookup.lookup_schema_name, lookup.referencing)
            }
            Self::ChangeTracking { table } => write!(f, "change tracking of {table}"),
        }
    }
}
