//! Which columns of which tables go over: those that both schemas have, whatever later migrations add.

use std::collections::BTreeMap;

use super::MoveError;

/// A table as its store describes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct CopiedTable {
    pub(crate) columns: Vec<CopiedColumn>,
    /// The columns of the primary key, in their order; not asked for in a database.
    pub(crate) key: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct CopiedColumn {
    pub(crate) name: String,
    pub(crate) sort: String,
    /// A row may come without it: it may be empty, or fills itself.
    pub(crate) may_lack: bool,
}

/// What a column holds, and so how it becomes a member of a JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ColumnContent {
    Plain,
    Json,
    Id,
}

/// How one table goes over.
#[derive(Clone, Debug)]
pub(crate) struct Road {
    pub(crate) table: String,
    /// The columns that both have.
    columns: Vec<(String, ColumnContent)>,
    /// What only the database has and needs: which writer's rows of an hour they are. No writer's now.
    noughts: Vec<String>,
    key: Vec<String>,
}

/// One for each table of the folder's ledger, in the order of their names.
pub(super) fn roads(
    from: &BTreeMap<String, CopiedTable>,
    to: &BTreeMap<String, CopiedTable>,
) -> Result<Vec<Road>, MoveError> {
    if let Some(strange) = to.keys().find(|name| !from.contains_key(*name)) {
        return Err(MoveError::Unknown { what: format!("the table {strange}, which no folder has,") });
    }
    from.iter().map(|(name, table)| road(name, table, to.get(name))).collect()
}

fn road(name: &str, from: &CopiedTable, to: Option<&CopiedTable>) -> Result<Road, MoveError> {
    let unknown = |what: &str| MoveError::Unknown { what: format!("the table {name}{what}") };
    let to = to.ok_or_else(|| unknown(""))?;
    if from.key.is_empty() {
        return Err(unknown(", which has no key,"));
    }
    let mut columns = Vec::new();
    for column in &from.columns {
        match to.columns.iter().find(|other| other.name == column.name) {
            Some(other) => columns.push((column.name.clone(), ColumnContent::of(column, other))),
            // The number that SQLite gives each row, where nothing refers to it.
            None if from.key == [column.name.as_str()] && column.sort == "INTEGER" => {}
            None => return Err(unknown(&format!(" with its column {}", column.name))),
        }
    }
    let mut noughts = Vec::new();
    let only_there = |column: &&CopiedColumn| !columns.iter().any(|(name, _)| *name == column.name);
    for column in to.columns.iter().filter(only_there).filter(|column| !column.may_lack) {
        if column.sort != "bigint" {
            return Err(unknown(&format!(" without a column {}", column.name)));
        }
        noughts.push(column.name.clone());
    }
    Ok(Road { table: name.to_owned(), columns, noughts, key: from.key.clone() })
}

impl ColumnContent {
    fn of(from: &CopiedColumn, to: &CopiedColumn) -> Self {
        match to.sort.as_str() {
            "json" | "jsonb" => Self::Json,
            "uuid" if from.sort == "BLOB" => Self::Id,
            _ => Self::Plain,
        }
    }

    fn sql(self, name: &str) -> String {
        match self {
            Self::Plain => name.to_owned(),
            Self::Json => format!("json({name})"),
            Self::Id => {
                let parts = [(1, 8), (9, 4), (13, 4), (17, 4), (21, 12)];
                let parts = parts.map(|(from, size)| format!("substr(hex({name}), {from}, {size})"));
                format!("CASE WHEN {name} IS NOT NULL THEN lower({}) END", parts.join(" || '-' || "))
            }
        }
    }
}

impl Road {
    /// The folder's rows as objects of JSON, in the order of their keys: a number of them after a number of them.
    pub(super) fn select(&self, after: i64, most: i64) -> String {
        let members: Vec<String> =
            self.columns.iter().map(|(name, content)| format!("'{name}', {}", content.sql(name))).collect();
        format!(
            "SELECT json_object({}) FROM {} ORDER BY {} LIMIT {most} OFFSET {after}",
            members.join(", "),
            self.table,
            self.key.join(", ")
        )
    }

    /// Takes an array of such objects.
    pub(crate) fn insert(&self) -> String {
        let (table, columns) = (&self.table, self.names());
        let more: String = self.noughts.iter().map(|name| format!(", {name}")).collect();
        let noughts = ", 0".repeat(self.noughts.len());
        format!(
            "INSERT INTO studio.{table} ({columns}{more}) \
             SELECT {columns}{noughts} FROM json_populate_recordset(NULL::studio.{table}, $1::json)"
        )
    }

    /// The database's rows as such objects.
    pub(crate) fn select_there(&self) -> String {
        format!("SELECT row_to_json(r)::text FROM (SELECT {} FROM studio.{}) AS r", self.names(), self.table)
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(key: &[&str], columns: &[(&str, &str, bool)]) -> CopiedTable {
        let column = |(name, sort, may_lack): &(&str, &str, bool)| CopiedColumn {
            name: (*name).to_owned(),
            sort: (*sort).to_owned(),
            may_lack: *may_lack,
        };
        CopiedTable {
            columns: columns.iter().map(column).collect(),
            key: key.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn bytes_become_ids() {
        let column =
            |sort: &str| CopiedColumn { name: "id".to_owned(), sort: sort.to_owned(), may_lack: false };
        assert_eq!(ColumnContent::of(&column("BLOB"), &column("uuid")), ColumnContent::Id);
        assert_eq!(ColumnContent::of(&column("TEXT"), &column("uuid")), ColumnContent::Plain);
        assert_eq!(ColumnContent::of(&column("TEXT"), &column("jsonb")), ColumnContent::Json);
    }

    #[test]
    fn unknown_columns_are_refused() {
        let from = table(
            &["position"],
            &[("position", "INTEGER", false), ("at", "INTEGER", false), ("fields", "TEXT", true)],
        );
        let there = [("at", "bigint", false), ("fields", "jsonb", true), ("writer", "bigint", false)];
        let found = road("t", &from, Some(&table(&[], &there))).unwrap();
        assert_eq!(
            found.select(3, 5),
            "SELECT json_object('at', at, 'fields', json(fields)) FROM t ORDER BY position LIMIT 5 OFFSET 3"
        );
        assert_eq!(
            found.insert(),
            "INSERT INTO studio.t (at, fields, writer) SELECT at, fields, 0 \
             FROM json_populate_recordset(NULL::studio.t, $1::json)"
        );
        let check = |from: &CopiedTable, to: Option<&CopiedTable>, what: &str| {
            let said = road("t", from, to).unwrap_err().to_string();
            assert!(said.contains(what), "{said}");
        };
        check(&from, None, "carry the table t over");
        check(&table(&[], &[("at", "INTEGER", false)]), Some(&table(&[], &there)), "no key");
        check(&from, Some(&table(&[], &there[..1])), "its column fields");
        let needs = [there[0], there[1], ("who", "text", false)];
        check(&from, Some(&table(&[], &needs)), "without a column who");
        let strange = BTreeMap::from([("x".to_owned(), CopiedTable::default())]);
        assert!(roads(&BTreeMap::new(), &strange).unwrap_err().to_string().contains("table x"));
    }
}
