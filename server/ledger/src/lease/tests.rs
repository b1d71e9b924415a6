//! Shares, ages and weights of what is lent.

use model::record::campaign_run::CAMPAIGN_RUN;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

static OTHER: Kind = Kind { name: "other", ..CAMPAIGN_RUN };

fn due((tenant, is_other, due_at, position, weight): (u8, bool, i64, i64, i64)) -> Due {
    let kind = if is_other { &OTHER } else { &CAMPAIGN_RUN };
    Due { tenant: TenantId(Uuid::from_u128(u128::from(tenant))), kind, position, due_at, weight }
}

fn sum(chosen: &[Due]) -> i64 {
    chosen.iter().map(|due| due.weight).sum()
}

#[test]
fn shares_are_per_tenant() {
    let all = [1, 2].into_iter().flat_map(|tenant| {
        [false, true].into_iter().flat_map(move |kind| (0..100).map(move |n| due((tenant, kind, n, n, 100))))
    });
    let chosen = choose(all.collect(), 100);
    let of = |tenant: u8, kind: &Kind| {
        let tenant = TenantId(Uuid::from_u128(u128::from(tenant)));
        chosen.iter().filter(|due| due.tenant == tenant && due.kind == kind).count()
    };
    let counts = [(1, &CAMPAIGN_RUN), (1, &OTHER), (2, &CAMPAIGN_RUN), (2, &OTHER)].map(|(t, k)| of(t, k));
    assert_eq!(counts, [25, 25, 25, 25]);
}

#[test]
fn the_oldest_goes_first_whatever_its_kind() {
    let chosen = choose(vec![due((1, false, 5, 1, 1)), due((1, true, 3, 9, 1)), due((1, false, 4, 2, 1))], 2);
    assert_eq!(chosen.iter().map(|due| due.due_at).collect::<Vec<_>>(), [3, 4]);
}

#[test]
fn overweight_records_go_alone() {
    let heavy = |at| due((1, false, at, at, BYTES_MAX + 1));
    assert_eq!(choose(vec![heavy(1), heavy(2), due((2, false, 3, 3, 1))], 10), [heavy(1)]);
}

proptest! {
    #[test]
    fn choices_are_full_light_and_shared(
        all in prop::collection::vec((0_u8..5, any::<bool>(), 0_i64..50, 0_i64..1_000, 1_i64..BYTES_MAX), 0..200),
        most in 1_usize..80,
    ) {
        let all: Vec<Due> = all.into_iter().map(due).collect();
        let chosen = choose(all.clone(), most);
        prop_assert!(chosen.len() <= most);
        let lightest = |list: &[Due]| list.iter().map(|due| due.weight).max().unwrap_or(0);
        prop_assert!(sum(&chosen) <= BYTES_MAX + lightest(&chosen));
        prop_assert_eq!(chosen.is_empty(), all.is_empty());
        // Whatever else there is, the one that has waited for longest goes.
        if let Some(oldest) = all.iter().map(Due::rank).min() {
            prop_assert!(chosen.iter().any(|due| due.rank() == oldest));
        }
        // Of each tenant nothing goes that is younger than what stays, but for what is of one age.
        for due in &chosen {
            let stays = all.iter().filter(|other| other.tenant == due.tenant && !chosen.contains(other));
            prop_assert!(stays.map(Due::rank).all(|rank| rank >= due.rank()));
        }
        // Everything goes where there is room for everything.
        if all.len() <= most && sum(&all) <= BYTES_MAX / 5 {
            prop_assert_eq!(chosen.len(), all.len());
        }
    }
}
