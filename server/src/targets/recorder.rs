//! A recorder of `metrics` that hands everything on to another one, and to the targets what they are measured by.

use std::sync::Arc;

use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

use super::{
    meters::{TargetMeters, TargetSet},
    table::TARGETS,
};

pub struct MeteringRecorder<R> {
    inner: R,
    meters: Arc<TargetMeters>,
}

impl<R> MeteringRecorder<R> {
    #[must_use]
    pub const fn new(inner: R, meters: Arc<TargetMeters>) -> Self {
        Self { inner, meters }
    }
}

impl<R: Recorder> Recorder for MeteringRecorder<R> {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.inner.describe_counter(key, unit, description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.inner.describe_gauge(key, unit, description);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.inner.describe_histogram(key, unit, description);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        let inner = self.inner.register_counter(key, metadata);
        let mut targets = TARGETS.iter().enumerate();
        match targets.find_map(|(number, target)| Some((number, target.counts_for(key.name())?))) {
            Some((number, is_good)) => {
                let meters = Arc::clone(&self.meters);
                Counter::from_arc(Arc::new(MeteredCounter { inner, meters, number, is_good }))
            }
            None => inner,
        }
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        self.inner.register_gauge(key, metadata)
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        let inner = self.inner.register_histogram(key, metadata);
        let targets = TargetSet::of(|target| target.takes_time(key));
        if targets.is_empty() {
            return inner;
        }
        Histogram::from_arc(Arc::new(MeteredHistogram { inner, meters: Arc::clone(&self.meters), targets }))
    }
}

struct MeteredCounter {
    inner: Counter,
    meters: Arc<TargetMeters>,
    /// The target's, and whether it is counted for its share.
    number: usize,
    is_good: bool,
}

impl CounterFn for MeteredCounter {
    fn increment(&self, value: u64) {
        self.inner.increment(value);
        self.meters.happened(self.number, self.is_good, value);
    }

    fn absolute(&self, value: u64) {
        self.inner.absolute(value);
    }
}

struct MeteredHistogram {
    inner: Histogram,
    meters: Arc<TargetMeters>,
    targets: TargetSet,
}

impl HistogramFn for MeteredHistogram {
    fn record(&self, value: f64) {
        self.inner.record(value);
        self.meters.took(self.targets, value);
    }
}

#[cfg(test)]
mod tests {
    use metrics::{counter, histogram, with_local_recorder};
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn figures_reach_both_sides() {
        let inner = PrometheusBuilder::new().build_recorder();
        let (handle, meters) = (inner.handle(), Arc::new(TargetMeters::start()));
        with_local_recorder(&MeteringRecorder::new(inner, Arc::clone(&meters)), || {
            histogram!("studio_http_request_seconds", "route" => "/api/panel").record(0.001);
            histogram!("studio_http_request_seconds", "route" => "/").record(0.001);
            counter!("dataverse_token_hits_total").increment(2);
            counter!("dataverse_token_misses_total").increment(1);
            counter!("studio_relay_pauses_total").increment(1);
        });
        let samples: Vec<_> = meters.readings().iter().map(|reading| reading.samples).collect();
        assert_eq!(samples, [1, 0, 0, 0, 0, 3, 0, 0, 1]);
        let told = handle.render();
        for line in [
            r#"studio_http_request_seconds_count{route="/"} 1"#,
            "dataverse_token_hits_total 2",
            "studio_relay_pauses_total 1",
        ] {
            assert!(told.lines().any(|said| said == line), "{line} is not in {told}");
        }
    }
}
