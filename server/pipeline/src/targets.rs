//! What lookups and ids point at: the rows of tenants and campaigns, sent ahead of the records that need them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use dataverse::{Error, Limit};
use ledger::{Operation as Carried, Parcel};
use model::{
    identity,
    record::{Record, TENANTS, Target},
    tenant::TenantId,
};
use serde_json::json;

use crate::{
    Organisation, Tenant,
    encode_row::{NAME, TENANT, TENANTS_SET},
    organisation::Write,
};

/// Whose it is that is pointed at, what, and its id in records.
type Named = (TenantId, &'static str, String);

/// Which rows this process has sent already.
pub(crate) struct Targets {
    tenants: HashMap<TenantId, String>,
    sent: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    tenants: HashSet<TenantId>,
    names: HashMap<Named, String>,
}

impl Targets {
    pub(crate) fn new(tenants: &[Tenant]) -> Self {
        let tenants = tenants.iter().map(|tenant| (tenant.id, tenant.name.clone())).collect();
        Self { tenants, sent: Mutex::default() }
    }

    /// Sees to it that whatever these parcels point at is there. An error is one of the lane.
    pub(crate) async fn send(
        &self,
        organisation: &dyn Organisation,
        parcels: &[Parcel],
        limit: Limit,
    ) -> Result<(), Error> {
        let (tenants, targets) = self.missing(parcels);
        for tenant in tenants {
            let name = self.tenants.get(&tenant).cloned().unwrap_or_else(|| tenant.to_string());
            create_tenant(organisation, tenant, &name, limit).await?;
            self.known().tenants.insert(tenant);
        }
        self.send_targets(organisation, targets, limit).await
    }

    /// A row that was pointed at is gone: all are sent again.
    pub(crate) fn forget(&self) {
        *self.known() = Known::default();
    }

    fn missing(&self, parcels: &[Parcel]) -> (BTreeSet<TenantId>, Vec<Pointed>) {
        let known = self.known();
        let mut tenants = BTreeSet::new();
        let mut targets: BTreeMap<Named, Pointed> = BTreeMap::new();
        for parcel in parcels {
            let Carried::Upsert(stored) = &parcel.operation else { continue };
            if !known.tenants.contains(&parcel.tenant) {
                tenants.insert(parcel.tenant);
            }
            for pointed in pointed(parcel.tenant, &stored.record) {
                let sent = known.names.get(&pointed.key());
                let is_news = match &pointed.name {
                    Some(name) => sent != Some(name),
                    None => sent.is_none() && !targets.contains_key(&pointed.key()),
                };
                if is_news {
                    targets.insert(pointed.key(), pointed);
                }
            }
        }
        (tenants, targets.into_values().collect())
    }

    /// A name that is refused is a pity, and no reason to hold the records back.
    async fn send_targets(
        &self,
        organisation: &dyn Organisation,
        targets: Vec<Pointed>,
        limit: Limit,
    ) -> Result<(), Error> {
        for targets in targets.chunks(100) {
            let outcomes = organisation.write(targets.iter().map(Pointed::write).collect(), limit).await?;
            for (pointed, outcome) in targets.iter().zip(outcomes) {
                match outcome {
                    // It stands there, under a name of its own.
                    Err(Error::Precondition(_)) if pointed.name.is_none() => {}
                    // Where everything is forbidden, the records that follow say so.
                    Err(error) if error.is_lane_fault() && error.forbidden().is_none() => return Err(error),
                    // It comes with the next records once more.
                    Err(error) if error.is_transient() => {
                        tracing::debug!(%error, "a row that is pointed at was not written");
                        continue;
                    }
                    Err(error) => {
                        tracing::warn!(%error, target = pointed.target.name, "dataverse refused a row that is pointed at");
                    }
                    Ok(()) => {}
                }
                self.known().names.insert(pointed.key(), pointed.shown().to_owned());
            }
        }
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes a tenant's row unless there is one: its name may have been changed there.
pub(crate) async fn create_tenant(
    organisation: &dyn Organisation,
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

/// Something that a record points at.
#[derive(Clone)]
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
    fn key(&self) -> Named {
        (self.tenant, self.target.name, self.code.clone())
    }

    fn shown(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.code)
    }

    /// A name that came along is the newest; without one the row is only made, so that it keeps the name that it has.
    fn write(&self) -> Write {
        let Self { tenant, target, code, .. } = self;
        let mut row = json!({
            NAME: self.shown(), format!("{TENANT}@odata.bind"): format!("/{TENANTS_SET}({tenant})"),
        });
        if let Some(column) = target.code {
            row[column] = code.as_str().into();
        }
        let (set, id) = (target.entity_set.to_owned(), identity::natural_id(*tenant, target.name, &[code]));
        match self.name {
            Some(_) => Write::Upsert { set, id, row },
            None => Write::Make { set, id, row },
        }
    }
}
