//! Every property of definitions that the Web API's reference names can be read and selected: clients that others wrote
//! ask for those that they know.

use serde_json::Value;

use crate::client::HttpClient;

/// `EntityMetadata`.
const TABLE: &str = "\
    ActivityTypeMask AutoCreateAccessTeams AutoRouteToOwnerQueue CanBeInCustomEntityAssociation CanBeInManyToMany \
    CanBePrimaryEntityInRelationship CanBeRelatedEntityInRelationship CanChangeHierarchicalRelationship \
    CanChangeTrackingBeEnabled CanCreateAttributes CanCreateCharts CanCreateForms CanCreateViews \
    CanEnableSyncToExternalSearchIndex CanModifyAdditionalSettings CanTriggerWorkflow ChangeTrackingEnabled \
    ClusterMode CollectionSchemaName CreatedOn DataProviderId DataSourceId DaysSinceRecordLastModified Description \
    DisplayCollectionName DisplayName EnforceStateTransitions EntityColor EntityHelpUrl EntityHelpUrlEnabled \
    EntitySetName ExternalCollectionName ExternalName HasActivities HasChanged HasEmailAddresses HasFeedback \
    HasNotes IconLargeName IconMediumName IconSmallName IconVectorName IntroducedVersion IsActivity IsActivityParty \
    IsAIRUpdated IsArchivalEnabled IsAuditEnabled IsAvailableOffline IsBPFEntity IsBusinessProcessEnabled \
    IsChildEntity IsConnectionsEnabled IsCustomEntity IsCustomizable IsDocumentManagementEnabled \
    IsDocumentRecommendationsEnabled IsDuplicateDetectionEnabled IsEnabledForCharts IsEnabledForExternalChannels \
    IsEnabledForTrace IsImportable IsInteractionCentricEnabled IsIntersect IsKnowledgeManagementEnabled \
    IsLogicalEntity IsMailMergeEnabled IsManaged IsMappable IsMSTeamsIntegrationEnabled IsOfflineInMobileClient \
    IsOneNoteIntegrationEnabled IsOptimisticConcurrencyEnabled IsPrivate IsQuickCreateEnabled IsReadingPaneEnabled \
    IsReadOnlyInMobileClient IsRenameable IsRetentionEnabled IsRetrieveAuditEnabled IsRetrieveMultipleAuditEnabled \
    IsSLAEnabled IsSolutionAware IsStateModelAware IsValidForAdvancedFind IsValidForQueue IsVisibleInMobile \
    IsVisibleInMobileClient LogicalCollectionName LogicalName MetadataId MobileOfflineFilters ModifiedOn \
    ObjectTypeCode OwnerId OwnerIdType OwnershipType OwningBusinessUnit PrimaryIdAttribute PrimaryImageAttribute \
    PrimaryNameAttribute Privileges RecurrenceBaseEntityLogicalName ReportViewName SchemaName SettingOf Settings \
    SyncToExternalSearchIndex TableType UsesBusinessDataLabelTable";

/// `AttributeMetadata`, which all columns have.
const COLUMN: &str = "\
    AttributeOf AttributeType AttributeTypeName AutoNumberFormat CanBeSecuredForCreate CanBeSecuredForRead \
    CanBeSecuredForUpdate CanModifyAdditionalSettings ColumnNumber CreatedOn DeprecatedVersion Description DisplayName \
    EntityLogicalName ExternalName HasChanged InheritsFrom IntroducedVersion IsAuditEnabled IsCustomAttribute \
    IsCustomizable IsDataSourceSecret IsFilterable IsGlobalFilterEnabled IsLogical IsManaged IsPrimaryId \
    IsPrimaryName IsRenameable IsRequiredForForm IsRetrievable IsSearchable IsSecured IsSortableEnabled \
    IsValidForAdvancedFind IsValidForCreate IsValidForForm IsValidForGrid IsValidForRead IsValidForUpdate \
    IsValidODataAttribute LinkedAttributeId LogicalName MetadataId ModifiedOn RequiredLevel SchemaName SourceType";

/// What the types of columns add: a column of each, and its type.
const TYPES: &[(&str, &str, &str)] = &[
    ("versionnumber", "BigInt", "MaxValue MinValue"),
    ("x_done", "Boolean", "DefaultValue FormulaDefinition SourceTypeMask"),
    (
        "x_at",
        "DateTime",
        "CanChangeDateTimeBehavior DateTimeBehavior Format FormulaDefinition ImeMode MaxSupportedValue \
         MinSupportedValue SourceTypeMask",
    ),
    ("x_cost", "Decimal", "FormulaDefinition ImeMode MaxValue MinValue Precision SourceTypeMask"),
    ("x_ratio", "Double", "ImeMode MaxValue MinValue Precision"),
    ("x_count", "Integer", "Format FormulaDefinition MaxValue MinValue SourceTypeMask"),
    ("x_placeid", "Lookup", "Format Targets"),
    ("ownerid", "Owner", "Format Targets"),
    ("x_note", "Memo", "Format FormatName ImeMode IsLocalizable MaxLength"),
    (
        "x_price",
        "Money",
        "CalculationOf FormulaDefinition ImeMode IsBaseCurrency MaxValue MinValue Precision PrecisionSource \
         SourceTypeMask",
    ),
    (
        "x_tags",
        "MultiSelectPicklist",
        "ChildPicklistLogicalNames DefaultFormValue FormulaDefinition ParentPicklistLogicalName SourceTypeMask",
    ),
    (
        "x_level",
        "Picklist",
        "ChildPicklistLogicalNames DefaultFormValue FormulaDefinition ParentPicklistLogicalName SourceTypeMask",
    ),
    ("statecode", "State", "DefaultFormValue"),
    ("statuscode", "Status", "DefaultFormValue"),
    (
        "x_code",
        "String",
        "AutoNumberFormat DatabaseLength Format FormatName FormulaDefinition ImeMode IsLocalizable MaxLength \
         SourceTypeMask YomiOf",
    ),
    ("x_thingid", "Uniqueidentifier", ""),
];

/// What all relationships have.
const RELATIONSHIP: &str = "\
    HasChanged IntroducedVersion IsCustomizable IsCustomRelationship IsManaged IsValidForAdvancedFind MetadataId \
    RelationshipType SchemaName SecurityTypes";

const ONE_TO_MANY: &str = "\
    AssociatedMenuConfiguration CascadeConfiguration DenormalizedAttributeName EntityKey IsDenormalizedLookup \
    IsHierarchical IsRelationshipAttributeDenormalized ReferencedAttribute ReferencedEntity \
    ReferencedEntityNavigationPropertyName ReferencingAttribute ReferencingEntity \
    ReferencingEntityNavigationPropertyName RelationshipAttributes RelationshipBehavior";

const MANY_TO_MANY: &str = "\
    Entity1AssociatedMenuConfiguration Entity1IntersectAttribute Entity1LogicalName Entity1NavigationPropertyName \
    Entity2AssociatedMenuConfiguration Entity2IntersectAttribute Entity2LogicalName Entity2NavigationPropertyName \
    IntersectEntityName";

/// Reads a definition whole and by `$select`, and finds the properties in both.
async fn check(client: &HttpClient, path: &str, properties: &[&str]) -> Value {
    let names: Vec<&str> = properties.iter().flat_map(|names| names.split_whitespace()).collect();
    let whole = client.get(path).await;
    let selected = client.get(&format!("{path}?$select={}", names.join(","))).await;
    for answer in [&whole, &selected] {
        assert_eq!(answer.status, 200, "{}", answer.text);
        for name in &names {
            assert!(answer.json.get(*name).is_some(), "{path}: {name}");
        }
    }
    whole.json
}

#[tokio::test]
async fn tables_have_every_documented_property() {
    let client = HttpClient::new().await;
    let table = check(&client, "EntityDefinitions(LogicalName='x_thing')", &[TABLE]).await;
    assert_eq!(table["PrimaryImageAttribute"], Value::Null);
    assert_eq!(table["CanChangeTrackingBeEnabled"]["Value"], true);
    assert_eq!(table["IsAuditEnabled"]["ManagedPropertyLogicalName"], "canmodifyauditsettings");
}

#[tokio::test]
async fn columns_have_every_documented_property() {
    let client = HttpClient::new().await;
    for (column, kind, more) in TYPES {
        let plain = format!("EntityDefinitions(LogicalName='x_thing')/Attributes(LogicalName='{column}')");
        check(&client, &plain, &[COLUMN]).await;
        let definition = match *kind {
            "Owner" => "Lookup",
            "Uniqueidentifier" => "UniqueIdentifier",
            other => other,
        };
        let cast = format!("{plain}/Microsoft.Dynamics.CRM.{definition}AttributeMetadata");
        let found = check(&client, &cast, &[COLUMN, more]).await;
        assert_eq!(found["AttributeTypeName"]["Value"], format!("{kind}Type"));
        let odata = format!("#Microsoft.Dynamics.CRM.{definition}AttributeMetadata");
        assert_eq!(found["@odata.type"], odata);
    }
}

#[tokio::test]
async fn casts_lead_to_base_types_too() {
    let client = HttpClient::new().await;
    let cast = async |path: &str, kind: &str| {
        client
            .get(&format!("{path}/Microsoft.Dynamics.CRM.{kind}?$select=SchemaName"))
            .await
            .column("SchemaName")
    };
    let columns = "EntityDefinitions(LogicalName='x_thing')/Attributes";
    let choices = cast(columns, "EnumAttributeMetadata").await;
    assert_eq!(choices, ["statecode", "statuscode", "x_Level", "x_Tags"]);
    let lookups = cast(columns, "LookupAttributeMetadata").await;
    assert!(lookups.contains(&"OwnerId".into()) && lookups.contains(&"x_PlaceId".into()), "{lookups:?}");
    let all = client.get(columns).await.column("SchemaName");
    assert_eq!(cast(columns, "AttributeMetadata").await, all);
    let relationships = cast("RelationshipDefinitions", "RelationshipMetadataBase").await;
    assert!(relationships.contains(&"systemuserroles_association".into()));
}

#[tokio::test]
async fn relationships_have_every_documented_property() {
    let client = HttpClient::new().await;
    let path = "RelationshipDefinitions(SchemaName='x_place_things')";
    let cast = format!("{path}/Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata");
    for path in [path, &cast] {
        check(&client, path, &[RELATIONSHIP, ONE_TO_MANY]).await;
    }
    let roles = "RelationshipDefinitions(SchemaName='systemuserroles_association')";
    let found = check(&client, roles, &[RELATIONSHIP, MANY_TO_MANY]).await;
    assert_eq!(found["IntersectEntityName"], "systemuserroles");
    let many = "Microsoft.Dynamics.CRM.ManyToManyRelationshipMetadata";
    for path in [
        format!("RelationshipDefinitions/{many}"),
        "EntityDefinitions(LogicalName='role')/ManyToManyRelationships".to_owned(),
    ] {
        assert_eq!(client.get(&path).await.column("SchemaName"), ["systemuserroles_association"]);
    }
}

#[tokio::test]
async fn unpublished_definitions_are_the_published() {
    let client = HttpClient::new().await;
    let unpublished = "Microsoft.Dynamics.CRM.RetrieveUnpublished";
    let one = client
        .get(&format!("EntityDefinitions(LogicalName='x_thing')/{unpublished}()?$select=SchemaName"))
        .await;
    assert_eq!(one.json["SchemaName"], "x_Thing", "{}", one.text);
    let path = format!(
        "EntityDefinitions/{unpublished}Multiple()?$select=SchemaName&$filter=IsCustomEntity eq true"
    );
    assert_eq!(client.get(&path).await.column("SchemaName"), ["x_Place", "x_Thing"]);
}

/// The filter with which Microsoft's command line lists tables.
#[tokio::test]
async fn type_codes_are_compared_in_order() {
    let client = HttpClient::new().await;
    let filter = "(IsIntersect eq false and IsLogicalEntity eq false and%0APrimaryNameAttribute ne null and \
                  PrimaryNameAttribute ne '' and ObjectTypeCode gt 0 and%0AObjectTypeCode ne 4712) and \
                  (IsCustomizable/Value eq true or IsCustomEntity eq true or IsMappable/Value eq true)";
    let select = "SchemaName,IconVectorName,CanEnableSyncToExternalSearchIndex";
    let found = client.get(&format!("EntityDefinitions?$select={select}&$filter={filter}")).await;
    assert!(found.column("SchemaName").contains(&"x_Thing".into()), "{}", found.text);
    let count = async |filter: &str| {
        client.get(&format!("EntityDefinitions?$select=LogicalName&$filter={filter}")).await.json["value"]
            .as_array()
            .map(Vec::len)
    };
    assert_eq!(count("ObjectTypeCode lt 0").await, Some(0));
    assert_eq!(count("ObjectTypeCode ge 1").await, count("ObjectTypeCode le 1000000").await);
    assert_eq!(client.get("EntityDefinitions?$filter=SchemaName gt 'a'").await.status, 501);
}
