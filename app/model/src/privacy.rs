//! Refuses personal data at the door: patterns that cannot be an honest id.

/// What kind of personal data a text holds, if any. The text itself is never repeated to anybody.
#[must_use]
pub fn personal_data(text: &str) -> Option<&'static str> {
    if text.split(|c: char| c.is_whitespace() || ",;<>()".contains(c)).any(is_email) {
        Some("an e-mail address")
    } else if is_phone(text) {
        Some("a phone number")
    } else if names_a_social_security_number(text) {
        Some("a social security number")
    } else {
        None
    }
}

fn is_email(word: &str) -> bool {
    let Some((local, domain)) = word.split_once('@') else { return false };
    let Some((host, top)) = domain.rsplit_once('.') else { return false };
    !local.is_empty() && !host.is_empty() && top.len() >= 2 && top.chars().all(char::is_alphabetic)
}

/// Only the international form: a bare row of digits may be an honest run id.
fn is_phone(text: &str) -> bool {
    let Some(rest) = text.trim_start_matches("tel:").strip_prefix('+') else { return false };
    let digits = rest.chars().filter(char::is_ascii_digit).count();
    (9..=15).contains(&digits) && rest.chars().all(|c| c.is_ascii_digit() || " -().".contains(c))
}

/// Nine digits as 3-2-4 mean nothing by themselves; with the word beside them they do.
fn names_a_social_security_number(text: &str) -> bool {
    if text.bytes().filter(|b| *b == b'-').count() < 2 {
        return false;
    }
    let lower = text.to_lowercase();
    let named = lower.contains("ssn") || lower.contains("social security");
    named && lower.split(|c: char| !(c.is_ascii_digit() || c == '-')).any(is_three_two_four)
}

fn is_three_two_four(word: &str) -> bool {
    let lengths: Vec<usize> = word.trim_matches('-').split('-').map(str::len).collect();
    lengths == [3, 2, 4]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_personal_data_and_leaves_honest_ids() {
        assert!(personal_data("mail to Ann <ann@example.com>").is_some());
        assert!(personal_data("+49 170 1234567").is_some());
        assert!(personal_data("ssn 078-05-1120").is_some());
        for honest in
            ["api-test-001", "2-3", "r,1:2", "20261121093000", "078-05-1120", "team@night", "1+1", "+1"]
        {
            assert_eq!(personal_data(honest), None, "{honest}");
        }
    }
}
