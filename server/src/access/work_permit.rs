//! Work that is done for one asker alone, and that can take long: a few pieces of it at a time, to each address its
//! share, and none without an end. What many look at together is no such work, and neither is taking records in.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use axum::extract::FromRequestParts;
use http::request::Parts;
use tokio::time::{self, Instant};

use super::{
    ClientAddress,
    turns::{Bounds, NoTurn, Turn, Turns, network},
};
use crate::{
    app_state::SharedState,
    problem::{Problem, ProblemType},
};

/// Two pieces of such work at one time: the ledger's other readers stay free for the panel and for delivery.
const BOUNDS: Bounds = Bounds { places: 2, waiting: 24, patience: PATIENCE };
/// How long a request waits for a place.
const PATIENCE: Duration = Duration::from_secs(2);
/// No piece takes longer.
const LONGEST: Duration = Duration::from_secs(10);
/// An address has `AT_ONCE` pieces at one time, and then one more in each `PAUSE`.
const AT_ONCE: u32 = 1_000;
const PAUSE: Duration = Duration::from_millis(10);
/// Addresses that are known at one time.
const ADDRESSES: usize = 4_096;

/// Who may begin such work.
pub struct WorkPermits {
    turns: Turns,
    shares: Mutex<Shares>,
}

/// The right to work now, given back when it is dropped.
pub struct WorkPermit {
    _turn: Turn,
}

impl Default for WorkPermits {
    fn default() -> Self {
        Self { turns: Turns::new(BOUNDS), shares: Mutex::default() }
    }
}

impl WorkPermits {
    /// # Errors
    /// When the address had its share, or no place came free.
    pub async fn begin(&self, from: Option<IpAddr>) -> Result<WorkPermit, Problem> {
        let now = Instant::now();
        let share = from.map_or(Ok(()), |from| {
            self.shares.lock().unwrap_or_else(PoisonError::into_inner).take(network(from), now)
        });
        share.map_err(|wait| {
            let detail =
                "This address asked for more than its share of work; ask less often, or for more at once.";
            Problem::new(ProblemType::TooMany, detail).retry_after(wait)
        })?;
        let turn = self.turns.take(from).await.map_err(|why| {
            let detail = match why {
                NoTurn::Crowd => {
                    "This address has as much such work waiting as it may; ask for less at a time."
                }
                NoTurn::TooLong => {
                    "Such work is done for others just now, and no place came free; ask again in a moment."
                }
            };
            Problem::new(ProblemType::TooMany, detail).retry_after(PATIENCE)
        })?;
        Ok(WorkPermit { _turn: turn })
    }
}

impl WorkPermit {
    /// What the work brings, unless it takes too long: then it is ended. Its place stays taken until then, though its
    /// asker may leave: the ledger does not notice that at once.
    ///
    /// # Errors
    /// Those of the work.
    pub async fn done<T, E>(
        self,
        work: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Into<Problem> + Send + 'static,
    {
        let ended = tokio::spawn(async move {
            let _permit = self;
            time::timeout(LONGEST, work).await
        });
        match ended.await {
            Ok(Ok(done)) => done.map_err(Into::into),
            Ok(Err(_)) => {
                let detail =
                    "This took longer than 10 s and was ended; ask for a shorter stretch, or for less of it.";
                Err(Problem::new(ProblemType::TimedOut, detail).retry_after(LONGEST))
            }
            Err(error) => {
                tracing::error!(%error, "a piece of work broke off");
                let detail = "The server met a fault of its own; report it with the request's id.";
                Err(Problem::new(ProblemType::Internal, detail))
            }
        }
    }
}

impl FromRequestParts<SharedState> for WorkPermit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &SharedState) -> Result<Self, Problem> {
        let from = parts.extensions.get::<ClientAddress>().and_then(|from| from.0);
        state.permits.begin(from).await
    }
}

/// Until when what each address asked for would last, were it asked for one by one.
#[derive(Default)]
struct Shares(HashMap<IpAddr, Instant>);

impl Shares {
    /// Takes one, or says how long to wait for it.
    fn take(&mut self, from: IpAddr, now: Instant) -> Result<(), Duration> {
        if self.0.len() >= ADDRESSES && !self.0.contains_key(&from) {
            self.0.retain(|_, until| *until > now);
            // Where that many are busy the places alone have to do.
            if self.0.len() >= ADDRESSES {
                self.0.clear();
            }
        }
        let until = self.0.entry(from).or_insert(now);
        let after = (*until).max(now) + PAUSE;
        let over = (after - now).saturating_sub(PAUSE * AT_ONCE);
        if over > Duration::ZERO {
            return Err(over);
        }
        *until = after;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn address(number: u32) -> IpAddr {
        IpAddr::from(number.to_be_bytes())
    }

    #[tokio::test(start_paused = true)]
    async fn each_address_has_its_share() {
        let mut shares = Shares::default();
        let mut take = |number: u32, now| shares.take(address(number), now);
        let start = Instant::now();
        for _ in 0..AT_ONCE {
            assert_eq!(take(1, start), Ok(()));
        }
        assert_eq!(take(1, start), Err(PAUSE));
        assert_eq!(take(2, start), Ok(()));
        assert_eq!(take(1, start + PAUSE), Ok(()));
        assert!(take(1, start + PAUSE).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn remembered_addresses_are_bounded() {
        let mut shares = Shares::default();
        let now = Instant::now();
        for number in 0..100_000 {
            assert_eq!(shares.take(address(number), now), Ok(()));
        }
        assert!(shares.0.len() <= ADDRESSES, "{}", shares.0.len());
    }

    #[tokio::test(start_paused = true)]
    async fn the_third_waits_for_a_place() {
        let permits = WorkPermits::default();
        let first = permits.begin(None).await.ok().unwrap();
        let _second = permits.begin(None).await.ok().unwrap();
        let third = permits.begin(Some(address(7))).await.err().unwrap();
        assert_eq!(third.kind, ProblemType::TooMany);
        assert_eq!(third.headers[0].1, "2");
        drop(first);
        assert!(permits.begin(None).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn work_without_an_end_is_ended() {
        let permit = WorkPermits::default().begin(None).await.ok().unwrap();
        let done = permit.done(std::future::pending::<Result<(), Problem>>()).await;
        assert_eq!(done.unwrap_err().kind, ProblemType::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn busy_addresses_do_not_delay_others() {
        let permits = Arc::new(WorkPermits::default());
        let greedy = (0..100).map(|_| {
            let permits = Arc::clone(&permits);
            tokio::spawn(async move {
                loop {
                    if let Ok(_permit) = permits.begin(Some(address(7))).await {
                        time::sleep(Duration::from_secs(1)).await;
                    }
                    time::sleep(Duration::from_millis(10)).await;
                }
            })
        });
        let greedy: Vec<_> = greedy.collect();
        time::sleep(Duration::from_millis(100)).await;
        for _ in 0..10 {
            let asked = Instant::now();
            assert!(permits.begin(Some(address(8))).await.is_ok());
            assert!(asked.elapsed() <= Duration::from_secs(3), "{:?}", asked.elapsed());
        }
        greedy.iter().for_each(tokio::task::JoinHandle::abort);
    }
}
