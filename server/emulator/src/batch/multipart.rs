//! Reading a batch's body by the multipart grammar, lines ending in CRLF or in a bare LF, which OData's own reader takes
//! as well. Nothing makes it panic, and nothing is copied but the parts that are kept.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::fault::{Fault, Result};

/// Most operations in one batch \[D:webapi/execute-batch-operations-using-web-api.md\].
const MOST: usize = 1000;

/// One request inside a batch.
#[derive(Clone, Debug)]
pub(super) struct RequestPart {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) content_id: Option<String>,
}

#[derive(Debug)]
pub(super) enum RequestItem {
    One(RequestPart),
    ChangeSet(Vec<RequestPart>),
}

pub(super) fn read(content_type: &str, body: &Bytes) -> Result<Vec<RequestItem>> {
    let boundary = boundary(content_type).ok_or_else(|| {
        Fault::bad("0x80048d19", "The content type must be multipart/mixed with a boundary.")
    })?;
    let mut items = Vec::new();
    let mut total = 0;
    for section in sections(body, &boundary)? {
        let (headers, content) = headers_and_rest(&section)?;
        let kind = headers.get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
        if kind.to_ascii_lowercase().starts_with("multipart/mixed") {
            let inner = self::boundary(kind).ok_or_else(|| broken("a change set without a boundary"))?;
            let mut parts = Vec::new();
            for section in sections(&content, &inner)? {
                let (headers, content) = headers_and_rest(&section)?;
                if is_multipart(&headers) {
                    return Err(broken("a change set inside a change set"));
                }
                parts.push(part(&headers, &content)?);
            }
            total += parts.len();
            items.push(RequestItem::ChangeSet(parts));
        } else {
            items.push(RequestItem::One(part(&headers, &content)?));
            total += 1;
        }
        if total > MOST {
            return Err(Fault::bad(
                "0x80060888",
                format!("The number of requests in the batch exceeds the limit of {MOST}."),
            ));
        }
    }
    Ok(items)
}

fn is_multipart(headers: &HeaderMap) -> bool {
    headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/"))
}

/// What the cloud says of any body that its reader does not get to the end of, a missing last line end among them \[TS\].
fn broken(what: &str) -> Fault {
    Fault::bad(
        "0x80048d19",
        format!(
            "Error identified in Payload provided by the user for Entity :'', For more information on this error please \
             follow this help link https://go.microsoft.com/fwlink/?linkid=2195293  ---->  InnerException : \
             System.ArgumentException: Stream was not readable. ({what})"
        ),
    )
}

fn boundary(content_type: &str) -> Option<String> {
    let at = content_type.to_ascii_lowercase().find("boundary=")? + "boundary=".len();
    let rest = content_type.get(at..)?;
    let value = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => rest.split(';').next()?.trim(),
    };
    (!value.is_empty()).then(|| value.to_owned())
}

/// What lies between delimiter lines. A body may begin with an empty line: the last exchange of
/// `server/exchanges/batches.http`.
fn sections(body: &Bytes, boundary: &str) -> Result<Vec<Bytes>> {
    let delimiter = format!("--{boundary}");
    let mut found = Vec::new();
    let mut start = None;
    let mut at = 0;
    while at < body.len() {
        let end = body[at..].iter().position(|&b| b == b'\n').map(|n| at + n);
        let line = &body[at..end.unwrap_or(body.len())];
        let next = end.map_or(body.len(), |end| end + 1);
        if let Some(tail) = line.strip_prefix(delimiter.as_bytes()) {
            let tail = tail.trim_ascii_end();
            if tail.is_empty() || tail == b"--" {
                if end.is_none() {
                    return Err(broken("a delimiter line without a line end"));
                }
                if let Some(start) = start {
                    found.push(body.slice(start..at));
                }
                if tail == b"--" {
                    return Ok(found);
                }
                start = Some(next);
            }
        }
        at = next;
    }
    Err(broken("no closing delimiter"))
}

fn part(outer: &HeaderMap, content: &Bytes) -> Result<RequestPart> {
    let end = content.iter().position(|&b| b == b'\n').ok_or_else(|| broken("no request line"))?;
    let line = std::str::from_utf8(&content[..end])
        .map_err(|_| broken("a request line that is no text"))?
        .trim_end();
    // Addresses inside a batch hold raw spaces: the first space and the last ` HTTP/1.1` bound them.
    let (method, rest) = line.split_once(' ').ok_or_else(|| broken("no request line"))?;
    let url = rest.rsplit_once(" HTTP/").map(|(url, _)| url).ok_or_else(|| broken("no HTTP version"))?;
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| broken("no method"))?;
    let (headers, body) = headers_and_rest(&content.slice(end + 1..))?;
    let content_id = outer.get("content-id").or_else(|| headers.get("content-id"));
    let content_id = content_id.and_then(|v| v.to_str().ok()).map(|text| text.trim().to_owned());
    // The line end before the next delimiter belongs to the delimiter.
    let bare = body.strip_suffix(b"\n").unwrap_or(&body);
    let length = bare.strip_suffix(b"\r").unwrap_or(bare).len();
    Ok(RequestPart { method, url: url.trim().to_owned(), headers, body: body.slice(..length), content_id })
}

fn headers_and_rest(bytes: &Bytes) -> Result<(HeaderMap, Bytes)> {
    let mut headers = HeaderMap::new();
    let mut at = 0;
    while at < bytes.len() {
        let end = bytes[at..].iter().position(|&b| b == b'\n').map_or(bytes.len(), |n| at + n);
        let line = bytes[at..end].trim_ascii();
        at = (end + 1).min(bytes.len());
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|&b| b == b':').ok_or_else(|| broken("a header without a colon"))?;
        let name = HeaderName::from_bytes(line[..colon].trim_ascii());
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    Ok((headers, bytes.slice(at..)))
}

#[cfg(test)]
mod tests;
