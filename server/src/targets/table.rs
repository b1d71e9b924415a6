//! Every target there is: its limit, its window, what exactly is measured. Limits are the product's promises, not settings.

use std::time::Duration;

use metrics::Key;

/// One promise.
#[derive(Debug)]
pub struct PerformanceTarget {
    /// Its name for programs: it stays.
    pub name: &'static str,
    /// Its name for people, with the statistic.
    pub label: &'static str,
    /// What exactly is measured.
    pub meaning: &'static str,
    pub limit: TargetLimit,
    /// How far back is looked.
    pub window: Duration,
    /// What one sample is called, and several.
    pub sample: (&'static str, &'static str),
    source: TargetSource,
}

/// What is held, or missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetLimit {
    /// A percentile of times, by nearest rank, stays below this.
    Time { percent: u64, below: Duration },
    /// A share stays above this, in hundredths of a percent. Of fewer than `least` nothing is said.
    Share { above_bp: u64, least: u64 },
}

/// The figures that it is measured by, as they are told to `metrics`.
#[derive(Debug)]
enum TargetSource {
    /// Seconds.
    Histogram(&'static str),
    /// The seconds of answers whose route begins so.
    Answers(&'static str),
    /// What is counted for the share, and what against it.
    Counters(&'static str, &'static str),
}

const HOUR: Duration = Duration::from_secs(3_600);
/// For what happens a few times an hour.
const DAY: Duration = Duration::from_secs(86_400);

/// What the middleware tells of each answer.
const ANSWERS: &str = "studio_http_request_seconds";

const fn p95(below_ms: u64) -> TargetLimit {
    TargetLimit::Time { percent: 95, below: Duration::from_millis(below_ms) }
}

pub const TARGETS: [PerformanceTarget; 9] = [
    PerformanceTarget {
        name: "api_response",
        label: "API response, P95",
        meaning: "from a request under /api until its answer is made, refusals included",
        limit: p95(2_500),
        window: HOUR,
        sample: ("answer", "answers"),
        source: TargetSource::Answers("/api/"),
    },
    PerformanceTarget {
        name: "token_acquisition",
        label: "Token acquisition, P95",
        meaning: "from asking the identity provider until there is a token, or time ran out",
        limit: p95(1_000),
        window: DAY,
        sample: ("token", "tokens"),
        source: TargetSource::Histogram("dataverse_token_seconds"),
    },
    PerformanceTarget {
        name: "dataverse_query",
        label: "Dataverse query, P95",
        meaning: "from asking Dataverse for rows until a page of them is here or time ran out, token and tries included",
        limit: p95(2_000),
        window: HOUR,
        sample: ("query", "queries"),
        source: TargetSource::Histogram("dataverse_query_seconds"),
    },
    PerformanceTarget {
        name: "panel_lcp",
        label: "Panel LCP, P75",
        meaning: "from opening the panel until its largest part is painted, as browsers tell it",
        // The percentile by which web vitals are judged everywhere.
        limit: TargetLimit::Time { percent: 75, below: Duration::from_millis(1_800) },
        window: DAY,
        sample: ("visit", "visits"),
        source: TargetSource::Histogram("studio_panel_lcp_seconds"),
    },
    PerformanceTarget {
        name: "sync_delay",
        label: "Sync delay, P95",
        meaning: "from storing a record, a correction or a withdrawal until Dataverse acknowledges it",
        limit: p95(300_000),
        window: HOUR,
        sample: ("record", "records"),
        source: TargetSource::Histogram("studio_sync_delay_seconds"),
    },
    PerformanceTarget {
        name: "token_cache",
        label: "Token cache hit rate",
        meaning: "calls of Dataverse that found a token at hand, of all; judged from 100 calls on",
        limit: TargetLimit::Share { above_bp: 9_500, least: 100 },
        window: DAY,
        sample: ("call", "calls"),
        source: TargetSource::Counters("dataverse_token_hits_total", "dataverse_token_misses_total"),
    },
    PerformanceTarget {
        name: "event_write",
        label: "Event write, P95",
        meaning: "from handing the records of a POST to the ledger until they are on disk",
        limit: p95(200),
        window: HOUR,
        sample: ("write", "writes"),
        source: TargetSource::Histogram("studio_intake_write_seconds"),
    },
    PerformanceTarget {
        name: "counter_read",
        label: "Counter read, P95",
        meaning: "from asking the ledger for the figures of a view, or for the balance, until they are there",
        limit: p95(150),
        window: HOUR,
        sample: ("read", "reads"),
        source: TargetSource::Histogram("studio_ledger_figures_seconds"),
    },
    PerformanceTarget {
        name: "refresh",
        label: "Refresh, P95",
        meaning: "what the panel's request for news, every 10 seconds, takes the server",
        limit: p95(400),
        window: HOUR,
        sample: ("refresh", "refreshes"),
        source: TargetSource::Answers("/api/panel"),
    },
];

impl PerformanceTarget {
    /// Whether it takes a time that is told under this key.
    pub(super) fn takes_time(&self, key: &Key) -> bool {
        match self.source {
            TargetSource::Histogram(name) => key.name() == name,
            TargetSource::Answers(route) => {
                let is_meant = |value: &str| value.starts_with(route) && value != app::pages::BEACON;
                key.name() == ANSWERS
                    && key.labels().any(|label| label.key() == "route" && is_meant(label.value()))
            }
            TargetSource::Counters(..) => false,
        }
    }

    /// Whether what is counted under this name counts for its share or against it; none where it does neither.
    pub(super) fn counts_for(&self, name: &str) -> Option<bool> {
        match self.source {
            TargetSource::Counters(good, _) if name == good => Some(true),
            TargetSource::Counters(_, bad) if name == bad => Some(false),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        let mut names = TARGETS.each_ref().map(|target| target.name);
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }

    #[test]
    fn answers_are_known_by_their_route() {
        let takes = |route: &'static str| {
            let key = Key::from_parts(ANSWERS, vec![metrics::Label::new("route", route)]);
            TARGETS
                .iter()
                .filter(|target| target.takes_time(&key))
                .map(|target| target.name)
                .collect::<Vec<_>>()
        };
        assert_eq!(takes("/api/panel"), ["api_response", "refresh"]);
        assert_eq!(takes("/api/metrics/campaign"), ["api_response"]);
        for route in ["/", "/pipeline", "/metrics", "/healthz", "none"] {
            assert_eq!(takes(route), [""; 0], "{route}");
        }
    }
}
