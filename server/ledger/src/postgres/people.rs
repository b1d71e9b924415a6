//! People who may sign in, and those who have.

use model::{tenant::TenantId, time::Timestamp};
use sqlx::{Error, PgConnection, postgres::PgRow};

use super::{InDatabase, Reader, StepIn, row::get, schema::PostgresSchema};
use crate::{
    Account, Person, PersonRole, Session,
    dead_letters::SYSTEM,
    people::{self, EndSession, KeepPerson, OpenSession, RemovePerson, ShowTenant},
    write::On,
};

impl On<InDatabase> for KeepPerson {
    // A row's lock here has no place in the order of all others, so that nothing else waits in its transaction.
    const TAKES_LONG: bool = true;

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<(), Error> {
        let person = &self.person;
        step.schema
            .query(
                "INSERT INTO studio.people AS p (tenant_id, name, role, made_at) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (tenant_id, name) DO UPDATE SET role = excluded.role",
            )
            .bind(person.tenant.0)
            .bind(person.name.clone())
            .bind(person.role.word())
            .bind(person.made_at.micros())
            .execute(&mut *step.connection)
            .await?;
        if let Some(password) = &self.password {
            step.schema
                .query(
                    "INSERT INTO studio.passwords (tenant_id, name, code) VALUES ($1, $2, $3) \
                     ON CONFLICT (tenant_id, name) DO UPDATE SET code = excluded.code",
                )
                .bind(SYSTEM.0)
                .bind(person.name.clone())
                .bind(password.clone())
                .execute(&mut *step.connection)
                .await?;
            end_sessions(step.connection, step.schema, &person.name).await?;
        }
        let peopled = "UPDATE studio.access_secrets SET peopled = 1 WHERE tenant_id = $1";
        step.schema.query(peopled).bind(SYSTEM.0).execute(&mut *step.connection).await.map(|_| ())
    }
}

impl On<InDatabase> for RemovePerson {
    // As above.
    const TAKES_LONG: bool = true;

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<bool, Error> {
        let gone = step
            .schema
            .query("DELETE FROM studio.people WHERE tenant_id = $1 AND name = $2")
            .bind(self.tenant.0)
            .bind(self.name.clone())
            .execute(&mut *step.connection)
            .await?;
        if account(step.connection, step.schema, &self.name).await?.roles.is_empty() {
            step.schema
                .query("DELETE FROM studio.passwords WHERE tenant_id = $1 AND name = $2")
                .bind(SYSTEM.0)
                .bind(self.name.clone())
                .execute(&mut *step.connection)
                .await?;
            end_sessions(step.connection, step.schema, &self.name).await?;
        }
        Ok(gone.rows_affected() > 0)
    }
}

impl On<InDatabase> for OpenSession {
    // As above.
    const TAKES_LONG: bool = true;

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<(), Error> {
        step.schema
            .query("DELETE FROM studio.sessions WHERE tenant_id = $1 AND (ends_at <= $2 OR code = $3)")
            .bind(SYSTEM.0)
            .bind(self.now.micros())
            .bind(self.instead_of.clone())
            .execute(&mut *step.connection)
            .await?;
        let session = &self.session;
        step.schema
            .query(
                "INSERT INTO studio.sessions (tenant_id, code, name, shown_tenant_id, roles, made_at, ends_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(SYSTEM.0)
            .bind(session.code.clone())
            .bind(session.name.clone())
            .bind(session.shown.0)
            .bind(people::told_roles(session))
            .bind(session.made_at.micros())
            .bind(session.ends_at.micros())
            .execute(&mut *step.connection)
            .await
            .map(|_| ())
    }
}

impl On<InDatabase> for EndSession {
    // As above.
    const TAKES_LONG: bool = true;

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<bool, Error> {
        let query = step.schema.query("DELETE FROM studio.sessions WHERE tenant_id = $1 AND code = $2");
        let gone = query.bind(SYSTEM.0).bind(self.0.clone()).execute(&mut *step.connection).await?;
        Ok(gone.rows_affected() > 0)
    }
}

impl On<InDatabase> for ShowTenant {
    // As above.
    const TAKES_LONG: bool = true;

    async fn perform(&mut self, step: &mut StepIn<'_>) -> Result<bool, Error> {
        let shown = step
            .schema
            .query("UPDATE studio.sessions SET shown_tenant_id = $3 WHERE tenant_id = $1 AND code = $2")
            .bind(SYSTEM.0)
            .bind(self.code.clone())
            .bind(self.tenant.0)
            .execute(&mut *step.connection)
            .await?;
        Ok(shown.rows_affected() > 0)
    }
}

/// Of one of the people: those that a provider told are another's.
async fn end_sessions(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    name: &str,
) -> Result<(), Error> {
    schema
        .query("DELETE FROM studio.sessions WHERE tenant_id = $1 AND name = $2 AND roles IS NULL")
        .bind(SYSTEM.0)
        .bind(name.to_owned())
        .execute(connection)
        .await
        .map(|_| ())
}

/// By tenant and name. One whose role this version does not know is left out.
pub(crate) async fn everyone(Reader { connection, schema, .. }: Reader<'_>) -> Result<Vec<Person>, Error> {
    let query = schema.query(
        "SELECT p.tenant_id, p.name, p.role, p.made_at, EXISTS (SELECT 1 FROM studio.passwords AS w \
         WHERE w.tenant_id = $1 AND w.name = p.name) FROM studio.people AS p ORDER BY p.tenant_id, p.name",
    );
    let rows = query.bind(SYSTEM.0).fetch_all(connection).await?;
    rows.iter().filter_map(|row| person(row).transpose()).collect()
}

fn person(row: &PgRow) -> Result<Option<Person>, Error> {
    let Some(role) = PersonRole::of_word(get(row, 2)?) else { return Ok(None) };
    Ok(Some(Person {
        tenant: TenantId(get(row, 0)?),
        name: get(row, 1)?,
        role,
        made_at: Timestamp::from_micros(get(row, 3)?),
        has_password: get(row, 4)?,
    }))
}

pub(crate) async fn account_of(
    Reader { connection, schema, .. }: Reader<'_>,
    name: &str,
) -> Result<Account, Error> {
    account(connection, schema, name).await
}

async fn account(
    connection: &mut PgConnection,
    schema: &PostgresSchema,
    name: &str,
) -> Result<Account, Error> {
    let query = schema.query("SELECT code FROM studio.passwords WHERE tenant_id = $1 AND name = $2");
    let row = query.bind(SYSTEM.0).bind(name.to_owned()).fetch_optional(&mut *connection).await?;
    let password = row.map(|row| get(&row, 0)).transpose()?;
    let query = schema.query("SELECT tenant_id, role FROM studio.people WHERE name = $1 ORDER BY tenant_id");
    let mut roles = Vec::new();
    for row in &query.bind(name.to_owned()).fetch_all(connection).await? {
        if let Some(role) = PersonRole::of_word(get(row, 1)?) {
            roles.push((TenantId(get(row, 0)?), role));
        }
    }
    Ok(Account { password, roles })
}

pub(crate) async fn session(
    Reader { connection, schema, .. }: Reader<'_>,
    code: &str,
) -> Result<Option<Session>, Error> {
    let query = schema.query(
        "SELECT name, shown_tenant_id, roles, made_at, ends_at FROM studio.sessions WHERE tenant_id = $1 AND code = $2",
    );
    let row = query.bind(SYSTEM.0).bind(code.to_owned()).fetch_optional(&mut *connection).await?;
    let Some(row) = row else { return Ok(None) };
    let name: String = get(&row, 0)?;
    let told: Option<String> = get(&row, 2)?;
    let roles = match &told {
        Some(told) => people::read_roles(told)?,
        None => account(connection, schema, &name).await?.roles,
    };
    Ok(Some(Session {
        code: code.to_owned(),
        name,
        shown: TenantId(get(&row, 1)?),
        roles,
        is_told: told.is_some(),
        made_at: Timestamp::from_micros(get(&row, 3)?),
        ends_at: Timestamp::from_micros(get(&row, 4)?),
    }))
}
