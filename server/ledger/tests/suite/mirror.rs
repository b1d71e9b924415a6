//! Rows of Dataverse held against the ledger: echoes, what others wrote, and what neither of both is.

use std::time::Duration;

use ledger::{ChangeOutcome, MirroredRow, OutboxOperation, RowOutcome, RowSighting};
use model::{
    record::{Record, Stored},
    tenant::TenantId,
    time::{SECOND, Timestamp},
};
use uuid::Uuid;

use crate::subject::kind;
use crate::support::{Studio, T, TestStore, carries, run};

/// What Dataverse says of a row.
pub fn seen(id: Uuid, record: &Record) -> MirroredRow {
    MirroredRow::absent(T, id, RowSighting::Row(Box::new(record.clone())))
}

pub fn gone(id: Uuid) -> MirroredRow {
    MirroredRow::absent(T, id, RowSighting::Gone)
}

fn tokens(number: i64) -> Record {
    run("c", "r", "1", &format!(r#","createdAt":"2026-11-21T11:00:00Z","tokensIn":{number}"#))
}

fn tokens_of(stored: &Stored) -> i64 {
    stored.record.values()[6].number().unwrap()
}

const ELSEWHERE: Uuid = Uuid::from_u128(0x5b0c_0f3e_0d5c_4a0e_8a51_0000_0000_0001);

impl Studio {
    /// As of a page that is asked for now.
    pub async fn reconcile(&self, rows: Vec<MirroredRow>) -> Vec<RowOutcome> {
        self.reconcile_as_of(rows, self.now()).await
    }

    /// Under a cursor that is taken for it.
    pub async fn reconcile_as_of(&self, rows: Vec<MirroredRow>, asked_at: Timestamp) -> Vec<RowOutcome> {
        let cursor = self.ledger.take_cursor(kind(), Duration::ZERO).await.unwrap().unwrap();
        self.ledger.reconcile(&cursor, rows, asked_at).await.unwrap().unwrap()
    }

    async fn see(&self, id: Uuid, record: &Record) -> RowOutcome {
        self.reconcile(vec![seen(id, record)]).await[0]
    }

    /// A record that Dataverse acknowledged a while ago.
    async fn delivered(&self, record: Record) -> Uuid {
        let id = self.store(vec![record]).await[0].id;
        self.deliver().await;
        id
    }

    async fn deliver(&self) {
        self.ledger.delivered(&self.lease(10).await, self.now()).await.unwrap();
        self.pass(20 * SECOND).await;
    }

    async fn held(&self, id: Uuid) -> ledger::HeldRecord {
        self.ledger.read(T, kind(), id).await.unwrap().unwrap()
    }
}

pub async fn an_echo_confirms_once(store: TestStore) {
    let studio = Studio::open(store).await;
    let record = run("c", "r", "1", r#","createdAt":"2026-11-21T11:00:00.123456Z""#);
    let id = studio.delivered(record.clone()).await;
    let there = run("c", "r", "1", r#","createdAt":"2026-11-21T11:00:00Z""#);
    assert_eq!(studio.see(id, &there).await, RowOutcome::Confirmed);
    assert_eq!(studio.see(id, &there).await, RowOutcome::Known);
    assert_eq!(studio.held(id).await.stored.record.values(), record.values(), "ours is the finer time");
    let counts = studio.balanced().await;
    assert_eq!((counts.balance[0].confirmed, counts.unconfirmed), (1, 0));
    assert!(studio.ledger.unconfirmed(studio.now(), None, 10).await.unwrap().is_empty());
}

pub async fn foreign_rows_keep_their_id(store: TestStore) {
    let studio = Studio::open(store).await;
    let changes = studio.ledger.changes();
    assert_eq!(studio.see(ELSEWHERE, &tokens(1)).await, RowOutcome::Added);
    assert!(changes.has_changed().unwrap());
    assert_eq!(studio.see(ELSEWHERE, &tokens(1)).await, RowOutcome::Known);
    let id = tokens(1).own_id(T).unwrap();
    let counts = studio.balanced().await;
    let balance = &counts.balance[0];
    assert_eq!((balance.received, balance.mirrored, balance.durable, balance.delivered), (0, 1, 1, 0));
    assert_eq!((counts.pending, counts.unconfirmed), (0, 0));
    assert_eq!(studio.ledger.names(T, kind(), 0, None, 10).await.unwrap(), [("c".to_owned(), None)]);
    assert!(studio.lease(10).await.is_empty());

    studio.ledger.correct(T, id, tokens(2), None).await.unwrap();
    let parcels = studio.lease(10).await;
    assert_eq!((parcels[0].id, parcels[0].dataverse_id), (id, ELSEWHERE));
    studio.ledger.delivered(&parcels, studio.now()).await.unwrap();
    let waiting = studio.ledger.unconfirmed(studio.now(), None, 10).await.unwrap();
    assert_eq!(waiting[0].dataverse_id, ELSEWHERE);
    assert_eq!(studio.see(ELSEWHERE, &tokens(2)).await, RowOutcome::Confirmed);
    assert_eq!(studio.balanced().await.balance[0].delivered, 0, "it was there before we ever sent it");
}

pub async fn an_edit_there_replaces_what_is_here(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.delivered(tokens(1)).await;
    assert_eq!(studio.see(id, &tokens(2)).await, RowOutcome::Changed);
    let stored = studio.held(id).await.stored;
    assert_eq!((stored.revision, tokens_of(&stored)), (2, 2));
    let counts = studio.balanced().await;
    assert_eq!((counts.pending, counts.unconfirmed, counts.reflected.changed), (0, 0, 1));
    let was = studio.ask("SELECT replaced_by FROM studio.versions").await;
    assert_eq!(was, "mirror");
    assert_eq!(studio.see(id, &tokens(2)).await, RowOutcome::Known);
    let changed = studio.ledger.correct(T, id, tokens(3), Some(1)).await.unwrap();
    assert_eq!(changed, ChangeOutcome::RevisionMismatch { current: 2 });
}

pub async fn pages_older_than_our_write_decide_nothing(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.delivered(tokens(1)).await;
    studio.ledger.correct(T, id, tokens(2), None).await.unwrap();
    let asked_at = studio.now();
    studio.ledger.delivered(&studio.lease(1).await, studio.now()).await.unwrap();
    let reconcile = async |row: MirroredRow, at: Timestamp| studio.reconcile_as_of(vec![row], at).await[0];
    assert_eq!(reconcile(seen(id, &tokens(1)), asked_at).await, RowOutcome::Again);
    assert_eq!(reconcile(gone(id), asked_at).await, RowOutcome::Again);
    studio.pass(11 * SECOND).await;
    assert_eq!(reconcile(seen(id, &tokens(1)), studio.now()).await, RowOutcome::Known, "a late echo");
    assert_eq!(reconcile(seen(id, &tokens(3)), studio.now()).await, RowOutcome::Changed);
    assert_eq!(
        reconcile(seen(id, &tokens(1)), studio.now()).await,
        RowOutcome::Changed,
        "it was put back there"
    );
    studio.balanced().await;
}

pub async fn old_versions_are_no_late_echo(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.delivered(tokens(1)).await;
    studio.ledger.correct(T, id, tokens(2), None).await.unwrap();
    studio.ledger.delivered(&studio.lease(1).await, studio.now()).await.unwrap();
    let stands = || MirroredRow { stands: true, ..seen(id, &tokens(1)) };
    assert_eq!(
        studio.reconcile(vec![stands()]).await,
        [RowOutcome::Again],
        "it may be older than our own write"
    );
    studio.pass(11 * SECOND).await;
    assert_eq!(studio.reconcile(vec![stands()]).await, [RowOutcome::Requeued]);
    let stored = studio.held(id).await.stored;
    assert_eq!((stored.revision, tokens_of(&stored)), (2, 2), "the newest wins");
    let counts = studio.balanced().await;
    assert_eq!((counts.pending, counts.reflected.kept_out), (1, 1));
    assert_eq!(studio.reconcile(vec![stands()]).await, [RowOutcome::Known], "it is on its way already");
    studio.ledger.delivered(&studio.lease(1).await, studio.now()).await.unwrap();
    let other = MirroredRow { stands: true, ..seen(id, &tokens(3)) };
    studio.pass(11 * SECOND).await;
    assert_eq!(
        studio.reconcile(vec![other]).await,
        [RowOutcome::Changed],
        "what we never said is another program's"
    );
    studio.balanced().await;
}

pub async fn newer_changes_here_win(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.delivered(tokens(1)).await;
    studio.ledger.correct(T, id, tokens(2), None).await.unwrap();
    assert_eq!(studio.see(id, &tokens(1)).await, RowOutcome::Known, "what it was");
    assert_eq!(studio.see(id, &tokens(2)).await, RowOutcome::Known, "what it will be");
    assert_eq!(studio.see(id, &tokens(9)).await, RowOutcome::KeptOut);
    assert_eq!(studio.reconcile(vec![gone(id)]).await, [RowOutcome::KeptOut]);
    assert_eq!(studio.balanced().await.reflected.kept_out, 2);
    let parcels = studio.lease(1).await;
    assert_eq!(tokens_of(carries(&parcels[0]).unwrap()), 2);
    studio.ledger.dead(&[(parcels[0].clone(), "no".into())]).await.unwrap();
    assert_eq!(studio.see(id, &tokens(8)).await, RowOutcome::KeptOut, "nor is a dead letter given up");
    assert_eq!(studio.balanced().await.dead, 1);
}

pub async fn what_is_deleted_there_is_withdrawn_here(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.delivered(tokens(1)).await;
    assert_eq!(studio.reconcile(vec![gone(id)]).await, [RowOutcome::Withdrawn]);
    assert_eq!(studio.reconcile(vec![gone(id), gone(ELSEWHERE)]).await, [RowOutcome::Known; 2]);
    assert_eq!(studio.held(id).await.withdrawn_at, Some(studio.now()));
    let counts = studio.balanced().await;
    assert_eq!((counts.pending, counts.unconfirmed, counts.balance[0].deleted), (0, 0, 1));
    assert_eq!(counts.reflected.withdrawn, 1);
    assert_eq!(studio.see(id, &tokens(5)).await, RowOutcome::Changed, "it was made there again");
    assert_eq!(studio.held(id).await.withdrawn_at, None);
    studio.balanced().await;
}

pub async fn our_deletions_are_confirmed(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.delivered(tokens(1)).await;
    studio.ledger.withdraw(T, kind(), id, None).await.unwrap();
    assert_eq!(studio.see(id, &tokens(1)).await, RowOutcome::Known);
    assert_eq!(studio.reconcile(vec![gone(id)]).await, [RowOutcome::Known], "another program was faster");
    studio.deliver().await;
    assert_eq!(studio.see(id, &tokens(1)).await, RowOutcome::Known, "a late echo");
    assert_eq!(studio.reconcile(vec![gone(id)]).await, [RowOutcome::Confirmed]);
    assert_eq!(studio.balanced().await.unconfirmed, 0);
}

pub async fn what_is_lost_there_is_sent_again(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.delivered(tokens(1)).await;
    assert_eq!(studio.see(id, &tokens(1)).await, RowOutcome::Confirmed);
    let lost = MirroredRow { seen: RowSighting::Lost, ..gone(id) };
    assert_eq!(studio.reconcile(vec![lost]).await, [RowOutcome::Requeued]);
    let counts = studio.balanced().await;
    assert_eq!((counts.pending, counts.balance[0].pending, counts.balance[0].confirmed), (1, 0, 0));
    let parcels = studio.lease(1).await;
    assert!(matches!(parcels[0].operation, OutboxOperation::Upsert(_)));
    studio.ledger.delivered(&parcels, studio.now()).await.unwrap();
    assert_eq!(studio.see(id, &tokens(1)).await, RowOutcome::Confirmed);
    assert_eq!(studio.balanced().await.balance[0].delivered, 1);
}

pub async fn same_key_rows_are_matched(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.store(vec![tokens(1)]).await[0].id;
    assert_eq!(studio.see(ELSEWHERE, &tokens(1)).await, RowOutcome::Known);
    let parcels = studio.lease(1).await;
    assert_eq!((parcels[0].id, parcels[0].dataverse_id), (id, ELSEWHERE));
    studio.ledger.delivered(&parcels, studio.now()).await.unwrap();
    assert_eq!(studio.balanced().await.balance[0].delivered, 1);

    let other = Uuid::from_u128(77);
    assert_eq!(studio.see(other, &tokens(4)).await, RowOutcome::Refused);
    let rejects = studio.ledger.rejects(T, None, 10).await.unwrap();
    assert_eq!(rejects[0].dataverse_id, other);
    assert!(rejects[0].reason.contains(&ELSEWHERE.to_string()), "{}", rejects[0].reason);
    assert_eq!(studio.delivery_counts().await.reflected.rejected, 1);

    // Deleted and made anew, in one page: the new row takes the old one's place.
    studio.pass(11 * SECOND).await;
    let answers = studio.reconcile(vec![gone(ELSEWHERE), seen(other, &tokens(4))]).await;
    assert_eq!(answers, [RowOutcome::Withdrawn, RowOutcome::Changed]);
    assert_eq!((studio.list(10).await.len(), studio.delivery_counts().await.reflected.rejected), (1, 0));
    assert_eq!(studio.see(other, &tokens(4)).await, RowOutcome::Known);
    studio.balanced().await;
}

pub async fn rows_met_on_their_way_are_looked_at_again(store: TestStore) {
    let studio = Studio::open(store).await;
    studio.store(vec![tokens(1)]).await;
    let lent = studio.lease(1).await;
    let id = lent[0].dataverse_id;
    assert_eq!(studio.see(id, &tokens(1)).await, RowOutcome::Underway);
    studio.ledger.delivered(&lent, studio.now()).await.unwrap();
    assert_eq!(studio.see(id, &tokens(1)).await, RowOutcome::Confirmed);
    assert_eq!(studio.balanced().await.balance[0].confirmed, 1);
}

pub async fn same_key_rows_beside_ours_are_refused(store: TestStore) {
    let studio = Studio::open(store).await;
    studio.store(vec![tokens(1)]).await;
    let lent = studio.lease(1).await;
    assert_eq!(studio.see(ELSEWHERE, &tokens(1)).await, RowOutcome::Again, "ours is on its way");
    studio.ledger.handed_back(&lent).await.unwrap();
    assert_eq!(studio.see(ELSEWHERE, &tokens(1)).await, RowOutcome::Refused, "it may have arrived");
    let parcels = studio.lease(1).await;
    assert_eq!(parcels[0].dataverse_id, parcels[0].id);
    studio.ledger.delivered(&parcels, studio.now()).await.unwrap();
    assert_eq!(studio.balanced().await.balance[0].delivered, 1);
}

pub async fn rejects_are_kept_until_valid(store: TestStore) {
    let studio = Studio::open(store).await;
    let refused = |reason: &str| MirroredRow {
        seen: RowSighting::Refused { reason: reason.to_owned(), content: "ü".repeat(9_000) },
        ..gone(ELSEWHERE)
    };
    assert_eq!(studio.reconcile(vec![refused("no phase")]).await, [RowOutcome::Refused]);
    studio.pass(SECOND).await;
    assert_eq!(studio.reconcile(vec![refused("no run")]).await, [RowOutcome::Refused]);
    let rejects = studio.ledger.rejects(T, None, 10).await.unwrap();
    assert_eq!((rejects.len(), rejects[0].reason.as_str(), rejects[0].at), (1, "no run", studio.now()));
    assert_eq!(rejects[0].content.len(), 8 * 1024);
    assert_eq!(studio.balanced().await.balance[0].durable, 0);
    assert_eq!(studio.see(ELSEWHERE, &tokens(1)).await, RowOutcome::Added);
    assert!(studio.ledger.rejects(T, None, 10).await.unwrap().is_empty());
    let moved = studio.see(ELSEWHERE, &run("c", "another", "1", "")).await;
    assert_eq!(moved, RowOutcome::Refused, "a key that changed there is another record");
    let other = MirroredRow { tenant: TenantId(Uuid::from_u128(9)), ..seen(ELSEWHERE, &tokens(1)) };
    assert_eq!(studio.reconcile(vec![other]).await, [RowOutcome::Refused], "nor does it change hands");
    assert_eq!(studio.see(ELSEWHERE, &tokens(1)).await, RowOutcome::Known);
    assert!(studio.ledger.rejects(T, None, 10).await.unwrap().is_empty());
}

pub async fn flows_late_deliveries_are_deleted(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.store(vec![tokens(1)]).await[0].id;
    studio.ledger.withdraw(T, kind(), id, None).await.unwrap();
    assert_eq!(studio.balanced().await.balance[0].deleted_unsent, 1);
    assert_eq!(studio.see(id, &tokens(1)).await, RowOutcome::Requeued);
    let balance = studio.balanced().await.balance.remove(0);
    assert_eq!((balance.deleted_unsent, balance.delivered, balance.confirmed), (0, 1, 0));
    assert_eq!(studio.see(id, &tokens(1)).await, RowOutcome::Known, "its deletion is on its way");
    let parcels = studio.lease(10).await;
    assert!(matches!(parcels[0].operation, OutboxOperation::Delete));
    studio.ledger.delivered(&parcels, studio.now()).await.unwrap();
    studio.pass(20 * SECOND).await;
    assert_eq!(studio.reconcile(vec![gone(id)]).await, [RowOutcome::Confirmed]);
    assert_eq!((studio.list(10).await.len(), studio.balanced().await.unconfirmed), (0, 0));
}

pub async fn flow_withdrawals_keep_their_deletion(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.store(vec![tokens(1)]).await[0].id;
    assert_eq!(studio.delivery_counts().await.oldest_first, Some(studio.now()));
    studio.ledger.clone().fetched_by_others().withdraw(T, kind(), id, None).await.unwrap();
    let counts = studio.balanced().await;
    assert_eq!((counts.pending, counts.oldest_first), (1, None), "no flow can fetch it any more");
    assert!(matches!(studio.lease(1).await[0].operation, OutboxOperation::Delete));
}

pub async fn absence_is_not_deletion(store: TestStore) {
    let studio = Studio::open(store).await;
    let unseen = |id: Uuid| MirroredRow::absent(T, id, RowSighting::Unseen);
    let id = studio.delivered(tokens(1)).await;
    assert_eq!(
        studio.reconcile(vec![unseen(id)]).await,
        [RowOutcome::Requeued],
        "it may never have been there"
    );
    assert_eq!(studio.reconcile(vec![unseen(id)]).await, [RowOutcome::Known], "it is on its way");
    let counts = studio.balanced().await;
    assert_eq!((counts.pending, counts.reflected.resent, counts.reflected.withdrawn), (1, 1, 0));
    assert!(matches!(studio.lease(1).await[0].operation, OutboxOperation::Upsert(_)));
    studio.pass(61 * SECOND).await;
    studio.deliver().await;
    assert_eq!(studio.see(id, &tokens(1)).await, RowOutcome::Confirmed);
    assert_eq!(studio.reconcile(vec![unseen(id)]).await, [RowOutcome::Missing], "it was there");
    let counts = studio.balanced().await;
    assert_eq!((counts.pending, counts.unconfirmed, counts.reflected.withdrawn), (0, 0, 0));
    assert_eq!(studio.list(10).await.len(), 1, "nothing becomes of it until a person says so");
    let released = MirroredRow::absent(T, id, RowSighting::Released);
    assert_eq!(studio.reconcile(vec![released]).await, [RowOutcome::Withdrawn]);
    assert_eq!(studio.ledger.removed_unasked(kind(), studio.now()).await.unwrap(), 0);
    let id = studio.delivered(run("c", "deleted unread", "1", "")).await;
    assert_eq!(studio.reconcile(vec![gone(id)]).await, [RowOutcome::Withdrawn]);
    assert_eq!(studio.ledger.removed_unasked(kind(), studio.now()).await.unwrap(), 1);
    let counts = studio.balanced().await;
    let balance = &counts.balance[0];
    let unread = (counts.unconfirmed, balance.unconfirmed());
    assert_eq!((balance.confirmed, unread), (1, (0, 0)), "it was never read back");
}

pub async fn lost_writes_are_sent_again(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.delivered(tokens(1)).await;
    studio.see(id, &tokens(1)).await;
    let yesterday = studio.now();
    studio.pass(3_600 * SECOND).await;
    studio.ledger.correct(T, id, tokens(2), None).await.unwrap();
    studio.deliver().await;
    studio.see(id, &tokens(2)).await;
    let put_back = MirroredRow { modified_at: Some(yesterday), ..seen(id, &tokens(1)) };
    assert_eq!(studio.reconcile(vec![put_back]).await, [RowOutcome::Requeued]);
    assert_eq!(tokens_of(carries(&studio.lease(1).await[0]).unwrap()), 2);
    studio.pass(61 * SECOND).await;
    studio.deliver().await;
    studio.see(id, &tokens(2)).await;
    let edited = MirroredRow { modified_at: Some(studio.now()), ..seen(id, &tokens(1)) };
    let in_a_whole_table = MirroredRow { is_whole: true, ..edited.clone() };
    assert_eq!(studio.reconcile(vec![in_a_whole_table]).await, [RowOutcome::Requeued], "not written since");
    studio.deliver().await;
    studio.see(id, &tokens(2)).await;
    assert_eq!(studio.reconcile(vec![edited]).await, [RowOutcome::Changed], "a person put it back");
    studio.ledger.withdraw(T, kind(), id, None).await.unwrap();
    studio.ledger.delivered(&studio.lease(1).await, studio.now()).await.unwrap();
    studio.reconcile(vec![gone(id)]).await;
    // However short a time ago that was.
    let back = MirroredRow { is_whole: true, ..seen(id, &tokens(1)) };
    assert_eq!(studio.reconcile(vec![back]).await, [RowOutcome::Requeued], "what was withdrawn stays so");
    assert!(matches!(studio.lease(1).await[0].operation, OutboxOperation::Delete));
    studio.balanced().await;
}

pub async fn reads_under_ended_leases_are_refused(store: TestStore) {
    let studio = Studio::open(store).await;
    let id = studio.delivered(tokens(1)).await;
    let late = studio.ledger.take_cursor(kind(), Duration::from_secs(1)).await.unwrap().unwrap();
    studio.pass(2 * SECOND).await;
    assert_eq!(studio.see(id, &tokens(2)).await, RowOutcome::Changed, "by another process");
    let old = vec![seen(id, &tokens(1)), seen(ELSEWHERE, &run("c", "old", "1", ""))];
    assert_eq!(studio.ledger.reconcile(&late, old, studio.now()).await.unwrap(), None);
    assert_eq!(tokens_of(&studio.held(id).await.stored), 2);
    assert_eq!(studio.list(10).await.len(), 1);
}

pub async fn a_page_is_decided_in_its_order(store: TestStore) {
    let studio = Studio::open(store).await;
    let other = Uuid::from_u128(78);
    let answers = studio
        .reconcile(vec![
            seen(ELSEWHERE, &tokens(1)),
            seen(ELSEWHERE, &tokens(1)),
            seen(other, &tokens(1)),
            gone(Uuid::from_u128(79)),
        ])
        .await;
    assert_eq!(answers, [RowOutcome::Added, RowOutcome::Known, RowOutcome::Refused, RowOutcome::Known]);
    assert_eq!(studio.balanced().await.balance[0].mirrored, 1);
}

pub async fn one_records_rows_are_decided_together(store: TestStore) {
    let studio = Studio::open(store).await;
    let rows = |from: u128| (from..from + 1_000).map(|id| seen(Uuid::from_u128(id), &tokens(3))).collect();
    let reflected = studio.reconcile(rows(1)).await;
    assert_eq!(reflected[0], RowOutcome::Added);
    assert!(
        reflected[1..].iter().all(|reflected| *reflected == RowOutcome::Refused),
        "none is left for later"
    );
    // The record is known by now, and so are the first thousand rows.
    let reflected = studio.reconcile(rows(501)).await;
    assert!(reflected.iter().all(|reflected| *reflected == RowOutcome::Refused));
    let counts = studio.balanced().await;
    assert_eq!((counts.balance[0].durable, counts.reflected.rejected), (1, 1_499));
}

pub async fn deletions_find_their_tenant(store: TestStore) {
    let studio = Studio::open(store).await;
    let other = TenantId(Uuid::from_u128(9));
    let id = studio.ledger.store(other, vec![tokens(1)]).await.unwrap()[0].id;
    studio.deliver().await;
    assert_eq!(studio.reconcile(vec![gone(id)]).await, [RowOutcome::Withdrawn]);
    let counts = studio.ledger.delivery_counts(other).await.unwrap();
    assert_eq!((counts.balance[0].deleted, counts.balance[0].unaccounted()), (1, 0));
    studio.balanced().await;
}

pub async fn full_reads_list_what_they_must_meet(store: TestStore) {
    let studio = Studio::open(store).await;
    studio.store((0..6).map(|n| run("c", &n.to_string(), "1", "")).collect()).await;
    let parcels = studio.lease(5).await;
    studio.ledger.delivered(&parcels[..4], studio.now()).await.unwrap();
    studio.ledger.withdraw(T, kind(), parcels[0].id, None).await.unwrap();
    studio.ledger.correct(T, parcels[1].id, run("c", "1", "1", r#","tokensIn":5"#), None).await.unwrap();
    studio.see(ELSEWHERE, &tokens(1)).await;
    let later = studio.now().plus(1);
    let there = studio.ledger.delivered_before(kind(), 0, later, 10).await.unwrap();
    let ids: Vec<Uuid> = there.iter().map(|there| there.dataverse_id).collect();
    assert_eq!(ids, [parcels[2].id, parcels[3].id, ELSEWHERE]);
    assert_eq!((there[2].id, there[2].tenant), (tokens(1).own_id(T).unwrap(), T));
    let rest = studio.ledger.delivered_before(kind(), there[0].position, later, 1).await.unwrap();
    assert_eq!(rest, there[1..2]);
    assert!(studio.ledger.delivered_before(kind(), 0, studio.now(), 10).await.unwrap().is_empty());
}
