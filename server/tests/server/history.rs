//! Figures over any stretch of the past, held against a plain recount of the list.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use crate::studio::{Studio, run, with};

const NOW: &str = "2026-11-21T13:00:00Z";

/// A few hundred runs over the 190 days before `NOW`, uneven on purpose.
async fn filled() -> Studio {
    let studio = Studio::with(&[("STUDIO_NOW", NOW)]);
    let runs: Vec<Json> = (0..700_u32)
        .map(|n| {
            let (day, minute) = (n * 37 % 190, n * 7919 % 1440);
            let base = jiff_minus(day, minute);
            let members = json!({
                "phase": if n % 3 == 0 { "1" } else { "2-3" }, "agentsTotal": n % 5, "agentsSuccessful": n % 5 * 3 / 4,
                "assetsGenerated": n % 11, "tokensIn": n * 17 % 4_001, "tokensOut": n * 5 % 901,
                "costUSD": format!("0.{:05}", n * 7 % 99_991), "createdAt": base,
            });
            let members = if n % 10 == 0 { members } else {
                with(&members, &json!({"latencyP95Ms": n * 131 % 40_009, "latencyAvgMs": n * 71 % 20_011}))
            };
            with(&run(&format!("c{}", n % 9), &format!("r{n}")), &members)
        })
        .collect();
    for part in runs.chunks(350) {
        assert_eq!(studio.post(&json!(part)).await.json::<Json>().await.unwrap()["refused"], 0);
    }
    studio
}

/// That many days and minutes before `NOW`.
fn jiff_minus(days: u32, minutes: u32) -> String {
    let now: jiff::Timestamp = NOW.parse().unwrap();
    let back = i64::from(days * 24 * 60 + minutes);
    (now - jiff::SignedDuration::from_mins(back)).to_string()
}

async fn all_runs(studio: &Studio) -> Vec<Json> {
    studio.json("/api/metrics/campaign?limit=1000").await["runs"].as_array().unwrap().clone()
}

fn number(run: &Json, name: &str) -> i64 {
    run[name].as_i64().unwrap_or(0)
}

/// Money in hundred-thousandths.
fn e5(run: &Json, name: &str) -> i64 {
    run[name].as_str().unwrap().replace('.', "").parse().unwrap()
}

fn between<'a>(runs: &'a [Json], from: &str, to: &str) -> Vec<&'a Json> {
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let inside = |run: &&Json| (at(from)..at(to)).contains(&at(run["createdAt"].as_str().unwrap()));
    runs.iter().filter(inside).collect()
}

/// The share, in the last of two decimals, rounded half to even.
fn ratio(numerator: i64, denominator: i64, decimals: u32) -> Json {
    if denominator == 0 {
        return Json::Null;
    }
    let scaled = numerator * 10_i64.pow(decimals);
    let (whole, rest) = (scaled / denominator, scaled % denominator);
    let up = rest * 2 > denominator || (rest * 2 == denominator && whole % 2 == 1);
    let value = whole + i64::from(up);
    let unit = 10_i64.pow(decimals);
    json!(format!("{}.{:0width$}", value / unit, value % unit, width = decimals as usize))
}

/// A percentile is told within half a percent.
#[track_caller]
fn is_close(told: &Json, exact: &Json, about: &str) {
    match (told.as_i64(), exact.as_i64()) {
        (Some(told), Some(exact)) => {
            assert!((told - exact).abs() * 200 <= exact, "{about}: {told} for {exact}");
        }
        _ => assert_eq!(told, exact, "{about}"),
    }
}

fn p95(runs: &[&Json]) -> Json {
    let mut seen: Vec<i64> = runs.iter().filter_map(|run| run["latencyP95Ms"].as_i64()).collect();
    seen.sort_unstable();
    let rank = (seen.len() * 95).div_ceil(100);
    rank.checked_sub(1).map_or(Json::Null, |at| json!(seen[at]))
}

#[track_caller]
fn figures_meet_the_recount(answer: &Json, runs: &[Json], about: &str) {
    let stretch = |name: &str| {
        let range = &answer[name];
        between(runs, range["from"].as_str().unwrap(), range["to"].as_str().unwrap())
    };
    let (now, before) = (stretch("range"), stretch("previousRange"));
    let sum = |runs: &[&Json], name: &str| runs.iter().map(|run| number(run, name)).sum::<i64>();
    let cost = |runs: &[&Json]| runs.iter().map(|run| e5(run, "costUSD")).sum::<i64>();
    let campaigns = |runs: &[&Json]| {
        i64::try_from(
            runs.iter().map(|run| run["campaignId"].as_str().unwrap()).collect::<BTreeSet<_>>().len(),
        )
        .unwrap()
    };
    let each = |runs: &[&Json]| {
        let count = i64::try_from(runs.len()).unwrap();
        let cost_each = if campaigns(runs) == 0 {
            Json::Null
        } else {
            let exact = ratio(cost(runs), campaigns(runs), 0);
            let units: i64 = exact.as_str().unwrap().split('.').next().unwrap().parse().unwrap();
            json!(format!("{}.{:05}", units / 100_000, units % 100_000))
        };
        (
            cost_each,
            ratio(sum(runs, "agentsSuccessful") * 100, sum(runs, "agentsTotal"), 2),
            ratio(sum(runs, "assetsGenerated"), count, 2),
        )
    };
    let (value, previous) = (each(&now), each(&before));
    let figures = &answer["figures"];
    let found = |name: &str| {
        (figures["cost"][name].clone(), figures["success"][name].clone(), figures["assets"][name].clone())
    };
    assert_eq!(found("value"), value, "{about}");
    assert_eq!(found("previous"), previous, "{about}, the stretch before");
    is_close(&figures["latency"]["value"], &p95(&now), about);
    is_close(&figures["latency"]["previous"], &p95(&before), about);
    assert_eq!(figures["cost"]["rows"], now.len(), "{about}");
    assert_eq!(figures["cost"]["campaigns"], campaigns(&now), "{about}");
    assert_eq!(
        figures["latency"]["rows"],
        now.iter().filter(|run| !run["latencyP95Ms"].is_null()).count(),
        "{about}"
    );
    if !now.is_empty() {
        assert_eq!(figures["tokens"]["in"], sum(&now, "tokensIn"), "{about}");
        assert_eq!(figures["tokens"]["out"], sum(&now, "tokensOut"), "{about}");
    }
    for (list, runs) in [("buckets", &now), ("previous", &before)] {
        let buckets = answer[list].as_array().unwrap();
        let counted: i64 = buckets.iter().map(|bucket| number(bucket, "runs")).sum();
        assert_eq!(counted, i64::try_from(runs.len()).unwrap(), "{about}: {list}");
        for bucket in buckets {
            let inside = between(
                &runs.iter().map(|run| (*run).clone()).collect::<Vec<_>>(),
                bucket["from"].as_str().unwrap(),
                bucket["to"].as_str().unwrap(),
            )
            .len();
            assert_eq!(bucket["runs"], inside, "{about}: {bucket}");
            assert_eq!(bucket["cost"].is_null(), inside == 0, "{about}: {bucket}");
        }
    }
}

#[tokio::test]
async fn every_history_meets_a_recount() {
    let studio = filled().await;
    let runs = all_runs(&studio).await;
    assert_eq!(runs.len(), 700);
    for query in [
        "",
        "range=live",
        "range=30d",
        "range=60d",
        "range=90d",
        "range=90d&tz=America/St_Johns",
        "range=30d&tz=Europe/Berlin",
        "range=60d&compare=weekdays",
        "range=30d&compare=year",
        "from=2026-10-20&to=2026-10-30&tz=Europe/Berlin",
        "from=2026-11-01T10:30:00Z&to=2026-11-02T09:15:00Z",
    ] {
        let answer = studio.json(&format!("/api/metrics/history?{query}")).await;
        figures_meet_the_recount(&answer, &runs, query);
    }
    for (filter, name, value) in [
        ("campaign=c3", "campaignId", "c3"),
        ("phase=2-3", "phase", "2-3"),
        ("campaign=none", "campaignId", "none"),
    ] {
        let answer = studio.json(&format!("/api/metrics/history?range=90d&{filter}")).await;
        let some: Vec<Json> = runs.iter().filter(|run| run[name] == value).cloned().collect();
        figures_meet_the_recount(&answer, &some, filter);
    }
}

/// A part's number in whole units, whichever way it is written.
fn units(part: &Json) -> i64 {
    part.as_i64().unwrap_or_else(|| part.as_str().unwrap().replace('.', "").parse().unwrap())
}

#[tokio::test]
async fn parts_meet_a_recount() {
    let studio = filled().await;
    let runs = all_runs(&studio).await;
    for (by, member, filter) in [
        ("campaign", "campaignId", ""),
        ("phase", "phase", ""),
        ("phase", "phase", "&campaign=c3"),
        ("campaign", "campaignId", "&phase=1&tz=America/St_Johns"),
    ] {
        let path = format!("/api/metrics/history?range=60d&by={by}{filter}");
        let answer = studio.json(&path).await;
        let breakdown = answer["breakdown"].as_array().unwrap();
        let shares: i64 = breakdown.iter().map(|part| units(&part["share"])).sum();
        assert_eq!(shares, 10_000, "{path}");
        for part in breakdown {
            let key = part["key"].as_str().unwrap();
            let one = studio.json(&format!("/api/metrics/history?range=60d&{by}={key}{filter}")).await;
            let figures = &part["figures"];
            for figure in ["latency", "success", "assets", "tokens"] {
                assert_eq!(figures[figure], one["figures"][figure], "{path}: {key}");
            }
            assert_eq!(figures["cost"]["total"], one["figures"]["cost"]["total"], "{path}: {key}");
            assert!(runs.iter().any(|run| run[member] == key));
        }
        let counted: i64 = breakdown.iter().map(|part| number(&part["figures"]["assets"], "runs")).sum();
        assert_eq!(answer["figures"]["assets"]["runs"], counted, "{path}");
    }
}

#[tokio::test]
async fn reasons_add_up_to_the_change() {
    let studio = filled().await;
    for figure in ["cost", "latency", "success", "assets", "tokens"] {
        let answer = studio.json(&format!("/api/metrics/history?range=90d&why={figure}")).await;
        let why = &answer["why"];
        assert_eq!(why["figure"], figure);
        assert!(answer.get("breakdown").is_none());
        for dimension in ["campaign", "phase"] {
            let parts = why["parts"].as_array().unwrap();
            let of = parts.iter().filter(|part| part["dimension"] == dimension);
            let sum: i64 = of.clone().map(|part| units(&part["part"])).sum();
            assert_eq!(sum, units(&why["change"]), "{figure} by {dimension}: {why}");
            let sizes: Vec<i64> = of.map(|part| units(&part["part"]).abs()).collect();
            assert!(sizes.is_sorted_by(|one, next| one >= next), "{figure} by {dimension}: {sizes:?}");
        }
    }
    let few = studio.json("/api/metrics/history?range=live&why=cost").await;
    assert_eq!((few["why"]["parts"].as_array().unwrap().len(), few["why"]["none"].is_string()), (0, true));
    let alone = studio.json("/api/metrics/history?range=90d&why=cost&compare=none").await;
    assert_eq!((&alone["previousRange"], &alone["why"]["change"]), (&Json::Null, &Json::Null));
}

#[tokio::test]
async fn campaigns_come_page_by_page() {
    let studio = filled().await;
    let whole = studio.json("/api/metrics/campaigns?limit=100").await;
    let whole = whole["campaigns"].as_array().unwrap();
    assert_eq!(whole.len(), 9);
    assert!(whole.is_sorted_by(|one, next| one["lastRunAt"].as_str() >= next["lastRunAt"].as_str()));
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = studio.json(&format!("/api/metrics/campaigns?limit=4{cursor}")).await;
        paged.extend(page["campaigns"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(&paged, whole);
    for campaign in whole {
        let id = campaign["id"].as_str().unwrap();
        let one = studio.json(&format!("/api/metrics/history?range=90d&campaign={id}")).await;
        assert_eq!(campaign["figures"], one["figures"], "{id}");
        assert!(studio.get(&format!("/campaigns/{id}")).await.text().await.unwrap().contains("‹ Campaigns"));
    }
    let found = studio.json("/api/metrics/campaigns?search=C3").await;
    assert_eq!(found["campaigns"][0]["id"], "c3");
    assert_eq!(studio.get("/campaigns/none").await.status(), 404);
    assert_eq!(studio.get("/runs/none").await.status(), 404);
    assert_eq!(studio.get("/runs/%FF").await.status(), 404);
}

#[tokio::test]
async fn the_shape_is_the_published_one() {
    let studio = filled().await;
    let answer = studio.json("/api/metrics/history?range=30d&tz=Europe/Berlin").await;
    assert_eq!(
        answer["range"],
        json!({
            "from": "2026-10-21T22:00:00Z", "to": NOW, "timeZone": "Europe/Berlin", "bucket": "day",
        })
    );
    assert_eq!(
        answer["previousRange"],
        json!({"from": "2026-09-20T22:00:00Z", "to": "2026-10-21T12:00:00Z"})
    );
    let bucket = answer["buckets"][0].as_object().unwrap();
    let names: Vec<&str> = bucket.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "assets",
            "cost",
            "from",
            "latencyAvgMs",
            "latencyP50Ms",
            "latencyP95Ms",
            "latencyP99Ms",
            "partial",
            "runs",
            "success",
            "to",
            "tokensIn",
            "tokensOut"
        ]
    );
    assert!(answer["buckets"].as_array().unwrap().last().unwrap()["partial"].as_bool().unwrap());
    let forecast: Vec<&str> = answer["forecast"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(forecast, ["budget", "method", "monthEnd", "points", "score"]);

    let recent = studio.json("/api/metrics/recent").await;
    assert_eq!((&recent["asOf"], &recent["range"]), (&json!(NOW), &json!("live")));
    assert_eq!(recent["figures"], studio.json("/api/metrics/history?range=live").await["figures"]);
    assert_eq!(recent["runs"].as_array().unwrap().len(), 10);
    assert_eq!(recent["pipeline"]["unaccounted"], 0);
}

#[tokio::test]
async fn no_data_is_null_and_never_zero() {
    let studio = Studio::start();
    let answer = studio.json("/api/metrics/history?range=30d").await;
    assert_eq!(
        answer["figures"],
        json!({
            "cost": {"value": null, "previous": null, "rows": 0, "total": "0.00000", "campaigns": 0},
            "latency": {"value": null, "previous": null, "rows": 0, "average": null, "bound": 0.01},
            "success": {"value": null, "previous": null, "successful": 0, "agents": 0},
            "assets": {"value": null, "previous": null, "assets": 0, "runs": 0},
            "tokens": {"in": null, "out": null, "previousIn": null, "previousOut": null},
        })
    );
    assert!(
        answer["buckets"]
            .as_array()
            .unwrap()
            .iter()
            .all(|bucket| bucket["cost"].is_null() && bucket["runs"] == 0)
    );
}

#[tokio::test]
async fn an_unchanged_answer_is_not_sent_again() {
    let studio = Studio::start();
    studio.stored(&run("c", "r")).await;
    for path in ["/api/metrics/recent", "/api/metrics/history?range=90d", "/api/metrics/history?range=live"] {
        let tag = studio.get(path).await.headers()["etag"].clone();
        let again = studio.request("GET", path).header("if-none-match", &tag).send().await.unwrap();
        assert_eq!(again.status(), 304, "{path}");
        assert_eq!(again.headers()["etag"], tag);
        assert!(again.bytes().await.unwrap().is_empty());
    }
    let tag = studio.get("/api/metrics/history").await.headers()["etag"].clone();
    studio.stored(&run("c", "s")).await;
    let again =
        studio.request("GET", "/api/metrics/history").header("if-none-match", &tag).send().await.unwrap();
    assert_eq!(again.status(), 200);
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let studio = Studio::start();
    for (query, fields) in [
        ("range=1y", ["range"].as_slice()),
        ("range=30d&from=2026-01-01&to=2026-02-01", &["range"]),
        ("from=2026-01-01", &["to"]),
        ("from=x&to=2026-02-01", &["from"]),
        ("tz=Mars&compare=never", &["tz", "compare"]),
        ("campain=c", &["campain"]),
        ("by=agent&why=speed", &["by", "why"]),
    ] {
        let answer = studio.get(&format!("/api/metrics/history?{query}")).await;
        assert_eq!(answer.status(), 422, "{query}");
        let problem: Json = answer.json().await.unwrap();
        let found: Vec<&str> =
            problem["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
        assert_eq!(found, fields, "{query}");
    }
}
