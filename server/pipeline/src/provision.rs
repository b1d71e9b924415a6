//! Makes in an organisation what the product needs there. What stands already is left as it is; run again, nothing
//! changes.

mod coming;
mod roles;
mod solution;
mod step;
mod tables;

use std::time::Duration;

use dataverse::{Client, Limit, TableDifference, TableMetadata};
use tokio::time::Instant;

use crate::{Error, Mapping, Tenant, targets::create_tenant};
use tables::WantedTable;

pub use roles::{READER, WRITER};
pub use step::ProvisionStep;

/// A tenant's row is not waited for any longer.
const TENANT_WITHIN: Duration = Duration::from_secs(600);

/// How much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProvisionScope {
    /// What records need. An application that may do nothing else can look whether it stands.
    Tables,
    /// The roles of people and services as well.
    Everything,
}

/// What would be made, in order, and what stands in the way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProvisionPlan {
    /// What is missing there, in the order in which it is made.
    pub steps: Vec<ProvisionStep>,
    /// Things that are there and cannot hold what they should, each with the reason. They have to be mended by hand.
    pub conflicts: Vec<String>,
}

/// Makes what is missing, one thing after the other (the organisation takes a lock for each), and says what it was, each
/// as soon as it stands.
///
/// # Errors
/// Names what stands in the way, before anything is made; or the step that failed. What was made stays, and is found
/// when it is run again.
pub async fn provision(
    client: &Client,
    mapping: &Mapping,
    tenants: &[Tenant],
    scope: ProvisionScope,
    made: &mut (dyn FnMut(&ProvisionStep) + Send),
) -> Result<(), Error> {
    let ProvisionPlan { steps, conflicts } = plan(client, mapping, scope).await?;
    if !conflicts.is_empty() {
        return Err(Error::Clash { conflicts });
    }
    for step in &steps {
        step.make(client).await.map_err(failed(step.to_string()))?;
        made(step);
    }
    for tenant in tenants {
        let step = || format!("the row of tenant {}", tenant.name);
        let limit = Limit::lasting(TENANT_WITHIN, Instant::now());
        create_tenant(client, tenant.id, &tenant.name, limit).await.map_err(failed(step()))?;
    }
    Ok(())
}

/// Looks whether everything that records need stands, and changes nothing.
///
/// # Errors
/// Names what stands in the way, or what is missing.
pub async fn stands(client: &Client, mapping: &Mapping) -> Result<(), Error> {
    let ProvisionPlan { steps, conflicts } = plan(client, mapping, ProvisionScope::Tables).await?;
    if !conflicts.is_empty() {
        return Err(Error::Clash { conflicts });
    }
    match steps.first() {
        None => Ok(()),
        Some(first) => Err(Error::Unprovisioned { missing: steps.len(), first: first.to_string() }),
    }
}

/// Looks what is missing, and changes nothing.
///
/// # Errors
/// When the organisation cannot be read.
pub async fn plan(client: &Client, mapping: &Mapping, scope: ProvisionScope) -> Result<ProvisionPlan, Error> {
    let wanted: Vec<_> = tables::wanted(mapping).into_iter().chain(coming::tables()).collect();
    let mut plan = ProvisionPlan::default();
    let mut lookups = Vec::new();
    for wanted in &wanted {
        let name = wanted.table.logical_name();
        let there = client.metadata().table(&name).await;
        let there = there.map_err(failed(format!("reading the definition of {name}")))?;
        plan.compare(wanted, there.as_ref());
        plan.compare_lookups(wanted, there.as_ref(), &mut lookups);
    }
    plan.steps.extend(lookups);
    if scope == ProvisionScope::Everything || !plan.steps.is_empty() {
        plan.owners(client).await.map_err(failed("reading publishers and solutions".to_owned()))?;
    }
    if scope == ProvisionScope::Everything {
        plan.roles(client, &wanted).await.map_err(failed("reading security roles".to_owned()))?;
    }
    Ok(plan)
}

impl ProvisionPlan {
    fn compare(&mut self, wanted: &WantedTable, there: Option<&TableMetadata>) {
        let Some(there) = there else {
            self.steps.push(ProvisionStep::Table(Box::new(wanted.table.clone())));
            return;
        };
        let table = there.logical_name.clone();
        for difference in there.compare(&wanted.table) {
            let table = table.clone();
            match difference {
                TableDifference::Column(column) => self.steps.push(ProvisionStep::Column { table, column }),
                TableDifference::Option { column, choice } => {
                    self.steps.push(ProvisionStep::Option { table, column, choice });
                }
                TableDifference::Key(key) => self.steps.push(ProvisionStep::Key { table, key }),
                TableDifference::ChangeTracking => self.steps.push(ProvisionStep::ChangeTracking { table }),
                TableDifference::Conflict(reason) => self.conflicts.push(reason),
            }
        }
    }

    fn compare_lookups(
        &mut self,
        wanted: &WantedTable,
        there: Option<&TableMetadata>,
        missing: &mut Vec<ProvisionStep>,
    ) {
        for lookup in &wanted.lookups {
            match there.and_then(|there| there.compare_lookup(lookup)) {
                None => missing.push(ProvisionStep::Lookup(lookup.clone())),
                Some(Err(reason)) => self.conflicts.push(reason),
                Some(Ok(())) => {}
            }
        }
    }

    /// The publisher whose prefix everything bears, and the solution that everything goes into, come first.
    async fn owners(&mut self, client: &Client) -> Result<(), dataverse::Error> {
        let mut owners = Vec::new();
        if !solution::has_publisher(client).await? {
            owners.push(ProvisionStep::Publisher);
        }
        if !solution::has_solution(client).await? {
            owners.push(ProvisionStep::Solution);
        }
        self.steps.splice(0..0, owners);
        Ok(())
    }

    async fn roles(&mut self, client: &Client, tables: &[WantedTable]) -> Result<(), dataverse::Error> {
        for wanted in roles::roles(tables) {
            match client.metadata().role(&wanted.name).await? {
                None => self.steps.push(ProvisionStep::Role(wanted)),
                Some(role) => {
                    let privileges = role.missing(&wanted);
                    if !privileges.is_empty() {
                        self.steps.push(ProvisionStep::Privileges {
                            role: role.name,
                            id: role.id,
                            privileges,
                        });
                    }
                }
            }
        }
        Ok(())
    }
}

fn failed(step: String) -> impl FnOnce(dataverse::Error) -> Error {
    move |cause| Error::Provision { step, cause }
}
