//! Every kind is described in full, and so that nothing contradicts anything.

use std::collections::HashSet;

use super::*;

#[test]
fn no_kind_uses_a_name_twice() {
    for kind in KINDS {
        let mut seen = HashSet::new();
        for field in kind.fields {
            assert!(seen.insert(field.json), "{} twice in {}", field.json, kind.name);
            if let Remote::Column(column) | Remote::Lookup(column) = field.remote {
                assert!(seen.insert(column), "{column} twice in {}", kind.name);
            }
        }
    }
}

#[test]
fn every_kinds_example_can_be_sent() {
    let now = Timestamp::parse("2026-12-01T00:00:00Z").unwrap();
    for (kind, api) in KINDS.with_api() {
        let read = parse(kind, api.example, now);
        assert!(read.is_ok(), "{}: {read:?}", kind.name);
    }
}

#[test]
fn every_kind_says_what_it_is() {
    let mut names = HashSet::new();
    for kind in KINDS {
        assert!(names.insert(kind.name) & names.insert(kind.table), "{} is described twice", kind.name);
        let time = &kind.fields[kind.time];
        assert_eq!(time.ty, FieldType::Time, "{}", kind.name);
        assert!(matches!(time.need, Need::Required | Need::DefaultNow), "{} may lack its time", kind.name);
        for at in kind.identity.key() {
            assert_eq!(kind.fields[*at].need, Need::Required, "the key of {}", kind.name);
        }
        for at in kind.measures {
            assert_eq!(kind.fields[*at].ty.storage(), Storage::Integer, "a measure of {}", kind.name);
        }
        for at in kind.dimensions {
            assert_eq!(kind.fields[*at].ty.storage(), Storage::Text, "a dimension of {}", kind.name);
        }
    }
}
