//! What the pipeline asks of the ledger. A simulation puts itself between, to hold time still while the ledger writes.

use std::time::Duration;

use async_trait::async_trait;
use ledger::{
    ChangeCursor, DeliveredRecord, DeliveryCounts, HeldRecord, Ledger, LedgerError, MirroredRow, Parcel,
    PermanentRefusal, Reject, RowOutcome, Unconfirmed,
};
use model::{record::Kind, tenant::TenantId, time::Timestamp};
use tokio::sync::watch;
use uuid::Uuid;

/// Makes the port out of the questions, each of which stands here once and means what it means at the ledger.
macro_rules! port {
    ($(fn $question:ident($($name:ident: $type:ty),* $(,)?) -> $answer:ty;)*) => {
        /// The ledger, as far as the pipeline knows it.
        #[async_trait]
        pub trait LedgerPort: Send + Sync + 'static {
            fn changes(&self) -> watch::Receiver<u64>;
            $(async fn $question(&self, $($name: $type),*) -> Result<$answer, LedgerError>;)*
        }

        #[async_trait]
        impl LedgerPort for Ledger {
            fn changes(&self) -> watch::Receiver<u64> {
                Self::changes(self)
            }

            $(async fn $question(&self, $($name: $type),*) -> Result<$answer, LedgerError> {
                Self::$question(self, $($name),*).await
            })*
        }
    };
}

port! {
    fn lease(most: usize, hold: Duration) -> Vec<Parcel>;
    fn delivered(parcels: &[Parcel], at: Timestamp) -> ();
    fn postponed(parcels: &[Parcel], until: Timestamp) -> ();
    fn handed_back(parcels: &[Parcel]) -> ();
    fn dead(parcels: &[(Parcel, PermanentRefusal)]) -> ();

    fn unconfirmed(until: Timestamp, after: Option<&Unconfirmed>, most: usize) -> Vec<Unconfirmed>;
    fn confirmed(read: &[Unconfirmed]) -> u64;

    fn read(tenant: TenantId, kind: &'static Kind, id: Uuid) -> Option<HeldRecord>;
    fn delivery_counts(tenant: TenantId) -> DeliveryCounts;

    fn take_cursor(kind: &'static Kind, hold: Duration) -> Option<ChangeCursor>;
    fn hold_cursor(cursor: &ChangeCursor, hold: Duration) -> bool;
    fn keep_cursor(cursor: &ChangeCursor, link: Option<&str>, hold: Duration) -> bool;
    fn free_cursor(cursor: &ChangeCursor) -> ();
    fn ask(cursor: &ChangeCursor, gone: (i64, i64), of: i64) -> ();
    fn removed_unasked(kind: &'static Kind, since: Timestamp) -> i64;
    fn reconcile(cursor: &ChangeCursor, rows: Vec<MirroredRow>, asked_at: Timestamp) -> Option<Vec<RowOutcome>>;
    fn delivered_before(kind: &'static Kind, after: i64, before: Timestamp, most: usize) -> Vec<DeliveredRecord>;
    fn rejects(tenant: TenantId, kind: Option<&'static Kind>, most: usize) -> Vec<Reject>;

    fn copied_at() -> Option<Timestamp>;
    fn in_line(kind: &'static Kind, after: i64, most: usize) -> Vec<DeliveredRecord>;
    fn looked() -> ();

    fn spend(cost: i64) -> ();
    fn spent(since: Timestamp) -> Vec<(Timestamp, i64)>;
}
