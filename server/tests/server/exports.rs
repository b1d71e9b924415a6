//! `studio export`: what it writes is taken in again as it was, from either store, and beside a server.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    process::Stdio,
};

use serde_json::{Value as Json, json};

use crate::{
    files::ImportHome,
    studio::{RUNS, Studio, TASKS, TestFolder, command, run, task, with},
};

const RESTING: (&str, &str) = ("USE_DATAVERSE", "false");

/// Everything that can be seen of records and that does not depend on when they came.
async fn told(studio: &Studio) -> Json {
    let mut lists = Vec::new();
    for path in [RUNS, TASKS] {
        let mut list = studio.json(&format!("{path}?limit=1000")).await;
        for name in ["runs", "tasks"] {
            let records = list[name].as_array_mut().into_iter().flatten();
            records.for_each(|record| _ = record.as_object_mut().unwrap().remove("receivedAt"));
        }
        lists.push(list);
    }
    let history = studio.json("/api/metrics/history?from=2026-10-01&to=2026-11-01").await;
    let recent = studio.json("/api/metrics/history?from=2026-10-01&to=2026-11-01&campaign=c1").await;
    json!([lists, history, recent])
}

/// Its records say everything that can be said.
async fn fill(studio: &Studio) {
    let runs: Json = (0..900)
        .map(|n| {
            let day = format!("2026-10-{:02}T{:02}:00:00.{n:06}Z", n % 31 + 1, n % 24);
            let more = json!({
                "createdAt": day, "tokensIn": n, "costUSD": format!("{}.00001", n), "latencyP95Ms": n,
                "campaignName": format!("=\"Müller, {}\"; + Söhne", n % 3)
            });
            let name = format!("c{}", n % 3);
            if n % 2 == 0 {
                with(&run(&name, &format!("r{n}")), &more)
            } else {
                with(&run(&name, &format!("-r;{n}")), &json!({"createdAt": day}))
            }
        })
        .collect();
    assert_eq!(studio.post(&runs).await.json::<Json>().await.unwrap()["stored"], 900);
    let tasks = json!([
        with(
            &task("t1"),
            &json!({"errorMessage": " two\r\nlines, \"quoted\"\t", "status": "timeout", "model": "atlas"})
        ),
        task("t2")
    ]);
    assert_eq!(studio.post_at(TASKS, &tasks).await.json::<Json>().await.unwrap()["stored"], 2);
}

#[tokio::test]
async fn exports_come_back_as_they_were() {
    for mut from in ImportHome::both() {
        let studio = from.serving();
        fill(&studio).await;
        let expected = told(&studio).await;
        from.folder = studio.terminate().3;
        for format in ["csv", "jsonl"] {
            let (runs, tasks) = (format!("runs.{format}"), format!("tasks.{format}"));
            from.done(&["export", &runs], "900 campaign runs in runs");
            from.done(&["export", &tasks, "--kind", "tasks"], "2 agent tasks in tasks");
            for mut to in ImportHome::both() {
                to.file(&runs, from.text(&runs));
                to.file(&tasks, from.text(&tasks));
                to.done(&["import", &runs], "900 campaign runs are new");
                to.done(&["import", &tasks, "--kind", "agent-task"], "2 agent tasks are new");
                let studio = to.serving();
                assert_eq!(told(&studio).await, expected, "{format}");
                to.folder = studio.terminate().3;
                let again = format!("again.{format}");
                to.done(&["export", &again], "900 campaign runs in again");
                assert_eq!(to.text(&again), from.text(&runs), "in the same order");
            }
        }
    }
}

#[tokio::test]
async fn exports_read_beside_a_server() {
    for mut home in ImportHome::both() {
        let studio = home.serving();
        for n in 0..3 {
            let day = json!({"createdAt": format!("2026-10-0{}T12:00:00Z", 3 - n)});
            studio.stored(&with(&run("c", &n.to_string()), &day)).await;
        }
        let id = studio.stored(&run("c", "withdrawn")).await;
        assert!(
            studio.request("DELETE", &format!("{RUNS}/{id}")).send().await.unwrap().status().is_success()
        );
        let export = |words: &[&str]| {
            let mut command = home.command(words);
            command.current_dir(studio.folder.path()).env("STUDIO_DATA", studio.folder.data());
            let output = command.output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            let text = String::from_utf8(output.stdout).unwrap();
            text.lines().skip(1).map(|line| line.split(',').nth(2).unwrap().to_owned()).collect::<String>()
        };
        assert_eq!(export(&["export"]), "210", "oldest first");
        assert_eq!(export(&["export", "--from", "2026-10-02", "--to", "2026-10-03T12:00:00Z"]), "1");
        assert_eq!(export(&["export", "-", "--kind", "tasks"]), "");
        assert_eq!(studio.post(&run("c", "later")).await.status(), 201);
    }
}

#[tokio::test]
async fn closed_pipes_end_exports_quietly() {
    let studio = Studio::with(&[RESTING]);
    for part in 0..3 {
        let runs: Json = (0..1_000).map(|n| run(&format!("c{part}"), &n.to_string())).collect();
        assert_eq!(studio.post(&runs).await.status(), 200);
    }
    let mut export = command(&studio.folder, &[RESTING]);
    let mut process =
        export.args(["export", "-"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::with_capacity(64, process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("campaignId,"), "{line}");
    let mut said = String::new();
    process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((process.wait().unwrap().code(), said.as_str()), (Some(0), ""));
}

#[test]
fn impossible_exports_leave_no_file() {
    let [home, _] = ImportHome::both();
    home.file("there.csv", "kept");
    for (words, code, piece) in [
        (&["there.csv"][..], 2, "there.csv is there already"),
        (&["nowhere/x.csv"], 2, "cannot be written"),
        (&["runs.txt"], 2, "--format is needed"),
        (&["runs.jsonl", "--for-spreadsheets"], 2, "--for-spreadsheets is for CSV"),
        (&["runs.csv", "--from", "yesterday"], 2, "a time looks like"),
        (&["runs.csv", "--from", "2026-11-02", "--to", "2026-11-01"], 2, "--from is later than --to"),
        (&["runs.csv", "--kind", "letters"], 2, "no kind of record"),
        (&["runs.csv"], 1, "there is no ledger in"),
    ] {
        let (ended, said) = home.said(&[&["export"], words].concat());
        assert!(ended == Some(code) && said.contains(piece), "{words:?}: {ended:?} {said}");
    }
    assert_eq!(home.text("there.csv"), "kept");
    assert_eq!(fs::read_dir(home.folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn stopped_exports_say_so() {
    let studio = Studio::with(&[RESTING]);
    for part in 0..4 {
        let runs: Json = (0..1_000).map(|n| run(&format!("c{part}"), &n.to_string())).collect();
        assert_eq!(studio.post(&runs).await.status(), 200);
    }
    let folder: TestFolder = studio.terminate().3;
    // More than a pipe holds, of which nothing is read.
    let mut process = command(&folder, &[RESTING])
        .args(["export", "--format", "jsonl"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = process.stdout.take().unwrap();
    let mut some = [0; 64];
    pipe.read_exact(&mut some).unwrap();
    crate::studio::signal(process.id(), "INT");
    let mut said = String::new();
    process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(130), "{said}");
    assert!(said.contains("stopped as asked after") && said.contains("is not all"), "{said}");
}
