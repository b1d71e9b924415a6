//! What the panel shows, computed once for everybody who looks at the same view.

mod flight;

use std::sync::Arc;

use app::{
    address::Ask,
    compose,
    fault::Fault,
    panel::Panel,
    studio::{Facts, Studio},
};
use async_trait::async_trait;
use ledger::{Ledger, LedgerError, ListAsk};
use model::{
    calendar::{self, Compare, Zone},
    clock::Clock,
    delivery::Delivery,
    history::{Filter, History},
    range::Range,
    record::{Stored, campaign_run::CAMPAIGN_RUN},
    tenant::TenantId,
    time::Instant,
};
use tokio::sync::watch;

use crate::{carrier::Carrier, settings::Settings};

use flight::{Flights, Moved};

/// Newest runs on the panel.
const NEWEST: usize = 10;

/// Views that are kept at one time; those that nobody looked at for longest go first.
const SCOPES: usize = 256;
const PANELS: usize = 1_024;

/// Everything that a view is made of, whichever tile it shows large.
#[derive(Debug)]
pub struct Gathered {
    pub now: Instant,
    pub history: History,
    pub newest: Vec<Stored>,
    pub campaigns: Vec<(String, Option<String>)>,
    pub delivery: Delivery,
}

/// Which runs, over which time, on whose calendar.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Scope {
    tenant: TenantId,
    range: Range,
    campaign: Option<String>,
    zone: String,
}

/// The shared views.
pub struct Snapshots {
    zone: Zone,
    demo: bool,
    address: String,
    clock: Arc<dyn Clock>,
    ledger: Ledger,
    carrier: Arc<Carrier>,
    changes: watch::Receiver<u64>,
    gathered: Flights<Scope, Gathered>,
    panels: Flights<View, Composed>,
}

/// Whose panel, as which link asks for it, in which zone.
type View = (TenantId, Ask, String);
/// A panel, and the facts that it was composed of.
type Composed = (Arc<Gathered>, Arc<Panel>);

impl Snapshots {
    #[must_use]
    pub fn new(
        settings: &Settings,
        address: &str,
        clock: Arc<dyn Clock>,
        ledger: Ledger,
        carrier: Arc<Carrier>,
    ) -> Self {
        Self {
            zone: settings.zone.clone(),
            demo: settings.demo.is_some(),
            address: address.to_owned(),
            changes: ledger.changes(),
            clock,
            ledger,
            carrier,
            gathered: Flights::new(SCOPES),
            panels: Flights::new(PANELS),
        }
    }

    /// The panel for a view; `zone` is the visitor's own, where the link names none.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn panel(
        &self,
        tenant: TenantId,
        ask: &Ask,
        zone: Option<&Zone>,
    ) -> Result<Arc<Panel>, LedgerError> {
        let zone = self.zone_of(ask.zone.as_deref(), zone);
        let gathered = self.gathered(tenant, ask.range, ask.campaign.clone(), &zone).await?;
        let key = (tenant, ask.clone(), zone.name().to_owned());
        let same = |kept: &Composed| Arc::ptr_eq(&kept.0, &gathered);
        let kept = self
            .panels
            .get(key, |kept| same(&kept.value), async {
                let panel = Arc::new(compose::panel(&self.facts(ask, &gathered)));
                Ok::<_, LedgerError>((Moved(0), (Arc::clone(&gathered), panel)))
            })
            .await?;
        Ok(Arc::clone(&kept.1))
    }

    /// The facts of a view, for whoever writes them otherwise than as a panel.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn gathered(
        &self,
        tenant: TenantId,
        range: Range,
        campaign: Option<String>,
        zone: &Zone,
    ) -> Result<Arc<Gathered>, LedgerError> {
        let scope = Scope { tenant, range, campaign, zone: zone.name().to_owned() };
        let moved = || Moved(*self.changes.borrow());
        let filter = Filter { campaign: scope.campaign.clone(), phase: None };
        self.gathered
            .get(scope, |kept| kept.is_fresh(moved()), async {
                // Read ahead of the figures: a change while they are read makes them stale, not lost.
                let before = moved();
                let gathered = self.gather(tenant, range, filter, zone).await?;
                Ok((before, gathered))
            })
            .await
    }

    async fn gather(
        &self,
        tenant: TenantId,
        range: Range,
        filter: Filter,
        zone: &Zone,
    ) -> Result<Gathered, LedgerError> {
        let now = self.clock.now();
        let window = calendar::window(range, zone, now, Compare::Previous);
        let filters =
            filter.campaign.iter().map(|campaign| (CAMPAIGN_RUN.natural_key[0], campaign.clone())).collect();
        let newest = ListAsk { limit: NEWEST, filters, ..ListAsk::default() };
        Ok(Gathered {
            now,
            history: self.ledger.history(tenant, &window, &filter).await?,
            newest: self.ledger.list(tenant, &CAMPAIGN_RUN, &newest).await?.items,
            campaigns: self.ledger.names(tenant, &CAMPAIGN_RUN).await?,
            delivery: self.carrier.delivery(&self.ledger, tenant).await?,
        })
    }

    fn facts(&self, ask: &Ask, gathered: &Gathered) -> Facts {
        Facts {
            now: gathered.now,
            ask: ask.clone(),
            history: gathered.history.clone(),
            newest: gathered.newest.clone(),
            campaigns: gathered.campaigns.clone(),
            delivery: gathered.delivery.clone(),
            demo: self.demo,
            any_runs: !gathered.campaigns.is_empty(),
            address: self.address.clone(),
        }
    }

    /// The link's zone, else the visitor's, else the server's. A zone that does not exist counts as none.
    fn zone_of(&self, link: Option<&str>, visitor: Option<&Zone>) -> Zone {
        link.and_then(Zone::of_name).or_else(|| visitor.cloned()).unwrap_or_else(|| self.zone.clone())
    }
}

/// One visitor's way to the shared views, as the server functions know it.
pub struct Visit {
    pub snapshots: Arc<Snapshots>,
    pub tenant: TenantId,
    pub zone: Option<Zone>,
}

#[async_trait]
impl Studio for Visit {
    async fn panel(&self, ask: Ask) -> Result<Arc<Panel>, Fault> {
        let panel = self.snapshots.panel(self.tenant, &ask, self.zone.as_ref()).await;
        panel.map_err(|error| Fault::Unavailable(error.to_string()))
    }
}
