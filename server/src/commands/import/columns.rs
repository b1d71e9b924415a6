//! Which column, or member of JSON, is for which field: by its name, or as the command was told.

use std::borrow::Cow;

use app::presenter::count;
use model::record::{Draft, Field, FieldType, Kind, Need};

use super::{cell, csv_rows::CellRow};

/// What is added to rows that were refused, and read over when they come again.
pub const ADDED: [&str; 3] = ["_line", "_reason", "_row"];
/// Columns that are named when they are no field; of the others the number is said.
const NAMED: usize = 20;

/// What the command was told about columns.
#[derive(Clone, Debug, Default)]
pub struct ColumnWishes {
    /// Their name, and the field's.
    pub renamed: Vec<(String, String)>,
    pub ignored: Vec<String>,
    pub ignores_unknown: bool,
}

/// For which field each column of a file is.
#[derive(Clone, Debug)]
pub struct ColumnMap {
    columns: Vec<ColumnUse>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ColumnUse {
    /// Its JSON name, and its type where it is a field.
    Member(&'static str, Option<FieldType>),
    /// Is not read; without a word where it is not the file's own.
    Unread { is_told: bool },
}

impl ColumnWishes {
    /// Reads what stands in `--map "Their column=field"`.
    ///
    /// # Errors
    /// When it says something else.
    pub fn renamed(words: &[String], kind: &Kind) -> Result<Vec<(String, String)>, String> {
        let pair = |word: &String| {
            let (theirs, field) = word.rsplit_once('=').ok_or_else(|| {
                format!("--map {word:?} has no sign =; it looks like --map \"Their column=agentsTotal\"")
            })?;
            match member(kind, field) {
                Some(name) => Ok((theirs.to_owned(), name.to_owned())),
                None => Err(format!("--map {word:?} names no field; there are {}", names(kind))),
            }
        };
        words.iter().map(pair).collect()
    }

    /// Two of them that cannot both be meant, in a sentence.
    pub fn contradiction(&self) -> Option<String> {
        self.renamed.iter().enumerate().find_map(|(at, (theirs, field))| {
            let other = self.renamed[..at].iter().find(|(name, other)| name == theirs && other != field);
            match other {
                Some((_, other)) => Some(format!(
                    "--map says of {} that it is {other}, and that it is {field}; leave one of them out",
                    shown(theirs)
                )),
                None => self.ignored.contains(theirs).then(|| in_both(theirs)),
            }
        })
    }

    /// What the member of this name in JSON is called as a field; none where it is not to be read. `names` are those of all
    /// members of its object.
    pub fn name_of<'a>(&self, kind: &Kind, name: Cow<'a, str>, names: &[String]) -> Option<Cow<'a, str>> {
        if ADDED.contains(&name.as_ref()) || self.ignores(&name, names) {
            return None;
        }
        if let Some(field) = self.told(&name, names) {
            return Some(Cow::Owned(field.to_owned()));
        }
        let is_known = kind.sent_names().any(|known| known == name);
        (is_known || !self.ignores_unknown).then_some(name)
    }

    fn told(&self, theirs: &str, names: &[String]) -> Option<&str> {
        let exact = self.renamed.iter().find(|(name, _)| name == theirs);
        let told = exact.or_else(|| self.renamed.iter().find(|(name, _)| is_meant(name, theirs, names)));
        told.map(|(_, field)| field.as_str())
    }

    fn ignores(&self, theirs: &str, names: &[String]) -> bool {
        self.ignored.iter().any(|name| is_meant(name, theirs, names))
    }

    /// What was told of columns that are not there, or what cannot both be done with one.
    fn faults(&self, names: &[String]) -> Vec<String> {
        let is_absent = |theirs: &str| !names.iter().any(|name| is_meant(theirs, name, names));
        let renamed = self.renamed.iter().map(|(theirs, _)| ("--map", theirs));
        let told = renamed.chain(self.ignored.iter().map(|theirs| ("--ignore", theirs)));
        let absent = told.filter(|(_, theirs)| is_absent(theirs)).map(|(option, theirs)| {
            format!("{option} speaks of a column {}, which is not there", shown(theirs))
        });
        let is_both = |name: &&String| self.told(name, names).is_some() && self.ignores(name, names);
        absent.chain(names.iter().filter(is_both).map(|name| in_both(name))).collect()
    }
}

/// Whether `theirs`, which the command was told, is the column `name`: a name that stands among `names` letter by letter is
/// that one alone.
pub fn is_meant(theirs: &str, name: &str, names: &[String]) -> bool {
    theirs == name || plain(theirs) == plain(name) && !names.iter().any(|other| other == theirs)
}

fn in_both(theirs: &str) -> String {
    format!("{} is in --map and in --ignore; leave one of them out", shown(theirs))
}

impl ColumnMap {
    /// # Errors
    /// Everything that keeps the file from being read, each as a sentence.
    pub fn of(kind: &'static Kind, header: &[String], wishes: &ColumnWishes) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        let mut columns: Vec<ColumnUse> = Vec::with_capacity(header.len());
        let mut strays = Vec::new();
        for name in header {
            let column = column(kind, name, wishes, header).unwrap_or_else(|| {
                strays.push(shown(name));
                ColumnUse::Unread { is_told: true }
            });
            let before = columns.iter().position(|other| *other == column);
            if let (Some(before), ColumnUse::Member(field, _)) = (before, column) {
                let (first, second) = (shown(&header[before]), shown(name));
                faults.push(format!(
                    "the columns {first} and {second} are both for {field}; leave one of them out with --ignore, or give \
                     it another name in the file"
                ));
            }
            columns.push(column);
        }
        faults.extend(unknown(kind, &strays));
        faults.extend(missing(kind, &columns));
        faults.extend(wishes.faults(header));
        if faults.is_empty() { Ok(Self { columns }) } else { Err(faults) }
    }

    /// What a row says. It has as many cells as there are columns.
    pub fn draft<'a>(&self, kind: &'static Kind, row: &'a CellRow) -> Draft<'a> {
        let mut draft = Draft::new(kind);
        for (column, cell) in self.columns.iter().zip(row.iter()) {
            if let ColumnUse::Member(name, ty) = column
                && let Some(given) = cell::given(*ty, cell)
            {
                draft.give(name, given);
            }
        }
        draft
    }

    pub const fn len(&self) -> usize {
        self.columns.len()
    }

    /// The positions of columns that are not read, though the file has them.
    pub fn unread(&self) -> impl Iterator<Item = usize> {
        let each = self.columns.iter().enumerate();
        each.filter(|(_, column)| **column == ColumnUse::Unread { is_told: true }).map(|(at, _)| at)
    }
}

fn column(kind: &Kind, name: &str, wishes: &ColumnWishes, header: &[String]) -> Option<ColumnUse> {
    let of_member = |name: &'static str| ColumnUse::Member(name, kind.field(name).map(|(_, field)| field.ty));
    if ADDED.contains(&name) {
        return Some(ColumnUse::Unread { is_told: false });
    }
    if let Some(field) = wishes.told(name, header).and_then(|field| member(kind, field)) {
        return Some(of_member(field));
    }
    if wishes.ignores(name, header) {
        return Some(ColumnUse::Unread { is_told: true });
    }
    if let Some(field) = member(kind, name) {
        return Some(of_member(field));
    }
    let is_computed = |field: &Field| field.need == Need::Derived && plain(field.json) == plain(name);
    let is_unread = wishes.ignores_unknown || kind.fields.iter().any(is_computed);
    is_unread.then_some(ColumnUse::Unread { is_told: true })
}

fn unknown(kind: &Kind, strays: &[String]) -> Option<String> {
    let (named, more) = strays.split_at(strays.len().min(NAMED));
    let one = named.first()?;
    let are = if strays.len() == 1 { "is no field" } else { "are no fields" };
    let more = if more.is_empty() {
        String::new()
    } else {
        format!(" and {} more", count(i64::try_from(more.len()).unwrap_or(i64::MAX)))
    };
    Some(format!(
        "{}{more} {are} of a {}; say which is meant with --map {one}=FIELD, or leave columns out with --ignore {one} or \
         --ignore-unknown (fields: {})",
        named.join(", "),
        kind.noun,
        names(kind)
    ))
}

fn missing(kind: &Kind, columns: &[ColumnUse]) -> Option<String> {
    let is_there = |field: &Field| {
        columns.iter().any(|column| matches!(column, ColumnUse::Member(name, _) if *name == field.json))
    };
    let required = kind.fields.iter().filter(|field| field.need == Need::Required);
    let missing: Vec<&str> = required.filter(|field| !is_there(field)).map(|field| field.json).collect();
    if missing.is_empty() {
        return None;
    }
    Some(format!("there is no column for {}, without which there is no {}", missing.join(", "), kind.noun))
}

/// The name in JSON of what `name` means.
fn member(kind: &Kind, name: &str) -> Option<&'static str> {
    kind.sent_names().find(|known| plain(known) == plain(name))
}

fn names(kind: &Kind) -> String {
    kind.sent_names().collect::<Vec<_>>().join(", ")
}

/// A column's name in quotes, short, on one line.
pub fn shown(name: &str) -> String {
    let short: String = name.chars().take(60).collect();
    format!("{short:?}")
}

/// `Agents_Total`, `agents total` and `agentsTotal` are the same name.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| !matches!(c, '_' | '-') && !c.is_whitespace());
    letters.collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests;
