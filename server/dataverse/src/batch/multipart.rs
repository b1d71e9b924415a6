//! Reading multipart answers: parts between delimiter lines, each an HTTP answer or a change set of them.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::error::Error;

/// What stands where one operation's answer is expected.
#[derive(Debug)]
pub(crate) enum AnswerItem {
    One(AnswerPart),
    ChangeSet(Vec<AnswerPart>),
}

/// One answer inside a batch.
#[derive(Clone, Debug)]
pub(crate) struct AnswerPart {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) content_id: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Reads an answer as it comes in; holds no more of it than the part in hand. Never panics, whatever it is given.
#[derive(Debug)]
pub(crate) struct MultipartReader {
    sections: Sections,
    items: Vec<AnswerItem>,
}

impl MultipartReader {
    pub(crate) fn new(content_type: &str) -> Result<Self, Error> {
        let boundary =
            boundary(content_type).ok_or_else(|| malformed("a batch answer without a boundary"))?;
        Ok(Self { sections: Sections::between(&boundary), items: Vec::new() })
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let items = &mut self.items;
        self.sections.feed(bytes, &mut |section| {
            items.push(item(section)?);
            Ok(())
        })
    }

    pub(crate) fn finish(mut self) -> Result<Vec<AnswerItem>, Error> {
        // The last line may lack its end.
        self.feed(b"\n")?;
        if self.sections.place == ParserPosition::After {
            Ok(self.items)
        } else {
            Err(malformed("a batch answer that breaks off"))
        }
    }
}

fn malformed(what: &str) -> Error {
    Error::Malformed(what.to_owned())
}

fn item(section: &[u8]) -> Result<AnswerItem, Error> {
    let (headers, content) = headers_and_rest(section)?;
    let kind = headers.get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with("multipart/mixed") {
        return part(&headers, content).map(AnswerItem::One);
    }
    let inner = boundary(kind).ok_or_else(|| malformed("a change set without a boundary"))?;
    let mut sections = Sections::between(&inner);
    let mut parts = Vec::new();
    let mut read = |section: &[u8]| {
        let (headers, content) = headers_and_rest(section)?;
        parts.push(part(&headers, content)?);
        Ok(())
    };
    sections.feed(content, &mut read)?;
    sections.feed(b"\n", &mut read)?;
    if sections.place == ParserPosition::After {
        Ok(AnswerItem::ChangeSet(parts))
    } else {
        Err(malformed("a change set that breaks off"))
    }
}

fn part(outer: &HeaderMap, content: &[u8]) -> Result<AnswerPart, Error> {
    let (line, rest) = split_line(content);
    let line = std::str::from_utf8(line).map_err(|_| malformed("a status line that is no text"))?;
    let code = line.split_ascii_whitespace().nth(1).unwrap_or_default();
    let status = StatusCode::from_bytes(code.as_bytes())
        .map_err(|_| malformed("a part of a batch answer without a status"))?;
    let (headers, body) = headers_and_rest(rest)?;
    let content_id = headers.get("content-id").or_else(|| outer.get("content-id"));
    let content_id = content_id.and_then(|v| v.to_str().ok()).map(str::to_owned);
    Ok(AnswerPart { status, content_id, body: body.trim_ascii().to_vec(), headers })
}

/// The `boundary` of a multipart type, quoted or not.
fn boundary(content_type: &str) -> Option<String> {
    let at = content_type.to_ascii_lowercase().find("boundary=")? + "boundary=".len();
    let rest = &content_type[at..];
    let value = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => rest.split(';').next()?.trim(),
    };
    (!value.is_empty()).then(|| value.to_owned())
}

/// Cuts a body at its delimiter lines. What comes before the first is a preamble, after the closing one an epilogue.
#[derive(Debug)]
struct Sections {
    delimiter: Vec<u8>,
    place: ParserPosition,
    /// What has come of the section in hand, and of a line that has no end yet.
    held: Vec<u8>,
    /// Where in `held` that line begins.
    line: usize,
}

#[derive(Debug, PartialEq, Eq)]
enum ParserPosition {
    Before,
    Within,
    After,
}

impl Sections {
    fn between(boundary: &str) -> Self {
        Self {
            delimiter: format!("--{boundary}").into_bytes(),
            place: ParserPosition::Before,
            held: Vec::new(),
            line: 0,
        }
    }

    /// Hands over each section that these bytes complete.
    fn feed(
        &mut self,
        bytes: &[u8],
        section: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.held.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.end_line(section)?;
            }
        }
        Ok(())
    }

    fn end_line(&mut self, section: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        let line = self.held[self.line..].trim_ascii_end();
        let tail = line.strip_prefix(self.delimiter.as_slice());
        let closes = tail == Some(b"--");
        if self.place != ParserPosition::After && (closes || tail == Some(b"")) {
            if self.place == ParserPosition::Within {
                section(&self.held[..self.line])?;
            }
            self.place = if closes { ParserPosition::After } else { ParserPosition::Within };
            self.held.clear();
        } else if self.place != ParserPosition::Within {
            self.held.clear();
        }
        self.line = self.held.len();
        Ok(())
    }
}

/// A line without its end, and what follows.
fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|&b| b == b'\n') {
        Some(at) => (bytes[..at].strip_suffix(b"\r").unwrap_or(&bytes[..at]), &bytes[at + 1..]),
        None => (bytes, &[]),
    }
}

fn headers_and_rest(mut bytes: &[u8]) -> Result<(HeaderMap, &[u8]), Error> {
    let mut headers = HeaderMap::new();
    while !bytes.is_empty() {
        let (line, rest) = split_line(bytes);
        bytes = rest;
        if line.is_empty() {
            break;
        }
        let colon =
            line.iter().position(|&b| b == b':').ok_or_else(|| malformed("a header without a colon"))?;
        let name = HeaderName::from_bytes(line[..colon].trim_ascii());
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    Ok((headers, bytes))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(content_type: &str, body: &[u8]) -> Result<Vec<AnswerItem>, Error> {
        let mut reader = MultipartReader::new(content_type)?;
        reader.feed(body)?;
        reader.finish()
    }

    const ANSWER: &str = "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: application/http\r\n\
        Content-Transfer-Encoding: binary\r\nContent-ID: 2\r\n\r\nHTTP/1.1 412 Precondition Failed\r\nREQ_ID: r\r\n\
        Content-Type: application/json\r\n\r\n{\"error\":{\"code\":\"0x80060892\",\"message\":\"m\"}}\r\n--c--\r\n\
        --b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 204 No Content\r\nOData-EntityId: x\r\n\r\n\r\n--b--\r\n";

    #[test]
    fn change_sets_and_single_answers_are_read() {
        let items = read("multipart/mixed; boundary=b", ANSWER.as_bytes()).unwrap();
        let [AnswerItem::ChangeSet(set), AnswerItem::One(one)] = &items[..] else { panic!("{items:?}") };
        assert_eq!(set[0].status, 412);
        assert_eq!(set[0].content_id.as_deref(), Some("2"));
        assert!(set[0].body.starts_with(b"{\"error\""));
        assert_eq!(one.status, 204);
        assert!(one.body.is_empty());
    }

    #[test]
    fn an_answer_cut_short_is_an_error() {
        assert!(read("multipart/mixed; boundary=b", &ANSWER.as_bytes()[..ANSWER.len() - 8]).is_err());
        assert!(read("application/json", b"{}").is_err());
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), cut in 0..500_usize) {
            let _ = read("multipart/mixed; boundary=b", &bytes);
            let mut answer = ANSWER.as_bytes()[..cut.min(ANSWER.len())].to_vec();
            answer.extend(bytes);
            let _ = read("multipart/mixed; boundary=b", &answer);
        }

        #[test]
        fn chunks_make_no_difference(cuts in prop::collection::vec(0..ANSWER.len(), 0..20)) {
            let mut cuts = cuts;
            cuts.extend([0, ANSWER.len()]);
            cuts.sort_unstable();
            let mut reader = MultipartReader::new("multipart/mixed; boundary=b").unwrap();
            for pair in cuts.windows(2) {
                reader.feed(&ANSWER.as_bytes()[pair[0]..pair[1]]).unwrap();
            }
            let whole = read("multipart/mixed; boundary=b", ANSWER.as_bytes()).unwrap();
            prop_assert_eq!(format!("{:?}", reader.finish().unwrap()), format!("{whole:?}"));
        }
    }
}
