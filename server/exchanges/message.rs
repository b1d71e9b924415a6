//! A request or an answer: its first line, headers and body; the same in a file and on the wire.

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// A message. In a file it may hold variables and wildcards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// `GET port_ships`, or `204`.
    pub start: String,
    /// The body may hold nothing that is not recorded.
    pub exactly: bool,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Message {
    /// From a file's lines; `None` if there are none.
    pub fn read(lines: &[&str]) -> Option<Self> {
        let start = lines.first()?.trim();
        let exact = start.strip_suffix(" exactly");
        let mut rest = lines[1..].iter();
        let headers = rest.by_ref().take_while(|line| !line.trim().is_empty());
        let headers = headers.filter_map(|line| header(line)).collect();
        let body: Vec<&str> = rest.copied().collect();
        Some(Self {
            start: exact.unwrap_or(start).to_owned(),
            exactly: exact.is_some(),
            headers,
            body: body.join("\n").trim_end().to_owned(),
        })
    }

    /// From a connection; the first line as it came.
    pub async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> Option<Self> {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            bytes.push(stream.read_u8().await.ok()?);
        }
        let head = String::from_utf8(bytes).ok()?;
        let mut lines = head.lines();
        let start = lines.next()?.to_owned();
        let headers: Vec<_> = lines.filter_map(header).collect();
        let mut message = Self { start, headers, ..Self::default() };
        let length = message.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        message.body = String::from_utf8_lossy(&body).into_owned();
        Some(message)
    }

    /// As it goes over the wire, under another first line.
    pub fn to_wire(&self, start: &str) -> Vec<u8> {
        let mut text = format!("{start}\r\n");
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!(
            "Connection: close\r\nContent-Length: {}\r\n\r\n{}",
            self.body.len(),
            self.body
        ));
        text.into_bytes()
    }

    /// A header's value; those of several headers of one name are joined, as HTTP has it.
    pub fn header(&self, name: &str) -> Option<String> {
        let same = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let values: Vec<&str> = same.map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then(|| values.join(","))
    }
}

fn header(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    Some((name.trim().to_owned(), value.trim().to_owned()))
}
