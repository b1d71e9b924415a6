//! `/api/openapi.json` is held to the truth: every status that it describes is brought about, and every answer has
//! the shape that it says.

use std::collections::BTreeSet;

use reqwest::Response;
use serde_json::{Value as Json, json};

use crate::{
    letters::{forbidden, refused, refusing},
    reach,
    studio::{RUNS, Studio, TASKS, run, task, with},
};

/// Brought about elsewhere: by a sender that stops, by many who ask at once, and by a ledger that cannot answer.
const ELSEWHERE: &[&str] = &["408", "429", "503"];

struct Truth {
    studio: Studio,
    description: Json,
    seen: BTreeSet<(String, String, String)>,
}

impl Truth {
    /// Holds one answer to what is described for this address.
    async fn see(&mut self, method: &str, path: &str, answer: Response) {
        let status = answer.status().as_u16().to_string();
        let media = answer
            .headers()
            .get("content-type")
            .map(|value| value.to_str().unwrap().split(';').next().unwrap().to_owned());
        let text = answer.text().await.unwrap();
        let about = format!("{method} {path} {status}: {text:.300}");
        let responses = &self.description["paths"][path][method]["responses"];
        let described = &responses[&status];
        assert!(described.is_object(), "not described: {about}");
        match described["content"].as_object() {
            None => assert!(text.is_empty(), "{about}"),
            Some(content) => {
                let content = media.and_then(|media| content.get(&media));
                let content = content.unwrap_or_else(|| panic!("not described as that: {about}"));
                if let Some(schema) = content.get("schema") {
                    let body: Json = serde_json::from_str(&text).unwrap();
                    if let Err(fault) = self.meets(&body, schema, "$") {
                        panic!("{fault} in {about}");
                    }
                }
            }
        }
        self.seen.insert((path.to_owned(), method.to_owned(), status));
    }

    async fn ask(
        &mut self,
        method: &str,
        path: &str,
        address: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) {
        let mut request = self.studio.request(&method.to_uppercase(), address);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let answer = request.send().await.unwrap();
        self.see(method, path, answer).await;
    }

    /// As much of JSON Schema as the description uses.
    fn meets(&self, value: &Json, schema: &Json, at: &str) -> Result<(), String> {
        if let Some(name) = schema["$ref"].as_str() {
            let pointer = name.trim_start_matches('#');
            return self.meets(value, self.description.pointer(pointer).expect("a dangling reference"), at);
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            let met = choices.iter().filter(|choice| self.meets(value, choice, at).is_ok()).count();
            return if met == 1 { Ok(()) } else { Err(format!("{at} meets {met} of the choices")) };
        }
        if let Some(choices) = schema["anyOf"].as_array() {
            let met = choices.iter().any(|choice| self.meets(value, choice, at).is_ok());
            return met.then_some(()).ok_or_else(|| format!("{at} meets none of the choices"));
        }
        if let Some(words) = schema["enum"].as_array() {
            return if words.contains(value) { Ok(()) } else { Err(format!("{at} is {value}")) };
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Json::String(kind) => vec![kind],
            Json::Array(kinds) => kinds.iter().filter_map(Json::as_str).collect(),
            _ => return Err(format!("{at} has a schema without type: {schema}")),
        };
        let kind = match value {
            Json::Null => "null",
            Json::Bool(_) => "boolean",
            Json::Number(number) if number.is_f64() => "number",
            Json::Number(_) => "integer",
            Json::String(_) => "string",
            Json::Array(_) => "array",
            Json::Object(_) => "object",
        };
        if !kinds.contains(&kind) {
            return Err(format!("{at} is {kind}, not {kinds:?}"));
        }
        match value {
            Json::String(text) if !well_formed(text, schema) => {
                Err(format!("{at} is {text:?}, not as {schema}"))
            }
            Json::Number(number)
                if number.as_i64().zip(schema["minimum"].as_i64()).is_some_and(|(n, least)| n < least) =>
            {
                Err(format!("{at} is {number}"))
            }
            Json::Array(items) => {
                items.iter().try_for_each(|item| self.meets(item, &schema["items"], &format!("{at}[]")))
            }
            Json::Object(members) => {
                let missing = schema["required"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .find(|name| !members.contains_key(name.as_str().unwrap()));
                if let Some(name) = missing {
                    return Err(format!("{at} lacks {name}"));
                }
                members.iter().try_for_each(|(name, value)| match schema["properties"].get(name) {
                    Some(schema) => self.meets(value, schema, &format!("{at}.{name}")),
                    None if schema["additionalProperties"] == false => Err(format!("{at} has {name}")),
                    None => Ok(()),
                })
            }
            _ => Ok(()),
        }
    }
}

fn well_formed(text: &str, schema: &Json) -> bool {
    let decimals_of = |text: &str, places: usize| {
        text.split_once('.').is_some_and(|(whole, rest)| {
            rest.len() == places
                && !whole.is_empty()
                && (whole.bytes().chain(rest.bytes())).all(|b| b.is_ascii_digit())
        })
    };
    let decimals = |places| decimals_of(text, places);
    let signed = |places| decimals_of(text.strip_prefix('-').unwrap_or(text), places);
    let pattern = match schema["pattern"].as_str() {
        Some(r"^[0-9]+\.[0-9]{5}$") => decimals(5),
        Some(r"^[0-9]+\.[0-9]{2}$") => decimals(2),
        Some(r"^-?[0-9]+\.[0-9]{5}$") => signed(5),
        Some(r"^-?[0-9]+\.[0-9]{2}$") => signed(2),
        Some(r"^[0-9]+\.[0-9]{2,3}$") => decimals(2) || decimals(3),
        Some(other) => panic!("this test does not know the pattern {other}"),
        None => true,
    };
    let format = match schema["format"].as_str() {
        Some("date-time") => text.parse::<jiff::Timestamp>().is_ok() && text.ends_with('Z'),
        Some("uuid") => uuid::Uuid::try_parse(text).is_ok() && text.len() == 36,
        _ => true,
    };
    pattern && format
}

const JSON: (&str, &str) = ("content-type", "application/json");
const FOREIGN: (&str, &str) = ("sec-fetch-site", "cross-site");

/// Records of one kind, as this test sends them.
struct KindRecords {
    path: &'static str,
    of_name: fn(&str) -> Json,
    /// What is unusual with them, and breaks no rule.
    odd: Json,
    filters: &'static str,
}

fn every_kind() -> [KindRecords; 2] {
    [
        KindRecords {
            path: RUNS,
            of_name: |name| run("c", name),
            odd: json!({"latencyP95Ms": 1, "latencyAvgMs": 2}),
            filters: "campaign=c&phase=1",
        },
        KindRecords {
            path: TASKS,
            of_name: task,
            odd: json!({"errorMessage": "late"}),
            filters: "agent=Mia&model=m&campaign=c&status=error",
        },
    ]
}

async fn records(truth: &mut Truth, KindRecords { path, of_name, odd, filters }: &KindRecords) {
    let full = &truth.description["paths"][path]["post"]["requestBody"]["content"]["application/json"];
    let full = full["example"].clone();
    let other = with(&full, &json!({"tokensIn": 1}));
    let odd = with(&of_name("odd"), odd);
    for body in [&full, &full, &other, &odd, &json!([full, other, {}, odd]), &json!({}), &of_name("bare")] {
        truth.ask("post", path, path, &[JSON], Some(body.to_string())).await;
    }
    truth.ask("post", path, path, &[JSON], Some("{".to_owned())).await;
    truth.ask("post", path, path, &[], Some("{}".to_owned())).await;
    truth.ask("post", path, path, &[JSON, FOREIGN], Some("{}".to_owned())).await;
    truth.ask("post", path, path, &[JSON], Some(" ".repeat(1_048_577))).await;
    truth.ask("get", path, path, &[], None).await;
    let some = format!("{path}?limit=1&{filters}&from=2026-01-01T00:00:00Z");
    truth.ask("get", path, &some, &[], None).await;
    truth.ask("get", path, &format!("{path}?limit=0"), &[], None).await;
}

async fn one_record(truth: &mut Truth, KindRecords { path, of_name, .. }: &KindRecords) {
    let one = &format!("{path}/{{id}}");
    let id = truth.studio.stored_at(path, &of_name("one")).await;
    let (address, none) = (format!("{path}/{id}"), format!("{path}/x"));
    let better = with(&of_name("one"), &json!({"tokensIn": 1})).to_string();
    truth.ask("get", one, &address, &[], None).await;
    truth.ask("get", one, &address, &[("if-none-match", "\"1\"")], None).await;
    truth.ask("get", one, &none, &[], None).await;
    for body in [&better, &better, "{}", "{"] {
        truth.ask("put", one, &address, &[JSON], Some(body.to_owned())).await;
    }
    truth.ask("put", one, &address, &[], Some(better.clone())).await;
    truth.ask("put", one, &address, &[JSON, FOREIGN], Some(better.clone())).await;
    truth.ask("put", one, &address, &[JSON, ("if-match", "\"9\"")], Some(better.clone())).await;
    truth.ask("put", one, &address, &[JSON], Some(" ".repeat(1_048_577))).await;
    truth.ask("put", one, &none, &[JSON], Some(better.clone())).await;
    truth.ask("delete", one, &address, &[FOREIGN], None).await;
    truth.ask("delete", one, &address, &[("if-match", "\"9\"")], None).await;
    truth.ask("delete", one, &none, &[], None).await;
    truth.ask("delete", one, &address, &[], None).await;
    truth.ask("delete", one, &address, &[], None).await;
    truth.ask("get", one, &address, &[], None).await;
    truth.ask("put", one, &address, &[JSON], Some(better)).await;
    truth.ask("post", path, path, &[JSON], Some(of_name("one").to_string())).await;
}

async fn figures(truth: &mut Truth) {
    // Enough whole days for a forecast.
    let now = truth.studio.json("/api/metrics/recent").await;
    let now: jiff::Timestamp = now["asOf"].as_str().unwrap().parse().unwrap();
    let at = |day: i64| json!({"createdAt": now - jiff::SignedDuration::from_hours(24 * day)});
    let days: Json = (1..=15)
        .map(|day| with(&with(&run("c", &format!("day-{day}")), &at(day)), &json!({"costUSD": day})))
        .collect();
    truth.ask("post", RUNS, RUNS, &[JSON], Some(days.to_string())).await;
    for path in ["/api/metrics/recent", "/api/metrics/history"] {
        for query in ["", "?range=30d&tz=Europe/Berlin&campaign=c", "?campaign=none"] {
            truth.ask("get", path, &format!("{path}{query}"), &[], None).await;
        }
        truth.ask("get", path, path, &[("if-none-match", "*")], None).await;
        truth.ask("get", path, &format!("{path}?range=1y"), &[], None).await;
    }
    for query in ["", "?range=30d&tz=Europe/Berlin", "?from=2026-01-01&to=2026-02-01", "?range=1y"] {
        let path = "/api/metrics/recount";
        truth.ask("get", path, &format!("{path}{query}"), &[], None).await;
    }
    truth
        .ask(
            "get",
            "/api/metrics/history",
            "/api/metrics/history?from=2026-01-01&to=2026-02-01&compare=year&phase=1",
            &[],
            None,
        )
        .await;
    for more in ["by=campaign&why=cost", "by=phase&why=latency&compare=none", "why=success&range=90d"] {
        let path = format!("/api/metrics/history?{more}");
        truth.ask("get", "/api/metrics/history", &path, &[], None).await;
    }
    for query in ["", "?search=c&limit=1&range=30d&tz=Europe/Berlin&compare=weekdays", "?limit=0"] {
        let path = format!("/api/metrics/campaigns{query}");
        truth.ask("get", "/api/metrics/campaigns", &path, &[], None).await;
    }
}

async fn files(truth: &mut Truth) {
    const EXPORT: &str = "/api/metrics/export.csv";
    const ROLLUPS: &str = "/api/metrics/rollups";
    for (path, query) in [
        (EXPORT, "?range=30d&tz=Europe/Berlin&compare=year"),
        (EXPORT, "?rows=runs&campaign=c&phase=1"),
        (EXPORT, "?rows=columns"),
        (ROLLUPS, ""),
        (ROLLUPS, "?grain=week&format=csv&campaign=c&phase=1"),
        (ROLLUPS, "?from=2026-01-01&to=2026-02-01&tz=Europe/Berlin"),
        (ROLLUPS, "?grain=hour"),
    ] {
        truth.ask("get", path, &format!("{path}{query}"), &[], None).await;
    }
}

async fn notes(truth: &mut Truth) {
    const NOTES: &str = "/api/metrics/notes";
    const ONE: &str = "/api/metrics/notes/{id}";
    let full = &truth.description["paths"][NOTES]["post"]["requestBody"]["content"]["application/json"];
    let full = full["example"].to_string();
    for body in
        [full.clone(), json!({"day": "2026-11-21", "text": "a"}).to_string(), "{}".to_owned(), "{".to_owned()]
    {
        truth.ask("post", NOTES, NOTES, &[JSON], Some(body)).await;
    }
    truth.ask("post", NOTES, NOTES, &[], Some(full.clone())).await;
    truth.ask("post", NOTES, NOTES, &[JSON, FOREIGN], Some(full)).await;
    truth.ask("post", NOTES, NOTES, &[JSON], Some(" ".repeat(1_048_577))).await;
    for query in ["", "?from=2026-10-01&to=2026-11-01", "?from=x"] {
        truth.ask("get", NOTES, &format!("{NOTES}{query}"), &[], None).await;
    }
    let kept = truth.studio.json(NOTES).await;
    let address = format!("{NOTES}/{}", kept["notes"][0]["id"].as_str().unwrap());
    truth.ask("delete", ONE, &address, &[FOREIGN], None).await;
    truth.ask("delete", ONE, &address, &[], None).await;
    truth.ask("delete", ONE, &address, &[], None).await;
}

/// Links to views and tokens for embedding.
async fn shared(truth: &mut Truth) {
    const LINKS: &str = "/api/share-links";
    const ONE: &str = "/api/share-links/{id}";
    for path in [LINKS, "/api/embed-tokens"] {
        let wish = json!({"view": "/?range=30d"}).to_string();
        for body in [wish.clone(), "{}".to_owned(), "{".to_owned(), " ".repeat(1_048_577)] {
            truth.ask("post", path, path, &[JSON], Some(body)).await;
        }
        truth.ask("post", path, path, &[], Some(wish.clone())).await;
        truth.ask("post", path, path, &[JSON, FOREIGN], Some(wish)).await;
    }
    truth.ask("get", LINKS, LINKS, &[], None).await;
    let kept = truth.studio.json(LINKS).await;
    let address = format!("{LINKS}/{}", kept["links"][0]["id"].as_str().unwrap());
    truth.ask("delete", ONE, &address, &[FOREIGN], None).await;
    truth.ask("delete", ONE, &address, &[], None).await;
    truth.ask("delete", ONE, &address, &[], None).await;
}

async fn letters(truth: &mut Truth) {
    const ONE: &str = "/api/pipeline/dead-letters/{kind}/{id}";
    truth.studio.post(&json!([forbidden("again"), forbidden("dropped")])).await;
    let letters = refused(&truth.studio, 2).await;
    truth.ask("get", "/api/pipeline", "/api/pipeline", &[], None).await;
    let address = |at: usize| {
        format!("/api/pipeline/dead-letters/campaign-run/{}", letters[at]["id"].as_str().unwrap())
    };
    truth.ask("get", ONE, &address(0), &[], None).await;
    truth.ask("post", ONE, &address(0), &[FOREIGN], None).await;
    truth.ask("delete", ONE, &address(1), &[FOREIGN], None).await;
    truth.ask("post", ONE, &address(0), &[], None).await;
    truth.ask("delete", ONE, &address(1), &[], None).await;
    for method in ["get", "post", "delete"] {
        truth.ask(method, ONE, "/api/pipeline/dead-letters/campaign-run/x", &[], None).await;
    }
}

async fn watched(truth: &mut Truth) {
    for path in ["/api/pipeline", "/api/session", "/api/openapi.json", "/healthz", "/readyz", "/metrics"] {
        truth.ask("get", path, path, &[], None).await;
    }
    truth.ask("get", "/api/pipeline", "/api/pipeline?x=1", &[], None).await;
    truth.ask("get", "/problems/{slug}", "/problems/conflict", &[], None).await;
    truth.ask("get", "/problems/{slug}", "/problems/none", &[], None).await;
}

#[tokio::test]
async fn every_answer_is_as_it_is_described() {
    let emulator = refusing().await;
    let settings = reach::settings(&emulator);
    let studio = Studio::with(&reach::borrowed(&settings));
    let description = studio.json("/api/openapi.json").await;
    let mut truth = Truth { studio, description, seen: BTreeSet::new() };
    for kind in every_kind() {
        records(&mut truth, &kind).await;
        one_record(&mut truth, &kind).await;
    }
    figures(&mut truth).await;
    files(&mut truth).await;
    notes(&mut truth).await;
    shared(&mut truth).await;
    letters(&mut truth).await;
    watched(&mut truth).await;

    let mut described = BTreeSet::new();
    for (path, methods) in truth.description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            for status in operation["responses"].as_object().unwrap().keys() {
                if !ELSEWHERE.contains(&status.as_str()) {
                    described.insert((path.clone(), method.clone(), status.clone()));
                }
            }
        }
    }
    let never: Vec<_> = described.difference(&truth.seen).collect();
    assert!(never.is_empty(), "described, but never seen: {never:?}");
}

#[tokio::test]
async fn every_address_takes_described_methods() {
    let studio = Studio::start();
    let description = studio.json("/api/openapi.json").await;
    for (path, methods) in description["paths"].as_object().unwrap() {
        let address = path.replace("{id}", "x").replace("{slug}", "x");
        let answer = studio.request("REPORT", &address).send().await.unwrap();
        assert_eq!(answer.status(), 405, "{path}");
        let allowed: BTreeSet<String> = answer.headers()["allow"]
            .to_str()
            .unwrap()
            .split(',')
            .map(|method| method.trim().to_lowercase())
            .filter(|method| method != "head")
            .collect();
        let methods: BTreeSet<String> = methods.as_object().unwrap().keys().cloned().collect();
        assert_eq!(allowed, methods, "{path}");
    }
}

#[tokio::test]
async fn every_described_parameter_is_taken() {
    let studio = Studio::start();
    let description = studio.json("/api/openapi.json").await;
    for (path, methods) in description["paths"].as_object().unwrap() {
        for parameter in methods["get"]["parameters"].as_array().into_iter().flatten() {
            let parameter = match parameter["$ref"].as_str() {
                Some(name) => {
                    description.pointer(name.trim_start_matches('#')).expect("a dangling reference")
                }
                None => parameter,
            };
            if parameter["in"] != "query" {
                continue;
            }
            let name = parameter["name"].as_str().unwrap();
            let answer = studio.get(&format!("{path}?{name}=%01")).await;
            let text = answer.text().await.unwrap();
            assert!(!text.contains("is not a parameter here"), "{path} does not know {name}: {text}");
        }
    }
}
