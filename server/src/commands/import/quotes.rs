//! Whether quotation marks of a row of CSV stand where they may: the parser accepts any, and one that is never closed
//! would swallow the rows behind it without a word.

/// Follows a row byte by byte, as the parser does.
pub struct QuoteWatch {
    delimiter: u8,
    place: QuotePlace,
    is_amiss: bool,
}

#[derive(Clone, Copy)]
enum QuotePlace {
    CellStart,
    Plain,
    Quoted,
    /// Behind a quotation mark that ends the cell, unless another one follows.
    QuoteInQuoted,
}

impl QuoteWatch {
    pub const fn new(delimiter: u8) -> Self {
        Self { delimiter, place: QuotePlace::CellStart, is_amiss: false }
    }

    /// A row begins.
    pub const fn begin(&mut self) {
        (self.place, self.is_amiss) = (QuotePlace::CellStart, false);
    }

    /// What comes next of it.
    pub fn pass(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.step(*byte));
    }

    /// Whether the row that ends here has a mark that is never closed, or text behind one that closes a cell.
    pub const fn is_amiss(&self) -> bool {
        self.is_amiss || matches!(self.place, QuotePlace::Quoted)
    }

    fn step(&mut self, byte: u8) {
        let ends = byte == self.delimiter || matches!(byte, b'\r' | b'\n');
        self.place = match (self.place, byte) {
            (QuotePlace::CellStart | QuotePlace::QuoteInQuoted, b'"') => QuotePlace::Quoted,
            (QuotePlace::Quoted, b'"') => QuotePlace::QuoteInQuoted,
            (QuotePlace::Quoted, _) => QuotePlace::Quoted,
            (_, _) if ends => QuotePlace::CellStart,
            (QuotePlace::QuoteInQuoted, _) => {
                self.is_amiss = true;
                QuotePlace::Plain
            }
            (QuotePlace::CellStart | QuotePlace::Plain, _) => QuotePlace::Plain,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stand_around_whole_cells() {
        for (row, is_amiss) in [
            ("a,\"b, \"\"c\"\"\n\",\"\"\r\n", false),
            ("5\" disk,b\"\n", false),
            ("a,\"b", true),
            ("a,\"b\"\"", true),
            ("\"the \"host\" is down\",b\n", true),
            ("\"a\" ,b\n", true),
        ] {
            let mut watch = QuoteWatch::new(b',');
            watch.pass(row.as_bytes());
            assert_eq!(watch.is_amiss(), is_amiss, "{row:?}");
            watch.begin();
            assert!(!watch.is_amiss());
        }
    }
}
