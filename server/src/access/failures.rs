//! Sign-ins that failed, by network: after a number of them within a minute no more is tried.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::turns::network;

const MINUTE: Duration = Duration::from_secs(60);
const MOST: usize = 20;
/// Networks that are known at one time; beyond that, those whose minute is over are forgotten first.
const NETWORKS: usize = 16_384;

#[derive(Default)]
pub struct FailedSignIns(Mutex<HashMap<IpAddr, VecDeque<Instant>>>);

impl FailedSignIns {
    /// Counts a try as failed until [`succeeded`](Self::succeeded) says otherwise, so that many at once are no way around.
    ///
    /// # Errors
    /// How long to wait, where too many failed.
    pub fn begin(&self, from: Option<IpAddr>) -> Result<Instant, Duration> {
        let now = Instant::now();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(from) = from.map(network) else { return Ok(now) };
        if all.len() >= NETWORKS && !all.contains_key(&from) {
            all.retain(|_, tries| tries.back().is_some_and(|last| now - *last < MINUTE));
            if all.len() >= NETWORKS {
                return Err(MINUTE);
            }
        }
        let tries = all.entry(from).or_default();
        while tries.front().is_some_and(|first| now - *first >= MINUTE) {
            tries.pop_front();
        }
        if let Some(first) = tries.front().filter(|_| tries.len() >= MOST) {
            return Err(MINUTE - (now - *first));
        }
        tries.push_back(now);
        Ok(now)
    }

    /// The try that was begun then was none that failed.
    pub fn succeeded(&self, from: Option<IpAddr>, begun: Instant) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tries) = from.map(network).and_then(|from| all.get_mut(&from))
            && let Some(at) = tries.iter().position(|tried| *tried == begun)
        {
            tries.remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn twenty_may_fail_in_a_minute() {
        let failed = FailedSignIns::default();
        let of = |number: u32| Some(IpAddr::from(number.to_be_bytes()));
        for _ in 0..30 {
            let begun = failed.begin(of(1)).unwrap();
            failed.succeeded(of(1), begun);
        }
        for _ in 0..20 {
            assert!(failed.begin(of(1)).is_ok());
            time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(failed.begin(of(1)), Err(Duration::from_secs(40)));
        assert!(failed.begin(of(2)).is_ok());
        time::advance(Duration::from_secs(40)).await;
        assert!(failed.begin(of(1)).is_ok());
        assert_eq!(failed.begin(of(1)), Err(Duration::from_secs(1)));
    }
}
