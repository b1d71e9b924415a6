//! What an organisation calls what it is sent: sets, columns, keys, and the numbers of choices.

mod names;

use crate::standard_names::NAME;
use dataverse::{Client, Error, TableMetadata};
use model::record::{Destination, FieldType, Kind, Kinds, Remote, Target};

pub use names::{NamesByKind, TableNames};

/// Choices are numbered from here, in the order in which they are listed, and only ever appended to.
pub(crate) const FIRST_CHOICE: i32 = 100_000_000;

/// The tables of all kinds that are delivered.
#[derive(Clone, Debug)]
pub struct Mapping {
    tables: Vec<TableMapping>,
}

/// One kind's table.
#[derive(Clone, Debug)]
pub struct TableMapping {
    /// The kind that is kept in the table.
    pub kind: &'static Kind,
    /// The table's logical name.
    pub logical_name: String,
    /// The name of its rows as a set, as in addresses.
    pub entity_set: String,
    /// The column of its primary key.
    pub primary_key: String,
    /// The column that names a row to people.
    pub(crate) name_column: String,
    /// Whether the table is called as an organisation calls one of its own.
    pub(crate) is_theirs: bool,
    /// In the order of the kind's fields; none for what Dataverse does not keep.
    pub(crate) columns: Vec<Option<ColumnMapping>>,
}

/// Where a field is kept, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ColumnMapping {
    Plain(String),
    /// The number of each label, in their order.
    Choice {
        column: String,
        numbers: Vec<i32>,
    },
    Lookup {
        /// By which it is written.
        navigation: String,
        /// By which it is read.
        value: String,
        target: &'static Target,
    },
    /// A member of the JSON that the field at this position holds.
    Inside(usize),
}

impl Mapping {
    /// The names and numbers that provisioning gives.
    #[must_use]
    pub fn standard(kinds: Kinds) -> Self {
        Self {
            tables: kinds
                .delivered()
                .map(|(kind, delivery)| TableMapping::standard(kind, delivery))
                .collect(),
        }
    }

    /// The same for an organisation whose tables and columns have names of their own.
    #[must_use]
    pub fn named(kinds: Kinds, names: &NamesByKind) -> Self {
        let mut mapping = Self::standard(kinds);
        for table in &mut mapping.tables {
            if let Some(names) = names.0.get(table.kind.name) {
                table.rename(names);
            }
        }
        mapping
    }

    /// What the organisation itself says of its tables: their sets and keys, and the numbers of choices by their labels.
    ///
    /// # Errors
    /// When the organisation cannot be read.
    pub async fn as_it_stands(mut self, client: &Client) -> Result<Self, Error> {
        for table in &mut self.tables {
            if let Some(there) = client.metadata().table(&table.logical_name).await? {
                table.follow(&there);
            }
        }
        Ok(self)
    }

    /// The tables of all kinds that are delivered.
    pub fn tables(&self) -> impl Iterator<Item = &TableMapping> {
        self.tables.iter()
    }

    /// None for what the ledger alone keeps.
    #[must_use]
    pub fn of(&self, kind: &Kind) -> Option<&TableMapping> {
        self.tables.iter().find(|table| table.kind == kind)
    }
}

impl TableMapping {
    fn standard(kind: &'static Kind, delivery: &Destination) -> Self {
        Self {
            kind,
            logical_name: delivery.logical_name.to_owned(),
            entity_set: delivery.entity_set.to_owned(),
            primary_key: delivery.primary_key.to_owned(),
            name_column: NAME.to_owned(),
            is_theirs: false,
            columns: (0..kind.fields.len()).map(|at| ColumnMapping::standard(kind, at)).collect(),
        }
    }

    fn rename(&mut self, names: &TableNames) {
        if let Some(name) = &names.table {
            self.logical_name.clone_from(name);
            // Until the organisation says.
            self.entity_set = format!("{name}s");
            self.primary_key = format!("{name}id");
            self.is_theirs = true;
        }
        for (field, column) in self.kind.fields.iter().zip(&mut self.columns) {
            if let (Some(name), Some(column)) = (names.columns.get(field.json), column) {
                column.rename(name);
            }
        }
    }

    fn follow(&mut self, there: &TableMetadata) {
        self.entity_set.clone_from(&there.entity_set_name);
        self.primary_key.clone_from(&there.primary_id);
        self.name_column.clone_from(&there.primary_name);
        for (field, column) in self
            .kind
            .fields
            .iter()
            .zip(&mut self.columns)
            .filter_map(|(field, column)| Some((field, column.as_mut()?)))
        {
            column.follow(field.ty, there);
        }
    }

    /// What the field at this position is called there, for people.
    pub(crate) fn name_of(&self, at: usize) -> Option<&str> {
        match self.columns[at].as_ref()? {
            ColumnMapping::Plain(column) | ColumnMapping::Choice { column, .. } => Some(column),
            ColumnMapping::Lookup { navigation, .. } => Some(navigation),
            ColumnMapping::Inside(json) => self.name_of(*json),
        }
    }

    /// The columns that are read to see all fields.
    pub(crate) fn read(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().flatten().filter_map(|column| match column {
            ColumnMapping::Plain(column) | ColumnMapping::Choice { column, .. } => Some(column.as_str()),
            ColumnMapping::Lookup { value, .. } => Some(value.as_str()),
            ColumnMapping::Inside(_) => None,
        })
    }
}

impl ColumnMapping {
    fn rename(&mut self, name: &str) {
        match self {
            Self::Plain(column) | Self::Choice { column, .. } => name.clone_into(column),
            Self::Lookup { navigation, value, .. } => {
                name.clone_into(navigation);
                *value = format!("_{name}_value");
            }
            Self::Inside(_) => {}
        }
    }

    /// Options are known by their labels, whatever number each has; a lookup is bound under the name with its casing.
    fn follow(&mut self, ty: FieldType, there: &TableMetadata) {
        match self {
            Self::Choice { column, numbers } => {
                let (FieldType::Choice(labels), Some(column)) = (ty, there.column(column)) else { return };
                for (number, label) in numbers.iter_mut().zip(labels) {
                    *number = column.option(label).unwrap_or(*number);
                }
            }
            Self::Lookup { navigation, .. } => {
                if let Some(column) = there.column(&navigation.to_ascii_lowercase()) {
                    navigation.clone_from(&column.schema_name);
                }
            }
            Self::Plain(_) | Self::Inside(_) => {}
        }
    }

    fn standard(kind: &Kind, at: usize) -> Option<Self> {
        let field = &kind.fields[at];
        match field.remote {
            Remote::Column(column) => Some(match field.ty {
                FieldType::Choice(labels) => Self::Choice {
                    column: column.to_owned(),
                    numbers: labels.iter().zip(FIRST_CHOICE..).map(|(_, number)| number).collect(),
                },
                _ => Self::Plain(column.to_owned()),
            }),
            Remote::Lookup(name) => {
                let pointer = kind.pointers.iter().find(|pointer| pointer.field == at)?;
                Some(Self::Lookup {
                    navigation: name.to_owned(),
                    value: format!("_{name}_value"),
                    target: pointer.target,
                })
            }
            Remote::Inside(json) => Some(Self::Inside(json)),
            Remote::None => None,
        }
    }
}

#[cfg(test)]
mod tests;
