//! `multipart/mixed` bodies: parts between delimiter lines, each an HTTP message or a change set of them.

use super::Message;

/// A body taken apart.
#[derive(Debug)]
pub struct Parts {
    /// What stands after the `--` of its first line.
    pub boundary: String,
    pub parts: Vec<MessagePart>,
}

/// One part.
#[derive(Debug)]
pub struct MessagePart {
    /// Its own headers alone.
    pub outer: Message,
    pub content: PartContent,
}

#[derive(Debug)]
pub enum PartContent {
    One(Message),
    ChangeSet(Parts),
}

impl Parts {
    /// As strict as the strictest of known readers: the first line is the delimiter, the last one closes.
    pub fn read(body: &str) -> Result<Self, String> {
        let lines: Vec<&str> = body.lines().collect();
        let first = lines.first().copied().unwrap_or_default();
        let boundary =
            first.strip_prefix("--").ok_or_else(|| format!("begins with `{first}`, not with a delimiter"))?;
        let closing = format!("{first}--");
        let end = lines.iter().position(|line| *line == closing).ok_or("is not closed by its delimiter")?;
        let parts =
            lines[1..end].split(|line| *line == first).map(MessagePart::read).collect::<Result<_, _>>()?;
        Ok(Self { boundary: boundary.to_owned(), parts })
    }
}

impl MessagePart {
    fn read(lines: &[&str]) -> Result<Self, String> {
        let end =
            lines.iter().position(|line| line.is_empty()).ok_or("holds a part without an empty line")?;
        let (head, content) = (&lines[..end], &lines[end + 1..]);
        // A part has no first line of its own.
        let head: Vec<&str> = std::iter::once("").chain(head.iter().copied()).collect();
        let outer = Message::read(&head).unwrap_or_default();
        let is_set = outer.header("content-type").is_some_and(|kind| kind.starts_with("multipart/mixed"));
        let content = match is_set {
            true => PartContent::ChangeSet(Parts::read(&content.join("\n"))?),
            false => PartContent::One(Message::read(content).ok_or("holds an empty part")?),
        };
        Ok(Self { outer, content })
    }
}
