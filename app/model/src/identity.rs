//! Which id a record has: the same natural key, the same id, wherever and whenever it is computed.

use uuid::{Builder, Uuid};

use crate::{tenant::TenantId, time::Timestamp};

const NAMESPACE: Uuid = Uuid::from_u128(0x3e05_95ce_0ace_5fb9_9a20_ab41_479c_d3d6);

/// The id of the record of this `kind` with this natural key: each part as its length in bytes, a colon, itself,
/// a comma, so that no two keys can read alike.
#[must_use]
pub fn natural_id(tenant: TenantId, kind: &str, key: &[impl AsRef<str>]) -> Uuid {
    let tenant = tenant.to_string();
    let mut name = String::new();
    for part in [tenant.as_str(), kind].into_iter().chain(key.iter().map(AsRef::as_ref)) {
        name.push_str(&part.len().to_string());
        name.push(':');
        name.push_str(part);
        name.push(',');
    }
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

/// The id of the record of this `kind` that its sender calls `given`. The first tenant's records bear that very id. All
/// tenants share one table in Dataverse, so that those of another tenant get one that the tenant's own id is a part of.
#[must_use]
pub fn given_id(tenant: TenantId, kind: &str, given: Uuid) -> Uuid {
    if tenant == TenantId::FIRST { given } else { natural_id(tenant, kind, &[given.to_string()]) }
}

/// An id that begins with the time (UUIDv7), from a clock and chance that the caller brings.
#[must_use]
pub fn timed_id(now: Timestamp, chance: [u8; 10]) -> Uuid {
    let millis = u64::try_from(now.micros() / 1_000).unwrap_or(0);
    Builder::from_unix_timestamp_millis(millis, &chance).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(key: [&str; 3], expect: &str) {
        assert_eq!(natural_id(TenantId::FIRST, "campaign-run", &key).to_string(), expect);
    }

    #[test]
    fn natural_ids_meet_the_published_vectors() {
        check(["api-test-001", "api-run-001", "2-3"], "e6963b74-7ff1-5584-a42e-b887407b7717");
        check(["名", "r,1:2", "4"], "78084cb4-7640-52c2-83a6-3437b5b075d3");
    }

    #[test]
    fn parts_cannot_run_into_each_other() {
        let a = natural_id(TenantId::FIRST, "campaign-run", &["ab", "c", "1"]);
        let b = natural_id(TenantId::FIRST, "campaign-run", &["a", "bc", "1"]);
        assert_ne!(a, b);
    }

    #[test]
    fn ids_differ_between_tenants() {
        let (given, other) = (Uuid::from_u128(7), TenantId(Uuid::from_u128(2)));
        assert_eq!(given_id(TenantId::FIRST, "event", given), given);
        assert_ne!(given_id(other, "event", given), given);
        assert_ne!(given_id(other, "event", given), given_id(other, "task", given));
    }

    #[test]
    fn timed_ids_sort_by_time() {
        let early = timed_id(Timestamp::from_micros(1_000_000), [255; 10]);
        let late = timed_id(Timestamp::from_micros(1_002_000), [0; 10]);
        assert!(early < late);
        assert_eq!(early.get_version_num(), 7);
    }
}
