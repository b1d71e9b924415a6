//! Roles: which privileges they hold, and which users hold them.

use serde_json::{Value, json};
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use crate::address::{QueryOptions, RowAddress, path_and_query};
use crate::answer::{Answer, Request};
use crate::fault::{Fault, Result};
use crate::query::{self, Resolver};
use crate::rows::find_row;
use crate::schema::Table;
use crate::store::{StoreReader, Transaction, sql};
use crate::value::Cell;

use super::ask::{RoleAction, RoleRead, RoleWrite, end_of};
use super::depth::Depth;
use super::privilege::Access;
use super::seed::grant;

/// Answers what only reads.
pub(crate) async fn read(
    resolver: Resolver<'_>,
    reader: &mut StoreReader<'_>,
    request: &Request,
    operation: &RoleRead,
) -> Result<Answer> {
    resolver.caller.demand(resolver.table("role")?, Access::Read)?;
    match operation {
        RoleRead::OfRole(key) => {
            let role = row(resolver, reader.connection(), "role", key).await?;
            let all = role == resolver.organisation.identity.administrator;
            let held = held(resolver, reader, all, "SELECT ?", role).await?;
            Ok(privileges(request, "RetrieveRolePrivilegesRoleResponse", &held))
        }
        RoleRead::OfUser(key) => {
            let user = row(resolver, reader.connection(), "systemuser", key).await?;
            let roles = ids(reader, "SELECT role FROM user_roles WHERE user = ?", user).await?;
            let all = roles.contains(&resolver.organisation.identity.administrator);
            let held =
                held(resolver, reader, all, "SELECT role FROM user_roles WHERE user = ?", user).await?;
            Ok(privileges(request, "RetrieveUserPrivilegesResponse", &held))
        }
        RoleRead::Associated { table, key } => associated(resolver, reader, request, table, key).await,
    }
}

fn privileges(request: &Request, kind: &str, held: &[Value]) -> Answer {
    let context = format!("{}$metadata#Microsoft.Dynamics.CRM.{kind}", request.base);
    Answer::json(json!({ "@odata.context": context, "RolePrivileges": held }).to_string())
}

/// Privileges of the roles that a subquery gives, as `RolePrivilege`; or all that there are.
async fn held(
    resolver: Resolver<'_>,
    reader: &mut StoreReader<'_>,
    all: bool,
    roles: &str,
    of: Uuid,
) -> Result<Vec<Value>> {
    let known = resolver.table("privilege")?.rows();
    let text = match all {
        true => format!("SELECT privilegeid, name, 8 FROM {known} WHERE ? IS NOT NULL ORDER BY name"),
        false => format!(
            "SELECT k.privilegeid, k.name, max(h.depth) FROM role_privileges h JOIN {known} k \
             ON k.privilegeid = h.privilege WHERE h.role IN ({roles}) GROUP BY k.privilegeid ORDER BY k.name"
        ),
    };
    let rows = sql(text, vec![Cell::Id(of)]).fetch_all(reader.connection()).await?;
    rows.iter()
        .map(|row| {
            let id = Uuid::from_slice(row.try_get(0)?).unwrap_or_default();
            let name: String = row.try_get(1)?;
            Ok(json!({
                "Depth": Depth::of_mask(row.try_get(2)?).name(), "PrivilegeId": id,
                "BusinessUnitId": resolver.organisation.identity.business_unit, "PrivilegeName": name,
                "RecordFilterId": Uuid::nil(), "RecordFilterUniqueName": "",
            }))
        })
        .collect()
}

async fn ids(reader: &mut StoreReader<'_>, text: &str, of: Uuid) -> Result<Vec<Uuid>> {
    let rows = sql(text.to_owned(), vec![Cell::Id(of)]).fetch_all(reader.connection()).await?;
    rows.iter().map(|row| Ok(Uuid::from_slice(row.try_get(0)?).unwrap_or_default())).collect()
}

/// `GET systemusers(<id>)/systemuserroles_association`: the other end's rows, by a filter on their ids.
async fn associated(
    resolver: Resolver<'_>,
    reader: &mut StoreReader<'_>,
    request: &Request,
    table: &str,
    key: &RowAddress,
) -> Result<Answer> {
    let id = row(resolver, reader.connection(), table, key).await?;
    let (other, text) = match table {
        "role" => ("systemuser", "SELECT user FROM user_roles WHERE role = ?"),
        _ => ("role", "SELECT role FROM user_roles WHERE user = ?"),
    };
    let other = resolver.table(other)?;
    let ids = ids(reader, text, id).await?;
    // No row has this id, so that a user without roles gets an empty list.
    let no_row = std::iter::once(Uuid::nil()).filter(|_| ids.is_empty());
    let ids = ids.iter().copied().chain(no_row);
    let own: Vec<String> = ids.map(|id| format!("{} eq {id}", other.primary_id())).collect();
    let own = format!("({})", own.join(" or "));
    let (_, text) = path_and_query(&request.target);
    let given = QueryOptions::parse(text);
    let filter = given.get("$filter").map_or(own.clone(), |given| format!("{own} and ({given})"));
    let mut options = QueryOptions::default();
    options.push("$filter", &filter);
    for name in given.names().filter(|name| *name != "$filter") {
        options.push(name, given.get(name).unwrap_or_default());
    }
    query::list(resolver, reader, request, query::Set { table: other, of: None }, &options).await
}

/// Runs what changes something, in a transaction.
pub(crate) async fn write(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    request: &Request,
    operation: &RoleWrite,
) -> Result<Answer> {
    resolver.organisation.limiter.meter(1);
    match operation {
        RoleWrite::Change { role, action } => change(resolver, transaction, request, role, *action).await?,
        RoleWrite::Associate { table, key } => {
            let body = body(request)?;
            let other = body.get("@odata.id").and_then(Value::as_str).map(end_of).transpose()?.flatten();
            let other =
                other.ok_or_else(|| Fault::payload("systemusers", "'@odata.id' resolver no other end."))?;
            let (user, role) = ends(resolver, transaction, table, key, &other).await?;
            let text = "INSERT OR IGNORE INTO user_roles VALUES (?, ?)".to_owned();
            transaction.execute(text, vec![Cell::Id(user), Cell::Id(role)]).await?;
        }
        RoleWrite::Disassociate { table, key, other } => {
            let (user, role) = ends(resolver, transaction, table, key, other).await?;
            let text = "DELETE FROM user_roles WHERE user = ? AND role = ?".to_owned();
            transaction.execute(text, vec![Cell::Id(user), Cell::Id(role)]).await?;
        }
    }
    Ok(Answer::no_content())
}

/// User and role, whichever end was named first.
async fn ends(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    table: &str,
    key: &RowAddress,
    other: &RowAddress,
) -> Result<(Uuid, Uuid)> {
    let (users, roles) = (resolver.table("systemuser")?, resolver.table("role")?);
    resolver.caller.demand(users, Access::Append)?;
    resolver.caller.demand(roles, Access::AppendTo)?;
    let (user, role) = if table == "role" { (other, key) } else { (key, other) };
    let connection = transaction.connection();
    Ok((row(resolver, connection, "systemuser", user).await?, row(resolver, connection, "role", role).await?))
}

fn body(request: &Request) -> Result<Value> {
    serde_json::from_slice(&request.body)
        .map_err(|error| Fault::payload("roles", format!("the body is not JSON: {error}")))
}

async fn change(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    request: &Request,
    role: &RowAddress,
    action: RoleAction,
) -> Result<()> {
    resolver.caller.demand(resolver.table("role")?, Access::Write)?;
    let role = row(resolver, transaction.connection(), "role", role).await?;
    if role == resolver.organisation.identity.administrator {
        return Err(Fault::argument("The privileges of the System Administrator role cannot be changed."));
    }
    let body = body(request)?;
    if action == RoleAction::Remove {
        let id = body.get("PrivilegeId").and_then(Value::as_str).and_then(|text| text.parse().ok());
        let id = id.ok_or_else(|| Fault::payload("roles", "'PrivilegeId' is missing."))?;
        let text = "DELETE FROM role_privileges WHERE role = ? AND privilege = ?".to_owned();
        transaction.execute(text, vec![Cell::Id(role), Cell::Id(id)]).await?;
        return Ok(());
    }
    let wanted = wanted(resolver, transaction, &body).await?;
    if action == RoleAction::Replace {
        let text = "DELETE FROM role_privileges WHERE role = ?".to_owned();
        transaction.execute(text, vec![Cell::Id(role)]).await?;
    }
    for (privilege, depth) in wanted {
        grant(transaction.connection(), role, privilege, depth).await?;
    }
    Ok(())
}

/// The privileges of a body's `Privileges`: each must be there, and be able to reach so far.
async fn wanted(
    resolver: Resolver<'_>,
    transaction: &mut Transaction<'_>,
    body: &Value,
) -> Result<Vec<(Uuid, Depth)>> {
    let malformed = || Fault::payload("roles", "'Privileges' is a list of PrivilegeId and Depth.");
    let list = body.get("Privileges").and_then(Value::as_array).ok_or_else(malformed)?;
    let known = resolver.table("privilege")?.rows();
    let mut wanted = Vec::with_capacity(list.len());
    for one in list {
        let id = one.get("PrivilegeId").and_then(Value::as_str).and_then(|text| text.parse::<Uuid>().ok());
        let id = id.ok_or_else(malformed)?;
        let depth = one.get("Depth").and_then(Depth::parse).ok_or_else(malformed)?;
        let text = format!("SELECT canbebasic, name FROM {known} WHERE privilegeid = ?");
        let row = transaction.one(text, vec![Cell::Id(id)]).await?;
        let row = row.ok_or_else(|| Fault::no_row("privilege", id))?;
        if depth != Depth::Global && !row.try_get::<bool, _>(0)? {
            let name: String = row.try_get(1)?;
            let message =
                format!("Privilege {name} has invalid depth {}: it can be Global only.", depth.name());
            return Err(Fault::argument(message));
        }
        wanted.push((id, depth));
    }
    Ok(wanted)
}

/// The id of a row that must be there.
async fn row(
    resolver: Resolver<'_>,
    connection: &mut SqliteConnection,
    table: &str,
    key: &RowAddress,
) -> Result<Uuid> {
    let table: &Table = resolver.table(table)?;
    let (id, _) = find_row(resolver, connection, table, key).await?;
    let id = id.ok_or_else(|| Fault::no_row_by_key(&table.logical))?;
    let text = format!("SELECT 1 FROM {} WHERE {} = ?", table.rows(), table.primary_id());
    let found = sql(text, vec![Cell::Id(id)]).fetch_optional(connection).await?;
    found.map(|_| id).ok_or_else(|| Fault::no_row(&table.logical, id))
}
