//! Backups: taken while records come in, whole, and never written over anything.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use ledger::{BackupError, OpenError};
use model::time::Timestamp;
use tempfile::TempDir;

use crate::support::{Studio, T, TestStore, folder, run};

const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

fn file(place: &TempDir) -> PathBuf {
    place.path().join("backup.sqlite")
}

async fn filled() -> Studio {
    let studio = Studio::open(TestStore::Folder).await;
    studio.store((0..20).map(|n| run("c", &n.to_string(), "1", "")).collect()).await;
    studio.ledger.delivered(&studio.lease(5).await, studio.now()).await.unwrap();
    studio.lease(3).await;
    studio
}

#[tokio::test]
async fn backups_open_and_agree() {
    let (studio, place, new) = (filled().await, folder(), folder());
    let before = studio.balanced().await;
    assert_eq!(ledger::back_up(studio.folder(), &file(&place), NOW).await.unwrap(), 20);
    studio.store(vec![run("c", "after", "1", "")]).await;
    assert_eq!(ledger::restore(&file(&place), new.path(), NOW).await.unwrap(), 20);
    let restored = Studio::open_in(new).await;
    assert_eq!(restored.balanced().await, before);
    assert_eq!(restored.list(100).await, studio.list(100).await[1..]);
    assert_eq!(restored.lease(100).await.len(), 15, "what was lent out then is taken back");
    let mode = fs::metadata(file(&place)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "nothing unfinished stays behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backups_during_intake_hold_all_answered() {
    let (studio, place) = (Studio::open(TestStore::Folder).await, folder());
    let ledger = studio.ledger.clone();
    let (answered, mut seen) = tokio::sync::watch::channel(0_i64);
    let sender = tokio::spawn(async move {
        for n in 0..400 {
            ledger.store(T, vec![run("c", &n.to_string(), "1", "")]).await.unwrap();
            answered.send_replace(n + 1);
        }
    });
    for round in 1..=3 {
        seen.wait_for(|count| *count >= round * 100).await.unwrap();
        let file = place.path().join(round.to_string());
        let (least, new) = (*seen.borrow(), folder());
        let held = ledger::back_up(studio.folder(), &file, NOW).await.unwrap();
        assert!(held >= least, "{held} of at least {least}");
        ledger::restore(&file, new.path(), NOW).await.unwrap();
        let restored = Studio::open_in(new).await;
        assert_eq!(restored.balanced().await.balance[0].received, held);
    }
    sender.await.unwrap();
}

#[tokio::test]
async fn nothing_is_ever_written_over() {
    let (studio, place) = (filled().await, folder());
    fs::write(file(&place), "a letter").unwrap();
    let refused = ledger::back_up(studio.folder(), &file(&place), NOW).await.unwrap_err();
    assert!(matches!(refused, BackupError::Taken { .. }), "{refused}");
    assert_eq!(fs::read_to_string(file(&place)).unwrap(), "a letter");

    let backup = place.path().join("another");
    ledger::back_up(studio.folder(), &backup, NOW).await.unwrap();
    let refused = ledger::restore(&backup, studio.folder(), NOW).await.unwrap_err();
    assert!(matches!(refused, BackupError::Folder(OpenError::InUse { .. })), "{refused}");
    studio.ledger.close().await;
    let refused = ledger::restore(&backup, studio.folder(), NOW).await.unwrap_err();
    assert!(matches!(refused, BackupError::LedgerThere { .. }), "{refused}");
    assert!(refused.to_string().contains("set STUDIO_DATA to an empty folder"), "{refused}");
}

#[tokio::test]
async fn leftovers_of_killed_copies_go() {
    let (studio, place) = (filled().await, folder());
    for end in ["", "-journal", "-wal"] {
        fs::write(place.path().join(format!("backup.sqlite.unfinished{end}")), "of a copy that was killed")
            .unwrap();
    }
    assert_eq!(ledger::back_up(studio.folder(), &file(&place), NOW).await.unwrap(), 20);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn dropped_copies_leave_nothing() {
    let (studio, place) = (filled().await, folder());
    let file = file(&place);
    let mut copy = Box::pin(ledger::back_up(studio.folder(), &file, NOW));
    assert!(futures::poll!(&mut copy).is_pending());
    assert!(place.path().join("backup.sqlite.unfinished").exists());
    drop(copy);
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn what_is_no_backup_is_refused() {
    let (studio, place, new) = (filled().await, folder(), folder());
    let refused = ledger::back_up(new.path(), &file(&place), NOW).await.unwrap_err();
    assert!(matches!(refused, BackupError::NoLedger { .. }), "{refused}");
    ledger::back_up(studio.folder(), &file(&place), NOW).await.unwrap();
    let whole = fs::read(file(&place)).unwrap();
    for broken in [b"a letter to a friend".to_vec(), whole[..whole.len() / 2].to_vec(), Vec::new()] {
        let other = place.path().join("broken");
        fs::write(&other, broken).unwrap();
        let refused = ledger::restore(&other, new.path(), NOW).await.unwrap_err();
        assert!(matches!(refused, BackupError::NoBackup { .. }), "{refused}");
    }
    let refused = ledger::restore(&place.path().join("nowhere"), new.path(), NOW).await.unwrap_err();
    assert!(refused.to_string().contains("No such file"), "{refused}");
    assert_eq!(fs::read_dir(new.path()).unwrap().count(), 0, "and the folder is left as it was");
}

#[tokio::test]
async fn a_newer_backup_is_refused() {
    let (studio, place, new) = (filled().await, folder(), folder());
    let tomorrow = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                    VALUES (9999, 'of tomorrow', 1, x'00', 0)";
    studio.sql(tomorrow).await;
    let refused = ledger::back_up(studio.folder(), &file(&place), NOW).await.unwrap_err();
    assert!(matches!(refused, BackupError::Newer { found: 9999, .. }), "{refused}");
    studio.ledger.close().await;
    let refused = ledger::restore(&studio.folder().join("ledger.sqlite"), new.path(), NOW).await.unwrap_err();
    assert!(matches!(refused, BackupError::Newer { .. }), "{refused}");
}

/// A machine that died left its log behind; the folder is copied, and what is in it is put back.
#[tokio::test]
async fn what_stands_in_the_log_comes_over() {
    let (studio, new) = (Studio::open(TestStore::Folder).await, folder());
    studio.store((0..100).map(|n| run("c", &n.to_string(), "1", "")).collect()).await;
    let old = folder();
    for end in ["", "-wal"] {
        let name = format!("ledger.sqlite{end}");
        fs::copy(studio.folder().join(&name), old.path().join(&name)).unwrap();
    }
    let log = fs::metadata(old.path().join("ledger.sqlite-wal")).unwrap().len();
    assert!(log > 0, "all of it is in the log");
    assert_eq!(ledger::restore(&old.path().join("ledger.sqlite"), new.path(), NOW).await.unwrap(), 100);
    let restored = Studio::open_in(new).await;
    assert_eq!(restored.balanced().await.balance[0].durable, 100);
}

#[tokio::test]
async fn a_copy_knows_when_it_was_taken() {
    let (studio, place, new) = (filled().await, folder(), folder());
    assert_eq!(studio.ledger.identity().await.unwrap().copied_at, None);
    ledger::back_up(studio.folder(), &file(&place), NOW).await.unwrap();
    assert_eq!(studio.ledger.identity().await.unwrap().copied_at, None, "the original is none");
    ledger::restore(&file(&place), new.path(), NOW.plus(1)).await.unwrap();
    let restored = Studio::open_in(new).await;
    assert_eq!(restored.ledger.identity().await.unwrap().copied_at, Some(NOW));
}
