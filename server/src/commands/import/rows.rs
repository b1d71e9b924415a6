//! The rows of a file as records: what each says is checked as at the door, and what was refused is kept as it stood.

use std::io;

use model::{
    record::{self, FieldFault, Guesses, Kind, Record},
    time::Timestamp,
};

use super::{
    columns::ColumnMap,
    csv_rows::{CellRow, CsvRows, UnkeptRow},
    json_members::{MemberReader, SeenMembers},
    text_lines::TextLines,
};

/// Reads one file.
pub struct RowReader {
    pub kind: &'static Kind,
    pub rows: FileRows,
}

/// By what a file is made of.
pub enum FileRows {
    Csv { rows: Box<CsvRows>, map: ColumnMap },
    JsonLines { lines: TextLines, members: MemberReader },
}

/// A row, and what it says as a record.
pub struct ReadRow {
    /// On which line of the file it begins.
    pub line: u64,
    pub raw: RawRow,
    /// Or why it is none.
    pub record: Result<Record, String>,
}

/// A row as it stood.
pub enum RawRow {
    Cells(CellRow),
    Line(Vec<u8>),
    /// Too long, or what it is made of is a guess.
    Unkept,
}

impl RawRow {
    pub const fn weight(&self) -> usize {
        match self {
            Self::Cells(row) => row.weight(),
            Self::Line(line) => line.len(),
            Self::Unkept => 0,
        }
    }
}

impl RowReader {
    /// How many bytes were read.
    pub const fn bytes(&self) -> u64 {
        match &self.rows {
            FileRows::Csv { rows, .. } => rows.bytes(),
            FileRows::JsonLines { lines, .. } => lines.bytes(),
        }
    }

    /// What is to be said of the members of JSON lines that were read.
    pub fn seen(&self) -> SeenMembers {
        match &self.rows {
            FileRows::Csv { .. } => SeenMembers::default(),
            FileRows::JsonLines { members, .. } => members.seen().clone(),
        }
    }

    /// The next row. `now` is its time of arrival.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn next(&mut self, now: Timestamp) -> io::Result<Option<ReadRow>> {
        let kind = self.kind;
        match &mut self.rows {
            FileRows::Csv { rows, map } => Ok(rows.next()?.map(|(line, row)| match row {
                Ok(cells) => {
                    let record = of_cells(kind, map, &cells, now);
                    ReadRow { line, raw: RawRow::Cells(cells), record }
                }
                Err(why) => unkept(line, why),
            })),
            FileRows::JsonLines { lines, members } => Ok(lines.next()?.map(|(line, text)| match text {
                Some(text) => {
                    let record = of_line(kind, members, &text, now);
                    ReadRow { line, raw: RawRow::Line(text), record }
                }
                None => unkept(line, UnkeptRow::TooLong),
            })),
        }
    }
}

fn unkept(line: u64, why: UnkeptRow) -> ReadRow {
    let why = format!("{}, and is not kept here", why.reason());
    ReadRow { line, raw: RawRow::Unkept, record: Err(why) }
}

fn of_cells(kind: &'static Kind, map: &ColumnMap, row: &CellRow, now: Timestamp) -> Result<Record, String> {
    if row.len() != map.len() {
        let cells = if row.len() == 1 { "cell" } else { "cells" };
        return Err(format!("has {} {cells}, and the header has {}", row.len(), map.len()));
    }
    made(map.draft(kind, row).accept(now))
}

fn of_line(
    kind: &'static Kind,
    reader: &mut MemberReader,
    text: &[u8],
    now: Timestamp,
) -> Result<Record, String> {
    let text = std::str::from_utf8(text).map_err(|_| "is not valid UTF-8".to_owned())?;
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        // Position and kind only: the message of serde_json repeats nothing of the line.
        return Err(format!("is not JSON: {error}"));
    }
    let members = match record::members(text) {
        Ok(members) => reader.of_line(kind, members),
        Err(fault) => return Err(sentence(&[fault])),
    };
    made(record::read_members(kind, members, &mut Guesses::default()).accept(now))
}

fn made(record: Result<Record, Vec<FieldFault>>) -> Result<Record, String> {
    record.map(Record::known_by_content).map_err(|faults| sentence(&faults))
}

fn sentence(faults: &[FieldFault]) -> String {
    let each = faults.iter().map(|fault| format!("{} {}", fault.field, fault.message).trim().to_owned());
    each.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use model::record::KINDS;

    use super::{super::columns::ColumnWishes, *};

    const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

    fn kind() -> &'static Kind {
        KINDS.iter().next().unwrap()
    }

    fn refusal(line: &[u8]) -> String {
        of_line(kind(), &mut MemberReader::new(ColumnWishes::default()), line, NOW).unwrap_err()
    }

    #[test]
    fn lines_are_held_to_the_kinds_rules() {
        let good = br#"{"campaignId":"c","runId":"r","phase":"1","agentsTotal":2,"agentsSuccessful":1,"_line":3,"_reason":"x"}"#;
        assert!(of_line(kind(), &mut MemberReader::new(ColumnWishes::default()), good, NOW).is_ok());
        for (line, piece) in [
            (&b"{\"a\":"[..], "is not JSON"),
            (b"[1]", "must be an object"),
            (b"{} {}", "is not JSON: trailing characters"),
            (b"{\"a\":\"\xff\"}", "not valid UTF-8"),
            (b"{\"agentTotal\":1}", "did you mean agentsTotal?"),
            (b"{\"phase\":1}", "campaignId is required"),
            (b"{\"phase\":\"1\\u0000\"}", "phase must be a text"),
        ] {
            assert!(refusal(line).contains(piece), "{piece}: {}", refusal(line));
        }
    }
}
