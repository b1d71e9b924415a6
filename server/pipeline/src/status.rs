//! How relay, mirror and read-back fare, for `/pipeline` and the freshness line.

use model::{delivery::DeliveryState, time::Timestamp};

use crate::Fall;

/// What the relay does, and how it fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayStatus {
    /// Whether records are on their way, and if not why.
    pub state: DeliveryState,
    /// Why it is not well, as a sentence.
    pub reason: Option<String>,
    /// When Dataverse acknowledged something last.
    pub last_delivery: Option<Timestamp>,
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
    /// Requests that may be under way at once.
    pub lanes: usize,
    /// Requests that are under way.
    pub under_way: usize,
    /// Records read back as they should be since the start.
    pub confirmed: u64,
    /// Records that Dataverse holds otherwise than they were sent, or not at all.
    pub differing: u64,
    /// When records were last read back by their ids.
    pub last_read_back: Option<Timestamp>,
    /// Why what waits to be read back cannot be asked for, where that is so.
    pub read_back_fault: Option<String>,
    /// What the mirror does.
    pub mirror: MirrorStatus,
    /// None where no budget is set.
    pub budget: Option<BudgetStatus>,
    /// Workers of the pipeline that ended unasked since the start.
    pub falls: Vec<Fall>,
}

/// What a day's requests to Dataverse may cost, and cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetStatus {
    /// What may be asked on one day.
    pub limit: u64,
    /// Since midnight UTC, by all processes.
    pub spent: u64,
    /// What the day comes to at the last hour's rate.
    pub by_midnight: u64,
    /// Until when nothing is sent, where it is all spent.
    pub held_until: Option<Timestamp>,
}

/// How the mirror fares. Counts are those since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MirrorStatus {
    /// What the mirror does now.
    pub state: MirrorState,
    /// Since when nothing comes in, where that is so.
    pub paused_since: Option<Timestamp>,
    /// Rows read so far of the table that is being read whole, or was last.
    pub rows_read: u64,
    /// Since when a whole table is being read.
    pub full_read_since: Option<Timestamp>,
    /// When Dataverse answered last.
    pub last_pass: Option<Timestamp>,
    /// Rows that others made, changed and deleted there.
    pub added: u64,
    /// Records that edits there replaced, since this process began.
    pub changed: u64,
    /// Records that deletions there withdrew, since this process began.
    pub withdrawn: u64,
    /// Changes there that a newer one here stood against.
    pub kept_out: u64,
    /// Acknowledged, not there, and sent once more.
    pub resent: u64,
    /// Rows that are no records of ours.
    pub refused: u64,
}

/// What a mirror does at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MirrorState {
    /// A whole table is being read.
    Reading,
    /// What changes there is here within seconds.
    #[default]
    Watching,
    /// Many rows vanished at once; a person has to say whether that was meant.
    Asking,
    /// Nothing comes in, for this reason.
    Paused(String),
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
            read_back_fault: None,
            mirror: MirrorStatus::default(),
            budget: None,
            falls: Vec::new(),
        }
    }
}
