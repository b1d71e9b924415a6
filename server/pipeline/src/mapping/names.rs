//! What an organisation calls tables and columns that stand there under names of its own.

use std::collections::BTreeMap;

use model::record::{Kinds, Remote};

/// By the kind's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamesByKind(pub BTreeMap<String, TableNames>);

/// Names of one kind's table and columns that differ from the standard ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableNames {
    /// The table's logical name; none for the usual one.
    pub table: Option<String>,
    /// The logical names of columns, by the fields' JSON names.
    pub columns: BTreeMap<String, String>,
}

impl NamesByKind {
    /// Each name, and where it stands: `campaign-run.table`, `campaign-run.columns.runId`.
    pub fn places(&self) -> impl Iterator<Item = (String, &str)> {
        self.0.iter().flat_map(|(kind, names)| {
            let table = names.table.iter().map(move |name| (format!("{kind}.table"), name.as_str()));
            let columns = names.columns.iter();
            table.chain(columns.map(move |(json, name)| (format!("{kind}.columns.{json}"), name.as_str())))
        })
    }

    /// What names nothing, each with a sentence that goes on after it.
    #[must_use]
    pub fn mistakes(&self, kinds: Kinds) -> Vec<(String, String)> {
        let mut mistakes = Vec::new();
        for (kind, names) in &self.0 {
            let Some(known) = kinds.delivered().map(|(known, _)| known).find(|known| known.name == kind)
            else {
                let all: Vec<&str> = kinds.delivered().map(|(kind, _)| kind.name).collect();
                mistakes.push((
                    kind.clone(),
                    format!("is no kind that goes to Dataverse; these do: {}", all.join(", ")),
                ));
                continue;
            };
            let has_column = |json: &str| {
                let field = known.field(json).map(|(_, field)| field.remote);
                matches!(field, Some(Remote::Column(_) | Remote::Lookup(_)))
            };
            for json in names.columns.keys().filter(|json| !has_column(json)) {
                let fields = known.fields.iter().map(|field| field.json).filter(|json| has_column(json));
                let all = fields.collect::<Vec<_>>().join(", ");
                mistakes.push((
                    format!("{kind}.columns.{json}"),
                    format!("is no field with a column; these are: {all}"),
                ));
            }
        }
        let odd = self.places().filter(|(_, name)| !is_logical_name(name));
        mistakes.extend(odd.map(|(place, name)| {
            (place, format!("is `{name}`, which is no logical name: small letters, digits and _"))
        }));
        mistakes
    }
}

fn is_logical_name(name: &str) -> bool {
    let mut letters = name.bytes();
    letters.next().is_some_and(|first| first.is_ascii_lowercase())
        && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_')
}
