//! The members of JSON lines, read as the command was told; and what is said of them once all lines are read.

use std::{borrow::Cow, collections::BTreeSet};

use model::record::Kind;

use super::columns::{ADDED, ColumnWishes, is_meant, shown};

/// Members that are named when they are not read; of the others it is said that there are more.
const NAMED: usize = 20;

/// A member's name, and its value as it was written.
type NamedValue<'a> = (Cow<'a, str>, &'a str);

/// Reads members line by line.
pub struct MemberReader {
    wishes: ColumnWishes,
    seen: SeenMembers,
}

/// What the lines had until now.
#[derive(Clone, Debug, Default)]
pub struct SeenMembers {
    unread: BTreeSet<String>,
    has_more: bool,
    /// What was told of members that no line had: the option, and the member.
    unmet: Vec<(&'static str, String)>,
}

impl MemberReader {
    pub fn new(wishes: ColumnWishes) -> Self {
        let renamed = wishes.renamed.iter().map(|(theirs, _)| ("--map", theirs.clone()));
        let ignored = wishes.ignored.iter().map(|theirs| ("--ignore", theirs.clone()));
        let unmet = renamed.chain(ignored).collect();
        Self { wishes, seen: SeenMembers { unmet, ..SeenMembers::default() } }
    }

    pub const fn seen(&self) -> &SeenMembers {
        &self.seen
    }

    /// Those that are read, under the names of their fields.
    pub fn of_line<'a>(&mut self, kind: &Kind, members: Vec<NamedValue<'a>>) -> Vec<NamedValue<'a>> {
        let names: Vec<String> = members.iter().map(|(name, _)| name.to_string()).collect();
        self.seen.unmet.retain(|(_, theirs)| !names.iter().any(|name| is_meant(theirs, name, &names)));
        let mut read = Vec::with_capacity(members.len());
        for ((name, value), own) in members.into_iter().zip(&names) {
            match self.wishes.name_of(kind, name, &names) {
                Some(name) => read.push((name, value)),
                None => self.seen.leave_out(own),
            }
        }
        read
    }
}

impl SeenMembers {
    fn leave_out(&mut self, name: &str) {
        if ADDED.contains(&name) || self.unread.contains(name) {
            return;
        }
        if self.unread.len() < NAMED {
            self.unread.insert(name.to_owned());
        } else {
            self.has_more = true;
        }
    }

    /// Names of those that were not read; none where all were.
    pub fn unread(&self) -> Option<String> {
        let names: Vec<String> = self.unread.iter().map(|name| shown(name)).collect();
        let more = if self.has_more { " and others" } else { "" };
        (!names.is_empty()).then(|| format!("{}{more}", names.join(", ")))
    }

    /// What the command was told, and no line had, each as a sentence.
    pub fn faults(&self) -> impl Iterator<Item = String> {
        self.unmet.iter().map(|(option, theirs)| {
            format!("{option} speaks of a member {}, which no line has", shown(theirs))
        })
    }
}

#[cfg(test)]
mod tests {
    use model::record::KINDS;

    use super::*;

    #[test]
    fn what_was_not_read_is_told_once() {
        let wishes = ColumnWishes {
            renamed: vec![("Kosten".to_owned(), "costUSD".to_owned())],
            ignored: vec!["Notiz".to_owned(), "nowhere".to_owned()],
            ignores_unknown: true,
        };
        let (mut reader, kind) = (MemberReader::new(wishes), KINDS.iter().next().unwrap());
        let line = || ["kosten", "notiz", "stray", "_line"].map(|name| (Cow::Borrowed(name), "1")).to_vec();
        for _ in 0..2 {
            assert_eq!(reader.of_line(kind, line()), [(Cow::Borrowed("costUSD"), "1")]);
        }
        assert_eq!(reader.seen().unread().unwrap(), "\"notiz\", \"stray\"");
        let faults: Vec<String> = reader.seen().faults().collect();
        assert_eq!(faults, ["--ignore speaks of a member \"nowhere\", which no line has"]);
        let many = (0..30).map(|n| (Cow::Owned(format!("x{n}")), "1")).collect();
        reader.of_line(kind, many);
        assert!(reader.seen().unread().unwrap().ends_with(" and others"));
    }
}
