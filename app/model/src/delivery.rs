//! How far the records have come: received, on disk, in Dataverse, read back, and what is missing between.

use crate::time::Timestamp;

/// One table's records, each figure counted at a source of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Dataverse's logical name of the table.
    pub table: &'static str,
    /// Summed from the receipts, one of which is written for each request.
    pub received: i64,
    /// Came out of Dataverse, where another program wrote them: neither received nor to be delivered.
    pub mirrored: i64,
    /// Counted rows.
    pub durable: i64,
    /// Records that left once they were kept elsewhere.
    pub archived: i64,
    /// Records that Dataverse acknowledged at least once.
    pub delivered: i64,
    /// Records that were read back out of Dataverse, those that came from there included.
    pub confirmed: i64,
    /// Records that Dataverse never acknowledged yet and that wait for it.
    pub pending: i64,
    /// Records that Dataverse refused for good.
    pub dead: i64,
    /// Records that Dataverse refused and that a person gave up.
    pub dropped: i64,
    /// Records of a kind that is never sent.
    pub unsent: i64,
    /// Records that were withdrawn, before or after delivery.
    pub deleted: i64,
    /// Records withdrawn before Dataverse ever saw them: never to be delivered.
    pub deleted_unsent: i64,
    /// Records that were deleted in Dataverse before they were ever read back.
    pub deleted_unread: i64,
}

impl Balance {
    /// Every difference that pending, dead, dropped, unsent and deleted do not explain. 0, or red.
    #[must_use]
    pub const fn unaccounted(&self) -> i64 {
        let lost_at_the_door = (self.received + self.mirrored - self.durable - self.archived).abs();
        let in_dataverse = self.delivered + self.mirrored;
        let explained =
            in_dataverse + self.pending + self.dead + self.dropped + self.unsent + self.deleted_unsent;
        lost_at_the_door + (self.durable + self.archived - explained).abs()
    }

    /// In Dataverse as far as it acknowledged, and not read back yet as it is now: promised, and not proven.
    #[must_use]
    pub fn unconfirmed(&self) -> i64 {
        (self.delivered + self.mirrored - self.confirmed - self.deleted_unread).max(0)
    }
}

/// Whether delivery works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// What was received is delivered, or about to be.
    Ok,
    /// Records wait longer than they should.
    Behind,
    /// Nothing is sent until the cause ends.
    Stopped,
}

impl DeliveryState {
    /// The word for it in JSON.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Behind => "behind",
            Self::Stopped => "stopped",
        }
    }
}

/// Where delivery stands now, for one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryView {
    /// Why nothing can be taken in at present, where that is so, as a sentence.
    pub closed: Option<String>,
    /// Why it is not known how everything stands now, where that is so, as a sentence.
    pub unread: Option<String>,
    /// Whether delivery works.
    pub state: DeliveryState,
    /// Why it is not well, as a sentence.
    pub reason: Option<String>,
    /// A flow carries records, and not this server.
    pub by_flow: bool,
    /// Everything that waits, corrections and withdrawals included.
    pub pending: i64,
    /// Since when the oldest of them waits.
    pub oldest_pending: Option<Timestamp>,
    /// Since when the oldest of what Dataverse acknowledged waits to be read back.
    pub oldest_unconfirmed: Option<Timestamp>,
    /// One balance for each kind.
    pub balance: Vec<Balance>,
    /// Everything that Dataverse refuses, corrections and withdrawals included.
    pub refused: i64,
    /// What keeps us from knowing that all is well, the most urgent first, in sentences.
    pub alarms: Vec<String>,
    /// What waits for a person, in sentences.
    pub attention: Vec<String>,
    /// Questions without an answer yet.
    pub questions: usize,
}

impl DeliveryView {
    /// What is not well, the most urgent first, in one sentence or none.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        self.reason.iter().chain(self.sentences()).next().cloned()
    }

    /// Everything that people should know, the most urgent first.
    pub fn sentences(&self) -> impl Iterator<Item = &String> {
        self.alarms.iter().chain(&self.attention)
    }

    /// Records that Dataverse has and that were not read back as they are now.
    #[must_use]
    pub fn unconfirmed(&self) -> i64 {
        self.balance.iter().map(Balance::unconfirmed).sum()
    }

    /// Records that came in and are not on disk, or are on disk and never came in.
    #[must_use]
    pub fn unaccounted(&self) -> i64 {
        self.balance.iter().map(Balance::unaccounted).sum()
    }

    /// How long the oldest record has waited.
    #[must_use]
    pub fn lag_seconds(&self, now: Timestamp) -> i64 {
        self.oldest_pending.map_or(0, |oldest| (now.since(oldest) / crate::time::SECOND).max(0))
    }

    /// For how long the oldest record has waited to be read back.
    #[must_use]
    pub fn unconfirmed_seconds(&self, now: Timestamp) -> i64 {
        self.oldest_unconfirmed.map_or(0, |oldest| (now.since(oldest) / crate::time::SECOND).max(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nothing_explains_is_unaccounted() {
        let well = Balance {
            received: 12,
            mirrored: 3,
            durable: 15,
            delivered: 6,
            pending: 2,
            dead: 1,
            dropped: 1,
            unsent: 1,
            deleted: 2,
            deleted_unsent: 1,
            ..Balance::default()
        };
        assert_eq!(well.unaccounted(), 0);
        assert_eq!(Balance { durable: 14, ..well.clone() }.unaccounted(), 2);
        assert_eq!(Balance { delivered: 5, ..well.clone() }.unaccounted(), 1);
        assert_eq!(Balance { durable: 10, archived: 5, ..well.clone() }.unaccounted(), 0);
        assert_eq!(Balance { archived: 1, ..well.clone() }.unaccounted(), 2, "it left and is there");
        let read = Balance { confirmed: 7, ..well };
        assert_eq!(read.unconfirmed(), 2, "nor does a promise count as proof");
        assert_eq!(Balance { deleted_unread: 2, ..read }.unconfirmed(), 0);
    }
}
