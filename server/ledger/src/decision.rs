//! What becomes of records that are sent: new, the same again, in conflict, or withdrawn. Both stores decide alike.

use std::collections::HashMap;

use model::{
    record::{Record, Stored},
    rng::Random,
    tenant::TenantId,
    time::{HOUR, Timestamp},
};
use uuid::Uuid;

use crate::{HeldRecord, Outcome, Verdict, command::RecordsRequest};

pub(crate) type RecordKey = (TenantId, Uuid);

/// One kind's requests of one group, and what is decided about them.
pub(crate) struct Decision<'a> {
    now: Timestamp,
    held: HashMap<RecordKey, HeldRecord>,
    /// What is new, in the order of arrival.
    pub(crate) fresh: Vec<Fresh<'a>>,
    fresh_at: HashMap<RecordKey, usize>,
    /// One for each request that brought something new.
    pub(crate) receipts: Vec<Receipt>,
}

#[derive(Clone, Copy)]
pub(crate) struct Fresh<'a> {
    pub(crate) tenant: TenantId,
    pub(crate) id: Uuid,
    pub(crate) record: &'a Record,
}

impl Fresh<'_> {
    pub(crate) const fn key(&self) -> RecordKey {
        (self.tenant, self.id)
    }
}

pub(crate) struct Receipt {
    pub(crate) tenant: TenantId,
    pub(crate) taken: i64,
    pub(crate) checksum: i64,
}

impl<'a> Decision<'a> {
    /// `held` holds every record that is there already and that a request may mean.
    pub(crate) fn new(now: Timestamp, held: HashMap<RecordKey, HeldRecord>) -> Self {
        Self { now, held, fresh: Vec::new(), fresh_at: HashMap::new(), receipts: Vec::new() }
    }

    /// Decides the next request. Its records are decided in order, as if sent one after another.
    pub(crate) fn decide(&mut self, request: &'a RecordsRequest, ids: Vec<Uuid>) -> Vec<Outcome> {
        let mut receipt = Receipt { tenant: request.tenant, taken: 0, checksum: 0 };
        let outcomes = ids
            .into_iter()
            .zip(&request.records)
            .map(|(id, record)| {
                let verdict = self.verdict((request.tenant, id), record, &mut receipt);
                Outcome { id, verdict }
            })
            .collect();
        if receipt.taken > 0 {
            self.receipts.push(receipt);
        }
        outcomes
    }

    fn verdict(&mut self, key: RecordKey, record: &'a Record, receipt: &mut Receipt) -> Verdict {
        if let Some(held) = self.held.get(&key) {
            return against(record, held);
        }
        if let Some(at) = self.fresh_at.get(&key) {
            let stored = self.as_stored(&self.fresh[*at]);
            return against(record, &HeldRecord { stored, withdrawn_at: None });
        }
        receipt.taken += 1;
        receipt.checksum = receipt.checksum.wrapping_add(digest(key.1));
        self.fresh_at.insert(key, self.fresh.len());
        self.fresh.push(Fresh { tenant: key.0, id: key.1, record });
        Verdict::Stored(1)
    }

    fn as_stored(&self, fresh: &Fresh<'_>) -> Stored {
        Stored {
            id: fresh.id,
            revision: 1,
            received_at: self.now,
            exported_at: None,
            record: fresh.record.clone(),
        }
    }
}

/// What a record says decides its id, or else its sender; any other one gets an id that begins with the time.
pub(crate) fn ids_of(request: &RecordsRequest, now: Timestamp, random: &dyn Random) -> Vec<Uuid> {
    let id = |record: &Record| {
        let own = record.own_id(request.tenant);
        own.unwrap_or_else(|| model::identity::timed_id(now, random.tail()))
    };
    request.records.iter().map(id).collect()
}

/// What an id adds to a checksum: the order in which ids come does not matter.
pub(crate) fn digest(id: Uuid) -> i64 {
    let (high, low) = id.as_u64_pair();
    (high ^ low.rotate_left(17)).cast_signed()
}

pub(crate) const fn hour_of(at: Timestamp) -> i64 {
    at.micros().div_euclid(HOUR)
}

/// When an hour began.
pub(crate) const fn beginning(hour: i64) -> Timestamp {
    Timestamp::from_micros(hour.saturating_mul(HOUR))
}

fn against(record: &Record, held: &HeldRecord) -> Verdict {
    if held.withdrawn_at.is_some() {
        Verdict::Withdrawn
    } else if record.says_the_same(&held.stored.record) {
        Verdict::Duplicate(held.stored.revision)
    } else {
        Verdict::Conflict { stored: Box::new(held.stored.clone()) }
    }
}
