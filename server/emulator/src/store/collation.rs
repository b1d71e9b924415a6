//! How text compares: without regard to case, as SQL Server's usual collations do.

use std::cmp::Ordering;

/// Compares by lower case. ASCII, which is nearly all there is, needs no tables for that.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        return a.bytes().map(|b| b.to_ascii_lowercase()).cmp(b.bytes().map(|b| b.to_ascii_lowercase()));
    }
    a.chars().flat_map(char::to_lowercase).cmp(b.chars().flat_map(char::to_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_no_difference() {
        assert_eq!(compare("Max", "mAX"), Ordering::Equal);
        assert_eq!(compare("Ünïcode", "ÜNÏCODE"), Ordering::Equal);
        assert_eq!(compare("a", "B"), Ordering::Less);
        assert_eq!(compare("a", "ab"), Ordering::Less);
    }
}
