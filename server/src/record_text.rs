//! Records as text: the members that a sender may fill, under their JSON names, so that they can be taken in again.

use model::{
    decimal,
    record::{FieldType, Identity, Kind, Need, Record, Stored, Value, field_json},
    time::Timestamp,
};
use serde_json::Value as Json;

use crate::csv_line;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How the records of a kind are written.
pub struct RecordText {
    members: Vec<WrittenMember>,
    form: TextForm,
    /// Between the cells of CSV.
    delimiter: u8,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum TextForm {
    Csv,
    Spreadsheet,
    Download,
    JsonLines,
}

/// A member under its JSON name, by its position.
struct WrittenMember {
    name: &'static str,
    place: MemberPlace,
}

#[derive(Clone, Copy)]
enum MemberPlace {
    Id,
    Field(usize),
    Name(usize),
}

impl RecordText {
    pub fn csv(kind: &'static Kind, delimiter: u8) -> Self {
        Self { members: members(kind, false), form: TextForm::Csv, delimiter }
    }

    pub fn spreadsheet(kind: &'static Kind, delimiter: u8) -> Self {
        Self { members: members(kind, true), form: TextForm::Spreadsheet, delimiter }
    }

    /// For people and programs alike: with what is computed, and nothing that a spreadsheet would take for a formula.
    pub fn download(kind: &'static Kind) -> Self {
        Self { members: members(kind, true), form: TextForm::Download, delimiter: b',' }
    }

    pub fn json_lines(kind: &'static Kind) -> Self {
        Self { members: members(kind, false), form: TextForm::JsonLines, delimiter: b',' }
    }

    /// What stands before the first record.
    pub fn head(&self) -> Vec<u8> {
        let mut head = Vec::new();
        match self.form {
            TextForm::JsonLines => return head,
            TextForm::Spreadsheet => head.extend_from_slice(BYTE_ORDER_MARK),
            TextForm::Csv | TextForm::Download => {}
        }
        csv_line::push(&mut head, self.delimiter, self.members.iter().map(|member| member.name.as_bytes()));
        head
    }

    /// Adds a line.
    pub fn push(&self, lines: &mut Vec<u8>, stored: &Stored) {
        if self.form == TextForm::JsonLines {
            self.push_json(lines, stored);
            return;
        }
        let cells: Vec<String> = self.members.iter().map(|member| self.cell(member.place, stored)).collect();
        csv_line::push(lines, self.delimiter, cells.iter().map(String::as_bytes));
    }

    fn push_json(&self, lines: &mut Vec<u8>, stored: &Stored) {
        let mut line = String::from("{");
        for member in &self.members {
            let json = json(member.place, stored);
            if json.is_null() {
                continue;
            }
            let comma = if line.len() > 1 { "," } else { "" };
            line.push_str(&format!("{comma}\"{}\":{json}", member.name));
        }
        line.push_str("}\n");
        lines.extend_from_slice(line.as_bytes());
    }

    fn cell(&self, place: MemberPlace, stored: &Stored) -> String {
        let record = &stored.record;
        let (cell, is_text) = match place {
            MemberPlace::Id => (stored.id.to_string(), false),
            MemberPlace::Name(at) => (record.names()[at].clone().unwrap_or_default(), true),
            MemberPlace::Field(at) => of_field(record, at),
        };
        let is_for_people = matches!(self.form, TextForm::Spreadsheet | TextForm::Download);
        if is_text && is_for_people { csv_line::defused(cell) } else { cell }
    }
}

/// Its text, and whether a sender chose it.
fn of_field(record: &Record, at: usize) -> (String, bool) {
    match (&record.values()[at], record.kind().fields[at].ty) {
        (Value::Nothing, _) => (String::new(), false),
        (Value::Text(text), _) => (text.clone(), true),
        (Value::Integer(number), FieldType::Decimal { scale, .. }) => {
            (decimal::format(*number, scale), false)
        }
        (Value::Integer(number), FieldType::Time) => (Timestamp::from_micros(*number).to_string(), false),
        (Value::Integer(number), FieldType::Flag) => ((*number != 0).to_string(), false),
        (Value::Integer(number), _) => (number.to_string(), false),
        (Value::Uuid(id), _) => (id.to_string(), false),
    }
}

fn json(place: MemberPlace, stored: &Stored) -> Json {
    let record = &stored.record;
    match place {
        MemberPlace::Id => Json::from(stored.id.to_string()),
        MemberPlace::Name(at) => record.names()[at].clone().map_or(Json::Null, Json::from),
        MemberPlace::Field(at) => field_json(&record.kind().fields[at], &record.values()[at]),
    }
}

/// An id of its own first, then the fields, each with the name of what it points at behind it.
fn members(kind: &'static Kind, with_computed: bool) -> Vec<WrittenMember> {
    let mut members = Vec::new();
    if let Identity::Given(name) = kind.identity {
        members.push(WrittenMember { name, place: MemberPlace::Id });
    }
    for (at, field) in kind.fields.iter().enumerate() {
        if field.need != Need::Derived || with_computed {
            members.push(WrittenMember { name: field.json, place: MemberPlace::Field(at) });
        }
        let names = kind.pointers.iter().enumerate().filter(|(_, pointer)| pointer.field == at);
        members.extend(names.filter_map(|(at, pointer)| {
            Some(WrittenMember { name: pointer.name?.json, place: MemberPlace::Name(at) })
        }));
    }
    members
}

#[cfg(test)]
mod tests;
