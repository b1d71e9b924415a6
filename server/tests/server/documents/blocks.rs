//! The blocks of shell in a document. The line before one may say what it is typed with, or why it cannot be typed here:
//!
//! `<!-- typed with: a server; says: is ready; needs: zip -->`, `<!-- not typed: it needs root -->`

use super::Document;

const SHELLS: [&str; 4] = ["sh", "bash", "shell", "console"];
const TYPED: &str = "<!-- typed";
const NOT_TYPED: &str = "<!-- not typed: ";

pub struct ShellBlock {
    /// The document, and the line where it begins.
    pub place: String,
    pub text: String,
    pub typing: Typing,
}

/// What becomes of a block.
pub enum Typing {
    Typed {
        /// What is there before, by name.
        scene: Vec<String>,
        /// A text of its output. What still runs then is asked to end.
        says: Option<String>,
        /// A program without which it is passed over.
        tool: Option<String>,
    },
    /// For this reason.
    Not(String),
}

/// Fails on a mark that stands before no block of shell.
pub fn shell_blocks(document: &Document) -> Vec<ShellBlock> {
    let (mut blocks, mut mark, mut open) = (Vec::new(), None, None::<(bool, ShellBlock)>);
    for (number, line) in document.text.lines().enumerate() {
        let place = format!("{}:{}", document.path, number + 1);
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some(_)) => {
                let (is_shell, block) = open.take().unwrap();
                blocks.extend(is_shell.then_some(block));
            }
            (Some((_, block)), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, Some(language)) => {
                let is_shell = SHELLS.contains(&language.trim());
                assert!(is_shell || mark.is_none(), "{place}: the mark before it is for blocks of shell");
                let typing = mark.take().map_or_else(Typing::alone, |mark: String| Typing::of(&mark, &place));
                open = Some((is_shell, ShellBlock { place, text: String::new(), typing }));
            }
            (None, None) => {
                assert!(mark.is_none(), "{place}: the mark before it stands before no block of shell");
                mark = line.starts_with(TYPED).then(|| line.to_owned());
                mark = mark.or_else(|| line.starts_with(NOT_TYPED).then(|| line.to_owned()));
            }
        }
    }
    assert!(open.is_none() && mark.is_none(), "{}: its end is missing", document.path);
    blocks
}

impl Typing {
    fn alone() -> Self {
        Self::Typed { scene: Vec::new(), says: None, tool: None }
    }

    fn of(mark: &str, place: &str) -> Self {
        let mark =
            mark.strip_suffix(" -->").unwrap_or_else(|| panic!("{place}: the mark before it does not end"));
        if let Some(reason) = mark.strip_prefix(NOT_TYPED) {
            return Self::Not(reason.to_owned());
        }
        let (mut scene, mut says, mut tool) = (Vec::new(), None, None);
        for part in mark.strip_prefix(TYPED).unwrap().split("; ") {
            match part.trim().split_once(": ") {
                Some(("with", names)) => scene = names.split(", ").map(str::to_owned).collect(),
                Some(("says", text)) => says = Some(text.to_owned()),
                Some(("needs", program)) => tool = Some(program.to_owned()),
                _ => panic!("{place}: {part:?} is no part of a mark"),
            }
        }
        Self::Typed { scene, says, tool }
    }
}

#[test]
fn blocks_run_unless_they_say_why_not() {
    let text = "a\n```sh\none\n```\n<!-- typed with: a server, a database; says: ready; needs: zip -->\n```sh\ntwo\n```\n\n\
        <!-- not typed: it needs root -->\n```sh\nthree\n```\n```toml\na = 1\n```\n";
    let blocks = shell_blocks(&Document { path: "a.md".to_owned(), text: text.to_owned() });
    assert_eq!(
        blocks.iter().map(|block| block.text.as_str()).collect::<Vec<_>>(),
        ["one\n", "two\n", "three\n"]
    );
    assert!(matches!(&blocks[0].typing, Typing::Typed { scene, says: None, tool: None } if scene.is_empty()));
    let Typing::Typed { scene, says, tool } = &blocks[1].typing else { panic!("it is typed") };
    assert_eq!((scene.len(), says.as_deref(), tool.as_deref()), (2, Some("ready"), Some("zip")));
    assert!(matches!(&blocks[2].typing, Typing::Not(reason) if reason == "it needs root"));
}

#[test]
fn marks_without_blocks_are_told() {
    for text in [
        "<!-- not typed: it needs root -->\n\n```sh\none\n```\n",
        "<!-- typed with: a server -->\n```toml\n```\n",
    ] {
        let document = Document { path: "a.md".to_owned(), text: text.to_owned() };
        assert!(std::panic::catch_unwind(|| shell_blocks(&document)).is_err(), "{text}");
    }
}
