//! No 2xx leaves before the flush that covers it: the server's own system calls, written down while many send at once.
//! (Killing the process cannot show a missing flush: what the kernel holds survives that.)

use std::{collections::BTreeMap, fs};

use futures::future::join_all;
use serde_json::json;

use crate::studio::{Studio, TestFolder, run, traced, until};

const SENDERS: usize = 12;
const EACH: usize = 8;

/// What a line of the trace tells, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
enum SystemCall {
    /// A flush of the ledger begins; it ends with the same line, or with its thread's next.
    Flush {
        whole: bool,
    },
    FlushEnded,
    /// A request that writes came in by this descriptor, or a further part of one.
    Asked(String),
    Heard(String),
    /// A promise went out by it.
    Promised(String),
}

#[tokio::test]
async fn no_promise_leaves_before_its_flush() {
    let folder = TestFolder::new();
    let trace = folder.path().join("trace");
    let studio = Studio::of(traced(&folder, &[("USE_DATAVERSE", "false")], &trace), folder);
    join_all((0..SENDERS).map(async |sender| {
        for number in 0..EACH {
            studio.stored(&run("c", &format!("{sender}-{number}"))).await;
        }
        let id = studio.stored(&run("c", &format!("{sender}-withdrawn"))).await;
        let path = format!("/api/metrics/campaign/{id}");
        assert_eq!(studio.request("DELETE", &path).send().await.unwrap().status(), 200);
        let many = json!([run("d", &format!("{sender}-a")), run("d", &format!("{sender}-b"))]);
        assert_eq!(studio.post(&many).await.status(), 200);
    }))
    .await;
    // The folder is kept until the trace is read.
    let (status, _, _, _folder) = studio.terminate();
    assert!(status.success());
    let text = until("the end of the trace", async || {
        let text = fs::read_to_string(&trace).unwrap_or_default();
        text.trim_end().ends_with("+++").then_some(text)
    })
    .await;
    let promises = check(&text);
    assert_eq!(promises, SENDERS * (EACH + 3), "every request is in the trace");
}

/// How many promises there are, each of which must have a flush that began after its request and ended before it.
fn check(text: &str) -> usize {
    let mut asked: BTreeMap<String, usize> = BTreeMap::new();
    let mut begun: BTreeMap<&str, usize> = BTreeMap::new();
    let mut halves: BTreeMap<&str, &str> = BTreeMap::new();
    // When the last flush that has ended was begun.
    let mut covered = None;
    let mut promises = 0;
    for (at, line) in text.lines().enumerate() {
        let Some((thread, said)) = line.trim_start().split_once(char::is_whitespace) else { continue };
        match call(&joined(thread, said.trim_start(), &mut halves)) {
            Some(SystemCall::Flush { whole: false }) => _ = begun.insert(thread, at),
            Some(SystemCall::Flush { whole: true }) => covered = Some(at),
            Some(SystemCall::FlushEnded) => covered = covered.max(begun.remove(thread)),
            Some(SystemCall::Asked(socket)) => _ = asked.insert(socket, at),
            Some(SystemCall::Heard(socket)) => {
                asked.entry(socket).and_modify(|heard| *heard = at);
            }
            Some(SystemCall::Promised(socket)) => {
                let Some(asked) = asked.remove(&socket) else { continue };
                assert!(covered.is_some_and(|begun| begun > asked), "line {at} promises too early: {line}");
                promises += 1;
            }
            None => {}
        }
    }
    promises
}

/// What is read is told when the call ends; the descriptor stood in its first half.
fn joined<'a>(thread: &'a str, said: &'a str, halves: &mut BTreeMap<&'a str, &'a str>) -> String {
    let reads = |call: &str| call.starts_with("recvfrom(") || call.starts_with("read(");
    if let Some(first) = said.strip_suffix("<unfinished ...>").filter(|first| reads(first)) {
        halves.insert(thread, first);
        return String::new();
    }
    match said.split_once(" resumed>") {
        Some(("<... recvfrom" | "<... read", rest)) => {
            format!("{}{rest}", halves.remove(thread).unwrap_or_default())
        }
        _ => said.to_owned(),
    }
}

fn call(said: &str) -> Option<SystemCall> {
    let well = said.ends_with("= 0");
    if said.starts_with("fsync(") || said.starts_with("fdatasync(") {
        return said.contains("/ledger.sqlite-wal>").then_some(SystemCall::Flush { whole: well });
    }
    if said.starts_with("<... fsync resumed>") || said.starts_with("<... fdatasync resumed>") {
        return well.then_some(SystemCall::FlushEnded);
    }
    let socket = said.split_once('(')?.1.split_once('<')?.0.to_owned();
    if said.contains("\"POST /api/metrics/") || said.contains("\"DELETE /api/metrics/") {
        return Some(SystemCall::Asked(socket));
    }
    if said.starts_with("recvfrom(") {
        return (!said.contains("= -1 ")).then_some(SystemCall::Heard(socket));
    }
    said.contains("\"HTTP/1.1 20").then_some(SystemCall::Promised(socket))
}

#[test]
fn a_promise_before_its_flush_is_found() {
    let asked =
        "7 recvfrom(20<socket:[1]>, \"POST /api/metrics/campaign HTTP/1.1\"..., 8192, 0, NULL, NULL) = 230\n";
    let flush = "8 fdatasync(13</tmp/data/ledger.sqlite-wal>) = 0\n";
    let begun = "8 fdatasync(13</tmp/data/ledger.sqlite-wal> <unfinished ...>\n";
    let ended = "8 <... fdatasync resumed>) = 0\n";
    let other = "8 fsync(17</tmp/data/emulator/organisation.sqlite-wal>) = 0\n";
    let promise =
        "7 writev(20<socket:[1]>, [{iov_base=\"HTTP/1.1 201 Created\\r\\n\"..., iov_len=5}], 1) = 5\n";
    assert_eq!(check(&[asked, flush, promise].concat()), 1);
    assert_eq!(check(&[asked, begun, ended, promise].concat()), 1);
    let half = "7 recvfrom(20<socket:[1]>,  <unfinished ...>\n";
    let other_half =
        "7 <... recvfrom resumed>\"POST /api/metrics/campaign HTTP/1.1\"..., 8192, 0, NULL, NULL) = 230\n";
    assert_eq!(check(&[half, begun, other_half, ended, flush, promise].concat()), 1);
    let body = "7 recvfrom(20<socket:[1]>, \"{}\", 8192, 0, NULL, NULL) = 2\n";
    for early in [
        vec![asked, promise, flush],
        vec![asked, flush, body, promise],
        vec![half, begun, other_half, ended, promise],
        vec![flush, asked, promise],
        vec![asked, other, promise],
        vec![begun, asked, ended, promise],
        vec![asked, begun, promise, ended],
    ] {
        let found = std::panic::catch_unwind(|| check(&early.concat()));
        assert!(found.is_err(), "{early:?}");
    }
}
