//! What people wrote at days: marks on the chart's axis with their words where there is room, and all of them as a list.

use std::collections::BTreeMap;

use model::note::DayNote;

use super::{period::Period, words};

/// A mark on the axis, in hundredths of a percent of the drawing's width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoteMark {
    pub at: u16,
    /// Where there is room for them.
    pub words: Option<NoteWords>,
    /// All that was written there, which the mark says when it is pointed at.
    pub told: String,
}

/// Words beside a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoteWords {
    /// What was written; then by whom, and the day.
    pub lines: [String; 2],
    /// Whether they stand on its left.
    pub is_left: bool,
}

/// The notes of some days, newest day first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NoteList {
    pub title: String,
    pub rows: Vec<NoteRow>,
    /// How many more there are.
    pub more: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoteRow {
    pub id: String,
    pub day: String,
    pub text: String,
    pub author: String,
}

/// A line of words beside a mark has no more characters than this.
const LINE: usize = 44;
/// How wide a character is, about, in hundredths of a percent of a drawing that has room for words.
const CHARACTER: u16 = 95;
/// How far words are from their mark, and from another one.
const GAP: u16 = 100;
const WIDTH: u16 = 10_000;
/// How many notes a page lists.
const LISTED: usize = 100;

/// The marks, from left to right. `place` says where a bucket's beginning or its middle is.
pub(super) fn marks(
    notes: &[DayNote],
    stretch: &Period<'_>,
    place: impl Fn(usize, bool) -> u16,
) -> Vec<NoteMark> {
    let mut days: BTreeMap<u16, Vec<&DayNote>> = BTreeMap::new();
    for note in notes {
        if let Some((at, is_middle)) = stretch.place(&note.written.day) {
            days.entry(place(at, is_middle)).or_default().push(note);
        }
    }
    let mut marks: Vec<NoteMark> = days
        .iter()
        .map(|(at, of_day)| NoteMark { at: *at, words: None, told: told(of_day, stretch) })
        .collect();
    let lines: Vec<[String; 2]> = days.values().map(|of_day| lines(of_day, stretch)).collect();
    // The newest first: where there is little room it is the one that is asked for.
    let mut taken: Vec<(u16, u16)> = Vec::new();
    for (at, lines) in lines.into_iter().enumerate().rev() {
        let others: Vec<u16> = marks.iter().map(|mark| mark.at).filter(|of| *of != marks[at].at).collect();
        let free = |is_left: &bool| {
            let span = span(marks[at].at, *is_left, &lines);
            span.filter(|span| is_free(*span, &others, &taken)).map(|span| (span, *is_left))
        };
        // Towards the middle, where there is more room.
        let is_left = marks[at].at > WIDTH / 2;
        if let Some((span, is_left)) = [is_left, !is_left].iter().find_map(free) {
            taken.push(span);
            marks[at].words = Some(NoteWords { lines, is_left });
        }
    }
    marks
}

/// From where to where words go; none where the drawing ends before they do.
fn span(at: u16, is_left: bool, lines: &[String; 2]) -> Option<(u16, u16)> {
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let width = u16::try_from(longest).ok()?.saturating_mul(CHARACTER).saturating_add(GAP);
    if is_left {
        Some((at.checked_sub(width)?, at))
    } else {
        at.checked_add(width).filter(|end| *end <= WIDTH).map(|end| (at, end))
    }
}

fn is_free((from, to): (u16, u16), others: &[u16], taken: &[(u16, u16)]) -> bool {
    others.iter().all(|at| *at + GAP < from || *at > to.saturating_add(GAP))
        && taken.iter().all(|(first, last)| *last < from || *first > to)
}

fn lines(of_day: &[&DayNote], stretch: &Period<'_>) -> [String; 2] {
    let [_, day] = day_of(of_day, stretch);
    match of_day {
        [note] => [cut(&note.written.text), cut(&signed(&note.written.author, &day))],
        several => {
            let count = i64::try_from(several.len()).unwrap_or(i64::MAX);
            [words::counted(count, "note", "notes"), day]
        }
    }
}

fn told(of_day: &[&DayNote], stretch: &Period<'_>) -> String {
    let [_, day] = day_of(of_day, stretch);
    let told = of_day.iter().map(|note| signed(&note.written.text, &note.written.author));
    format!("{day}: {}", told.collect::<Vec<_>>().join("; "))
}

fn day_of(of_day: &[&DayNote], stretch: &Period<'_>) -> [String; 2] {
    of_day.first().map(|note| stretch.day_in_words(&note.written.day)).unwrap_or_default()
}

/// "Jana, Tuesday 20 October".
fn signed(first: &str, second: &str) -> String {
    let parts = [first, second].into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(", ")
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LINE {
        return text.to_owned();
    }
    let shown: String = text.chars().take(LINE - 1).collect();
    format!("{}…", shown.trim_end())
}

pub(super) fn list(notes: &[DayNote], stretch: &Period<'_>) -> NoteList {
    let count = i64::try_from(notes.len()).unwrap_or(i64::MAX);
    let rows = notes.iter().rev().take(LISTED).map(|note| {
        let [day, _] = stretch.day_in_words(&note.written.day);
        let (text, author) = (note.written.text.clone(), note.written.author.clone());
        NoteRow { id: note.id.to_string(), day, text, author }
    });
    let more = notes.len().saturating_sub(LISTED);
    NoteList {
        title: words::counted(count, "note", "notes"),
        rows: rows.collect(),
        more: (more > 0).then(|| format!("{more} of earlier days are not listed here; choose fewer days.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{
        calendar::{Compare, Window, Zone, window},
        identity::timed_id,
        note::WrittenNote,
        range::Range,
        time::Timestamp,
    };

    fn days30() -> Window {
        let now = Timestamp::parse("2026-11-21T13:00:00Z").unwrap();
        window(Range::Days30, &Zone::utc(), now, Compare::Previous)
    }

    fn note(day: &str, text: &str, author: &str) -> DayNote {
        let written = WrittenNote::read(day, text, author).unwrap();
        DayNote { id: timed_id(Timestamp::EARLIEST, [0; 10]), written, made_at: Timestamp::EARLIEST }
    }

    /// Which marks have words, and on which side.
    fn shown(notes: &[DayNote]) -> Vec<Option<(String, bool)>> {
        let window = days30();
        let place = |at: usize, _| u16::try_from(at * 10_000 / 31 + 161).unwrap();
        let marks = marks(notes, &Period::of(&window), place);
        let words = |mark: NoteMark| mark.words.map(|words| (words.lines.join(" / "), words.is_left));
        marks.into_iter().map(words).collect()
    }

    #[test]
    fn words_stand_where_there_is_room() {
        let early = note("2026-10-24", "Prices rose", "");
        let late = note("2026-11-18", "Retail moved to the larger model", "Jana");
        let told = |text: &str, is_left| Some((text.to_owned(), is_left));
        assert_eq!(
            shown(&[early.clone(), late.clone()]),
            [
                told("Prices rose / Saturday 24 October", false),
                told("Retail moved to the larger model / Jana, Wednesday 18 November", true),
            ]
        );
        let before = note("2026-11-16", "Beside it", "");
        assert_eq!(shown(&[before, late]), [told("Beside it / Monday 16 November", true), None]);
        assert_eq!(shown(&[note("2026-10-21", "a day before them", "")]), []);
    }

    #[test]
    fn long_words_are_cut() {
        let long = note("2026-11-10", &"word ".repeat(20), "Some one with quite a long name");
        let window = days30();
        let marks = marks(&[long], &Period::of(&window), |_, _| 6_000);
        let [first, second] = marks[0].words.clone().unwrap().lines;
        assert!(first.ends_with('…') && first.chars().count() <= LINE, "{first}");
        assert!(second.ends_with('…') && second.chars().count() <= LINE, "{second}");
        assert_eq!(marks[0].told.matches("word").count(), 20, "{}", marks[0].told);
    }

    #[test]
    fn notes_of_one_day_share_a_mark() {
        let notes = [note("2026-11-10", "one", "Jana"), note("2026-11-10", "two", "")];
        assert_eq!(shown(&notes), [Some(("2\u{a0}notes / Tuesday 10 November".to_owned(), true))]);
        let window = days30();
        let list = list(&notes, &Period::of(&window));
        assert_eq!(list.title, "2\u{a0}notes");
        let rows: Vec<_> = list.rows.iter().map(|row| (row.text.as_str(), row.author.as_str())).collect();
        assert_eq!(rows, [("two", ""), ("one", "Jana")]);
        assert_eq!((list.rows[0].day.as_str(), list.more), ("10 Nov 2026", None));
    }
}
