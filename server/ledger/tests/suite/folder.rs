//! A ledger in a folder: what is refused on opening, what every refusal says, and what is a file's own.

use std::{fs, os::unix::fs::PermissionsExt, sync::Arc};

use ledger::{Ledger, LedgerError, OpenError, StoreSettings};
use model::{
    clock::{Clock, ManualClock},
    record::KINDS,
    rng::Seeded,
};

use crate::support::{Studio, T, TestStore, run};

async fn open(studio: &Studio) -> Result<Ledger, OpenError> {
    let settings = StoreSettings::Folder(studio.folder().to_owned());
    Ledger::open(KINDS, settings, Arc::clone(&studio.clock) as Arc<dyn Clock>, Seeded::new(1)).await
}

async fn refusal(studio: &Studio) -> OpenError {
    open(studio).await.err().expect("is refused")
}

#[tokio::test]
async fn second_openers_learn_the_holder() {
    let studio = Studio::open(TestStore::Folder).await;
    let refusal = refusal(&studio).await;
    assert!(matches!(refusal, OpenError::InUse { .. }));
    let sentence = refusal.to_string();
    assert!(sentence.contains(&format!("process {}", std::process::id())), "{sentence}");
    studio.ledger.close().await;
    open(&studio).await.expect("is free again");
}

#[tokio::test]
async fn newer_schemas_are_refused() {
    let studio = Studio::open(TestStore::Folder).await;
    studio.ledger.close().await;
    let file = studio.folder().join("ledger.sqlite");
    studio
        .sql(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, 'of tomorrow', 1, x'00', 0)",
        )
        .await;
    let before = fs::read(&file).unwrap();
    let refusal = refusal(&studio).await;
    assert!(matches!(refusal, OpenError::NewerSchema { found: 9999, .. }), "{refusal}");
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    let studio = Studio::open(TestStore::Folder).await;
    studio.store((0..200).map(|n| run("c", &n.to_string(), "1", "")).collect()).await;
    studio.ledger.close().await;
    let file = studio.folder().join("ledger.sqlite");
    let whole = fs::read(&file).unwrap();

    let mut garbled = whole.clone();
    garbled[4096 * 3..4096 * 12].fill(0x5a);
    fs::write(&file, garbled).unwrap();
    assert!(matches!(refusal(&studio).await, OpenError::Damaged { .. }));

    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    assert!(matches!(refusal(&studio).await, OpenError::Damaged { .. }));

    fs::write(
        &file,
        b"this is no ledger at all, but a letter to a friend, and long enough to be read as a file",
    )
    .unwrap();
    assert!(matches!(refusal(&studio).await, OpenError::Damaged { .. }));

    fs::write(&file, whole).unwrap();
    open(&studio).await.expect("the whole one opens");
}

#[tokio::test]
async fn a_folder_that_cannot_be_is_refused() {
    let studio = Studio::open(TestStore::Folder).await;
    let file = studio.folder().join("a file");
    fs::write(&file, "").unwrap();
    let clock = Arc::new(ManualClock::at(studio.now()));
    let refusal = Ledger::open(KINDS, StoreSettings::Folder(file.join("below")), clock, Seeded::new(1))
        .await
        .err()
        .unwrap();
    assert!(matches!(refusal, OpenError::Folder { .. }), "{refusal}");
    assert!(refusal.to_string().contains("STUDIO_DATA"), "{refusal}");
}

#[tokio::test]
async fn ledger_files_are_private() {
    let studio = Studio::open(TestStore::Folder).await;
    studio.store(vec![run("c", "r", "1", "")]).await;
    let data = studio.folder().join("made here");
    let clock = Arc::new(ManualClock::at(studio.now()));
    let ledger =
        Ledger::open(KINDS, StoreSettings::Folder(data.clone()), clock, Seeded::new(1)).await.unwrap();
    ledger.store(T, vec![run("c", "r", "1", "")]).await.unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for entry in fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn vanished_files_are_noticed() {
    let studio = Studio::open(TestStore::Folder).await;
    assert_eq!(studio.ledger.healthy().await, Ok(()));
    let file = studio.folder().join("ledger.sqlite");
    let aside = studio.folder().join("aside");
    fs::rename(&file, &aside).unwrap();
    let refused = studio.ledger.store(T, vec![run("c", "r", "1", "")]).await;
    assert!(matches!(refused, Err(LedgerError::Unavailable(_))), "{refused:?}");
    assert!(studio.ledger.healthy().await.is_err());
    fs::rename(&aside, &file).unwrap();
    assert_eq!(studio.ledger.healthy().await, Ok(()));
    studio.store(vec![run("c", "r", "1", "")]).await;
    assert_eq!(studio.balanced().await.balance[0].durable, 1);
}

#[tokio::test]
async fn questions_say_that_the_file_is_gone() {
    let studio = Studio::open(TestStore::Folder).await;
    let file = studio.folder().join("ledger.sqlite");
    let aside = studio.folder().join("aside");
    fs::rename(&file, &aside).unwrap();
    // No reader has opened it yet, and of that SQLite says only that it cannot.
    let refused = studio.ledger.delivery_counts(T).await.unwrap_err().to_string();
    assert!(refused.contains("ledger.sqlite cannot be reached"), "{refused}");
    fs::rename(&aside, &file).unwrap();
    assert_eq!(studio.balanced().await.balance[0].durable, 0);
}

#[tokio::test]
async fn a_start_takes_back_all_leases() {
    let mut studio = Studio::open(TestStore::Folder).await;
    studio.store(vec![run("c", "r", "1", "")]).await;
    assert_eq!(studio.lease(1).await.len(), 1);
    studio.reopen().await;
    assert_eq!(studio.lease(1).await.len(), 1);
}

#[tokio::test]
async fn the_pending_view_can_be_mapped() {
    let studio = Studio::open(TestStore::Folder).await;
    studio
        .store(vec![run("c1", "r1", "1", r#","costUSD":"0.3","createdAt":"2026-11-20T09:30:00.25Z""#)])
        .await;
    let row = studio
        .ask(
            "SELECT json_array(campaign_id, run_id, cost_usd, success_rate, created_at, latency_p95_ms, exported_at) \
             FROM v_campaign_metrics_pending",
        )
        .await;
    assert_eq!(row, r#"["c1","r1",0.3,80.0,"2026-11-20T09:30:00.250000Z",null,null]"#);
}
