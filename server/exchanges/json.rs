//! Holding JSON against recorded JSON. Numbers are compared as they are written, so that `20000.0000` is not `20000`.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::Values;

type MemberList<'a> = BTreeMap<String, &'a RawValue>;

/// Says in `out` where the actual text is not what is recorded. Recorded members must be there; others may be, unless
/// `exactly`. Lists must be as long as recorded, in that order, unless their last element is `"…"`.
pub fn compare(recorded: &str, actual: &str, exactly: bool, values: &mut Values, out: &mut Vec<String>) {
    match (serde_json::from_str::<&RawValue>(recorded), serde_json::from_str::<&RawValue>(actual)) {
        (Ok(recorded), Ok(actual)) => {
            Comparison { exactly, values, out }.value("body", recorded.get(), actual.get());
        }
        (Err(error), _) => out.push(format!("the recorded body is no JSON: {error}")),
        (_, Err(error)) => out.push(format!("body: no JSON ({error}): {actual}")),
    }
}

struct Comparison<'a> {
    exactly: bool,
    values: &'a mut Values,
    out: &'a mut Vec<String>,
}

impl Comparison<'_> {
    fn value(&mut self, path: &str, recorded: &str, actual: &str) {
        match (recorded.as_bytes()[0], actual.as_bytes()[0]) {
            (b'{', b'{') => self.object(path, recorded, actual),
            (b'[', b'[') => self.list(path, recorded, actual),
            (b'"', _) => self.text(path, recorded, actual),
            _ => self.plain(path, recorded, actual),
        }
    }

    fn object(&mut self, path: &str, recorded: &str, actual: &str) {
        let read = |text| serde_json::from_str::<MemberList<'_>>(text).unwrap_or_default();
        let (recorded, actual) = (read(recorded), read(actual));
        for (name, value) in &recorded {
            let path = format!("{path}.{name}");
            match (value.get(), actual.get(name)) {
                ("\"{absent}\"", None) => {}
                ("\"{absent}\"", Some(actual)) => {
                    self.out.push(format!("{path}: should not be there, and is {}", actual.get()));
                }
                (recorded, None) => self.out.push(format!("{path}: should be {recorded}, and is not there")),
                (recorded, Some(actual)) => self.value(&path, recorded, actual.get()),
            }
        }
        if self.exactly {
            for (name, value) in actual.iter().filter(|(name, _)| !recorded.contains_key(*name)) {
                self.out.push(format!("{path}.{name}: is {}, which is not recorded", value.get()));
            }
        }
    }

    fn list(&mut self, path: &str, recorded: &str, actual: &str) {
        let read = |text| serde_json::from_str::<Vec<&RawValue>>(text).unwrap_or_default();
        let (mut recorded, actual) = (read(recorded), read(actual));
        let open = recorded.pop_if(|last| last.get() == "\"…\"").is_some();
        if actual.len() < recorded.len() || (actual.len() > recorded.len() && !open) {
            self.out.push(format!(
                "{path}: should have {} elements, and has {}",
                recorded.len(),
                actual.len()
            ));
        }
        for (at, (recorded, actual)) in recorded.iter().zip(&actual).enumerate() {
            self.value(&format!("{path}[{at}]"), recorded.get(), actual.get());
        }
    }

    fn text(&mut self, path: &str, recorded: &str, actual: &str) {
        let pattern: String = serde_json::from_str(recorded).unwrap_or_default();
        let fits = match serde_json::from_str::<String>(actual) {
            Ok(_) if pattern == "{number}" => false,
            Ok(actual) => self.values.matches(&pattern, &actual),
            Err(_) => {
                matches!(pattern.as_str(), "{number}" | "{any}") && self.values.matches(&pattern, actual)
            }
        };
        if !fits {
            self.out.push(format!("{path}: should be {recorded}, and is {actual}"));
        }
    }

    fn plain(&mut self, path: &str, recorded: &str, actual: &str) {
        if recorded != actual {
            self.out.push(format!("{path}: should be {recorded}, and is {actual}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(recorded: &str, actual: &str, exactly: bool, expect: &[&str]) {
        let mut out = Vec::new();
        compare(recorded, actual, exactly, &mut Values::default(), &mut out);
        assert_eq!(out, expect);
    }

    #[test]
    fn unrecorded_members_are_allowed() {
        check(r#"{"a":1}"#, r#"{"a":1,"b":2}"#, false, &[]);
        check(r#"{"a":1}"#, r#"{"a":1,"b":2}"#, true, &["body.b: is 2, which is not recorded"]);
        check(r#"{"a":1.00}"#, r#"{"a":1}"#, false, &["body.a: should be 1.00, and is 1"]);
        check(r#"{"a":"{absent}"}"#, r#"{"a":null}"#, false, &["body.a: should not be there, and is null"]);
        check(r#"{"a":"{number}"}"#, r#"{"a":7}"#, false, &[]);
        check(
            r#"{"a":"{number}"}"#,
            r#"{"a":"7"}"#,
            false,
            &["body.a: should be \"{number}\", and is \"7\""],
        );
        check(r#"[1,"…"]"#, "[1,2,3]", false, &[]);
        check("[1]", "[1,2,3]", false, &["body: should have 1 elements, and has 3"]);
        check("[[1,2]]", "[[1,3]]", false, &["body[0][1]: should be 2, and is 3"]);
        check("{}", "nothing", false, &["body: no JSON (expected ident at line 1 column 2): nothing"]);
    }
}
