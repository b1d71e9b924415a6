//! What an organisation's security begins with: a business unit's three roles, and its application a System
//! Administrator.

use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use crate::identity::OrganisationIdentity;
use crate::schema::{Schema, Table};
use crate::store::{Transaction, sql};
use crate::value::Cell;

use super::depth::Depth;
use super::privilege::{self, Access, GENERAL, General};

/// Brings users, roles and privileges to what every organisation has.
pub(crate) async fn settle(
    transaction: &mut Transaction<'_>,
    schema: &Schema,
    identity: &OrganisationIdentity,
) -> Result<(), sqlx::Error> {
    let tables: Vec<&Table> = schema.tables().map(AsRef::as_ref).collect();
    let (version, now) = (transaction.next_version(), transaction.now);
    privilege::put_rows(transaction.connection(), schema, &tables, version, now).await?;
    let (Some(users), Some(roles)) = (schema.table("systemuser"), schema.table("role")) else {
        return Ok(());
    };
    let text = format!(
        "UPDATE {} SET applicationid = ?, azureactivedirectoryobjectid = ?, businessunitid = ?, isdisabled = 0 \
         WHERE systemuserid = ? AND applicationid IS NULL",
        users.rows()
    );
    let unit = Cell::Id(identity.business_unit);
    let cells =
        vec![Cell::Id(identity.client), Cell::Id(identity.object), unit.clone(), Cell::Id(identity.user)];
    transaction.execute(text, cells).await?;
    let all = [
        (identity.administrator, "System Administrator"),
        (identity.customizer, "System Customizer"),
        (identity.basic_user, "Basic User"),
    ];
    for (id, name) in all {
        let text = format!(
            "INSERT OR IGNORE INTO {} (roleid, name, businessunitid, versionnumber, createdon, modifiedon, statecode, \
             statuscode) VALUES (?, ?, ?, ?, ?, ?, 0, 1)",
            roles.rows()
        );
        let (version, now) = (Cell::Integer(transaction.next_version()), Cell::Integer(transaction.now));
        let cells = vec![Cell::Id(id), Cell::Text(name.to_owned()), unit.clone(), version, now.clone(), now];
        let new = transaction.execute(text, cells).await? > 0;
        if new {
            fill(transaction, identity, id, &tables).await?;
        }
    }
    Ok(())
}

/// What a role of the organisation's own begins with. The administrator's needs nothing: it may do everything.
async fn fill(
    transaction: &mut Transaction<'_>,
    identity: &OrganisationIdentity,
    role: Uuid,
    tables: &[&Table],
) -> Result<(), sqlx::Error> {
    if role == identity.administrator {
        let text = "INSERT OR IGNORE INTO user_roles VALUES (?, ?)".to_owned();
        transaction.execute(text, vec![Cell::Id(identity.user), Cell::Id(role)]).await?;
        return Ok(());
    }
    let connection = transaction.connection();
    let customizes = role == identity.customizer;
    for name in GENERAL.iter().filter(|name| customizes || name.starts_with("prvRead")) {
        grant(connection, role, General(name).id(), Depth::Global).await?;
    }
    for table in tables.iter().filter(|table| !table.is_read_only()) {
        if !table.custom {
            grant(connection, role, privilege::one(table, Access::Read).id, Depth::Global).await?;
        } else if customizes {
            grant_all(connection, role, table).await?;
        }
    }
    Ok(())
}

/// A table was made: its privileges are known from now on, and the customizers' role holds them, as in the cloud.
pub(crate) async fn table_made(
    connection: &mut SqliteConnection,
    schema: &Schema,
    customizer: Uuid,
    table: &Table,
    (version, now): (i64, i64),
) -> Result<(), sqlx::Error> {
    privilege::put_rows(connection, schema, &[table], version, now).await?;
    grant_all(connection, customizer, table).await
}

async fn grant_all(connection: &mut SqliteConnection, role: Uuid, table: &Table) -> Result<(), sqlx::Error> {
    for privilege in privilege::of_table(table) {
        grant(connection, role, privilege.id, Depth::Global).await?;
    }
    Ok(())
}

/// A role holds a privilege from now on, this far.
pub(super) async fn grant(
    connection: &mut SqliteConnection,
    role: Uuid,
    privilege: Uuid,
    depth: Depth,
) -> Result<(), sqlx::Error> {
    let text = "INSERT OR REPLACE INTO role_privileges VALUES (?, ?, ?)".to_owned();
    let cells = vec![Cell::Id(role), Cell::Id(privilege), Cell::Integer(depth.mask())];
    sql(text, cells).execute(connection).await.map(drop)
}
