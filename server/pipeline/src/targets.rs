//! What lookups and ids point at: the rows of tenants and campaigns, sent ahead of the records that need them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use dataverse::{Error, Limit};
use ledger::{Operation as Carried, Parcel};
use model::{identity, tenant::TenantId};
use serde_json::json;

use crate::{
    Organisation, Tenant,
    organisation::Write,
    row::{NAME, TENANT, TENANTS_SET},
};

/// A table that is pointed at.
pub(crate) struct TargetTable {
    /// The ledger's table of the same things, if it has one.
    pub(crate) ledger: Option<&'static str>,
    pub(crate) logical_name: &'static str,
    pub(crate) entity_set: &'static str,
    pub(crate) display_name: &'static str,
    pub(crate) display_collection_name: &'static str,
    /// The column with the id that records hold.
    pub(crate) code: Option<&'static str>,
}

pub(crate) const TENANTS: TargetTable = TargetTable {
    ledger: None,
    logical_name: "apex_tenant",
    entity_set: TENANTS_SET,
    display_name: "Tenant",
    display_collection_name: "Tenants",
    code: None,
};
pub(crate) const CAMPAIGNS: TargetTable = TargetTable {
    ledger: Some("campaigns"),
    logical_name: "apex_campaign",
    entity_set: "apex_campaigns",
    display_name: "Campaign",
    display_collection_name: "Campaigns",
    code: Some("apex_code"),
};
pub(crate) const USERS: TargetTable = TargetTable {
    ledger: None,
    logical_name: "apex_user",
    entity_set: "apex_users",
    display_name: "User",
    display_collection_name: "Users",
    code: None,
};
pub(crate) static TARGETS: [TargetTable; 3] = [TENANTS, CAMPAIGNS, USERS];

/// A thing with a name: whose, in which of the ledger's tables, under which id.
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
        let (tenants, names) = self.missing(parcels);
        for tenant in tenants {
            let name = self.tenants.get(&tenant).cloned().unwrap_or_else(|| tenant.to_string());
            create_tenant(organisation, tenant, &name, limit).await?;
            self.known().tenants.insert(tenant);
        }
        self.send_names(organisation, names, limit).await
    }

    /// A row that was pointed at is gone: all are sent again.
    pub(crate) fn forget(&self) {
        *self.known() = Known::default();
    }

    fn missing(&self, parcels: &[Parcel]) -> (BTreeSet<TenantId>, BTreeMap<Named, String>) {
        let known = self.known();
        let mut tenants = BTreeSet::new();
        let mut names = BTreeMap::new();
        for parcel in parcels {
            let Carried::Upsert(stored) = &parcel.operation else { continue };
            if !known.tenants.contains(&parcel.tenant) {
                tenants.insert(parcel.tenant);
            }
            if let (Some(naming), Some(name)) = (&parcel.kind.naming, &stored.record.name) {
                let named = (parcel.tenant, naming.table, stored.record.values[naming.of].text().to_owned());
                if known.names.get(&named) != Some(name) {
                    names.insert(named, name.clone());
                }
            }
        }
        (tenants, names)
    }

    /// A name that is refused is a pity, and no reason to hold the records back.
    async fn send_names(
        &self,
        organisation: &dyn Organisation,
        names: BTreeMap<Named, String>,
        limit: Limit,
    ) -> Result<(), Error> {
        let names = names.into_iter().filter_map(|name| Some((upsert_name(&name.0, &name.1)?, name)));
        let names: Vec<(Write, (Named, String))> = names.collect();
        for names in names.chunks(100) {
            let writes = names.iter().map(|(write, _)| write.clone()).collect();
            let outcomes = organisation.write(writes, limit).await?;
            for ((_, name), outcome) in names.iter().zip(outcomes) {
                match outcome {
                    // Where everything is forbidden, the records that follow say so.
                    Err(error) if error.is_lane_fault() && error.forbidden().is_none() => return Err(error),
                    // It comes with the next records once more.
                    Err(error) if error.is_transient() => {
                        tracing::debug!(%error, "the row that names a campaign was not written");
                        continue;
                    }
                    Err(error) => tracing::warn!(%error, "dataverse refused the row that names a campaign"),
                    Ok(()) => {}
                }
                self.known().names.extend([name.clone()]);
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

fn upsert_name((tenant, table, id): &Named, name: &str) -> Option<Write> {
    let target = TARGETS.iter().find(|target| target.ledger == Some(table))?;
    let mut row = json!({ NAME: name, format!("{TENANT}@odata.bind"): format!("/{TENANTS_SET}({tenant})") });
    if let Some(code) = target.code {
        row[code] = id.as_str().into();
    }
    let kind = target.logical_name.trim_start_matches("apex_");
    Some(Write::Upsert { set: target.entity_set, id: identity::natural_id(*tenant, kind, &[id]), row })
}
