//! Dead letters: read, mended, sent again or given up, and who did that.

use ledger::{ChangeOutcome, Handled, PermanentRefusal};
use uuid::Uuid;

use crate::subject::kind;
use crate::support::{Studio, T, TestStore, run};

/// A studio whose only record was refused.
async fn refused(store: TestStore) -> (Studio, Uuid) {
    let studio = Studio::open(store).await;
    let id = studio.store(vec![run("c", "r", "1", "")]).await[0].id;
    let refusal = PermanentRefusal {
        reason: "too long".to_owned(),
        request: Some(format!("PATCH {}", "ü".repeat(9_000))),
        response: Some("400 0x80048d19".to_owned()),
    };
    studio.ledger.dead(&[(studio.lease(1).await.remove(0), refusal)]).await.unwrap();
    (studio, id)
}

pub async fn nul_characters_are_left_out(store: TestStore) {
    let studio = Studio::open(store).await;
    studio.store(vec![run("c", "r", "1", "")]).await;
    let refusal = PermanentRefusal {
        reason: "odd\0 name".to_owned(),
        request: Some("PATCH\0".to_owned()),
        response: Some("\0".to_owned()),
    };
    studio.ledger.dead(&[(studio.lease(1).await.remove(0), refusal)]).await.unwrap();
    let letter = studio.ledger.dead_letters(T, 10).await.unwrap().remove(0);
    assert_eq!((letter.reason.as_str(), letter.request.as_deref()), ("odd name", Some("PATCH")));
}

pub async fn a_letter_shows_the_exchange(store: TestStore) {
    let (studio, id) = refused(store).await;
    let letter = studio.ledger.dead_letter(T, kind(), id).await.unwrap().unwrap();
    let letters = studio.ledger.dead_letters(T, 10).await.unwrap();
    assert_eq!((letters.len(), &letters[0]), (1, &letter));
    assert_eq!((letter.reason.as_str(), letter.deletes), ("too long", false));
    assert_eq!(letter.response.as_deref(), Some("400 0x80048d19"));
    assert_eq!(letter.request.unwrap().len(), 8 * 1024, "and no more than that");
    assert_eq!(studio.ledger.dead_letter(T, kind(), Uuid::nil()).await.unwrap(), None);
    studio.ledger.withdraw(T, kind(), id, None).await.unwrap();
    let parcel = studio.lease(1).await.remove(0);
    studio.ledger.dead(&[(parcel, PermanentRefusal::default())]).await.unwrap();
    assert!(studio.ledger.dead_letter(T, kind(), id).await.unwrap().unwrap().deletes);
}

pub async fn mended_letters_are_sent_with_a_name(store: TestStore) {
    let (studio, id) = refused(store).await;
    let mended = run("c", "r", "1", r#","tokensIn":5"#);
    let mend =
        async |revision| studio.ledger.mend(T, id, mended.clone(), Some(revision), "Ada").await.unwrap();
    assert_eq!(mend(2).await, ChangeOutcome::RevisionMismatch { current: 1 });
    assert!(studio.ledger.handlings(T, 10).await.unwrap().is_empty());
    assert!(matches!(mend(1).await, ChangeOutcome::Done(_)));
    let handling = studio.ledger.handlings(T, 10).await.unwrap().remove(0);
    assert_eq!((handling.by.as_str(), handling.what, handling.id), ("Ada", Handled::Mended, Some(id)));
    assert_eq!((handling.reason.as_str(), handling.at), ("too long", studio.now()));
    assert_eq!(studio.lease(1).await[0].revision, 2);
    studio.balanced().await;
}

pub async fn dropped_letters_stay_unsent(store: TestStore) {
    let (studio, id) = refused(store).await;
    assert!(studio.ledger.drop_letter(T, kind(), id, "Ada").await.unwrap());
    assert!(!studio.ledger.drop_letter(T, kind(), id, "Ada").await.unwrap());
    assert!(!studio.ledger.resend(T, kind(), id, "Ada").await.unwrap(), "it was given up");
    assert!(studio.lease(1).await.is_empty());
    let counts = studio.balanced().await;
    assert_eq!((counts.dead, counts.balance[0].dead, counts.balance[0].dropped), (0, 0, 1));
    assert!(studio.ledger.dead_letters(T, 10).await.unwrap().is_empty());
    assert_eq!(studio.list(10).await.len(), 1);
    studio.ledger.correct(T, id, run("c", "r", "1", r#","tokensIn":5"#), None).await.unwrap();
    let counts = studio.balanced().await;
    assert_eq!((counts.pending, counts.balance[0].dropped), (1, 0), "a correction is another chance");
    let whats: Vec<Handled> = studio.ledger.handlings(T, 10).await.unwrap().iter().map(|h| h.what).collect();
    assert_eq!(whats, [Handled::Dropped]);
}

pub async fn all_letters_are_sent_again_at_once(store: TestStore) {
    let studio = Studio::open(store).await;
    let ids: Vec<Uuid> = studio
        .store((0..30).map(|n| run("c", &n.to_string(), "1", "")).collect())
        .await
        .iter()
        .map(|outcome| outcome.id)
        .collect();
    let lent = studio.lease(30).await;
    let dead: Vec<_> = lent.into_iter().map(|parcel| (parcel, PermanentRefusal::from("too long"))).collect();
    studio.ledger.dead(&dead).await.unwrap();
    studio.ledger.drop_letter(T, kind(), ids[3], "Ada").await.unwrap();
    // A withdrawal of what may stand there, and a correction that was refused, are letters too.
    studio.ledger.withdraw(T, kind(), ids[4], None).await.unwrap();
    let parcel = studio.lease(1).await.remove(0);
    studio.ledger.dead(&[(parcel, PermanentRefusal::default())]).await.unwrap();
    let mut changes = studio.ledger.changes();
    changes.mark_unchanged();
    let before = *changes.borrow();

    assert_eq!(studio.ledger.resend_all(T, 20, "Ada").await.unwrap(), 20);
    assert_eq!(*changes.borrow_and_update(), before + 1, "one commit");
    assert_eq!(studio.ledger.dead_letters(T, 100).await.unwrap().len(), 9);
    assert_eq!(studio.ledger.resend_all(T, 20, "Ada").await.unwrap(), 9);
    assert_eq!(studio.ledger.resend_all(T, 20, "Ada").await.unwrap(), 0);
    assert!(studio.ledger.dead_letters(T, 100).await.unwrap().is_empty());
    let counts = studio.balanced().await;
    assert_eq!((counts.pending, counts.dead, counts.balance[0].dropped), (29, 0, 1));
    let handlings = studio.ledger.handlings(T, 100).await.unwrap();
    let resent: Vec<_> = handlings.iter().filter(|handling| handling.what == Handled::Resent).collect();
    assert_eq!((resent.len(), resent[28].by.as_str(), resent[28].id), (29, "Ada", Some(ids[0])));
    assert_eq!((resent[28].reason.as_str(), resent[28].at), ("too long", studio.now()));
    let lent = studio.lease(40).await;
    assert_eq!(lent.iter().filter(|parcel| crate::support::carries(parcel).is_none()).count(), 1);
    assert_eq!((lent.len(), lent[0].attempts), (29, 0));
}
