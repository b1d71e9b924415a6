//! Columns: what they hold, and which of them every table has without being asked.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Column {
    pub(crate) id: Uuid,
    /// Lower case; also the column's name in SQL.
    pub(crate) logical: String,
    pub(crate) schema_name: String,
    pub(crate) display: String,
    pub(crate) description: String,
    /// `None`, `Recommended`, `ApplicationRequired`, `SystemRequired`; shown, never enforced \[D:entity-attribute-metadata\].
    pub(crate) required: String,
    pub(crate) kind: CellKind,
    /// How it is to be shown, where its type leaves a choice: `Email`, `Duration`, `DateOnly`.
    #[serde(default)]
    pub(crate) format: Option<String>,
    /// Made by the customer, not by the system.
    pub(crate) custom: bool,
    /// May be written; a value for a column that may not is ignored without a word.
    pub(crate) writable: bool,
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum CellKind {
    Text {
        max_length: u32,
    },
    Memo {
        max_length: u32,
    },
    Integer {
        min: i32,
        max: i32,
    },
    BigInteger,
    Decimal {
        scale: u32,
        min: f64,
        max: f64,
    },
    Money {
        precision: u32,
        min: f64,
        max: f64,
    },
    Double {
        precision: u32,
        min: f64,
        max: f64,
    },
    Boolean {
        yes: String,
        no: String,
        default: bool,
    },
    DateTime(Behaviour),
    Choice(ChoiceOf),
    MultiChoice(ChoiceOf),
    Lookup {
        target: String,
        navigation: String,
        relationship: String,
        relationship_id: Uuid,
        on_delete: OnDelete,
    },
    /// The primary key.
    Id,
    /// An id that is neither the primary key nor a lookup: the system's own tables have a few.
    Guid,
    /// The row's version.
    Version,
    /// A lookup of the system's: to a user, or to what is the same for every row, since there is one business unit.
    Fixed(FixedLookup),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Behaviour {
    UserLocal,
    TimeZoneIndependent,
    DateOnly,
}

/// What happens to rows that point at a row when that one is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum OnDelete {
    RemoveLink,
    Restrict,
    Cascade,
}

/// Where the options of a choice are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum ChoiceOf {
    Own { id: Uuid, options: Vec<OptionItem>, default: Option<i32> },
    Global(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OptionItem {
    pub(crate) value: i32,
    pub(crate) label: String,
}

/// Which of the organisation's own rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum FixedLookup {
    User,
    BusinessUnit,
    Organization,
    Nobody,
}

impl Column {
    /// The name under which it is read and filtered: lookups as `_name_value`.
    pub(crate) fn property(&self) -> String {
        if self.is_lookup() { format!("_{}_value", self.logical) } else { self.logical.clone() }
    }

    pub(crate) fn is_lookup(&self) -> bool {
        matches!(self.kind, CellKind::Lookup { .. } | CellKind::Fixed(_))
    }

    /// The table that a lookup points at.
    pub(crate) fn target(&self) -> Option<&str> {
        match &self.kind {
            CellKind::Lookup { target, .. } => Some(target),
            // An application acts for a user; no team owns anything.
            CellKind::Fixed(FixedLookup::Nobody) if self.logical.ends_with("onbehalfby") => {
                Some("systemuser")
            }
            CellKind::Fixed(fixed) => Some(fixed.target()),
            _ => None,
        }
    }

    pub(crate) fn navigation(&self) -> Option<&str> {
        match &self.kind {
            CellKind::Lookup { navigation, .. } => Some(navigation),
            CellKind::Fixed(_) => Some(&self.logical),
            _ => None,
        }
    }

    /// The name of a lookup's relationship, by which the rows on its other side are asked for these.
    pub(crate) fn relationship(&self) -> Option<&str> {
        match &self.kind {
            CellKind::Lookup { relationship, .. } => Some(relationship),
            _ => None,
        }
    }

    /// Where rows keep, as the number of a user's row, who this column names: `owninguser` is who `ownerid` is.
    pub(crate) fn user(&self) -> Option<&'static str> {
        match (&self.kind, self.logical.as_str()) {
            (CellKind::Fixed(FixedLookup::User), "createdby") => Some("createdby"),
            (CellKind::Fixed(FixedLookup::User), "modifiedby") => Some("modifiedby"),
            (CellKind::Fixed(FixedLookup::User), "ownerid" | "owninguser") => Some("ownerid"),
            _ => None,
        }
    }

    /// Whether rows hold it in the file; a fixed lookup is known without.
    pub(crate) fn is_stored(&self) -> bool {
        !matches!(self.kind, CellKind::Fixed(_))
    }
}

impl FixedLookup {
    pub(crate) fn target(self) -> &'static str {
        match self {
            Self::User => "systemuser",
            Self::BusinessUnit => "businessunit",
            Self::Organization => "organization",
            Self::Nobody => "team",
        }
    }
}

impl CellKind {
    /// Money is kept to four digits whatever it is shown with \[D:webapi/query/select-columns.md\].
    pub(crate) const MONEY_SCALE: u32 = 4;

    /// Digits after the point, least, most: of columns with exact decimals.
    pub(crate) fn decimal(&self) -> Option<(u32, f64, f64)> {
        match self {
            Self::Decimal { scale, min, max } => Some((*scale, *min, *max)),
            Self::Money { min, max, .. } => Some((Self::MONEY_SCALE, *min, *max)),
            _ => None,
        }
    }

    /// The type in OData's words.
    pub(crate) fn edm(&self) -> &'static str {
        match self {
            Self::Text { .. } | Self::Memo { .. } | Self::MultiChoice(_) => "Edm.String",
            Self::Integer { .. } | Self::Choice(_) => "Edm.Int32",
            Self::BigInteger | Self::Version => "Edm.Int64",
            Self::Decimal { .. } | Self::Money { .. } => "Edm.Decimal",
            Self::Double { .. } => "Edm.Double",
            Self::Boolean { .. } => "Edm.Boolean",
            Self::DateTime(Behaviour::DateOnly) => "Edm.Date",
            Self::DateTime(_) => "Edm.DateTimeOffset",
            Self::Lookup { .. } | Self::Id | Self::Guid | Self::Fixed(_) => "Edm.Guid",
        }
    }

    /// `AttributeTypeName` without its `Type`.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Text { .. } => "String",
            Self::Memo { .. } => "Memo",
            Self::Integer { .. } => "Integer",
            Self::BigInteger | Self::Version => "BigInt",
            Self::Decimal { .. } => "Decimal",
            Self::Money { .. } => "Money",
            Self::Double { .. } => "Double",
            Self::Boolean { .. } => "Boolean",
            Self::DateTime(_) => "DateTime",
            Self::Choice(_) => "Picklist",
            Self::MultiChoice(_) => "MultiSelectPicklist",
            Self::Lookup { .. } | Self::Fixed(_) => "Lookup",
            Self::Id | Self::Guid => "Uniqueidentifier",
        }
    }

    /// The column's type and rules in SQL.
    pub(crate) fn sql(&self) -> &'static str {
        match self {
            Self::Text { .. } | Self::Memo { .. } => "TEXT COLLATE dataverse",
            Self::MultiChoice(_) | Self::DateTime(Behaviour::DateOnly) => "TEXT",
            Self::Double { .. } => "REAL",
            Self::Lookup { .. } | Self::Id | Self::Guid => "BLOB",
            _ => "INTEGER",
        }
    }
}

/// The columns that every table has. `created` and the like are the system's to write.
pub(crate) fn system_columns(
    logical: &str,
    schema_name: &str,
    user_owned: bool,
    id: &mut dyn FnMut() -> Uuid,
) -> Vec<Column> {
    let mut columns = Vec::new();
    let mut add = |name: &str, display: &str, kind: CellKind, writable: bool| {
        columns.push(Column {
            id: id(),
            logical: name.to_ascii_lowercase(),
            schema_name: name.to_owned(),
            display: display.to_owned(),
            description: String::new(),
            required: "None".to_owned(),
            kind,
            format: None,
            custom: false,
            writable,
        });
    };
    add(&format!("{schema_name}Id"), logical, CellKind::Id, true);
    add("CreatedOn", "Created On", CellKind::DateTime(Behaviour::UserLocal), false);
    add("ModifiedOn", "Modified On", CellKind::DateTime(Behaviour::UserLocal), false);
    add("OverriddenCreatedOn", "Record Created On", CellKind::DateTime(Behaviour::UserLocal), true);
    add("VersionNumber", "Version Number", CellKind::Version, false);
    let whole = CellKind::Integer { min: i32::MIN, max: i32::MAX };
    add("ImportSequenceNumber", "Import Sequence Number", whole.clone(), true);
    add("TimeZoneRuleVersionNumber", "Time Zone Rule Version Number", whole.clone(), true);
    add("UTCConversionTimeZoneCode", "UTC Conversion Time Zone Code", whole, true);
    add("CreatedBy", "Created By", CellKind::Fixed(FixedLookup::User), false);
    add("ModifiedBy", "Modified By", CellKind::Fixed(FixedLookup::User), false);
    add("CreatedOnBehalfBy", "Created By (Delegate)", CellKind::Fixed(FixedLookup::Nobody), false);
    add("ModifiedOnBehalfBy", "Modified By (Delegate)", CellKind::Fixed(FixedLookup::Nobody), false);
    if user_owned {
        add("OwnerId", "Owner", CellKind::Fixed(FixedLookup::User), false);
        add("OwningBusinessUnit", "Owning Business Unit", CellKind::Fixed(FixedLookup::BusinessUnit), false);
        add("OwningUser", "Owning User", CellKind::Fixed(FixedLookup::User), false);
        add("OwningTeam", "Owning Team", CellKind::Fixed(FixedLookup::Nobody), false);
    } else {
        add("OrganizationId", "Organization", CellKind::Fixed(FixedLookup::Organization), false);
    }
    let choice = |id: Uuid, options: &[(i32, &str)], default| {
        let options =
            options.iter().map(|(value, label)| OptionItem { value: *value, label: (*label).to_owned() });
        CellKind::Choice(ChoiceOf::Own { id, options: options.collect(), default: Some(default) })
    };
    // Each choice has an id of its own; the column's is made right after it.
    let (state, status) = (Uuid::from_u128(0x57a7_e000), Uuid::from_u128(0x57a7_0500));
    add("statecode", "Status", choice(state, &[(0, "Active"), (1, "Inactive")], 0), true);
    add("statuscode", "Status Reason", choice(status, &[(1, "Active"), (2, "Inactive")], 1), true);
    columns
}
