//! Workers that must not end: one that breaks off, or ends unasked, begins anew after a pause, and that is said.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt as _;
use model::{clock::Clock, time::Timestamp};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// The first pause; each that follows soon is twice as long.
const PAUSE_LEAST: Duration = Duration::from_secs(1);
const PAUSE_MOST: Duration = Duration::from_secs(60);
/// After this time at work a worker's earlier falls make no pause longer.
const HELD_OUT: Duration = Duration::from_secs(600);

/// That a worker ended unasked, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fall {
    /// What people call it.
    pub worker: &'static str,
    /// When it fell last.
    pub at: Timestamp,
    /// How often it fell since the start.
    pub times: u64,
    /// Whether it is at work again.
    pub is_up: bool,
}

impl Fall {
    /// Puts it in the place of what was known of the same worker.
    pub fn write_down(&self, falls: &mut Vec<Self>) {
        match falls.iter_mut().find(|known| known.worker == self.worker) {
            Some(known) => known.clone_from(self),
            None => falls.push(self.clone()),
        }
    }
}

/// Lets a worker work until `stop`. `work` makes another one where one has ended, whose state cannot be trusted.
pub async fn supervise<W: Future<Output = ()>>(
    worker: &'static str,
    clock: &dyn Clock,
    stop: &CancellationToken,
    mut work: impl FnMut() -> W,
    mut say: impl FnMut(&Fall),
) {
    let (mut pause, mut times) = (PAUSE_LEAST, 0);
    loop {
        let began = Instant::now();
        let ended = AssertUnwindSafe(async { work().await }).catch_unwind().await;
        if stop.is_cancelled() {
            return;
        }
        if began.elapsed() > HELD_OUT {
            pause = PAUSE_LEAST;
        }
        times += 1;
        let how = if ended.is_ok() { "ended unasked" } else { "broke off" };
        tracing::error!(
            worker.name = worker,
            worker.falls = times,
            pause.seconds = pause.as_secs(),
            "a worker {how} and begins anew; report this"
        );
        let mut fall = Fall { worker, at: clock.now(), times, is_up: false };
        say(&fall);
        if stop.run_until_cancelled(sleep(pause)).await.is_none() {
            return;
        }
        pause = (pause * 2).min(PAUSE_MOST);
        fall.is_up = true;
        say(&fall);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use model::clock::ManualClock;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn broken_workers_restart_with_backoff() {
        let (clock, stop) = (ManualClock::at(Timestamp::EARLIEST), CancellationToken::new());
        let began = Instant::now();
        let (beginnings, falls) = (Arc::new(Mutex::new(Vec::new())), Mutex::new(Vec::new()));
        let work = || {
            let (beginnings, stop) = (Arc::clone(&beginnings), stop.clone());
            async move {
                let number = {
                    let mut beginnings = beginnings.lock().unwrap();
                    beginnings.push(began.elapsed().as_secs());
                    beginnings.len()
                };
                match number {
                    1 => panic!("asked for by a test"),
                    2 => {}
                    _ => stop.cancel(),
                }
            }
        };
        supervise("the worker", &clock, &stop, work, |fall| {
            falls.lock().unwrap().push((fall.times, fall.is_up));
        })
        .await;
        assert_eq!(*beginnings.lock().unwrap(), [0, 1, 3]);
        assert_eq!(*falls.lock().unwrap(), [(1, false), (1, true), (2, false), (2, true)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_the_pause() {
        let (clock, stop) = (ManualClock::at(Timestamp::EARLIEST), CancellationToken::new());
        let say = |_: &Fall| stop.cancel();
        supervise("the worker", &clock, &stop, || async { panic!("asked for by a test") }, say).await;
    }
}
