//! Files over HTTP: what is on screen, the runs behind it, and sums by day and week, read back by a reader of CSV.

use reqwest::Response;
use serde_json::{Value as Json, json};

use crate::studio::{Studio, run, until, with};

const NOW: &str = "2026-11-21T13:00:00Z";
const FILE: &str = "/api/metrics/export.csv";
const ROLLUPS: &str = "/api/metrics/rollups";
const FORMULA: &str = "=cmd|' /C calc'!A0";

/// The cells of each line, the names first.
fn rows(text: &str) -> Vec<Vec<String>> {
    assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains('\r'), "{text:?}");
    let (mut reader, mut input) = (csv_core::Reader::new(), text.as_bytes());
    let mut rows = Vec::new();
    loop {
        let (mut cells, mut ends) = (vec![0; 65_536], vec![0; 64]);
        let (result, read, written, ended) = reader.read_record(input, &mut cells, &mut ends);
        input = &input[read..];
        match result {
            csv_core::ReadRecordResult::Record => {
                assert!(written <= cells.len());
                let starts = [0].into_iter().chain(ends.iter().copied());
                let cell =
                    |(from, to): (usize, &usize)| String::from_utf8(cells[from..*to].to_vec()).unwrap();
                rows.push(starts.zip(&ends[..ended]).map(cell).collect());
            }
            csv_core::ReadRecordResult::InputEmpty => {}
            csv_core::ReadRecordResult::End => return rows,
            other => panic!("{other:?}"),
        }
    }
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers()[name].to_str().unwrap()
}

/// The rows of a file that is answered, and what it is called.
async fn file(studio: &Studio, path: &str) -> (String, Vec<Vec<String>>) {
    let answer = studio.get(path).await;
    assert_eq!(answer.status(), 200, "{path}");
    assert_eq!(header(&answer, "content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(header(&answer, "cache-control"), "no-store");
    let name = header(&answer, "content-disposition").strip_prefix("attachment; filename=\"").unwrap();
    let name = name.strip_suffix('"').unwrap().to_owned();
    (name, rows(&answer.text().await.unwrap()))
}

/// As it stands in a cell.
fn cell(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        plain => plain.to_string(),
    }
}

async fn filled() -> Studio {
    let studio = Studio::with(&[("STUDIO_NOW", NOW)]);
    let now: jiff::Timestamp = NOW.parse().unwrap();
    let runs: Vec<Json> = (0..300)
        .map(|n| {
            let at = now - jiff::SignedDuration::from_hours(n * 7);
            let campaign = if n == 5 { FORMULA.to_owned() } else { format!("c{}", n % 3) };
            let more = json!({
                "createdAt": at, "costUSD": format!("0.{n:05}"), "tokensIn": n, "assetsGenerated": 2,
                "campaignName": format!("Müller, \"{}\"\u{a0}& Söhne", n % 3),
            });
            with(&run(&campaign, &format!("-r{n}")), &more)
        })
        .collect();
    assert_eq!(studio.post(&json!(runs)).await.json::<Json>().await.unwrap()["stored"], 300);
    studio
}

#[tokio::test]
async fn files_hold_what_the_history_tells() {
    let studio = filled().await;
    for (query, name) in [
        ("", "hours-2026-11-20-to-2026-11-21"),
        ("range=30d", "days-2026-10-22-to-2026-11-21"),
        (
            "range=90d&tz=Asia/Tokyo&compare=weekdays&campaign=c1&phase=1",
            "days-2026-08-23-to-2026-11-21-campaign-c1-phase-1",
        ),
        ("from=2026-11-01&to=2026-11-15&compare=year", "days-2026-11-01-to-2026-11-14"),
    ] {
        let (called, rows) = file(&studio, &format!("{FILE}?{query}")).await;
        assert_eq!(called, format!("studio-metrics-{name}.csv"));
        let history = studio.json(&format!("/api/metrics/history?{query}")).await;
        let buckets = history["buckets"].as_array().unwrap();
        assert_eq!(rows.len(), buckets.len() + 1, "{query}");
        assert_eq!(rows[0][..5], ["from", "to", "partial", "runs", "cost"]);
        assert_eq!((rows[0].len(), rows[0][17].as_str()), (26, "previousCost"));
        for (at, row) in rows[1..].iter().enumerate() {
            let before = history["previous"].get(at).unwrap_or(&Json::Null);
            for (column, name) in rows[0].iter().enumerate() {
                let expect = match name.strip_prefix("previous") {
                    None => &buckets[at][name],
                    Some(name) => &before[name[..1].to_lowercase() + &name[1..]],
                };
                assert_eq!(row[column], cell(expect), "{query}: {name} of {at}");
            }
        }
    }
    let (_, alone) = file(&studio, &format!("{FILE}?range=30d&compare=none")).await;
    assert_eq!((alone.len(), alone[0].len()), (32, 13), "what is compared with nothing stands alone");
}

#[tokio::test]
async fn runs_come_oldest_first_and_defused() {
    let studio = filled().await;
    let (name, rows) = file(&studio, &format!("{FILE}?range=90d&rows=runs")).await;
    assert_eq!(name, "studio-metrics-runs-2026-08-23-to-2026-11-21.csv");
    assert_eq!(
        rows[0].join(","),
        "campaignId,campaignName,runId,phase,agentsTotal,agentsSuccessful,assetsGenerated,tokensIn,tokensOut,costUSD,\
         latencyP95Ms,latencyAvgMs,successRate,createdAt"
    );
    let list = studio.json("/api/metrics/campaign?limit=1000&to=2026-11-21T13:00:00Z").await;
    let listed: Vec<&Json> = list["runs"].as_array().unwrap().iter().rev().collect();
    assert_eq!((rows.len(), listed.len()), (300, 299), "the window ends before now");
    for (row, run) in rows[1..].iter().zip(listed) {
        for (column, name) in rows[0].iter().enumerate() {
            let told = cell(&run[name]);
            let is_formula = told.starts_with(['=', '-']);
            let expect = if is_formula { format!("'{told}") } else { told };
            assert_eq!(row[column], expect, "{name}");
        }
    }
    assert!(rows.iter().any(|row| row[0] == format!("'{FORMULA}")));

    let formula = "%3Dcmd%7C%27%20%2FC%20calc%27%21A0";
    let (name, rows) = self::file(&studio, &format!("{FILE}?range=30d&rows=runs&campaign={formula}")).await;
    assert_eq!(name, "studio-metrics-runs-2026-10-22-to-2026-11-21-campaign-cmd-c-calc-a0.csv");
    assert_eq!((rows.len(), rows[1][0].as_str(), rows[1][2].as_str()), (2, "'=cmd|' /C calc'!A0", "'-r5"));
    let (_, none) = file(&studio, &format!("{FILE}?range=30d&rows=runs&campaign=none")).await;
    assert_eq!(none, rows[..1], "of no run there are the names alone");
}

#[tokio::test]
async fn weeks_add_up_their_days() {
    let studio = filled().await;
    let span = "from=2026-10-01&to=2026-11-20&tz=Europe/Berlin";
    let days = studio.json(&format!("{ROLLUPS}?{span}&campaign=c2")).await;
    let weeks = studio.json(&format!("{ROLLUPS}?{span}&grain=week&campaign=c2")).await;
    assert_eq!(
        weeks["range"],
        json!({"from": "2026-09-30T22:00:00Z", "to": "2026-11-19T23:00:00Z", "timeZone": "Europe/Berlin", "grain": "week"})
    );
    let weeks = weeks["rollups"].as_array().unwrap().clone();
    let periods: Vec<&str> = weeks.iter().map(|week| week["period"].as_str().unwrap()).collect();
    assert_eq!((periods.len(), periods[0], periods[7]), (8, "2026-W40", "2026-W47"));
    let partial: Vec<usize> = (0..8).filter(|at| weeks[*at]["partial"] == true).collect();
    assert_eq!(partial, [0, 7]);
    assert_eq!(days["rollups"].as_array().unwrap().len(), 50);
    for week in &weeks {
        let within = |day: &&Json| {
            week["from"].as_str() <= day["from"].as_str() && day["from"].as_str() < week["to"].as_str()
        };
        let days: Vec<&Json> = days["rollups"].as_array().unwrap().iter().filter(within).collect();
        for name in ["runs", "agents", "agentsSuccessful", "tokensIn", "assets"] {
            let sum: i64 = days.iter().map(|day| day[name].as_i64().unwrap_or(0)).sum();
            assert_eq!(week[name].as_i64().unwrap_or(0), sum, "{name} of {week}");
        }
    }

    let (name, rows) = file(&studio, &format!("{ROLLUPS}?{span}&grain=week&campaign=c2&format=csv")).await;
    assert_eq!(name, "studio-metrics-weeks-2026-10-01-to-2026-11-19-campaign-c2.csv");
    for (row, week) in rows[1..].iter().zip(&weeks) {
        rows[0].iter().zip(row).for_each(|(name, told)| assert_eq!(*told, cell(&week[name]), "{name}"));
    }
    // Two days are days as well, and not hours.
    let two = studio.json(&format!("{ROLLUPS}?from=2026-11-19&to=2026-11-21")).await;
    assert_eq!(two["rollups"].as_array().unwrap().len(), 2);
    assert_eq!(studio.json(ROLLUPS).await["rollups"].as_array().unwrap().len(), 91);
}

#[tokio::test]
async fn wrong_wishes_are_named() {
    let studio = Studio::start();
    for (path, fields) in [
        (format!("{FILE}?rows=all&range=1y"), ["range", "rows"].as_slice()),
        (format!("{FILE}?from=2026-11-02&to=2026-11-01&row=runs"), &["row", "to"]),
        (format!("{ROLLUPS}?grain=month&format=xls&tz=Mars"), &["grain", "tz", "format"]),
        (format!("{ROLLUPS}?from=2026-11-01"), &["to"]),
        (format!("{ROLLUPS}?range=30d"), &["range"]),
    ] {
        let answer = studio.get(&path).await;
        assert_eq!(answer.status(), 422, "{path}");
        assert_eq!(header(&answer, "content-type"), "application/problem+json");
        let problem: Json = answer.json().await.unwrap();
        let found =
            problem["errors"].as_array().unwrap().iter().map(|fault| fault["field"].as_str().unwrap());
        assert_eq!(found.collect::<Vec<_>>(), fields, "{path}");
    }
}

/// More than what lies between a server and a client that does not read.
async fn large() -> Studio {
    let studio = Studio::with(&[("USE_DATAVERSE", "false"), ("STUDIO_LOG", "debug")]);
    for part in 0..24 {
        let runs: Json = (0..700)
            .map(|n| {
                let name = format!("{n:03}{part:02}{}", "秋".repeat(59));
                with(
                    &run(&"秋".repeat(64), &name),
                    &json!({"campaignName": "秋".repeat(100), "phase": "秋".repeat(16)}),
                )
            })
            .collect();
        assert_eq!(studio.post(&runs).await.json::<Json>().await.unwrap()["stored"], 700);
    }
    studio
}

#[tokio::test]
async fn readers_who_leave_free_their_place() {
    let studio = large().await;
    let path = format!("{FILE}?rows=runs");
    let mut slow = Vec::new();
    for _ in 0..4 {
        // Of each only the beginning is read.
        let mut answer = studio.get(&path).await;
        assert!(answer.chunk().await.unwrap().is_some());
        slow.push(answer);
    }
    let crowd = studio.get(&path).await;
    assert_eq!((crowd.status().as_u16(), header(&crowd, "retry-after")), (429, "2"));
    assert_eq!(studio.get(&format!("{FILE}?range=30d")).await.status(), 200, "that is no such work");
    drop(slow);
    let whole = until("a free place", async || {
        let answer = studio.get(&path).await;
        (answer.status() == 200).then_some(answer)
    })
    .await;
    assert_eq!(rows(&whole.text().await.unwrap()).len(), 24 * 700 + 1);
}

#[tokio::test]
async fn cut_files_end_as_broken_connections() {
    let studio = large().await;
    let mut answer = studio.get(&format!("{FILE}?rows=runs")).await;
    assert!(answer.chunk().await.unwrap().is_some());
    // The end of a server does not wait for a reader that does not read.
    let (ended, ..) = studio.terminate();
    assert!(ended.success());
    let mut rest = Ok(None);
    for _ in 0..100_000 {
        rest = answer.chunk().await;
        if !matches!(rest, Ok(Some(_))) {
            break;
        }
    }
    assert!(rest.is_err(), "a part was taken for the whole");
}
