//! `studio import FILE`: records out of CSV and JSON lines, checked as at the door, once, into either store.

use std::{
    fs,
    io::{Read as _, Write as _},
    path::Path,
    process::{Output, Stdio},
};

use serde_json::{Value as Json, json};

use crate::{
    database::TestDatabase,
    studio::{Studio, TASKS, TestFolder, command, run, signal, until, with},
};

const RESTING: (&str, &str) = ("USE_DATAVERSE", "false");
const HEADER: &str = "campaignId,runId,phase,agentsTotal,agentsSuccessful";

/// A ledger to be filled: in a folder, or in a database.
pub struct ImportHome {
    pub folder: TestFolder,
    database: Option<TestDatabase>,
}

impl ImportHome {
    pub fn both() -> [Self; 2] {
        [None, Some(TestDatabase::new())].map(|database| Self { folder: TestFolder::new(), database })
    }

    fn settings(&self) -> Vec<(&str, &str)> {
        let database = self.database.iter().flat_map(TestDatabase::settings);
        database.chain([RESTING]).collect()
    }

    /// Writes a file into the folder in which commands are called.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.folder.path().join(name), content).unwrap();
    }

    pub fn text(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    pub fn command(&self, words: &[&str]) -> std::process::Command {
        let mut command = command(&self.folder, &self.settings());
        command.args(words);
        command
    }

    /// How it ended, and all that it said.
    pub fn said(&self, words: &[&str]) -> (Option<i32>, String) {
        told(self.command(words).output().unwrap())
    }

    #[track_caller]
    pub fn done(&self, words: &[&str], piece: &str) {
        let (code, said) = self.said(words);
        assert!(code == Some(0) && said.contains(piece), "{code:?} {said}");
    }

    pub fn serving(&mut self) -> Studio {
        let settings: Vec<(String, String)> =
            self.settings().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let settings: Vec<(&str, &str)> =
            settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Studio::within(std::mem::replace(&mut self.folder, TestFolder::new()), &settings)
    }
}

fn told(output: Output) -> (Option<i32>, String) {
    let said = [output.stdout, output.stderr].map(|part| String::from_utf8(part).unwrap()).concat();
    (output.status.code(), said)
}

fn rows(numbers: std::ops::Range<u32>) -> String {
    numbers.map(|n| format!("c,r{n},1,4,3\n")).collect()
}

async fn balance(studio: &Studio, at: usize) -> Json {
    studio.json("/api/pipeline").await["balance"][at].clone()
}

#[tokio::test]
async fn files_are_taken_in_once() {
    for mut home in ImportHome::both() {
        let rows: String =
            (0..2_500).map(|n| format!("c;\"Büro; \"\"{}\"\"\";r{n};1;4;3;;0.5\r\n", n % 7)).collect();
        let header = "\u{feff}Campaign_ID;campaign name;Run;phase;agents-total;AgentsSuccessful;tokens_in;cost usd\r\n";
        home.file("runs.csv", format!("{header}{rows}"));
        let words = ["import", "runs.csv", "--map", "run=runId"];
        home.done(&words, "2,500 campaign runs are new, 0 were known already");
        home.done(&words, "0 campaign runs are new, 2,500 were known already");
        home.file("one.jsonl", "\n{\"campaignId\":\"c\",\"runId\":\"x\",\"phase\":\"1\",\"agentsTotal\":2,\"agentsSuccessful\":1}\n\n");
        home.done(&["import", "one.jsonl"], "1 campaign run is new, 0 were known already");
        home.file("tasks.csv", "taskId,agentName,timestamp,status,errorMessage\nt,Mia,2026-11-20T10:00:00Z,error,\"two\nlines\"\n");
        home.done(&["import", "tasks.csv", "--kind", "tasks"], "1 agent task is new");

        let studio = home.serving();
        let runs = balance(&studio, 0).await;
        assert_eq!(
            (&runs["pending"], &runs["received"], &runs["unaccounted"]),
            (&2_501.into(), &2_501.into(), &0.into())
        );
        let found = studio.json("/api/metrics/campaign?campaign=c&limit=1000").await;
        let r7 = found["runs"].as_array().unwrap().iter().find(|run| run["runId"] == "r2499").unwrap();
        assert_eq!(
            (&r7["costUSD"], &r7["tokensIn"], &r7["successRate"]),
            (&"0.50000".into(), &0.into(), &"75.00".into())
        );
        assert!(r7["campaignName"].as_str().unwrap().starts_with("Büro; \""), "{r7}");
        assert_eq!(studio.json(TASKS).await["tasks"][0]["errorMessage"], "two\nlines");
    }
}

#[tokio::test]
async fn refused_rows_come_back_mended() {
    for mut home in ImportHome::both() {
        let taken = format!("{HEADER}\n{}", rows(0..1));
        home.file("first.csv", taken);
        home.done(&["import", "first.csv"], "1 campaign run is new");
        home.file(
            "runs.csv",
            format!("{HEADER}\n{}c,odd,1,3,4\nc,r0,1,5,3\nc,\"a,b\",1,x,1\n{}", rows(1..3), rows(3..5)),
        );
        let (code, said) = home.said(&["import", "runs.csv"]);
        assert_eq!(code, Some(1), "{said}");
        for piece in [
            "line 4: agentsSuccessful must be at most agentsTotal (3)",
            "4 campaign runs are new, 0 were known already",
            "3 rows were refused, and are in runs.refused.csv",
        ] {
            assert!(said.contains(piece), "no {piece:?} in {said}");
        }
        let refused = home.text("runs.refused.csv");
        let lines: Vec<&str> = refused.lines().collect();
        assert_eq!(lines[0], format!("_line,_reason,{HEADER}"));
        assert!(
            lines[1].starts_with("4,\"agentsSuccessful must")
                || lines[1].starts_with("4,agentsSuccessful must"),
            "{refused}"
        );
        assert!(
            lines[2].starts_with("5,has the key of a record") && lines[2].ends_with(",c,r0,1,5,3"),
            "{refused}"
        );
        assert!(
            lines[3].starts_with("6,agentsTotal must be a whole number")
                || lines[3].starts_with("6,\"agents"),
            "{refused}"
        );
        assert!(lines[3].ends_with(",c,\"a,b\",1,x,1") && lines.len() == 4, "{refused}");

        let mended = refused
            .replace("odd,1,3,4", "odd,1,4,4")
            .replace("r0,1,5,3", "r9,1,5,3")
            .replace("1,x,1", "1,2,1");
        home.file("mended.csv", mended);
        home.done(&["import", "mended.csv"], "3 campaign runs are new, 0 were known already");
        assert_eq!(balance(&home.serving(), 0).await["pending"], 8);
    }
}

#[tokio::test]
async fn refused_lines_of_json_come_back() {
    let [home, _] = ImportHome::both();
    let good = run("c", "r1");
    let odd = with(&good, &json!({"agentsSuccessful": 5, "runId": "r2"}));
    home.file("runs.jsonl", format!("{good}\n{odd}\nnot json\n{{\"note\":1}}\n"));
    let (code, said) = home.said(&["import", "runs.jsonl", "--refused", "mend.jsonl"]);
    assert!(code == Some(1) && said.contains("line 3: is not JSON") && said.contains("mend.jsonl"), "{said}");
    let refused: Vec<Json> =
        home.text("mend.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (&refused[0]["_line"], &refused[0]["runId"], &refused[1]["_row"]),
        (&2.into(), &"r2".into(), &"not json".into())
    );
    home.file(
        "again.jsonl",
        home.text("mend.jsonl")
            .lines()
            .next()
            .unwrap()
            .replace("\"agentsSuccessful\":5", "\"agentsSuccessful\":2"),
    );
    home.done(&["import", "again.jsonl"], "1 campaign run is new");
    let (code, said) = home.said(&["import", "runs.jsonl", "--refused", "mend.jsonl"]);
    assert!(code == Some(2) && said.contains("mend.jsonl is there already"), "{said}");
}

#[test]
fn dry_runs_write_nothing() {
    let [home, _] = ImportHome::both();
    home.file("runs.csv", format!("{HEADER}\n{}c,r9,1,1,x\n", rows(0..1_500)));
    let (code, said) = home.said(&["import", "runs.csv", "--dry-run"]);
    assert!(code == Some(1) && said.contains("1,500 campaign runs would be taken in"), "{said}");
    assert!(
        said.contains("line 1502: agentsSuccessful must be") && said.contains("1 row would be refused"),
        "{said}"
    );
    let left: Vec<_> =
        fs::read_dir(home.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["runs.csv"]);
}

#[test]
fn unusable_files_are_refused_whole() {
    let [home, _] = ImportHome::both();
    fs::create_dir(home.folder.path().join("folder.csv")).unwrap();
    for (name, content) in [
        ("empty.csv", &b""[..]),
        ("strange.csv", b"campaignId,Lauf,runId,runId\n1,2,3,4\n"),
        ("utf16.csv", b"\xff\xfea\0,\0b\0\n\0"),
        ("nul.csv", b"\0\0\0\n"),
        ("runs.txt", b"x\n"),
        ("runs.csv", HEADER.as_bytes()),
    ] {
        home.file(name, content);
    }
    home.done(&["import", "runs.csv"], "There are no rows in it");
    for (words, piece) in [
        (&["empty.csv"][..], "it is empty; its first line names the columns"),
        (
            &["strange.csv"],
            "\"Lauf\" is no field of a campaign run; say which is meant with --map \"Lauf\"=FIELD",
        ),
        (&["strange.csv"], "\"runId\" and \"runId\" are both for runId"),
        (&["strange.csv"], "no column for phase, agentsTotal, agentsSuccessful"),
        (&["utf16.csv"], "UTF-16"),
        (&["nul.csv"], "no column for campaignId"),
        (&["folder.csv"], "it is a folder"),
        (&["nowhere.csv"], "cannot be read"),
        (&["runs.txt"], "--format csv or --format jsonl is needed"),
        (&["-"], "--format"),
        (&["runs.csv", "--kind", "letters"], "there are campaign-run (/api/metrics/campaign), agent-task"),
        (&["runs.csv", "--delimiter", "ab"], "not one character"),
        (&["runs.csv", "--map", "Kosten=costUSD"], "\"Kosten\", which is not there"),
        (&["runs.csv", "--ignore", "Notiz"], "--ignore speaks of a column \"Notiz\", which is not there"),
        (&["runs.csv", "--map", "A=phase", "--map", "A=runId"], "that it is phase, and that it is runId"),
        (&["runs.csv", "--map", "A=phase", "--ignore", "A"], "in --map and in --ignore"),
        (&["runs.csv", "--refused", "nowhere/x.csv"], "nowhere/x.csv cannot be written"),
        (&["runs.csv", "--table", "public.runs"], "cannot be used with"),
    ] {
        let (code, said) = home.said(&[&["import"], words].concat());
        assert!(code == Some(2) && said.contains(piece), "{words:?}: {code:?} {said}");
    }
}

#[tokio::test]
async fn members_left_out_are_told() {
    let [home, _] = ImportHome::both();
    home.file("runs.jsonl", format!("{}\n", with(&run("c", "r1"), &json!({"Notiz": 1, "stray": 2}))));
    let words = ["import", "runs.jsonl", "--ignore-unknown", "--ignore", "notiz"];
    home.done(&words, "not read: \"Notiz\", \"stray\"");
    let (code, said) = home.said(&[&words[..], &["--map", "Kosten=costUSD"]].concat());
    assert!(code == Some(1) && said.contains("--map speaks of a member \"Kosten\", which no line"), "{said}");
    assert!(said.contains("0 campaign runs are new, 1 was known already"), "{said}");
}

#[test]
fn tabs_divide_files_that_say_so() {
    let [home, _] = ImportHome::both();
    home.file("runs.csv", format!("{HEADER}\n{}", rows(0..3)));
    home.done(&["import", "runs.csv"], "3 campaign runs are new");
    home.done(&["export", "taken.tsv"], "3 campaign runs in taken.tsv");
    assert!(home.text("taken.tsv").starts_with("campaignId\t"), "{}", home.text("taken.tsv"));
    home.done(&["import", "taken.tsv"], "3 were known already");
    home.file("taken.tsv", home.text("taken.tsv").replace("\t4\t3", "\t4\t5"));
    fs::write(home.folder.path().join("taken.refused.tsv.unfinished-1"), "left").unwrap();
    for name in ["taken.refused.tsv", "taken.refused-2.tsv"] {
        let (code, said) = home.said(&["import", "taken.tsv"]);
        assert!(code == Some(1) && said.contains(&format!("are in {name} with the reason")), "{said}");
    }
    assert!(!home.folder.path().join("taken.refused.tsv.unfinished-1").exists());
    home.file("mended.tsv", home.text("taken.refused.tsv").replace("\t4\t5", "\t4\t3"));
    home.done(&["import", "mended.tsv"], "3 were known already");
}

/// An option of a file is never passed over where a table is meant.
#[test]
fn options_of_files_are_not_for_tables() {
    let [home, _] = ImportHome::both();
    for option in [
        &["--dry-run"][..],
        &["--ignore-unknown"],
        &["--map", "a=runId"],
        &["--ignore", "a"],
        &["--format", "csv"],
        &["--delimiter", ";"],
        &["--refused", "x.csv"],
    ] {
        for (table, piece) in [(&["--table", "public.runs"][..], "cannot be used with"), (&[], "required")] {
            let (code, said) = home.said(&[&["import"], table, option].concat());
            assert!(code == Some(2) && said.contains(piece), "{table:?} {option:?}: {code:?} {said}");
        }
    }
}

#[test]
fn unclosed_quotation_marks_are_named() {
    let [home, _] = ImportHome::both();
    home.file("runs.csv", format!("{HEADER}\nc,\"r8,1,4,3\nc,\"r9\",1,4,3\n{}c,\"r10,1,4,3\n", rows(0..3)));
    let (code, said) = home.said(&["import", "runs.csv"]);
    assert_eq!(code, Some(1), "{said}");
    for piece in [
        "line 2: has a quotation mark",
        "line 7: has a quotation mark",
        "3 campaign runs are new",
        "nothing else of them is kept: mend them in runs.csv itself",
    ] {
        assert!(said.contains(piece), "no {piece:?} in {said}");
    }
}

#[test]
fn nasty_rows_are_refused_alone() {
    let [home, _] = ImportHome::both();
    let nasty = [
        &b"c,short,1,4\n"[..],
        b"c,long,1,4,3,9\n",
        b"c,\xff,1,4,3\n",
        b"c,n\0l,1,4,3\n",
        b"c,\"two\nlines\",1,4,3\n",
        &vec![b'x'; 10 * 1024 * 1024],
        b"\n",
    ];
    let text = [format!("{HEADER}\r\n").as_bytes(), &nasty.concat(), rows(0..3).as_bytes()].concat();
    home.file("runs.csv", text);
    let (code, said) = home.said(&["import", "runs.csv"]);
    assert_eq!(code, Some(1), "{said}");
    for piece in [
        "line 2: has 4 cells, and the header has 5",
        "line 3: has 6 cells",
        "line 4: runId must be a text of 1 to 64 characters; this one is not valid Unicode",
        "line 5: runId must be",
        "line 6: runId must be",
        "line 8: is longer than 1024 KiB, and is not kept here",
        "3 campaign runs are new",
        "6 rows were refused, and are in runs.refused.csv with the reason; mend them there and import that file",
        "of 1 of them nothing else is kept: mend it in runs.csv itself, and import it again",
    ] {
        assert!(said.contains(piece), "no {piece:?} in {said}");
    }
    let refused = fs::read(home.folder.path().join("runs.refused.csv")).unwrap();
    assert!(refused.len() < 2_000 && refused.windows(3).any(|part| part == b",\xff,"), "as it stood");
    let (code, said) = home.said(&["import", "runs.refused.csv"]);
    assert!(code == Some(1) && said.contains("has 2 cells, and the header has 7"), "{said}");
}

#[tokio::test]
async fn stopped_imports_go_on() {
    for home in ImportHome::both() {
        let mut process = home
            .command(&["import", "-", "--format", "csv"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = process.stdin.take().unwrap();
        input.write_all(format!("{HEADER}\n{}", rows(0..1_000)).as_bytes()).unwrap();
        until("a group is in", async || {
            let (_, said) = home.said(&["export"]);
            (said.lines().count() == 1_001).then_some(())
        })
        .await;
        signal(process.id(), "INT");
        let mut said = String::new();
        process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(process.wait().unwrap().code(), Some(130), "{said}");
        assert!(
            said.contains("1,000 rows of standard input are in; call it again, and it goes on"),
            "{said}"
        );
        drop(input);
        home.file("runs.csv", format!("{HEADER}\n{}", rows(0..1_500)));
        home.done(&["import", "runs.csv"], "500 campaign runs are new, 1,000 were known already");
    }
}

#[tokio::test]
async fn only_postgresql_takes_files_beside_servers() {
    let [mut sqlite, mut postgres] = ImportHome::both();
    let studio = sqlite.serving();
    fs::write(studio.folder.path().join("runs.csv"), format!("{HEADER}\n{}", rows(0..3))).unwrap();
    let (code, said) =
        told(command(&studio.folder, &[RESTING]).args(["import", "runs.csv"]).output().unwrap());
    assert!(code == Some(1) && said.contains("a server or another import"), "{said}");
    assert!(said.contains(&format!("process {}", studio.process_id())), "{said}");

    postgres.file("runs.csv", format!("{HEADER}\n{}", rows(0..3)));
    let folder = TestFolder::new();
    fs::copy(postgres.folder.path().join("runs.csv"), folder.path().join("runs.csv")).unwrap();
    let studio = postgres.serving();
    postgres.folder = folder;
    assert_eq!(studio.post(&run("c", "r0")).await.status(), 201);
    let (code, said) = postgres.said(&["import", "runs.csv"]);
    assert!(code == Some(0) && said.contains("2 campaign runs are new, 1 was known"), "{said}");
    until("they are seen", async || (balance(&studio, 0).await["received"] == 3).then_some(())).await;
}

#[test]
fn demo_ledgers_take_no_files() {
    let folder = TestFolder::new();
    let demo = Studio::within(folder, &[("STUDIO_DEMO", "on")]).terminate().3;
    fs::write(demo.path().join("runs.csv"), format!("{HEADER}\n{}", rows(0..1))).unwrap();
    for (setting, code, piece) in [("on", 2, "not to be mixed with demo data"), ("off", 1, "holds demo data")]
    {
        let import =
            command(&demo, &[("STUDIO_DEMO", setting)]).args(["import", "runs.csv"]).output().unwrap();
        let (ended, said) = told(import);
        assert!(ended == Some(code) && said.contains(piece), "{said}");
    }
}

/// What is imported where no server was started yet is what the first one has.
#[tokio::test]
async fn servers_start_on_imported_records() {
    let folder = TestFolder::new();
    fs::write(folder.path().join("runs.csv"), format!("{HEADER}\n{}", rows(0..3))).unwrap();
    let (code, said) = told(command(&folder, &[]).args(["import", "runs.csv"]).output().unwrap());
    assert_eq!(code, Some(0), "{said}");
    let studio = Studio::within(folder, &[]);
    until("they are delivered", async || (balance(&studio, 0).await["confirmed"] == 3).then_some(())).await;
    assert!(Path::new(&studio.folder.data()).join("ledger.sqlite").exists());
}
