//! Turns at what only few can have at a time. A network has one of them at most, and few of its askers wait for it, so that
//! it takes nothing from the others however many connections it has.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time,
};

/// Networks that are known at one time, those left out that nothing is done for.
const NETWORKS: usize = 256;

/// How many get a turn, and how long is waited for it.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Turns at one time.
    pub places: usize,
    /// Askers of one network that wait for its turn.
    pub waiting: usize,
    pub patience: Duration,
}

/// Who has a turn, and who waits for one.
pub struct Turns {
    bounds: Bounds,
    places: Arc<Semaphore>,
    networks: Mutex<HashMap<IpAddr, Arc<Network>>>,
}

struct Network {
    turn: Arc<Semaphore>,
    /// Its places are for those who wait and for the one whose turn it is.
    room: Arc<Semaphore>,
}

/// A turn, until it is dropped.
#[derive(Debug)]
pub struct Turn {
    _place: OwnedSemaphorePermit,
    _of_network: Option<[OwnedSemaphorePermit; 2]>,
}

/// Why there is no turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTurn {
    /// As many of the same network wait already as may.
    Crowd,
    /// None came in time.
    TooLong,
}

impl Turns {
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, places: Arc::new(Semaphore::new(bounds.places)), networks: Mutex::default() }
    }

    /// # Errors
    /// When the asker's network has its share, or no turn came in time.
    pub async fn take(&self, from: Option<IpAddr>) -> Result<Turn, NoTurn> {
        let network = from.map(|from| self.network(from));
        let room = match &network {
            Some(network) => Some(Arc::clone(&network.room).try_acquire_owned().map_err(|_| NoTurn::Crowd)?),
            None => None,
        };
        let turn = async {
            let of_network = match (network, room) {
                (Some(network), Some(room)) => {
                    Some([Arc::clone(&network.turn).acquire_owned().await.ok()?, room])
                }
                _ => None,
            };
            let place = Arc::clone(&self.places).acquire_owned().await.ok()?;
            Some(Turn { _place: place, _of_network: of_network })
        };
        time::timeout(self.bounds.patience, turn).await.ok().flatten().ok_or(NoTurn::TooLong)
    }

    fn network(&self, from: IpAddr) -> Arc<Network> {
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.bounds.waiting + 1;
        if networks.len() >= NETWORKS {
            networks.retain(|_, network| network.room.available_permits() < all);
        }
        let new =
            || Arc::new(Network { turn: Arc::new(Semaphore::new(1)), room: Arc::new(Semaphore::new(all)) });
        Arc::clone(networks.entry(network(from)).or_insert_with(new))
    }
}

/// An asker with one address of IPv6 has all that begin alike.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        old => old,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns() -> Turns {
        Turns::new(Bounds { places: 2, waiting: 1, patience: Duration::from_secs(2) })
    }

    fn address(number: u32) -> Option<IpAddr> {
        Some(IpAddr::from(number.to_be_bytes()))
    }

    #[test]
    fn a_network_of_ipv6_is_one_asker() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
    }

    #[tokio::test(start_paused = true)]
    async fn each_network_has_one_turn() {
        let turns = turns();
        let first = turns.take(address(1)).await.unwrap();
        let second = turns.take(address(1));
        tokio::pin!(second);
        assert!(futures::poll!(second.as_mut()).is_pending());
        assert_eq!(turns.take(address(1)).await.unwrap_err(), NoTurn::Crowd);
        let other = turns.take(address(2)).await.unwrap();
        assert_eq!(turns.take(address(3)).await.unwrap_err(), NoTurn::TooLong);
        drop((first, other));
        assert!(second.await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_left_take_no_room() {
        let turns = turns();
        let _first = turns.take(address(1)).await.unwrap();
        for _ in 0..3 {
            assert_eq!(turns.take(address(1)).await.unwrap_err(), NoTurn::TooLong);
        }
        for number in 2..2_000 {
            assert!(turns.take(address(number)).await.is_ok());
        }
        assert!(turns.networks.lock().unwrap().len() <= NETWORKS);
        assert_eq!(turns.take(address(1)).await.unwrap_err(), NoTurn::TooLong, "it is known still");
    }
}
