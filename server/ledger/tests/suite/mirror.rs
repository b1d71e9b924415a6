//! Rows of Dataverse held against the ledger: echoes, what others wrote, and what neither of both is.

use std::time::Duration;

use ledger::{Change, Operation, Reflected, Reflection, Seen};
use model::{
    record::{Record, Stored},
    tenant::TenantId,
    time::{SECOND, Timestamp},
};
use uuid::Uuid;

use crate::subject::kind;
use crate::support::{HOLD, Store, Studio, T, carries, run};

/// What Dataverse says of a row.
pub fn seen(id: Uuid, record: &Record) -> Reflection {
    Reflection::absent(T, id, Seen::Row(Box::new(record.clone())))
}

pub fn gone(id: Uuid) -> Reflection {
    Reflection::absent(T, id, Seen::Gone)
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
    pub async fn reflect(&self, rows: Vec<Reflection>) -> Vec<Reflected> {
        self.reflect_as_of(rows, self.now()).await
    }

    /// Under a mark that is taken for it.
    pub async fn reflect_as_of(&self, rows: Vec<Reflection>, asked_at: Timestamp) -> Vec<Reflected> {
        let mark = self.ledger.take_mark(kind(), Duration::ZERO).await.unwrap().unwrap();
        self.ledger.reflect(&mark, rows, asked_at).await.unwrap().unwrap()
    }

    async fn see(&self, id: Uuid, record: &Record) -> Reflected {
        self.reflect(vec![seen(id, record)]).await[0]
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

    async fn held(&self, id: Uuid) -> ledger::Held {
        self.ledger.read(T, kind(), id).await.unwrap().unwrap()
    }
}

pub async fn an_echo_confirms_once(store: Store) {
    let studio = Studio::open(store).await;
    let record = run("c", "r", "1", r#","createdAt":"2026-11-21T11:00:00.123456Z""#);
    let id = studio.delivered(record.clone()).await;
    let there = run("c", "r", "1", r#","createdAt":"2026-11-21T11:00:00Z""#);
    assert_eq!(studio.see(id, &there).await, Reflected::Confirmed);
    assert_eq!(studio.see(id, &there).await, Reflected::Known);
    assert_eq!(studio.held(id).await.stored.record.values(), record.values(), "ours is the finer time");
    let standing = studio.balanced().await;
    assert_eq!((standing.balance[0].confirmed, standing.unconfirmed), (1, 0));
    assert!(studio.ledger.unconfirmed(studio.now(), None, 10).await.unwrap().is_empty());
}

pub async fn what_others_made_comes_in_and_goes_back_under_its_own_id(store: Store) {
    let studio = Studio::open(store).await;
    let changes = studio.ledger.changes();
    assert_eq!(studio.see(ELSEWHERE, &tokens(1)).await, Reflected::Added);
    assert!(changes.has_changed().unwrap());
    assert_eq!(studio.see(ELSEWHERE, &tokens(1)).await, Reflected::Known);
    let id = tokens(1).own_id(T).unwrap();
    let standing = studio.balanced().await;
    let balance = &standing.balance[0];
    assert_eq!((balance.received, balance.mirrored, balance.durable, balance.delivered), (0, 1, 1, 0));
    assert_eq!((standing.pending, standing.unconfirmed), (0, 0));
    assert_eq!(studio.ledger.names(T, kind(), 0, None, 10).await.unwrap(), [("c".to_owned(), None)]);
    assert!(studio.lease(10).await.is_empty());

    studio.ledger.correct(T, id, tokens(2), None).await.unwrap();
    let parcels = studio.lease(10).await;
    assert_eq!((parcels[0].id, parcels[0].dataverse_id), (id, ELSEWHERE));
    studio.ledger.delivered(&parcels, studio.now()).await.unwrap();
    let waiting = studio.ledger.unconfirmed(studio.now(), None, 10).await.unwrap();
    assert_eq!(waiting[0].dataverse_id, ELSEWHERE);
    assert_eq!(studio.see(ELSEWHERE, &tokens(2)).await, Reflected::Confirmed);
    assert_eq!(studio.balanced().await.balance[0].delivered, 0, "it was there before we ever sent it");
}

pub async fn an_edit_there_replaces_what_is_here(store: Store) {
    let studio = Studio::open(store).await;
    let id = studio.delivered(tokens(1)).await;
    assert_eq!(studio.see(id, &tokens(2)).await, Reflected::Changed);
    let stored = studio.held(id).await.stored;
    assert_eq!((stored.revision, tokens_of(&stored)), (2, 2));
    let standing = studio.balanced().await;
    assert_eq!((standing.pending, standing.unconfirmed, standing.reflected.changed), (0, 0, 1));
    let was = studio.ask("SELECT replaced_by FROM studio.versions").await;
    assert_eq!(was, "mirror");
    assert_eq!(studio.see(id, &tokens(2)).await, Reflected::Known);
    let changed = studio.ledger.correct(T, id, tokens(3), Some(1)).await.unwrap();
    assert_eq!(changed, Change::RevisionMismatch { current: 2 });
}

pub async fn a_page_older_than_our_own_write_decides_nothing(store: Store) {
    let studio = Studio::open(store).await;
    let id = studio.delivered(tokens(1)).await;
    studio.ledger.correct(T, id, tokens(2), None).await.unwrap();
    let asked_at = studio.now();
    studio.ledger.delivered(&studio.lease(1).await, studio.now()).await.unwrap();
    let reflect = async |row: Reflection, at: Timestamp| studio.reflect_as_of(vec![row], at).await[0];
    assert_eq!(reflect(seen(id, &tokens(1)), asked_at).await, Reflected::Again);
    assert_eq!(reflect(gone(id), asked_at).await, Reflected::Again);
    studio.pass(11 * SECOND).await;
    assert_eq!(reflect(seen(id, &tokens(1)), studio.now()).await, Reflected::Known, "a late echo");
    assert_eq!(reflect(seen(id, &tokens(3)), studio.now()).await, Reflected::Changed);
    assert_eq!(
        reflect(seen(id, &tokens(1)), studio.now()).await,
        Reflected::Changed,
        "it was put back there"
    );
    studio.balanced().await;
}

pub async fn a_row_that_stands_there_as_it_was_before_is_no_late_echo(store: Store) {
    let studio = Studio::open(store).await;
    let id = studio.delivered(tokens(1)).await;
    studio.ledger.correct(T, id, tokens(2), None).await.unwrap();
    studio.ledger.delivered(&studio.lease(1).await, studio.now()).await.unwrap();
    let stands = || Reflection { stands: true, ..seen(id, &tokens(1)) };
    assert_eq!(
        studio.reflect(vec![stands()]).await,
        [Reflected::Again],
        "it may be older than our own write"
    );
    studio.pass(11 * SECOND).await;
    assert_eq!(studio.reflect(vec![stands()]).await, [Reflected::Requeued]);
    let stored = studio.held(id).await.stored;
    assert_eq!((stored.revision, tokens_of(&stored)), (2, 2), "the newest wins");
    let standing = studio.balanced().await;
    assert_eq!((standing.pending, standing.reflected.kept_out), (1, 1));
    assert_eq!(studio.reflect(vec![stands()]).await, [Reflected::Known], "it is on its way already");
    studio.ledger.delivered(&studio.lease(1).await, studio.now()).await.unwrap();
    let other = Reflection { stands: true, ..seen(id, &tokens(3)) };
    studio.pass(11 * SECOND).await;
    assert_eq!(
        studio.reflect(vec![other]).await,
        [Reflected::Changed],
        "what we never said is another program's"
    );
    studio.balanced().await;
}

pub async fn a_newer_change_here_keeps_an_edit_out(store: Store) {
    let studio = Studio::open(store).await;
    let id = studio.delivered(tokens(1)).await;
    studio.ledger.correct(T, id, tokens(2), None).await.unwrap();
    assert_eq!(studio.see(id, &tokens(1)).await, Reflected::Known, "what it was");
    assert_eq!(studio.see(id, &tokens(2)).await, Reflected::Known, "what it will be");
    assert_eq!(studio.see(id, &tokens(9)).await, Reflected::KeptOut);
    assert_eq!(studio.reflect(vec![gone(id)]).await, [Reflected::KeptOut]);
    assert_eq!(studio.balanced().await.reflected.kept_out, 2);
    let parcels = studio.lease(1).await;
    assert_eq!(tokens_of(carries(&parcels[0]).unwrap()), 2);
    studio.ledger.dead(&[(parcels[0].clone(), "no".into())]).await.unwrap();
    assert_eq!(studio.see(id, &tokens(8)).await, Reflected::KeptOut, "nor is a dead letter given up");
    assert_eq!(studio.balanced().await.dead, 1);
}

pub async fn what_is_deleted_there_is_withdrawn_here(store: Store) {
    let studio = Studio::open(store).await;
    let id = studio.delivered(tokens(1)).await;
    assert_eq!(studio.reflect(vec![gone(id)]).await, [Reflected::Withdrawn]);
    assert_eq!(studio.reflect(vec![gone(id), gone(ELSEWHERE)]).await, [Reflected::Known; 2]);
    assert_eq!(studio.held(id).await.withdrawn_at, Some(studio.now()));
    let standing = studio.balanced().await;
    assert_eq!((standing.pending, standing.unconfirmed, standing.balance[0].deleted), (0, 0, 1));
    assert_eq!(standing.reflected.withdrawn, 1);
    assert_eq!(studio.see(id, &tokens(5)).await, Reflected::Changed, "it was made there again");
    assert_eq!(studio.held(id).await.withdrawn_at, None);
    studio.balanced().await;
}

pub async fn our_own_deletion_is_confirmed_by_its_echo(store: Store) {
    let studio = Studio::open(store).await;
    let id = studio.delivered(tokens(1)).await;
    studio.ledger.withdraw(T, kind(), id, None).await.unwrap();
    assert_eq!(studio.see(id, &tokens(1)).await, Reflected::Known);
    assert_eq!(studio.reflect(vec![gone(id)]).await, [Reflected::Known], "another program was faster");
    studio.deliver().await;
    assert_eq!(studio.see(id, &tokens(1)).await, Reflected::Known, "a late echo");
    assert_eq!(studio.reflect(vec![gone(id)]).await, [Reflected::Confirmed]);
    assert_eq!(studio.balanced().await.unconfirmed, 0);
}

pub async fn what_is_lost_there_is_sent_again(store: Store) {
    let studio = Studio::open(store).await;
    let id = studio.delivered(tokens(1)).await;
    assert_eq!(studio.see(id, &tokens(1)).await, Reflected::Confirmed);
    let lost = Reflection { seen: Seen::Lost, ..gone(id) };
    assert_eq!(studio.reflect(vec![lost]).await, [Reflected::Requeued]);
    let standing = studio.balanced().await;
    assert_eq!((standing.pending, standing.balance[0].pending, standing.balance[0].confirmed), (1, 0, 0));
    let parcels = studio.lease(1).await;
    assert!(matches!(parcels[0].operation, Operation::Upsert(_)));
    studio.ledger.delivered(&parcels, studio.now()).await.unwrap();
    assert_eq!(studio.see(id, &tokens(1)).await, Reflected::Confirmed);
    assert_eq!(studio.balanced().await.balance[0].delivered, 1);
}

pub async fn a_row_of_the_same_key_is_adopted_unless_ours_stands_there(store: Store) {
    let studio = Studio::open(store).await;
    let id = studio.store(vec![tokens(1)]).await[0].id;
    assert_eq!(studio.see(ELSEWHERE, &tokens(1)).await, Reflected::Known);
    let parcels = studio.lease(1).await;
    assert_eq!((parcels[0].id, parcels[0].dataverse_id), (id, ELSEWHERE));
    studio.ledger.delivered(&parcels, studio.now()).await.unwrap();
    assert_eq!(studio.balanced().await.balance[0].delivered, 1);

    let other = Uuid::from_u128(77);
    assert_eq!(studio.see(other, &tokens(4)).await, Reflected::Refused);
    let rejects = studio.ledger.rejects(T, None, 10).await.unwrap();
    assert_eq!(rejects[0].dataverse_id, other);
    assert!(rejects[0].reason.contains(&ELSEWHERE.to_string()), "{}", rejects[0].reason);
    assert_eq!(studio.standing().await.reflected.rejected, 1);

    // Deleted and made anew, in one page: the new row takes the old one's place.
    studio.pass(11 * SECOND).await;
    let answers = studio.reflect(vec![gone(ELSEWHERE), seen(other, &tokens(4))]).await;
    assert_eq!(answers, [Reflected::Withdrawn, Reflected::Changed]);
    assert_eq!((studio.list(10).await.len(), studio.standing().await.reflected.rejected), (1, 0));
    assert_eq!(studio.see(other, &tokens(4)).await, Reflected::Known);
    studio.balanced().await;
}

pub async fn a_row_of_the_same_key_is_refused_once_ours_may_stand_there(store: Store) {
    let studio = Studio::open(store).await;
    studio.store(vec![tokens(1)]).await;
    let lent = studio.lease(1).await;
    assert_eq!(studio.see(ELSEWHERE, &tokens(1)).await, Reflected::Again, "ours is on its way");
    studio.ledger.handed_back(&lent).await.unwrap();
    assert_eq!(studio.see(ELSEWHERE, &tokens(1)).await, Reflected::Refused, "it may have arrived");
    let parcels = studio.lease(1).await;
    assert_eq!(parcels[0].dataverse_id, parcels[0].id);
    studio.ledger.delivered(&parcels, studio.now()).await.unwrap();
    assert_eq!(studio.balanced().await.balance[0].delivered, 1);
}

pub async fn what_is_no_record_is_kept_among_the_rejects_until_it_is(store: Store) {
    let studio = Studio::open(store).await;
    let refused = |reason: &str| Reflection {
        seen: Seen::Refused { reason: reason.to_owned(), content: "ü".repeat(9_000) },
        ..gone(ELSEWHERE)
    };
    assert_eq!(studio.reflect(vec![refused("no phase")]).await, [Reflected::Refused]);
    studio.pass(SECOND).await;
    assert_eq!(studio.reflect(vec![refused("no run")]).await, [Reflected::Refused]);
    let rejects = studio.ledger.rejects(T, None, 10).await.unwrap();
    assert_eq!((rejects.len(), rejects[0].reason.as_str(), rejects[0].at), (1, "no run", studio.now()));
    assert_eq!(rejects[0].content.len(), 8 * 1024);
    assert_eq!(studio.balanced().await.balance[0].durable, 0);
    assert_eq!(studio.see(ELSEWHERE, &tokens(1)).await, Reflected::Added);
    assert!(studio.ledger.rejects(T, None, 10).await.unwrap().is_empty());
    let moved = studio.see(ELSEWHERE, &run("c", "another", "1", "")).await;
    assert_eq!(moved, Reflected::Refused, "a key that changed there is another record");
    let other = Reflection { tenant: TenantId(Uuid::from_u128(9)), ..seen(ELSEWHERE, &tokens(1)) };
    assert_eq!(studio.reflect(vec![other]).await, [Reflected::Refused], "nor does it change hands");
    assert_eq!(studio.see(ELSEWHERE, &tokens(1)).await, Reflected::Known);
    assert!(studio.ledger.rejects(T, None, 10).await.unwrap().is_empty());
}

pub async fn what_was_withdrawn_while_a_flow_had_it_in_hand_is_deleted_there(store: Store) {
    let studio = Studio::open(store).await;
    let id = studio.store(vec![tokens(1)]).await[0].id;
    studio.ledger.withdraw(T, kind(), id, None).await.unwrap();
    assert_eq!(studio.balanced().await.balance[0].deleted_unsent, 1);
    assert_eq!(studio.see(id, &tokens(1)).await, Reflected::Requeued);
    let balance = studio.balanced().await.balance.remove(0);
    assert_eq!((balance.deleted_unsent, balance.delivered, balance.confirmed), (0, 1, 0));
    assert_eq!(studio.see(id, &tokens(1)).await, Reflected::Known, "its deletion is on its way");
    let parcels = studio.lease(10).await;
    assert!(matches!(parcels[0].operation, Operation::Delete));
    studio.ledger.delivered(&parcels, studio.now()).await.unwrap();
    studio.pass(20 * SECOND).await;
    assert_eq!(studio.reflect(vec![gone(id)]).await, [Reflected::Confirmed]);
    assert_eq!((studio.list(10).await.len(), studio.balanced().await.unconfirmed), (0, 0));
}

pub async fn a_withdrawal_where_a_flow_fetches_leaves_its_deletion_in_line(store: Store) {
    let studio = Studio::open(store).await;
    let id = studio.store(vec![tokens(1)]).await[0].id;
    assert_eq!(studio.standing().await.oldest_first, Some(studio.now()));
    studio.ledger.clone().fetched_by_others().withdraw(T, kind(), id, None).await.unwrap();
    let standing = studio.balanced().await;
    assert_eq!((standing.pending, standing.oldest_first), (1, None), "no flow can fetch it any more");
    assert!(matches!(studio.lease(1).await[0].operation, Operation::Delete));
}

pub async fn absence_is_not_deletion(store: Store) {
    let studio = Studio::open(store).await;
    let unseen = |id: Uuid| Reflection::absent(T, id, Seen::Unseen);
    let id = studio.delivered(tokens(1)).await;
    assert_eq!(studio.reflect(vec![unseen(id)]).await, [Reflected::Requeued], "it may never have been there");
    assert_eq!(studio.reflect(vec![unseen(id)]).await, [Reflected::Known], "it is on its way");
    let standing = studio.balanced().await;
    assert_eq!((standing.pending, standing.reflected.resent, standing.reflected.withdrawn), (1, 1, 0));
    assert!(matches!(studio.lease(1).await[0].operation, Operation::Upsert(_)));
    studio.pass(61 * SECOND).await;
    studio.deliver().await;
    assert_eq!(studio.see(id, &tokens(1)).await, Reflected::Confirmed);
    assert_eq!(studio.reflect(vec![unseen(id)]).await, [Reflected::Missing], "it was there");
    let standing = studio.balanced().await;
    assert_eq!((standing.pending, standing.unconfirmed, standing.reflected.withdrawn), (0, 0, 0));
    assert_eq!(studio.list(10).await.len(), 1, "nothing becomes of it until a person says so");
    let released = Reflection::absent(T, id, Seen::Released);
    assert_eq!(studio.reflect(vec![released]).await, [Reflected::Withdrawn]);
    assert_eq!(studio.ledger.removed_unasked(kind(), studio.now()).await.unwrap(), 0);
    let id = studio.delivered(run("c", "deleted unread", "1", "")).await;
    assert_eq!(studio.reflect(vec![gone(id)]).await, [Reflected::Withdrawn]);
    assert_eq!(studio.ledger.removed_unasked(kind(), studio.now()).await.unwrap(), 1);
    let standing = studio.balanced().await;
    let balance = &standing.balance[0];
    let unread = (standing.unconfirmed, balance.unconfirmed());
    assert_eq!((balance.confirmed, unread), (1, (0, 0)), "it was never read back");
}

pub async fn what_stands_there_as_it_was_before_our_newest_write_is_sent_again(store: Store) {
    let studio = Studio::open(store).await;
    let id = studio.delivered(tokens(1)).await;
    studio.see(id, &tokens(1)).await;
    let yesterday = studio.now();
    studio.pass(3_600 * SECOND).await;
    studio.ledger.correct(T, id, tokens(2), None).await.unwrap();
    studio.deliver().await;
    studio.see(id, &tokens(2)).await;
    let put_back = Reflection { modified_at: Some(yesterday), ..seen(id, &tokens(1)) };
    assert_eq!(studio.reflect(vec![put_back]).await, [Reflected::Requeued]);
    assert_eq!(tokens_of(carries(&studio.lease(1).await[0]).unwrap()), 2);
    studio.pass(61 * SECOND).await;
    studio.deliver().await;
    studio.see(id, &tokens(2)).await;
    let edited = Reflection { modified_at: Some(studio.now()), ..seen(id, &tokens(1)) };
    let in_a_whole_table = Reflection { is_whole: true, ..edited.clone() };
    assert_eq!(studio.reflect(vec![in_a_whole_table]).await, [Reflected::Requeued], "not written since");
    studio.deliver().await;
    studio.see(id, &tokens(2)).await;
    assert_eq!(studio.reflect(vec![edited]).await, [Reflected::Changed], "a person put it back");
    studio.ledger.withdraw(T, kind(), id, None).await.unwrap();
    studio.ledger.delivered(&studio.lease(1).await, studio.now()).await.unwrap();
    studio.reflect(vec![gone(id)]).await;
    // However short a time ago that was.
    let back = Reflection { is_whole: true, ..seen(id, &tokens(1)) };
    assert_eq!(studio.reflect(vec![back]).await, [Reflected::Requeued], "what was withdrawn stays so");
    assert!(matches!(studio.lease(1).await[0].operation, Operation::Delete));
    studio.balanced().await;
}

pub async fn what_was_read_under_a_loan_that_is_over_is_not_taken(store: Store) {
    let studio = Studio::open(store).await;
    let id = studio.delivered(tokens(1)).await;
    let late = studio.ledger.take_mark(kind(), Duration::from_secs(1)).await.unwrap().unwrap();
    studio.pass(2 * SECOND).await;
    assert_eq!(studio.see(id, &tokens(2)).await, Reflected::Changed, "by another process");
    let old = vec![seen(id, &tokens(1)), seen(ELSEWHERE, &run("c", "old", "1", ""))];
    assert_eq!(studio.ledger.reflect(&late, old, studio.now()).await.unwrap(), None);
    assert_eq!(tokens_of(&studio.held(id).await.stored), 2);
    assert_eq!(studio.list(10).await.len(), 1);
}

pub async fn a_page_is_decided_in_its_order(store: Store) {
    let studio = Studio::open(store).await;
    let other = Uuid::from_u128(78);
    let answers = studio
        .reflect(vec![
            seen(ELSEWHERE, &tokens(1)),
            seen(ELSEWHERE, &tokens(1)),
            seen(other, &tokens(1)),
            gone(Uuid::from_u128(79)),
        ])
        .await;
    assert_eq!(answers, [Reflected::Added, Reflected::Known, Reflected::Refused, Reflected::Known]);
    assert_eq!(studio.balanced().await.balance[0].mirrored, 1);
}

pub async fn rows_of_one_record_are_decided_at_once(store: Store) {
    let studio = Studio::open(store).await;
    let rows = |from: u128| (from..from + 1_000).map(|id| seen(Uuid::from_u128(id), &tokens(3))).collect();
    let reflected = studio.reflect(rows(1)).await;
    assert_eq!(reflected[0], Reflected::Added);
    assert!(
        reflected[1..].iter().all(|reflected| *reflected == Reflected::Refused),
        "none is left for later"
    );
    // The record is known by now, and so are the first thousand rows.
    let reflected = studio.reflect(rows(501)).await;
    assert!(reflected.iter().all(|reflected| *reflected == Reflected::Refused));
    let standing = studio.balanced().await;
    assert_eq!((standing.balance[0].durable, standing.reflected.rejected), (1, 1_499));
}

pub async fn a_deletion_does_not_say_whose_the_row_was(store: Store) {
    let studio = Studio::open(store).await;
    let other = TenantId(Uuid::from_u128(9));
    let id = studio.ledger.store(other, vec![tokens(1)]).await.unwrap()[0].id;
    studio.deliver().await;
    assert_eq!(studio.reflect(vec![gone(id)]).await, [Reflected::Withdrawn]);
    let standing = studio.ledger.standing(other).await.unwrap();
    assert_eq!((standing.balance[0].deleted, standing.balance[0].unaccounted()), (1, 0));
    studio.balanced().await;
}

pub async fn a_full_read_must_meet_what_stands_there(store: Store) {
    let studio = Studio::open(store).await;
    studio.store((0..6).map(|n| run("c", &n.to_string(), "1", "")).collect()).await;
    let parcels = studio.lease(5).await;
    studio.ledger.delivered(&parcels[..4], studio.now()).await.unwrap();
    studio.ledger.withdraw(T, kind(), parcels[0].id, None).await.unwrap();
    studio.ledger.correct(T, parcels[1].id, run("c", "1", "1", r#","tokensIn":5"#), None).await.unwrap();
    studio.see(ELSEWHERE, &tokens(1)).await;
    let later = studio.now().plus(1);
    let there = studio.ledger.standing_there(kind(), 0, later, 10).await.unwrap();
    let ids: Vec<Uuid> = there.iter().map(|there| there.dataverse_id).collect();
    assert_eq!(ids, [parcels[2].id, parcels[3].id, ELSEWHERE]);
    assert_eq!((there[2].id, there[2].tenant), (tokens(1).own_id(T).unwrap(), T));
    let rest = studio.ledger.standing_there(kind(), there[0].position, later, 1).await.unwrap();
    assert_eq!(rest, there[1..2]);
    assert!(studio.ledger.standing_there(kind(), 0, studio.now(), 10).await.unwrap().is_empty());
}

pub async fn a_mark_is_one_process_s_at_a_time(store: Store) {
    let mut studio = Studio::open(store).await;
    let mark = studio.ledger.take_mark(kind(), HOLD).await.unwrap().unwrap();
    assert_eq!((mark.link.as_deref(), mark.read_at), (None, None));
    assert_eq!(studio.ledger.take_mark(kind(), HOLD).await.unwrap(), None);
    assert!(studio.ledger.keep_mark(&mark, Some("link 1"), HOLD).await.unwrap());
    let kept_at = studio.now();
    studio.pass(59 * SECOND).await;
    assert!(studio.ledger.hold_mark(&mark, HOLD).await.unwrap());
    studio.pass(59 * SECOND).await;
    assert_eq!(studio.ledger.take_mark(kind(), HOLD).await.unwrap(), None, "it is held for longer");
    studio.pass(2 * SECOND).await;
    let taken_over = studio.ledger.take_mark(kind(), HOLD).await.unwrap().unwrap();
    assert_eq!((taken_over.link.as_deref(), taken_over.read_at), (Some("link 1"), Some(kept_at)));
    assert!(!studio.ledger.keep_mark(&mark, Some("late"), HOLD).await.unwrap());
    studio.ledger.free_mark(&mark).await.unwrap();
    assert_eq!(studio.ledger.take_mark(kind(), HOLD).await.unwrap(), None, "nor frees it who came late");
    studio.ledger.free_mark(&taken_over).await.unwrap();
    let again = studio.ledger.take_mark(kind(), HOLD).await.unwrap().unwrap();
    assert!(studio.ledger.keep_mark(&again, None, HOLD).await.unwrap());
    studio.reopen().await;
    if store != Store::Folder {
        studio.pass(61 * SECOND).await;
    }
    let anew = studio.ledger.take_mark(kind(), Duration::from_secs(1)).await.unwrap().unwrap();
    assert_eq!((anew.link, anew.read_at), (None, None), "a start takes leases back in a folder");
}

pub async fn a_question_is_asked_once_and_answered(store: Store) {
    let studio = Studio::open(store).await;
    let asked_at = studio.now();
    assert!(!studio.ledger.answer(kind(), ledger::Answer::Withdraw, false, "Ada").await.unwrap());
    let mark = studio.ledger.take_mark(kind(), HOLD).await.unwrap().unwrap();
    studio.ledger.ask(&mark, (7, 2), 9).await.unwrap();
    studio.pass(SECOND).await;
    studio.ledger.ask(&mark, (8, 2), 9).await.unwrap();
    let (asked, question) = studio.ledger.questions().await.unwrap().remove(0);
    assert_eq!((asked, question.gone, question.unseen, question.answer), (kind(), 7, 2, None));
    assert_eq!(question.asked_at, asked_at);
    assert!(studio.ledger.answer(kind(), ledger::Answer::SendAgain, true, "Ada").await.unwrap());
    let handling = studio.ledger.handlings(T, 10).await.unwrap().remove(0);
    assert_eq!((handling.by.as_str(), handling.what, handling.id), ("Ada", ledger::Handled::Answered, None));
    assert_eq!(
        handling.reason,
        "7 of 9 are gone from Dataverse: made there again, and so from now on without asking"
    );
    studio.ledger.free_mark(&mark).await.unwrap();
    let mark = studio.ledger.take_mark(kind(), HOLD).await.unwrap().unwrap();
    assert_eq!(mark.question.unwrap().answer, Some(ledger::Answer::SendAgain));
    assert!(studio.ledger.keep_mark(&mark, Some("link"), HOLD).await.unwrap());
    assert!(studio.ledger.questions().await.unwrap().is_empty());
    assert_eq!(studio.ledger.policies().await.unwrap(), [(kind(), ledger::Answer::SendAgain)]);
    assert!(studio.ledger.ask_again(kind(), "Ada").await.unwrap());
    assert!(studio.ledger.policies().await.unwrap().is_empty());
    assert!(!studio.ledger.ask_again(kind(), "Ada").await.unwrap());
}
