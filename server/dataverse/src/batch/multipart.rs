//! Reading multipart answers: parts between delimiter lines, each an HTTP answer or a change set of them.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::Part;
use crate::Error;

/// What stands where one operation's answer is expected.
#[derive(Debug)]
pub(super) enum Item {
    One(Part),
    ChangeSet(Vec<Part>),
}

/// Reads a whole answer. Never panics, whatever it is given.
pub(super) fn read(content_type: &str, body: &[u8]) -> Result<Vec<Item>, Error> {
    let boundary = boundary(content_type).ok_or_else(|| malformed("a batch answer without a boundary"))?;
    sections(body, &boundary)?.into_iter().map(item).collect()
}

fn malformed(what: &str) -> Error {
    Error::Malformed(what.to_owned())
}

fn item(section: &[u8]) -> Result<Item, Error> {
    let (headers, content) = headers_and_rest(section)?;
    let kind = headers.get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with("multipart/mixed") {
        return part(&headers, content).map(Item::One);
    }
    let inner = boundary(kind).ok_or_else(|| malformed("a change set without a boundary"))?;
    let mut parts = Vec::new();
    for section in sections(content, &inner)? {
        let (headers, content) = headers_and_rest(section)?;
        parts.push(part(&headers, content)?);
    }
    Ok(Item::ChangeSet(parts))
}

fn part(outer: &HeaderMap, content: &[u8]) -> Result<Part, Error> {
    let (line, rest) = split_line(content);
    let line = std::str::from_utf8(line).map_err(|_| malformed("a status line that is no text"))?;
    let code = line.split_ascii_whitespace().nth(1).unwrap_or_default();
    let status = StatusCode::from_bytes(code.as_bytes())
        .map_err(|_| malformed("a part of a batch answer without a status"))?;
    let (headers, body) = headers_and_rest(rest)?;
    let content_id = headers.get("content-id").or_else(|| outer.get("content-id"));
    let content_id = content_id.and_then(|v| v.to_str().ok()).map(str::to_owned);
    Ok(Part { status, content_id, body: body.trim_ascii().to_vec(), headers })
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

/// What lies between delimiter lines. What comes before the first is a preamble, after the closing one an epilogue.
fn sections<'a>(body: &'a [u8], boundary: &str) -> Result<Vec<&'a [u8]>, Error> {
    let delimiter = format!("--{boundary}");
    let mut found = Vec::new();
    let mut start = None;
    let mut at = 0;
    while at < body.len() {
        let (line, rest) = split_line(&body[at..]);
        let next = body.len() - rest.len();
        if let Some(tail) = line.strip_prefix(delimiter.as_bytes()) {
            let tail = tail.trim_ascii();
            if tail.is_empty() || tail == b"--" {
                if let Some(start) = start {
                    found.push(&body[start..at]);
                }
                if tail == b"--" {
                    return Ok(found);
                }
                start = Some(next);
            }
        }
        at = next;
    }
    Err(malformed("a batch answer that breaks off"))
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

    const ANSWER: &str = "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: application/http\r\n\
        Content-Transfer-Encoding: binary\r\nContent-ID: 2\r\n\r\nHTTP/1.1 412 Precondition Failed\r\nREQ_ID: r\r\n\
        Content-Type: application/json\r\n\r\n{\"error\":{\"code\":\"0x80060892\",\"message\":\"m\"}}\r\n--c--\r\n\
        --b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 204 No Content\r\nOData-EntityId: x\r\n\r\n\r\n--b--\r\n";

    #[test]
    fn change_sets_and_single_answers_are_read() {
        let items = read("multipart/mixed; boundary=b", ANSWER.as_bytes()).unwrap();
        let [Item::ChangeSet(set), Item::One(one)] = &items[..] else { panic!("{items:?}") };
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
    }
}
