//! The service protection limits: requests, execution time and concurrency of a user, over a sliding window
//! \[D:api-limits.md\].

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;

use crate::fault::Fault;

/// How much one user may ask for. The defaults are the cloud's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests in a window.
    pub requests: u32,
    /// Execution time of all requests in a window.
    pub execution: Duration,
    /// Requests at the same time.
    pub concurrency: u32,
    pub window: Duration,
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

/// Keeps count. There is one user, so there is one count.
pub(crate) struct Limiter {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: u32,
    /// When each request of the window came.
    requests: VecDeque<i64>,
    /// When each request of the window ended, and what it took.
    execution: VecDeque<(i64, i64)>,
    execution_ms: i64,
    /// Requests and rows since the start: what the daily entitlement is counted in.
    total_requests: u64,
    total_rows: u64,
}

/// A place that a request holds while it runs.
pub(crate) struct Admitted<'a> {
    limiter: &'a Limiter,
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        self.limiter.state().running -= 1;
    }
}

impl Limiter {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, state: Mutex::default() }
    }

    /// Lets a request in, or says which limit it broke and when to come back.
    pub(crate) fn admit(&self, now_ms: i64) -> Result<Admitted<'_>, Fault> {
        let limits = &self.limits;
        let mut state = self.state();
        state.forget_before(now_ms - ms(limits.window));
        if state.running >= limits.concurrency {
            let message =
                format!("Number of concurrent requests exceeded the limit of {}.", limits.concurrency);
            return Err(throttled("0x80072326", message, 1));
        }
        let seconds = limits.window.as_secs();
        if state.requests.len() >= limits.requests as usize {
            let wait = state.requests.front().map_or(0, |first| first + ms(limits.window) - now_ms);
            let message = format!(
                "Number of requests exceeded the limit of {} over time window of {seconds} seconds.",
                limits.requests
            );
            return Err(throttled("0x80072322", message, wait));
        }
        if state.execution_ms >= ms(limits.execution) {
            let wait = state.execution.front().map_or(0, |(first, _)| first + ms(limits.window) - now_ms);
            let message = format!(
                "Combined execution time of incoming requests exceeded limit of {} milliseconds over time window of \
                 {seconds} seconds. Decrease number of concurrent requests or reduce the duration of requests and try \
                 again later.",
                ms(limits.execution)
            );
            return Err(throttled("0x80072321", message, wait));
        }
        state.requests.push_back(now_ms);
        state.total_requests += 1;
        state.running += 1;
        Ok(Admitted { limiter: self })
    }

    /// A request has run for so long.
    pub(crate) fn ran(&self, now_ms: i64, took_ms: i64) {
        if took_ms > 0 {
            let mut state = self.state();
            state.execution.push_back((now_ms, took_ms));
            state.execution_ms += took_ms;
        }
    }

    /// So many rows were read or written: the entitlement counts each, also in a batch or bulk request \[PP\].
    pub(crate) fn meter(&self, rows: usize) {
        self.state().total_rows += rows as u64;
    }

    /// Requests and rows since the start.
    pub(crate) fn totals(&self) -> (u64, u64) {
        let state = self.state();
        (state.total_requests, state.total_rows)
    }

    /// Requests left in this window, for the header that clients may read for debugging.
    pub(crate) fn left(&self) -> usize {
        (self.limits.requests as usize).saturating_sub(self.state().requests.len())
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
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
        drop(limiter.admit(0).unwrap());
        drop(limiter.admit(4000).unwrap());
        let fault = limiter.admit(4500).map(drop).unwrap_err();
        assert_eq!((fault.code.as_str(), fault.retry_after), ("0x80072322", Some(6)));
        drop(limiter.admit(10_000).unwrap());
        assert!(limiter.admit(10_001).is_err());
        assert!(limiter.admit(14_000).is_ok());
    }

    #[test]
    fn execution_time_and_concurrency_are_limited() {
        let limiter = limiter(99, 1000, 2);
        let first = limiter.admit(0).unwrap();
        let second = limiter.admit(0).unwrap();
        assert_eq!(limiter.admit(0).map(drop).unwrap_err().code, "0x80072326");
        drop((first, second));
        limiter.ran(100, 1000);
        let fault = limiter.admit(200).map(drop).unwrap_err();
        assert_eq!((fault.code.as_str(), fault.retry_after), ("0x80072321", Some(10)));
        assert!(limiter.admit(10_100).is_ok());
    }
}
