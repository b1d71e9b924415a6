//! What people set on the panel.

use ledger::NotesFull;
use model::{
    note::{DayNote, WrittenNote},
    tenant::TenantId,
    time::SECOND,
};
use uuid::Uuid;

use crate::support::{Studio, T, TestStore};

const OTHER: TenantId = TenantId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002));

async fn add(studio: &Studio, tenant: TenantId, day: &str, text: &str) -> DayNote {
    let note = WrittenNote::read(day, text, "Jana").unwrap();
    studio.ledger.add_note(tenant, note).await.unwrap().unwrap()
}

async fn texts(studio: &Studio, first: &str, last: &str) -> Vec<String> {
    let notes = studio.ledger.notes(T, first, last).await.unwrap();
    notes.into_iter().map(|note| note.written.text).collect()
}

pub async fn notes_are_kept_by_day(store: TestStore) {
    let mut studio = Studio::open(store).await;
    let mut changes = studio.ledger.changes();
    let first = add(&studio, T, "2026-11-20", "Retail moved — 小さな").await;
    assert!(changes.has_changed().unwrap(), "a page that is looked at hears of it");
    assert_eq!((first.made_at, first.id.get_version_num()), (studio.now(), 7));
    studio.pass(SECOND).await;
    add(&studio, T, "2026-11-20", "again").await;
    add(&studio, T, "2026-11-18", "'; DROP TABLE day_notes").await;
    add(&studio, T, "2026-11-21", "later").await;
    add(&studio, OTHER, "2026-11-20", "another tenant's").await;
    studio.reopen().await;
    let expect = ["'; DROP TABLE day_notes", "Retail moved — 小さな", "again"];
    assert_eq!(texts(&studio, "2026-11-18", "2026-11-20").await, expect);
    assert_eq!(studio.ledger.notes(T, "2026-11-20", "2026-11-20").await.unwrap()[0], first);
    assert!(!studio.ledger.remove_note(OTHER, first.id).await.unwrap(), "it is not theirs");
    changes = studio.ledger.changes();
    assert!(studio.ledger.remove_note(T, first.id).await.unwrap());
    assert!(changes.has_changed().unwrap());
    assert!(!studio.ledger.remove_note(T, first.id).await.unwrap(), "it is gone");
    assert_eq!(texts(&studio, "2026-11-20", "2026-11-21").await, ["again", "later"]);
}

pub async fn a_tenant_has_some_notes_at_most(store: TestStore) {
    let studio = Studio::open(store).await;
    let first = add(&studio, T, "2026-11-20", "first").await;
    let id = if store == TestStore::Folder {
        "'0190' || printf('%04d', n)"
    } else {
        "('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid"
    };
    let tenant = format!("'{T}'");
    studio
        .sql(&format!(
            "INSERT INTO studio.day_notes (tenant_id, id, day, words, author, made_at) \
             WITH RECURSIVE counted (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM counted WHERE n < 2000) \
             SELECT {tenant}, {id}, '2026-11-20', 'n', '', 0 FROM counted"
        ))
        .await;
    let note = WrittenNote::read("2026-11-20", "one too many", "").unwrap();
    assert_eq!(studio.ledger.add_note(T, note.clone()).await.unwrap(), Err(NotesFull));
    assert!(NotesFull.to_string().contains("remove some"), "{NotesFull}");
    add(&studio, OTHER, "2026-11-20", "another tenant's").await;
    assert!(studio.ledger.remove_note(T, first.id).await.unwrap());
    assert!(studio.ledger.add_note(T, note).await.unwrap().is_ok());
}

pub async fn a_budget_is_set_and_cleared(store: TestStore) {
    let mut studio = Studio::open(store).await;
    let budget =
        async |studio: &Studio, tenant| studio.ledger.panel_settings(tenant).await.unwrap().cost_budget_e5;
    assert_eq!(budget(&studio, T).await, None);
    let changes = studio.ledger.changes();
    studio.ledger.set_cost_budget(T, Some(45_000_000)).await.unwrap();
    assert!(changes.has_changed().unwrap(), "a page that is looked at hears of it");
    studio.ledger.set_cost_budget(T, Some(1)).await.unwrap();
    studio.reopen().await;
    assert_eq!((budget(&studio, T).await, budget(&studio, OTHER).await), (Some(1), None));
    studio.ledger.set_cost_budget(T, None).await.unwrap();
    assert_eq!(budget(&studio, T).await, None);
}
