//! Names in Dataverse that every table of ours shares, as provisioning makes them.

/// The navigation property of the lookup to the tenant.
pub(crate) const TENANT: &str = "apex_tenantid";
/// The column in which that lookup is read.
pub(crate) const TENANT_VALUE: &str = "_apex_tenantid_value";
/// The set of the tenants' rows.
pub(crate) const TENANTS_SET: &str = "apex_tenants";
/// The column that people read as a row's name.
pub(crate) const NAME: &str = "apex_name";
