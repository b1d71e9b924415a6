//! Tables as JSON: what they are here, and the many settings that the emulator does not heed, as Dataverse has them of a
//! new table \[D:webapi/reference/entitymetadata\].

use serde_json::{Map, Value, json};

use crate::schema::Table;
use crate::security::of_table;

use super::{UNKNOWN_TIME, label, managed, merge};

/// What a table can do, or has had done to it, in no organisation here.
const OFF: &[&str] = &[
    "AutoCreateAccessTeams",
    "AutoRouteToOwnerQueue",
    "EnforceStateTransitions",
    "EntityHelpUrlEnabled",
    "HasActivities",
    "HasEmailAddresses",
    "HasFeedback",
    "HasNotes",
    "IsAIRUpdated",
    "IsActivity",
    "IsActivityParty",
    "IsArchivalEnabled",
    "IsAvailableOffline",
    "IsBPFEntity",
    "IsBusinessProcessEnabled",
    "IsChildEntity",
    "IsDocumentManagementEnabled",
    "IsDocumentRecommendationsEnabled",
    "IsEnabledForExternalChannels",
    "IsEnabledForTrace",
    "IsInteractionCentricEnabled",
    "IsIntersect",
    "IsKnowledgeManagementEnabled",
    "IsLogicalEntity",
    "IsMSTeamsIntegrationEnabled",
    "IsManaged",
    "IsOneNoteIntegrationEnabled",
    "IsPrivate",
    "IsQuickCreateEnabled",
    "IsRetentionEnabled",
    "IsRetrieveAuditEnabled",
    "IsRetrieveMultipleAuditEnabled",
    "IsSLAEnabled",
    "IsSolutionAware",
    "IsStateModelAware",
    "SyncToExternalSearchIndex",
    "UsesBusinessDataLabelTable",
];

const ON: &[&str] = &[
    "CanTriggerWorkflow",
    "IsEnabledForCharts",
    "IsImportable",
    "IsOptimisticConcurrencyEnabled",
    "IsReadingPaneEnabled",
    "IsValidForAdvancedFind",
];

const ABSENT: &[&str] = &[
    "DataProviderId",
    "DataSourceId",
    "EntityColor",
    "EntityHelpUrl",
    "ExternalCollectionName",
    "ExternalName",
    "HasChanged",
    "IconLargeName",
    "IconMediumName",
    "IconSmallName",
    "IconVectorName",
    "MobileOfflineFilters",
    "OwnerId",
    "OwnerIdType",
    "OwningBusinessUnit",
    "PrimaryImageAttribute",
    "RecurrenceBaseEntityLogicalName",
    "ReportViewName",
    "SettingOf",
];

/// Managed properties that are called as the property is, and what they hold.
const MANAGED: &[(&str, bool)] = &[
    ("CanBeInCustomEntityAssociation", true),
    ("CanBeInManyToMany", true),
    ("CanBePrimaryEntityInRelationship", true),
    ("CanBeRelatedEntityInRelationship", true),
    ("CanChangeHierarchicalRelationship", true),
    ("CanChangeTrackingBeEnabled", true),
    ("CanCreateAttributes", true),
    ("CanCreateCharts", true),
    ("CanCreateForms", true),
    ("CanCreateViews", true),
    ("CanEnableSyncToExternalSearchIndex", true),
    ("CanModifyAdditionalSettings", true),
    ("IsCustomizable", true),
    ("IsMappable", true),
    ("IsRenameable", true),
];

/// Settings with a managed property of another name, and what they hold.
const MANAGED_AS: &[(&str, &str, bool)] = &[
    ("IsAuditEnabled", "CanModifyAuditSettings", false),
    ("IsConnectionsEnabled", "CanModifyConnectionSettings", false),
    ("IsDuplicateDetectionEnabled", "CanModifyDuplicateDetectionSettings", false),
    ("IsMailMergeEnabled", "CanModifyMailMergeSettings", false),
    ("IsOfflineInMobileClient", "CanModifyMobileClientOffline", false),
    ("IsReadOnlyInMobileClient", "CanModifyMobileClientReadOnly", false),
    ("IsValidForQueue", "CanModifyQueueSettings", false),
    ("IsVisibleInMobile", "CanModifyMobileVisibility", false),
    ("IsVisibleInMobileClient", "CanModifyMobileClientVisibility", true),
];

pub(super) fn table_json(table: &Table) -> Value {
    let mut json = json!({
        "MetadataId": table.id,
        "LogicalName": table.logical,
        "SchemaName": table.schema_name,
        "EntitySetName": table.set,
        "LogicalCollectionName": table.set,
        "CollectionSchemaName": format!("{}s", table.schema_name),
        "DisplayName": label(&table.display),
        "DisplayCollectionName": label(&table.display_collection),
        "Description": label(&table.description),
        "OwnershipType": if table.user_owned { "UserOwned" } else { "OrganizationOwned" },
        "PrimaryIdAttribute": table.primary_id(),
        "PrimaryNameAttribute": table.primary_name,
        "ObjectTypeCode": 10_000 + table.number,
        "TableType": "Standard",
        "ChangeTrackingEnabled": table.change_tracking,
        "IsCustomEntity": table.custom,
        "Privileges": of_table(table).map(|privilege| privilege.to_json()).collect::<Vec<_>>(),
    });
    merge(&mut json, settings());
    json
}

fn settings() -> Value {
    let mut json = json!({
        "ActivityTypeMask": 0,
        "ClusterMode": "Partitioned",
        "CreatedOn": UNKNOWN_TIME,
        "DaysSinceRecordLastModified": 0,
        "IntroducedVersion": "1.0",
        "ModifiedOn": UNKNOWN_TIME,
        "PrimaryKey": [],
        "Settings": [],
    });
    let alike = |names: &[&str], value: Value| -> Map<String, Value> {
        names.iter().map(|name| ((*name).to_owned(), value.clone())).collect()
    };
    for more in [alike(OFF, false.into()), alike(ON, true.into()), alike(ABSENT, Value::Null)] {
        merge(&mut json, Value::Object(more));
    }
    for (name, value) in MANAGED {
        json[*name] = managed(name, *value);
    }
    for (name, property, value) in MANAGED_AS {
        json[*name] = managed(property, *value);
    }
    json
}
