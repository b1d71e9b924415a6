//! What waits to be delivered, comes back, is read back, or is refused.

use std::{collections::BTreeMap, time::Duration};

use model::{
    record::{Kind, Record},
    tenant::TenantId,
    time::Timestamp,
};
use uuid::Uuid;

use super::Ledger;
use crate::{
    ChangeOutcome, DeadLetter, Handling, LedgerError, Parcel, PermanentRefusal, Unconfirmed,
    change::ChangeTarget,
    confirm::Confirm,
    dead_letters::{GiveUp, Mend, Resend, ResendAll},
    lease::Lease,
    settlement::{Settle, Settlement, Ticket},
};

impl Ledger {
    /// Lends out up to `most` parcels, oldest first, fairly between tenants, until `hold` has passed.
    pub async fn lease(&self, most: usize, hold: Duration) -> Result<Vec<Parcel>, LedgerError> {
        self.write(Lease { most, hold }).await
    }

    /// Dataverse acknowledged these. Those whose lease is no longer theirs are passed over, here and below.
    pub async fn delivered(&self, parcels: &[Parcel], at: Timestamp) -> Result<(), LedgerError> {
        self.settle(tickets(parcels), Settlement::Delivered { at }).await
    }

    /// An attempt of these failed; they are tried again from `until` on.
    pub async fn postponed(&self, parcels: &[Parcel], until: Timestamp) -> Result<(), LedgerError> {
        self.settle(tickets(parcels), Settlement::Postponed { until }).await
    }

    /// Nothing became of these, by no fault of theirs: each is back at its place in the line.
    pub async fn handed_back(&self, parcels: &[Parcel]) -> Result<(), LedgerError> {
        self.settle(tickets(parcels), Settlement::HandedBack).await
    }

    /// Dataverse refuses these for good, each for its reason.
    pub async fn dead(&self, parcels: &[(Parcel, PermanentRefusal)]) -> Result<(), LedgerError> {
        let tickets = parcels
            .iter()
            .map(|(parcel, refusal)| Ticket { refusal: Some(refusal.clone()), ..Ticket::of(parcel) })
            .collect();
        self.settle(tickets, Settlement::Dead).await
    }

    async fn settle(&self, tickets: Vec<Ticket>, how: Settlement) -> Result<(), LedgerError> {
        self.write(Settle { tickets, how }).await
    }

    /// What Dataverse acknowledged up to then and what was not read back yet, kind by kind and oldest first: those after
    /// `after`, whatever became of that.
    pub async fn unconfirmed(
        &self,
        until: Timestamp,
        after: Option<&Unconfirmed>,
        most: usize,
    ) -> Result<Vec<Unconfirmed>, LedgerError> {
        read!(self, confirm::waiting(until, after, most))
    }

    /// These were read back as they should be. Says how many were news: what was corrected meanwhile is passed over.
    pub async fn confirmed(&self, read: &[Unconfirmed]) -> Result<u64, LedgerError> {
        let mut tables: BTreeMap<(TenantId, &str), Vec<&Unconfirmed>> = BTreeMap::new();
        for item in read {
            tables.entry((item.tenant, item.kind.name)).or_default().push(item);
        }
        let mut confirmed = 0;
        for ((tenant, _), items) in tables {
            let kind = items[0].kind;
            let read = items.iter().map(|item| (item.position, item.held.stored.revision)).collect();
            confirmed += self.write(Confirm { kind, tenant, read }).await?;
        }
        Ok(confirmed)
    }

    /// What Dataverse refused and was not given up, newest first.
    pub async fn dead_letters(&self, tenant: TenantId, most: usize) -> Result<Vec<DeadLetter>, LedgerError> {
        read!(self, dead_letters::dead_letters(tenant, most))
    }

    /// The dead letter of one record, unless it was given up.
    pub async fn dead_letter(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        id: Uuid,
    ) -> Result<Option<DeadLetter>, LedgerError> {
        read!(self, dead_letters::dead_letter(tenant, kind, id))
    }

    /// Sends a dead letter once more, and notes who wanted that. Says whether there was one.
    pub async fn resend(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        id: Uuid,
        by: &str,
    ) -> Result<bool, LedgerError> {
        self.write(Resend { target: ChangeTarget::any(tenant, kind, id), by: by.to_owned() }).await
    }

    /// Sends up to `most` dead letters once more, all of them in one transaction, and notes for each who wanted that.
    /// Says how many there were.
    pub async fn resend_all(&self, tenant: TenantId, most: usize, by: &str) -> Result<u64, LedgerError> {
        self.write(ResendAll { tenant, most, by: by.to_owned() }).await
    }

    /// Gives a dead letter up, and notes who did: the record stays here, and is not sent unless it is corrected. Says
    /// whether there was one.
    pub async fn drop_letter(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        id: Uuid,
        by: &str,
    ) -> Result<bool, LedgerError> {
        self.write(GiveUp { target: ChangeTarget::any(tenant, kind, id), by: by.to_owned() }).await
    }

    /// Corrects a record that Dataverse refused, which sends it again, and notes who did.
    pub async fn mend(
        &self,
        tenant: TenantId,
        id: Uuid,
        record: Record,
        expected_revision: Option<i64>,
        by: &str,
    ) -> Result<ChangeOutcome, LedgerError> {
        let target = ChangeTarget { tenant, kind: record.kind(), id, expected_revision };
        self.write(Mend { target, record: Box::new(record), by: by.to_owned() }).await
    }

    /// What people did about dead letters and questions, newest first.
    pub async fn handlings(&self, tenant: TenantId, most: usize) -> Result<Vec<Handling>, LedgerError> {
        read!(self, handlings::handlings(tenant, most))
    }
}

fn tickets(parcels: &[Parcel]) -> Vec<Ticket> {
    parcels.iter().map(Ticket::of).collect()
}
