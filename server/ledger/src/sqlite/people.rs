//! People who may sign in, and those who have.

use model::{tenant::TenantId, time::Timestamp};
use sqlx::{Error, SqliteConnection, sqlite::SqliteRow};

use super::{
    InFile, Reader, StepIn,
    row::{self, get},
};
use crate::{
    Account, Person, PersonRole, Session,
    dead_letters::SYSTEM,
    people::{self, EndSession, KeepPerson, OpenSession, RemovePerson, ShowTenant},
    write::On,
};

impl On<InFile> for KeepPerson {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<(), Error> {
        keep(step.connection, &self.person, self.password.as_deref()).await
    }
}

impl On<InFile> for RemovePerson {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<bool, Error> {
        remove(step.connection, self.tenant, &self.name).await
    }
}

impl On<InFile> for OpenSession {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<(), Error> {
        let connection = &mut *step.connection;
        sqlx::query("DELETE FROM sessions WHERE tenant_id = ?1 AND (ends_at <= ?2 OR code = ?3)")
            .bind(SYSTEM.to_string())
            .bind(self.now.micros())
            .bind(self.instead_of.clone())
            .execute(&mut *connection)
            .await?;
        let session = &self.session;
        sqlx::query(
            "INSERT INTO sessions (tenant_id, code, name, shown_tenant_id, roles, made_at, ends_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .bind(SYSTEM.to_string())
        .bind(session.code.clone())
        .bind(session.name.clone())
        .bind(session.shown.to_string())
        .bind(people::told_roles(session))
        .bind(session.made_at.micros())
        .bind(session.ends_at.micros())
        .execute(connection)
        .await
        .map(|_| ())
    }
}

impl On<InFile> for EndSession {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<bool, Error> {
        let gone = sqlx::query("DELETE FROM sessions WHERE tenant_id = ?1 AND code = ?2")
            .bind(SYSTEM.to_string())
            .bind(self.0.clone())
            .execute(&mut *step.connection)
            .await?;
        Ok(gone.rows_affected() > 0)
    }
}

impl On<InFile> for ShowTenant {
    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<bool, Error> {
        let shown =
            sqlx::query("UPDATE sessions SET shown_tenant_id = ?3 WHERE tenant_id = ?1 AND code = ?2")
                .bind(SYSTEM.to_string())
                .bind(self.code.clone())
                .bind(self.tenant.to_string())
                .execute(&mut *step.connection)
                .await?;
        Ok(shown.rows_affected() > 0)
    }
}

/// Within a transaction.
pub(crate) async fn keep(
    connection: &mut SqliteConnection,
    person: &Person,
    password: Option<&str>,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO people (tenant_id, name, role, made_at) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (tenant_id, name) DO UPDATE SET role = excluded.role",
    )
    .bind(person.tenant.to_string())
    .bind(person.name.clone())
    .bind(person.role.word())
    .bind(person.made_at.micros())
    .execute(&mut *connection)
    .await?;
    if let Some(password) = password {
        sqlx::query("INSERT OR REPLACE INTO passwords (tenant_id, name, code) VALUES (?1, ?2, ?3)")
            .bind(SYSTEM.to_string())
            .bind(person.name.clone())
            .bind(password.to_owned())
            .execute(&mut *connection)
            .await?;
        end_sessions(connection, &person.name).await?;
    }
    sqlx::query("UPDATE access_secrets SET peopled = 1").execute(connection).await.map(|_| ())
}

/// Within a transaction.
pub(crate) async fn remove(
    connection: &mut SqliteConnection,
    tenant: TenantId,
    name: &str,
) -> Result<bool, Error> {
    let gone = sqlx::query("DELETE FROM people WHERE tenant_id = ?1 AND name = ?2")
        .bind(tenant.to_string())
        .bind(name.to_owned())
        .execute(&mut *connection)
        .await?;
    if account(connection, name).await?.roles.is_empty() {
        sqlx::query("DELETE FROM passwords WHERE tenant_id = ?1 AND name = ?2")
            .bind(SYSTEM.to_string())
            .bind(name.to_owned())
            .execute(&mut *connection)
            .await?;
        end_sessions(connection, name).await?;
    }
    Ok(gone.rows_affected() > 0)
}

/// Of one of the people: those that a provider told are another's.
async fn end_sessions(connection: &mut SqliteConnection, name: &str) -> Result<(), Error> {
    sqlx::query("DELETE FROM sessions WHERE tenant_id = ?1 AND name = ?2 AND roles IS NULL")
        .bind(SYSTEM.to_string())
        .bind(name.to_owned())
        .execute(connection)
        .await
        .map(|_| ())
}

pub(crate) async fn everyone(Reader { pool, .. }: Reader<'_>) -> Result<Vec<Person>, Error> {
    list(&mut *pool.acquire().await?).await
}

/// By tenant and name. One whose role this version does not know is left out.
pub(crate) async fn list(connection: &mut SqliteConnection) -> Result<Vec<Person>, Error> {
    let rows = sqlx::query(
        "SELECT p.tenant_id, p.name, p.role, p.made_at, EXISTS (SELECT 1 FROM passwords AS w WHERE w.tenant_id = ?1 \
         AND w.name = p.name) FROM people AS p ORDER BY p.tenant_id, p.name",
    )
    .bind(SYSTEM.to_string())
    .fetch_all(connection)
    .await?;
    rows.iter().filter_map(|row| person(row).transpose()).collect()
}

fn person(row: &SqliteRow) -> Result<Option<Person>, Error> {
    let Some(role) = PersonRole::of_word(get(row, 2)?) else { return Ok(None) };
    Ok(Some(Person {
        tenant: row::tenant(row, 0)?,
        name: get(row, 1)?,
        role,
        made_at: Timestamp::from_micros(get(row, 3)?),
        has_password: get::<i64>(row, 4)? != 0,
    }))
}

pub(crate) async fn account_of(Reader { pool, .. }: Reader<'_>, name: &str) -> Result<Account, Error> {
    let mut transaction = pool.begin().await?;
    let account = account(&mut transaction, name).await?;
    transaction.commit().await?;
    Ok(account)
}

async fn account(connection: &mut SqliteConnection, name: &str) -> Result<Account, Error> {
    let password = sqlx::query_scalar("SELECT code FROM passwords WHERE tenant_id = ?1 AND name = ?2")
        .bind(SYSTEM.to_string())
        .bind(name.to_owned())
        .fetch_optional(&mut *connection)
        .await?;
    let rows = sqlx::query("SELECT tenant_id, role FROM people WHERE name = ?1 ORDER BY tenant_id")
        .bind(name.to_owned())
        .fetch_all(connection)
        .await?;
    let mut roles = Vec::new();
    for row in &rows {
        if let Some(role) = PersonRole::of_word(get(row, 1)?) {
            roles.push((row::tenant(row, 0)?, role));
        }
    }
    Ok(Account { password, roles })
}

pub(crate) async fn session(Reader { pool, .. }: Reader<'_>, code: &str) -> Result<Option<Session>, Error> {
    let mut transaction = pool.begin().await?;
    let row = sqlx::query(
        "SELECT name, shown_tenant_id, roles, made_at, ends_at FROM sessions WHERE tenant_id = ?1 AND code = ?2",
    )
    .bind(SYSTEM.to_string())
    .bind(code.to_owned())
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let name: String = get(&row, 0)?;
    let told: Option<&str> = get(&row, 2)?;
    let roles = match told {
        Some(told) => people::read_roles(told)?,
        None => account(&mut transaction, &name).await?.roles,
    };
    transaction.commit().await?;
    Ok(Some(Session {
        code: code.to_owned(),
        name,
        shown: row::tenant(&row, 1)?,
        roles,
        is_told: told.is_some(),
        made_at: Timestamp::from_micros(get(&row, 3)?),
        ends_at: Timestamp::from_micros(get(&row, 4)?),
    }))
}
