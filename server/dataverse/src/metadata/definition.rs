//! Tables, lookups, keys and global choices to be made.

use serde_json::{Value, json};

use super::column::{ChoiceOption, ColumnDefinition, ColumnKind, options_json};
use super::label::label;

/// A table to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct TableDefinition {
    /// With the publisher's prefix, in any case; the logical name is the same in lower case.
    pub schema_name: String,
    /// The name in addresses, if not the server's own plural.
    pub entity_set_name: Option<String>,
    /// What people call a row.
    pub display_name: String,
    /// What people call many rows.
    pub display_collection_name: String,
    /// What people are told about it.
    pub description: String,
    /// To whom its rows belong.
    pub ownership: Ownership,
    /// Whether changes can be asked for. Cannot be switched off later.
    pub change_tracking: bool,
    /// The column that names a row to people; always text.
    pub primary_name: ColumnDefinition,
    /// Its columns beside the primary key and the name.
    pub columns: Vec<ColumnDefinition>,
    /// Alternate keys.
    pub keys: Vec<KeyDefinition>,
}

/// To whom rows belong; cannot be changed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// Each to a user or a team.
    User,
    /// All to the organisation; a user who may read one may read all.
    Organization,
}

impl TableDefinition {
    /// An organisation-owned table without further columns. `primary_name` is the schema name of its name column.
    pub fn new(
        schema_name: impl Into<String>,
        display_name: impl Into<String>,
        display_collection_name: impl Into<String>,
        primary_name: impl Into<String>,
    ) -> Self {
        Self {
            schema_name: schema_name.into(),
            entity_set_name: None,
            display_name: display_name.into(),
            display_collection_name: display_collection_name.into(),
            description: String::new(),
            ownership: Ownership::Organization,
            change_tracking: false,
            primary_name: ColumnDefinition::new(primary_name, "Name", ColumnKind::Text { max_length: 200 }),
            columns: Vec::new(),
            keys: Vec::new(),
        }
    }

    /// The name in addresses.
    #[must_use]
    pub fn entity_set(mut self, name: impl Into<String>) -> Self {
        self.entity_set_name = Some(name.into());
        self
    }

    /// With change tracking.
    #[must_use]
    pub fn tracked(mut self) -> Self {
        self.change_tracking = true;
        self
    }

    /// With this column.
    #[must_use]
    pub fn column(mut self, column: ColumnDefinition) -> Self {
        self.columns.push(column);
        self
    }

    /// The name in metadata.
    pub fn logical_name(&self) -> String {
        self.schema_name.to_ascii_lowercase()
    }

    pub(super) fn to_json(&self) -> Value {
        let mut attributes = vec![self.primary_name.to_json(true)];
        attributes.extend(self.columns.iter().map(|column| column.to_json(false)));
        let mut table = json!({
            "@odata.type": "Microsoft.Dynamics.CRM.EntityMetadata",
            "SchemaName": self.schema_name,
            "DisplayName": label(&self.display_name),
            "DisplayCollectionName": label(&self.display_collection_name),
            "Description": label(&self.description),
            "OwnershipType": match self.ownership {
                Ownership::User => "UserOwned",
                Ownership::Organization => "OrganizationOwned",
            },
            "ChangeTrackingEnabled": self.change_tracking,
            "IsActivity": false,
            "HasActivities": false,
            "HasNotes": false,
            "Attributes": attributes,
        });
        if let Some(name) = &self.entity_set_name {
            table["EntitySetName"] = name.clone().into();
        }
        table
    }
}

/// A lookup column to be made, with the relationship that it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupDefinition {
    /// The relationship's schema name, with prefix: `apex_campaign_campaignmetrics`.
    pub schema_name: String,
    /// The table pointed at, by logical name.
    pub referenced: String,
    /// The table that gets the column, by logical name.
    pub referencing: String,
    /// The column's schema name, which is the navigation property's name too: `apex_TenantId`.
    pub lookup_schema_name: String,
    /// What people see above the column.
    pub display_name: String,
}

impl LookupDefinition {
    pub(super) fn to_json(&self) -> Value {
        json!({
            "@odata.type": "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata",
            "SchemaName": self.schema_name,
            "ReferencedEntity": self.referenced,
            "ReferencedAttribute": format!("{}id", self.referenced),
            "ReferencingEntity": self.referencing,
            "CascadeConfiguration": {
                "Assign": "NoCascade", "Delete": "RemoveLink", "Merge": "NoCascade", "Reparent": "NoCascade",
                "Share": "NoCascade", "Unshare": "NoCascade",
            },
            "AssociatedMenuConfiguration": { "Behavior": "UseCollectionName", "Group": "Details", "Order": 10000 },
            "Lookup": {
                "@odata.type": "Microsoft.Dynamics.CRM.LookupAttributeMetadata",
                "AttributeType": "Lookup",
                "AttributeTypeName": { "Value": "LookupType" },
                "SchemaName": self.lookup_schema_name,
                "DisplayName": label(&self.display_name),
                "Description": label(""),
                "RequiredLevel": { "Value": "None" },
            },
        })
    }
}

/// An alternate key to be made: up to 16 columns of decimal, whole number, text, time, lookup or choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDefinition {
    /// With the publisher's prefix.
    pub schema_name: String,
    /// What people call it.
    pub display_name: String,
    /// Logical names.
    pub columns: Vec<String>,
}

impl KeyDefinition {
    pub(super) fn to_json(&self) -> Value {
        json!({
            "@odata.type": "Microsoft.Dynamics.CRM.EntityKeyMetadata",
            "SchemaName": self.schema_name,
            "DisplayName": label(&self.display_name),
            "KeyAttributes": self.columns,
        })
    }
}

/// A choice to be made that several tables share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoiceDefinition {
    /// With the publisher's prefix.
    pub name: String,
    /// What people call it.
    pub display_name: String,
    /// In the order in which people see them.
    pub options: Vec<ChoiceOption>,
}

impl ChoiceDefinition {
    pub(super) fn to_json(&self) -> Value {
        json!({
            "@odata.type": "Microsoft.Dynamics.CRM.OptionSetMetadata",
            "Name": self.name,
            "DisplayName": label(&self.display_name),
            "IsGlobal": true,
            "OptionSetType": "Picklist",
            "Options": options_json(&self.options),
        })
    }
}
