//! What the panel shows, computed once for everybody who looks at the same view.

mod forecasts;
mod single_flight;
mod source;

use std::{net::IpAddr, sync::Arc, time::Duration};

use app::{
    address::{DateRange, ViewQuery},
    fault::RequestError,
    panel::{CampaignChoice, Panel},
    presenter,
    studio::{Facts, Studio},
};
use async_trait::async_trait;
use ledger::{Ledger, LedgerError};
use model::{
    breakdown::Dimension,
    calendar::{Compare, Zone},
    clock::Clock,
    delivery::DeliveryView,
    forecast::{Forecast, NoForecast},
    history::History,
    range::Range,
    tenant::TenantId,
    time::Timestamp,
};
use tokio::{sync::watch, time};
use tokio_util::sync::CancellationToken;

use crate::{
    access::Principal,
    delivery_service::{self, DeliveryService},
    pages::Visitor,
    settings::Settings,
};

use forecasts::Forecasts;
use single_flight::{Brought, CacheBounds, Flights, Late, LedgerVersion, Served};
use source::FactSource;
pub use {forecasts::SeriesScope, source::ViewData};

/// How much is kept, of what views are made of, of panels and of campaigns to choose from. One view takes some 50 kB.
const GATHERED_BYTES: usize = 16 * 1024 * 1024;
const PANELS_BYTES: usize = 24 * 1024 * 1024;
const CHOICES_BYTES: usize = 4 * 1024 * 1024;
/// How often is looked whether anything kept is not asked for any more.
const SWEEP: Duration = Duration::from_secs(15);

/// Which runs, over which time, on whose calendar.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct ViewScope {
    tenant: TenantId,
    range: Range,
    /// Instead of the range, where the calendar has them.
    days: Option<DateRange>,
    compare: Compare,
    by: Dimension,
    campaign: Option<String>,
    /// Whether the campaign may be meant by its name.
    named: bool,
    zone: String,
}

/// The shared views.
pub struct Snapshots {
    zone: Zone,
    address: Arc<str>,
    ledger: Ledger,
    source: Arc<FactSource>,
    forecasts: Forecasts,
    changes: watch::Receiver<u64>,
    gathered: Flights<ViewScope, ViewData, LedgerError>,
    panels: Flights<ViewKey, Composed, LedgerError>,
    choices: Flights<TenantId, Vec<CampaignChoice>, LedgerError>,
}

/// Whose panel, as which link asks for it; and in which zone and with what compared, which a link may leave out.
type ViewKey = (TenantId, ViewQuery, String, Compare);
/// A panel, and what it was composed of.
type Composed = (SnapshotVersion, Arc<Panel>);
/// The number of the facts, whether they are late, and where delivery stands.
type SnapshotVersion = (u64, bool, DeliveryView);

/// The facts of a view, and what is known now of what keeps them from being newer.
pub struct KnownFacts {
    pub gathered: Arc<ViewData>,
    /// As it was at the last look, with the ledger's present health laid over it.
    pub delivery: DeliveryView,
    /// Whether they are older than they should be.
    pub late: bool,
}

impl Snapshots {
    #[must_use]
    pub fn new(
        settings: &Settings,
        address: &str,
        clock: Arc<dyn Clock>,
        ledger: Ledger,
        delivery_service: Arc<DeliveryService>,
    ) -> Self {
        let broken = || LedgerError::Fault("a view could not be computed".to_owned());
        let forecasts = Forecasts::new(ledger.clone(), settings.cost_budget_e5);
        Self {
            zone: settings.zone.clone(),
            address: address.into(),
            changes: ledger.changes(),
            forecasts: forecasts.clone(),
            ledger: ledger.clone(),
            source: Arc::new(FactSource::new(clock, ledger, delivery_service, forecasts)),
            gathered: Flights::new(CacheBounds { bytes: GATHERED_BYTES, weigh: ViewData::bytes, broken }),
            panels: Flights::new(CacheBounds {
                bytes: PANELS_BYTES,
                weigh: |(_, panel)| panel.bytes(),
                broken,
            }),
            choices: Flights::new(CacheBounds {
                bytes: CHOICES_BYTES,
                weigh: |choices| choices.iter().map(CampaignChoice::bytes).sum(),
                broken,
            }),
        }
    }

    /// The panel for a view; `visitor` has chosen what the link leaves out.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn panel(
        &self,
        principal: &Principal,
        ask: &ViewQuery,
        visitor: &Visitor,
    ) -> Result<Arc<Panel>, LedgerError> {
        let linked = ask.zone.as_deref().and_then(Zone::of_name);
        // A zone that does not exist counts as none, and one that does is written in one way.
        let ask = ViewQuery { zone: linked.as_ref().map(|zone| zone.name().to_owned()), ..ask.clone() };
        let zone = linked.or_else(|| visitor.zone.clone()).unwrap_or_else(|| self.zone.clone());
        let compare = ask.compare.or(visitor.compare).unwrap_or_default();
        let scope = ViewScope {
            tenant: principal.tenant,
            range: ask.range,
            days: ask.days.clone(),
            compare,
            by: ask.by,
            campaign: ask.campaign.clone(),
            named: true,
            zone: zone.name().to_owned(),
        };
        let known = Arc::new(self.of_scope(scope, zone.clone(), principal.from).await?);
        let key = (principal.tenant, ask, zone.name().to_owned(), compare);
        let made = (known.gathered.number, known.late, known.delivery.clone());
        let compute = |_| {
            let (address, ask) = (Arc::clone(&self.address), key.1.clone());
            let (made, known) = (made.clone(), Arc::clone(&known));
            async move {
                let keep = known.gathered.is_known();
                let panel = presenter::panel(&facts(&known, ask, &address));
                Ok(Brought { value: (made, Arc::new(panel)), moved: LedgerVersion(0), keep })
            }
        };
        // Made of the same facts, or of newer ones: others know more by now.
        let is_good = |of: &SnapshotVersion| of.0 > made.0 || *of == made;
        let served = self.panels.get(key.clone(), |kept| is_good(&kept.value.0), &compute).await?;
        if is_good(&served.value.0) {
            return Ok(Arc::clone(&served.value.1));
        }
        Ok(Arc::clone(&compute(true).await?.value.1))
    }

    /// The facts of a view, for those who write them otherwise than as a panel. The campaign is an id.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn gathered(
        &self,
        principal: &Principal,
        range: Range,
        campaign: Option<String>,
        zone: &Zone,
    ) -> Result<KnownFacts, LedgerError> {
        let (tenant, zone_name) = (principal.tenant, zone.name().to_owned());
        let scope = ViewScope {
            tenant,
            range,
            days: None,
            compare: Compare::default(),
            by: Dimension::default(),
            campaign,
            named: false,
            zone: zone_name,
        };
        self.of_scope(scope, zone.clone(), principal.from).await
    }

    /// What cost will come to after a history that ends now.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn forecast(
        &self,
        scope: SeriesScope,
        zone: &Zone,
        history: &History,
        now: Timestamp,
    ) -> Result<Result<Forecast, NoForecast>, LedgerError> {
        self.forecasts.of(scope, zone, history, now).await
    }

    /// The campaigns that a page offers for choice.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn choices(&self, principal: &Principal) -> Result<Arc<Vec<CampaignChoice>>, LedgerError> {
        let Principal { tenant, from, .. } = *principal;
        let compute = |again| {
            let (source, before) = (Arc::clone(&self.source), self.moved());
            async move {
                let _turn = source.turn(again, from).await?;
                let campaigns = source.campaigns(tenant).await?;
                Ok(Brought { value: presenter::choices(campaigns), moved: before, keep: true })
            }
        };
        let moved = self.moved();
        Ok(self.choices.get(tenant, |kept| kept.is_fresh(moved), compute).await?.value)
    }

    /// Lets go what was not asked for in a while, until it is time to stop.
    pub async fn sweep(self: Arc<Self>, stop: CancellationToken) {
        while time::timeout(SWEEP, stop.cancelled()).await.is_err() {
            self.gathered.sweep();
            self.panels.sweep();
            self.choices.sweep();
            self.forecasts.sweep();
        }
    }

    fn moved(&self) -> LedgerVersion {
        LedgerVersion(*self.changes.borrow())
    }

    async fn of_scope(
        &self,
        scope: ViewScope,
        zone: Zone,
        from: Option<IpAddr>,
    ) -> Result<KnownFacts, LedgerError> {
        let moved = self.moved();
        let compute = |again| {
            let (source, changes) = (Arc::clone(&self.source), self.changes.clone());
            let (scope, zone) = (scope.clone(), zone.clone());
            async move {
                let _turn = source.turn(again, from).await?;
                // Read ahead of the figures: a change while they are read makes them stale, not lost.
                let before = LedgerVersion(*changes.borrow());
                let gathered = source.gather(&scope, &zone).await?;
                Ok(Brought { moved: before, keep: gathered.is_known(), value: gathered })
            }
        };
        let served = self.gathered.get(scope.clone(), |kept| kept.is_fresh(moved), compute).await?;
        let Served { value: gathered, late } = served;
        let mut delivery = gathered.delivery.clone();
        let failed = match &late {
            Some(Late::Failed(error)) => Some(error),
            Some(Late::Slow) | None => None,
        };
        delivery_service::lay_over(&mut delivery, &self.ledger, failed);
        Ok(KnownFacts { gathered, delivery, late: late.is_some() })
    }
}

fn facts(known: &KnownFacts, ask: ViewQuery, address: &str) -> Facts {
    let gathered = &known.gathered;
    Facts {
        now: gathered.now,
        late: known.late,
        ask,
        history: gathered.history.clone(),
        breakdown: gathered.breakdown.clone(),
        newest: gathered.newest.clone(),
        campaign: gathered.campaign.clone(),
        matches: gathered.matches.clone(),
        delivery: known.delivery.clone(),
        any_runs: gathered.any_runs,
        forecast: gathered.forecast.clone(),
        budget: gathered.budget,
        notes: gathered.notes.clone(),
        address: address.to_owned(),
    }
}

/// One visitor's way to the shared views, as the server functions know it.
pub struct Visit {
    pub snapshots: Arc<Snapshots>,
    pub principal: Principal,
    pub visitor: Visitor,
    /// What was looked up already, and which question that answers.
    pub held: Option<(ViewQuery, Arc<Panel>)>,
}

#[async_trait]
impl Studio for Visit {
    async fn panel(&self, ask: ViewQuery) -> Result<Arc<Panel>, RequestError> {
        let held = self.held.as_ref().filter(|(of, _)| *of == ask).map(|(_, panel)| Arc::clone(panel));
        let panel = match held {
            Some(panel) => Ok(panel),
            None => self.snapshots.panel(&self.principal, &ask, &self.visitor).await,
        };
        let panel = panel.map_err(|error| RequestError::Unavailable(error.to_string()))?;
        Ok(panel.signed(&self.visitor.author))
    }
}
