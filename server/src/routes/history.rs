//! `GET /api/metrics/history`: figures and buckets of any stretch of the past, and of the one before it.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use http::{HeaderMap, Uri};
use ledger::LedgerError;
use model::{
    breakdown::{Breakdown, Dimension, PartShapes},
    calendar::{self, Compare, Span, Window, Zone},
    figures::Tile,
    forecast::{Forecast, NoForecast},
    history::{History, RunFilter},
    range::Range,
    time::{DAY, Timestamp},
};
use serde_json::{Value as Json, json};

use super::{
    breakdown, figures,
    parameters::{self, CAMPAIGN_CHARS, Parameters},
    tag,
};
use crate::{
    access::{Principal, WorkPermit},
    app_state::SharedState,
    problem::{Problem, ProblemType},
    snapshot::SeriesScope,
};

const KNOWN: &[&str] = &["range", "from", "to", "campaign", "phase", "tz", "compare", "by", "why"];
/// Ten years; what is longer is a slip of the pen.
const LONGEST_DAYS: i64 = 3_660;
/// Records reach a day ahead.
const AHEAD_DAYS: i64 = 366;

pub async fn history(
    State(state): State<SharedState>,
    permit: WorkPermit,
    principal: Principal,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (zone, now) = (state.settings.zone.clone(), state.now());
    let ask = beside(move || understand(&uri, &zone, now)).await?;
    let (ledger, snapshots, tenant) = (state.ledger.clone(), Arc::clone(&state.snapshots), principal.tenant);
    let answer = permit.done(async move {
        let told =
            ledger.history_by(tenant, &ask.window, &ask.filter, ask.dimensions(), PartShapes::Untold).await?;
        let zone = Zone::of_name(&ask.window.zone).unwrap_or_else(Zone::utc);
        let series = SeriesScope { tenant, filter: ask.filter.clone(), zone: ask.window.zone.clone() };
        let forecast = snapshots.forecast(series, &zone, &told.0, now).await?;
        Ok::<_, LedgerError>((ask, told, forecast))
    });
    let (ask, (history, breakdowns), forecast) = answer.await?;
    let moves_by_itself = history.window.range.is_some();
    let told =
        move || Ok(tag::answer(&body(&ask, &history, &breakdowns, &forecast), moves_by_itself, &headers));
    beside(told).await
}

/// What is asked for.
struct Ask {
    window: Window,
    filter: RunFilter,
    by: Option<Dimension>,
    why: Option<Tile>,
}

impl Ask {
    fn dimensions(&self) -> &[Dimension] {
        match (&self.by, self.why) {
            (Some(by), _) => std::slice::from_ref(by),
            (None, Some(_)) => &Dimension::ALL,
            (None, None) => &[],
        }
    }
}

/// Ten years by the day are some work, which the threads that serve everybody leave to others.
pub(super) async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a history could not be put together");
        Err(Problem::new(
            ProblemType::Internal,
            "The server met a fault of its own; report it with the request's id.",
        ))
    })
}

fn understand(uri: &Uri, zone: &Zone, now: Timestamp) -> Result<Ask, Problem> {
    let mut parameters = Parameters::of(uri, KNOWN);
    let by = parameters.read("by", dimension);
    let why = parameters.read("why", figure);
    let (window, filter) = stretch(&mut parameters, zone, now);
    parameters.finish()?;
    Ok(Ask { window: window.ok_or_else(no_such_stretch)?, filter, by, why })
}

pub(super) fn no_such_stretch() -> Problem {
    Problem::new(ProblemType::Validation, "The calendar has no such stretch of time.")
}

/// Which stretch and which runs the parameters mean; without one, the calendar has no such stretch.
pub(super) fn stretch(
    parameters: &mut Parameters,
    zone: &Zone,
    now: Timestamp,
) -> (Option<Window>, RunFilter) {
    let filter = RunFilter {
        campaign: parameters.read("campaign", parameters::text_up_to(CAMPAIGN_CHARS)),
        phase: parameters.read("phase", parameters::text_up_to(CAMPAIGN_CHARS)),
    };
    let zone = chosen_zone(parameters, zone);
    let compare = parameters.read("compare", compare).unwrap_or_default();
    (window(parameters, &zone, now, compare), filter)
}

/// The zone that is asked for, or the one of those who ask for none.
pub(super) fn chosen_zone(parameters: &mut Parameters, others: &Zone) -> Zone {
    parameters.read("tz", parameters::zone).unwrap_or_else(|| others.clone())
}

/// The stretch that is asked for, unless the parameters have faults, or the calendar no such stretch.
pub(super) fn window(
    parameters: &mut Parameters,
    zone: &Zone,
    now: Timestamp,
    compare: Compare,
) -> Option<Window> {
    let named = parameters.read("range", range);
    let from = parameters.read("from", |text| moment_or_day(text, zone));
    let to = parameters.read("to", |text| moment_or_day(text, zone));
    let custom = (from.zip(to)).map(|(from, to)| Span { from, to });
    check(parameters, custom, now);
    match custom {
        Some(span) => calendar::custom_window(zone, span, compare),
        None => Some(calendar::window(named.unwrap_or_default(), zone, now, compare)),
    }
}

/// `from` and `to` go together and not with a range, and what lies between them is neither too long nor far ahead.
pub(super) fn check(parameters: &mut Parameters, span: Option<Span>, now: Timestamp) {
    let has = |parameters: &Parameters, name| parameters.text(name).is_some();
    let (first, last) = (has(parameters, "from"), has(parameters, "to"));
    if has(parameters, "range") && (first || last) {
        parameters.fault("range", "goes without from and to; send one or the other");
    } else if first != last {
        let (missing, other) = if first { ("to", "from") } else { ("from", "to") };
        parameters.fault(missing, format!("is missing; {other} is there"));
    }
    let Some(span) = span else { return };
    let length = span.to.since(span.from);
    if length <= 0 {
        parameters.fault("to", "must be later than from");
    } else if length > LONGEST_DAYS * DAY {
        parameters.fault("to", "must be at most ten years after from");
    } else if span.to.since(now) > AHEAD_DAYS * DAY {
        parameters.fault("to", "must be at most a year from now");
    }
}

fn body(
    ask: &Ask,
    history: &History,
    breakdowns: &[Breakdown],
    forecast: &Result<Forecast, NoForecast>,
) -> Json {
    let window = &history.window;
    let (buckets, previous) = figures::buckets(history);
    let mut range = figures::span(window.span);
    range.insert("timeZone".to_owned(), Json::from(window.zone.as_str()));
    range.insert("bucket".to_owned(), Json::from(window.size.key()));
    let is_compared = window.compare != Compare::Nothing;
    let mut body = json!({
        "range": range,
        "previousRange": is_compared.then(|| figures::span(window.previous)),
        "figures": figures::figures(&history.figures, &history.previous),
        "buckets": buckets,
        "previous": previous,
        "forecast": super::forecast::told(forecast),
    });
    if let Some(breakdown) = breakdowns.first().filter(|_| ask.by.is_some()) {
        body["breakdown"] = breakdown::breakdown(breakdown, history);
    }
    if let Some(tile) = ask.why {
        body["why"] = breakdown::why(tile, breakdowns, history);
    }
    body
}

pub(super) fn range(text: &str) -> Result<Range, String> {
    Range::of_key(text).ok_or_else(|| "must be live, 30d, 60d or 90d".to_owned())
}

pub(super) fn compare(text: &str) -> Result<Compare, String> {
    Compare::of_key(text).ok_or_else(|| "must be previous, weekdays, year or none".to_owned())
}

fn dimension(text: &str) -> Result<Dimension, String> {
    Dimension::of_key(text).ok_or_else(|| "must be campaign or phase".to_owned())
}

fn figure(text: &str) -> Result<Tile, String> {
    Tile::of_key(text).ok_or_else(|| "must be cost, latency, success, assets or tokens".to_owned())
}

/// A time, or a day, which begins when it does in the zone.
pub(super) fn moment_or_day(text: &str, zone: &Zone) -> Result<Timestamp, String> {
    let day = (text.len() == 10).then(|| zone.start_of_day(text)).flatten();
    let at = day.map_or_else(|| parameters::moment(text), Ok);
    let at =
        at.map_err(|_| "must be a time as in 2026-11-21T09:30:00Z, or a day as in 2026-11-21".to_owned())?;
    if at < Timestamp::EARLIEST { Err("must not be before the year 2000".to_owned()) } else { Ok(at) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-21T13:00:00Z";

    fn ask(query: &str) -> Result<Window, Vec<String>> {
        let uri: Uri = format!("/api/metrics/history?{query}").parse().unwrap();
        understand(&uri, &Zone::utc(), Timestamp::parse(NOW).unwrap())
            .map(|ask| ask.window)
            .map_err(|problem| problem.errors.into_iter().map(|fault| fault.field).collect())
    }

    #[track_caller]
    fn refused(query: &str, fields: &[&str]) {
        assert_eq!(ask(query).unwrap_err(), fields, "{query}");
    }

    #[test]
    fn every_wrong_parameter_is_named() {
        refused("range=1y", &["range"]);
        refused("range=30d&from=2026-11-01&to=2026-11-02", &["range"]);
        refused("from=2026-11-01", &["to"]);
        refused("to=2026-11-01", &["from"]);
        refused("from=2026-11-02&to=2026-11-01", &["to"]);
        refused("from=1999-01-01&to=2026-11-01", &["from"]);
        refused("from=2001-01-01&to=2026-11-01", &["to"]);
        refused("from=x&to=y", &["from", "to"]);
        refused("from=2026-11-01&to=2027-11-23", &["to"]);
        refused("from=9999-12-20&to=9999-12-30T21:59:59Z&tz=Pacific/Kiritimati", &["to"]);
        refused("tz=Mars&compare=never&campaign=&phase=", &["campaign", "phase", "tz", "compare"]);
        refused("rnage=30d", &["rnage"]);
        refused("by=agent&why=speed", &["by", "why"]);
        refused("range=30d&range=60d", &["range"]);
    }

    #[test]
    fn days_begin_in_the_zone() {
        let window = ask("from=2026-11-01&to=2026-11-08&tz=Europe/Berlin").unwrap();
        assert_eq!(window.span.from.to_string(), "2026-10-31T23:00:00Z");
        assert_eq!((window.buckets.len(), window.range), (7, None));
        assert_eq!(ask("").unwrap().range, Some(Range::Live));
        let offset = ask("from=2026-11-01T00:00:00+01:00&to=2026-11-02T00:00:00%2B01:00").unwrap();
        assert_eq!(offset.span.to.to_string(), "2026-11-01T23:00:00Z");
    }
}
