//! The organisation's tables, columns, keys and choices, as they are now. Read by every request, changed by few, so it
//! is one value that is replaced whole.

mod built_in;
mod column;
pub(crate) mod currency;
mod names;
pub(crate) mod system_relationships;
mod table;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use built_in::built_in;
pub(crate) use column::{
    Behaviour, CellKind, ChoiceOf, Column, FixedLookup, OnDelete, OptionItem, system_columns,
};
pub(crate) use names::plural;
pub(crate) use table::{AlternateKey, KeyState, Table};

/// Everything known about what rows may be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schema {
    /// By logical name.
    tables: BTreeMap<String, Arc<Table>>,
    /// Logical names by entity set.
    sets: BTreeMap<String, String>,
    choices: BTreeMap<String, Arc<GlobalChoice>>,
}

/// A choice that several columns share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct GlobalChoice {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) display: String,
    pub(crate) description: String,
    pub(crate) options: Vec<OptionItem>,
}

impl Schema {
    pub(crate) fn table(&self, logical: &str) -> Option<&Arc<Table>> {
        self.tables.get(logical)
    }

    pub(crate) fn table_of_set(&self, set: &str) -> Option<&Arc<Table>> {
        self.tables.get(self.sets.get(set)?)
    }

    pub(crate) fn tables(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.tables.values()
    }

    pub(crate) fn put_table(&mut self, table: Table) {
        self.remove_table(&table.logical.clone());
        self.sets.insert(table.set.clone(), table.logical.clone());
        self.tables.insert(table.logical.clone(), Arc::new(table));
    }

    pub(crate) fn remove_table(&mut self, logical: &str) {
        if let Some(table) = self.tables.remove(logical) {
            self.sets.remove(&table.set);
        }
    }

    pub(crate) fn choice(&self, name: &str) -> Option<&Arc<GlobalChoice>> {
        self.choices.get(name)
    }

    pub(crate) fn choices(&self) -> impl Iterator<Item = &Arc<GlobalChoice>> {
        self.choices.values()
    }

    pub(crate) fn put_choice(&mut self, choice: GlobalChoice) {
        self.choices.insert(choice.name.clone(), Arc::new(choice));
    }

    pub(crate) fn remove_choice(&mut self, name: &str) {
        self.choices.remove(name);
    }

    pub(crate) fn options<'a>(&'a self, choice: &'a ChoiceOf) -> &'a [OptionItem] {
        match choice {
            ChoiceOf::Own { options, .. } => options,
            ChoiceOf::Global(name) => self.choices.get(name).map_or(&[], |choice| &choice.options),
        }
    }

    pub(crate) fn label(&self, choice: &ChoiceOf, value: i64) -> Option<String> {
        let option = self.options(choice).iter().find(|option| i64::from(option.value) == value)?;
        Some(option.label.clone())
    }

    /// Lookup columns of other tables (and of this one) that point at this table.
    pub(crate) fn referencing(&self, logical: &str) -> impl Iterator<Item = (&Arc<Table>, &Column)> {
        self.tables.values().flat_map(move |table| {
            let lookups = table.columns.iter().filter(move |column| column.target() == Some(logical));
            lookups.map(move |column| (table, column))
        })
    }

    /// The next free number for a table of rows, and for its type code.
    pub(crate) fn next_number(&self) -> i64 {
        self.tables.values().map(|table| table.number).max().unwrap_or(0) + 1
    }
}
