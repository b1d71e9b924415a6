//! The file that is named, opened: what it is made of, how its columns are read, and where its refused rows go.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use model::record::Kind;

use super::{
    FileFormat, FileOptions,
    columns::{ColumnMap, ColumnWishes, shown},
    csv_rows::CsvRows,
    is_of_tabs,
    json_members::MemberReader,
    refused::{RefusedForm, RefusedRows},
    rows::{FileRows, RowReader},
    text_lines::TextLines,
};
use crate::commands::Failure;

/// A file that can be read: its header is.
pub struct RowSource {
    pub reader: RowReader,
    /// What it is called in messages.
    pub name: String,
    /// How long it is, where that is known.
    pub bytes: Option<u64>,
    pub refused: RefusedRows,
    /// Names of columns that are not read.
    pub unread: Vec<String>,
}

/// Opens it. Nothing is written.
///
/// # Errors
/// Mistakes of usage: everything that is wrong with the file's header at once.
pub fn open(path: &Path, kind: &'static Kind, options: &FileOptions) -> Result<RowSource, Failure> {
    let usage = Failure::Usage;
    let is_pipe = path == Path::new("-");
    let format = options.format.or_else(|| FileFormat::of_name(path)).ok_or_else(|| {
        let name = if is_pipe {
            "standard input has no name"
        } else {
            "the file's name does not end in .csv or .jsonl"
        };
        usage(format!("{name}, so that --format csv or --format jsonl is needed"))
    })?;
    let renamed = ColumnWishes::renamed(&options.map, kind).map_err(usage)?;
    let wishes =
        ColumnWishes { renamed, ignored: options.ignore.clone(), ignores_unknown: options.ignore_unknown };
    if let Some(sentence) = wishes.contradiction() {
        return Err(usage(sentence));
    }
    let name = if is_pipe { "standard input".to_owned() } else { path.display().to_string() };
    let unreadable = |error: io::Error| usage(format!("{name} cannot be read: {error}; nothing was written"));
    let (input, bytes) = if is_pipe {
        (Box::new(io::stdin()) as Box<dyn Read + Send>, None)
    } else {
        file(path).map_err(unreadable)?
    };
    let beside = (!is_pipe).then_some(path);
    let (rows, form, unread) = match format {
        FileFormat::Jsonl => (
            FileRows::JsonLines { lines: TextLines::open(input), members: MemberReader::new(wishes) },
            RefusedForm::JsonLines,
            Vec::new(),
        ),
        FileFormat::Csv => {
            let delimiter = options.delimiter.as_deref().map(delimiter).transpose().map_err(usage)?;
            let delimiter = delimiter.or_else(|| is_of_tabs(path).then_some(b'\t'));
            let rows = CsvRows::open(input, delimiter).map_err(unreadable)?;
            csv(rows, &name, kind, &wishes, unreadable)?
        }
    };
    let refused = match &options.refused {
        Some(file) => RefusedRows::named(form, file.clone()).map_err(usage)?,
        None => RefusedRows::beside(form, beside),
    };
    Ok(RowSource { reader: RowReader { kind, rows }, name, bytes, refused, unread })
}

fn file(path: &Path) -> io::Result<(Box<dyn Read + Send>, Option<u64>)> {
    let about = fs::metadata(path)?;
    if about.is_dir() {
        return Err(io::Error::other("it is a folder"));
    }
    Ok((Box::new(File::open(path)?), about.is_file().then_some(about.len())))
}

fn csv(
    mut rows: CsvRows,
    name: &str,
    kind: &'static Kind,
    wishes: &ColumnWishes,
    unreadable: impl Fn(io::Error) -> Failure,
) -> Result<(FileRows, RefusedForm, Vec<String>), Failure> {
    let unfit = |faults: &[String]| {
        let faults: String = faults.iter().map(|fault| format!("\n  {fault}")).collect();
        Failure::Usage(format!("{name} cannot be taken in, and nothing was written:{faults}"))
    };
    let header = match rows.next().map_err(&unreadable)? {
        Some((_, Ok(header))) => header,
        Some((_, Err(why))) => return Err(unfit(&[format!("its first line {}", why.reason())])),
        None => return Err(unfit(&["it is empty; its first line names the columns".to_owned()])),
    };
    let names: Vec<String> =
        header.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect();
    let map = ColumnMap::of(kind, &names, wishes).map_err(|faults| unfit(&faults))?;
    let unread = map.unread().map(|at| shown(&names[at])).collect();
    let form = RefusedForm::Csv { header, delimiter: rows.delimiter() };
    Ok((FileRows::Csv { rows: Box::new(rows), map }, form, unread))
}

fn delimiter(word: &str) -> Result<u8, String> {
    match word.as_bytes() {
        b"tab" | b"\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n' | 0) => Ok(*byte),
        _ => Err(format!("--delimiter {word:?} is not one character of ASCII; say tab for a tab")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_are_one_character() {
        assert_eq!(["tab", "\\t", ";", "|"].map(|word| delimiter(word).unwrap()), [b'\t', b'\t', b';', b'|']);
        for word in ["", "\"", "ab", "é", "\n"] {
            assert!(delimiter(word).is_err(), "{word:?}");
        }
    }
}
