//! The senders of `docs/senders`, as they are printed there, against a server that goes away, is full and refuses.

mod front;
mod program;
#[path = "../../../docs/senders/send.rs"]
#[expect(
    clippy::disallowed_methods,
    reason = "a program of another house, with a clock and a client of its own"
)]
mod send;

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process,
    sync::atomic::{AtomicU16, Ordering},
    time::{Duration, SystemTime},
};

use futures::future::join_all;
use serde_json::{Value as Json, json};

use crate::studio::{RUNS, Studio, TestFolder, command, run, until, with};
use front::ServerFront;
use program::{Language, SendingProgram};

/// Below the ports that the machine gives away by itself: it stays free while the server is away.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(process::id() % 10_000).unwrap();
    loop {
        let port = 12_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn address(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn studio_at(port: u16, folder: TestFolder) -> Studio {
    let address = format!("127.0.0.1:{port}");
    Studio::within(folder, &[("STUDIO_ADDR", &address), ("USE_DATAVERSE", "false")])
}

fn studio() -> Studio {
    Studio::with(&[("USE_DATAVERSE", "false")])
}

fn runs(campaign: &str, names: impl IntoIterator<Item = u32>) -> Vec<Json> {
    names.into_iter().map(|name| run(campaign, &name.to_string())).collect()
}

/// The names of all runs that are stored, sorted.
async fn stored(studio: &Studio) -> Vec<String> {
    let listed = studio.json(&format!("{RUNS}?limit=1000")).await["runs"].as_array().unwrap().clone();
    let mut names: Vec<String> = listed.iter().map(|run| run["runId"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

fn waiting(spool: &Path) -> usize {
    let files = fs::read_dir(spool).into_iter().flatten();
    files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "json")).count()
}

#[tokio::test]
async fn printed_senders_wait_for_the_server() {
    let port = free_port();
    let programs = Language::ALL.map(|language| SendingProgram::printed(language, &address(port), None));
    for (program, word) in programs.iter().zip(["Will retry", "so they wait", "so they wait", "so they wait"])
    {
        program.until_said(word).await;
    }
    let studio = studio_at(port, TestFolder::new());
    for program in programs {
        let (arrived, _, printed) = program.close().await;
        assert!(arrived && printed.contains(&format!("Now look at {}/", studio.url)), "{printed}");
    }
    assert_eq!(stored(&studio).await, ["from-curl", "from-javascript", "from-python", "from-rust"]);
    for language in Language::ALL {
        let (arrived, said, _) = SendingProgram::printed(language, &studio.url, None).close().await;
        assert!(arrived && said.is_empty(), "{language:?}, again: {said:?}");
    }
    assert_eq!(stored(&studio).await.len(), 4);
}

#[tokio::test]
async fn senders_carry_their_key() {
    let studio = studio();
    let added = command(&studio.folder, &[]).args(["key", "add", "--name", "senders"]).output().unwrap();
    let key = String::from_utf8(added.stdout).unwrap().lines().last().unwrap().to_owned();
    let without = SendingProgram::printed(Language::Python, &studio.url, None);
    without.until_said("401").await;
    for language in Language::ALL {
        let (arrived, said, _) = SendingProgram::keyed(language, &studio.url, &key).close().await;
        assert!(arrived && said.is_empty(), "{language:?}: {said:?}");
    }
    let listed = studio.json("/api/metrics/campaign?limit=1000").await;
    assert_eq!(listed["runs"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn restarts_lose_and_repeat_no_run() {
    for language in Language::OBJECTS {
        let port = free_port();
        let studio = studio_at(port, TestFolder::new());
        let mut program = SendingProgram::start(language, &studio.url, None);
        program.send_each(&runs("c", 10..20));
        until("the first runs arrive", async || (stored(&studio).await.len() > 5).then_some(())).await;
        let folder = studio.kill();
        program.send_each(&runs("c", 20..30));
        program.until_said("so they wait").await;
        let studio = studio_at(port, folder);
        program.send_each(&runs("c", 30..40));
        let (arrived, said, _) = program.close().await;
        assert!(arrived && said.len() == 1, "{language:?}: {said:?}");
        let expected: Vec<String> = (10..40).map(|name| name.to_string()).collect();
        assert_eq!(stored(&studio).await, expected, "{language:?}");
    }
}

#[tokio::test]
async fn work_goes_on_beside_silent_servers() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = address(silent.local_addr().unwrap().port());
    for language in Language::OBJECTS {
        let spool = TestFolder::new();
        let mut program = SendingProgram::start(language, &url, Some(spool.path()));
        program.send_each(&runs("c", 0..20));
        until("all were taken from the work", async || (waiting(spool.path()) == 20).then_some(())).await;
        assert_eq!(program.said(), [""; 0], "{language:?}: the first is still under way");
    }
}

#[tokio::test]
async fn spooled_runs_outlive_their_sender() {
    let (port, spools) = (free_port(), TestFolder::new());
    for (language, campaign) in Language::OBJECTS.into_iter().zip(["a", "b", "c"]) {
        let spool = spools.path().join(campaign);
        let mut program = SendingProgram::start(language, &address(port), Some(&spool));
        program.send_each(&runs(campaign, 1..4));
        program.until_said("so they wait").await;
        until("all are in the spool", async || (waiting(&spool) == 3).then_some(())).await;
    }
    let studio = studio_at(port, TestFolder::new());
    for (language, campaign) in Language::OBJECTS.into_iter().zip(["a", "b", "c"]) {
        let spool = spools.path().join(campaign);
        let (arrived, said, _) = SendingProgram::start(language, &studio.url, Some(&spool)).close().await;
        assert!(arrived && said.is_empty(), "{language:?}: {said:?}");
        assert_eq!(fs::read_dir(&spool).unwrap().count(), 0, "{language:?}");
    }
    assert_eq!(stored(&studio).await, ["1", "1", "1", "2", "2", "2", "3", "3", "3"]);
}

#[tokio::test]
async fn a_missing_ledger_loses_no_run() {
    let studio = studio();
    let (ledger, aside) =
        (studio.folder.data().join("ledger.sqlite"), studio.folder.data().join("ledger.aside"));
    fs::rename(&ledger, &aside).unwrap();
    let script = SendingProgram::printed(Language::Curl, &studio.url, None);
    let mut programs = Language::OBJECTS.map(|language| SendingProgram::start(language, &studio.url, None));
    for (program, run) in programs.iter_mut().zip(runs("c", 1..4)) {
        program.send(&run);
    }
    script.until_said("Will retry in 5 seconds").await;
    for program in &programs {
        program.until_said("so they wait: 503 ").await;
    }
    fs::rename(&aside, &ledger).unwrap();
    for program in [script].into_iter().chain(programs) {
        assert!(program.close().await.0);
    }
    assert_eq!(stored(&studio).await, ["1", "2", "3", "from-curl"]);
}

/// Puts these runs where a sender left them that was killed.
fn leave(spool: &Path, runs: &[Json]) {
    for (name, run) in runs.iter().enumerate() {
        fs::write(spool.join(format!("{name}.json")), run.to_string()).unwrap();
    }
}

#[tokio::test]
async fn scripts_spool_and_deliver_what_is_left() {
    let (port, spool) = (free_port(), TestFolder::new());
    leave(spool.path(), &runs("left", 1..4));
    let script = SendingProgram::printed(Language::Curl, &address(port), Some(spool.path()));
    script.until_said("Will retry").await;
    until("its own run waits, too", async || (waiting(spool.path()) == 4).then_some(())).await;
    let studio = studio_at(port, TestFolder::new());
    let (arrived, said, _) = script.close().await;
    assert!(arrived && said.is_empty(), "{said:?}");
    until("the rest arrives", async || (waiting(spool.path()) == 0).then_some(())).await;
    assert_eq!(stored(&studio).await, ["1", "2", "3", "from-curl"]);
}

#[tokio::test]
async fn retry_after_is_heeded() {
    let studio = studio();
    join_all(Language::OBJECTS.map(|language| heeds_retry_after(language, &studio))).await;
    assert_eq!(stored(&studio).await, ["JavaScript", "Python", "Rust"]);
}

async fn heeds_retry_after(language: Language, studio: &Studio) {
    let date = httpdate::fmt_http_date(now() + Duration::from_secs(4));
    let full =
        |after: &str| (503, vec![("retry-after", after.to_owned())], r#"{"detail": "the disk is full"}"#);
    let front = ServerFront::before(studio, vec![full("1"), full(&date)]).await;
    let mut program = SendingProgram::start(language, &front.url, None);
    program.send(&run("c", &format!("{language:?}")));
    let (arrived, said, _) = program.close().await;
    assert!(
        arrived && said.len() == 1 && said[0].ends_with("503 the disk is full"),
        "{language:?}: {said:?}"
    );
    let seen = front.seen();
    assert_eq!(seen.len(), 3, "{language:?}");
    assert!(seen[1].0 - seen[0].0 >= Duration::from_secs(1), "{language:?}: seconds");
    assert!(now() >= httpdate::parse_http_date(&date).unwrap(), "{language:?}: the date");
}

#[expect(clippy::disallowed_methods, reason = "a date in Retry-After is one of the sender's own clock")]
fn now() -> SystemTime {
    SystemTime::now()
}

#[tokio::test]
async fn one_fault_does_not_stop_others() {
    for language in Language::OBJECTS {
        let (studio, spool) = (studio(), TestFolder::new());
        leave(spool.path(), &runs("c", 1..3));
        let front = ServerFront::before(&studio, vec![(500, Vec::new(), "a fault of this run's")]).await;
        let (arrived, ..) = SendingProgram::start(language, &front.url, Some(spool.path())).close().await;
        let order = front.seen().into_iter().map(|(_, body)| serde_json::from_str::<Json>(&body).unwrap());
        let order: Vec<Json> = order.map(|run| run["runId"].clone()).collect();
        assert!(arrived && order == ["1", "2", "1"], "{language:?}: {order:?}");
    }
}

/// An array of two, of which the second is refused, with the other status that means this.
const PARTLY: &str = r#"{"items": [
    {"index": 0, "status": "stored", "errors": []},
    {"index": 1, "status": "refused", "errors": [{"field": "phase", "message": "must be there"}]}]}"#;

#[tokio::test]
async fn refusals_are_final_and_said_once() {
    for language in Language::OBJECTS {
        let studio = studio();
        let withdrawn = studio.stored(&run("c", "withdrawn")).await;
        assert_eq!(
            studio.request("DELETE", &format!("{RUNS}/{withdrawn}")).send().await.unwrap().status(),
            200
        );
        studio.stored(&run("c", "taken")).await;
        let other = with(&run("c", "taken"), &json!({"tokensIn": 1}));
        let wrong = with(&run("c", "wrong"), &json!({"agentsTotal": -1, "tokensIn": -1}));
        let scripted = |status, detail| (status, Vec::new(), detail);
        let script = vec![
            scripted(410, r#"{"detail": "it was withdrawn"}"#),
            scripted(413, r#"{"detail": "too large"}"#),
            scripted(415, "not JSON at all"),
            scripted(207, PARTLY),
        ];
        let front = ServerFront::before(&studio, script).await;
        let mut program = SendingProgram::start(language, &front.url, None);
        program.send_each(&[run("s", "1"), json!(runs("s", 2..4)), run("s", "4"), json!(runs("s", 5..7))]);
        program.send_each(&[other.clone(), run("c", "withdrawn"), wrong.clone()]);
        program.send(&json!([run("c", "good"), wrong, other, run("c", "good too")]));
        let (arrived, said, _) = program.close().await;
        assert!(!arrived, "{language:?}");
        let expected = [
            "s/1/1 is given up: 410 it was withdrawn",
            "an array of 2 runs is given up: 413 too large",
            "s/4/1 is given up: 415 not JSON at all",
            "s/6/1 is given up: refused, phase must be there",
            "c/taken/1 is given up: 409 A record with this key says something else; ",
            "c/withdrawn/1 is given up: 409 This record was withdrawn and stays so; ",
            "c/wrong/1 is given up: 422 agentsTotal ",
            "c/wrong/1 is given up: refused, agentsTotal ",
            "c/taken/1 is given up: conflict, has a key whose record says something else",
        ];
        assert_eq!(said.len(), expected.len(), "{language:?}: {said:?}");
        for (said, expected) in said.iter().zip(expected) {
            assert!(said.starts_with(expected), "{language:?}: {said}");
        }
        assert!(said[6].contains("; tokensIn "), "{language:?}: {}", said[6]);
        assert_eq!(front.seen().len(), 8, "{language:?}: none is sent again");
        assert_eq!(stored(&studio).await, ["good", "good too", "taken"], "{language:?}");
    }
}

#[tokio::test]
async fn scripts_show_what_was_refused() {
    let studio = studio();
    studio.stored(&json!({"campaignId": "autumn", "runId": "from-curl", "phase": "2-3", "agentsTotal": 1, "agentsSuccessful": 1})).await;
    let (arrived, said, _) = SendingProgram::printed(Language::Curl, &studio.url, None).close().await;
    assert!(!arrived && said.len() == 1, "{said:?}");
    assert!(
        said[0].starts_with("a run is given up: ") && said[0].contains("correct it with PUT"),
        "{said:?}"
    );
    let front =
        ServerFront::before(&studio, vec![(200, Vec::new(), r#"{"items":[{"status":"refused"}]}"#)]).await;
    let (arrived, said, _) = SendingProgram::printed(Language::Curl, &front.url, None).close().await;
    assert!(!arrived && said.len() == 1 && said[0].starts_with("some runs are given up: "), "{said:?}");
}

#[tokio::test]
async fn the_oldest_make_room_for_newer() {
    for language in Language::OBJECTS {
        let (port, spool) = (free_port(), TestFolder::new());
        let most_bytes = 4 * (run("c", "1").to_string().len() + 20);
        let mut program = SendingProgram::bound(language, &address(port), Some(spool.path()), most_bytes);
        program.send_each(&runs("c", 1..10));
        program.until_said("the oldest runs are given up").await;
        let last = || {
            fs::read_dir(spool.path()).unwrap().any(|file| {
                let text = fs::read_to_string(file.unwrap().path()).unwrap_or_default();
                text.contains(r#""runId": "9""#) || text.contains(r#""runId":"9""#)
            })
        };
        until("the last waits", async || last().then_some(())).await;
        let studio = studio_at(port, TestFolder::new());
        let (arrived, said, _) = program.close().await;
        assert!(!arrived && said.len() == 2, "{language:?}: {said:?}");
        let stored = stored(&studio).await;
        assert!(
            (2..9).contains(&stored.len()) && stored.contains(&"9".to_owned()),
            "{language:?}: {stored:?}"
        );
        assert!(!stored.contains(&"1".to_owned()), "{language:?}: {stored:?}");
        assert_eq!(waiting(spool.path()), 0, "{language:?}");
    }
}

#[tokio::test]
async fn answers_of_strangers_deliver_nothing() {
    for language in Language::OBJECTS {
        let studio = studio();
        let script = vec![
            (200, Vec::new(), "<html>Sign in</html>"),
            (200, Vec::new(), r#"{"runs": []}"#),
            (404, Vec::new(), "no such page"),
            (500, Vec::new(), r#"{"detail": "a fault"}"#),
        ];
        let front = ServerFront::before(&studio, script).await;
        let mut program = SendingProgram::start(language, &front.url, None);
        program.send(&run("c", "1"));
        let (arrived, said, _) = program.close().await;
        assert!(arrived && said.len() == 1 && said[0].contains("so they wait"), "{language:?}: {said:?}");
        assert_eq!(front.seen().len(), 5, "{language:?}");
        assert_eq!(stored(&studio).await, ["1"]);
    }
}
