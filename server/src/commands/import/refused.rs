//! The file of rows that were refused: each as it stood, with its line and the reason, to be mended and taken in again.

use std::{
    fs::File,
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use model::record;

use super::{
    columns::ADDED,
    csv_rows::CellRow,
    is_of_tabs,
    rows::{RawRow, ReadRow},
};
use crate::{
    commands::unfinished_file::{UnfinishedFile, is_taken, remove_leftovers},
    csv_line,
};

/// The file, which is made for the first row, and has its name once it is whole.
pub struct RefusedRows {
    form: RefusedForm,
    target: PathBuf,
    /// Another name may be taken where this one is.
    is_free: bool,
    file: Option<(UnfinishedFile, BufWriter<File>)>,
}

/// As the file of which the rows are.
pub enum RefusedForm {
    Csv { header: CellRow, delimiter: u8 },
    JsonLines,
}

impl RefusedRows {
    /// Into a file that was named, which is tried.
    ///
    /// # Errors
    /// When it is there already or cannot be made, in a sentence.
    pub fn named(form: RefusedForm, target: PathBuf) -> Result<Self, String> {
        let file = target.display();
        if is_taken(&target) {
            return Err(format!(
                "{file} is there already; name another file with --refused, or move that one aside"
            ));
        }
        UnfinishedFile::begin(&target).map_err(|error| {
            format!(
                "{file} cannot be written: {error}; name another file with --refused; nothing was written"
            )
        })?;
        Ok(Self { form, target, is_free: false, file: None })
    }

    /// Beside the file that is read; beside no file, in the working folder.
    pub fn beside(form: RefusedForm, file: Option<&Path>) -> Self {
        let end = match form {
            RefusedForm::Csv { delimiter: b'\t', .. } if file.is_some_and(is_of_tabs) => "refused.tsv",
            RefusedForm::Csv { .. } => "refused.csv",
            RefusedForm::JsonLines => "refused.jsonl",
        };
        let target = file.unwrap_or(Path::new("import")).with_extension(end);
        Self { form, target, is_free: true, file: None }
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add(&mut self, row: &ReadRow, reason: &str) -> io::Result<()> {
        let (_, file) = match &mut self.file {
            Some(file) => file,
            none => none.insert(begun(&self.form, &self.target)?),
        };
        file.write_all(&self.form.line(row, reason))
    }

    /// Where the rows are; none where there are none. What an import left here that was killed is gone by then.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(self) -> io::Result<Option<PathBuf>> {
        let Some((unfinished, mut file)) = self.file else {
            remove_leftovers(&self.target);
            return Ok(None);
        };
        file.flush()?;
        file.get_ref().sync_all()?;
        loop {
            let target = if self.is_free { free(&self.target) } else { self.target.clone() };
            match unfinished.publish(&target) {
                // Another import was quicker.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && self.is_free => {}
                done => return done.map(|()| Some(target)),
            }
        }
    }

    /// What it is about, for a message.
    pub fn target(&self) -> &Path {
        &self.target
    }
}

/// What is refused may be just what must not be seen.
fn begun(form: &RefusedForm, target: &Path) -> io::Result<(UnfinishedFile, BufWriter<File>)> {
    let (unfinished, file) = UnfinishedFile::begin(target)?;
    let mut file = BufWriter::new(file);
    if let RefusedForm::Csv { header, delimiter } = form {
        let mut line = Vec::new();
        let added = ADDED[..2].iter().map(|name| name.as_bytes());
        csv_line::push(&mut line, *delimiter, added.chain(own(header, header).map(|(_, cell)| cell)));
        file.write_all(&line)?;
    }
    Ok((unfinished, file))
}

/// `runs.refused.csv`, or the first of `runs.refused-2.csv` and so on that is not there.
fn free(target: &Path) -> PathBuf {
    let (stem, end) = (target.file_stem().unwrap_or_default(), target.extension().unwrap_or_default());
    let (stem, end) = (stem.to_string_lossy(), end.to_string_lossy());
    let others = (2..).map(|number: u32| target.with_file_name(format!("{stem}-{number}.{end}")));
    std::iter::once(target.to_owned()).chain(others).find(|path| !is_taken(path)).unwrap_or(target.to_owned())
}

/// The cells of a row that are the file's own, with their places.
fn own<'a>(header: &'a CellRow, row: &'a CellRow) -> impl Iterator<Item = (usize, &'a [u8])> {
    let is_added = |name: &[u8]| ADDED.iter().any(|added| added.as_bytes() == name);
    let added = header.iter().enumerate().filter(|(_, name)| is_added(name)).map(|(at, _)| at);
    let added: Vec<usize> = added.collect();
    row.iter().enumerate().filter(move |(at, _)| !added.contains(at))
}

impl RefusedForm {
    fn line(&self, row: &ReadRow, reason: &str) -> Vec<u8> {
        let number = row.line.to_string();
        let mut line = Vec::new();
        match (self, &row.raw) {
            (Self::Csv { header, delimiter }, RawRow::Cells(cells)) => {
                let added = [number.as_bytes(), reason.as_bytes()].into_iter();
                let own = own(header, cells).map(|(_, cell)| cell);
                csv_line::push(&mut line, *delimiter, added.chain(own));
            }
            (Self::Csv { delimiter, .. }, _) => {
                csv_line::push(&mut line, *delimiter, [number.as_bytes(), reason.as_bytes()]);
            }
            (Self::JsonLines, RawRow::Line(text)) => line = json_line(row.line, reason, text),
            (Self::JsonLines, _) => line = json_line(row.line, reason, b""),
        }
        line
    }
}

/// The object with members in front that say what is wrong; what is no object stands in a member of its own.
fn json_line(number: u64, reason: &str, text: &[u8]) -> Vec<u8> {
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let mut line = format!("{{\"_line\":{number},\"_reason\":{}", json(reason));
    let lossy = String::from_utf8_lossy(text);
    match std::str::from_utf8(text).ok().and_then(|text| record::members(text).ok()) {
        Some(members) => {
            for (name, raw) in members.iter().filter(|(name, _)| !ADDED.contains(&name.as_ref())) {
                line.push_str(&format!(",{}:{raw}", json(name)));
            }
        }
        None if lossy.is_empty() => {}
        None => line.push_str(&format!(",\"_row\":{}", json(lossy.trim_end()))),
    }
    line.push_str("}\n");
    line.into_bytes()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn refused(text: &str) -> String {
        String::from_utf8(json_line(7, "is \"odd\"", text.as_bytes())).unwrap()
    }

    #[test]
    fn json_rows_keep_every_member() {
        assert_eq!(
            refused(r#" {"a":1.50, "a":[1, 2], "_line":3,"_reason":"old"}"#),
            "{\"_line\":7,\"_reason\":\"is \\\"odd\\\"\",\"a\":1.50,\"a\":[1, 2]}\n"
        );
        assert_eq!(refused("[1,"), "{\"_line\":7,\"_reason\":\"is \\\"odd\\\"\",\"_row\":\"[1,\"}\n");
        assert_eq!(refused(""), "{\"_line\":7,\"_reason\":\"is \\\"odd\\\"\"}\n");
    }

    #[test]
    fn earlier_refusals_are_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("runs.csv");
        let names: Vec<String> = (0..3)
            .map(|_| {
                let mut rows = RefusedRows::beside(RefusedForm::JsonLines, Some(&input));
                let row = ReadRow { line: 1, raw: RawRow::Unkept, record: Err(String::new()) };
                rows.add(&row, "why").unwrap();
                let path = rows.finish().unwrap().unwrap();
                path.file_name().unwrap().to_string_lossy().into_owned()
            })
            .collect();
        assert_eq!(names, ["runs.refused.jsonl", "runs.refused-2.jsonl", "runs.refused-3.jsonl"]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "nothing unfinished is left");
    }
}
