//! What fields point at: things with an id and a name, of which the ledger keeps names and Dataverse keeps rows.

/// A table whose rows records point at.
#[derive(Debug)]
pub struct Target {
    /// As in the natural key of its rows: `campaign`.
    pub name: &'static str,
    /// The ledger's table of ids and names, if it keeps them.
    pub table: Option<&'static str>,
    /// The table's logical name.
    pub logical_name: &'static str,
    /// The name of its rows as a set, as in addresses.
    pub entity_set: &'static str,
    /// The column of its primary key.
    pub primary_key: &'static str,
    /// What people read as the table's name.
    pub display_name: &'static str,
    /// The same in the plural.
    pub display_collection_name: &'static str,
    /// Dataverse's column with the id that records hold, where the row's own id is another.
    pub code: Option<&'static str>,
}

/// Two targets are the same when they have the same name.
impl PartialEq for Target {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
impl Eq for Target {}

/// Everything that is pointed at, tenants first: all others belong to one.
pub static TARGETS: &[&Target] = &[&TENANTS, &CAMPAIGNS, &USERS];

/// Tenants, each with a row.
pub static TENANTS: Target = Target {
    name: "tenant",
    table: None,
    logical_name: "apex_tenant",
    entity_set: "apex_tenants",
    primary_key: "apex_tenantid",
    display_name: "Tenant",
    display_collection_name: "Tenants",
    code: None,
};

/// Campaigns.
pub static CAMPAIGNS: Target = Target {
    name: "campaign",
    table: Some("campaigns"),
    logical_name: "apex_campaign",
    entity_set: "apex_campaigns",
    primary_key: "apex_campaignid",
    display_name: "Campaign",
    display_collection_name: "Campaigns",
    code: Some("apex_code"),
};

/// People.
pub static USERS: Target = Target {
    name: "user",
    table: None,
    logical_name: "apex_user",
    entity_set: "apex_users",
    primary_key: "apex_userid",
    display_name: "User",
    display_collection_name: "Users",
    code: Some("apex_code"),
};
