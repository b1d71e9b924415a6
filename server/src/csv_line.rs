//! Writes CSV as RFC 4180 says: a cell is in quotes where it has to be, and a line ends in CR LF.

/// What a formula begins with, or what is passed over before one. Some spreadsheets take the wide forms as well.
const FORMULAS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Adds a line of these cells.
pub fn push<'a>(line: &mut Vec<u8>, delimiter: u8, cells: impl IntoIterator<Item = &'a [u8]>) {
    let begun = line.len();
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            line.push(delimiter);
        }
        push_cell(line, delimiter, cell);
    }
    if line.len() == begun {
        // An empty line would be no row.
        line.extend_from_slice(b"\"\"");
    }
    line.extend_from_slice(b"\r\n");
}

/// What a spreadsheet would take for a formula, so that it shows it as it is: behind an apostrophe.
pub fn defused(cell: String) -> String {
    let is_formula = cell.starts_with(FORMULAS);
    if is_formula { format!("'{cell}") } else { cell }
}

fn push_cell(line: &mut Vec<u8>, delimiter: u8, cell: &[u8]) {
    if !cell.iter().any(|byte| *byte == delimiter || matches!(byte, b'"' | b'\r' | b'\n')) {
        line.extend_from_slice(cell);
        return;
    }
    line.push(b'"');
    for byte in cell {
        if *byte == b'"' {
            line.push(b'"');
        }
        line.push(*byte);
    }
    line.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(delimiter: u8, cells: &[&str], expected: &str) {
        let mut line = Vec::new();
        push(&mut line, delimiter, cells.iter().map(|cell| cell.as_bytes()));
        assert_eq!(String::from_utf8(line).unwrap(), expected);
    }

    #[test]
    fn formulas_stand_behind_an_apostrophe() {
        for formula in ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"] {
            assert_eq!(defused(formula.to_owned()), format!("'{formula}"));
        }
        for text in ["", "a=b", "'=1", "1-2", "Ä"] {
            assert_eq!(defused(text.to_owned()), text);
        }
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        check(b',', &["a", "", "b;c"], "a,,b;c\r\n");
        check(
            b';',
            &["a,b", "c;d", "say \"no\"", "two\nlines"],
            "a,b;\"c;d\";\"say \"\"no\"\"\";\"two\nlines\"\r\n",
        );
        check(b',', &[""], "\"\"\r\n");
    }
}
