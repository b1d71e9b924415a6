//! People who may sign in, and those who have.

use ledger::{AccessStore, Account, Person, PersonRole, Session};
use model::{rng::Seeded, tenant::TenantId, time::Timestamp};
use uuid::Uuid;

use crate::support::{Studio, T, TestStore};

const OTHER: TenantId = TenantId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002));

pub fn person(tenant: TenantId, name: &str, role: PersonRole) -> Person {
    Person { tenant, name: name.to_owned(), role, made_at: Timestamp::from_micros(5), has_password: true }
}

pub fn session(code: &str, name: &str, shown: TenantId, told: &[(TenantId, PersonRole)]) -> Session {
    Session {
        code: code.to_owned(),
        name: name.to_owned(),
        shown,
        roles: told.to_vec(),
        is_told: !told.is_empty(),
        made_at: Timestamp::from_micros(6),
        ends_at: Timestamp::from_micros(60),
    }
}

pub async fn people_are_kept_by_name(store: TestStore) {
    let mut studio = Studio::open(store).await;
    studio.ledger.keep_secret("s".into()).await.unwrap();
    assert!(!studio.ledger.key_table().await.unwrap().is_peopled);
    let keep = async |person: Person, password: Option<&str>| {
        studio.ledger.keep_person(person, password.map(str::to_owned)).await.unwrap();
    };
    keep(person(T, "jana", PersonRole::Reader), Some("first")).await;
    keep(person(OTHER, "jana", PersonRole::Admin), None).await;
    keep(person(T, "jana", PersonRole::Admin), Some("second")).await;
    keep(person(T, "ben", PersonRole::Reader), None).await;
    studio.reopen().await;
    assert!(studio.ledger.key_table().await.unwrap().is_peopled);
    let mut expect = vec![
        Person { has_password: false, ..person(T, "ben", PersonRole::Reader) },
        person(T, "jana", PersonRole::Admin),
        person(OTHER, "jana", PersonRole::Admin),
    ];
    expect.sort_by_key(|person| (person.tenant.to_string(), person.name.clone()));
    assert_eq!(studio.ledger.people().await.unwrap(), expect);
    let account = studio.ledger.account("jana").await.unwrap();
    let mut roles = vec![(T, PersonRole::Admin), (OTHER, PersonRole::Admin)];
    roles.sort_by_key(|(tenant, _)| tenant.to_string());
    assert_eq!(account, Account { password: Some("second".into()), roles });
    assert_eq!(studio.ledger.account("nobody").await.unwrap(), Account::default());

    assert!(studio.ledger.remove_person(OTHER, "jana".into()).await.unwrap());
    assert!(!studio.ledger.remove_person(OTHER, "jana".into()).await.unwrap());
    assert_eq!(studio.ledger.account("jana").await.unwrap().password.as_deref(), Some("second"));
    assert!(studio.ledger.remove_person(T, "jana".into()).await.unwrap());
    assert_eq!(
        studio.ledger.account("jana").await.unwrap(),
        Account::default(),
        "nothing is left of the password"
    );
    assert!(studio.ledger.remove_person(T, "ben".into()).await.unwrap());
    assert!(studio.ledger.key_table().await.unwrap().is_peopled, "the last one's end opens nothing");
}

pub async fn sessions_end(store: TestStore) {
    let studio = Studio::open(store).await;
    let ledger = &studio.ledger;
    ledger.keep_secret("s".into()).await.unwrap();
    ledger.keep_person(person(T, "jana", PersonRole::Reader), Some("p".into())).await.unwrap();
    let at = Timestamp::from_micros;
    let open = async |session: Session, instead_of: Option<&str>, now: i64| {
        ledger.open_session(session, instead_of.map(str::to_owned), at(now)).await.unwrap();
    };
    let role = async |code: &str| ledger.session(code).await.unwrap().map(|session| session.role());
    open(session("a", "jana", T, &[]), None, 6).await;
    open(session("b", "jana", T, &[(T, PersonRole::Admin), (OTHER, PersonRole::Reader)]), None, 6).await;
    assert_eq!(
        [role("a").await, role("b").await],
        [Some(Some(PersonRole::Reader)), Some(Some(PersonRole::Admin))]
    );
    assert_eq!(role("c").await, None);
    // One who stands among the people has the role of now, and what a provider told holds.
    ledger.keep_person(person(T, "jana", PersonRole::Admin), None).await.unwrap();
    assert_eq!(role("a").await, Some(Some(PersonRole::Admin)));
    assert!(ledger.show_tenant("b".into(), OTHER).await.unwrap());
    assert!(!ledger.show_tenant("c".into(), OTHER).await.unwrap());
    assert_eq!(role("b").await, Some(Some(PersonRole::Reader)));
    // Another sign-in takes the place of the first, and forgets what is over.
    open(session("c", "jana", T, &[]), Some("a"), 7).await;
    assert_eq!([role("a").await.is_none(), role("c").await.is_some()], [true, true]);
    open(Session { ends_at: at(90), ..session("d", "jana", T, &[]) }, None, 60).await;
    assert_eq!([role("b").await, role("c").await], [None, None], "over by then");
    assert!(ledger.end_session("d".into()).await.unwrap() && !ledger.end_session("d".into()).await.unwrap());
    // A new password and a removal end those of the people, and none of another who is called the same elsewhere.
    let told = [(T, PersonRole::Reader)];
    open(session("e", "jana", T, &[]), None, 7).await;
    open(session("f", "jana", T, &told), None, 7).await;
    ledger.keep_person(person(T, "jana", PersonRole::Admin), Some("new".into())).await.unwrap();
    assert_eq!([role("e").await.is_none(), role("f").await.is_some()], [true, true]);
    open(session("g", "jana", T, &[]), None, 7).await;
    ledger.remove_person(T, "jana".into()).await.unwrap();
    assert_eq!([role("g").await.is_none(), role("f").await.is_some()], [true, true]);
}

#[tokio::test]
async fn people_are_written_beside_a_server() {
    let studio = Studio::open(TestStore::Folder).await;
    let settings = ledger::StoreSettings::Folder(studio.folder().to_owned());
    let mut store =
        AccessStore::open(settings.clone(), false, studio.clock.clone(), || Seeded::new(9)).await.unwrap();
    store.keep_secret("s".into()).await.unwrap();
    store.keep_person(person(T, "jana", PersonRole::Admin), Some("p".into())).await.unwrap();
    assert_eq!(studio.ledger.people().await.unwrap(), store.people().await.unwrap());
    assert!(studio.ledger.key_table().await.unwrap().is_peopled);
    assert!(store.remove_person(T, "jana").await.unwrap() && !store.remove_person(T, "jana").await.unwrap());
    assert_eq!(studio.ledger.account("jana").await.unwrap(), Account::default());
    store.close().await;
}
