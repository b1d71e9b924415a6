//! Words that comments of code do without: a comment names who or what it is about.

/// Each with what to write instead.
const VAGUE: &[(&str, &str)] = &[
    ("whoever", "name the process, client or person"),
    ("whomever", "name the process, client or person"),
    ("nobody", "say what does not happen"),
    ("somebody", "name the process, client or person"),
    ("so many", "name the parameter or the number"),
    ("so long", "name the parameter or the time"),
    ("nought", "write 0"),
];

/// What was released is not written anew: a ledger remembers the digest of each migration.
const RELEASED: &str = "server/ledger/migrations/";

pub fn check(files: &[(String, String)]) -> Vec<String> {
    files.iter().flat_map(|(path, text)| judge(path, text)).collect()
}

fn judge(path: &str, text: &str) -> Vec<String> {
    let Some(mark) = comment_mark(path) else { return Vec::new() };
    let mut complaints = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let Some((before, comment)) = line.split_once(mark) else { continue };
        let is_address = before.ends_with(':');
        if is_address {
            continue;
        }
        let comment = format!(" {} ", spaced(comment));
        for (word, instead) in VAGUE.iter().filter(|(word, _)| comment.contains(&format!(" {word} "))) {
            complaints.push(format!("{path}:{}: a comment says `{word}`: {instead}", number + 1));
        }
    }
    complaints
}

/// What a comment begins with, where the file is one that is judged.
fn comment_mark(path: &str) -> Option<&'static str> {
    let is_own = path.ends_with("tidy/words.rs");
    match path.rsplit_once('.')?.1 {
        _ if is_own || path.starts_with(RELEASED) => None,
        "rs" | "ts" => Some("//"),
        "sql" => Some("-- "),
        _ => None,
    }
}

/// The words in small letters, a blank between them. What stands in backticks is a name.
fn spaced(comment: &str) -> String {
    let outside = comment.split('`').step_by(2).collect::<Vec<_>>().join(" ");
    let letters = outside.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { ' ' });
    letters.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_names_who_it_means() {
        for comment in ["/// Whoever asks.", "    // After so many rows.", "//! Nobody reads it."] {
            assert_eq!(judge("a.rs", &format!("fn f() {{}}\n{comment}\n")).len(), 1, "{comment}");
        }
        assert_eq!(judge("a.sql", "SELECT 1; -- nought\n").len(), 1);
    }

    #[test]
    fn names_and_texts_pass() {
        for line in
            ["/// The user `nobody` of this machine.", "let who = \"nobody\";", "/// Some body, so manifold."]
        {
            assert_eq!(judge("a.rs", line), [""; 0], "{line}");
        }
        assert_eq!(judge("docs/a.md", "Whoever asks."), [""; 0]);
        assert_eq!(judge("server/ledger/migrations/sqlite/0001.sql", "-- Whoever asks."), [""; 0]);
    }
}
