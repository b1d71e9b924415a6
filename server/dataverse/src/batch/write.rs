//! Writing a batch's body. Every line ends in CRLF, the last one too: the server stops reading otherwise \[TS\].

use http::HeaderValue;

use super::operation::{One, OperationKind};
use crate::error::Error;
use crate::runtime::{Runtime, new_id};

/// A line that no row can hold: a boundary of 128 random bits.
pub(super) fn boundary(runtime: &dyn Runtime) -> String {
    format!("batch_{}", new_id(runtime).simple())
}

pub(super) fn content_type(boundary: &str) -> Result<HeaderValue, Error> {
    HeaderValue::try_from(format!("multipart/mixed; boundary=\"{boundary}\""))
        .map_err(|_| Error::Misuse("a boundary that is no header".to_owned()))
}

pub(super) fn body(base: &str, boundary: &str, kinds: &[OperationKind]) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity(kinds.len() * 512);
    let mut content_id = 0;
    for (at, kind) in kinds.iter().enumerate() {
        line(&mut out, &format!("--{boundary}"));
        match kind {
            OperationKind::One(one) => part(&mut out, base, one, None)?,
            OperationKind::ChangeSet(all) => {
                let inner = format!("changeset_{at}_{boundary}");
                line(&mut out, &format!("Content-Type: multipart/mixed; boundary=\"{inner}\""));
                line(&mut out, "");
                for one in all {
                    content_id += 1;
                    line(&mut out, &format!("--{inner}"));
                    part(&mut out, base, one, Some(content_id))?;
                }
                line(&mut out, &format!("--{inner}--"));
            }
        }
    }
    line(&mut out, &format!("--{boundary}--"));
    Ok(out)
}

fn part(out: &mut Vec<u8>, base: &str, one: &One, content_id: Option<usize>) -> Result<(), Error> {
    let path = one.path.as_ref().map_err(Clone::clone)?;
    line(out, "Content-Type: application/http");
    line(out, "Content-Transfer-Encoding: binary");
    if let Some(id) = content_id {
        line(out, &format!("Content-ID: {id}"));
    }
    line(out, "");
    line(out, &format!("{} {base}{path} HTTP/1.1", one.method));
    line(out, "Accept: application/json");
    if let Some((name, value)) = &one.condition {
        if value.contains(['\r', '\n']) {
            return Err(Error::Misuse("an ETag with a line break".to_owned()));
        }
        line(out, &format!("{name}: {value}"));
    }
    if let Some(preferences) = &one.preferences {
        line(out, &format!("Prefer: {preferences}"));
    }
    match &one.body {
        Some(body) => {
            line(out, "Content-Type: application/json; type=entry");
            line(out, "");
            serde_json::to_writer(&mut *out, body)
                .map_err(|e| Error::Misuse(format!("a row that is no JSON: {e}")))?;
            line(out, "");
        }
        None => line(out, ""),
    }
    Ok(())
}

fn line(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(b"\r\n");
}
