//! `[tables.KIND]` in `studio.toml`: tables and columns of an organisation that have names of their own.

use std::collections::BTreeMap;

use model::record::KINDS;
use pipeline::{NamesByKind, TableNames};

use super::mistakes::SettingReader;

/// Where they stand in the file.
pub(super) const SECTION: &str = "tables";

pub(super) fn names(reader: &mut SettingReader<'_>) -> NamesByKind {
    let mut names = NamesByKind::default();
    for (kind, table) in reader.tables() {
        match of_table(table) {
            Ok(table) => _ = names.0.insert(kind.clone(), table),
            Err(sentence) => reader.mistake(&format!("{SECTION}.{kind}"), sentence),
        }
    }
    for (place, sentence) in names.mistakes(KINDS) {
        reader.mistake(&format!("{SECTION}.{place}"), sentence);
    }
    names
}

fn of_table(value: &toml::Value) -> Result<TableNames, String> {
    const SHAPE: &str = "has `table = \"…\"` and `columns = { field = \"…\" }`, and nothing else";
    let shape = || SHAPE.to_owned();
    let members = value.as_table().ok_or_else(shape)?;
    let mut names = TableNames::default();
    for (member, value) in members {
        match (member.as_str(), value) {
            ("table", toml::Value::String(name)) => names.table = Some(name.clone()),
            ("columns", toml::Value::Table(columns)) => {
                let column =
                    |(field, name): (&String, &toml::Value)| Some((field.clone(), name.as_str()?.to_owned()));
                let columns: Option<BTreeMap<_, _>> = columns.iter().map(column).collect();
                names.columns = columns.ok_or_else(shape)?;
            }
            _ => return Err(shape()),
        }
    }
    Ok(names)
}
