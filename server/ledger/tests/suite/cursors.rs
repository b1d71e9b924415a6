//! The cursor of a table's changes is one process's at a time, and so is the question that waits with it.

use std::time::Duration;

use ledger::{Handled, MassDeletionAnswer};
use model::time::SECOND;

use crate::subject::kind;
use crate::support::{HOLD, Studio, T, TestStore};

pub async fn a_cursor_has_one_holder(store: TestStore) {
    let mut studio = Studio::open(store).await;
    let cursor = studio.ledger.take_cursor(kind(), HOLD).await.unwrap().unwrap();
    assert_eq!((cursor.link.as_deref(), cursor.read_at), (None, None));
    assert_eq!(studio.ledger.take_cursor(kind(), HOLD).await.unwrap(), None);
    assert!(studio.ledger.keep_cursor(&cursor, Some("link 1"), HOLD).await.unwrap());
    let kept_at = studio.now();
    studio.pass(59 * SECOND).await;
    assert!(studio.ledger.hold_cursor(&cursor, HOLD).await.unwrap());
    studio.pass(59 * SECOND).await;
    assert_eq!(studio.ledger.take_cursor(kind(), HOLD).await.unwrap(), None, "it is held for longer");
    studio.pass(2 * SECOND).await;
    let taken_over = studio.ledger.take_cursor(kind(), HOLD).await.unwrap().unwrap();
    assert_eq!((taken_over.link.as_deref(), taken_over.read_at), (Some("link 1"), Some(kept_at)));
    assert!(!studio.ledger.keep_cursor(&cursor, Some("late"), HOLD).await.unwrap());
    studio.ledger.free_cursor(&cursor).await.unwrap();
    assert_eq!(studio.ledger.take_cursor(kind(), HOLD).await.unwrap(), None, "nor frees it who came late");
    studio.ledger.free_cursor(&taken_over).await.unwrap();
    let again = studio.ledger.take_cursor(kind(), HOLD).await.unwrap().unwrap();
    assert!(studio.ledger.keep_cursor(&again, None, HOLD).await.unwrap());
    studio.reopen().await;
    if store != TestStore::Folder {
        studio.pass(61 * SECOND).await;
    }
    let anew = studio.ledger.take_cursor(kind(), Duration::from_secs(1)).await.unwrap().unwrap();
    assert_eq!((anew.link, anew.read_at), (None, None), "a start takes leases back in a folder");
}

pub async fn a_question_is_asked_once_and_answered(store: TestStore) {
    let studio = Studio::open(store).await;
    let asked_at = studio.now();
    assert!(!studio.ledger.answer(kind(), MassDeletionAnswer::Withdraw, false, "Ada").await.unwrap());
    let cursor = studio.ledger.take_cursor(kind(), HOLD).await.unwrap().unwrap();
    studio.ledger.ask(&cursor, (7, 2), 9).await.unwrap();
    studio.pass(SECOND).await;
    studio.ledger.ask(&cursor, (8, 2), 9).await.unwrap();
    let (asked, question) = studio.ledger.questions().await.unwrap().remove(0);
    assert_eq!((asked, question.gone, question.unseen, question.answer), (kind(), 7, 2, None));
    assert_eq!(question.asked_at, asked_at);
    assert!(studio.ledger.answer(kind(), MassDeletionAnswer::SendAgain, true, "Ada").await.unwrap());
    let handling = studio.ledger.handlings(T, 10).await.unwrap().remove(0);
    assert_eq!((handling.by.as_str(), handling.what, handling.id), ("Ada", Handled::Answered, None));
    assert_eq!(
        handling.reason,
        "7 of 9 are gone from Dataverse: made there again, and so from now on without asking"
    );
    studio.ledger.free_cursor(&cursor).await.unwrap();
    let cursor = studio.ledger.take_cursor(kind(), HOLD).await.unwrap().unwrap();
    assert_eq!(cursor.question.unwrap().answer, Some(MassDeletionAnswer::SendAgain));
    assert!(studio.ledger.keep_cursor(&cursor, Some("link"), HOLD).await.unwrap());
    assert!(studio.ledger.questions().await.unwrap().is_empty());
    assert_eq!(studio.ledger.policies().await.unwrap(), [(kind(), MassDeletionAnswer::SendAgain)]);
    assert!(studio.ledger.ask_again(kind(), "Ada").await.unwrap());
    assert!(studio.ledger.policies().await.unwrap().is_empty());
    assert!(!studio.ledger.ask_again(kind(), "Ada").await.unwrap());
}
