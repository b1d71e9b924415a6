//! Lines of a text, whatever the file's size: what is longer than a request over HTTP is passed over.

use std::io::{self, BufRead as _, BufReader, Read};

use super::csv_rows::ROW_BYTES_MAX;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The lines of a file.
pub struct TextLines {
    input: BufReader<Box<dyn Read + Send>>,
    line: u64,
    bytes: u64,
}

impl TextLines {
    pub fn open(input: Box<dyn Read + Send>) -> Self {
        Self { input: BufReader::with_capacity(64 * 1024, input), line: 0, bytes: 0 }
    }

    /// How many bytes were read.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next line that is not blank with its number; without its text where it is too long.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn next(&mut self) -> io::Result<Option<(u64, Option<Vec<u8>>)>> {
        loop {
            let Some(text) = self.line()? else { return Ok(None) };
            self.line += 1;
            match text {
                Some(text) if text.trim_ascii().is_empty() => {}
                text => return Ok(Some((self.line, text))),
            }
        }
    }

    fn line(&mut self) -> io::Result<Option<Option<Vec<u8>>>> {
        let (mut text, mut is_too_long, mut has_begun) = (Vec::new(), false, false);
        loop {
            let input = self.input.fill_buf()?;
            if input.is_empty() {
                return Ok(has_begun.then(|| self.of(text, is_too_long)));
            }
            has_begun = true;
            let end = input.iter().position(|byte| *byte == b'\n');
            let part = &input[..end.unwrap_or(input.len())];
            is_too_long |= text.len() + part.len() > ROW_BYTES_MAX;
            if is_too_long {
                text = Vec::new();
            } else {
                text.extend_from_slice(part);
            }
            let read = part.len() + usize::from(end.is_some());
            self.bytes += read as u64;
            self.input.consume(read);
            if end.is_some() {
                return Ok(Some(self.of(text, is_too_long)));
            }
        }
    }

    fn of(&self, mut text: Vec<u8>, is_too_long: bool) -> Option<Vec<u8>> {
        if self.line == 0 && text.starts_with(BYTE_ORDER_MARK) {
            text.drain(..BYTE_ORDER_MARK.len());
        }
        (!is_too_long).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<(u64, Option<Vec<u8>>)> {
        let mut lines = TextLines::open(Box::new(io::Cursor::new(text.to_vec())));
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push(line);
        }
        assert_eq!(lines.bytes(), text.len() as u64);
        all
    }

    #[test]
    fn blank_lines_are_skipped() {
        let found = lines(b"\xef\xbb\xbf{}\r\n\n  \n[]");
        assert_eq!(found, [(1, Some(b"{}\r".to_vec())), (4, Some(b"[]".to_vec()))]);
        assert_eq!(lines(b""), []);
    }

    #[test]
    fn long_lines_are_passed_over() {
        let text = [&b"1\n"[..], &vec![b'x'; 10 * ROW_BYTES_MAX], b"\n2\n"].concat();
        assert_eq!(lines(&text), [(1, Some(b"1".to_vec())), (2, None), (3, Some(b"2".to_vec()))]);
    }
}
