//! Refuses personal data at the door: patterns that cannot be an honest id, whatever stands around them.

use std::borrow::Cow;

use crate::text::is_hidden;

/// What kind of personal data a text holds, if any. The text itself is never repeated to anybody.
#[must_use]
pub fn personal_data(text: &str) -> Option<&'static str> {
    let text = &*folded(text);
    if holds_an_email_address(text) {
        Some("an e-mail address")
    } else if holds_a_phone_number(text) {
        Some("a phone number")
    } else if names_a_social_security_number(text) {
        Some("a social security number")
    } else {
        None
    }
}

/// How much of a name that a sender made up is looked at, and how much of it is repeated.
const LOOKED_AT: usize = 256;
const SHOWN: usize = 64;

/// A name that a sender made up is repeated only as far as it can be a slip of the pen, and not where it is personal data.
#[must_use]
pub fn shown_name(name: &str) -> String {
    let start: String = name.chars().filter(|c| !c.is_control() && !is_hidden(*c)).take(LOOKED_AT).collect();
    match personal_data(&start) {
        Some(what) => format!("({what})"),
        None => start.chars().take(SHOWN).collect(),
    }
}

/// The same text in plain widths, its dashes and spaces the plain ones.
fn folded(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let plain = |c: char| match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '\u{FE6B}' => '@',
        '\u{FE62}' => '+',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        c if c.is_whitespace() => ' ',
        c => c,
    };
    Cow::Owned(text.chars().map(plain).collect())
}

fn holds_an_email_address(text: &str) -> bool {
    text.match_indices('@').any(|(at, _)| {
        let local = text[..at].chars().next_back();
        let domain = text[at + 1..].split(|c: char| !(c.is_alphanumeric() || ".-_".contains(c))).next();
        local.is_some_and(|c| c.is_alphanumeric() || "._%+-'".contains(c)) && domain.is_some_and(is_domain)
    })
}

/// Whether a name of two letters at least, or one in the alphabet's stead (`xn--`), stands behind a point.
fn is_domain(text: &str) -> bool {
    let mut labels = text.split('.');
    labels.next().is_some_and(|host| !host.is_empty())
        && labels.any(|label| {
            let letters = label.find(|c: char| !c.is_alphabetic()).unwrap_or(label.len());
            let ends = !label[letters..].starts_with(char::is_alphanumeric);
            letters >= 2 && ends || label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--"))
        })
}

/// Only the international form: a bare row of digits may be an honest run id.
fn holds_a_phone_number(text: &str) -> bool {
    text.match_indices('+').any(|(at, _)| {
        let follows = text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        !follows && begins_with_a_number(&text[at + 1..])
    })
}

/// Whether nine to fifteen digits come first, in groups that little stands between.
fn begins_with_a_number(text: &str) -> bool {
    let (mut digits, mut between) = (0, 0);
    for c in text.chars() {
        if c.is_ascii_digit() {
            (digits, between) = (digits + 1, 0);
            continue;
        }
        if (9..=15).contains(&digits) {
            return true;
        }
        between += 1;
        if between > 3 || !" -()./".contains(c) {
            return false;
        }
    }
    (9..=15).contains(&digits)
}

/// Nine digits as 3-2-4 mean nothing by themselves; with the word beside them they do.
fn names_a_social_security_number(text: &str) -> bool {
    if text.bytes().filter(u8::is_ascii_digit).count() < 9 {
        return false;
    }
    let lower = text.to_lowercase();
    let named = lower.contains("ssn") || lower.contains("social security");
    named && is_three_two_four(lower.as_bytes())
}

fn is_three_two_four(text: &[u8]) -> bool {
    let groups: Vec<usize> = text.split(|b| !b.is_ascii_digit()).map(<[u8]>::len).collect();
    groups.windows(3).any(|three| three == [3, 2, 4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<&str>) {
        assert_eq!(personal_data(text), expect, "{text}");
    }

    #[test]
    fn honest_ids_pass() {
        for honest in [
            "api-test-001",
            "2-3",
            "r,1:2",
            "20261121093000",
            "078-05-1120",
            "team@night",
            "1+1",
            "+1",
            "@team.de",
            "2026-11-21T09:30:00+01:00",
            "v1+20261121093000",
            "a@1.2",
            "lessness",
            "+1234567890123456",
            "ssn",
        ] {
            check(honest, None);
        }
    }

    #[test]
    fn addresses_are_found_beside_anything() {
        for text in [
            "mail to Ann <ann@example.com>",
            "ann@example.com",
            "ann@example.com.",
            "\"ann@example.com\"",
            "[ann@example.com]",
            "ann@example.com/1",
            "ann@example.com:1",
            "a|ann@example.com|b",
            "ann@example.com-1",
            "ann@example.com_1",
            "ann@xn--e1afmkfd.xn--p1ai",
            "ann＠example.com",
            "ａｎｎ＠ｅｘａｍｐｌｅ．ｃｏｍ",
            "x@y,ann@mail.example.com",
        ] {
            check(text, Some("an e-mail address"));
        }
    }

    #[test]
    fn a_phone_number_is_found_inside() {
        for text in [
            "+49 170 1234567",
            "tel:+491701234567",
            "TEL:+491701234567",
            "call +49 170 1234567",
            "(+49) 170 1234567",
            "+49/170/1234567",
            "+49 (170) 123-4567 x",
            "＋４９ １７０ １２３４５６７",
            "+49\u{2011}170\u{2011}1234567",
            "+49 170 1234567 2026",
        ] {
            check(text, Some("a phone number"));
        }
    }

    #[test]
    fn social_security_numbers_are_known_by_name() {
        for text in [
            "ssn 078-05-1120",
            "ssn 078 05 1120",
            "ssn078-05-1120",
            "SSN:078.05.1120",
            "Social Security 078-05-1120!",
        ] {
            check(text, Some("a social security number"));
        }
    }

    #[test]
    fn safe_parts_of_names_are_repeated() {
        assert_eq!(shown_name("campaign_id"), "campaign_id");
        assert_eq!(shown_name("a\u{0}b"), "ab");
        assert_eq!(shown_name(&"x".repeat(500_000)), "x".repeat(64));
        assert_eq!(shown_name("ann@example.com"), "(an e-mail address)");
        assert_eq!(shown_name(&format!("{}ann@example.com", "x".repeat(60))), "(an e-mail address)");
    }
}
