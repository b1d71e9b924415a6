//! What an import says of numbers of rows.

use app::presenter::count;

/// `1 row was`, `2,063 rows were`.
pub fn rows_were(number: i64) -> String {
    format!("{} {} {}", count(number), if number == 1 { "row" } else { "rows" }, was(number))
}

/// `1 was`, `2,063 were`.
pub fn were(number: i64) -> String {
    format!("{} {}", count(number), was(number))
}

pub const fn is_or_are(number: i64) -> &'static str {
    if number == 1 { "is" } else { "are" }
}

pub const fn it_or_them(number: i64) -> &'static str {
    if number == 1 { "it" } else { "them" }
}

const fn was(number: i64) -> &'static str {
    if number == 1 { "was" } else { "were" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_is_no_rows() {
        assert_eq!([rows_were(1), rows_were(2_063)], ["1 row was", "2,063 rows were"]);
        assert_eq!([were(0), were(1)], ["0 were", "1 was"]);
        assert_eq!([is_or_are(1), is_or_are(2), it_or_them(1), it_or_them(0)], ["is", "are", "it", "them"]);
    }
}
