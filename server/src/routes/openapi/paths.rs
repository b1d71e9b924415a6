//! What can be asked, and what is answered.

use serde_json::{Map, Value, json};

use super::schemas::reference;
use crate::routes::{
    letters,
    parameters::CAMPAIGN_CHARS,
    records::{Resource, resources},
};
use model::{
    breakdown::{Dimension, MOST_PARTS},
    calendar::Compare,
    figures::Tile,
    range::Range,
    record::{Field, FieldType, KINDS},
};

/// No control character.
const PRINTED: &str = r"^[^\u0000-\u001F\u007F-\u009F]+$";
/// Entity tags, or any.
const TAGS: &str = r#"^(\*|(W/)?"[^"]*"( *, *(W/)?"[^"]*")*)$"#;

/// Parameters that several addresses take.
pub fn parameters() -> Value {
    let some = || json!({"type": "string", "minLength": 1, "pattern": PRINTED});
    json!({
        "range": query("range", "A stretch with a name: whole days before today, and today so far",
            &json!({"enum": Range::ALL.map(Range::key), "default": "live"})),
        "tz": query("tz", "The time zone that days are counted in, such as Europe/Berlin", &some()),
        "from": query("from", "Inclusive", &some()),
        "to": query("to", "Exclusive", &some()),
        "compare": query("compare", "With which stretch the figures are compared",
            &json!({"enum": Compare::ALL.map(Compare::key), "default": "previous"})),
        "by": query("by", "The parts by this dimension, the dearest first; 100 at most, then one for all others",
            &json!({"enum": Dimension::ALL.map(Dimension::key)})),
        "why": query("why", "What this figure's change is made of, by each dimension or the one of `by`",
            &json!({"enum": Tile::ALL.map(Tile::key)})),
        "rows": query("rows", "What a line is: a bucket with the one it is compared with, or a run, which is compared with nothing",
            &json!({"enum": ["buckets", "runs"], "default": "buckets"})),
        "grain": query("grain", "How long each stretch is; weeks begin on Monday, as ISO 8601 counts them",
            &json!({"enum": ["day", "week"], "default": "day"})),
        "format": query("format", "What the answer is made of", &json!({"enum": ["json", "csv"], "default": "json"})),
        "limit": query("limit", "How many at most; a page of large records ends before, and `next` goes on from there", &json!({"type": "integer", "minimum": 1, "maximum": 1000, "default": 10})),
        "cursor": query("cursor", "`next` of the page before", &some()),
        "kind": {"name": "kind", "in": "path", "required": true, "schema": {"enum": KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>()}},
        "id": {"name": "id", "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}},
        "If-Match": {"name": "If-Match", "in": "header", "description": "The entity tag of the state that was seen",
            "schema": {"type": "string", "pattern": TAGS}},
        "If-None-Match": {"name": "If-None-Match", "in": "header", "description": "The entity tag of the answer that is held",
            "schema": {"type": "string", "pattern": TAGS}},
        "slug": {"name": "slug", "in": "path", "required": true, "schema": {"type": "string"}},
        "campaign": query("campaign", "Only runs of this campaign", &printed(CAMPAIGN_CHARS)),
        "phase": query("phase", "Only runs of this phase", &printed(CAMPAIGN_CHARS)),
    })
}

fn query(name: &str, description: &str, schema: &Value) -> Value {
    json!({"name": name, "in": "query", "description": description, "schema": schema})
}

fn printed(max_chars: usize) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": max_chars, "pattern": PRINTED})
}

/// A list's filter, whose values are those of a record's field.
fn filter(name: &str, field: &Field) -> Value {
    let schema = match field.ty {
        FieldType::Choice(labels) => json!({"enum": labels}),
        FieldType::Text { max_chars } => printed(max_chars),
        _ => Value::Null,
    };
    query(name, &format!("Only what has this {}", field.json), &schema)
}

pub fn paths() -> Value {
    let mut paths = Map::new();
    for resource in resources() {
        let path = resource.api.path;
        paths.insert(path.to_owned(), json!({"post": take(resource), "get": list(resource)}));
        paths.insert(
            format!("{path}/{{id}}"),
            json!({"get": read(resource), "put": correct(resource), "delete": withdraw(resource)}),
        );
    }
    paths.insert("/api/metrics/recent".to_owned(), json!({"get": recent()}));
    paths.insert("/api/metrics/history".to_owned(), json!({"get": history()}));
    paths.insert("/api/metrics/campaigns".to_owned(), json!({"get": campaigns()}));
    paths.insert("/api/metrics/export.csv".to_owned(), json!({"get": export()}));
    paths.insert("/api/metrics/rollups".to_owned(), json!({"get": rollups()}));
    paths.insert("/api/metrics/recount".to_owned(), json!({"get": recount()}));
    paths.insert("/api/metrics/notes".to_owned(), json!({"get": notes(), "post": add_note()}));
    paths.insert("/api/metrics/notes/{id}".to_owned(), json!({"delete": remove_note()}));
    paths.insert("/api/share-links".to_owned(), json!({"get": share_links(), "post": share()}));
    paths.insert("/api/share-links/{id}".to_owned(), json!({"delete": unshare()}));
    paths.insert("/api/embed-tokens".to_owned(), json!({"post": embed()}));
    paths.insert(letters::PATH.to_owned(), letter());
    let watched: [(&str, &str, Value); 7] = [
        (
            "/api/pipeline",
            "How far the records have come, and how the road to Dataverse is",
            answers(&[ok("Pipeline"), problem(422), problem(503)]),
        ),
        ("/api/session", "Who asks, as what, and whose records they see", answers(&[ok("Session")])),
        ("/api/openapi.json", "This description", answers(&[any("application/json")])),
        ("/healthz", "Whether the process answers", answers(&[ok("Status")])),
        ("/readyz", "Whether records can be taken", answers(&[ok("Status"), problem(503)])),
        ("/metrics", "Everything that is counted, as Prometheus reads it", answers(&[any("text/plain")])),
        ("/problems/{slug}", "What a problem's type means", answers(&[ok("ProblemType"), problem(404)])),
    ];
    for (path, summary, responses) in watched {
        let mut operation = json!({"summary": summary, "responses": responses});
        if path.contains("{slug}") {
            operation["parameters"] = json!([parameter("slug")]);
        }
        paths.insert(path.to_owned(), json!({"get": operation}));
    }
    Value::Object(paths)
}

fn share_links() -> Value {
    json!({
        "summary": "Links to views, the newest first: of readers their own, of administrators all",
        "responses": answers(&[ok("ShareLinks"), problem(503)]),
    })
}

fn share() -> Value {
    json!({
        "summary": "Makes a link to a view, which opens that view and nothing else",
        "requestBody": {"required": true, "content": json(&reference("WishedShareLink"))},
        "responses": answers(&[
            (201, "Made", json(&reference("MadeShareLink"))),
            problem(400), problem(403), problem(408), problem(413), problem(415), problem(422), problem(503),
        ]),
    })
}

fn unshare() -> Value {
    json!({
        "summary": "Revokes a link, which shows nothing from then on",
        "parameters": all(&["id"]),
        "responses": answers(&[(204, "Revoked", Value::Null), problem(403), problem(404), problem(503)]),
    })
}

fn embed() -> Value {
    json!({
        "summary": "Makes a token that shows a view in a frame, for a while",
        "requestBody": {"required": true, "content": json(&reference("WishedEmbedToken"))},
        "responses": answers(&[
            (201, "Made", json(&reference("EmbedToken"))),
            problem(400), problem(403), problem(408), problem(413), problem(415), problem(422), problem(503),
        ]),
    })
}

fn take(resource: Resource) -> Value {
    let (noun, sent) = (resource.kind.noun, reference(&format!("Sent{}", resource.api.schema)));
    json!({
        "summary": format!("Stores one {noun} or an array of at most 1,000; a 2xx means that they are on disk"),
        "description": "Sending again is safe: the same content is a duplicate. An array's items are answered one by one, \
                        those that are not as described as well.",
        "requestBody": body(resource, &json!({"oneOf": [
            sent, {"type": "array", "maxItems": 1000, "items": sent},
        ]})),
        "responses": answers(&[
            (201, "Stored", json(&reference("Taken"))),
            (200, "A duplicate, or an array's answers",
                json(&json!({"oneOf": [reference("Taken"), reference("TakenArray")]}))),
            problem(400), problem(403), problem(408), problem(409), problem(413), problem(415), problem(422), problem(503),
        ]),
    })
}

fn list(resource: Resource) -> Value {
    let Resource { kind, api } = resource;
    let mut parameters = all(&["limit", "cursor", "from", "to"]);
    parameters.extend(api.filters.iter().map(|(name, at)| filter(name, &kind.fields[*at])));
    json!({
        "summary": format!("Each {}, newest first, page by page", kind.noun),
        "parameters": parameters,
        "responses": answers(&[ok(&format!("{}s", api.schema)), problem(422), problem(429), problem(503)]),
    })
}

fn read(resource: Resource) -> Value {
    json!({
        "summary": format!("One {}", resource.kind.noun),
        "parameters": all(&["id", "If-None-Match"]),
        "responses": answers(&[ok(resource.api.schema), unmodified(), problem(404), problem(410), problem(503)]),
    })
}

fn correct(resource: Resource) -> Value {
    let noun = resource.kind.noun;
    json!({
        "summary": format!("Puts another content in the place of a {noun}; what it was stays in the ledger"),
        "parameters": all(&["id", "If-Match"]),
        "requestBody": body(resource, &reference(&format!("Sent{}", resource.api.schema))),
        "responses": answers(&[
            ok("Changed"), problem(400), problem(403), problem(404), problem(408), problem(409), problem(412),
            problem(413), problem(415), problem(422), problem(503),
        ]),
    })
}

fn withdraw(resource: Resource) -> Value {
    json!({
        "summary": format!("Takes a {} out of every list and figure", resource.kind.noun),
        "parameters": all(&["id", "If-Match"]),
        "responses": answers(&[
            ok("Changed"), problem(403), problem(404), problem(410), problem(412), problem(503),
        ]),
    })
}

fn recent() -> Value {
    json!({
        "summary": "The figures of now and the ten newest runs",
        "parameters": all(&["range", "campaign", "tz", "If-None-Match"]),
        "responses": answers(&[ok("Recent"), unmodified(), problem(422), problem(503)]),
    })
}

fn history() -> Value {
    json!({
        "summary": "Figures and buckets of any stretch of the past, and of the one before it",
        "parameters": all(&["range", "from", "to", "campaign", "phase", "tz", "compare", "by", "why", "If-None-Match"]),
        "responses": answers(&[ok("History"), unmodified(), problem(422), problem(429), problem(503)]),
    })
}

fn campaigns() -> Value {
    json!({
        "summary": "The campaigns that have a run, those first that ran last, with their figures over a range (90 days)",
        "parameters": [
            query("search", "Only those whose id or name contains this", &printed(CAMPAIGN_CHARS)),
            query("limit", "How many at most", &json!({"type": "integer", "minimum": 1, "maximum": MOST_PARTS, "default": 50})),
            parameter("cursor"),
            query("range", "A stretch with a name", &json!({"enum": Range::ALL.map(Range::key), "default": "90d"})),
            parameter("tz"),
            parameter("compare"),
        ],
        "responses": answers(&[ok("Campaigns"), problem(422), problem(429), problem(503)]),
    })
}

fn export() -> Value {
    json!({
        "summary": "The buckets of a history as CSV, or each run of it, oldest first",
        "description": "RFC 4180 in UTF-8, with a line of names. A text that a spreadsheet would take for a formula has an \
                        apostrophe in front. Runs are sent as they are read; what cannot be sent whole ends without its \
                        last chunk, so that no part is taken for the whole.",
        "parameters": all(&["range", "from", "to", "campaign", "phase", "tz", "compare", "rows"]),
        "responses": answers(&[any("text/csv"), problem(422), problem(429), problem(503)]),
    })
}

fn rollups() -> Value {
    let mut either = json(&reference("Rollups"));
    either["text/csv"] = json!({});
    json!({
        "summary": "What the runs of each day or week add up to; without from and to, of the last 90 days",
        "parameters": all(&["grain", "from", "to", "campaign", "phase", "tz", "format"]),
        "responses": answers(&[(200, "As asked", either), problem(422), problem(429), problem(503)]),
    })
}

fn recount() -> Value {
    json!({
        "summary": "The figures out of the rollups, out of a plain count of the records, and as Dataverse adds them up",
        "parameters": all(&["range", "from", "to", "tz"]),
        "responses": answers(&[ok("Recount"), problem(422), problem(429), problem(503)]),
    })
}

fn notes() -> Value {
    let day = || json!({"type": "string", "format": "date"});
    json!({
        "summary": "What people wrote at days, by day; the panel shows it at the chart",
        "parameters": [
            query("from", "The first day", &day()), query("to", "The first day that does not count any more", &day()),
        ],
        "responses": answers(&[ok("Notes"), problem(422), problem(503)]),
    })
}

fn add_note() -> Value {
    let mut body = json(&reference("WrittenNote"));
    body["application/json"]["example"] =
        json!({"day": "2026-10-20", "text": "Retail, north moved to the larger model", "author": "Jana"});
    json!({
        "summary": "Writes a note at a day; 2,000 are kept at most",
        "requestBody": {"required": true, "content": body},
        "responses": answers(&[
            (201, "Kept", json(&reference("Note"))),
            problem(400), problem(403), problem(408), problem(413), problem(415), problem(422), problem(503),
        ]),
    })
}

fn remove_note() -> Value {
    json!({
        "summary": "Removes a note",
        "parameters": all(&["id"]),
        "responses": answers(&[(204, "Removed", Value::Null), problem(403), problem(404), problem(503)]),
    })
}

fn letter() -> Value {
    let operation = |summary: &str, answers: Value| json!({"summary": summary, "parameters": all(&["kind", "id"]), "responses": answers});
    let handled = || answers(&[ok("LetterHandled"), problem(403), problem(404), problem(503)]);
    json!({
        "get": operation("One record that Dataverse refuses, with what was sent and what came back",
            answers(&[ok("WholeDeadLetter"), problem(404), problem(503)])),
        "post": operation("Sends it once more; to mend it, correct the record itself", handled()),
        "delete": operation("Gives up: it stays in the ledger and is never sent, unless it is corrected later", handled()),
    })
}

/// Status, description, content.
type ResponseEntry = (u16, &'static str, Value);

fn answers(answers: &[ResponseEntry]) -> Value {
    let told = |(status, description, content): &ResponseEntry| {
        let mut answer = json!({"description": description});
        if !content.is_null() {
            answer["content"] = content.clone();
        }
        (status.to_string(), answer)
    };
    Value::Object(answers.iter().map(told).collect())
}

fn ok(schema: &str) -> ResponseEntry {
    (200, "As asked", json(&reference(schema)))
}

fn any(media: &str) -> ResponseEntry {
    (200, "As asked", json!({media: {}}))
}

fn unmodified() -> ResponseEntry {
    (304, "The same as the answer that is held", Value::Null)
}

fn problem(status: u16) -> ResponseEntry {
    let description = match status {
        400 => "The body is not JSON",
        403 => "A page of another origin asked",
        404 => "There is nothing here",
        408 => "The body came too slowly",
        409 => "The key is taken by other content, or the record was withdrawn",
        410 => "The record was withdrawn",
        412 => "The record has changed since",
        413 => "The body is too large",
        415 => "The body is not sent as JSON",
        429 => "More is asked for than can be done at once; Retry-After says when to come again",
        422 => "Fields or parameters break a rule; errors names each",
        _ => "The ledger cannot promise anything now; Retry-After says when to come again",
    };
    (status, description, json!({"application/problem+json": {"schema": reference("Problem")}}))
}

fn body(resource: Resource, schema: &Value) -> Value {
    let example: Value = serde_json::from_str(resource.api.example).unwrap_or_default();
    json!({"required": true, "content": {"application/json": {"schema": schema, "example": example}}})
}

fn json(schema: &Value) -> Value {
    json!({"application/json": {"schema": schema}})
}

fn parameter(name: &str) -> Value {
    json!({"$ref": format!("#/components/parameters/{name}")})
}

fn all(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| parameter(name)).collect()
}
