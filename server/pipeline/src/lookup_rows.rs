//! The rows that lookups point at: which row stands for what a record calls it, and back. Most rows are of our own making,
//! under ids that follow from the code; those that others made keep their ids, and are found by the code that they bear.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use dataverse::Error;
use model::{identity, record::Target, tenant::TenantId};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{
    RemoteOrganisation,
    mapping::{ColumnMapping, TableMapping},
    organisation::Which,
    standard_names::TENANT_VALUE,
};

/// How many rows are asked for in one request, which must fit into an address.
const AT_ONCE: usize = 50;

/// What rows are called in records, by their ids.
pub(crate) type Codes = HashMap<Uuid, String>;

/// What a record points at: whose it is, the target's name, what records call it.
pub(crate) type NamedTarget = (TenantId, &'static str, String);

#[derive(Default)]
pub(crate) struct LookupRows(Mutex<KnownLookups>);

#[derive(Default)]
struct KnownLookups {
    codes: Arc<Codes>,
    /// Where that is another one than would be made here.
    ids: HashMap<NamedTarget, Uuid>,
}

impl LookupRows {
    /// The row that stands for this code.
    pub(crate) fn id(&self, tenant: TenantId, target: &Target, code: &str) -> Uuid {
        let known = self.known();
        let found = known.ids.get(&(tenant, target.name, code.to_owned()));
        found.copied().unwrap_or_else(|| own_id(tenant, target, code))
    }

    pub(crate) fn codes(&self) -> Arc<Codes> {
        Arc::clone(&self.known().codes)
    }

    /// The row may be gone: it is looked for again.
    pub(crate) fn forget(&self, named: &NamedTarget) {
        self.known().ids.remove(named);
    }

    /// A row of this code was written.
    pub(crate) fn stands(&self, id: Uuid, code: &str) {
        self.known().learn([(id, code.to_owned())]);
    }

    /// Looks for rows that others made for these codes. `first`: whose the rows without a tenant are.
    ///
    /// # Errors
    /// When Dataverse does not say.
    pub(crate) async fn find(
        &self,
        organisation: &dyn RemoteOrganisation,
        target: &'static Target,
        codes: &BTreeSet<String>,
        first: TenantId,
    ) -> Result<(), Error> {
        let Some(column) = target.code else { return Ok(()) };
        let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
        for some in codes.chunks(AT_ONCE) {
            let mut rows = organisation.pointed_at(target, Which::OfCodes(some)).await?;
            // Of several that bear one code it is always the same.
            rows.sort_by_key(|row| cell(row, target.primary_key));
            for row in rows.iter().rev() {
                let (Some(id), Some(code)) = (cell(row, target.primary_key), text(row, column)) else {
                    continue;
                };
                let tenant = cell(row, TENANT_VALUE).map_or(first, TenantId);
                self.known().place(tenant, target, code, id);
            }
        }
        Ok(())
    }

    /// What those rows are called that `rows` of this table point at: what is not known is asked for. One that cannot be read
    /// is left out.
    ///
    /// # Errors
    /// When Dataverse does not say.
    pub(crate) async fn ask(
        &self,
        organisation: &dyn RemoteOrganisation,
        table: &TableMapping,
        rows: &[&Json],
    ) -> Result<Arc<Codes>, Error> {
        let mut codes = self.codes();
        for (target, ids) in unknown(&codes, table, rows) {
            let ids: Vec<Uuid> = ids.into_iter().collect();
            for some in ids.chunks(AT_ONCE) {
                let found = organisation.pointed_at(target, Which::OfIds(some)).await?;
                // What has no code is called by its id; what is not there may be in a moment.
                let code = |row: &Json| {
                    let id = cell(row, target.primary_key)?;
                    let code = target.code.and_then(|column| text(row, column));
                    Some((id, code.map_or_else(|| id.to_string(), str::to_owned)))
                };
                let learned: Vec<(Uuid, String)> = found.iter().filter_map(code).collect();
                Arc::make_mut(&mut codes).extend(learned.iter().cloned());
                self.known().learn(learned);
            }
        }
        Ok(codes)
    }

    fn known(&self) -> MutexGuard<'_, KnownLookups> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The rows that these point at and that have no code yet.
fn unknown(codes: &Codes, table: &TableMapping, rows: &[&Json]) -> Vec<(&'static Target, BTreeSet<Uuid>)> {
    let mut unknown: BTreeMap<&str, (&'static Target, BTreeSet<Uuid>)> = BTreeMap::new();
    for column in table.columns.iter().flatten() {
        let ColumnMapping::Lookup { value, target, .. } = column else { continue };
        let ids = rows.iter().filter_map(|row| cell(row, value)).filter(|id| !codes.contains_key(id));
        unknown.entry(target.name).or_insert((*target, BTreeSet::new())).1.extend(ids);
    }
    unknown.into_values().collect()
}

impl KnownLookups {
    fn learn(&mut self, codes: impl IntoIterator<Item = (Uuid, String)>) {
        Arc::make_mut(&mut self.codes).extend(codes);
    }

    fn place(&mut self, tenant: TenantId, target: &Target, code: &str, id: Uuid) {
        let key = (tenant, target.name, code.to_owned());
        let own = own_id(tenant, target, code);
        // Where ours stands as well, records go on pointing at it.
        if id == own {
            self.ids.insert(key, own);
        } else if self.ids.get(&key) != Some(&own) {
            self.ids.insert(key, id);
        }
        self.learn([(id, code.to_owned())]);
    }
}

/// The row that is made for a code. A code that is an id names the very row.
fn own_id(tenant: TenantId, target: &Target, code: &str) -> Uuid {
    let id = code.parse::<Uuid>().ok().filter(|id| id.to_string() == code);
    id.unwrap_or_else(|| identity::natural_id(tenant, target.name, &[code]))
}

fn cell(row: &Json, column: &str) -> Option<Uuid> {
    row.get(column)?.as_str()?.parse().ok()
}

fn text<'a>(row: &'a Json, column: &str) -> Option<&'a str> {
    row.get(column)?.as_str().filter(|code| !code.is_empty())
}
