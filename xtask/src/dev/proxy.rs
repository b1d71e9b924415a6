//! The door before the server: hands every request on, and adds to each page a script that waits for the next build.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};

use crate::first_load::body;

/// Where a page asks whether there is a newer build.
const QUESTION: &str = "/__build/";
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Door {
    pub address: String,
    /// How many servers there have been, and where the present one listens.
    behind: Mutex<(u64, String)>,
    changed: Condvar,
}

impl Door {
    pub fn open(address: &str) -> Result<Arc<Self>> {
        let listener = TcpListener::bind(address).with_context(|| {
            format!("cannot listen on {address}; end what runs there, or set STUDIO_ADDR")
        })?;
        let address = listener.local_addr()?.to_string();
        let door = Arc::new(Self { address, behind: Mutex::default(), changed: Condvar::new() });
        let keeper = Arc::clone(&door);
        thread::spawn(move || {
            for visitor in listener.incoming().flatten() {
                let door = Arc::clone(&keeper);
                // A visitor who leaves early is no news.
                thread::spawn(move || _ = door.serve(&visitor));
            }
        });
        Ok(door)
    }

    /// From now on visitors come to this server, and open pages load themselves again.
    pub fn lead_to(&self, server: String) {
        let mut behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner);
        *behind = (behind.0 + 1, server);
        self.changed.notify_all();
    }

    fn serve(&self, visitor: &TcpStream) -> Result<()> {
        let mut reader = BufReader::new(visitor);
        let request = Request::read(&mut reader)?;
        let mut visitor = visitor;
        if let Some(known) = request.path().strip_prefix(QUESTION) {
            let build = self.newer_than(known.parse().unwrap_or(0)).to_string();
            write!(
                visitor,
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{build}",
                build.len()
            )?;
            return Ok(());
        }
        let (build, server) = self.behind.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let answer = request.send_to(&server)?;
        visitor.write_all(&with_script(answer, build))?;
        Ok(())
    }

    /// Waits a while for a build other than the one that a page has.
    fn newer_than(&self, known: u64) -> u64 {
        let behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(behind, PATIENCE, |behind| behind.0 == known);
        waited.unwrap_or_else(PoisonError::into_inner).0.0
    }
}

struct Request {
    /// The request line and every header, without line ends.
    head: Vec<String>,
    body: Vec<u8>,
}

impl Request {
    fn read(reader: &mut impl BufRead) -> Result<Self> {
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            head.push(line.to_owned());
        }
        let length = head.iter().find_map(|line| value(line, "content-length")?.parse().ok()).unwrap_or(0);
        let mut body = Vec::new();
        reader.take(length).read_to_end(&mut body)?;
        Ok(Self { head, body })
    }

    fn path(&self) -> &str {
        self.head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default()
    }

    /// Asks the server under its own name: it answers no other. Uncompressed, because a script has to go into it.
    fn send_to(&self, server: &str) -> Result<Vec<u8>> {
        let mut stream = TcpStream::connect(server).with_context(|| format!("{server} is not there"))?;
        let replaced = ["host", "connection", "accept-encoding", "origin"];
        let mut head = String::new();
        for line in self.head.iter().filter(|line| !replaced.iter().any(|name| value(line, name).is_some())) {
            head.push_str(line);
            head.push_str("\r\n");
        }
        head.push_str(&format!("Host: {server}\r\nConnection: close\r\nAccept-Encoding: identity\r\n"));
        if self.head.iter().any(|line| value(line, "origin").is_some()) {
            head.push_str(&format!("Origin: http://{server}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes())?;
        stream.write_all(&self.body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    }
}

/// The value of a header line, if it is that header's.
fn value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (found, value) = line.split_once(':')?;
    found.eq_ignore_ascii_case(name).then(|| value.trim())
}

/// A page gets the script, under the nonce that its own policy names; anything else stays as it is.
fn with_script(answer: Vec<u8>, build: u64) -> Vec<u8> {
    let Some(page) = Page::of(&answer) else { return answer };
    let script = format!(
        "<script nonce=\"{}\">(async()=>{{for(;;)try{{if(await(await fetch(\"{QUESTION}{build}\")).text()!=\"{build}\")\
         return location.reload()}}catch{{await new Promise(r=>setTimeout(r,500))}}}})()</script>",
        page.nonce
    );
    let text = page.text.replacen("</head>", &format!("{script}</head>"), 1);
    let framing = ["content-length", "transfer-encoding", "connection"];
    let mut whole = String::new();
    for line in page.head.lines().filter(|line| !framing.iter().any(|name| value(line, name).is_some())) {
        whole.push_str(line);
        whole.push_str("\r\n");
    }
    whole.push_str(&format!("Content-Length: {}\r\nConnection: close\r\n\r\n{text}", text.len()));
    whole.into_bytes()
}

struct Page {
    head: String,
    nonce: String,
    text: String,
}

impl Page {
    fn of(answer: &[u8]) -> Option<Self> {
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        head.lines()
            .find(|line| value(line, "content-type").is_some_and(|kind| kind.starts_with("text/html")))?;
        let nonce = head
            .split_once("'nonce-")
            .and_then(|(_, rest)| rest.split_once('\''))
            .map_or("", |(nonce, _)| nonce);
        let text = String::from_utf8(body(answer).ok()?).ok()?;
        Some(Self { nonce: nonce.to_owned(), head, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_gets_the_script_under_its_nonce() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 13\r\n\
            Content-Security-Policy: script-src 'nonce-abc='\r\n\r\n<head></head>"
            .to_vec();
        let page = String::from_utf8(with_script(answer, 7)).unwrap();
        assert!(page.contains("<head><script nonce=\"abc=\">"), "{page}");
        assert!(page.contains("fetch(\"/__build/7\")"), "{page}");
        let (head, text) = page.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("Content-Length: {}\r\nConnection: close", text.len())), "{head}");
    }

    #[test]
    fn anything_else_stays_as_it_is() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"a\":\"</head>\"}".to_vec();
        assert_eq!(with_script(answer.clone(), 7), answer);
    }

    #[test]
    fn the_server_is_asked_under_its_own_name() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap().to_string();
        let asked = thread::spawn(move || {
            let (mut stream, _) = server.accept().unwrap();
            let request = Request::read(&mut BufReader::new(&stream)).unwrap();
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
            (request.head, request.body)
        });
        let door = Door::open("127.0.0.1:0").unwrap();
        door.lead_to(address.clone());
        let mut visitor = TcpStream::connect(&door.address).unwrap();
        let host = &door.address;
        write!(
            visitor,
            "POST /a HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Length: 2\r\n\r\nhi"
        )
        .unwrap();
        let mut answer = String::new();
        visitor.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
        let (head, body) = asked.join().unwrap();
        assert_eq!(body, b"hi");
        assert!(head.contains(&format!("Host: {address}")), "{head:?}");
        assert!(head.contains(&format!("Origin: http://{address}")), "{head:?}");
    }

    #[test]
    fn a_page_hears_of_the_next_build() {
        let door = Door::open("127.0.0.1:0").unwrap();
        door.lead_to("one".to_owned());
        let waiting = Arc::clone(&door);
        let page = thread::spawn(move || waiting.newer_than(1));
        door.lead_to("two".to_owned());
        assert_eq!(page.join().unwrap(), 2);
    }
}
