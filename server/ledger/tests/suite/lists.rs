//! Lists: newest or oldest first, page by page, while records come and go.

use ledger::{ListAsk, ListOrder, PageCursor, RecordPage};
use model::time::SECOND;

use crate::subject::kind;
use crate::support::{Studio, T, TestStore, at, run, run_at};

async fn page(studio: &Studio, limit: usize, cursor: Option<PageCursor>) -> RecordPage {
    studio.ledger.list(T, kind(), &ListAsk { limit, cursor, ..ListAsk::default() }).await.unwrap()
}

fn names(page: &RecordPage) -> Vec<&str> {
    page.items.iter().map(|stored| stored.record.values()[1].text()).collect()
}

pub async fn lists_are_newest_first(store: TestStore) {
    let studio = Studio::open(store).await;
    let noon = at("2026-11-20T12:00:00Z");
    studio
        .store(vec![
            run_at("c", "middle", "1", noon, ""),
            run_at("c", "oldest", "1", noon.plus(-SECOND), ""),
            run_at("c", "newest", "1", noon.plus(SECOND), ""),
            run_at("c", "middle, later", "1", noon, ""),
        ])
        .await;
    assert_eq!(names(&page(&studio, 10, None).await), ["newest", "middle, later", "middle", "oldest"]);
}

pub async fn pages_stay_stable_during_intake(store: TestStore) {
    let studio = Studio::open(store).await;
    let noon = at("2026-11-20T12:00:00Z");
    let old: Vec<_> = (0..25).map(|n| run_at("c", &format!("old-{n}"), "1", noon.plus(n / 3), "")).collect();
    studio.store(old).await;
    let mut seen: Vec<String> = Vec::new();
    let mut cursor = None;
    for round in 0.. {
        let page = page(&studio, 4, cursor).await;
        seen.extend(names(&page).into_iter().map(str::to_owned));
        let new = run_at("c", &format!("new-{round}"), "1", noon.plus(SECOND), "");
        studio.store(vec![new]).await;
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let expected: Vec<String> = (0..25).rev().map(|n| format!("old-{n}")).collect();
    assert_eq!(seen, expected);
}

pub async fn lists_begin_with_the_oldest_on_demand(store: TestStore) {
    let studio = Studio::open(store).await;
    let noon = at("2026-11-20T12:00:00Z");
    studio.store((0..25).map(|n| run_at("c", &n.to_string(), "1", noon.plus(n / 3), "")).collect()).await;
    let mut ask = ListAsk { limit: 4, order: ListOrder::OldestFirst, ..ListAsk::default() };
    let mut seen: Vec<String> = Vec::new();
    loop {
        let page = studio.ledger.list(T, kind(), &ask).await.unwrap();
        seen.extend(names(&page).into_iter().map(str::to_owned));
        ask.cursor = page.next;
        if ask.cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, (0..25).map(|n| n.to_string()).collect::<Vec<_>>());
}

pub async fn the_last_page_has_no_next(store: TestStore) {
    let studio = Studio::open(store).await;
    studio.store((0..4).map(|n| run("c", &n.to_string(), "1", "")).collect()).await;
    assert!(page(&studio, 4, None).await.next.is_none());
    assert!(page(&studio, 3, None).await.next.is_some());
}

pub async fn filters_and_times_narrow_a_list(store: TestStore) {
    let studio = Studio::open(store).await;
    let noon = at("2026-11-20T12:00:00Z");
    studio
        .store(vec![
            run_at("a", "1", "2", noon, ""),
            run_at("a", "2", "3", noon.plus(SECOND), ""),
            run_at("b", "3", "2", noon.plus(2 * SECOND), ""),
        ])
        .await;
    let list = async |ask: ListAsk| {
        let page = studio.ledger.list(T, kind(), &ListAsk { limit: 10, ..ask }).await.unwrap();
        names(&page).join(" ")
    };
    let filters = |pairs: &[(usize, &str)]| ListAsk {
        filters: pairs.iter().map(|(at, text)| (*at, (*text).to_owned())).collect(),
        ..ListAsk::default()
    };
    assert_eq!(list(filters(&[(0, "a")])).await, "2 1");
    assert_eq!(list(filters(&[(2, "2")])).await, "3 1");
    assert_eq!(list(filters(&[(0, "a"), (2, "2")])).await, "1");
    assert_eq!(list(filters(&[(0, "A")])).await, "", "texts are compared byte by byte");
    let from = ListAsk { from: Some(noon.plus(SECOND)), ..ListAsk::default() };
    assert_eq!(list(from).await, "3 2", "from is inclusive");
    let to = ListAsk { to: Some(noon.plus(SECOND)), ..ListAsk::default() };
    assert_eq!(list(to).await, "1", "to is exclusive");
}

pub async fn tenants_do_not_see_each_other(store: TestStore) {
    let studio = Studio::open(store).await;
    let other = model::tenant::TenantId(uuid::Uuid::from_u128(9));
    let id = studio.store(vec![run("c", "r", "1", "")]).await[0].id;
    let ledger = &studio.ledger;
    assert_eq!(ledger.read(other, kind(), id).await.unwrap(), None);
    assert!(ledger.names(other, kind(), 0, None, 10).await.unwrap().is_empty());
    let ask = ListAsk { limit: 10, ..ListAsk::default() };
    assert!(ledger.list(other, kind(), &ask).await.unwrap().items.is_empty());
    let stored = ledger.store(other, vec![run("c", "r", "1", "")]).await.unwrap();
    assert_ne!(stored[0].id, id);
    assert_eq!(ledger.delivery_counts(other).await.unwrap().balance[0].durable, 1);
    assert_eq!(studio.balanced().await.balance[0].durable, 1);
}
