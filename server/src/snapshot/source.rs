//! Where views come from: the questions to the ledger that one view is made of.

use std::{
    mem::size_of,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ledger::{Ledger, LedgerError, ListAsk};
use model::{
    breakdown::{Breakdown, PartShapes},
    calendar::{self, Bucket, Span, Window, Zone},
    clock::Clock,
    delivery::DeliveryView,
    figures::Sums,
    forecast::{CostBudget, Forecast, ForecastDay, NoForecast},
    history::{History, RunFilter},
    note::{AUTHOR_CHARS, DayNote, NOTE_CHARS},
    record::{
        Stored,
        campaign_run::{CAMPAIGN, CAMPAIGN_RUN},
    },
    tenant::TenantId,
    time::Timestamp,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    ViewScope,
    forecasts::{self, ForecastBegun, Forecasts, SeriesScope},
};
use crate::{
    access::{Bounds, NoTurn, Turn, Turns},
    delivery_service::DeliveryService,
};

/// Newest runs on the panel.
const NEWEST: usize = 10;
/// Campaigns that are told when several are meant.
const MATCHES: usize = 10;
/// Campaigns that a page offers for choice.
const CHOICES: usize = 50;
/// Views that are new come one at a time, to each network in its turn. Who gets none in time is told to ask again.
const FIRST: Bounds = Bounds { places: 1, waiting: 16, patience: Duration::from_secs(2) };
/// What a record takes, about.
const RECORD_BYTES: usize = 1_500;

/// Everything that a view is made of, whichever tile it shows large. None of it grows with the number of runs.
#[derive(Debug)]
pub struct ViewData {
    /// Each has one of its own.
    pub number: u64,
    pub now: Timestamp,
    pub history: History,
    pub breakdown: Breakdown,
    pub newest: Vec<Stored>,
    /// The campaign that is meant: its id, and its name where it can be asked for by that.
    pub campaign: Option<NamedCampaign>,
    /// Those that may be meant, where it is not clear which.
    pub matches: Vec<NamedCampaign>,
    pub any_runs: bool,
    pub delivery: DeliveryView,
    /// What cost will come to; it may be computed still.
    pub forecast: Result<Forecast, NoForecast>,
    /// What a month may cost.
    pub budget: CostBudget,
    /// What people wrote at its days.
    pub notes: Vec<DayNote>,
    is_known: bool,
}

type NamedCampaign = (String, Option<String>);

impl ViewData {
    /// Whether there is what was asked for. Whatever else people write is nothing to keep.
    pub const fn is_known(&self) -> bool {
        self.is_known
    }

    pub fn bytes(&self) -> usize {
        let window = &self.history.window;
        let buckets = window.buckets.len() + window.previous_buckets.len();
        let bucket = size_of::<Bucket>() + 2 * size_of::<Sums>();
        let names = self.matches.iter().map(|(id, name)| id.len() + name.as_ref().map_or(0, String::len));
        let days = self.forecast.as_ref().map_or(0, |forecast| forecast.days.len());
        size_of::<Self>()
            + days * size_of::<ForecastDay>()
            + buckets * bucket
            + self.newest.len() * RECORD_BYTES
            + self.notes.len() * (size_of::<DayNote>() + NOTE_CHARS + AUTHOR_CHARS)
            + names.sum::<usize>()
            + self.breakdown.bytes()
            + RECORD_BYTES
    }
}

/// Days that the calendar does not have, or that are all to come, are no days: then the range counts.
fn window(scope: &ViewScope, zone: &Zone, now: Timestamp) -> Window {
    let days = scope.days.as_ref().and_then(|days| {
        let (from, last) = (zone.start_of_day(&days.first)?, zone.start_of_day(&days.last)?);
        let span = Span { from: from.max(Timestamp::EARLIEST), to: zone.next_day(last).min(now) };
        calendar::custom_window(zone, span, scope.compare)
    });
    days.unwrap_or_else(|| calendar::window(scope.range, zone, now, scope.compare))
}

pub(super) struct FactSource {
    clock: Arc<dyn Clock>,
    ledger: Ledger,
    delivery_service: Arc<DeliveryService>,
    forecasts: Forecasts,
    numbers: AtomicU64,
    /// One at a time of the views that are looked at already, and one of those that are new: neither waits for the
    /// other, nor for what single askers want to know.
    again: Arc<Semaphore>,
    first: Turns,
}

/// The right to make a view now, until it is dropped.
pub(super) enum MayLook {
    Again(#[expect(dead_code, reason = "it is held")] OwnedSemaphorePermit),
    First(#[expect(dead_code, reason = "it is held")] Turn),
}

impl FactSource {
    pub(super) fn new(
        clock: Arc<dyn Clock>,
        ledger: Ledger,
        delivery_service: Arc<DeliveryService>,
        forecasts: Forecasts,
    ) -> Self {
        let (again, first) = (Arc::new(Semaphore::new(1)), Turns::new(FIRST));
        Self { clock, ledger, delivery_service, forecasts, numbers: AtomicU64::new(0), again, first }
    }

    /// Waits for the turn of a view. One that is looked at already waits for as long as it takes: there is an older one to
    /// be shown meanwhile.
    pub(super) async fn turn(&self, again: bool, from: Option<IpAddr>) -> Result<MayLook, LedgerError> {
        if again {
            let turn = Arc::clone(&self.again).acquire_owned().await;
            return turn.map(MayLook::Again).map_err(|_| LedgerError::Closed);
        }
        self.first.take(from).await.map(MayLook::First).map_err(|why| {
            let sentence = match why {
                NoTurn::Crowd => {
                    "as many new views are waited for from this address as may be; ask for fewer at a time"
                }
                NoTurn::TooLong => "other new views are made first; ask again in a moment",
            };
            LedgerError::Unavailable(sentence.to_owned())
        })
    }

    /// The campaigns that were named last.
    pub(super) async fn campaigns(&self, tenant: TenantId) -> Result<Vec<NamedCampaign>, LedgerError> {
        self.ledger.names(tenant, &CAMPAIGN_RUN, CAMPAIGN, None, CHOICES).await
    }

    pub(super) async fn gather(&self, scope: &ViewScope, zone: &Zone) -> Result<ViewData, LedgerError> {
        let (tenant, now) = (scope.tenant, self.clock.now());
        let window = window(scope, zone, now);
        let (campaign, matches) = self.meant(scope).await?;
        let id = campaign.as_ref().map(|(id, _)| id.clone()).or_else(|| scope.campaign.clone());
        let filter = RunFilter { campaign: id.clone(), phase: None };
        let today = forecasts::today_of(&window, zone, now);
        let series = SeriesScope { tenant, filter: filter.clone(), zone: scope.zone.clone() };
        let begun = today.is_ok().then(|| self.forecasts.begin(&series, zone, now));
        let filters = id.iter().map(|id| (CAMPAIGN_RUN.pointers[CAMPAIGN].field, id.clone())).collect();
        let newest = self.newest(tenant, NEWEST, filters).await?;
        let any_runs =
            !newest.is_empty() || (id.is_some() && !self.newest(tenant, 1, Vec::new()).await?.is_empty());
        let is_known = id.is_none() || campaign.is_some() || !newest.is_empty();
        let (history, by) =
            self.ledger.history_by(tenant, &window, &filter, &[scope.by], PartShapes::Told).await?;
        let missing = || LedgerError::Fault("the ledger did not tell the parts of a stretch".to_owned());
        let delivery = self.delivery_service.delivery(&self.ledger, tenant).await?;
        let notes = self.notes(tenant, &window, zone).await?;
        let budget = self.forecasts.budget(tenant).await?;
        let series = begun.and_then(ForecastBegun::so_far);
        let of_all = budget.of(&filter);
        let forecast =
            today.and_then(|today| forecasts::outlook(series.as_deref(), of_all, &history, today, zone, now));
        Ok(ViewData {
            number: self.numbers.fetch_add(1, Ordering::Relaxed),
            now,
            history,
            breakdown: by.into_iter().next().ok_or_else(missing)?,
            newest,
            campaign,
            matches,
            any_runs,
            delivery,
            forecast,
            budget,
            notes,
            is_known,
        })
    }

    /// What people wrote at the days that a view touches.
    async fn notes(
        &self,
        tenant: TenantId,
        window: &Window,
        zone: &Zone,
    ) -> Result<Vec<DayNote>, LedgerError> {
        let [first, last] = [window.span.from, window.span.to.plus(-1)].map(|at| zone.format(at, "%Y-%m-%d"));
        self.ledger.notes(tenant, &first, &last).await
    }

    async fn newest(
        &self,
        tenant: TenantId,
        limit: usize,
        filters: Vec<(usize, String)>,
    ) -> Result<Vec<Stored>, LedgerError> {
        let ask = ListAsk { limit, filters, ..ListAsk::default() };
        Ok(self.ledger.list(tenant, &CAMPAIGN_RUN, &ask).await?.items)
    }

    /// The campaign of this id, or of this name; else those that may be meant.
    async fn meant(
        &self,
        scope: &ViewScope,
    ) -> Result<(Option<NamedCampaign>, Vec<NamedCampaign>), LedgerError> {
        // Programs mean it by its id, whatever it is called.
        let Some(text) = scope.campaign.as_ref().filter(|_| scope.named) else {
            return Ok((None, Vec::new()));
        };
        let (one, several) = self.found(scope.tenant, text).await?;
        let Some((id, Some(name))) = one else { return Ok((one, several)) };
        // Others may be called the same, and one may have this name for its id.
        let is_its_own =
            name == *text || self.found(scope.tenant, &name).await?.0.is_some_and(|(of, _)| of == id);
        Ok((Some((id, is_its_own.then_some(name))), several))
    }

    async fn found(
        &self,
        tenant: TenantId,
        text: &str,
    ) -> Result<(Option<NamedCampaign>, Vec<NamedCampaign>), LedgerError> {
        let found = self.ledger.names(tenant, &CAMPAIGN_RUN, CAMPAIGN, Some(text), MATCHES).await?;
        let called =
            |(_, name): &&NamedCampaign| name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(text));
        let one = match found.as_slice() {
            [one] => Some(one),
            [first, second, ..] if called(&first) && !called(&second) => Some(first),
            _ => None,
        };
        Ok(match one.cloned() {
            Some(one) => (Some(one), Vec::new()),
            None => (None, found),
        })
    }
}
