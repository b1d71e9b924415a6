//! CSV read row by row, whatever the file's size: a row is at most one mebibyte, and what is longer is passed over.

use std::io::{self, BufRead as _, BufReader, Cursor, Read};

use csv_core::{ReadRecordResult, ReaderBuilder};

use super::quotes::QuoteWatch;

/// What a row may have, in bytes: as much as a request over HTTP.
pub const ROW_BYTES_MAX: usize = 1024 * 1024;
const CELLS_MAX: usize = 4_096;
/// What the first line is looked for in.
const HEADER_MAX: usize = 64 * 1024;
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// The rows of a file.
pub struct CsvRows {
    input: BufReader<Box<dyn Read + Send>>,
    parser: csv_core::Reader,
    delimiter: u8,
    quotes: QuoteWatch,
    cells: Vec<u8>,
    ends: Vec<usize>,
    line: u64,
    bytes: u64,
}

/// Why a row is passed over, and not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnkeptRow {
    TooLong,
    TooManyCells,
    /// Where it ends is a guess.
    Misquoted,
}

impl UnkeptRow {
    /// Goes on after the row, or the line on which it begins.
    pub fn reason(self) -> String {
        match self {
            Self::TooLong => format!("is longer than {} KiB", ROW_BYTES_MAX / 1024),
            Self::TooManyCells => format!("has more than {CELLS_MAX} cells"),
            Self::Misquoted => "has a quotation mark that is never closed, or text behind one".to_owned(),
        }
    }
}

/// The cells of one row, as they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CellRow {
    cells: Vec<u8>,
    ends: Vec<usize>,
}

impl CellRow {
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(from, to)| &self.cells[from..*to])
    }

    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    pub const fn weight(&self) -> usize {
        self.cells.len() + 8 * self.ends.len()
    }
}

impl CsvRows {
    /// Without a delimiter the first line says which it is: the one of comma, semicolon and tab that stands there most often.
    ///
    /// # Errors
    /// When nothing can be read, or it is no UTF-8 from its first bytes on.
    pub fn open(mut input: Box<dyn Read + Send>, delimiter: Option<u8>) -> io::Result<Self> {
        let beginning = first_line(&mut input)?;
        let delimiter = delimiter.unwrap_or_else(|| most_frequent(&beginning));
        Ok(Self {
            input: BufReader::with_capacity(64 * 1024, Box::new(Cursor::new(beginning).chain(input))),
            parser: ReaderBuilder::new().delimiter(delimiter).build(),
            delimiter,
            quotes: QuoteWatch::new(delimiter),
            cells: vec![0; 8 * 1024],
            ends: vec![0; CELLS_MAX],
            line: 1,
            bytes: 0,
        })
    }

    pub const fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// How many bytes were read.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next row with the line on which it begins; or why it is passed over. Empty lines are no rows.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn next(&mut self) -> io::Result<Option<(u64, Result<CellRow, UnkeptRow>)>> {
        self.skip_line_ends()?;
        self.quotes.begin();
        let line = self.line;
        let (mut written, mut ended, mut unkept) = (0, 0, None);
        loop {
            let input = self.input.fill_buf()?;
            let (cells, ends) = (&mut self.cells[written..], &mut self.ends[ended..]);
            let (result, read, added, more) = self.parser.read_record(input, cells, ends);
            self.line += line_feeds(&input[..read]);
            self.quotes.pass(&input[..read]);
            self.bytes += read as u64;
            self.input.consume(read);
            (written, ended) = (written + added, ended + more);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.cells.len() < ROW_BYTES_MAX && unkept.is_none() => {
                    self.cells.resize(2 * self.cells.len(), 0);
                }
                ReadRecordResult::OutputFull => unkept = unkept.or(Some(UnkeptRow::TooLong)),
                ReadRecordResult::OutputEndsFull => unkept = unkept.or(Some(UnkeptRow::TooManyCells)),
                ReadRecordResult::Record => {
                    let unkept = if self.quotes.is_amiss() { Some(UnkeptRow::Misquoted) } else { unkept };
                    let (cells, ends) = (&self.cells[..written], &self.ends[..ended]);
                    let row = || CellRow { cells: cells.to_vec(), ends: ends.to_vec() };
                    return Ok(Some((line, unkept.map_or_else(|| Ok(row()), Err))));
                }
                ReadRecordResult::End => return Ok(None),
            }
            if unkept.is_some() {
                // The rest of it is read over.
                (written, ended) = (0, 0);
            }
        }
    }

    /// So that the line of a row is the one on which it begins.
    fn skip_line_ends(&mut self) -> io::Result<()> {
        loop {
            let input = self.input.fill_buf()?;
            let ends = input.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            let is_all = ends == input.len() && ends > 0;
            self.line += line_feeds(&input[..ends]);
            self.bytes += ends as u64;
            self.input.consume(ends);
            if !is_all {
                return Ok(());
            }
        }
    }
}

/// The beginning of the file up to the end of its first line at least, without a mark of UTF-8.
fn first_line(input: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut beginning = Vec::new();
    let mut part = [0; 4 * 1024];
    while beginning.len() < HEADER_MAX && !beginning.contains(&b'\n') {
        match input.read(&mut part) {
            Ok(0) => break,
            Ok(read) => beginning.extend_from_slice(&part[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if beginning.starts_with(b"\xff\xfe") || beginning.starts_with(b"\xfe\xff") {
        return Err(io::Error::other("it is written in UTF-16; save it as CSV in UTF-8"));
    }
    if beginning.starts_with(b"\xef\xbb\xbf") {
        beginning.drain(..3);
    }
    Ok(beginning)
}

fn most_frequent(beginning: &[u8]) -> u8 {
    let mut is_quoted = false;
    let mut counts = [0_usize; DELIMITERS.len()];
    for byte in beginning.iter().take_while(|byte| !matches!(byte, b'\r' | b'\n')) {
        is_quoted ^= *byte == b'"';
        if let Some(at) = DELIMITERS.iter().position(|delimiter| delimiter == byte && !is_quoted) {
            counts[at] += 1;
        }
    }
    // Of equals the first, which is the comma.
    let most = (0..DELIMITERS.len()).rev().max_by_key(|at| counts[*at]);
    DELIMITERS[most.unwrap_or(0)]
}

fn line_feeds(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    type Rows = Vec<(u64, Result<Vec<String>, UnkeptRow>)>;

    /// However small the pieces are in which the text comes.
    fn rows_of(text: &[u8]) -> Rows {
        let of = |piece: usize| {
            let input = Box::new(Pieces(text.to_vec(), piece));
            let mut rows = CsvRows::open(input, None).unwrap();
            let mut all = Vec::new();
            while let Some((line, row)) = rows.next().unwrap() {
                let cells =
                    |row: CellRow| row.iter().map(|c| String::from_utf8_lossy(c).into_owned()).collect();
                all.push((line, row.map(cells)));
            }
            all
        };
        let all = of(text.len().max(1));
        if text.len() < 1_000 {
            assert_eq!(of(1), all);
        }
        all
    }

    struct Pieces(Vec<u8>, usize);

    impl Read for Pieces {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let some = self.1.min(to.len()).min(self.0.len());
            to[..some].copy_from_slice(&self.0[..some]);
            self.0.drain(..some);
            Ok(some)
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &[(u64, &[&str])]) {
        let expected: Rows = expected
            .iter()
            .map(|(line, cells)| (*line, Ok(cells.iter().map(|cell| (*cell).to_owned()).collect())))
            .collect();
        assert_eq!(rows_of(text.as_bytes()), expected, "{text:?}");
    }

    #[test]
    fn rows_end_in_any_way() {
        check("a,b\n1,2\n3,4", &[(1, &["a", "b"]), (2, &["1", "2"]), (3, &["3", "4"])]);
        check("\u{feff}a,b\r\n1,2\r\n\r\n3,\r\n", &[(1, &["a", "b"]), (2, &["1", "2"]), (4, &["3", ""])]);
        check("", &[]);
        check("\n\r\n", &[]);
    }

    #[test]
    fn quoted_cells_hold_anything() {
        check(
            "a,b\n\"x\r\ny\",\"say \"\"no\"\", or\"\n1,\"\"\n",
            &[(1, &["a", "b"]), (2, &["x\r\ny", "say \"no\", or"]), (4, &["1", ""])],
        );
    }

    #[test]
    fn the_header_tells_the_delimiter() {
        check("a;b,c;d\n1;2;3\n", &[(1, &["a", "b,c", "d"]), (2, &["1", "2", "3"])]);
        check("a\tb\n1\t2,5\n", &[(1, &["a", "b"]), (2, &["1", "2,5"])]);
        check("\"a;b;c\",d\n", &[(1, &["a;b;c", "d"])]);
    }

    #[test]
    fn long_rows_are_passed_over() {
        let long = format!("a,b\n1,{}\n2,3\n", "x".repeat(10 * ROW_BYTES_MAX));
        let rows = rows_of(long.as_bytes());
        assert_eq!((rows.len(), &rows[1]), (3, &(2, Err(UnkeptRow::TooLong))));
        assert_eq!(rows[2], (3, Ok(vec!["2".to_owned(), "3".to_owned()])));
        let wide = format!("a\n{}\nb\n", ",".repeat(2 * CELLS_MAX));
        assert_eq!(
            rows_of(wide.as_bytes())[1..],
            [(2, Err(UnkeptRow::TooManyCells)), (3, Ok(vec!["b".to_owned()]))]
        );
        let whole = format!("a\n{}\n", "x".repeat(ROW_BYTES_MAX - 8));
        assert!(rows_of(whole.as_bytes())[1].1.is_ok());
    }

    #[test]
    fn misplaced_marks_swallow_no_rows() {
        let amiss = Err(UnkeptRow::Misquoted);
        let open = rows_of(b"a,b\nerror,\"no answer\nt2,success\nt3,success\n");
        assert_eq!(open[1..], [(2, amiss.clone())]);
        let closed = rows_of(b"a,b\nerror,\"no answer\nerror,\"timeout\"\nt3,x\n");
        assert_eq!(closed[1..], [(2, amiss.clone()), (4, Ok(vec!["t3".to_owned(), "x".to_owned()]))]);
        let text = rows_of(b"a,b\n1,\"the \"host\" is down\"\n2,3\n");
        assert_eq!(text[1..], [(2, amiss), (3, Ok(vec!["2".to_owned(), "3".to_owned()]))]);
    }

    #[test]
    fn utf_16_is_named() {
        let said = CsvRows::open(Box::new(&b"\xff\xfea\0"[..]), None).err().unwrap().to_string();
        assert!(said.contains("UTF-16"), "{said}");
    }
}
