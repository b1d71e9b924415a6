//! What ledger, pipeline and model offer to others is documented. Variants may speak for themselves, or by their message.

const CRATES: [&str; 3] = ["app/model/src/", "server/ledger/src/", "server/pipeline/src/"];
/// Items whose module says what they are for.
const OTHERS: [&str; 3] = ["pub use ", "pub mod ", "pub extern "];

pub fn check(files: &[(String, String)]) -> Vec<String> {
    let is_checked =
        |path: &str| CRATES.iter().any(|folder| path.starts_with(folder)) && !path.ends_with("tests.rs");
    files.iter().filter(|(path, _)| is_checked(path)).flat_map(|(path, text)| judge(path, text)).collect()
}

fn judge(path: &str, text: &str) -> Vec<String> {
    let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    let mut is_documented = false;
    let mut complaints = Vec::new();
    for (number, line) in product.lines().map(str::trim_start).enumerate() {
        if line.starts_with("///") {
            is_documented = true;
        } else if !line.starts_with("#[") {
            let is_item = line.starts_with("pub ") && !OTHERS.iter().any(|other| line.starts_with(other));
            if is_item && !is_documented {
                let name = line.split(['(', '<', '{', ';', '=']).next().unwrap_or(line).trim_end();
                complaints.push(format!("{path}:{}: `{name}` wants a line of documentation", number + 1));
            }
            is_documented = false;
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(text: &str) -> usize {
        check(&[("server/ledger/src/list.rs".to_owned(), text.to_owned())]).len()
    }

    #[test]
    fn what_others_may_name_is_documented() {
        assert_eq!(complaints("pub struct Page {\n    pub next: u8,\n}\n"), 2);
        assert_eq!(
            complaints(
                "/// A page.\n#[derive(Clone)]\npub struct Page {\n    /// The next.\n    pub next: u8,\n}\n"
            ),
            0
        );
        assert_eq!(complaints("pub(crate) fn page() {}\npub use list::Page;\nstruct Own;\n"), 0);
    }

    #[test]
    fn tests_and_other_crates_are_passed_over() {
        assert_eq!(complaints("//! A.\n#[cfg(test)]\nmod tests {\n    pub fn a() {}\n}\n"), 0);
        assert_eq!(check(&[("server/src/list.rs".to_owned(), "pub struct Page;".to_owned())]), [""; 0]);
    }
}
