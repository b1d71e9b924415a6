//! What an organisation calls what it is sent: sets, columns, keys, and the numbers of choices.

use model::record::{Delivery, FieldType, Kind, Kinds, Remote, Target};

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
    pub kind: &'static Kind,
    pub logical_name: String,
    pub entity_set: String,
    pub primary_key: String,
    /// In the order of the kind's fields; none for what Dataverse does not keep.
    pub(crate) columns: Vec<Option<Column>>,
}

/// Where a field is kept, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Column {
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
    fn standard(kind: &'static Kind, delivery: &Delivery) -> Self {
        Self {
            kind,
            logical_name: delivery.logical_name.to_owned(),
            entity_set: delivery.entity_set.to_owned(),
            primary_key: delivery.primary_key.to_owned(),
            columns: (0..kind.fields.len()).map(|at| Column::standard(kind, at)).collect(),
        }
    }

    /// What the field at this position is called there, for people.
    pub(crate) fn name_of(&self, at: usize) -> Option<&str> {
        match self.columns[at].as_ref()? {
            Column::Plain(column) | Column::Choice { column, .. } => Some(column),
            Column::Lookup { navigation, .. } => Some(navigation),
            Column::Inside(json) => self.name_of(*json),
        }
    }

    /// The columns that are read to see all fields.
    pub(crate) fn read(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().flatten().filter_map(|column| match column {
            Column::Plain(column) | Column::Choice { column, .. } => Some(column.as_str()),
            Column::Lookup { value, .. } => Some(value.as_str()),
            Column::Inside(_) => None,
        })
    }
}

impl Column {
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
