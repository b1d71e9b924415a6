//! What lookups and ids point at: the rows of tenants and campaigns, sent ahead of the records that need them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, btree_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use dataverse::{Error, Limit};
use ledger::{OutboxOperation as Carried, Parcel};
use model::{
    record::{Record, TENANTS, Target},
    tenant::TenantId,
    time::Timestamp,
};
use serde_json::json;
use tokio::time::Instant;

use crate::{
    RemoteOrganisation, Tenant,
    lookup_rows::{LookupRows, NamedTarget},
    organisation::RowWrite,
    standard_names::{NAME, TENANT, TENANTS_SET},
};

/// A row that was sent longer ago is sent again with the next record: it may have been deleted there.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// Which rows this process has sent already.
pub(crate) struct SentTargets {
    /// The first one's are rows without a tenant.
    tenants: Vec<Tenant>,
    lookups: Arc<LookupRows>,
    /// For how long records wait for a row that is refused for a reason that may pass.
    patience: Duration,
    sent: Mutex<KnownTargets>,
}

/// Rows that were not written and may be the next time.
#[derive(Default)]
pub(crate) struct Unsent(HashMap<NamedTarget, Error>);

#[derive(Default)]
struct KnownTargets {
    tenants: HashSet<TenantId>,
    targets: HashMap<NamedTarget, SentTarget>,
    /// Since when a row is refused for a reason that may pass.
    failing: HashMap<NamedTarget, Instant>,
}

/// What is known of a row that was sent.
struct SentTarget {
    name: Option<String>,
    /// Since when the record waited with which it was sent.
    with: Timestamp,
    at: Instant,
}

impl SentTargets {
    pub(crate) fn new(tenants: &[Tenant], lookups: Arc<LookupRows>, patience: Duration) -> Self {
        Self { tenants: tenants.to_vec(), lookups, patience, sent: Mutex::default() }
    }

    pub(crate) fn lookups(&self) -> &LookupRows {
        &self.lookups
    }

    /// Sees to it that what these parcels point at is there. Says which rows were refused for a reason that may pass. An
    /// error is one of the lane.
    pub(crate) async fn send(
        &self,
        organisation: &dyn RemoteOrganisation,
        parcels: &[Parcel],
        limit: Limit,
    ) -> Result<Unsent, Error> {
        let (tenants, targets) = self.missing(parcels);
        for tenant in tenants {
            let known = self.tenants.iter().find(|known| known.id == tenant);
            let name = known.map_or_else(|| tenant.to_string(), |known| known.name.clone());
            create_tenant(organisation, tenant, &name, limit).await?;
            self.known().tenants.insert(tenant);
        }
        self.find(organisation, &targets).await?;
        self.send_targets(organisation, targets, limit).await
    }

    /// Others may have made rows for these codes already.
    async fn find(
        &self,
        organisation: &dyn RemoteOrganisation,
        wanted: &[WantedTarget],
    ) -> Result<(), Error> {
        let first = self.tenants.first().map_or(TenantId::FIRST, |tenant| tenant.id);
        let mut codes: BTreeMap<&str, (&'static Target, BTreeSet<String>)> = BTreeMap::new();
        for WantedTarget { pointed, .. } in wanted {
            let of = codes.entry(pointed.target.name).or_insert((pointed.target, BTreeSet::new()));
            of.1.insert(pointed.code.clone());
        }
        for (target, codes) in codes.into_values() {
            match self.lookups.find(organisation, target, &codes, first).await {
                // An application may write that may not read: then rows of our own making are what there is.
                Err(error) if !holds_up_all(&error) => {
                    tracing::debug!(%error, lookup.target = target.name, "it is not known which rows others made");
                }
                found => found?,
            }
        }
        Ok(())
    }

    /// What this one points at may be gone: it is looked for and sent again.
    pub(crate) fn forget(&self, parcel: &Parcel) {
        let mut known = self.known();
        known.tenants.remove(&parcel.tenant);
        if let Carried::Upsert(stored) = &parcel.operation {
            for pointed in pointed(parcel.tenant, &stored.record) {
                known.targets.remove(&pointed.key());
                self.lookups.forget(&pointed.key());
            }
        }
    }

    fn missing(&self, parcels: &[Parcel]) -> (BTreeSet<TenantId>, Vec<WantedTarget>) {
        let known = self.known();
        let mut tenants = BTreeSet::new();
        let mut targets: BTreeMap<NamedTarget, WantedTarget> = BTreeMap::new();
        for parcel in parcels {
            let Carried::Upsert(stored) = &parcel.operation else { continue };
            if !known.tenants.contains(&parcel.tenant) {
                tenants.insert(parcel.tenant);
            }
            for pointed in pointed(parcel.tenant, &stored.record) {
                let sent = known.targets.get(&pointed.key());
                let is_renamed = pointed.name.is_some() && sent.is_none_or(|sent| sent.name != pointed.name);
                if !is_renamed && sent.is_some_and(|sent| sent.serves(parcel)) {
                    continue;
                }
                let key = pointed.key();
                let wanted = WantedTarget { pointed, is_renamed, with: parcel.enqueued_at };
                match targets.entry(key) {
                    Entry::Occupied(mut entry) if is_renamed => drop(entry.insert(wanted)),
                    Entry::Occupied(_) => {}
                    Entry::Vacant(entry) => drop(entry.insert(wanted)),
                }
            }
        }
        (tenants, targets.into_values().collect())
    }

    /// A row that is refused for good is a pity, and no reason to hold the records back.
    async fn send_targets(
        &self,
        organisation: &dyn RemoteOrganisation,
        targets: Vec<WantedTarget>,
        limit: Limit,
    ) -> Result<Unsent, Error> {
        let mut unsent = Unsent::default();
        for targets in targets.chunks(100) {
            let outcomes = organisation
                .write(targets.iter().map(|wanted| wanted.write(&self.lookups)).collect(), limit)
                .await?;
            for (wanted, outcome) in targets.iter().zip(outcomes) {
                let WantedTarget { pointed, is_renamed, with } = wanted;
                match outcome {
                    // It stands there, under a name that it may have been given there.
                    Err(Error::Precondition(_)) if !is_renamed => {}
                    // Where everything is forbidden, the records that follow say so.
                    Err(error) if error.is_lane_fault() && error.forbidden().is_none() => return Err(error),
                    Err(error) if error.is_transient() => {
                        tracing::debug!(%error, "a row that is pointed at was not written");
                        let since = *self.known().failing.entry(pointed.key()).or_insert_with(Instant::now);
                        // In the end records go without it, and it comes with a later one.
                        if since.elapsed() < self.patience {
                            unsent.0.insert(pointed.key(), error);
                        }
                        continue;
                    }
                    Err(error) => {
                        tracing::warn!(%error, lookup.target = pointed.target.name, "dataverse refused a row that is pointed at");
                    }
                    Ok(()) => {
                        let id = self.lookups.id(pointed.tenant, pointed.target, &pointed.code);
                        self.lookups.stands(id, &pointed.code);
                    }
                }
                self.known().failing.remove(&pointed.key());
                let sent = SentTarget { name: pointed.name.clone(), with: *with, at: Instant::now() };
                self.known().targets.insert(pointed.key(), sent);
            }
        }
        Ok(unsent)
    }

    fn known(&self) -> MutexGuard<'_, KnownTargets> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Unsent {
    /// Why one of those that this one points at was not written, if it does.
    pub(crate) fn holds_up(&self, parcel: &Parcel) -> Option<&Error> {
        let Carried::Upsert(stored) = &parcel.operation else { return None };
        pointed(parcel.tenant, &stored.record).find_map(|pointed| self.0.get(&pointed.key()))
    }
}

/// Whether it is no matter of what was asked for.
fn holds_up_all(error: &Error) -> bool {
    error.forbidden().is_none() && (error.is_lane_fault() || error.is_transient())
}

/// Makes a tenant's row unless there is one: its name may have been changed there.
pub(crate) async fn create_tenant(
    organisation: &dyn RemoteOrganisation,
    tenant: TenantId,
    name: &str,
    limit: Limit,
) -> Result<(), Error> {
    match organisation.make(TENANTS.entity_set, tenant.0, &json!({ NAME: name }), limit).await {
        Err(Error::Precondition(_)) | Ok(()) => Ok(()),
        Err(error) if error.is_duplicate() => Ok(()),
        Err(error) => Err(error),
    }
}

impl SentTarget {
    /// Whether the row may be taken to be there still. A record that was acknowledged before and comes again may have been
    /// lost there, and with it what it points at, since this was sent.
    fn serves(&self, parcel: &Parcel) -> bool {
        (parcel.is_first || self.with == parcel.enqueued_at) && self.at.elapsed() < KEPT
    }
}

/// A row to be sent.
struct WantedTarget {
    pointed: Pointed,
    /// A name came along that was not sent before.
    is_renamed: bool,
    /// Since when the record waits that points at it.
    with: Timestamp,
}

/// Something that a record points at.
struct Pointed {
    tenant: TenantId,
    target: &'static Target,
    code: String,
    /// What it is called, where that came along.
    name: Option<String>,
}

fn pointed(tenant: TenantId, record: &Record) -> impl Iterator<Item = Pointed> {
    record.kind().pointers.iter().zip(record.names()).filter_map(move |(pointer, name)| {
        let code = record.values()[pointer.field].text().to_owned();
        (!code.is_empty()).then_some(Pointed { tenant, target: pointer.target, code, name: name.clone() })
    })
}

impl Pointed {
    fn key(&self) -> NamedTarget {
        (self.tenant, self.target.name, self.code.clone())
    }
}

impl WantedTarget {
    /// A name that came along is the newest; otherwise the row is only made, so that it keeps the name that it has.
    fn write(&self, lookups: &LookupRows) -> RowWrite {
        let Pointed { tenant, target, code, name } = &self.pointed;
        let mut row = json!({
            NAME: name.as_ref().unwrap_or(code), format!("{TENANT}@odata.bind"): format!("/{TENANTS_SET}({tenant})"),
        });
        if let Some(column) = target.code {
            row[column] = code.as_str().into();
        }
        let (set, id) = (target.entity_set.to_owned(), lookups.id(*tenant, target, code));
        if self.is_renamed { RowWrite::Upsert { set, id, row } } else { RowWrite::Make { set, id, row } }
    }
}
