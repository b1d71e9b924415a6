//! Which entries of the outbox are lent out next: each tenant its share, and of each tenant's the oldest, whatever their
//! kinds, for as long as they are light enough together.

use std::{collections::BTreeMap, time::Duration};

use model::{
    record::{Kind, Kinds, Storage},
    tenant::TenantId,
};
use sqlx::Error;

use crate::{Parcel, write::Write};

/// Lends out up to `most` entries until `hold` has passed.
pub(crate) struct Lease {
    pub(crate) most: usize,
    pub(crate) hold: Duration,
}

impl Write for Lease {
    type Answer = Vec<Parcel>;
}

/// The bytes that the records of one lease have together, at most and about; a single record may have more.
pub(crate) const BYTES_MAX: i64 = 2 * 1024 * 1024;

/// An entry that may be lent out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) tenant: TenantId,
    pub(crate) kind: &'static Kind,
    pub(crate) position: i64,
    pub(crate) due_at: i64,
    /// About how many bytes its record has.
    pub(crate) weight: i64,
}

/// Entries of one table, by their positions.
pub(crate) struct Chosen {
    pub(crate) tenant: TenantId,
    pub(crate) kind: &'static Kind,
    pub(crate) positions: Vec<i64>,
}

/// What a store is asked before it lends anything out.
pub(crate) trait Lender {
    /// The oldest that are due, `most` of them at the most.
    async fn due(&mut self, tenant: TenantId, kind: &'static Kind, most: usize) -> Result<Vec<Due>, Error>;
}

/// What is lent out next, at most `most` entries. A tenant's share is looked at first, and as much as may be where that did
/// not fill the lease.
pub(crate) async fn next(
    lender: &mut impl Lender,
    tenants: &[TenantId],
    kinds: Kinds,
    most: usize,
) -> Result<Vec<Chosen>, Error> {
    let mut chosen = Vec::new();
    for look in [most.div_ceil(tenants.len().max(1)), most] {
        let (mut due, mut is_all) = (Vec::new(), true);
        for tenant in tenants {
            for kind in kinds {
                let found = lender.due(*tenant, kind, look).await?;
                is_all &= found.len() < look;
                due.extend(found);
            }
        }
        let found = due.len();
        chosen = choose(due, most);
        // More of it would not find more room.
        if is_all || chosen.len() == most || chosen.len() < found {
            break;
        }
    }
    Ok(by_table(&chosen))
}

/// At most `most` of those that are due.
fn choose(due: Vec<Due>, most: usize) -> Vec<Due> {
    let mut tenants: BTreeMap<TenantId, Vec<Due>> = BTreeMap::new();
    for entry in due {
        tenants.entry(entry.tenant).or_default().push(entry);
    }
    let mut lists: Vec<Vec<Due>> = tenants.into_values().collect();
    lists.iter_mut().for_each(|list| list.sort_unstable_by_key(Due::rank));
    // Those come first that have waited for longest, so that heavy ones keep none out for good.
    lists.sort_unstable_by_key(|list| list[0].rank());
    let share = most.div_ceil(lists.len().max(1));
    let bytes = BYTES_MAX / i64::try_from(lists.len().max(1)).unwrap_or(i64::MAX);
    let (mut chosen, mut left, mut taken) = (Vec::new(), Vec::new(), 0);
    for mut list in lists {
        let room = share.min(most - chosen.len());
        // One goes along that is heavier than a share, while there is room for anything.
        let least = room.min(usize::from(taken < BYTES_MAX));
        left.extend(list.split_off(fitting(&list, room, bytes.min(BYTES_MAX - taken)).max(least)));
        taken += list.iter().map(|due| due.weight).sum::<i64>();
        chosen.extend(list);
    }
    left.sort_unstable_by_key(Due::rank);
    let count = fitting(&left, most - chosen.len(), BYTES_MAX - taken);
    chosen.extend(left.drain(..count));
    chosen
}

impl Due {
    const fn rank(&self) -> (i64, i64) {
        (self.due_at, self.position)
    }
}

/// How many from the beginning of a list fit: at most `most` entries, at most `bytes` together.
fn fitting(list: &[Due], most: usize, bytes: i64) -> usize {
    let mut sum = 0;
    let fits = |due: &&Due| {
        sum += due.weight;
        sum <= bytes
    };
    list.iter().take(most).take_while(fits).count()
}

/// Those that were chosen, table by table.
fn by_table(chosen: &[Due]) -> Vec<Chosen> {
    let mut tables: Vec<Chosen> = Vec::new();
    for due in chosen {
        match tables.iter_mut().find(|table| table.tenant == due.tenant && table.kind == due.kind) {
            Some(table) => table.positions.push(due.position),
            None => {
                let positions = vec![due.position];
                tables.push(Chosen { tenant: due.tenant, kind: due.kind, positions });
            }
        }
    }
    tables
}

/// About how many bytes the record in row `r` has, in SQL that both stores know.
pub(crate) fn weight(kind: &Kind) -> String {
    let texts = kind.fields.iter().filter(|field| field.ty.storage() == Storage::Text);
    let texts: String =
        texts.map(|field| format!(" + coalesce(octet_length(r.{}), 0)", field.column)).collect();
    format!("{}{texts}", 64 + 16 * kind.fields.len())
}

#[cfg(test)]
mod tests;
