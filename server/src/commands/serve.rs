//! `studio serve`: everything started in order, and ended in the other.

use std::{io::Write as _, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context as _, anyhow};
use futures::{FutureExt as _, future::BoxFuture};
use ledger::Ledger;
use metrics::SetRecorderError;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use model::{clock::Clock, record::KINDS, rng::Seeded, tenant::TenantId};
use tokio::{net::TcpListener, task::JoinHandle, time};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Failure, stop};
use crate::{
    app_state::{AppState, SharedState},
    clock, data_folder,
    delivery_service::{
        self, CredentialWatch, DataverseEndpoint, DeliveryService, DeliveryWorker, belonging,
    },
    demo::{self, DemoError, DemoWriter},
    http::listen::{self, Timeouts},
    limits, logging, random, routes,
    settings::{Mistake, Mistakes, Mode, Settings, Sources},
    targets::{MeteringRecorder, TargetMeters},
    upkeep,
    version::VERSION,
};

/// Everything has ended by then, or is cut off.
const FAREWELL: Duration = Duration::from_secs(9);

pub async fn run(sources: Sources) -> Result<(), Failure> {
    let settings = Settings::read(&sources)?;
    logging::start(&settings.logging);
    // Settings that only the ledger shows to be a mistake are one all the same.
    let failure = |error: anyhow::Error| error.downcast().map_or_else(Failure::Other, Failure::Settings);
    serve(settings, sources).await.map_err(failure)
}

async fn serve(settings: Settings, sources: Sources) -> anyhow::Result<()> {
    let wish = stop::shutdown_signal().context("no signals can be received")?;
    let targets = Arc::new(TargetMeters::start());
    let metrics = count_figures(Arc::clone(&targets)).context("figures cannot be counted")?;
    // Pages need an executor for their tasks, and nothing else sets one.
    any_spawner::Executor::init_tokio().context("pages cannot be rendered")?;

    let listener = TcpListener::bind(settings.listen).await.with_context(|| {
        format!(
            "nothing can listen on {}; stop what is there, or set STUDIO_ADDR to another port (0 takes a free one)",
            settings.listen
        )
    })?;
    let listening = listener.local_addr().context("the address that is listened on is not known")?;
    if settings.database.is_none() {
        data_folder::prepare(&settings.data)?;
    }
    let clock = clock::clock(settings.frozen);
    let ledger =
        Ledger::open(KINDS, settings.ledger(), Arc::clone(&clock), Seeded::new(random::seed())).await?;
    refuse_strangers(&settings, listening, &ledger).await?;
    let ledger = if matches!(settings.way, Mode::Resting) { ledger.fetched_by_others() } else { ledger };
    let target = belonging::open(&settings, &ledger).await?;
    log_start(&settings, &target, listening);
    // The relay paces itself, and wants to hear at once that it is too fast.
    let client = target.client(Duration::ZERO, Some(settings.lease))?;
    let folder = settings.database.is_none().then(|| settings.data.clone());
    let delivery_service =
        Arc::new(DeliveryService::to(&target, settings.mirror_every, folder, Arc::clone(&clock)));
    let pace = delivery_service::pace(&settings, &target);
    let writer = tell_story(&settings, &ledger, &clock).await?;
    let state = AppState::new(
        settings,
        listening,
        Arc::clone(&clock),
        ledger.clone(),
        Arc::clone(&delivery_service),
        metrics,
        targets,
    )
    .await?;

    if state.files.is_empty() {
        tracing::warn!(
            "this server was built without its browser files, so pages come without their look and load themselves again and again; `cargo xtask run` builds both"
        );
    }
    let (stop, workers) = (CancellationToken::new(), TaskTracker::new());
    if let (DataverseEndpoint::Real(organisation), Some(client)) = (&target, &client) {
        let (delivery_service, organisation) = (Arc::clone(&delivery_service), organisation.clone());
        let credential_watch =
            CredentialWatch { delivery_service, client: client.clone(), organisation, sources };
        workers.spawn(credential_watch.run(stop.clone()));
    }
    look_after(&workers, &state, &stop);
    let delivery_service = Arc::clone(&state.delivery_service);
    let road = DeliveryWorker {
        delivery_service,
        target,
        client,
        ledger: ledger.clone(),
        clock,
        seed: random::seed(),
        settings: pace,
    };
    workers.spawn(road.run(stop.clone()));
    if let Some(writer) = writer {
        let (delivery_service, stop) = (Arc::clone(&state.delivery_service), stop.clone());
        workers.spawn(async move {
            delivery_service.keep("the writer of the demo data", &stop, || writer.live(stop.clone())).await;
        });
    }
    let patience = Timeouts::with(limits::connections());
    let serving = workers.spawn(listen::serve(listener, routes::router(&state), patience, stop.clone()));
    workers.close();
    say_ready(listening);

    let served = until(wish, serving).await;
    tracing::info!("ending: open requests are finished, then the ledger is closed");
    stop.cancel();
    let ended = time::timeout(FAREWELL, async {
        workers.wait().await;
        ledger.close().await;
    });
    if ended.await.is_err() {
        tracing::warn!("not everything ended in time; what was acknowledged is on disk all the same");
    }
    served
}

/// Where others reach the server, people sign in.
async fn refuse_strangers(settings: &Settings, listening: SocketAddr, ledger: &Ledger) -> anyhow::Result<()> {
    let is_known =
        listening.ip().is_loopback() || settings.sign_in.is_set() || ledger.key_table().await?.is_peopled;
    if is_known {
        return Ok(());
    }
    let sentence = format!(
        "is {listening}, which others can reach, and nobody needs to sign in; add a person (studio user add --name NAME \
         --role admin), set STUDIO_OIDC_ISSUER, or set it to 127.0.0.1:{}",
        listening.port()
    );
    Err(Mistakes(vec![Mistake::new("STUDIO_ADDR", sentence)]).into())
}

/// What is done while no request waits for it, each by a worker of its own.
fn look_after(workers: &TaskTracker, state: &SharedState, stop: &CancellationToken) {
    let kept = |worker: &'static str, work: fn(SharedState, CancellationToken) -> BoxFuture<'static, ()>| {
        let (state, stop) = (Arc::clone(state), stop.clone());
        workers.spawn(async move {
            let work = || work(Arc::clone(&state), stop.clone());
            state.delivery_service.keep(worker, &stop, work).await;
        });
    };
    kept("the upkeep", |state, stop| upkeep::run(state.ledger.clone(), stop).boxed());
    kept("the making of rollups", |state, stop| upkeep::make_rollups(state.ledger.clone(), stop).boxed());
    kept("the daily recount", |state, stop| {
        async move { state.recounts.run(TenantId::FIRST, stop).await }.boxed()
    });
    kept("the notes of keys' uses", |state, stop| Arc::clone(&state.keys).note_uses(stop).boxed());
    kept("the sweep of old views", |state, stop| Arc::clone(&state.snapshots).sweep(stop).boxed());
}

/// From here on all figures go to Prometheus, and to the targets what they are measured by.
fn count_figures(
    targets: Arc<TargetMeters>,
) -> Result<PrometheusHandle, SetRecorderError<MeteringRecorder<PrometheusRecorder>>> {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(MeteringRecorder::new(recorder, targets))?;
    routes::gauges::describe();
    Ok(handle)
}

/// The version, and where records come from and go to, as the first line of the log.
fn log_start(settings: &Settings, target: &DataverseEndpoint, listening: SocketAddr) {
    tracing::info!(
        server.version = VERSION,
        server.mode = settings.way.name(),
        server.address = %listening,
        ledger.place = settings.ledger_place(),
        organisation.place = target.place(),
        server.public_url = settings.public_url.as_ref().map(|url| format!("{}://{}", url.scheme, url.authority)),
        "starting"
    );
}

/// Waits for the wish to end. A process that takes no connections any more must not look alive to those who would start
/// it anew.
async fn until(wish: impl Future<Output = ()>, serving: JoinHandle<()>) -> anyhow::Result<()> {
    let ended = tokio::select! {
        () = wish => return Ok(()),
        ended = serving => ended,
    };
    let how = ended.map_or_else(|error| error.to_string(), |()| "the listening ended unasked".to_owned());
    Err(anyhow!("no connections are taken any more ({how}); start the server again, and report this"))
}

/// What the demo data tell has happened before anybody looks; the writer goes on with it.
async fn tell_story(
    settings: &Settings,
    ledger: &Ledger,
    clock: &Arc<dyn Clock>,
) -> Result<Option<DemoWriter>, DemoError> {
    let Some(demo) = settings.demo else { return Ok(None) };
    if !demo::is_told(&settings.data) && !belonging::is_empty(ledger).await? {
        tracing::warn!(
            "how far the demo's story was told is not in this folder, as after a restore; it stands still"
        );
        return Ok(None);
    }
    let started = time::Instant::now();
    let mut writer = DemoWriter::open(demo, settings.data.clone(), ledger.clone(), Arc::clone(clock))?;
    let runs = writer.catch_up().await?;
    let seconds = started.elapsed().as_secs_f64();
    tracing::info!(runs, seconds, "the demo data are told up to now");
    // With a clock that stands still nothing happens any more.
    Ok(settings.frozen.is_none().then_some(writer))
}

/// The one line on standard output. The process that started the server may have gone, which is no reason to stop.
fn say_ready(address: SocketAddr) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "Studio Metrics is ready: http://{address}").and_then(|()| out.flush()).is_err() {
        tracing::debug!("nobody reads standard output");
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn unserved_listeners_end_with_an_error() {
        let broken = tokio::spawn(async { panic!("asked for by a test") });
        let said = until(pending(), broken).await.unwrap_err().to_string();
        assert!(said.contains("start the server again") && said.contains("panic"), "{said}");
        assert!(until(pending(), tokio::spawn(ready(()))).await.is_err());
        assert!(until(ready(()), tokio::spawn(pending())).await.is_ok());
    }
}
