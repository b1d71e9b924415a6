//! Forecasts of cost, kept beside the views. No page waits for one: it is computed beside the path of those who ask, and
//! anew when a day ends or what an earlier day cost has changed.

use std::{mem::size_of, sync::Arc, time::Duration};

use futures::FutureExt;
use jiff::ToSpan as _;
use ledger::{Ledger, LedgerError};
use model::{
    calendar::{self, BucketSize, Compare, Span, Window, Zone},
    forecast::{CostBudget, Forecast, NoForecast},
    history::{History, RunFilter},
    tenant::TenantId,
    time::Timestamp,
};
use tokio::{
    sync::{Semaphore, watch},
    task::JoinHandle,
    time::Instant,
};

use super::single_flight::{Brought, CacheBounds, Flights, LedgerVersion};
use crate::forecast::{self, DAYS, DailyForecast, SpentToday};

/// How much is kept of them. One takes some 4 kB.
const KEPT_BYTES: usize = 4 * 1024 * 1024;
/// Earlier days seldom change: a page does with what was read this long ago.
const OF_PAGES: Duration = Duration::from_secs(10);
/// Forecasts that pages may have begun at one time. Where there are more, a page comes without.
const BEGUN: usize = 16;

/// Which runs' cost, on which calendar.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SeriesScope {
    pub tenant: TenantId,
    pub filter: RunFilter,
    pub zone: String,
}

/// The days of a series, and what they let expect.
#[derive(Clone, Debug)]
pub(super) struct SeriesForecast {
    /// The day after the last one of the series.
    today: Span,
    costs: Vec<i64>,
    daily: Result<DailyForecast, NoForecast>,
    read: Instant,
}

/// The forecasts, each computed once for all who ask.
#[derive(Clone)]
pub(super) struct Forecasts {
    ledger: Ledger,
    changes: watch::Receiver<u64>,
    default_budget_e5: Option<i64>,
    kept: Arc<Flights<SeriesScope, SeriesForecast, LedgerError>>,
    /// One at a time: they take a thread each.
    turn: Arc<Semaphore>,
    begun: Arc<Semaphore>,
}

/// A forecast that a page has asked for.
pub(super) struct ForecastBegun {
    /// What was known of this day before.
    known: Option<Arc<SeriesForecast>>,
    task: Option<JoinHandle<Result<Option<Arc<SeriesForecast>>, LedgerError>>>,
}

impl Forecasts {
    pub(super) fn new(ledger: Ledger, default_budget_e5: Option<i64>) -> Self {
        let broken = || LedgerError::Fault("a forecast could not be computed".to_owned());
        let weigh = |kept: &SeriesForecast| {
            2 * size_of::<DailyForecast>() + 2_048 + kept.costs.len() * size_of::<i64>()
        };
        Self {
            changes: ledger.changes(),
            ledger,
            default_budget_e5,
            kept: Arc::new(Flights::new(CacheBounds { bytes: KEPT_BYTES, weigh, broken })),
            turn: Arc::new(Semaphore::new(1)),
            begun: Arc::new(Semaphore::new(BEGUN)),
        }
    }

    pub(super) fn sweep(&self) {
        self.kept.sweep();
    }

    /// Begins one, without waiting for it.
    pub(super) fn begin(&self, scope: &SeriesScope, zone: &Zone, now: Timestamp) -> ForecastBegun {
        let known = self.kept.latest(scope).filter(|kept| kept.is_of(now));
        let task = Arc::clone(&self.begun).try_acquire_owned().ok().map(|begun| {
            let (this, scope, zone) = (self.clone(), scope.clone(), zone.clone());
            tokio::spawn(async move {
                let _begun = begun;
                this.series(scope, &zone, now, OF_PAGES).await
            })
        });
        ForecastBegun { known, task }
    }

    /// What the history goes on with; it is waited for.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub(super) async fn of(
        &self,
        scope: SeriesScope,
        zone: &Zone,
        history: &History,
        now: Timestamp,
    ) -> Result<Result<Forecast, NoForecast>, LedgerError> {
        let today = match today_of(&history.window, zone, now) {
            Ok(today) => today,
            Err(why) => return Ok(Err(why)),
        };
        let budget_e5 = self.budget(scope.tenant).await?.of(&scope.filter);
        let series = self.series(scope, zone, now, Duration::ZERO).await?;
        Ok(outlook(series.as_deref(), budget_e5, history, today, zone, now))
    }

    /// What a month may cost: what was set on the panel, and what the server was started with.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub(super) async fn budget(&self, tenant: TenantId) -> Result<CostBudget, LedgerError> {
        let set_e5 = self.ledger.panel_settings(tenant).await?.cost_budget_e5;
        Ok(CostBudget { set_e5, default_e5: self.default_budget_e5 })
    }

    /// The series of this day; none where it cannot be had in time. `old`: how long ago it may have been read, though the
    /// ledger has changed.
    async fn series(
        &self,
        scope: SeriesScope,
        zone: &Zone,
        now: Timestamp,
        old: Duration,
    ) -> Result<Option<Arc<SeriesForecast>>, LedgerError> {
        let moved = LedgerVersion(*self.changes.borrow());
        let compute = |_| {
            let (this, scope, zone) = (self.clone(), scope.clone(), zone.clone());
            async move {
                let _turn = this.turn.acquire().await.map_err(|_| LedgerError::Closed)?;
                let before = LedgerVersion(*this.changes.borrow());
                let value = this.computed(&scope, &zone, now).await?;
                Ok(Brought { keep: !value.costs.is_empty(), value, moved: before })
            }
        };
        let served = self.kept.get(
            scope.clone(),
            |kept| kept.value.is_of(now) && (kept.is_fresh(moved) || kept.value.read.elapsed() < old),
            compute,
        );
        Ok(Some(served.await?.value).filter(|series| series.is_of(now)))
    }

    async fn computed(
        &self,
        scope: &SeriesScope,
        zone: &Zone,
        now: Timestamp,
    ) -> Result<SeriesForecast, LedgerError> {
        let known = self.kept.latest(scope);
        let read = Instant::now();
        let out_of_calendar = || LedgerError::Fault("the calendar ends before a forecast does".to_owned());
        let today = forecast::day_of(zone, now).ok_or_else(out_of_calendar)?;
        let window = series_window(zone, today.from).ok_or_else(out_of_calendar)?;
        let history = self.ledger.history(scope.tenant, &window, &scope.filter).await?;
        let first = history.buckets.iter().position(|day| day.runs > 0).unwrap_or(history.buckets.len());
        let costs: Vec<i64> = history.buckets[first..].iter().map(|day| day.cost_e5).collect();
        if let Some(known) = known.filter(|known| known.today == today && known.costs == costs) {
            return Ok(SeriesForecast { read, ..SeriesForecast::clone(&known) });
        }
        let computing = tokio::task::spawn_blocking(move || (DailyForecast::of(&costs), costs)).await;
        let (daily, costs) =
            computing.map_err(|_| LedgerError::Fault("a forecast could not be computed".to_owned()))?;
        Ok(SeriesForecast { today, costs, daily, read })
    }
}

impl SeriesForecast {
    fn is_of(&self, now: Timestamp) -> bool {
        self.today.from <= now && now < self.today.to
    }
}

impl ForecastBegun {
    /// What is there by now.
    pub(super) fn so_far(self) -> Option<Arc<SeriesForecast>> {
        let done = self.task.filter(JoinHandle::is_finished).and_then(FutureExt::now_or_never);
        done.and_then(Result::ok).and_then(Result::ok).flatten().or(self.known)
    }
}

/// What the days of a series and what is in the history of today come to.
pub(super) fn outlook(
    series: Option<&SeriesForecast>,
    budget_e5: Option<i64>,
    history: &History,
    today: Option<usize>,
    zone: &Zone,
    now: Timestamp,
) -> Result<Forecast, NoForecast> {
    let series = series.ok_or(NoForecast::Pending)?;
    let daily = series.daily.as_ref().map_err(|why| *why)?;
    let cost_e5 = today.and_then(|at| history.buckets.get(at)).map_or(0, |sums| sums.cost_e5);
    Ok(forecast::outlook(daily, &series.costs, SpentToday { now, cost_e5 }, zone, budget_e5))
}

/// The bucket of a window that is today's, if it has one.
///
/// # Errors
/// Where the window is none that a forecast can go on from.
pub(super) fn today_of(window: &Window, zone: &Zone, now: Timestamp) -> Result<Option<usize>, NoForecast> {
    if window.size == BucketSize::Hour {
        return Err(NoForecast::ByTheHour);
    }
    if now <= window.span.from || now > window.span.to {
        return Err(NoForecast::NotOfNow);
    }
    let today = forecast::day_of(zone, now).ok_or(NoForecast::NotOfNow)?;
    let is_todays = |from: Timestamp| today.from <= from && from <= now;
    match window.buckets.iter().position(|bucket| is_todays(bucket.span.from)) {
        // What was spent before it is not in it.
        Some(at) if window.buckets[at].span.from > today.from => Err(NoForecast::NotOfNow),
        todays => Ok(todays),
    }
}

/// The whole days before today, with which nothing is compared.
fn series_window(zone: &Zone, today: Timestamp) -> Option<Window> {
    let first = zone.at(today).date().checked_sub(DAYS.days()).ok()?;
    let span = Span { from: zone.start_of_day(&first.to_string())?, to: today };
    calendar::custom_window(zone, span, Compare::Nothing)
}

#[cfg(test)]
mod tests {
    use ledger::StoreSettings;
    use model::{
        clock::ManualClock,
        range::Range,
        record::{Draft, Given, KINDS, campaign_run::CAMPAIGN_RUN},
        rng::Seeded,
        time::DAY,
    };

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn forecasts_go_on_from_today() {
        let zone = Zone::of_name("Europe/Berlin").unwrap();
        let now = at("2026-11-21T13:00:00Z");
        let named = |range, now| calendar::window(range, &zone, now, Compare::Previous);
        let custom =
            |from, to| calendar::custom_window(&zone, Span { from: at(from), to: at(to) }, Compare::Previous);
        assert_eq!(today_of(&named(Range::Days30, now), &zone, now), Ok(Some(30)));
        assert_eq!(today_of(&named(Range::Live, now), &zone, now), Err(NoForecast::ByTheHour));
        let past = custom("2026-10-01T00:00:00Z", "2026-11-21T00:00:00Z").unwrap();
        assert_eq!(today_of(&past, &zone, now), Err(NoForecast::NotOfNow));
        let ahead = custom("2026-11-10T23:00:00Z", "2026-11-30T23:00:00Z").unwrap();
        assert_eq!(today_of(&ahead, &zone, now), Ok(Some(10)));
        // Of a day that begins now there is nothing yet.
        let midnight = at("2026-11-20T23:00:00Z");
        assert_eq!(today_of(&named(Range::Days30, midnight), &zone, midnight), Ok(None));
    }

    #[tokio::test]
    async fn each_day_has_a_forecast_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let settings = StoreSettings::Folder(folder.path().to_owned());
        let clock = Arc::new(ManualClock::at(at("2026-11-21T13:00:00Z")));
        let ledger = Ledger::open(KINDS, settings, clock, Seeded::new(1)).await.unwrap();
        let run = |day: i64| {
            let mut draft = Draft::new(&CAMPAIGN_RUN);
            let now = at("2026-11-21T13:00:00Z");
            for (name, text) in
                [("campaignId", "c".to_owned()), ("runId", day.to_string()), ("phase", "1".to_owned())]
            {
                draft.give(name, Given::Text(text.into()));
            }
            for name in ["agentsTotal", "agentsSuccessful"] {
                draft.give(name, Given::Whole(1));
            }
            draft.give("costUSD", Given::Number("1".into()));
            draft.give("createdAt", Given::Time(now.plus(-day * DAY)));
            draft.accept(now).unwrap()
        };
        ledger.store(TenantId::FIRST, (0..20).map(run).collect()).await.unwrap();
        let forecasts = Forecasts::new(ledger, None);
        let scope =
            SeriesScope { tenant: TenantId::FIRST, filter: RunFilter::default(), zone: "UTC".to_owned() };
        let zone = Zone::utc();
        for (now, days) in
            [("2026-11-21T13:00:00Z", 19), ("2026-11-21T23:59:59Z", 19), ("2026-11-22T00:00:00Z", 20)]
        {
            let known = forecasts.begin(&scope, &zone, at(now)).so_far();
            assert_eq!(known.is_some(), now.contains("T23"), "what is known of {now} without waiting");
            let series = forecasts.series(scope.clone(), &zone, at(now), OF_PAGES).await.unwrap().unwrap();
            assert_eq!(series.costs, vec![100_000; days], "{now}");
        }
    }

    #[test]
    fn series_end_with_yesterday() {
        let zone = Zone::of_name("Europe/Berlin").unwrap();
        let window = series_window(&zone, at("2026-11-20T23:00:00Z")).unwrap();
        assert_eq!(window.buckets.len(), 180);
        assert!(window.buckets.iter().all(|bucket| !bucket.partial) && window.previous_buckets.is_empty());
        assert_eq!(window.span.from, at("2026-05-24T22:00:00Z"));
    }
}
