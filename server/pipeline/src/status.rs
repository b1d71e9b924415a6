//! How the relay and the read-back fare, for `/pipeline` and the freshness line.

use model::{delivery::DeliveryState, time::Instant};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayStatus {
    pub state: DeliveryState,
    /// Why it is not well, as a sentence.
    pub reason: Option<String>,
    /// When Dataverse acknowledged something last.
    pub last_delivery: Option<Instant>,
    /// Records that Dataverse acknowledged since the start, corrections and withdrawals included.
    pub sent: u64,
    /// Records that Dataverse refused for good since the start.
    pub dead: u64,
    /// Records that will be tried again.
    pub postponed: u64,
    /// How often the whole lane had to pause since the start.
    pub pauses: u64,
    /// Records in the next request, and requests under way at once, as things stand.
    pub batch: usize,
    pub lanes: usize,
    pub under_way: usize,
    /// Records read back as they should be since the start.
    pub confirmed: u64,
    /// Records that Dataverse holds otherwise than they were sent, or not at all.
    pub differing: u64,
    pub last_read_back: Option<Instant>,
}

impl Default for RelayStatus {
    fn default() -> Self {
        Self {
            state: DeliveryState::Ok,
            reason: None,
            last_delivery: None,
            sent: 0,
            dead: 0,
            postponed: 0,
            pauses: 0,
            batch: 0,
            lanes: 0,
            under_way: 0,
            confirmed: 0,
            differing: 0,
            last_read_back: None,
        }
    }
}
