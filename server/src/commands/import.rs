//! `studio import`: records out of a file, or out of a table that stands in the ledger's database already.

mod cell;
mod columns;
mod csv_rows;
mod file;
mod groups;
mod json_members;
mod quotes;
mod refused;
mod rows;
mod source;
mod table;
mod target;
mod text_lines;
mod words;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[cfg(test)]
pub use self::{
    columns::{ColumnMap, ColumnWishes},
    csv_rows::CsvRows,
    json_members::MemberReader,
    rows::{FileRows, RowReader},
    text_lines::TextLines,
};
use super::{Failure, record_kind, say};
use crate::settings::Sources;

const EXAMPLES: &str = "\
Examples:
  studio import runs.csv --dry-run             reads everything, says what is wrong, writes nothing
  studio import runs.csv                       takes the rows in; what was in is known again
  studio import runs.csv --map \"Kosten=costUSD\" --ignore Notiz
  studio import tasks.jsonl --kind tasks       another kind of record
  zcat runs.jsonl.gz | studio import - --format jsonl
  studio import --table reporting.runs         a table in the database of DATABASE_URL

Rows that are refused go to runs.refused.csv beside the file, each with its line and the reason:
mend them there and import that file. Called again after Ctrl-C or a crash it goes on: nothing is
taken in twice. docs/bring-and-take.md says more.

Settings: where the ledger is (STUDIO_DATA, or DATABASE_URL and STUDIO_SCHEMA).

Exit codes: 0 all is in; 1 some rows were refused, or it could not be done; 2 wrong usage, a file or
columns that cannot be used, and nothing was written; 130 stopped by Ctrl-C.
";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Import {
    /// CSV with a header line, or JSON lines; - reads standard input. Without a file a table is taken in
    #[arg(value_name = "FILE|-", conflicts_with = "table")]
    file: Option<PathBuf>,
    /// The kind of record, by its name or its address: runs (which it is when left out), tasks, /api/telemetry/agents
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    #[command(flatten)]
    how: FileOptions,
    /// The table or view in the database of DATABASE_URL, as in schema.name [public.campaign_metrics]
    #[arg(long, value_name = "TABLE")]
    table: Option<String>,
}

/// What is said of a file.
#[derive(Debug, Args)]
struct FileOptions {
    /// What the file is made of; its name says so where it ends in .csv, .tsv, .jsonl or .ndjson
    #[arg(long, requires = "file", conflicts_with = "table")]
    format: Option<FileFormat>,
    /// What stands between the cells of CSV: one character, or tab; found out in the header when left out
    #[arg(long, value_name = "CHARACTER", requires = "file", conflicts_with = "table")]
    delimiter: Option<String>,
    /// Their column, or member of JSON, is this field; as often as needed
    #[arg(long, value_name = "THEIRS=FIELD", requires = "file", conflicts_with = "table")]
    map: Vec<String>,
    /// Leaves this column out; as often as needed
    #[arg(long, value_name = "COLUMN", requires = "file", conflicts_with = "table")]
    ignore: Vec<String>,
    /// Leaves all columns out that are no fields
    #[arg(long, requires = "file", conflicts_with = "table")]
    ignore_unknown: bool,
    /// Reads and checks everything, and writes nothing
    #[arg(long, requires = "file", conflicts_with = "table")]
    dry_run: bool,
    /// Where refused rows go; beside the file when left out
    #[arg(long, value_name = "FILE", requires = "file", conflicts_with_all = ["table", "dry_run"])]
    refused: Option<PathBuf>,
}

/// What a file of records is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    Csv,
    Jsonl,
}

impl FileFormat {
    /// What a file's name says of it.
    pub fn of_name(path: &std::path::Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_lowercase().as_str() {
            "csv" | "tsv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            _ => None,
        }
    }
}

/// Whether cells are divided by tabs in a file of this name.
pub fn is_of_tabs(path: &std::path::Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case("tsv"))
}

impl Import {
    pub async fn run(self, sources: &Sources) -> Result<(), Failure> {
        let kind = record_kind::chosen(self.kind.as_deref())?;
        match &self.file {
            Some(file) => file::run(file, kind, &self.how, sources).await,
            None => table::run(self.table.as_deref(), kind, sources).await,
        }
    }
}
