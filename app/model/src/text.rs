//! What a text is made of. What cannot be seen, or turns round what stands beside it, is not taken: two ids that look
//! alike would be two records, and a name could read as another one.

use unicode_properties::{GeneralCategory, UnicodeEmoji as _, UnicodeGeneralCategory as _};

const NON_JOINER: char = '\u{200C}';
const JOINER: char = '\u{200D}';
const EMOJI_SELECTOR: char = '\u{FE0F}';
const KEYCAP: char = '\u{20E3}';

/// How long a text is to Dataverse, which counts UTF-16 units.
#[must_use]
pub fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// What keeps a text from being an id or a name, as the end of a sentence about its characters.
#[must_use]
pub fn flaw(text: &str) -> Option<&'static str> {
    if text.chars().any(char::is_control) {
        Some("none of them a control character")
    } else if hides_something(text) {
        Some("none of them invisible or turning the direction of writing")
    } else if text.trim() != text {
        Some("without white space at its ends")
    } else if !text.chars().any(is_seen) {
        Some("one of them visible")
    } else {
        None
    }
}

fn hides_something(text: &str) -> bool {
    text.char_indices().filter(|(_, c)| !c.is_ascii()).any(|(at, c)| {
        let (before, after) = (&text[..at], &text[at + c.len_utf8()..]);
        match c {
            NON_JOINER => !parts_letters(before, after),
            JOINER => !joins_emoji(before, after) && !joins_letters(before, after),
            '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' => !selects(before, after),
            _ => is_hidden(c),
        }
    })
}

/// Families and professions are several emoji in one.
fn joins_emoji(before: &str, after: &str) -> bool {
    let is_emoji = |c: char| !c.is_ascii() && c.is_emoji_char();
    let before = before.strip_suffix(EMOJI_SELECTOR).unwrap_or(before);
    before.chars().next_back().is_some_and(is_emoji) && after.chars().next().is_some_and(is_emoji)
}

/// Persian writes it within words, and Indic scripts where a cluster is to stay apart: it is seen, for what stands before it
/// looks otherwise.
fn parts_letters(before: &str, after: &str) -> bool {
    let (Some(before), Some(after)) = (before.chars().next_back(), after.chars().next()) else {
        return false;
    };
    joining(before).is_some_and(|script| joining(after) == Some(script))
}

/// Sinhala and Malayalam, and others related to them, write it beside the sign that takes a vowel away. Elsewhere it is not
/// seen.
fn joins_letters(before: &str, after: &str) -> bool {
    let (before, after) = (before.chars().next_back(), after.chars().next());
    let goes_with = |one: Option<char>, sign: Option<char>| match (one, sign) {
        (one, Some(sign)) if takes_a_vowel_away(sign) => {
            one.is_none_or(|one| joining(one) == joining(sign) || !one.is_alphanumeric())
        }
        _ => false,
    };
    goes_with(after, before) || (before.is_some_and(char::is_alphabetic) && goes_with(before, after))
}

/// The script of letters and marks that change with what stands beside them.
fn joining(c: char) -> Option<u32> {
    const ARABIC: u32 = 0;
    const SYRIAC: u32 = 1;
    let is_written = !c.is_numeric() && !is_hidden(c) && (c.is_alphabetic() || !is_seen(c));
    match c {
        _ if !is_written => None,
        '\u{0620}'..='\u{06FF}' | '\u{0750}'..='\u{077F}' | '\u{0870}'..='\u{08FF}' => Some(ARABIC),
        '\u{0700}'..='\u{074F}' => Some(SYRIAC),
        // Devanagari to Sinhala, each with 128 places.
        '\u{0900}'..='\u{0DFF}' => Some(u32::from(c) >> 7),
        _ => None,
    }
}

/// Virama, halant, pulli, hasanta, al-lakuna.
fn takes_a_vowel_away(c: char) -> bool {
    matches!(c, '\u{094D}' | '\u{09CD}' | '\u{0A4D}' | '\u{0ACD}' | '\u{0B4D}' | '\u{0BCD}' | '\u{0C4D}')
        || matches!(c, '\u{0CCD}' | '\u{0D3B}' | '\u{0D3C}' | '\u{0D4D}' | '\u{0DCA}')
}

/// A selector says how the character before it is drawn. Behind plain letters and digits it changes nothing.
fn selects(before: &str, after: &str) -> bool {
    let drawn = |c: char| !c.is_ascii() && !is_hidden(c) && is_seen(c);
    after.starts_with(KEYCAP) || before.chars().next_back().is_some_and(drawn)
}

/// Whether it shows nothing, or turns round what stands beside it.
pub(crate) fn is_hidden(c: char) -> bool {
    let category = c.general_category();
    let separates = matches!(
        category,
        GeneralCategory::Format | GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator
    );
    separates || is_blank(c) || is_noncharacter(c)
}

/// Letters, marks and a symbol by their category, and nothing to the eye.
fn is_blank(c: char) -> bool {
    matches!(c, '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}')
        || matches!(c, '\u{2800}' | '\u{3164}' | '\u{FFA0}')
}

/// Code points that will never be characters.
fn is_noncharacter(c: char) -> bool {
    u32::from(c) & 0xFFFE == 0xFFFE || matches!(c, '\u{FDD0}'..='\u{FDEF}')
}

fn is_seen(c: char) -> bool {
    c.is_ascii_graphic()
        || !matches!(
            c.general_category(),
            GeneralCategory::NonspacingMark
                | GeneralCategory::EnclosingMark
                | GeneralCategory::SpaceSeparator
                | GeneralCategory::Control
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<&str>) {
        let found = flaw(text);
        let meets = match (found, expect) {
            (None, None) => true,
            (Some(found), Some(part)) => found.contains(part),
            _ => false,
        };
        assert!(meets, "{text:?}: {found:?}, expected {expect:?}");
    }

    #[test]
    fn what_can_be_read_is_taken() {
        for text in ["c1", "Autumn launch", "名", "Zoë", "e\u{301}te", "مرحبا", "खोज", "1+1", "\u{E000}"]
        {
            check(text, None);
        }
    }

    #[test]
    fn joined_emoji_are_taken() {
        for text in [
            "🚀",
            "👩\u{200D}🚀",
            "👩🏽\u{200D}🚀",
            "🏳\u{FE0F}\u{200D}🌈",
            "❤\u{FE0F}",
            "1\u{FE0F}\u{20E3}",
            "🇩🇪",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn words_of_all_languages_are_taken() {
        for text in [
            "می\u{200C}خواهم",
            "نرم\u{200C}افزار",
            "کتاب\u{200C}ها",
            "ශ්\u{200D}රී",
            "ക്\u{200D}ഷ",
            "അവന്\u{200D}",
            "അവന്\u{200D} 2",
            "র\u{200D}্যাব",
            "र्\u{200D}य",
            "क्\u{200C}ष",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn invisible_and_turning_characters_are_refused() {
        for text in [
            "a\u{202E}b",
            "a\u{200B}",
            "\u{AD}",
            "\u{FEFF}a",
            "a\u{2028}b",
            "a\u{2029}b",
            "a\u{2066}b",
            "\u{3164}",
            "a\u{FFFF}",
            "a\u{FDD0}",
            "a\u{200D}b",
            "a\u{200C}b",
            "می\u{200C}",
            "\u{200C}می",
            "م\u{200D}ن",
            "م\u{200C}a",
            "م\u{200C}\u{200C}ن",
            "م\u{200C}2",
            "क\u{200D}ष",
            "क्\u{200D}a",
            "क\u{200C}ক",
            "👩\u{200D}a",
            "1\u{200D}2",
            "c1\u{FE0F}",
            "c1\u{FE00}",
            "\u{E0041}a",
            "\u{2800}",
            "a\u{34F}b",
        ] {
            check(text, Some("invisible"));
        }
    }

    #[test]
    fn texts_are_visible_and_trimmed() {
        check("a\u{0}", Some("control"));
        check("a\u{9F}", Some("control"));
        check(" a", Some("white space"));
        check("a\u{3000}", Some("white space"));
        check("\u{301}", Some("visible"));
    }

    #[test]
    fn length_counts_as_dataverse_does() {
        assert_eq!((length("abc"), length("名"), length("🚀"), length("")), (3, 1, 2, 0));
    }
}
