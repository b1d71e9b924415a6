//! What a request asks for, read from its method and address.

use http::Method;

use crate::address::{QueryOptions, RowAddress, Segment, path_and_query, segments};
use crate::answer::Request;
use crate::fault::{Fault, Result};
use crate::schema::Schema;
use crate::security::{AccessRequest, RoleRead, RoleWrite, end_of};

use super::organisation::OrganisationFunction;

/// One thing that can be asked; tables by logical name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Operation {
    Read(ReadOperation),
    Write(WriteOperation),
    Metadata(MetadataOperation),
}

/// What only reads rows, or facts about the organisation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ReadOperation {
    List {
        table: String,
    },
    Count {
        table: String,
    },
    One {
        table: String,
        key: RowAddress,
    },
    /// `GET set(key)/property`, a column or a lookup.
    Property {
        table: String,
        key: RowAddress,
        property: String,
    },
    /// `GET set(key)/collection/$count`.
    CountRelated {
        table: String,
        key: RowAddress,
        navigation: String,
    },
    /// A list with change tracking.
    Changes {
        table: String,
    },
    /// Privileges of a role or a user, roles of a user, users of a role.
    Security(RoleRead),
    WhoAmI,
    Organisation(OrganisationFunction),
    /// The service document.
    Service,
}

/// What changes rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum WriteOperation {
    Create {
        table: String,
    },
    /// `PATCH set(key)`.
    Upsert {
        table: String,
        key: RowAddress,
    },
    Delete {
        table: String,
        key: RowAddress,
    },
    /// `PUT set(key)/column` with `{"value": …}`.
    PutColumn {
        table: String,
        key: RowAddress,
        column: String,
    },
    /// `DELETE set(key)/column`, or `…/Nav/$ref`.
    Clear {
        table: String,
        key: RowAddress,
        column: String,
    },
    /// `PUT set(key)/Nav/$ref`.
    Bind {
        table: String,
        key: RowAddress,
        navigation: String,
    },
    /// `POST set(key)/Collection/$ref`.
    Associate {
        table: String,
        key: RowAddress,
        navigation: String,
    },
    /// `DELETE set(key)/Collection(key)/$ref`.
    Disassociate {
        table: String,
        key: RowAddress,
        navigation: String,
        other: RowAddress,
    },
    /// `POST set/Microsoft.Dynamics.CRM.…Multiple`.
    Multiple {
        table: String,
        action: String,
    },
    BulkDelete,
    /// Privileges of a role, roles of a user.
    Security(RoleWrite),
}

/// What concerns definitions, told apart by method alone: `GET` reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetadataOperation {
    Read,
    Write,
}

/// First segments that belong to metadata.
const METADATA: &[&str] = &[
    "EntityDefinitions",
    "GlobalOptionSetDefinitions",
    "RelationshipDefinitions",
    "CreateEntities",
    "InsertOptionValue",
    "UpdateOptionValue",
    "DeleteOptionValue",
    "OrderOption",
    "PublishXml",
    "PublishAllXml",
    "RetrieveMetadataChanges",
    "ReactivateEntityKey",
    "$metadata",
];

impl Operation {
    pub(crate) fn parse(schema: &Schema, request: &Request) -> Result<Self> {
        let (path, query) = path_and_query(&request.target);
        let mut found = segments(path)?;
        if found.is_empty() {
            return Ok(Self::Read(ReadOperation::Service));
        }
        let first = found.remove(0);
        if let Some(ask) = AccessRequest::parse(request, &first, &found)? {
            return Ok(match ask {
                AccessRequest::Read(read) => Self::Read(ReadOperation::Security(read)),
                AccessRequest::Write(write) => Self::Write(WriteOperation::Security(write)),
            });
        }
        if let Some(function) = OrganisationFunction::parse(request, &first)? {
            return match request.method {
                Method::GET => Ok(Self::Read(ReadOperation::Organisation(function))),
                _ => Err(Fault::no_route(&request.base, &request.target)),
            };
        }
        let names: Vec<&str> = found.iter().map(|segment| segment.name.as_str()).collect();
        let get = request.method == Method::GET;
        match first.name.as_str() {
            "BulkDelete" if request.method == Method::POST => {
                return Ok(Self::Write(WriteOperation::BulkDelete));
            }
            "WhoAmI" if get => return Ok(Self::Read(ReadOperation::WhoAmI)),
            "BulkDelete" | "WhoAmI" => return Err(Fault::no_route(&request.base, &request.target)),
            name if METADATA.contains(&name) => {
                return Ok(Self::Metadata(if get {
                    MetadataOperation::Read
                } else {
                    MetadataOperation::Write
                }));
            }
            _ => {}
        }
        let Some(table) = schema.table_of_set(&first.name) else {
            return Err(unknown_segment(&first.name));
        };
        let table = table.logical.clone();
        match first.key()? {
            None => Self::of_set(request, table, query, &names),
            Some(key) => match other_end(request, query, &found)? {
                Some(other) => {
                    let navigation = found.swap_remove(0).name;
                    Ok(Self::Write(WriteOperation::Disassociate { table, key, navigation, other }))
                }
                None => Self::of_row(request, table, key, &names),
            },
        }
    }

    fn of_set(request: &Request, table: String, query: &str, rest: &[&str]) -> Result<Self> {
        match (&request.method, rest) {
            (&Method::GET, []) => {
                let tracked = request.preference("odata.track-changes").is_some()
                    || QueryOptions::parse(query).get("$deltatoken").is_some();
                Ok(Self::Read(if tracked {
                    ReadOperation::Changes { table }
                } else {
                    ReadOperation::List { table }
                }))
            }
            (&Method::GET, ["$count"]) => {
                let tracked = QueryOptions::parse(query).get("$deltatoken").is_some();
                Ok(Self::Read(if tracked {
                    ReadOperation::Changes { table }
                } else {
                    ReadOperation::Count { table }
                }))
            }
            (&Method::POST, []) => Ok(Self::Write(WriteOperation::Create { table })),
            (&Method::POST, [action]) => {
                let name = action.strip_prefix("Microsoft.Dynamics.CRM.").unwrap_or(action);
                match name {
                    "CreateMultiple" | "UpdateMultiple" | "UpsertMultiple" => {
                        Ok(Self::Write(WriteOperation::Multiple { table, action: name.to_owned() }))
                    }
                    // Standard tables know it, and say so [D:bulk-operations.md].
                    "DeleteMultiple" => {
                        Err(Fault::bad("0x80040216", "DeleteMultiple has not yet been implemented."))
                    }
                    _ => Err(Fault::no_segment(action)),
                }
            }
            (_, []) => Err(Fault::not_allowed(&request.method)),
            (_, [other, ..]) => Err(Fault::no_segment(other)),
        }
    }

    fn of_row(request: &Request, table: String, key: RowAddress, rest: &[&str]) -> Result<Self> {
        match (&request.method, rest) {
            (&Method::GET, []) => Ok(Self::Read(ReadOperation::One { table, key })),
            (&Method::PATCH, []) => Ok(Self::Write(WriteOperation::Upsert { table, key })),
            (&Method::DELETE, []) => Ok(Self::Write(WriteOperation::Delete { table, key })),
            (&Method::GET, [property]) => {
                Ok(Self::Read(ReadOperation::Property { table, key, property: (*property).to_owned() }))
            }
            (&Method::GET, [navigation, "$count"]) => Ok(Self::Read(ReadOperation::CountRelated {
                table,
                key,
                navigation: (*navigation).to_owned(),
            })),
            (&Method::PUT, [column]) => {
                Ok(Self::Write(WriteOperation::PutColumn { table, key, column: (*column).to_owned() }))
            }
            (&Method::DELETE, [column] | [column, "$ref"]) => {
                Ok(Self::Write(WriteOperation::Clear { table, key, column: (*column).to_owned() }))
            }
            (&Method::POST, [navigation, "$ref"]) => Ok(Self::Write(WriteOperation::Associate {
                table,
                key,
                navigation: (*navigation).to_owned(),
            })),
            (&Method::PUT, [navigation, "$ref"]) => {
                Ok(Self::Write(WriteOperation::Bind { table, key, navigation: (*navigation).to_owned() }))
            }
            (_, []) => Err(Fault::not_allowed(&request.method)),
            (_, [other, ..]) => Err(Fault::no_segment(other)),
        }
    }
}

impl ReadOperation {
    /// The table whose rows are read.
    pub(crate) fn table(&self) -> Option<&str> {
        match self {
            Self::List { table }
            | Self::Count { table }
            | Self::One { table, .. }
            | Self::Property { table, .. }
            | Self::CountRelated { table, .. }
            | Self::Changes { table } => Some(table),
            Self::Security(_) | Self::WhoAmI | Self::Organisation(_) | Self::Service => None,
        }
    }
}

/// The other end of a reference that is to be deleted: a key after the collection, or an address in `$id`.
fn other_end(request: &Request, query: &str, rest: &[Segment]) -> Result<Option<RowAddress>> {
    match rest {
        [collection, last] if request.method == Method::DELETE && last.name == "$ref" => {
            match collection.key()? {
                Some(key) => Ok(Some(key)),
                None => Ok(QueryOptions::parse(query).get("$id").map(end_of).transpose()?.flatten()),
            }
        }
        _ => Ok(None),
    }
}

/// What the cloud has and this organisation lacks is said so; what neither has is not found.
fn unknown_segment(name: &str) -> Fault {
    const LACKING: &[&str] =
        &["ExecuteCosmosSqlQuery", "accounts", "contacts", "asyncoperations", "importjobs"];
    if LACKING.contains(&name) { Fault::unsupported(format!("'{name}'")) } else { Fault::no_segment(name) }
}
