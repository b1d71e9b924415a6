//! Figures recounted: out of the rollups, out of the records, and by Dataverse itself. One recount at a time, since each looks
//! at every record, and the last ones are kept for a moment.

mod report;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use app::pages::RecountVerdict;
use arc_swap::ArcSwapOption;
use ledger::{Ledger, LedgerError, RecountedFigures, RollupState};
use model::{
    calendar::{self, Compare, Span, Window, Zone},
    clock::Clock,
    history::RunFilter,
    range::Range,
    record::{Kind, campaign_run},
    tenant::TenantId,
};
use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;

pub use report::{RecountReport, RemoteFigures, apart, shown};

use crate::delivery_service::{DeliveryService, RecountRoad, tenants};

/// How long the same is answered again without being counted again.
const FRESH: Duration = Duration::from_secs(30);
/// How many are kept for that.
const KEPT: usize = 8;
/// How long Dataverse is waited for while a request waits.
const WHILE_ASKED: Duration = Duration::from_secs(6);
/// And while none does.
const UNHURRIED: Duration = Duration::from_mins(10);
/// When the first recount follows a start, and when each follows the one before.
const SOON: Duration = Duration::from_secs(30);
const DAILY: Duration = Duration::from_hours(24);
/// When it is tried again where it came to nothing, or rollups were being made.
const AGAIN: Duration = Duration::from_mins(1);
/// The stretch that is recounted without being asked for.
const SHOWN: Range = Range::Days90;

/// Recounts for all who ask.
pub struct Recounts {
    ledger: Ledger,
    delivery_service: Arc<DeliveryService>,
    clock: Arc<dyn Clock>,
    zone: Zone,
    /// Held while records are counted.
    counting: tokio::sync::Mutex<()>,
    /// Held while Dataverse is asked.
    asking: tokio::sync::Mutex<()>,
    kept: Mutex<Vec<KeptRecount>>,
    /// The last one that was made for people to see.
    shown: ArcSwapOption<RecountReport>,
    is_running: AtomicBool,
}

struct KeptRecount {
    ask: RecountAsk,
    report: Arc<RecountReport>,
    made: Instant,
}

/// The records counted, before Dataverse is asked.
struct BegunRecount {
    recounted: RecountedFigures,
    /// How many records are known not to be the same there.
    apart: i64,
}

/// What was asked: a stretch with a name ends with each moment.
#[derive(PartialEq)]
struct RecountAsk {
    tenant: TenantId,
    range: Option<Range>,
    span: Option<Span>,
    zone: String,
}

impl RecountAsk {
    fn of(tenant: TenantId, window: &Window) -> Self {
        let span = window.range.is_none().then_some(window.span);
        Self { tenant, range: window.range, span, zone: window.zone.clone() }
    }
}

impl Recounts {
    #[must_use]
    pub fn new(
        ledger: Ledger,
        delivery_service: Arc<DeliveryService>,
        clock: Arc<dyn Clock>,
        zone: Zone,
    ) -> Self {
        Self {
            ledger,
            delivery_service,
            clock,
            zone,
            counting: tokio::sync::Mutex::default(),
            asking: tokio::sync::Mutex::default(),
            kept: Mutex::default(),
            shown: ArcSwapOption::empty(),
            is_running: AtomicBool::new(false),
        }
    }

    /// For a request that waits.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn answer(&self, tenant: TenantId, window: Window) -> Result<Arc<RecountReport>, LedgerError> {
        let ask = RecountAsk::of(tenant, &window);
        let begun = {
            let _turn = self.counting.lock().await;
            if let Some(kept) = self.fresh(&ask) {
                return Ok(kept);
            }
            self.count(tenant, &window).await?
        };
        let remote = match self.asking.try_lock() {
            Ok(_turn) => self.remote(tenant, &begun.recounted, WHILE_ASKED).await,
            Err(_) => {
                Err("Dataverse is being asked for another recount just now; ask again in a moment".to_owned())
            }
        };
        let report = self.report(tenant, begun, remote).await?;
        self.keep(ask, &report);
        Ok(report)
    }

    /// The last one that was made for people to see, and whether another one is on its way.
    #[must_use]
    pub fn shown(&self) -> (Option<Arc<RecountReport>>, bool) {
        (self.shown.load_full(), self.is_running.load(Relaxed))
    }

    /// Makes one for people to see; none beside another one.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn show(&self, tenant: TenantId) -> Result<(), LedgerError> {
        if self.is_running.swap(true, Relaxed) {
            return Ok(());
        }
        let _running = RecountUnderWay(&self.is_running);
        let mut report = self.unhurried(tenant).await?;
        if report.verdict() == RecountVerdict::Different {
            // A record may have come between one source's answer and another's.
            report = self.unhurried(tenant).await?;
        }
        if report.verdict() == RecountVerdict::Different {
            tracing::error!(
                figures = report.differences().join("; "),
                "figures differ from a recount; /pipeline shows where"
            );
        }
        self.shown.store(Some(report));
        Ok(())
    }

    async fn unhurried(&self, tenant: TenantId) -> Result<Arc<RecountReport>, LedgerError> {
        let window = calendar::window(SHOWN, &self.zone, self.clock.now(), Compare::Previous);
        let begun = {
            let _turn = self.counting.lock().await;
            self.count(tenant, &window).await?
        };
        let remote = {
            let _turn = self.asking.lock().await;
            self.remote(tenant, &begun.recounted, UNHURRIED).await
        };
        self.report(tenant, begun, remote).await
    }

    /// Once soon after the start, then once a day; not while rollups are being made.
    pub async fn run(&self, tenant: TenantId, stop: CancellationToken) {
        let mut pause = SOON;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = time::sleep(pause) => {}
            }
            let shown = tokio::select! {
                () = stop.cancelled() => return,
                shown = self.show_once_made(tenant) => shown,
            };
            pause = if matches!(shown, Ok(true)) { DAILY } else { AGAIN };
            if let Err(error) = shown {
                tracing::warn!(%error, "figures could not be recounted; it is tried again");
            }
        }
    }

    /// Says whether rollups were there to be recounted.
    async fn show_once_made(&self, tenant: TenantId) -> Result<bool, LedgerError> {
        if !self.ledger.rollups().await?.iter().all(RollupState::is_settled) {
            return Ok(false);
        }
        self.show(tenant).await?;
        Ok(true)
    }

    /// What Dataverse lacks is counted before it is asked and after it, since it may come between.
    async fn count(&self, tenant: TenantId, window: &Window) -> Result<BegunRecount, LedgerError> {
        let recounted = self.ledger.recount(tenant, window).await?;
        let apart = report::apart(&self.ledger.delivery_counts(tenant).await?);
        Ok(BegunRecount { recounted, apart })
    }

    fn fresh(&self, ask: &RecountAsk) -> Option<Arc<RecountReport>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = kept.iter().find(|kept| kept.ask == *ask && kept.made.elapsed() < FRESH);
        fresh.map(|kept| Arc::clone(&kept.report))
    }

    fn keep(&self, ask: RecountAsk, report: &Arc<RecountReport>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|kept| kept.ask != ask);
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push(KeptRecount { ask, report: Arc::clone(report), made: Instant::now() });
    }

    async fn report(
        &self,
        tenant: TenantId,
        BegunRecount { recounted, apart }: BegunRecount,
        remote: Result<RemoteFigures, String>,
    ) -> Result<Arc<RecountReport>, LedgerError> {
        let apart = apart.max(report::apart(&self.ledger.delivery_counts(tenant).await?));
        Ok(Arc::new(RecountReport { at: self.clock.now(), recounted, remote, apart }))
    }

    /// What Dataverse says of the window's whole days; or why it says nothing.
    async fn remote(
        &self,
        tenant: TenantId,
        recounted: &RecountedFigures,
        within: Duration,
    ) -> Result<RemoteFigures, String> {
        let road = self.delivery_service.recount_road()?;
        remote(&road, tenant, recounted, within).await
    }
}

/// What Dataverse says of the window's whole days; or why it says nothing.
///
/// # Errors
/// In a sentence.
pub async fn remote(
    RecountRoad { client, mapping }: &RecountRoad,
    tenant: TenantId,
    recounted: &RecountedFigures,
    within: Duration,
) -> Result<RemoteFigures, String> {
    let days = recounted.recount.whole_days.ok_or("the range holds no whole day (UTC)")?;
    let table = recounted_kind().and_then(|kind| mapping.of(kind));
    let table = table.ok_or("campaign runs are not sent to Dataverse")?;
    let first = tenants().first().map_or(TenantId::FIRST, |tenant| tenant.id);
    let began = Instant::now();
    let asked = pipeline::recount(client, table, (tenant, first), days);
    let told = time::timeout(within, asked).await;
    let told = told.map_err(|_| {
        format!("Dataverse took longer than {} s; /pipeline recounts without that limit", within.as_secs())
    })?;
    let added = campaign_run::added(told.map_err(|error| error.to_string())?);
    Ok(RemoteFigures::of(&recounted.recount, &added, began.elapsed()))
}

/// Whose records the figures are of.
fn recounted_kind() -> Option<&'static Kind> {
    campaign_run::series(&RunFilter::default()).map(|(kind, _)| kind)
}

/// Until it is dropped, a recount is on its way.
struct RecountUnderWay<'a>(&'a AtomicBool);

impl Drop for RecountUnderWay<'_> {
    fn drop(&mut self) {
        self.0.store(false, Relaxed);
    }
}
