//! Functions and actions in CSDL: those that this emulator answers, and no others.

use std::fmt::Write as _;

use crate::schema::Schema;

type OperationParameters = &'static [(&'static str, &'static str)];

/// Enumerations, their members counted from 0.
const ENUMS: &[(&str, &[&str])] = &[
    ("PrivilegeDepth", &["Basic", "Local", "Deep", "Global"]),
    ("EndpointAccessType", &["Default", "Internet", "Intranet"]),
];

/// Types of answers and parameters: names and properties.
const TYPES: &[(&str, OperationParameters)] = &[
    (
        "WhoAmIResponse",
        &[("BusinessUnitId", "Edm.Guid"), ("UserId", "Edm.Guid"), ("OrganizationId", "Edm.Guid")],
    ),
    ("RetrieveVersionResponse", &[("Version", "Edm.String")]),
    ("RetrieveAvailableLanguagesResponse", &[("LocaleIds", "Collection(Edm.Int32)")]),
    (
        "RetrieveDeprovisionedLanguagesResponse",
        &[("RetrieveDeprovisionedLanguages", "Collection(Edm.Int32)")],
    ),
    (
        "RetrieveInstalledLanguagePacksResponse",
        &[("RetrieveInstalledLanguagePacks", "Collection(Edm.Int32)")],
    ),
    ("RetrieveProvisionedLanguagesResponse", &[("RetrieveProvisionedLanguages", "Collection(Edm.Int32)")]),
    (
        "EntityRecordCountCollection",
        &[
            ("Count", "Edm.Int32"),
            ("IsReadOnly", "Edm.Boolean"),
            ("Keys", "Collection(Edm.String)"),
            ("Values", "Collection(Edm.Int64)"),
        ],
    ),
    (
        "RetrieveTotalRecordCountResponse",
        &[("EntityRecordCountCollection", "mscrm.EntityRecordCountCollection")],
    ),
    (
        "EndpointCollection",
        &[
            ("Count", "Edm.Int32"),
            ("IsReadOnly", "Edm.Boolean"),
            ("Keys", "Collection(Edm.String)"),
            ("Values", "Collection(Edm.String)"),
        ],
    ),
    (
        "OrganizationDetail",
        &[
            ("OrganizationId", "Edm.Guid"),
            ("FriendlyName", "Edm.String"),
            ("OrganizationVersion", "Edm.String"),
            ("EnvironmentId", "Edm.String"),
            ("DatacenterId", "Edm.String"),
            ("Geo", "Edm.String"),
            ("TenantId", "Edm.String"),
            ("UrlName", "Edm.String"),
            ("UniqueName", "Edm.String"),
            ("State", "Edm.String"),
            ("SchemaType", "Edm.String"),
            ("OrganizationType", "Edm.String"),
            ("Endpoints", "mscrm.EndpointCollection"),
        ],
    ),
    ("RetrieveCurrentOrganizationResponse", &[("Detail", "mscrm.OrganizationDetail")]),
    ("CreateMultipleResponse", &[("Ids", "Collection(Edm.Guid)")]),
    ("InsertOptionValueResponse", &[("NewOptionValue", "Edm.Int32")]),
    (
        "RolePrivilege",
        &[
            ("Depth", "mscrm.PrivilegeDepth"),
            ("PrivilegeId", "Edm.Guid"),
            ("BusinessUnitId", "Edm.Guid"),
            ("PrivilegeName", "Edm.String"),
            ("RecordFilterId", "Edm.Guid"),
            ("RecordFilterUniqueName", "Edm.String"),
        ],
    ),
    ("RetrieveRolePrivilegesRoleResponse", &[("RolePrivileges", "Collection(mscrm.RolePrivilege)")]),
    ("RetrieveUserPrivilegesResponse", &[("RolePrivileges", "Collection(mscrm.RolePrivilege)")]),
];

/// Functions without a row: parameters, and the type of the answer.
const FUNCTIONS: &[(&str, OperationParameters, &str)] = &[
    ("WhoAmI", &[], "mscrm.WhoAmIResponse"),
    ("RetrieveVersion", &[], "mscrm.RetrieveVersionResponse"),
    ("RetrieveAvailableLanguages", &[], "mscrm.RetrieveAvailableLanguagesResponse"),
    ("RetrieveDeprovisionedLanguages", &[], "mscrm.RetrieveDeprovisionedLanguagesResponse"),
    ("RetrieveInstalledLanguagePacks", &[], "mscrm.RetrieveInstalledLanguagePacksResponse"),
    ("RetrieveProvisionedLanguages", &[], "mscrm.RetrieveProvisionedLanguagesResponse"),
    (
        "RetrieveTotalRecordCount",
        &[("EntityNames", "Collection(Edm.String)")],
        "mscrm.RetrieveTotalRecordCountResponse",
    ),
    (
        "RetrieveCurrentOrganization",
        &[("AccessType", "mscrm.EndpointAccessType")],
        "mscrm.RetrieveCurrentOrganizationResponse",
    ),
    ("RetrieveRolePrivilegesRole", &[("RoleId", "Edm.Guid")], "mscrm.RetrieveRolePrivilegesRoleResponse"),
];

/// Actions without a row.
const ACTIONS: &[(&str, OperationParameters)] = &[
    ("PublishXml", &[("ParameterXml", "Edm.String")]),
    ("PublishAllXml", &[]),
    ("ReactivateEntityKey", &[("EntityLogicalName", "Edm.String"), ("EntityKeyLogicalName", "Edm.String")]),
    (
        "DeleteOptionValue",
        &[
            ("OptionSetName", "Edm.String"),
            ("AttributeLogicalName", "Edm.String"),
            ("EntityLogicalName", "Edm.String"),
            ("Value", "Edm.Int32"),
        ],
    ),
    (
        "OrderOption",
        &[
            ("OptionSetName", "Edm.String"),
            ("AttributeLogicalName", "Edm.String"),
            ("EntityLogicalName", "Edm.String"),
            ("Values", "Collection(Edm.Int32)"),
        ],
    ),
];

/// Actions on one role.
const ON_ROLES: &[(&str, OperationParameters)] = &[
    ("AddPrivilegesRole", &[("Privileges", "Collection(mscrm.RolePrivilege)")]),
    ("ReplacePrivilegesRole", &[("Privileges", "Collection(mscrm.RolePrivilege)")]),
    ("RemovePrivilegeRole", &[("PrivilegeId", "Edm.Guid")]),
];

pub(super) fn types(out: &mut String) {
    for (name, members) in ENUMS {
        let _ = write!(out, "<EnumType Name=\"{name}\">");
        for (value, name) in members.iter().enumerate() {
            let _ = write!(out, "<Member Name=\"{name}\" Value=\"{value}\" />");
        }
        out.push_str("</EnumType>");
    }
    for (name, properties) in TYPES {
        let _ = write!(out, "<ComplexType Name=\"{name}\">");
        for (name, kind) in *properties {
            let _ = write!(out, "<Property Name=\"{name}\" Type=\"{kind}\" />");
        }
        out.push_str("</ComplexType>");
    }
}

/// What is asked of a set or of a row.
pub(super) fn bound(out: &mut String, schema: &Schema) {
    for table in schema.tables().filter(|table| !table.is_read_only()) {
        for (name, answer) in [
            ("CreateMultiple", Some("mscrm.CreateMultipleResponse")),
            ("UpdateMultiple", None),
            ("UpsertMultiple", None),
        ] {
            let many = format!("Collection(mscrm.{})", table.logical);
            operation(out, "Action", name, Some(("entityset", &many)), &[("Targets", &many)], answer);
        }
    }
    for (name, given) in ON_ROLES {
        operation(out, "Action", name, Some(("entity", "mscrm.role")), given, None);
    }
    let answer = Some("mscrm.RetrieveUserPrivilegesResponse");
    operation(out, "Function", "RetrieveUserPrivileges", Some(("entity", "mscrm.systemuser")), &[], answer);
}

pub(super) fn unbound(out: &mut String) {
    for (name, given, answer) in FUNCTIONS {
        operation(out, "Function", name, None, given, Some(answer));
    }
    for (name, given) in ACTIONS {
        operation(out, "Action", name, None, given, None);
    }
}

pub(super) fn operation(
    out: &mut String,
    kind: &str,
    name: &str,
    binding: Option<(&str, &str)>,
    parameters: &[(&str, &str)],
    answer: Option<&str>,
) {
    let is_bound = if binding.is_some() { " IsBound=\"true\"" } else { "" };
    let _ = write!(out, "<{kind} Name=\"{name}\"{is_bound}>");
    for (name, kind) in binding.iter().chain(parameters) {
        let _ = write!(out, "<Parameter Name=\"{name}\" Type=\"{kind}\" Nullable=\"false\" />");
    }
    if let Some(answer) = answer {
        let _ = write!(out, "<ReturnType Type=\"{answer}\" Nullable=\"false\" />");
    }
    let _ = write!(out, "</{kind}>");
}

pub(super) fn imports(out: &mut String) {
    for (name, ..) in FUNCTIONS {
        let _ = write!(out, "<FunctionImport Name=\"{name}\" Function=\"Microsoft.Dynamics.CRM.{name}\" />");
    }
    for (name, _) in ACTIONS {
        let _ = write!(out, "<ActionImport Name=\"{name}\" Action=\"Microsoft.Dynamics.CRM.{name}\" />");
    }
}
