//! The service protection limits: requests, execution time and concurrency of a user, over a sliding window
//! \[D:api-limits.md\].

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::fault::Fault;

/// How much one user may ask for. The defaults are the cloud's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Limits {
    /// Requests in a window.
    pub requests: u32,
    /// Execution time of all requests in a window. In milliseconds where it is sent to the admin routes.
    #[serde(with = "milliseconds")]
    pub execution: Duration,
    /// Requests at the same time.
    pub concurrency: u32,
    /// In milliseconds as well.
    #[serde(with = "milliseconds")]
    pub window: Duration,
}

mod milliseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests: 6000,
            execution: Duration::from_secs(1200),
            concurrency: 52,
            window: Duration::from_secs(300),
        }
    }
}

/// Keeps count, of each user apart: several application users have budgets of their own \[D:api-limits.md\].
pub(crate) struct Limiter {
    state: Mutex<LimitState>,
}

#[derive(Default)]
struct LimitState {
    limits: Limits,
    users: HashMap<Uuid, Used>,
    /// Requests and rows since the start: what the daily entitlement is counted in.
    total_requests: u64,
    total_rows: u64,
}

/// What one user has used of the window.
#[derive(Default)]
struct Used {
    running: u32,
    /// When each request of the window came.
    requests: VecDeque<i64>,
    /// When each request of the window ended, and what it took.
    execution: VecDeque<(i64, i64)>,
    execution_ms: i64,
}

/// What a user has left in this window, for the headers that clients may read for debugging.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) requests: usize,
    execution_ms: i64,
}

impl Left {
    /// Execution time left, in seconds with their fraction: `1,199.97` in the cloud's documentation.
    pub(crate) fn seconds(self) -> String {
        let (seconds, hundredths) = (self.execution_ms / 1000, self.execution_ms % 1000 / 10);
        match seconds {
            ..1000 => format!("{seconds}.{hundredths:02}"),
            _ => format!("{},{:03}.{hundredths:02}", seconds / 1000, seconds % 1000),
        }
    }
}

/// A place that a request holds while it runs.
pub(crate) struct Admitted<'a> {
    limiter: &'a Limiter,
    user: Uuid,
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        self.limiter.state().users.entry(self.user).or_default().running -= 1;
    }
}

impl Limiter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { state: Mutex::new(LimitState { limits, ..LimitState::default() }) }
    }

    /// Lets a request in, or says which limit it broke and when to come back.
    pub(crate) fn admit(&self, user: Uuid, now_ms: i64) -> Result<Admitted<'_>, Fault> {
        let mut state = self.state();
        let limits = state.limits;
        let used = state.users.entry(user).or_default();
        used.forget_before(now_ms.saturating_sub(ms(limits.window)));
        used.within(&limits, now_ms)?;
        used.requests.push_back(now_ms);
        used.running += 1;
        state.total_requests += 1;
        Ok(Admitted { limiter: self, user })
    }

    /// Adds the time that a request has run, `took_ms`.
    pub(crate) fn ran(&self, user: Uuid, now_ms: i64, took_ms: i64) {
        if took_ms > 0 {
            let mut state = self.state();
            let used = state.users.entry(user).or_default();
            used.execution.push_back((now_ms, took_ms));
            used.execution_ms += took_ms;
        }
    }

    /// Adds `rows` that were read or written: the entitlement counts each, also in a batch or bulk request \[PP\].
    pub(crate) fn meter(&self, rows: usize) {
        self.state().total_rows += rows as u64;
    }

    /// Requests and rows since the start.
    pub(crate) fn totals(&self) -> (u64, u64) {
        let state = self.state();
        (state.total_requests, state.total_rows)
    }

    pub(crate) fn left(&self, user: Uuid) -> Left {
        let state = self.state();
        let (requests, execution_ms) =
            state.users.get(&user).map_or((0, 0), |used| (used.requests.len(), used.execution_ms));
        Left {
            requests: (state.limits.requests as usize).saturating_sub(requests),
            execution_ms: ms(state.limits.execution).saturating_sub(execution_ms).max(0),
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        self.state().limits
    }

    /// From now on these, for what has been used already as well.
    pub(crate) fn limit(&self, limits: Limits) {
        self.state().limits = limits;
    }

    /// Who has asked for anything in this window, or is still waiting for an answer.
    pub(crate) fn users(&self) -> Vec<Uuid> {
        self.state().users.keys().copied().collect()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, LimitState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Used {
    fn within(&self, limits: &Limits, now_ms: i64) -> Result<(), Fault> {
        if self.running >= limits.concurrency {
            let message =
                format!("Number of concurrent requests exceeded the limit of {}.", limits.concurrency);
            return Err(throttled("0x80072326", message, 1));
        }
        let seconds = limits.window.as_secs();
        if self.requests.len() >= limits.requests as usize {
            let wait = self.requests.front().map_or(0, |first| first + ms(limits.window) - now_ms);
            let message = format!(
                "Number of requests exceeded the limit of {} over time window of {seconds} seconds.",
                limits.requests
            );
            return Err(throttled("0x80072322", message, wait));
        }
        if self.execution_ms >= ms(limits.execution) {
            let wait = self.execution.front().map_or(0, |(first, _)| first + ms(limits.window) - now_ms);
            let message = format!(
                "Combined execution time of incoming requests exceeded limit of {} milliseconds over time window of \
                 {seconds} seconds. Decrease number of concurrent requests or reduce the duration of requests and try \
                 again later.",
                ms(limits.execution)
            );
            return Err(throttled("0x80072321", message, wait));
        }
        Ok(())
    }

    fn forget_before(&mut self, start: i64) {
        while self.requests.front().is_some_and(|at| *at <= start) {
            self.requests.pop_front();
        }
        while let Some((_, took)) = self.execution.front().copied().filter(|(at, _)| *at <= start) {
            self.execution.pop_front();
            self.execution_ms -= took;
        }
    }
}

fn throttled(code: &str, message: String, wait_ms: i64) -> Fault {
    let mut fault = Fault::new(StatusCode::TOO_MANY_REQUESTS, code, message);
    let seconds = wait_ms.max(1).unsigned_abs().div_ceil(1000);
    fault.retry_after = Some(seconds);
    fault
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(requests: u32, execution_ms: u64, concurrency: u32) -> Limiter {
        let execution = Duration::from_millis(execution_ms);
        Limiter::new(Limits { requests, execution, concurrency, window: Duration::from_secs(10) })
    }

    #[test]
    fn requests_are_counted_over_a_sliding_window() {
        let limiter = limiter(2, 1_000_000, 9);
        drop(limiter.admit(Uuid::nil(), 0).unwrap());
        drop(limiter.admit(Uuid::nil(), 4000).unwrap());
        let fault = limiter.admit(Uuid::nil(), 4500).map(drop).unwrap_err();
        assert_eq!((fault.code.as_str(), fault.retry_after), ("0x80072322", Some(6)));
        drop(limiter.admit(Uuid::nil(), 10_000).unwrap());
        assert!(limiter.admit(Uuid::nil(), 10_001).is_err());
        assert!(limiter.admit(Uuid::nil(), 14_000).is_ok());
        // Another user has a budget of its own.
        let other = Uuid::from_u128(1);
        assert!(limiter.admit(other, 14_000).is_ok());
        assert_eq!((limiter.left(Uuid::nil()).requests, limiter.left(other).requests), (0, 1));
    }

    #[test]
    fn execution_time_and_concurrency_are_limited() {
        let limiter = limiter(99, 1000, 2);
        let first = limiter.admit(Uuid::nil(), 0).unwrap();
        let second = limiter.admit(Uuid::nil(), 0).unwrap();
        assert_eq!(limiter.admit(Uuid::nil(), 0).map(drop).unwrap_err().code, "0x80072326");
        drop((first, second));
        limiter.ran(Uuid::nil(), 100, 1000);
        let fault = limiter.admit(Uuid::nil(), 200).map(drop).unwrap_err();
        assert_eq!((fault.code.as_str(), fault.retry_after), ("0x80072321", Some(10)));
        assert!(limiter.admit(Uuid::nil(), 10_100).is_ok());
    }

    #[test]
    fn remaining_time_is_printed_alike() {
        let check = |execution_ms, expect: &str| {
            assert_eq!(Left { requests: 0, execution_ms }.seconds(), expect);
        };
        check(1_199_970, "1,199.97");
        check(1_200_000, "1,200.00");
        check(999_000, "999.00");
        check(54, "0.05");
        check(0, "0.00");
    }
}
