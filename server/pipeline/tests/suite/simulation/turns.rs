//! The real ledger, one call at a time: virtual time stands still while it writes, and a call that was begun is ended
//! even if the asker is gone. So the same seed gives the same run.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use ledger::{
    ChangeCursor, DeliveredRecord, DeliveryCounts, HeldRecord, Ledger, LedgerError, MirroredRow, Parcel,
    PermanentRefusal, Reject, RowOutcome, RowSighting, Unconfirmed,
};
use model::{clock::Clock, record::Kind, tenant::TenantId, time::Timestamp};
use pipeline::LedgerPort;
use tokio::{
    sync::{Mutex, watch},
    time::{Instant, sleep, sleep_until},
};
use uuid::Uuid;

#[derive(Clone)]
pub struct SimulationTurns {
    pub ledger: Ledger,
    turn: Arc<Mutex<Watchers>>,
    /// Until then the workers get no answer.
    out_of_order: Arc<std::sync::Mutex<Option<Instant>>>,
    /// Until then the process whose turns these are stands still.
    stands_still: Arc<std::sync::Mutex<Option<Instant>>>,
    /// The worker that asks this next breaks off over it.
    trap: Arc<std::sync::Mutex<Option<&'static str>>>,
    /// Every letter is refused by the store.
    pub keeps_no_letters: Arc<AtomicBool>,
    /// The store fails once at rows that are not there.
    pub forgets_once: Arc<AtomicBool>,
    /// Of when the copy is that the ledger was put back from, until what stands in Dataverse was looked at.
    copied_at: Arc<std::sync::Mutex<Option<Timestamp>>>,
}

/// Those who want to hear of changes, told in order: one channel wakes those who wait at it in any order.
#[derive(Default)]
struct Watchers {
    told: u64,
    senders: Vec<watch::Sender<u64>>,
}

impl SimulationTurns {
    pub fn new(ledger: Ledger) -> Self {
        Self {
            ledger,
            turn: Arc::default(),
            out_of_order: Arc::default(),
            stands_still: Arc::default(),
            trap: Arc::default(),
            keeps_no_letters: Arc::default(),
            forgets_once: Arc::default(),
            copied_at: Arc::default(),
        }
    }

    /// The same ledger, for a process of its own.
    pub fn of_another(&self) -> Self {
        Self { stands_still: Arc::default(), ..self.clone() }
    }

    /// The process gets on with nothing for `lasts`, as when its machine is asleep.
    pub fn stand_still(&self, lasts: Duration) {
        *self.stands_still.lock().unwrap() = Some(Instant::now() + lasts);
    }

    /// One call of the ledger, which takes a millisecond.
    pub async fn take<T: Send + 'static>(&self, call: impl Future<Output = T> + Send + 'static) -> T {
        let (turn, changes) = (Arc::clone(&self.turn), self.ledger.changes());
        let taken = tokio::spawn(async move {
            let mut turn = turn.lock_owned().await;
            let answer = standing_still(call).await;
            sleep(Duration::from_millis(1)).await;
            turn.tell(*changes.borrow());
            answer
        });
        taken.await.unwrap()
    }

    /// The workers cannot use the ledger until `lasts` has passed, as when its disk is full.
    pub fn fail(&self, lasts: Duration) {
        *self.out_of_order.lock().unwrap() = Some(Instant::now() + lasts);
    }

    /// The worker that asks this next breaks off.
    pub fn trap(&self, question: &'static str) {
        *self.trap.lock().unwrap() = Some(question);
    }

    /// The ledger is a copy of then.
    pub fn put_back(&self, at: Timestamp) {
        *self.copied_at.lock().unwrap() = Some(at);
    }

    pub fn is_put_back(&self) -> bool {
        self.copied_at.lock().unwrap().is_some()
    }

    fn step_on(&self, question: &'static str) {
        let sprung = self.trap.lock().unwrap().take_if(|trap| *trap == question).is_some();
        assert!(!sprung, "{question}: asked for by a test");
    }

    async fn ask_of<T: Send + 'static>(
        &self,
        call: impl Future<Output = TurnAnswer<T>> + Send + 'static,
    ) -> TurnAnswer<T> {
        let wakes = *self.stands_still.lock().unwrap();
        if let Some(wakes) = wakes {
            sleep_until(wakes).await;
        }
        let until = *self.out_of_order.lock().unwrap();
        if until.is_some_and(|until| until > Instant::now()) {
            sleep(Duration::from_millis(1)).await;
            return Err(LedgerError::Unavailable("the disk is full".to_owned()));
        }
        self.take(call).await
    }
}

impl Watchers {
    fn tell(&mut self, changes: u64) {
        if changes != self.told {
            self.told = changes;
            self.senders.retain(|sender| sender.send(changes).is_ok());
        }
    }
}

/// Time is not advanced while a thread is at work.
pub async fn standing_still<T>(call: impl Future<Output = T>) -> T {
    let (release, released) = std::sync::mpsc::channel::<()>();
    let hold = tokio::task::spawn_blocking(move || released.recv().is_err());
    let answer = call.await;
    drop(release);
    assert!(hold.await.unwrap());
    answer
}

/// A clock that goes with tokio's.
pub struct VirtualClock {
    pub begin: Instant,
    pub at: Timestamp,
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        let elapsed = Instant::now().duration_since(self.begin).as_micros();
        self.at.plus(i64::try_from(elapsed).unwrap())
    }
}

type TurnAnswer<T> = Result<T, LedgerError>;

#[async_trait]
impl LedgerPort for SimulationTurns {
    fn changes(&self) -> watch::Receiver<u64> {
        let (sender, changes) = watch::channel(0);
        let turn = Arc::clone(&self.turn);
        tokio::spawn(async move { turn.lock().await.senders.push(sender) });
        changes
    }

    async fn lease(&self, most: usize, hold: Duration) -> TurnAnswer<Vec<Parcel>> {
        self.step_on("lease");
        let ledger = self.ledger.clone();
        self.ask_of(async move { ledger.lease(most, hold).await }).await
    }

    async fn delivered(&self, parcels: &[Parcel], at: Timestamp) -> TurnAnswer<()> {
        let (ledger, parcels) = (self.ledger.clone(), parcels.to_vec());
        self.ask_of(async move { ledger.delivered(&parcels, at).await }).await
    }

    async fn postponed(&self, parcels: &[Parcel], until: Timestamp) -> TurnAnswer<()> {
        let (ledger, parcels) = (self.ledger.clone(), parcels.to_vec());
        self.ask_of(async move { ledger.postponed(&parcels, until).await }).await
    }

    async fn handed_back(&self, parcels: &[Parcel]) -> TurnAnswer<()> {
        let (ledger, parcels) = (self.ledger.clone(), parcels.to_vec());
        self.ask_of(async move { ledger.handed_back(&parcels).await }).await
    }

    async fn dead(&self, parcels: &[(Parcel, PermanentRefusal)]) -> TurnAnswer<()> {
        if self.keeps_no_letters.load(Ordering::SeqCst) {
            return Err(LedgerError::Fault("a letter that cannot be kept".to_owned()));
        }
        let (ledger, parcels) = (self.ledger.clone(), parcels.to_vec());
        self.ask_of(async move { ledger.dead(&parcels).await }).await
    }

    async fn unconfirmed(
        &self,
        until: Timestamp,
        after: Option<&Unconfirmed>,
        most: usize,
    ) -> TurnAnswer<Vec<Unconfirmed>> {
        self.step_on("unconfirmed");
        let (ledger, after) = (self.ledger.clone(), after.cloned());
        self.ask_of(async move { ledger.unconfirmed(until, after.as_ref(), most).await }).await
    }

    async fn confirmed(&self, read: &[Unconfirmed]) -> TurnAnswer<u64> {
        let (ledger, read) = (self.ledger.clone(), read.to_vec());
        self.ask_of(async move { ledger.confirmed(&read).await }).await
    }

    async fn read(&self, tenant: TenantId, kind: &'static Kind, id: Uuid) -> TurnAnswer<Option<HeldRecord>> {
        let ledger = self.ledger.clone();
        self.ask_of(async move { ledger.read(tenant, kind, id).await }).await
    }

    async fn delivery_counts(&self, tenant: TenantId) -> TurnAnswer<DeliveryCounts> {
        let ledger = self.ledger.clone();
        self.ask_of(async move { ledger.delivery_counts(tenant).await }).await
    }

    async fn take_cursor(&self, kind: &'static Kind, hold: Duration) -> TurnAnswer<Option<ChangeCursor>> {
        self.step_on("take_mark");
        let ledger = self.ledger.clone();
        self.ask_of(async move { ledger.take_cursor(kind, hold).await }).await
    }

    async fn hold_cursor(&self, cursor: &ChangeCursor, hold: Duration) -> TurnAnswer<bool> {
        let (ledger, cursor) = (self.ledger.clone(), cursor.clone());
        self.ask_of(async move { ledger.hold_cursor(&cursor, hold).await }).await
    }

    async fn keep_cursor(
        &self,
        cursor: &ChangeCursor,
        link: Option<&str>,
        hold: Duration,
    ) -> TurnAnswer<bool> {
        let (ledger, cursor, link) = (self.ledger.clone(), cursor.clone(), link.map(str::to_owned));
        self.ask_of(async move { ledger.keep_cursor(&cursor, link.as_deref(), hold).await }).await
    }

    async fn free_cursor(&self, cursor: &ChangeCursor) -> TurnAnswer<()> {
        let (ledger, cursor) = (self.ledger.clone(), cursor.clone());
        self.ask_of(async move { ledger.free_cursor(&cursor).await }).await
    }

    async fn ask(&self, cursor: &ChangeCursor, gone: (i64, i64), of: i64) -> TurnAnswer<()> {
        let (ledger, cursor) = (self.ledger.clone(), cursor.clone());
        self.ask_of(async move { ledger.ask(&cursor, gone, of).await }).await
    }

    async fn removed_unasked(&self, kind: &'static Kind, since: Timestamp) -> TurnAnswer<i64> {
        let ledger = self.ledger.clone();
        self.ask_of(async move { ledger.removed_unasked(kind, since).await }).await
    }

    async fn reconcile(
        &self,
        cursor: &ChangeCursor,
        rows: Vec<MirroredRow>,
        asked_at: Timestamp,
    ) -> TurnAnswer<Option<Vec<RowOutcome>>> {
        let is_unseen = rows.iter().any(|row| row.seen == RowSighting::Unseen);
        if is_unseen && self.forgets_once.swap(false, Ordering::SeqCst) {
            return Err(LedgerError::Unavailable("the disk is full".to_owned()));
        }
        let (ledger, cursor) = (self.ledger.clone(), cursor.clone());
        self.ask_of(async move { ledger.reconcile(&cursor, rows, asked_at).await }).await
    }

    async fn delivered_before(
        &self,
        kind: &'static Kind,
        after: i64,
        before: Timestamp,
        most: usize,
    ) -> TurnAnswer<Vec<DeliveredRecord>> {
        let ledger = self.ledger.clone();
        self.ask_of(async move { ledger.delivered_before(kind, after, before, most).await }).await
    }

    async fn rejects(
        &self,
        tenant: TenantId,
        kind: Option<&'static Kind>,
        most: usize,
    ) -> TurnAnswer<Vec<Reject>> {
        let ledger = self.ledger.clone();
        self.ask_of(async move { ledger.rejects(tenant, kind, most).await }).await
    }

    async fn copied_at(&self) -> TurnAnswer<Option<Timestamp>> {
        Ok(*self.copied_at.lock().unwrap())
    }

    async fn in_line(
        &self,
        kind: &'static Kind,
        after: i64,
        most: usize,
    ) -> TurnAnswer<Vec<DeliveredRecord>> {
        let ledger = self.ledger.clone();
        self.ask_of(async move { ledger.in_line(kind, after, most).await }).await
    }

    async fn looked(&self) -> TurnAnswer<()> {
        *self.copied_at.lock().unwrap() = None;
        Ok(())
    }

    async fn spend(&self, cost: i64) -> TurnAnswer<()> {
        let ledger = self.ledger.clone();
        self.ask_of(async move { ledger.spend(cost).await }).await
    }

    async fn spent(&self, since: Timestamp) -> TurnAnswer<Vec<(Timestamp, i64)>> {
        let ledger = self.ledger.clone();
        self.ask_of(async move { ledger.spent(since).await }).await
    }
}
