//! `GET /api/metrics/rollups`: what the runs of each day or week add up to, as JSON or as a file.

mod stretches;

use axum::{
    Json,
    body::Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::{HeaderValue, Uri, header};
use model::{
    calendar::{self, BucketSize, Compare, Span, Window, Zone},
    figures::Sums,
    history::{History, RunFilter},
    range::Range,
    time::Timestamp,
};
use serde_json::{Value, json};

use super::{
    csv_file::{self, FileName},
    figures::{self, BUCKET_MEMBERS},
    history::{beside, check, moment_or_day},
    parameters::{self, CAMPAIGN_CHARS, Parameters},
};
use crate::{
    access::{Principal, WorkPermit},
    app_state::SharedState,
    problem::Problem,
};
use stretches::RollupGrain;

const KNOWN: &[&str] = &["grain", "from", "to", "campaign", "phase", "tz", "format"];
/// What a rollup has beside what a bucket has: its name, and what the success rate is a share of.
const MEMBERS: [&str; 3] = ["period", "agents", "agentsSuccessful"];

struct RollupAsk {
    zone: Zone,
    grain: RollupGrain,
    span: Span,
    filter: RunFilter,
    is_csv: bool,
}

pub async fn rollups(
    State(state): State<SharedState>,
    permit: WorkPermit,
    principal: Principal,
    uri: Uri,
) -> Result<Response, Problem> {
    let (zone, now) = (state.settings.zone.clone(), state.now());
    let (ask, window) = beside(move || {
        let ask = understand(&uri, &zone, now)?;
        let window = window(&ask);
        Ok((ask, window))
    })
    .await?;
    let (ledger, filter) = (state.ledger.clone(), ask.filter.clone());
    let history =
        permit.done(async move { ledger.history(principal.tenant, &window, &filter).await }).await?;
    beside(move || Ok(answer(&ask, &history))).await
}

fn understand(uri: &Uri, zone: &Zone, now: Timestamp) -> Result<RollupAsk, Problem> {
    let mut parameters = Parameters::of(uri, KNOWN);
    let grain = parameters.read("grain", RollupGrain::of_key).unwrap_or_default();
    let filter = RunFilter {
        campaign: parameters.read("campaign", parameters::text_up_to(CAMPAIGN_CHARS)),
        phase: parameters.read("phase", parameters::text_up_to(CAMPAIGN_CHARS)),
    };
    let zone = parameters.read("tz", parameters::zone).unwrap_or_else(|| zone.clone());
    let from = parameters.read("from", |text| moment_or_day(text, &zone));
    let to = parameters.read("to", |text| moment_or_day(text, &zone));
    let is_csv = parameters.read("format", is_csv).unwrap_or_default();
    let custom = from.zip(to).map(|(from, to)| Span { from, to });
    check(&mut parameters, custom, now);
    parameters.finish()?;
    let span = custom.unwrap_or_else(|| calendar::window(Range::Days90, &zone, now, Compare::Nothing).span);
    Ok(RollupAsk { zone, grain, span, filter, is_csv })
}

fn is_csv(text: &str) -> Result<bool, String> {
    match text {
        "csv" => Ok(true),
        "json" => Ok(false),
        _ => Err("must be json or csv".to_owned()),
    }
}

/// With nothing before it that it is compared with.
fn window(ask: &RollupAsk) -> Window {
    Window {
        range: None,
        zone: ask.zone.name().to_owned(),
        size: BucketSize::Day,
        span: ask.span,
        buckets: stretches::stretches(&ask.zone, ask.span, ask.grain),
        compare: Compare::Nothing,
        previous: Span { from: ask.span.from, to: ask.span.from },
        previous_buckets: Vec::new(),
    }
}

fn answer(ask: &RollupAsk, history: &History) -> Response {
    let rollups = history.window.buckets.iter().zip(&history.buckets).map(|(bucket, sums)| {
        let mut rollup = figures::bucket(*bucket, sums);
        rollup["period"] = Value::from(stretches::period(&ask.zone, bucket.span.from, ask.grain));
        let counted =
            |Sums { runs, .. }: &Sums, sum: i64| if *runs > 0 { Value::from(sum) } else { Value::Null };
        rollup["agents"] = counted(sums, sums.agents);
        rollup["agentsSuccessful"] = counted(sums, sums.successful);
        rollup
    });
    if !ask.is_csv {
        let mut range = figures::span(ask.span);
        range.insert("timeZone".to_owned(), Value::from(ask.zone.name()));
        range.insert("grain".to_owned(), Value::from(ask.grain.key()));
        let mut answer = Json(json!({"range": range, "rollups": rollups.collect::<Value>()})).into_response();
        answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        return answer;
    }
    let [period, agents, successful] = MEMBERS;
    let members: Vec<&str> = [period].into_iter().chain(BUCKET_MEMBERS).chain([agents, successful]).collect();
    let mut lines = Vec::new();
    csv_file::push(&mut lines, members.iter().map(|name| (*name).to_owned()));
    rollups.for_each(|rollup| csv_file::push(&mut lines, csv_file::cells(&rollup, &members)));
    let name = FileName { lines: ask.grain.lines(), span: ask.span, zone: &ask.zone, filter: &ask.filter };
    csv_file::answer(&name, Body::from(lines))
}
