//! The ledger's face: what the server and the relay may ask of it, whichever store stands behind.

use std::{path::PathBuf, sync::Arc, time::Duration};

use model::{
    calendar::Window,
    clock::Clock,
    history::{Filter, History},
    record::{Kind, Kinds, Record},
    rng::Random,
    tenant::TenantId,
    time::Timestamp,
};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    Answer, Change, DeadLetter, Handling, Health, Held, HourBalance, LedgerError, ListAsk, Mark, OpenError,
    Outcome, Page, Parcel, Place, Question, Reflected, Reflection, Refusal, Reject, Standing, There,
    Unconfirmed,
    command::{Settlement, Target, Ticket},
    database::Database,
    desk::Desk,
    marks::Errand,
    opening::Opening,
    postgres::Postgres,
    reflection,
    sqlite::Sqlite,
};

/// Where the ledger lives.
#[derive(Clone, Debug)]
pub enum Settings {
    /// Holds `ledger.sqlite` and its lock; made when it is missing. One process's at a time.
    Folder(PathBuf),
    /// PostgreSQL, which any number of processes share.
    Database(Database),
}

/// Which store it is.
enum Store {
    Folder(Sqlite),
    Database(Postgres),
}

/// Asks whichever store it is: every store has the same questions.
macro_rules! either {
    ($ledger:ident, $store:ident => $question:expr) => {
        match &*$ledger.store {
            Store::Folder($store) => $question,
            Store::Database($store) => $question,
        }
    };
}

mod identity;

/// Durable records of every kind. Cheap to clone; every clone is the same ledger.
///
/// Every question may be answered by a `LedgerError`, which says why there is no answer now; then nothing was kept.
#[derive(Clone)]
pub struct Ledger {
    store: Arc<Store>,
    place: Arc<Place>,
    changes: watch::Sender<u64>,
    /// Others fetch what waits, without a lease: nothing tells what they have in hand.
    fetched: bool,
}

impl Ledger {
    /// Opens the ledger and brings its schema up to date. A folder is this process's alone, so that the leases of the
    /// process before are taken back; in a database they run out.
    ///
    /// # Errors
    /// Each says what to do about it.
    pub async fn open(
        kinds: Kinds,
        settings: Settings,
        clock: Arc<dyn Clock>,
        random: impl Random,
    ) -> Result<Self, OpenError> {
        let changes = watch::Sender::new(0);
        let opening = Opening { kinds, clock, random: Arc::new(random), changes: changes.clone() };
        let place = Arc::new(settings.place());
        let store = match settings {
            Settings::Folder(folder) => Store::Folder(Sqlite::open(folder, opening).await?),
            Settings::Database(database) => Store::Database(Postgres::open(database, opening).await?),
        };
        Ok(Self { store: Arc::new(store), place, changes, fetched: false })
    }

    /// Where a flow fetches what waits: what is withdrawn may be in its hands, so that its deletion waits in any case.
    #[must_use]
    pub fn fetched_by_others(self) -> Self {
        Self { fetched: true, ..self }
    }

    /// Finishes what was taken on, folds the file together and frees the folder. Whoever asks later gets `Closed`.
    pub async fn close(&self) {
        either!(self, store => store.close().await);
    }

    /// Takes records of one kind in. One call is one request: its records are decided in order, as if sent one after another, and
    /// it is answered when all that is new is on disk.
    pub async fn store(&self, tenant: TenantId, records: Vec<Record>) -> Result<Vec<Outcome>, LedgerError> {
        self.desk().store(tenant, records).await
    }

    /// Puts `record` in the place of what `id` says now. A time that was left out counts as the stored one.
    pub async fn correct(
        &self,
        tenant: TenantId,
        id: Uuid,
        record: Record,
        expected_revision: Option<i64>,
    ) -> Result<Change, LedgerError> {
        let target = Target { tenant, kind: record.kind(), id, expected_revision };
        self.desk().correct(target, record).await
    }

    /// Takes a record out of every list and figure. What it was stays in the ledger.
    pub async fn withdraw(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        id: Uuid,
        expected_revision: Option<i64>,
    ) -> Result<Change, LedgerError> {
        self.desk().withdraw(Target { tenant, kind, id, expected_revision }, self.fetched).await
    }

    /// One record, withdrawn or not.
    pub async fn read(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        id: Uuid,
    ) -> Result<Option<Held>, LedgerError> {
        either!(self, store => store.read(tenant, kind, id).await)
    }

    /// Records, newest first.
    pub async fn list(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        ask: &ListAsk,
    ) -> Result<Page, LedgerError> {
        either!(self, store => store.list(tenant, kind, ask).await)
    }

    /// The campaign runs of a window and of the stretch before it, added up by bucket.
    pub async fn history(
        &self,
        tenant: TenantId,
        window: &Window,
        filter: &Filter,
    ) -> Result<History, LedgerError> {
        either!(self, store => store.history(tenant, window, filter).await)
    }

    /// What the kind's `pointer` points at, as far as there are records of it: ids and names, `most` of them. For a
    /// text the one whose id it is; else those that contain it, first those that are called just that. Latin capitals and
    /// small letters are the same then. Without a text all, and those first that were named last.
    pub async fn names(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        pointer: usize,
        text: Option<&str>,
        most: usize,
    ) -> Result<Vec<(String, Option<String>)>, LedgerError> {
        either!(self, store => store.names(tenant, kind, pointer, text, most).await)
    }

    /// Moves with every change of this process that can change a figure, a list or the balance, once it is committed, and
    /// when writing stops or goes on.
    /// What other processes write into the same database moves nothing here: look again after a while.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Where a tenant's records stand, all figures of one moment.
    pub async fn standing(&self, tenant: TenantId) -> Result<Standing, LedgerError> {
        either!(self, store => store.standing(tenant).await)
    }

    /// The balance of each hour from then on, of 48 hours at the most: oldest first, each kind's after the other's.
    pub async fn hours(&self, tenant: TenantId, from: Timestamp) -> Result<Vec<HourBalance>, LedgerError> {
        either!(self, store => store.hours(tenant, from).await)
    }

    /// Looks after what is counted while it is not waited for: counts anew what is counted as it changes, adds up hours
    /// older than a week, and lets receipts older than three days go. Says of how many hours the backlog was counted wrong;
    /// it is right afterwards.
    pub async fn tend(&self) -> Result<usize, LedgerError> {
        either!(self, store => store.tend().await)
    }

    /// How writing goes, as its last attempts came out. Kept until a write of the same sort succeeds.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<Health> {
        self.desk().health()
    }

    /// Whether the ledger reads and writes now.
    pub async fn healthy(&self) -> Result<(), LedgerError> {
        either!(self, store => store.healthy().await)
    }

    /// How many bytes wait in a log for their place in the ledger's file; none where the ledger is no file.
    #[must_use]
    pub fn log_size(&self) -> Option<u64> {
        match &*self.store {
            Store::Folder(store) => Some(store.log_size()),
            Store::Database(_) => None,
        }
    }

    /// How much waits to be written, in bytes, and for how long the oldest of it has.
    #[must_use]
    pub fn queue(&self) -> (usize, Duration) {
        self.desk().backlog()
    }

    /// Lends out up to `most` parcels, oldest first, fairly between tenants, for so long.
    pub async fn lease(&self, most: usize, hold: Duration) -> Result<Vec<Parcel>, LedgerError> {
        self.desk().lease(most, hold).await
    }

    /// Dataverse acknowledged these. Those whose lease is no longer theirs are passed over, here and below.
    pub async fn delivered(&self, parcels: &[Parcel], at: Timestamp) -> Result<(), LedgerError> {
        self.desk().settle(tickets(parcels), Settlement::Delivered { at }).await
    }

    /// An attempt of these failed; they are tried again from `until` on.
    pub async fn postponed(&self, parcels: &[Parcel], until: Timestamp) -> Result<(), LedgerError> {
        self.desk().settle(tickets(parcels), Settlement::Postponed { until }).await
    }

    /// Nothing became of these, by no fault of theirs: each is back at its place in the line.
    pub async fn handed_back(&self, parcels: &[Parcel]) -> Result<(), LedgerError> {
        self.desk().settle(tickets(parcels), Settlement::HandedBack).await
    }

    /// Dataverse refuses these for good, each for its reason.
    pub async fn dead(&self, parcels: &[(Parcel, Refusal)]) -> Result<(), LedgerError> {
        let tickets = parcels
            .iter()
            .map(|(parcel, refusal)| Ticket { refusal: Some(refusal.clone()), ..Ticket::of(parcel) })
            .collect();
        self.desk().settle(tickets, Settlement::Dead).await
    }

    /// What Dataverse refused and nobody gave up, newest first.
    pub async fn dead_letters(&self, tenant: TenantId, most: usize) -> Result<Vec<DeadLetter>, LedgerError> {
        either!(self, store => store.dead_letters(tenant, most).await)
    }

    /// The dead letter of one record, unless it was given up.
    pub async fn dead_letter(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        id: Uuid,
    ) -> Result<Option<DeadLetter>, LedgerError> {
        either!(self, store => store.dead_letter(tenant, kind, id).await)
    }

    /// Sends a dead letter once more, and notes who wanted that. Says whether there was one.
    pub async fn resend(
        &self,
        tenant: TenantId,
        kind: &'static Kind,
        id: Uuid,
        by: &str,
    ) -> Result<bool, LedgerError> {
        self.desk().resend(Target::any(tenant, kind, id), by.to_owned()).await
    }

    /// Sends up to `most` dead letters once more, all of them in one transaction, and notes for each who wanted that.
    /// Says how many there were.
    pub async fn resend_all(&self, tenant: TenantId, most: usize, by: &str) -> Result<u64, LedgerError> {
        self.desk().resend_all(tenant, most, by.to_owned()).await
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
        self.desk().drop_letter(Target::any(tenant, kind, id), by.to_owned()).await
    }

    /// Corrects a record that Dataverse refused, which sends it again, and notes who did.
    pub async fn mend(
        &self,
        tenant: TenantId,
        id: Uuid,
        record: Record,
        expected_revision: Option<i64>,
        by: &str,
    ) -> Result<Change, LedgerError> {
        let target = Target { tenant, kind: record.kind(), id, expected_revision };
        self.desk().mend(target, record, by.to_owned()).await
    }

    /// What people did about dead letters and questions, newest first.
    pub async fn handlings(&self, tenant: TenantId, most: usize) -> Result<Vec<Handling>, LedgerError> {
        either!(self, store => store.handlings(tenant, most).await)
    }

    /// Takes the mark of a table's changes for so long; none while another process holds it.
    pub async fn take_mark(&self, kind: &'static Kind, hold: Duration) -> Result<Option<Mark>, LedgerError> {
        self.desk().mark(kind, Errand::Take { hold }).await
    }

    /// Holds a mark for so long from now on. Says whether it is still on loan to the asker, here and below.
    pub async fn hold_mark(&self, mark: &Mark, hold: Duration) -> Result<bool, LedgerError> {
        self.run(mark, Errand::Hold { epoch: mark.epoch, hold }).await
    }

    /// Keeps where the reading ended, holds the mark for so long from now on, and settles what was asked. Without a link
    /// the reading starts over.
    pub async fn keep_mark(
        &self,
        mark: &Mark,
        link: Option<&str>,
        hold: Duration,
    ) -> Result<bool, LedgerError> {
        let link = link.map(str::to_owned);
        self.run(mark, Errand::Keep { epoch: mark.epoch, link, hold }).await
    }

    /// Gives a mark back.
    pub async fn free_mark(&self, mark: &Mark) -> Result<(), LedgerError> {
        self.run(mark, Errand::Free { epoch: mark.epoch }).await.map(|_| ())
    }

    /// Asks people whether `gone` of `of` records are to go, `unseen` of which Dataverse never said to be deleted. What was
    /// asked already stays as it was.
    pub async fn ask(&self, mark: &Mark, (gone, unseen): (i64, i64), of: i64) -> Result<(), LedgerError> {
        self.run(mark, Errand::Ask { epoch: mark.epoch, gone, unseen, of }).await.map(|_| ())
    }

    /// Answers what was asked about a table, and notes who did; `keep`: deletions are taken that way from now on, without
    /// asking. Says whether anything was asked.
    pub async fn answer(
        &self,
        kind: &'static Kind,
        answer: Answer,
        keep: bool,
        by: &str,
    ) -> Result<bool, LedgerError> {
        let by = by.to_owned();
        Ok(self.desk().mark(kind, Errand::Answer { answer, keep, by }).await?.is_some())
    }

    /// Asks about many deletions of a table again, and notes who wanted that. Says whether an answer had been kept.
    pub async fn ask_again(&self, kind: &'static Kind, by: &str) -> Result<bool, LedgerError> {
        let by = by.to_owned();
        Ok(self.desk().mark(kind, Errand::AskAgain { by }).await?.is_some())
    }

    /// The answers that were kept for good.
    pub async fn policies(&self) -> Result<Vec<(&'static Kind, Answer)>, LedgerError> {
        either!(self, store => store.policies().await)
    }

    /// How many records went because they were deleted there, since then, without a person having said so; the hour of
    /// `since` is the first.
    pub async fn removed_unasked(&self, kind: &'static Kind, since: Timestamp) -> Result<i64, LedgerError> {
        either!(self, store => store.removed_unasked(kind, since).await)
    }

    /// What is asked, or was answered and is not done yet.
    pub async fn questions(&self) -> Result<Vec<(&'static Kind, Question)>, LedgerError> {
        either!(self, store => store.questions().await)
    }

    /// Holds rows of Dataverse against the ledger, all of them in one transaction, and says what became of each; none where
    /// the mark under which they were read is another process's by now. `asked_at`: when they were asked for, or before that.
    pub async fn reflect(
        &self,
        mark: &Mark,
        rows: Vec<Reflection>,
        asked_at: Timestamp,
    ) -> Result<Option<Vec<Reflected>>, LedgerError> {
        self.desk().reflect(reflection::Page::new(mark, rows, asked_at)).await
    }

    /// The records that a full read must have met: acknowledged before then, with nothing on the way. By position, those
    /// after `after`.
    pub async fn standing_there(
        &self,
        kind: &'static Kind,
        after: i64,
        before: Timestamp,
        most: usize,
    ) -> Result<Vec<There>, LedgerError> {
        either!(self, store => store.standing_there(kind, after, before, most).await)
    }

    /// Rows of Dataverse that are no records of ours, newest first; of one kind, or of all.
    pub async fn rejects(
        &self,
        tenant: TenantId,
        kind: Option<&'static Kind>,
        most: usize,
    ) -> Result<Vec<Reject>, LedgerError> {
        either!(self, store => store.rejects(tenant, kind, most).await)
    }

    /// What Dataverse acknowledged up to then and what was not read back yet, kind by kind and oldest first: those after
    /// `after`, whatever became of that.
    pub async fn unconfirmed(
        &self,
        until: Timestamp,
        after: Option<&Unconfirmed>,
        most: usize,
    ) -> Result<Vec<Unconfirmed>, LedgerError> {
        either!(self, store => store.unconfirmed(until, after, most).await)
    }

    /// These were read back as they should be. Says how many were news: what was corrected meanwhile is passed over.
    pub async fn confirmed(&self, read: &[Unconfirmed]) -> Result<u64, LedgerError> {
        self.desk().confirmed(read).await
    }

    /// Adds to this hour what requests to Dataverse cost, for all tenants together.
    pub async fn spend(&self, cost: i64) -> Result<(), LedgerError> {
        self.desk().spend(cost).await
    }

    /// What requests to Dataverse cost, by the hour (UTC) that began then, oldest first; the hour of `since` is the first.
    pub async fn spent(&self, since: Timestamp) -> Result<Vec<(Timestamp, i64)>, LedgerError> {
        either!(self, store => store.spent(since).await)
    }

    async fn run(&self, mark: &Mark, errand: Errand) -> Result<bool, LedgerError> {
        Ok(self.desk().mark(mark.kind, errand).await?.is_some())
    }

    fn desk(&self) -> &Desk {
        either!(self, store => &store.desk)
    }
}

fn tickets(parcels: &[Parcel]) -> Vec<Ticket> {
    parcels.iter().map(Ticket::of).collect()
}
