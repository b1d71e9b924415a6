//! A first visit as a browser makes it: the page, and every file that page and styles name.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    io::{Read, Write as _},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context, Result, bail};

/// The bars, in bytes: of a first visit's WebAssembly, and of all that it loads.
pub const WASM_MAX: usize = 100_000;
pub const WHOLE_MAX: usize = 130_000;

/// One answer: its address and how many bytes came over the wire, its head left out.
pub struct Loaded {
    pub address: String,
    pub bytes: usize,
}

/// Asks for the page and everything it names, each as a browser that takes brotli.
pub fn first(server: &str) -> Result<Vec<Loaded>> {
    let page = ask(server, "/", false)?;
    let mut names = named(&String::from_utf8_lossy(&page));
    let sheets: Vec<String> = names.iter().filter(|name| name.ends_with(".css")).cloned().collect();
    for sheet in sheets {
        names.extend(named(&String::from_utf8_lossy(&ask(server, &sheet, false)?)));
    }
    let mut loaded = vec![Loaded { address: "/".to_owned(), bytes: ask(server, "/", true)?.len() }];
    for address in names {
        let bytes = ask(server, &address, true)?.len();
        loaded.push(Loaded { address, bytes });
    }
    Ok(loaded)
}

pub fn sum<'a>(loaded: impl IntoIterator<Item = &'a Loaded>) -> usize {
    loaded.into_iter().map(|file| file.bytes).sum()
}

pub fn table(loaded: &[Loaded]) -> String {
    let mut table = String::new();
    for file in loaded {
        _ = writeln!(table, "    {:>8} B  {}", file.bytes, file.address);
    }
    _ = writeln!(table, "    {:>8} B  together, brotli, heads left out", sum(loaded));
    table
}

/// Addresses of files in a text: whatever begins with `/pkg/` and ends where an address cannot go on.
fn named(text: &str) -> BTreeSet<String> {
    let end = |character: char| !character.is_ascii_alphanumeric() && !"/._-".contains(character);
    text.match_indices("/pkg/")
        .map(|(at, _)| text[at..].split(end).next().unwrap_or_default().to_owned())
        .filter(|name| name.contains('.'))
        .collect()
}

fn ask(server: &str, path: &str, brotli: bool) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).with_context(|| format!("cannot reach {server}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let encoding = if brotli { "br" } else { "identity" };
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {server}\r\nAccept-Encoding: {encoding}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    body(&answer).with_context(|| format!("GET {path}"))
}

/// The body of an answer, put together again when it came in chunks.
pub fn body(answer: &[u8]) -> Result<Vec<u8>> {
    let end =
        answer.windows(4).position(|four| four == b"\r\n\r\n").context("the answer has no end of head")?;
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let status = head.split_whitespace().nth(1).unwrap_or_default();
    if status != "200" {
        bail!("answered {status}");
    }
    let body = &answer[end + 4..];
    if head.contains("transfer-encoding: chunked") { unchunk(body) } else { Ok(body.to_vec()) }
}

fn unchunk(mut rest: &[u8]) -> Result<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n").context("a chunk without its length")?;
        let length = usize::from_str_radix(String::from_utf8_lossy(&rest[..end]).trim(), 16)?;
        if length == 0 {
            return Ok(whole);
        }
        whole.extend_from_slice(rest.get(end + 2..end + 2 + length).context("a chunk that was cut off")?);
        rest = rest.get(end + 4 + length..).context("a chunk without its end")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_its_files() {
        let page = r#"<link href="/pkg/studio.1f.css"><script>import init from "/pkg/studio.2a.js";init({m:"/pkg/studio.3b.wasm"})</script><a href="/pkg/">"#;
        let names: Vec<_> = named(page).into_iter().collect();
        assert_eq!(names, ["/pkg/studio.1f.css", "/pkg/studio.2a.js", "/pkg/studio.3b.wasm"]);
    }

    #[test]
    fn chunks_are_put_together() {
        let answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        assert_eq!(body(answer).unwrap(), b"abcde");
    }

    #[test]
    fn a_refusal_is_said() {
        assert_eq!(body(b"HTTP/1.1 421 Misdirected\r\n\r\n").unwrap_err().to_string(), "answered 421");
    }
}
