//! What is asked about roles, read from an address.

use http::Method;

use crate::address::{QueryOptions, RowAddress, Segment, path_and_query, segments};
use crate::answer::Request;
use crate::fault::{Fault, Result};

const ASSOCIATION: &str = "systemuserroles_association";

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AccessRequest {
    Read(RoleRead),
    Write(RoleWrite),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RoleRead {
    /// `RetrieveRolePrivilegesRole`.
    OfRole(RowAddress),
    /// `RetrieveUserPrivileges`.
    OfUser(RowAddress),
    /// The roles of a user, or the users of a role.
    Associated { table: &'static str, key: RowAddress },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RoleWrite {
    /// `AddPrivilegesRole` and its kin, on one role.
    Change { role: RowAddress, action: RoleAction },
    /// `POST …/$ref`: the other end is in the body.
    Associate { table: &'static str, key: RowAddress },
    /// `DELETE …/$ref`.
    Disassociate { table: &'static str, key: RowAddress, other: RowAddress },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RoleAction {
    Add,
    Replace,
    Remove,
}

impl AccessRequest {
    /// `None` for anything else.
    pub(crate) fn parse(request: &Request, first: &Segment, rest: &[Segment]) -> Result<Option<Self>> {
        if first.name == "RetrieveRolePrivilegesRole" {
            return of_role(request, first).map(Some);
        }
        let table = match first.name.as_str() {
            "roles" => "role",
            "systemusers" => "systemuser",
            _ => return Ok(None),
        };
        let (Some(key), [next, more @ ..]) = (first.key()?, rest) else { return Ok(None) };
        if next.name == ASSOCIATION {
            return association(request, table, key, next, more).map(Some);
        }
        let (get, post) = (request.method == Method::GET, request.method == Method::POST);
        let change = |action| Some(Self::Write(RoleWrite::Change { role: key.clone(), action }));
        Ok(match (table, next.name.strip_prefix("Microsoft.Dynamics.CRM.").unwrap_or(&next.name)) {
            ("role", "AddPrivilegesRole") if post => change(RoleAction::Add),
            ("role", "ReplacePrivilegesRole") if post => change(RoleAction::Replace),
            ("role", "RemovePrivilegeRole") if post => change(RoleAction::Remove),
            ("role", "RetrieveRolePrivilegesRole") if get => Some(Self::Read(RoleRead::OfRole(key))),
            ("systemuser", "RetrieveUserPrivileges") if get => Some(Self::Read(RoleRead::OfUser(key))),
            _ => None,
        })
    }
}

/// `RetrieveRolePrivilegesRole(RoleId=<guid>)`, also with the id as a parameter alias.
fn of_role(request: &Request, segment: &Segment) -> Result<AccessRequest> {
    let (_, query) = path_and_query(&request.target);
    let given = segment.arguments.as_deref().and_then(|text| text.trim().strip_prefix("RoleId="));
    let options = QueryOptions::parse(query);
    let id = given.and_then(|text| if text.starts_with('@') { options.get(text) } else { Some(text) });
    let id = id.and_then(|id| id.trim().parse().ok());
    let id = id.ok_or_else(|| {
        Fault::syntax("RetrieveRolePrivilegesRole takes the parameter RoleId, a GUID: RoleId=<guid>.")
    })?;
    Ok(AccessRequest::Read(RoleRead::OfRole(RowAddress::Id(id))))
}

fn association(
    request: &Request,
    table: &'static str,
    key: RowAddress,
    segment: &Segment,
    rest: &[Segment],
) -> Result<AccessRequest> {
    let reference = matches!(rest, [last] if last.name == "$ref");
    match (&request.method, segment.key()?) {
        (&Method::GET, None) if rest.is_empty() || reference => {
            Ok(AccessRequest::Read(RoleRead::Associated { table, key }))
        }
        (&Method::POST, None) if reference => Ok(AccessRequest::Write(RoleWrite::Associate { table, key })),
        (&Method::DELETE, Some(other)) if reference => {
            Ok(AccessRequest::Write(RoleWrite::Disassociate { table, key, other }))
        }
        // `…/$ref?$id=<address of the other end>`.
        (&Method::DELETE, None) if reference => {
            let (_, query) = path_and_query(&request.target);
            let options = QueryOptions::parse(query);
            let other = options.get("$id").map(end_of).transpose()?.flatten();
            let other =
                other.ok_or_else(|| Fault::syntax("$id is missing: which end is to be taken off?"))?;
            Ok(AccessRequest::Write(RoleWrite::Disassociate { table, key, other }))
        }
        _ => Err(Fault::no_segment(&segment.name)),
    }
}

/// The key in an address such as `https://…/roles(<guid>)`.
pub(crate) fn end_of(address: &str) -> Result<Option<RowAddress>> {
    let last = address.rsplit('/').next().unwrap_or_default();
    match segments(last)?.first() {
        Some(segment) => segment.key(),
        None => Ok(None),
    }
}
