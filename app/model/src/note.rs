//! What people write at a day, so that others know later what happened then.

use jiff::civil::Date;
use uuid::Uuid;

use crate::{record::FieldFault, text, time::Timestamp};

/// How many characters a note has at most.
pub const NOTE_CHARS: usize = 200;
/// How many characters the name of who wrote it has at most.
pub const AUTHOR_CHARS: usize = 60;

/// A note as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayNote {
    /// Which note it is.
    pub id: Uuid,
    /// At which day, and what it says.
    pub written: WrittenNote,
    /// When it came in.
    pub made_at: Timestamp,
}

/// A note as a person writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenNote {
    /// The day, as `2026-11-21`: whichever stretch of time that is on the calendar of those who look.
    pub day: String,
    /// What it says.
    pub text: String,
    /// Who wrote it; empty where that is not said.
    pub author: String,
}

impl WrittenNote {
    /// Reads what a person wrote. White space at the ends is left out.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(day: &str, text: &str, author: &str) -> Result<Self, Vec<FieldFault>> {
        let (text, author) = (text.trim(), author.trim());
        let faults: Vec<FieldFault> = [
            (!is_day(day))
                .then(|| FieldFault::new("day", "must be a day from the year 2000 on, as in 2026-11-21")),
            fault("text", text, 1, NOTE_CHARS),
            fault("author", author, 0, AUTHOR_CHARS),
        ]
        .into_iter()
        .flatten()
        .collect();
        if faults.is_empty() {
            Ok(Self { day: day.to_owned(), text: text.to_owned(), author: author.to_owned() })
        } else {
            Err(faults)
        }
    }
}

/// Whether a text may be the name of who wrote a note.
#[must_use]
pub fn is_author(text: &str) -> bool {
    fault("author", text, 0, AUTHOR_CHARS).is_none()
}

/// Whether a text is a day of the calendar in the one way of writing it that sorts.
#[must_use]
pub fn is_day(text: &str) -> bool {
    let day: Option<Date> = text.parse().ok();
    day.is_some_and(|day| day.year() >= 2000 && day.to_string() == text)
}

fn fault(field: &str, text: &str, least: usize, most: usize) -> Option<FieldFault> {
    let length = text.chars().count();
    let flaw = text::flaw(text).filter(|_| !text.is_empty());
    let rule = || format!("must be a text of {least} to {most} characters");
    if length < least || length > most {
        return Some(FieldFault::new(field, rule()));
    }
    flaw.map(|flaw| FieldFault::new(field, format!("{}, {flaw}", rule())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(day: &str, text: &str, author: &str) -> Vec<String> {
        let read = WrittenNote::read(day, text, author);
        read.map_or_else(|faults| faults.into_iter().map(|fault| fault.field).collect(), |_| Vec::new())
    }

    #[test]
    fn a_note_is_short_printed_text() {
        let most = "ü".repeat(NOTE_CHARS);
        assert_eq!(faults("2026-11-21", &most, &"n".repeat(AUTHOR_CHARS)), [""; 0]);
        let note = WrittenNote::read("2026-11-21", " a <b> ", " ").unwrap();
        assert_eq!((note.text.as_str(), note.author.as_str()), ("a <b>", ""));
        assert_eq!(faults("2026-11-21", &format!("{most}x"), &"n".repeat(61)), ["text", "author"]);
        assert_eq!(faults("2026-11-21", " ", "a\nb"), ["text", "author"]);
        for text in ["a\u{7}b", "a\u{202e}b", "\u{200b}"] {
            assert_eq!(faults("2026-11-21", text, ""), ["text"], "{text:?}");
        }
    }

    #[test]
    fn days_are_written_in_one_way() {
        for day in
            ["", "2026-02-30", "2026-2-03", "20261121", "2026-11-21T00:00", "1999-12-31", "+002026-11-21"]
        {
            assert_eq!(faults(day, "a", ""), ["day"], "{day}");
        }
        assert!(is_day("2028-02-29") && is_day("9999-12-30"));
    }
}
